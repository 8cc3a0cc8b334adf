"""What the daemon answers PAM modules, asked as the module asks: each verdict
in each phase under each binding; what is read of a question and what is
not."""
# beside others: it mostly waits


import asking
import fastcgi
import gate
import sessions
import tap
from asking import ask, granted, refused

POLICIES = {'default': {}, 'mail': {'remote_user': 'map'}, 'sub': {},
            'claim': {'remote_user': 'claim:https://hook.example/account'},
            'staff': {'require_role': 'staff'},
            'robots': {'clients': 'robot'}}
CLAIM = {'https://hook.example/account': 'carol'}
SETTINGS = {'validate': 'hybrid', 'session_ttl': '1', 'log_grants': 'yes',
            'lookup_rate': '60000', 'stale_if_error': '300'}
KINDS = ('opaque', 'session', 'JWT')
MALFORMED = ('denied', 401, 'malformed')
NOT_ASKED = ('undecided', 503, 'not-asked')
UNTRACEABLE = ('undecided', 503, 'user-untraceable')
UNSENDABLE = ('undecided', 500, 'reply-unsendable')


class World(asking.World):
    def quiet(self, what, wanted, **question):
        """Answered as wanted, and Authgear is not asked."""
        before = sessions.lookups(self.site)
        got = ask(self.path, **question)
        tap.equal((asking.verdict(got), sessions.lookups(self.site) - before),
                  (wanted, 0), what)
        return got


def test_kinds(world):
    """Each credential under each binding, in both phases."""
    for policy, account in (('mail', 'alice'), ('sub', world.alice.name)):
        for kind in KINDS:
            world.alice.log_in(kind)
            question = {'policy': policy, 'account': account,
                        'credential': world.alice.text[kind]}
            what = '%s, %s: ' % (policy, kind)
            world.quiet(what + 'account before auth', NOT_ASKED,
                        phase='account', **question)
            got = ask(world.path, **question)
            tap.equal(asking.verdict(got), granted(account), what + 'auth')
            tap.ok(got.headers['variable-authgear_user_id'] ==
                   world.alice.name and
                   len(got.headers['variable-authgear_request_id']) == 16,
                   what + 'whose it is', got.headers)
            world.quiet(what + 'account', granted(account), phase='account',
                        **question)
    token = world.site.sim.token(session=True, sub=world.alice.name,
                                 claims=CLAIM)
    for phase in ('auth', 'account'):
        tap.equal(asking.verdict(ask(
            world.path, policy='claim', account='carol', credential=token,
            phase=phase)), granted('carol'), 'claim, JWT: ' + phase)
    got = ask(world.path, policy='claim', account='alice', credential=token)
    tap.ok(asking.verdict(got) == refused('wrong-account') and
           'whose account is carol by the claim' in asking.meaning(got),
           'claim: of somebody else', got.headers)


def test_wrong_account(world):
    text = world.bob.log_in('opaque') and world.bob.text['opaque']
    wanted = ('the token is of user %s, whose account is bob, and the login '
              "is for alice: 'authgear-cache map add' changes that" %
              world.bob.name)
    for phase in ('auth', 'account'):
        got = ask(world.path, account='alice', credential=text, phase=phase)
        if phase == 'account':
            # refused, it was no login whose answer would count
            got = ask(world.path, account='bob', credential=text) and ask(
                world.path, account='alice', credential=text, phase=phase)
        tap.equal((asking.verdict(got), asking.meaning(got)),
                  (refused('wrong-account'), wanted),
                  'a wrong account: ' + phase)
    world.site.cache('map', 'remove', world.bob.name)
    got = ask(world.path, account='bob', credential=text)
    tap.ok(asking.verdict(got) == refused('wrong-account') and
           'who has no account' in asking.meaning(got), 'no account',
           asking.meaning(got))
    world.site.cache('map', 'add', world.bob.name, 'bob')
    got = ask(world.path, account='bob', credential=text)
    tap.equal(asking.verdict(got), granted('bob'), 'from the next login')
    for account in ('BOB', 'bob ', 'bo', 'root', world.bob.name):
        got = ask(world.path, account=account, credential=text)
        tap.equal(asking.verdict(got), refused('wrong-account'),
                  'byte for byte: %r' % account)


def test_machines(world):
    """An M2M subject is nobody's account unless a policy names its client."""
    token = world.site.sim.token(kind='m2m', client_id='robot',
                                 resource=world.site.endpoint)
    for policy, wanted in (('sub', refused('client-not-allowed')),
                           ('mail', refused('client-not-allowed')),
                           ('robots', granted('client_id_robot'))):
        got = ask(world.path, policy=policy, account='client_id_robot',
                  credential=token)
        tap.equal(asking.verdict(got), wanted, 'a machine: ' + policy)


def test_refusals(world):
    """In both phases, after a login."""
    def both(what, wanted, policy='mail', **more):
        for phase in ('auth', 'account'):
            got = ask(world.path, policy=policy, account=more.get(
                'account', 'alice'), credential=text, phase=phase)
            tap.equal(asking.verdict(got), wanted, what + ': ' + phase)
            tap.equal(len(asking.meaning(got)) > 20, got.status != 200,
                      what + ': why')
    for kind in KINDS:
        world.alice.log_in(kind)
        text = world.alice.text[kind]
        ask(world.path, account='alice', credential=text)
        both(kind + ', a role is missing', refused('role-missing'), 'staff')
        both(kind + ', no such policy', refused('policy-unknown'), 'none')
        for command, reason in (('block', refused('user-blocked')),
                                ('revoke', ('denied', 401, 'signed-out'))):
            world.site.cache(command, 'user', world.alice.name)
            both(kind + ', ' + command, reason)
            world.site.cache('lift', 'user', world.alice.name)
        both(kind + ', lifted', granted('alice'))
        world.site.cache('revoke', 'token', stdin=text)
        both(kind + ', revoked', ('denied', 401, 'revoked'))
    for text in ('correct horse', 'x' * 31, 'a.b.c.d', 'Bearer ' + text,
                 'session=' + text, '\xe9' * 32):
        both('no credential: %.12r' % text, MALFORMED)
    text = world.site.sim.token(claims={'pad': 'x' * 13000})
    got = ask(world.path, account='alice', credential=text)
    tap.ok(asking.verdict(got) == ('denied', 401, 'over-limit') and
           '16384 is the most (max_credential)' in asking.meaning(got),
           'over max_credential, and the module is told so', got.headers)
    text = 'eyJhbGciOiJSUzI1NiJ9.eyJz'
    both('a piece of a token', ('denied', 401, 'truncated'))
    world.alice.log_in('app_session')
    for what, text in (('a guess', asking.guess()), ('the value of '
                       'app_session', world.alice.text['app_session'])):
        got = ask(world.path, account='alice', credential=text)
        tap.equal(asking.verdict(got), ('denied', 401, 'not-live'), what)


def test_minute(world):
    """What a login was granted on counts for a minute (here of a daemon with
    session_ttl = 1), unless a later answer speaks against it."""
    def account():
        return asking.verdict(ask(world.path, account='alice',
                                  credential=text, phase='account'))
    for kind in ('opaque', 'JWT'):
        world.alice.log_in(kind)
        text = world.alice.text[kind]
        ask(world.path, account='alice', credential=text)
        sessions.set_age(world.site, 3)
        before = sessions.lookups(world.site)
        tap.equal((account(), sessions.lookups(world.site)),
                  (granted('alice'), before),
                  kind + ': over session_ttl, within the minute')
        world.alice.log_out(kind)
        tap.equal(account(), granted('alice'),
                  kind + ': nobody has asked yet')
        got = sessions.say(world.daemon.path, world.alice.way[kind],
                           policy='sub')
        tap.equal(got, sessions.NOT_LIVE, kind + ': a web server does')
        tap.equal(account(), ('denied', 401, 'not-live'),
                  kind + ': a later answer counts')
        world.alice.log_in(kind)
        text = world.alice.text[kind]
        sessions.ask(world.daemon.path, world.alice.way[kind], policy='sub')
        tap.equal(account(), granted('alice'), kind + ': a web server has '
                  'asked just now')
        sessions.set_age(world.site, 3)
        tap.equal(account(), NOT_ASKED, kind + ': too long ago')


def test_without_credential(world):
    """Blocks alone count, and the answer is no grant."""
    name = world.alice.name

    def each(what, wanted):
        for policy, account in (('mail', 'alice'), ('sub', name)):
            got = world.quiet('%s: %s' % (policy, what), wanted,
                              policy=policy, account=account, phase='account')
            tap.ok('variable-remote_user' not in got.headers,
                   policy + ': nobody is named', got.headers)
    each('nothing is known', asking.NOT_BLOCKED)
    world.site.cache('revoke', 'user', name)
    each('signed out', asking.NOT_BLOCKED)
    world.site.cache('lift', 'user', name)
    world.site.cache('block', 'user', name)
    each('blocked', refused('user-blocked'))
    world.site.cache('map', 'remove', name)
    world.quiet('of nobody', asking.NOT_BLOCKED, account='alice',
                phase='account')
    world.site.cache('map', 'add', name, 'alice')
    world.site.cache('lift', 'user', name)
    each('lifted', asking.NOT_BLOCKED)
    world.quiet('claim: no way back', UNTRACEABLE, policy='claim',
                account='alice', phase='account')
    world.quiet('no such policy', refused('policy-unknown'), policy='none',
                account='alice', phase='account')


def test_questions(world):
    """What is no question of a module."""
    text = world.alice.text['opaque']
    good = asking.params(account='alice', credential=text)
    cases = [('phase auth without a credential', MALFORMED,
              asking.params(account='alice', phase='auth')),
             ('an empty one', MALFORMED, asking.params(
                 account='alice', credential='')),
             ('the credential in a header', MALFORMED, asking.params(
                 account='alice') + [('HTTP_AUTHORIZATION',
                                      'Bearer ' + text)]),
             ('in a cookie', MALFORMED, asking.params(account='alice') + [
                 ('HTTP_COOKIE', 'app_session=' + text)])]
    for name, value in good:
        cases.append((name + ' twice', UNSENDABLE, good + [(name, value)]))
        if name not in ('AUTHGEAR_CREDENTIAL', 'AUTHGEAR_SERVICE',
                        'REMOTE_ADDR'):
            cases.append(('no ' + name, UNSENDABLE, [
                pair for pair in good if pair[0] != name]))
    for name, value in (('AUTHGEAR_ASK', '0'), ('AUTHGEAR_PHASE', 'session'),
                        ('REMOTE_ADDR', 'localhost'),
                        ('AUTHGEAR_ACCOUNT', 'a' * 256)):
        cases.append(('%s=%.12s' % (name, value), UNSENDABLE, [
            pair for pair in good if pair[0] != name] + [(name, value)]))
    for what, wanted, params in cases:
        got = asking.send(world.path, params)
        tap.equal(asking.verdict(got), wanted, what)
        tap.ok('variable-remote_user' not in got.headers, what + ': nobody')
    got = fastcgi.ask(world.path, good, fastcgi.RESPONDER)
    tap.equal(asking.verdict(got), UNSENDABLE, 'a responder')
    for more in ([('HTTP_REMOTE_USER', 'root')],
                 [('HTTP_AUTHORIZATION', 'Bearer x'),
                  ('HTTP_AUTHORIZATION', 'Bearer y'), ('HTTP_COOKIE', 'a')]):
        got = asking.send(world.path, good + more)
        tap.equal(asking.verdict(got), granted('alice'),
                  'headers are not read: ' + more[0][0])
    got = fastcgi.ask(world.daemon.path, good)
    tap.equal((got.status, got.headers['x-authgear-reason']),
              (401, 'no-credential'), 'elsewhere AUTHGEAR_CREDENTIAL is not')
    got = fastcgi.ask(world.daemon.path, sessions.params(
        world.alice.way['opaque'], 'sub', more=[
            good[0]] + good[2:5]))
    tap.equal(got.headers.get('variable-authgear_user_id'),
              world.alice.name, 'nor is anything of a question')


def test_log(world):
    def lines(**question):
        before = len(world.daemon.log())
        ask(world.path, **question)
        return [line for line in world.daemon.log()[before:].splitlines()
                if 'asker=' in line]
    world.alice.log_in('session')
    text = world.alice.text['session']
    got = lines(account='alice', credential=text, service='dovecot',
                address='192.0.2.7')
    tap.ok(len(got) == 1 and 'decision=granted' in got[0] and
           ' asker=%d phase=auth account=alice service=dovecot '
           'client_address=192.0.2.7' % asking.UID in got[0],
           'who asks, and for whom', got)
    got = lines(account='alice', phase='account')
    tap.ok(len(got) == 1 and 'decision=not-blocked' in got[0] and
           ' phase=account ' in got[0], 'an account alone', got)
    got = lines(account='bob', credential=text)
    tap.ok(len(got) == 1 and 'decision=forbidden reason=wrong-account' in
           got[0] and 'whose account is alice, and the login is for bob' in
           got[0], 'a refusal, and whose the credential is', got)
    got = lines(account=text, credential=text)
    tap.ok(len(got) == 1 and 'looks-like-a-credential' in got[0],
           'a password typed for a name', got)
    tap.ok(not [secret for secret in world.secrets() if secret[-16:] in
                world.daemon.log()], 'no credential in the log')


def test_outage(world):
    """Undecided, and what was granted goes on."""
    warm, cold = (world.alice.log_in('opaque') and world.alice.text['opaque']
                  for _ in range(2))
    ask(world.path, account='alice', credential=warm)
    world.site.sim.fault('status', sessions.RESOLVER, status=503)
    for phase, wanted in (('auth', 'resolver-unreachable'),
                          ('account', 'not-asked')):
        got = ask(world.path, account='alice', credential=cold, phase=phase)
        tap.equal(asking.verdict(got), ('undecided', 503, wanted),
                  'Authgear is down: ' + phase)
        tap.ok(asking.meaning(got).endswith(')') or phase == 'account',
               'and why: ' + phase, asking.meaning(got))
        sessions.set_age(world.site, 5)
        got = ask(world.path, account='alice', credential=warm, phase=phase)
        tap.equal(asking.verdict(got), granted('alice'),
                  'Authgear is down, a session that is known: ' + phase)
    world.site.sim.fault('none')
    sessions.no_backoff(world.site)


def main():
    with gate.Site(SETTINGS, POLICIES) as site, World(site) as world:
        test_kinds(world)
        test_wrong_account(world)
        test_machines(world)
        test_refusals(world)
        test_minute(world)
        test_without_credential(world)
        test_questions(world)
        test_log(world)
        test_outage(world)
    tap.done()


main()
