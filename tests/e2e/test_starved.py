"""The daemon when something runs out: a log that nobody reads, places and
descriptors that parked requests hold, peers that vanish meanwhile."""
# beside others: it mostly waits

import os
import resource
import signal
import socket
import time

import beside
import fastcgi
import gate
import tap

SETTINGS = {'total_timeout': '4', 'connect_timeout': '2',
            'keys_cooldown': '1'}
FILES = 96


def request(token, keep=False):
    return fastcgi.request({'AUTHGEAR_POLICY': 'default',
                            'HTTP_AUTHORIZATION': 'Bearer ' + token},
                           keep=keep)


def status(daemon, token):
    """Of one answer; None if there was none."""
    try:
        with fastcgi.connect(daemon.path, 60) as peer:
            peer.sendall(request(token))
            answer = fastcgi.receive(peer)
    except OSError:
        return None
    return answer.status if answer else None


def fill(writer):
    """Until it takes no byte more; the daemon's end blocks, as ever."""
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b'x' * 64)
    except BlockingIOError:
        pass
    os.set_blocking(writer, True)


def drain(reader):
    data = b''
    try:
        while True:
            more = os.read(reader, 65536)
            if not more:
                break
            data += more
    except BlockingIOError:
        pass
    return data


def limit_files():
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))


def test_unread_log(site):
    for kind in ('pipe', 'socket'):
        if kind == 'pipe':
            reader, writer = os.pipe()
        else:
            reader, writer = [end.detach() for end in socket.socketpair()]
        os.set_blocking(reader, False)
        path = os.path.join(site.folder, kind + '.sock')
        command = [tap.program('authgear-fcgi'), '--config', site.config,
                   '--threads', '2', '--listen', 'unix:' + path]
        with gate.Process(kind, command, site.folder,
                          stderr=writer) as child:
            gate.until(lambda: os.path.exists(path), 'the socket')
            fill(writer)
            good = 0
            with fastcgi.connect(path, 60) as peer:
                for _ in range(50):
                    peer.sendall(request('nonsense', keep=True))
                    answer = fastcgi.receive(peer)
                    good += answer is not None and answer.status == 401
            tap.equal(good, 50, 'answers while nobody reads the log: ' + kind)
            drain(reader)
            with fastcgi.connect(path, 60) as peer:
                peer.sendall(request('nonsense'))
                fastcgi.receive(peer)
            gate.until(lambda: b'lines lost' in drain(reader),
                       'the count of lost lines')
            tap.ok(True, 'lost lines are counted: ' + kind)
            tap.equal(child.stop(), 0, 'and it ends: ' + kind)
        os.close(reader)
        os.close(writer)


def test_parked_descriptors(site):
    """All descriptors are held by parked requests, then by silent peers."""
    sim = site.sim
    with site.daemon('few', arguments=['--threads', '2'],
                     preexec_fn=limit_files) as daemon:
        good = sim.token(lifetime=3000)
        gate.until(lambda: status(daemon, good) == 200, 'the keys')
        sim.fault('hang', '/oauth2/jwks')
        strange = sim.token(header={'kid': 'strange'}, lifetime=3000)
        time.sleep(1.1)         # past the cooldown: the next one fetches
        begun = time.monotonic()
        peers = []
        for _ in range(3 * FILES):
            peers.append(fastcgi.connect(daemon.path, 60))
            try:
                peers[-1].sendall(request(strange))
            except OSError:
                pass            # turned away
        answers = []
        for peer in peers:
            try:
                answers.append(fastcgi.receive(peer))
            except OSError:
                answers.append(None)
            peer.close()
        took = time.monotonic() - begun
        said = [answer.status for answer in answers if answer]
        tap.ok(said and set(said) <= {500, 503},
               'without descriptors: undecided or turned away', set(said))
        tap.note('note: %d of %d answered in %.1f s' % (
            len(said), len(answers), took))
        tap.ok(took < 30, 'none waits for ever', took)
        sim.fault('none', '/oauth2/jwks')
        gate.until(lambda: status(daemon, good) == 200, 'a grant')
        tap.ok(True, 'it accepts and grants again')
        tap.equal(daemon.stop(), 0, 'and ends with 0')


def test_vanished(site):
    """Peers that go while their requests are parked, and a stop then."""
    sim = site.sim
    with site.daemon('gone') as daemon:
        good = sim.token(lifetime=3000)
        gate.until(lambda: status(daemon, good) == 200, 'the keys')
        sim.fault('hang', '/oauth2/jwks')
        strange = sim.token(header={'kid': 'gone'}, lifetime=3000)
        time.sleep(1.1)
        for _ in range(100):
            with fastcgi.connect(daemon.path, 60) as peer:
                peer.sendall(request(strange))
        tap.equal(status(daemon, good), 200, 'others are served')
        tap.equal(status(daemon, strange), 503, 'so is one like them')
        peers = [fastcgi.connect(daemon.path, 60) for _ in range(20)]
        for peer in peers:
            peer.sendall(request(strange))
        daemon.send(signal.SIGTERM)
        said = []
        for peer in peers:
            answer = fastcgi.receive(peer)
            said.append(answer.status if answer else None)
            peer.close()
        tap.ok(200 not in said, 'nothing is granted by a stop', said)
        tap.equal(daemon.wait(), 0, 'it stops while requests are parked')
        sim.fault('none', '/oauth2/jwks')


def test_limit(site):
    """Descriptors for all lookups too, where it may take them."""
    site.configure(dict(SETTINGS, max_lookups='200'))
    with site.daemon('raised', wrapper=('prlimit', '--nofile=256:4096')) as \
            daemon:
        soft = resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)[0]
        tap.ok(1024 + 5 * 200 < soft < 4096, 'it takes what it needs', soft)
    with site.daemon('short', wrapper=('prlimit', '--nofile=1200:1200')) as \
            daemon:
        tap.ok('1200 open files allowed' in daemon.log() and
               '200 lookups need' in daemon.log(), 'or says what is missing',
               daemon.log())
    site.configure(SETTINGS)


def alone(test):
    with gate.Site(SETTINGS) as site:
        test(site)


def main():
    beside.run(*[(test.__name__, alone, test) for test in (
        test_unread_log, test_parked_descriptors, test_vanished, test_limit)])
    tap.done()


if __name__ == '__main__':
    main()
