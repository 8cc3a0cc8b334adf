"""Faults of the resolver: never granted by one, and never told as a denial
to a credential that nothing is known of; 503, and the reason."""
# beside others: it mostly waits

import os
import socket
import subprocess
import threading

import beside
import gate
import sessions
import sim
import tap

UNREACHABLE, FAULT = sessions.ERRORS
SETTINGS = {'validate': 'hybrid', 'lookup_rate': '60000',
            'total_timeout': '3', 'connect_timeout': '1'}
HEADERS = ('Session-Valid', 'User-Id', 'User-Anonymous', 'User-Verified',
           'User-Can-Reauthenticate', 'User-Roles', 'Session-Amr',
           'Session-Authenticated-At')


class Bench:
    """One daemon with the resolver's faults."""

    def __init__(self, site, daemon):
        self.site, self.daemon = site, daemon
        self.control = site.sim.control

    def person(self, *kinds):
        return sessions.Person(self.control, kinds=kinds, roles=['staff'])

    def fault(self, fault, **more):
        sessions.no_backoff(self.site)
        self.site.sim.fault(fault, sessions.RESOLVER, **more)

    def say(self, said):
        return sessions.say(self.daemon.path, said)

    def each(self, what, target, kinds, fault, **more):
        """The fault meets each kind; afterwards it works."""
        for kind in kinds:
            who = self.person(kind)
            self.fault(fault, **more)
            got = self.say(who.way[kind])
            wanted = target if isinstance(target, tuple) and isinstance(
                target[0], tuple) else (target,)
            tap.ok(got in wanted, '%s, %s' % (what, kind),
                   'got %r, wanted one of %r' % (got, wanted))
            self.fault('none')
        tap.equal(self.say(self.person('opaque').way['opaque']),
                  sessions.LIVE, what + ': over')


FEW = ('opaque', 'JWT', 'session')


def test_status(bench):
    for status in (204, 301, 302, 400, 401, 403, 404, 407, 410, 429):
        bench.each('status %d' % status, FAULT, FEW, 'status', status=status)
    for status in (500, 501, 502, 503, 504, 599):
        bench.each('status %d' % status, UNREACHABLE, FEW, 'status',
                   status=status)
    for fault in ('outage', 'internal'):
        bench.each(fault, UNREACHABLE, sessions.KINDS, fault)


def test_documents(bench):
    """200 with something else in it."""
    bench.each('an HTML page', FAULT, sessions.KINDS, 'wrong-type')
    for fault in ('huge', 'malformed', 'empty'):
        bench.each(fault, FAULT, FEW, fault)
    for location in ('/elsewhere', sessions.RESOLVER, '/resolve',
                     'http://127.0.0.1:9/'):
        bench.each('redirect to ' + location, FAULT, FEW, 'redirect',
                   location=location)


def test_connections(bench):
    any_of = sessions.ERRORS
    for fault in ('drop', 'cut-head', 'cut-body', 'bad-status-line',
                  'double-length'):
        bench.each(fault, any_of, FEW, fault)
    bench.each('drip', any_of, ('opaque',), 'drip', seconds=0.1)
    bench.each('hang', UNREACHABLE, ('JWT',), 'hang')


def test_headers(bench):
    name = 'X-Authgear-'
    for header in HEADERS:
        bench.each('%s twice' % header, FAULT, FEW, 'header',
                   header=name + header, copies=2)
        bench.each('%s huge' % header, FAULT, ('opaque', 'JWT'), 'header',
                   header=name + header, size=40000)
    for header in ('Session-Valid', 'User-Id'):
        bench.each('%s missing' % header, FAULT, FEW, 'header',
                   header=name + header, copies=0)
    bad = {'Session-Valid': ('TRUE', 'True', '1', 'yes', 'true,true',
                             'false', 'true false', '"true"'),
           'User-Id': ('', 'a b', 'a\tb', '\x7f'),
           'User-Anonymous': ('', 'no', 'FALSE', '0'),
           'User-Verified': ('', 'yes', '1'),
           'User-Can-Reauthenticate': ('', 'maybe'),
           'User-Roles': (',', 'a,,b', 'a, b', 'a\tb'),
           'Session-Authenticated-At': ('', '-1', '1e9', '1.5', '0x10',
                                        '99999999999999999999')}
    for header, values in bad.items():
        for value in values:
            bench.each('%s: %r' % (header, value), FAULT,
                       ('opaque', 'JWT'), 'header', header=name + header,
                       value=value)


def test_limits(bench):
    """Authgear's own answer, and more than is taken: of that session alone."""
    name = 'X-Authgear-User-Roles'
    for what, roles, words in (
            ('257 roles', ['r%d' % i for i in range(257)],
             name + ' of over 256 words'),
            ('a role of 101 characters', ['r' * 101],
             name + ' of over 100 characters in a word')):
        for kind in ('opaque', 'session'):
            who = sessions.Person(bench.control, kinds=(kind,), roles=roles)
            at = len(bench.daemon.log())
            tap.equal(bench.say(who.way[kind]), FAULT, what + ', ' + kind)
            log = bench.daemon.log()[at:]
            tap.ok(words in log and 'tells more of a user' in log,
                   '%s, %s: the log says which' % (what, kind), log)
            tap.equal(bench.say(bench.person('opaque').way['opaque']),
                      sessions.LIVE, 'and nobody else waits for it')
    who = sessions.Person(bench.control, kinds=('session',),
                          roles=['r%d' % i for i in range(256)])
    tap.equal(bench.say(who.way['session']), sessions.LIVE, '256 roles')
    who = sessions.Person(bench.control, kinds=('JWT',),
                          roles=['r%d' % i for i in range(257)])
    tap.equal(bench.say(who.way['JWT']), (401, 'over-limit'),
              '257 roles in the token itself')


def test_facts_missing(bench):
    """A fact that is absent satisfies no rule, and is no fault."""
    for header, target in (
            ('User-Anonymous', (403, 'not-evaluable')),
            ('User-Verified', sessions.LIVE),
            ('User-Can-Reauthenticate', sessions.LIVE),
            ('User-Roles', sessions.LIVE), ('Session-Amr', sessions.LIVE),
            ('Session-Authenticated-At', sessions.LIVE)):
        who = bench.person('opaque')
        bench.fault('header', header='X-Authgear-' + header, copies=0)
        tap.equal(bench.say(who.way['opaque']), target,
                  header + ' missing')
    bench.fault('none')


def test_once(bench):
    """What a real Authgear does now and then, and nobody sees."""
    for kind in sessions.KINDS:
        who = bench.person(kind)
        for fault in ('outage', 'internal'):
            bench.fault(fault, count=1)
            tap.equal(bench.say(who.way[kind]), sessions.LIVE,
                      'one 500 (%s): tried again, %s' % (fault, kind))
            who = bench.person(kind)
    who = bench.person('session')
    bench.fault('none')
    bench.control('lock', session=who.session['session'])
    threading.Timer(0.3, bench.control, ('lock',), {
        'session': who.session['session'], 'held': False}).start()
    tap.equal(bench.say(who.way['session']), sessions.LIVE,
              'a lock that is held for a moment')


def test_absent(bench):
    """Not told, once: asked again where that is worth it."""
    for kind in sessions.KINDS:
        who = bench.person(kind)
        bench.fault('silent', count=1)
        good = kind in sessions.JWTS
        tap.equal(bench.say(who.way[kind]),
                  sessions.LIVE if good else sessions.NOT_LIVE,
                  'absent once, never seen: %s' % kind)
        bench.fault('silent')
        who = bench.person(kind)
        tap.equal(bench.say(who.way[kind]), sessions.NOT_LIVE,
                  'absent for good: %s' % kind)
    people = {kind: bench.person(kind) for kind in sessions.KINDS}
    bench.fault('none')
    for kind, who in people.items():
        tap.equal(bench.say(who.way[kind]), sessions.LIVE,
                  'live: ' + kind)
    tap.equal(sessions.set_age(bench.site, 60) >= len(people), True,
              'their rows were made older than session_ttl')
    for kind, who in people.items():
        bench.fault('silent', count=1)
        tap.equal(bench.say(who.way[kind]), sessions.LIVE,
                  'absent once, known live: ' + kind)


def test_known_denied(bench):
    """A fault over a session that is known is 503 as well."""
    who = bench.person('opaque', 'JWT')
    for kind in ('opaque', 'JWT'):
        bench.fault('none')
        tap.equal(bench.say(who.way[kind]), sessions.LIVE, 'live, ' + kind)
        for fault, target in (('wrong-type', FAULT), ('outage', UNREACHABLE)):
            sessions.set_age(bench.site, 60)
            bench.fault(fault)
            tap.equal(bench.say(who.way[kind]), target,
                      '%s, too old to serve: %s' % (kind, fault))
    bench.fault('none')


def test_wrong_host():
    """Its host is not one that this Authgear knows."""
    with gate.Site(settings=SETTINGS) as site, site.daemon() as daemon:
        sessions.warm(daemon, site.sim.control)
        who = sessions.Person(site.sim.control)
        site.sim.control('resolver', hosts=['other.example'])
        for kind in sessions.KINDS:
            tap.equal(sessions.say(daemon.path, who.way[kind]), FAULT,
                      'unknown host: ' + kind)


def broken_port(talk):
    """A port where `talk` meets each connection; stop with close()."""
    listener = socket.socket()
    listener.bind(('127.0.0.1', 0))
    listener.listen(64)

    def serve():
        while True:
            try:
                peer, _ = listener.accept()
                with peer:
                    talk(peer)
            except OSError:
                return
    threading.Thread(target=serve, daemon=True).start()
    return listener


def elsewhere(what, targets, resolver, **settings):
    """A resolver_url that is not right."""
    settings = dict(SETTINGS, resolver_url=resolver, **settings)
    with gate.Site(settings=settings) as site, site.daemon() as daemon:
        who = sessions.Person(site.sim.control, kinds=FEW)
        if targets == (FAULT,):
            gate.until(lambda: sessions.say(
                daemon.path, who.way['JWT']) == FAULT, 'the keys')
        for kind in FEW:
            sessions.no_backoff(site)
            got = sessions.say(daemon.path, who.way[kind])
            tap.ok(got in targets + ((503, 'key-unsettled'),) * (
                kind == 'JWT'), '%s: %s' % (what, kind), got)


def test_elsewhere():
    elsewhere('nobody listens', (UNREACHABLE,), 'http://127.0.0.1:9/resolve')
    for what, text in (('a banner', b'SSH-2.0-OpenSSH_9.2\r\n'),
                       ('closed at once', b''),
                       ('HTTP/0.9', b'X-Authgear-Session-Valid: true\r\n'),
                       ('half a status', b'HTTP/1.1 20')):
        with broken_port(lambda peer, text=text: peer.sendall(text)) as port:
            elsewhere(what, sessions.ERRORS,
                      'http://127.0.0.1:%d/resolve' % port.getsockname()[1])
            port.shutdown(socket.SHUT_RDWR)
    with broken_port(lambda peer: peer.sendall(b'no TLS\r\n')) as port:
        elsewhere('no TLS behind https', sessions.ERRORS,
                  'https://127.0.0.1:%d/resolve' % port.getsockname()[1])
        port.shutdown(socket.SHUT_RDWR)


def test_certificate():
    """A certificate of nobody who is trusted."""
    with gate.Site(settings=SETTINGS) as made:
        key, cert = (os.path.join(made.folder, name)
                     for name in ('key.pem', 'cert.pem'))
        subprocess.run(
            ['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes',
             '-keyout', key, '-out', cert, '-days', '2', '-subj',
             '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'],
            check=True, stderr=subprocess.DEVNULL)
        with sim.Sim(made.folder, tls=(cert, key), name='tls') as tls:
            elsewhere('a certificate that nobody signed', (UNREACHABLE,),
                      tls.url + sessions.RESOLVER)


def alone(*tests):
    with gate.Site(settings=SETTINGS) as site, site.daemon() as daemon:
        sessions.warm(daemon, site.sim.control)
        for test in tests:
            test(Bench(site, daemon))


def main():
    beside.run(
        ('answers', alone, test_status, test_documents, test_headers,
         test_limits, test_facts_missing),
        *[(test.__name__, alone, test) for test in (
            test_connections, test_once, test_absent, test_known_denied)],
        *[(test.__name__, test) for test in (
            test_wrong_host, test_elsewhere, test_certificate)])
    tap.done()


main()
