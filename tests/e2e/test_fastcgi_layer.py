#!/usr/bin/python3
"""The connection layer against hostile, slow, vanishing and many peers."""

import os
import resource
import shutil
import signal
import struct
import tempfile
import time

import fastcgi
import process
import tap
from process import eventually

FOLDER = tempfile.mkdtemp(prefix='layer.')
GATE = tap.program('tests/e2e/echo_gate')
THREADS = 2


class Gate(process.Process):
    """echo_gate on a unix socket, for the length of a `with`."""

    made = 0

    def __init__(self, *options, files=None):
        Gate.made += 1
        self.path = os.path.join(FOLDER, '%d.sock' % Gate.made)

        def limit():
            if files:
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        super().__init__(
            str(Gate.made), [GATE, '--threads', str(THREADS), *options,
                             '--listen', 'unix:' + self.path], FOLDER,
            preexec_fn=limit)
        eventually(lambda: os.path.exists(self.path) or not self.alive(), 20)

    def end(self):
        super().end()
        if self.child.returncode != 0:
            tap.note(self.log())

    def stop(self):
        """Its exit status."""
        self.end()
        return self.child.returncode

    def lives(self):
        answer = fastcgi.ask(self.path, {'WHO': 'me'})
        return self.alive() and answer is not None \
            and answer.status == 200 and b'WHO=me\n' in answer.body

    def rss(self):
        with open('/proc/%d/statm' % self.pid, encoding='ascii') as f:
            return int(f.read().split()[1]) * 4

    def descriptors(self):
        """What each of them is."""
        folder = '/proc/%d/fd/' % self.pid
        found = []
        for name in os.listdir(folder):
            try:
                found.append(os.readlink(folder + name))
            except FileNotFoundError:
                pass        # closed meanwhile
        return found

    def has_started(self):
        """Each thread has its pipe."""
        return sum(what.startswith('pipe:') for what in
                   self.descriptors()) == 2 * THREADS


def send(peer, data):
    try:
        peer.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        pass        # closed already: what several tests want


def closed(peer):
    """Nothing came, and the other side has closed."""
    try:
        return peer.recv(1) == b''
    except ConnectionResetError:
        return True


def hostile():
    begin, record = fastcgi.begin, fastcgi.record
    end = record(fastcgi.PARAMS)
    names = fastcgi.pairs([('FCGI_MAX_CONNS', '')] * 4)
    return {
        'another protocol': b'GET / HTTP/1.1\r\n\r\n',
        'four FCGI_MAX_CONNS': record(fastcgi.GET_VALUES, names, 0),
        'the same in a request': begin() + record(fastcgi.GET_VALUES, names,
                                                  0),
        'an unknown management record': record(12, b'', 0) * 1000,
        'lengths that overflow': begin() + record(
            fastcgi.PARAMS, struct.pack('>II', 0xc0000000, 0xc0000000)) + end,
        'greatest lengths': begin() + record(
            fastcgi.PARAMS, b'\xff' * 8) + end,
        'a cut parameter': begin() + record(fastcgi.PARAMS, b'\5\5ab') + end,
        'an abort': begin() + record(fastcgi.ABORT),
        'a filter': begin(fastcgi.FILTER) + end,
        'role 0': begin(0) + end,
        'begin twice': begin() * 2,
        'another id': begin() + record(fastcgi.PARAMS, b'', 2),
        'version 2': record(fastcgi.BEGIN, b'\0\2' + b'\0' * 6, version=2),
        'stdin at once': begin(fastcgi.RESPONDER) + record(fastcgi.STDIN),
        'parameters without an end': begin() + record(
            fastcgi.PARAMS, b'\0\0' * 32000) * 70,
        'too many parameters, then garbage': begin() + record(
            fastcgi.PARAMS, b'\0\0' * 32000) * 2 + b'garbage!',
        'too many parameters of two requests': begin() + record(
            fastcgi.PARAMS, b'\0\0' * 32000) * 2 + record(
                fastcgi.PARAMS, b'', 2),
        'a body too large': fastcgi.request(
            {}, fastcgi.RESPONDER, body=b'x' * 200000),
    }


def test_hostile():
    with Gate() as gate:
        tap.ok(gate.lives(), 'it answers')
        for name, data in hostile().items():
            with fastcgi.connect(gate.path) as peer:
                send(peer, data)
                tap.ok(closed(peer), name + ' closes the connection')
        before = gate.rss()
        for _ in range(50):
            for data in hostile().values():
                with fastcgi.connect(gate.path) as peer:
                    send(peer, data)
        tap.ok(gate.lives(), 'it lives')
        if not os.environ.get('AUTHGEAR_SANITIZERS'):
            tap.ok(gate.rss() - before < 8192, 'its memory did not grow',
                   '%d kB, then %d kB' % (before, gate.rss()))
        tap.equal(gate.stop(), 0, 'it stops')


def test_good():
    params = [('A', '1'), ('A', '2'), ('LONG', 'x' * 900), ('E', '')]
    lines = b'A=1\nA=2\nLONG=' + b'x' * 900 + b'\nE=\n'
    with Gate() as gate:
        for role in (fastcgi.AUTHORIZER, fastcgi.RESPONDER):
            wanted = 'role %d: ' % role
            data = fastcgi.request(params, role, body=b'b' * 9000, padding=7,
                                   chunk=100)
            with fastcgi.connect(gate.path) as peer:
                peer.sendall(data)
                answer = fastcgi.receive(peer)
                tap.ok(answer.ended and lines in answer.body,
                       wanted + 'padded and in pieces', answer)
                tap.ok(closed(peer), wanted + 'then closed')
            with fastcgi.connect(gate.path) as peer:
                for at in range(0, 600):
                    peer.sendall(data[at:at + 1])
                peer.sendall(data[600:])
                answer = fastcgi.receive(peer)
                tap.ok(answer and lines in answer.body,
                       wanted + 'byte by byte')
        big = {'BIG': 'x' * 60000, 'TAIL': 'here'}
        answer = fastcgi.ask(gate.path, big)
        tap.ok(b'TAIL=here\n' in answer.body, 'a large request')
        for name, odd in (('a NUL in a value', ('A', b'x\0y')),
                          ("a '=' in a name", ('A=b', 'c'))):
            tap.equal(fastcgi.ask(gate.path, [odd]).status, 500,
                      name + ' is answered with 500')
        answer = fastcgi.ask(gate.path, {'TEST': 'empty'})
        tap.ok(answer.status == 500 and answer.ended,
               'no reply becomes a 500')


def test_kept():
    with Gate() as gate:
        peers = [fastcgi.connect(gate.path) for _ in range(512)]
        good = 0
        for turn in range(3):
            for number, peer in enumerate(peers):
                peer.sendall(fastcgi.request(
                    {'N': '%d.%d' % (turn, number)}, fastcgi.RESPONDER,
                    True, body=b'b' * (number % 20)))
            for number, peer in enumerate(peers):
                answer = fastcgi.receive(peer)
                good += answer is not None and \
                    b'N=%d.%d\n' % (turn, number) in answer.body
        tap.equal(good, 3 * 512, '512 kept connections, 2 threads: all served')
        tap.ok(gate.lives(), 'and a new one')
        for peer in peers:
            peer.close()
        with fastcgi.connect(gate.path) as peer:
            peer.sendall(b''.join(fastcgi.request(
                {'N': str(n)}, keep=True, ident=n) for n in range(1, 20)))
            answers = [fastcgi.receive(peer, n) for n in range(1, 20)]
            tap.ok(all(a and b'N=%d\n' % (n + 1) in a.body
                       for n, a in enumerate(answers)),
                   'requests behind each other are not lost or mixed')


def test_smuggled():
    forged = fastcgi.request({'FORGED': 'yes'}, fastcgi.RESPONDER, True)
    noop = fastcgi.record(fastcgi.STDIN, b'', padding=8)
    with Gate() as gate:
        bad = 0
        for shift in range(16):
            body = b'.' * shift + noop * 600 + forged * 3
            with fastcgi.connect(gate.path) as peer:
                for who in ('first', 'second'):
                    peer.sendall(fastcgi.request(
                        {'WHO': who}, fastcgi.RESPONDER, True, body=body))
                    answer = fastcgi.receive(peer)
                    bad += answer is None or b'FORGED' in answer.body or \
                        b'WHO=' + who.encode() not in answer.body
        tap.equal(bad, 0, 'a request forged in a body is never served')


def test_slow():
    with Gate('--request-msecs', '700') as gate:
        part = fastcgi.request({'A': 'b'})[:-3]
        tap.ok(eventually(gate.has_started), 'all threads have started')
        base = len(gate.descriptors())
        peers = [fastcgi.connect(gate.path) for _ in range(64)]
        for peer in peers[::2]:
            peer.sendall(part)
        tap.ok(gate.lives(), 'silent and half-come peers hold no thread')
        tap.ok(all(closed(peer) for peer in peers), 'they are closed')
        for peer in peers:
            peer.close()
        with fastcgi.connect(gate.path) as peer:
            began = time.monotonic()
            for byte in part * 100:
                try:
                    peer.sendall(bytes([byte]))
                except OSError:
                    break
                time.sleep(0.05)
            tap.ok(time.monotonic() - began < 15, 'one that dribbles, too')
        for kind in ('echo', 'park', 'early'):
            for _ in range(50):
                with fastcgi.connect(gate.path) as peer:
                    send(peer, fastcgi.request({'TEST': kind}, keep=True))
        tap.ok(gate.lives(), 'peers that vanish do no harm')
        tap.ok(eventually(lambda: len(gate.descriptors()) <= base),
               'and leave no descriptor',
               '%d, then %r' % (base, gate.descriptors()))


def test_parked():
    with Gate('--max-connections', '64') as gate:
        for kind in ('park', 'early'):
            answer = fastcgi.ask(gate.path, {'TEST': kind, 'A': 'kept'})
            tap.ok(answer and b'A=kept\n' in answer.body,
                   'a parked request is woken: ' + kind)
        with fastcgi.connect(gate.path) as peer:
            good = 0
            for number in range(20):
                peer.sendall(fastcgi.request(
                    {'TEST': 'park', 'N': str(number)}, keep=True))
                answer = fastcgi.receive(peer)
                good += b'N=%d\n' % number in answer.body
            tap.equal(good, 20, 'on a kept connection')
        stuck = []

        def is_full():
            # the place of an answered request is free a moment later
            if fastcgi.ask(gate.path, {'TEST': 'park'}).status == 500:
                return True
            stuck.append(fastcgi.connect(gate.path))
            stuck[-1].sendall(fastcgi.request({'TEST': 'stuck'}))
            return False
        tap.ok(eventually(is_full), 'places for parked requests have an end')
        tap.ok(len(stuck) >= 32, 'which is half of all', len(stuck))
        tap.ok(gate.lives(), 'others are served')
        gate.send(signal.SIGTERM)
        answers = [fastcgi.receive(peer) for peer in stuck]
        tap.ok(all(a and a.status == 500 for a in answers),
               'parked requests get a 500 at the stop')
        tap.equal(gate.stop(), 0, 'and it stops')


def test_places():
    with Gate('--max-connections', '16') as gate:
        peers = [fastcgi.connect(gate.path) for _ in range(100)]
        tap.ok(gate.lives(), 'silent connections give way to a new one')
        for peer in peers:
            peer.close()
    with Gate(files=40) as gate:
        peers = []
        for _ in range(200):
            peer = fastcgi.connect(gate.path)
            send(peer, fastcgi.request({'TEST': 'stuck'}))
            peers.append(peer)
        tap.ok(gate.alive(), 'it lives without descriptors')
        for peer in peers[100:]:
            peer.close()
        gate.send(signal.SIGTERM)
        for peer in peers:
            peer.close()
        tap.equal(gate.stop(), 0, 'and stops')
    lived = 0
    for _ in range(10):
        # at once: the connections must not take what threads begin with
        with Gate(files=40) as gate:
            peers = [fastcgi.connect(gate.path) for _ in range(200)]
            lived += gate.lives()
            for peer in peers:
                peer.close()
    tap.equal(lived, 10, 'out of descriptors, silent ones are closed')


def main():
    try:
        test_hostile()
        test_good()
        test_kept()
        test_smuggled()
        test_slow()
        test_parked()
        test_places()
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
    tap.done()


main()
