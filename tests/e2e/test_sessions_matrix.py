"""Live sessions: each kind of credential, in each mode, in each state of its
session, at the daemon; a live and a dead one of each through lighttpd, nginx
and Apache; and the one table of where our answer is not Authgear's."""

import http.client
import time

import checker
import gate
import process
import sessions
import tap

MODES = ('jwt', 'resolver', 'hybrid')
SETTINGS = {'lookup_rate': '60000', 'keys_cooldown': '1'}
POLICIES = {'default': {}, 'machines': {'clients': 'robot'}}
GRANTS = ('opaque', 'app_access_token, opaque', 'app_session') + \
    sessions.JWTS


def revoke(site, text):
    """As an application does, with /oauth2/revoke."""
    link = http.client.HTTPConnection('127.0.0.1', site.sim.port)
    try:
        link.request('POST', '/oauth2/revoke', 'token=' + text, {
            'Content-Type': 'application/x-www-form-urlencoded'})
        link.getresponse().read()
    finally:
        link.close()


def revoke_refresh(site, who, kind):
    revoke(site, sessions.mint(who.control, 'refresh', who.session[kind],
                               sub=who.name))


def now():
    return int(time.time())


# State, kinds it can befall, what makes it so.
STATES = (
    ('live', sessions.KINDS, lambda site, who, kind: None),
    ('logged out', sessions.KINDS,
     lambda site, who, kind: who.log_out(kind)),
    ('logged out everywhere', sessions.KINDS,
     lambda site, who, kind: who.control('logout', user_id=who.name)),
    ('token revoked', ('opaque', 'app_access_token, opaque'),
     lambda site, who, kind: revoke(site, who.text[kind])),
    # a cookie has no refresh token
    ('refresh token revoked', GRANTS, revoke_refresh),
    ('user disabled', sessions.KINDS,
     lambda site, who, kind: who.change(disabled=True)),
    ('user disabled, sessions kept', sessions.KINDS,
     lambda site, who, kind: who.change(disabled=True, keep_sessions=True)),
    ('user anonymized', sessions.KINDS,
     lambda site, who, kind: who.change(anonymized=True)),
    ('user deleted', sessions.KINDS,
     lambda site, who, kind: who.change(delete=True)),
    ('not yet valid', sessions.KINDS,
     lambda site, who, kind: who.change(valid_from=now() + 3600)),
    ('no longer valid', sessions.KINDS,
     lambda site, who, kind: who.change(valid_until=now() - 1)),
    ('disabled for a while', sessions.KINDS,
     lambda site, who, kind: who.change(disabled_from=now() - 60,
                                        disabled_until=now() + 3600)),
    ('idle too long', sessions.KINDS,
     lambda site, who, kind: who.control(
         'session', id=who.session[kind], idle=5, last_access=now() - 60)),
    ('lost by the store', sessions.KINDS,
     lambda site, who, kind: who.control(
         'session', id=who.session[kind], delete=True)),
)


def wanted(mode, kind, state):
    """Tokens hold for themselves with jwt, and nothing else counts there."""
    if mode == 'jwt':
        return sessions.LIVE if kind in sessions.JWTS else (
            401, 'needs-resolver')
    return sessions.LIVE if state == 'live' else sessions.NOT_LIVE


def matrix(site, daemon, mode):
    for state, kinds, befall in STATES:
        for kind in kinds:
            who = sessions.Person(site.sim.control, kinds=(kind,))
            befall(site, who, kind)
            got = sessions.ask(daemon.path, who.way[kind])
            target = wanted(mode, kind, state)
            named = who.name if target == sessions.LIVE else None
            tap.equal((got[:2], got.user), (target, named),
                      '%s: %s, %s' % (mode, kind, state))
    before = sessions.lookups(site)
    tap.ok(mode != 'jwt' or before == 0, mode + ': lookups', before)


# Where our answer is not that of Authgear's resolver, and why.  {a}, {b}: two
# people, both live; Authgear's answer is asked of the simulator.
#
#   what it is | Authorization | Cookie | Authgear's | ours | why
DEPARTURES = (
    ('a bad bearer beside a good cookie',
     'Bearer {dead}', 'session={b[session]}', 'b', (401, 'not-live'),
     'one credential is one decision: a client that sends a token means it'),
    ('a malformed bearer beside a good cookie',
     'Bearer garbage', 'session={b[session]}', 'b', (401, 'malformed'),
     'the same'),
    ('a bearer of one who is disabled beside the cookie of another',
     'Bearer {off}', 'session={b[session]}', None, (401, 'not-live'),
     'no departure: the row of a bad user ends it at Authgear as well'),
    ('a dead app_session beside a good session',
     None, 'app_session={dead}; session={b[session]}', 'b',
     (401, 'not-live'), 'one credential is one decision'),
    ('two Authorization headers joined by a comma',
     'Bearer {a[opaque]}, Bearer {b[opaque]}', None, None,
     (401, 'malformed'), 'told apart from a token that ended'),
    ('two different session cookies',
     None, 'session={a[session]}; session={b[session]}', 'a',
     (401, 'malformed'), 'servers and browsers order them as they like'),
    ('a session cookie that is none',
     None, 'session=garbage', None, (401, 'no-credential'),
     'the name is used by other frameworks; their values are sent nowhere'),
    ('a refresh token as bearer',
     'Bearer {refresh}', None, None, (401, 'wrong-type'),
     'it has the shape of a cookie, is worth months, and is sent nowhere'),
    ('a session cookie as bearer',
     'Bearer {a[session]}', None, None, (401, 'wrong-type'), 'the same'),
    ('a JWT in app_session',
     None, 'app_session={a[JWT]}', None, (401, 'no-credential'),
     'no app session looks so'),
    ('another scheme beside a good cookie',
     'Basic Zm9vOmJhcg==', 'session={b[session]}', 'b', sessions.LIVE,
     'no departure: it is as if absent'),
    ('two spaces behind the scheme',
     'Bearer  {a[opaque]}', None, None, (401, 'malformed'),
     'Authgear says nothing of it, we say what is wrong'),
    ('a bad cookie beside a good bearer',
     'Bearer {a[opaque]}', 'session=garbage', 'a', sessions.LIVE,
     'no departure: the bearer comes first'),
)


def authgears(site, said):
    """Whom Authgear's resolver names, or None."""
    host = site.endpoint.split('://')[1]
    headers = {'Host': host, 'X-Forwarded-Host': host,
               'X-Forwarded-Proto': 'http'}
    for name, value in zip(('Authorization', 'Cookie'), said):
        if value is not None:
            headers[name] = value
    link = http.client.HTTPConnection('127.0.0.1', site.sim.port)
    try:
        link.request('GET', sessions.RESOLVER, headers=headers)
        answer = link.getresponse()
        answer.read()
        if answer.getheader('X-Authgear-Session-Valid') != 'true':
            return None
        return answer.getheader('X-Authgear-User-Id')
    finally:
        link.close()


def departures(site, daemon, mode):
    control = site.sim.control
    a, b, off = [sessions.Person(control) for _ in range(3)]
    dead = sessions.Person(control, kinds=('opaque',))
    dead.log_out('opaque')
    off.change(disabled=True, keep_sessions=True)
    names = {a.name: 'a', b.name: 'b', None: None}
    texts = {'a': a.text, 'b': b.text, 'dead': dead.text['opaque'],
             'off': off.text['opaque'], 'refresh': sessions.mint(
                 control, 'refresh', a.session['opaque'], sub=a.name)}
    for what, bearer, cookie, theirs, ours, why in DEPARTURES:
        said = tuple(text.format(**texts) if text else None
                     for text in (bearer, cookie))
        tap.equal(names.get(authgears(site, said), 'someone'), theirs,
                  '%s: %s: Authgear says' % (mode, what))
        got = sessions.say(daemon.path, said)
        if not tap.equal(got, ours, '%s: %s: we say' % (mode, what)):
            tap.note(why)


def machines(site, daemon, mode):
    """Authgear's resolver knows no M2M tokens; the JWT alone says it all."""
    token = site.sim.token(kind='m2m', client_id='robot',
                           resource=site.endpoint)
    said = 'Bearer ' + token, None
    tap.equal(authgears(site, said), None, mode + ': M2M: Authgear says no')
    before = sessions.lookups(site)
    named = {'resolver': (401, 'machine-token')}.get(mode, sessions.LIVE)
    unnamed = {'resolver': (401, 'machine-token')}.get(
        mode, (403, 'client-not-allowed'))
    tap.equal(sessions.say(daemon.path, said, policy='machines'), named,
              mode + ': M2M, the policy names the client')
    tap.equal(sessions.say(daemon.path, said), unnamed,
              mode + ': M2M, it does not')
    tap.equal(sessions.lookups(site), before, mode + ': M2M: never asked')
    if mode == 'resolver':
        told = [line for line in daemon.log().splitlines()
                if 'reason=machine-token' in line]
        tap.ok(told and all('token is of a machine' in
                            line.split('meaning=')[1] for line in told),
               mode + ': M2M: called what it is', told)


def tokens(site, daemon, mode):
    """What does not hold here never reaches Authgear with hybrid."""
    who = sessions.Person(site.sim.control, kinds=())
    who.session['JWT'] = '5e551011-0000-4000-8000-000000000001'
    before = sessions.lookups(site)
    for what, reason, how in (
            ('a signature of nobody', 'bad-signature',
             {'tamper': 'signature'}),
            ('expired', 'expired', {'clock_offset': -4000}),
            ('another issuer', 'wrong-issuer', {'claims': {
                'iss': 'https://other.example'}}),
            ('another audience', 'wrong-audience', {'claims': {
                'aud': ['https://other.example']}}),
            ('no algorithm', 'bad-algorithm', {'alg': 'none'}),
            ('ID token', None, {'kind': 'id', 'session': False})):
        token = site.sim.token(sub=who.name, session_id=who.session['JWT'],
                               **dict({'session': True}, **how))
        got = sessions.say(daemon.path, ('Bearer ' + token, None))
        held = got[0] == 401 and reason in (None, got[1])
        if mode == 'resolver':      # Authgear judges it, but it must say no
            held = got[0] == 401
        tap.ok(held, '%s: JWT: %s' % (mode, what), got)
    tap.ok(mode == 'resolver' or sessions.lookups(site) == before,
           mode + ': bad JWTs are not sent to Authgear')


def at_the_daemon(mode):
    settings = dict(SETTINGS, validate=mode)
    with gate.Site(settings=settings, policies=POLICIES) as site, \
            site.daemon() as daemon:
        if mode != 'resolver':
            gate.until(lambda: sessions.say(daemon.path, (
                'Bearer ' + site.sim.token(kind='m2m', client_id='robot',
                                           resource=site.endpoint), None),
                policy='machines') == sessions.LIVE, 'the keys')
        matrix(site, daemon, mode)
        if mode != 'jwt':
            departures(site, daemon, mode)
        machines(site, daemon, mode)
        tokens(site, daemon, mode)


def through_servers(mode):
    settings = dict(SETTINGS, validate=mode, remote_user='sub')

    def column(world, name):
        for kind in sessions.KINDS:
            for state in ('live', 'logged out'):
                who = sessions.Person(world.sim.control, kinds=(kind,))
                if state != 'live':
                    who.log_out(kind)
                headers = [pair for pair in zip(
                    ('Authorization', 'Cookie'), who.way[kind]) if pair[1]]
                before = world.site.runs()
                answer = world.ask(name, '/show.cgi', headers=headers)
                status = wanted(mode, kind, state)[0]
                held = (answer.status == status and
                        world.site.runs() - before == (status == 200))
                if status == 200 and held:
                    held = checker.values(answer.shown(), 'REMOTE_USER') == \
                        [who.name]
                tap.ok(held, '%s, %s: %s, %s' % (name, mode, kind, state),
                       answer)

    with checker.World(settings=settings) as world:
        process.eventually(lambda: world.is_open(
            'nginx', world.sim.token(session=True)))
        checker.for_each(world, [column])


def main():
    for mode in MODES:
        at_the_daemon(mode)
        through_servers(mode)
    tap.done()


if __name__ == '__main__':
    main()
