"""The daemon under valgrind for a short run: grants and refusals of both
roles, hostile records, a fetch, parked requests, a stop.  No error, no
leak."""

import os
import shutil
import struct
import time

import fastcgi
import gate
import tap

ERRORS = 97             # the exit status when valgrind has something to say
ROUNDS = 15
SETTINGS = {'total_timeout': '5', 'connect_timeout': '3',
            'keys_cooldown': '1'}


def params(token, **more):
    out = {'AUTHGEAR_POLICY': 'default', 'REQUEST_METHOD': 'GET',
           'REMOTE_ADDR': '192.0.2.9'}
    if token is not None:
        out['HTTP_AUTHORIZATION'] = 'Bearer ' + token
    out.update(more)
    return out


def start(site):
    return site.daemon(
        'valgrind', program=tap.binary('authgear-fcgi'),
        arguments=['--threads', '2'], wrapper=[
            'valgrind', '--error-exitcode=%d' % ERRORS, '--leak-check=full',
            '--errors-for-leak-kinds=definite,indirect,possible',
            '--show-leak-kinds=definite,indirect,possible', '--track-fds=no',
            '--num-callers=20', '--child-silent-after-fork=yes',
            '--log-file=' + os.path.join(site.folder, 'valgrind.log')])


def counted(path, requests, role):
    """{status: how many}"""
    seen = {}
    for wanted in requests:
        answer = fastcgi.ask(path, wanted, role, timeout=gate.PATIENCE)
        status = answer.status if answer else None
        seen[status] = seen.get(status, 0) + 1
    return seen


def test_answers(site, daemon):
    sim = site.sim
    good = sim.token(lifetime=3000, roles=['a', 'b'])
    bad = ['nonsense', sim.token(kind='id'), sim.token(clock_offset=-7200),
           sim.token(alg='none'), sim.token(tamper='signature'),
           sim.token(drop=['jti']), 'aB3' * 10 + 'xy']
    gate.until(lambda: fastcgi.ask(daemon.path, params(good),
                                   timeout=gate.PATIENCE).status == 200,
               'the keys')
    for role, name in ((fastcgi.AUTHORIZER, 'authorizer: '),
                       (fastcgi.RESPONDER, 'responder: ')):
        for what, asked, status in (
                ('grants', [params(good)], 200),
                ('refusals', [params(token) for token in bad], 401),
                ('no credential', [params(None)], 401),
                ('no such policy', [params(good, AUTHGEAR_POLICY='none')],
                 403),
                ('a NUL', [params(good, HTTP_COOKIE='x\0')], 500)):
            tap.equal(counted(daemon.path, asked * ROUNDS, role),
                      {status: len(asked) * ROUNDS}, name + what)
        with fastcgi.connect(daemon.path, gate.PATIENCE) as peer:
            kept = 0
            for _ in range(ROUNDS):
                peer.sendall(fastcgi.request(params(good), role, keep=True))
                answer = fastcgi.receive(peer)
                kept += answer is not None and answer.status == 200
            tap.equal(kept, ROUNDS, name + 'on a kept connection')


def test_hostile(site, daemon):
    head = fastcgi.begin()
    good = fastcgi.request(params(site.sim.token()))
    hostile = [
        b'', b'\0' * 8, b'\xff' * 4000, head, head[:5], good[:100],
        fastcgi.record(fastcgi.GET_VALUES, fastcgi.pairs(
            [('FCGI_MAX_CONNS', '')] * 4), 0),
        head + fastcgi.record(fastcgi.ABORT),
        head + fastcgi.record(fastcgi.PARAMS, struct.pack(
            '>II', 0xc0000000, 0xc0000000) + b'x' * 20) +
        fastcgi.record(fastcgi.PARAMS),
        good + b'junk' * 100,
    ]
    for data in hostile:
        with fastcgi.connect(daemon.path, gate.PATIENCE) as peer:
            peer.sendall(data)
    tap.equal(fastcgi.ask(daemon.path, params(None),
                          timeout=gate.PATIENCE).status, 401,
              'it lives after hostile records')


def test_parked(site, daemon):
    sim = site.sim
    time.sleep(1.1)             # past the cooldown
    sim.rotate()
    fresh = sim.token(lifetime=3000)
    gate.until(lambda: fastcgi.ask(daemon.path, params(fresh),
                                   timeout=gate.PATIENCE).status == 200,
               'the new key')
    tap.ok(True, 'a fetch for a request')
    sim.fault('hang', '/oauth2/jwks')
    strange = sim.token(header={'kid': 'strange'}, lifetime=3000)
    time.sleep(1.1)
    peers = [fastcgi.connect(daemon.path, gate.PATIENCE) for _ in range(8)]
    for peer in peers:
        peer.sendall(fastcgi.request(params(strange)))
    peers.pop().close()
    said = {fastcgi.receive(peer).status for peer in peers[:3]}
    tap.equal(said, {503}, 'parked requests')
    daemon.send(15)             # while some may still be parked
    for peer in peers:
        peer.close()


def main():
    if shutil.which('valgrind') is None:
        tap.skip('the daemon under valgrind', 'valgrind is not installed')
        tap.done()
    with gate.Site(SETTINGS) as site:
        with start(site) as daemon:
            daemon.wait_for('ready: listening on')
            test_answers(site, daemon)
            test_hostile(site, daemon)
            test_parked(site, daemon)
            status = daemon.wait(120)
        log = gate.read(os.path.join(site.folder, 'valgrind.log'))
        tap.equal(status, 0, 'no error, no leak, ends with 0')
        if status != 0:
            tap.note(log[-20000:])
            tap.note(daemon.log()[-4000:])
    tap.done()


if __name__ == '__main__':
    main()
