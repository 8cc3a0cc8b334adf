"""What goes to Authgear's resolver: fixed headers and one credential, and
nothing else that a client sent; cookies of other applications."""

import base64
import re

import gate
import sessions
import tap

SETTINGS = {'validate': 'hybrid', 'lookup_rate': '60000'}
FLASK = 'eyJ1c2VyIjoxfQ.aGVsbG8.c2lnbmF0dXJlLW9mLWZsYXNr'
FOREIGN = (FLASK, 'garbage', '.eJwVxk.aG.c2ln', 'a' * 31, 'a' * 32, 's%3Aabc',
           '0123456789abcdef0123456789abcdef', '{"a":1}', '', '"', '""',
           '5e551011-0000-4000-8000-000000000001',
           '5e551011-0000-4000-8000-000000000001.short',
           '5e551011-0000-4000-8000-000000000001.' + 'a' * 33)
# Forged names reach the question, where nothing may be made of them.
POLICIES = {'default': {'client_identity': 'ignore'}}
# What clients send besides; one of it must never be seen there.
MARK = 'mark-of-the-client'
OTHERS = [('HTTP_' + name, MARK) for name in (
    'HOST', 'X_FORWARDED_HOST', 'X_FORWARDED_PROTO', 'X_FORWARDED_FOR',
    'X_ORIGINAL_HOST', 'X_ORIGINAL_PROTO', 'FORWARDED', 'USER_AGENT',
    'REFERER', 'ACCEPT', 'ACCEPT_LANGUAGE', 'X_AUTHGEAR_USER_ID',
    'X_AUTHGEAR_SESSION_VALID', 'PROXY', 'TE', 'CONNECTION', 'X_REQUEST_ID',
    'TRACEPARENT', 'PROXY_AUTHORIZATION', 'ORIGIN')]


class Bench:
    def __init__(self, site, daemon):
        self.site, self.daemon = site, daemon
        self.control = site.sim.control

    def sent(self):
        """The requests that the resolver got since; forgets them."""
        got = [one for one in self.control('requests')['requests']
               if one['path'] == sessions.RESOLVER]
        self.site.sim.reset_counts()
        return got

    def check(self, name, credential, count=1):
        """Exactly the fixed headers and this one credential."""
        host = self.site.endpoint.split('://')[1]
        wanted = sorted([['Accept', '*/*'], ['Host', host],
                         ['X-Forwarded-Host', host],
                         ['X-Forwarded-Proto', 'http'], list(credential)])
        got = self.sent()
        for one in got:
            agent = one['headers'].get('User-Agent', '')
            one['lines'].remove(['User-Agent', agent])
            if not re.fullmatch('authgear-gate/[0-9.]+', agent):
                tap.ok(False, 'our own User-Agent: ' + name, agent)
        tap.equal([(one['method'], sorted(one['lines'])) for one in got],
                  [('GET', wanted)] * count, 'sent: ' + name)

    def nothing(self, name, said, target, policy='default'):
        got = sessions.say(self.daemon.path, said, policy=policy,
                           more=OTHERS)
        tap.equal((got, len(self.sent())), (target, 0),
                  'nothing is sent: ' + name)


def of(who, kind):
    """The header and value in which that credential goes to Authgear."""
    if kind in ('app_session', 'session'):
        return 'Cookie', '%s=%s' % (kind, who.text[kind])
    return 'Authorization', 'Bearer ' + who.text[kind]


def test_each(bench):
    for kind in sessions.KINDS:
        who = sessions.Person(bench.control, kinds=(kind,))
        bench.sent()
        got = sessions.say(bench.daemon.path, who.way[kind], more=OTHERS)
        tap.equal(got, sessions.LIVE, 'granted beside other headers: ' + kind)
        bench.check(kind, of(who, kind))
        got = sessions.say(bench.daemon.path, who.way[kind], more=OTHERS)
        tap.equal((got, bench.sent()), (sessions.LIVE, []),
                  'known, nothing more is sent: ' + kind)


def test_second(bench):
    """The first of the order, and no other."""
    everything = sessions.Person(bench.control)
    order = [('opaque', 'Bearer '), ('JWT', 'Bearer ')]
    cookies = '; '.join(['theme=dark'] + [
        everything.way[kind][1] for kind in (
            'session', 'app_access_token, opaque', 'app_session')] + [
                'csrftoken=' + MARK])
    for kind, _ in order:
        bench.sent()
        got = sessions.ask(bench.daemon.path, (
            everything.way[kind][0], cookies), more=OTHERS)
        tap.equal(got[:2], sessions.LIVE, kind + ' beside all cookies')
        bench.check(kind + ' beside all cookies', of(everything, kind))
    got = sessions.say(bench.daemon.path, (None, cookies), more=OTHERS)
    tap.equal(got, sessions.LIVE, 'all cookies')
    bench.check('app_session beside other cookies',
                of(everything, 'app_session'))
    rest = '; '.join(everything.way[kind][1] for kind in (
        'session', 'app_access_token, opaque'))
    sessions.say(bench.daemon.path, ('Basic eDp5', rest), more=OTHERS)
    bench.check('app_access_token beside session and Basic',
                of(everything, 'app_access_token, opaque'))


def test_foreign(bench):
    """`session` is also the name of other frameworks' cookies."""
    for value in FOREIGN:
        bench.nothing('session=%.20s' % value, (None, 'session=' + value),
                      (401, 'no-credential'))
    # it brings a JWT's shape to a cookie that takes none
    token = bench.site.sim.token(session=True)
    bench.nothing('a JWT in session', (None, 'session=' + token),
                  (401, 'no-credential'))
    for value in FOREIGN:
        for line in ('session={0}; session={1}', 'session={1}; session={0}',
                     'session={0}; session="{1}"',
                     'session="{1}"; session={0}'):
            # somebody new, to be asked for each time
            who = sessions.Person(bench.control, kinds=('session',))
            line = line.format(value, who.text['session'])
            bench.sent()
            got = sessions.ask(bench.daemon.path, (None, line), more=OTHERS)
            if not (got[:2] == sessions.LIVE and got.user == who.name):
                tap.ok(False, 'beside %.20s: granted' % value,
                       '%r: %r' % (line, got))
            bench.check('ours beside session=%.20s' % value,
                        of(who, 'session'))


def test_two(bench):
    """Two that could be Authgear's: denied, and none is sent."""
    a, b = [sessions.Person(bench.control) for _ in 'ab']
    for kind in ('session', 'app_session', 'app_access_token, opaque',
                 'app_access_token, JWT'):
        first, second = a.way[kind][1], b.way[kind][1]
        for line in (first + '; ' + second, second + '; ' + first,
                     first + ', ' + second, first + '; x=y; ' + second):
            bench.nothing('two of ' + kind, (None, line),
                          (401, 'malformed'))
        got = sessions.say(bench.daemon.path, (None, first + ';' + first))
        tap.equal(got, sessions.LIVE, 'one of %s twice' % kind)
        bench.check('one of %s twice' % kind, of(a, kind))
    dead = '5e551011-0000-4000-8000-000000000001.' + 'a' * 32
    bench.nothing('one made up beside ours', (
        None, 'session=%s; %s' % (dead, a.way['session'][1])),
                  (401, 'malformed'))


def test_refused_here(bench):
    who = sessions.Person(bench.control)
    refresh = sessions.mint(bench.control, 'refresh', who.session['opaque'],
                            sub=who.name)
    basic = base64.b64encode(('x:' + who.text['opaque']).encode()).decode()
    cookie = who.way['session'][1]
    bench.sent()
    for name, said, target in (
            ('refresh token', ('Bearer ' + refresh, None),
             (401, 'wrong-type')),
            ('cookie as bearer', ('Bearer ' + who.text['session'], cookie),
             (401, 'wrong-type')),
            ('garbage', ('Bearer garbage', cookie), (401, 'malformed')),
            ('empty', ('Bearer ', cookie), (401, 'malformed')),
            ('a JWT cut short', ('Bearer ' + who.text['JWT'][:-40].rsplit(
                '.', 1)[0], cookie), (401, 'truncated')),
            ('two bearers', ('Bearer %s, Bearer %s' % (
                who.text['opaque'], who.text['JWT']), None),
             (401, 'malformed')),
            ('a token as password', ('Basic ' + basic, None),
             (401, 'no-credential')),
            ('a changed JWT', ('Bearer ' + bench.site.sim.token(
                session=True, tamper='signature'), cookie),
             (401, 'bad-signature')),
            ('nothing', (None, None), (401, 'no-credential')),
            ('other cookies', (None, 'a=b; sessionid=c; PHPSESSID=d'),
             (401, 'no-credential')),
            ('another prefix', (None, 'x' + cookie),
             (401, 'no-credential'))):
        bench.nothing(name, said, target)
    for policy in ('unknown',):
        bench.nothing('an unknown policy', who.way['opaque'],
                      (400, 'forged-identity'), policy)


def test_prefix():
    """cookie_prefix: under that name, here and there."""
    settings = dict(SETTINGS, cookie_prefix='my_')
    with gate.Site(settings, POLICIES) as site, site.daemon() as daemon:
        sessions.warm(daemon, site.sim.control)
        site.sim.control('resolver', cookie_prefix='my_')
        bench = Bench(site, daemon)
        for kind in ('session', 'app_session', 'app_access_token, opaque'):
            who = sessions.Person(bench.control, kinds=(kind,))
            bench.sent()
            bench.nothing('without the prefix: ' + kind, who.way[kind],
                          (401, 'no-credential'))
            got = sessions.say(daemon.path, (None, '%s; my_%s' % (
                who.way[kind][1], who.way[kind][1])), more=OTHERS)
            tap.equal(got, sessions.LIVE, 'with the prefix: ' + kind)
            name, value = of(who, kind)
            if name == 'Cookie':
                value = 'my_' + value
            bench.check('with the prefix: ' + kind, (name, value))


def main():
    with gate.Site(SETTINGS, POLICIES) as site, site.daemon() as daemon:
        sessions.warm(daemon, site.sim.control)
        bench = Bench(site, daemon)
        for test in (test_each, test_second, test_foreign, test_two,
                     test_refused_here):
            test(bench)
    test_prefix()
    tap.done()


main()
