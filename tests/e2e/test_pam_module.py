"""pam_authgear.so in a host of its own, before a listener that answers what a
test says: verdict, phase and option; nothing is believed in part; no fault
ever succeeds."""

import os
import socket
import time

import fastcgi
import pam_world
import process
import tap
from pam_world import (AUTH_ERR, BUF_ERR, JWT, NOT_BLOCKED, OPAQUE,
                       PERM_DENIED, SERVICE_ERR, SESSION, SUCCESS, UNAVAIL,
                       granted, refusal)

PERMIT = ['account required pam_permit.so']
ANSWERS = [
    ('granted', granted('alice'), SUCCESS, SUCCESS),
    ('denied', refusal(401, 'not-live'), AUTH_ERR, AUTH_ERR),
    ('forbidden', refusal(403, 'role-missing'), AUTH_ERR, PERM_DENIED),
    ('blocked', refusal(403, 'user-blocked'), AUTH_ERR, PERM_DENIED),
    ('undecided', refusal(503, 'resolver-unreachable'), UNAVAIL, UNAVAIL),
    ('settings', refusal(500, 'settings-invalid'), SERVICE_ERR, SERVICE_ERR),
    ('policy', refusal(403, 'policy-unknown'), SERVICE_ERR, SERVICE_ERR),
    ('memory', refusal(500, 'out-of-memory'), BUF_ERR, BUF_ERR),
]


def test_verdicts(world):
    service = world.module()
    for name, answer, auth, account in ANSWERS:
        world.listener.answer = answer
        got = world.run(service)
        tap.equal((got.codes, got.prompts), ({'auth': auth}, 1),
                  'auth: ' + name)
        tap.ok(OPAQUE not in got.log and got.log.count('\n') == 1,
               'auth: one line about ' + name, got.log)
        world.listener.answer = lambda params: granted('alice') if \
            params['AUTHGEAR_PHASE'] == 'auth' else answer
        got = world.run(service, phases=('auth', 'account'))
        tap.equal(got.codes, {'auth': SUCCESS, 'account': account},
                  'account: ' + name)
        world.listener.answer = answer
        got = world.run(service, phases=('account',))
        tap.equal((got.codes['account'], got.prompts),
                  (UNAVAIL if name == 'granted' else account, 0),
                  'account without auth: ' + name)
    got = world.run(service, phases=('setcred', 'open', 'close'))
    tap.equal(got.codes, {'setcred': SUCCESS, 'open': SUCCESS,
                          'close': SUCCESS}, 'what is left succeeds quietly')
    tap.equal(got.log, '', 'and says nothing')


def test_question(world):
    service = world.module('policy=mail')
    world.listener.answer = granted('alice')
    world.listener.asked.clear()
    world.run(service, phases=('auth', 'account'),
              arguments=('-r', '192.0.2.7'))
    wanted = {'AUTHGEAR_ASK': '1', 'AUTHGEAR_POLICY': 'mail',
              'AUTHGEAR_CREDENTIAL': OPAQUE, 'AUTHGEAR_ACCOUNT': 'alice',
              'AUTHGEAR_SERVICE': service, 'REMOTE_ADDR': '192.0.2.7'}
    asked = [{name: value for name, value in each.items()
              if name != 'FCGI_ROLE'} for each in world.listener.asked]
    tap.equal(asked, [dict(wanted, AUTHGEAR_PHASE='auth'),
                      dict(wanted, AUTHGEAR_PHASE='account')],
              'what is asked')
    for rhost in ('mail.example', '192.0.2.7:80', '1.2.3', '::ffff:z', ''):
        world.listener.asked.clear()
        world.run(service, arguments=('-r', rhost))
        tap.ok('REMOTE_ADDR' not in world.listener.asked[0],
               'no address: %r' % rhost, world.listener.asked)
    world.listener.asked.clear()
    world.run(service, arguments=('-r', '2001:db8::1'))
    tap.equal(world.listener.asked[0].get('REMOTE_ADDR'), '2001:db8::1',
              'an address of IPv6')


def test_root(world):
    world.listener.answer = granted('root')
    # libpam itself answers a stack of nothing but IGNORE with a refusal
    for options in ('policy=web', 'policy=web root=deny', 'nonsense'):
        service = world.module(options, also=PERMIT)
        world.listener.asked.clear()
        got = world.run(service, 'root', phases=('account',))
        tap.equal((got.codes, len(world.listener.asked), got.log),
                  ({'account': SUCCESS}, 0, ''),
                  'root without our auth is not asked about: ' + options)
    service = world.module()
    got = world.run(service, 'root')
    tap.equal((got.codes['auth'], len(world.listener.asked)), (AUTH_ERR, 0),
              'root is refused before anybody is asked')
    service = world.module('policy=web root=allow')
    tap.equal(world.run(service, 'root', phases=('auth', 'account')).codes,
              {'auth': SUCCESS, 'account': SUCCESS}, 'root=allow')
    world.deaf()
    for options in ('policy=web', 'policy=web root=allow', 'x=y'):
        got = world.run(world.module(options, also=PERMIT), 'root',
                        phases=('account',))
        tap.equal(got.codes['account'], SUCCESS, 'no daemon: root is not '
                  'locked out: ' + options)
    world.listen()


def test_spellings(world):
    """The system knows alice as ALICE too: a block of alice holds for both,
    and so does one of whom the map calls ALICE."""
    spelt = {'PAM_TEST_SPELT': 'alice'}
    service = world.module('policy=web account_without_auth=ignore',
                           also=PERMIT)
    for blocked, user, code, asked in (
            ('alice', 'ALICE', PERM_DENIED, ['ALICE', 'alice']),
            ('ALICE', 'ALICE', PERM_DENIED, ['ALICE']),
            ('alice', 'alice', PERM_DENIED, ['alice']),
            ('bob', 'ALICE', SUCCESS, ['ALICE', 'alice']),
            ('bob', 'carol', SUCCESS, ['carol'])):
        world.listener.answer = lambda params, who=blocked: refusal(
            403, 'user-blocked') if params['AUTHGEAR_ACCOUNT'] == who else \
            NOT_BLOCKED
        world.listener.asked.clear()
        got = world.run(service, user, phases=('account',),
                        environment=spelt)
        tap.equal((got.codes['account'], [each['AUTHGEAR_ACCOUNT'] for each
                                          in world.listener.asked]),
                  (code, asked), '%s is blocked, %s comes' % (blocked, user))


def test_second_user(world):
    """The host lets somebody else try in the same transaction, as login(1)
    does: what the first was granted is forgotten."""
    world.service('again', [
        'auth [success=ok default=ignore] MODULE policy=web',
        'auth required pam_succeed_if.so quiet user != alice',
        'account required MODULE policy=web account_without_auth=ignore',
        'account required pam_permit.so'])
    world.listener.answer = lambda params: NOT_BLOCKED if \
        'AUTHGEAR_CREDENTIAL' not in params else granted('alice') if \
        params['AUTHGEAR_ACCOUNT'] == 'alice' else refusal(
            403, 'wrong-account')
    for user, asked in (
            ('bob', [('auth', True), ('auth', True), ('account', False)]),
            ('root', [('auth', True)])):
        world.listener.asked.clear()
        got = world.run('again', 'alice', phases=(
            'auth', 'user=' + user, 'auth', 'account'))
        tap.equal((got.codes['auth'], got.codes['account'],
                   [(each['AUTHGEAR_PHASE'], 'AUTHGEAR_CREDENTIAL' in each)
                    for each in world.listener.asked]),
                  (SUCCESS, SUCCESS, asked), 'alice, then ' + user)
    world.listener.asked.clear()
    got = world.run(world.module(also=PERMIT), 'alice', phases=(
        'auth', 'user=bob', 'account'))
    tap.equal(got.codes['account'], PERM_DENIED,
              'a user who changes after auth did not log in')


def test_long_names(world):
    service = world.module('policy=web account_without_auth=ignore')
    for length, code, asked in ((255, SUCCESS, 1), (256, AUTH_ERR, 0),
                                (70000, AUTH_ERR, 0)):
        user = 'u' * length
        world.listener.answer = granted('u' * 255)
        world.listener.asked.clear()
        got = world.run(service, user)
        tap.ok(got.codes == {'auth': code} and
               len(world.listener.asked) == asked and
               ('longer than any' in got.log) == (not asked),
               'a name of %d bytes' % length, got)
        got = world.run(service, user, phases=('account',))
        tap.ok(got.codes['account'] == (UNAVAIL if asked else AUTH_ERR),
               'a name of %d bytes, in account' % length, got)


def test_passwords(world):
    """What is no credential never leaves the process."""
    service = world.module()
    world.listener.answer = granted('alice')
    quiet = ['', 'x', 'correct horse', 'hunter2', 'a.b', 'A' * 31, 'A' * 33,
             'é' * 32, OPAQUE[:-1] + '\n', OPAQUE + ' ', 'a.b.c d',
             'Bearer ' + OPAQUE, '\b\n\r\177INCORRECT\b\n\r\177INCO',
             'x&uid=root#%20', 'A' * 20000, JWT.replace('.', '..'),
             'correct.horse.battery', '..', '1.2.3', 'ey.J.x', 'eyJhbHQ',
             'eyJ.x', 'eyI.' + 'A' * 16390 + '.x', SESSION.replace('-', '_'),
             '$(id)', "'; DROP TABLE", '%n%n%s']
    for password in quiet:
        world.listener.asked.clear()
        got = world.run(service, password=password)
        lines = [line for line in got.log.splitlines()
                 if not line.startswith('<87>')]
        tap.ok(got.codes == {'auth': AUTH_ERR} and not lines and
               not world.listener.asked, 'not asked about: %r' %
               password[:24], (got, world.listener.asked))
        if len(password) > 6:
            tap.ok(password[:16] not in got.log,
                   'nor logged: %r' % password[:24], got.log)
    for user, shown in (('john.f.kennedy', True), (OPAQUE + ' ', False),
                        ('session=' + SESSION, False), (JWT, False)):
        world.listener.answer = refusal(403, 'wrong-account')
        got = world.run(service, user)
        tap.ok(('user=' + user in got.log) == shown and
               (shown or user[8:40] not in got.log),
               'a name, or what was typed for one: %.16r' % user, got.log)
    world.listener.answer = granted('alice')
    got = world.run(service, password='\b\n\r\177INCORRECT')
    tap.ok("sshd's fake password" in got.log, 'the fake password is named',
           got.log)
    for kind, password in (('opaque', OPAQUE), ('session', SESSION),
                           ('jwt', JWT)):
        others = {'opaque', 'session', 'jwt'} - {kind}
        for accept, code in ((kind, SUCCESS),
                             (','.join(sorted(others)), AUTH_ERR)):
            got = world.run(world.module('policy=web accept=' + accept),
                            password=password)
            tap.equal(got.codes['auth'], code, 'accept=%s: %s' % (
                accept, kind))
    for length, word in ((1023, 'OpenSSH'), (4095, '4095'), (511, '512'),
                         (127, '128')):
        got = world.run(service, password='eyJ' + 'A' * (length - 3))
        tap.ok(got.codes['auth'] == AUTH_ERR and 'truncated' in got.log and
               word in got.log, 'a token cut at %d is told' % length,
               got.log)
    world.listener.answer = refusal(401, 'bad-signature')
    got = world.run(service, password=(JWT + 'A' * 900)[:1023])
    tap.ok('credential is 1023 bytes of a longer token' in got.log and
           'OpenSSH client cuts passwords at 1023' in got.log,
           'cut within its signature too', got.log)


def test_conversation(world):
    service = world.module()
    world.listener.answer = granted('alice')
    for mode in ('fail', 'null', 'empty'):
        world.listener.asked.clear()
        got = world.run(service, arguments=('-c', mode))
        tap.ok(got.codes == {'auth': AUTH_ERR} and
               not world.listener.asked and got.prompts <= 1,
               'conversation: ' + mode, got)
    got = world.run(world.module('policy=web use_first_pass'))
    tap.equal((got.codes['auth'], got.prompts), (AUTH_ERR, 0),
              'use_first_pass without one')
    got = world.run(service)
    tap.ok('message' not in got.out, 'no message to the host', got.out)


BAD_ANSWERS = [
    b'', b'x', b'HTTP/1.1 200 OK\r\n\r\n', granted('alice')[:-1],
    granted('alice') + b'x', granted('alice') * 2,
    pam_world.stdout('Status: 200 OK\r\n\r\n') + pam_world.end(),
    pam_world.end(), granted('bob'), granted('ALICE'), granted('alice '),
    granted(''), granted('alice', AUTHGEAR_DECISION='pass'),
    granted('alice', AUTHGEAR_DECISION='not-blocked'),
    pam_world.stdout('Status: 401 No\r\nStatus: 200 OK\r\n'
                     'Variable-REMOTE_USER: alice\r\n'
                     'Variable-AUTHGEAR_DECISION: granted\r\n\r\n') +
    pam_world.end(),
    pam_world.stdout('Status: 200 OK\r\nVariable-REMOTE_USER: bob\r\n'
                     'Variable-REMOTE_USER: alice\r\n'
                     'Variable-AUTHGEAR_DECISION: granted\r\n\r\n') +
    pam_world.end(),
    granted('alice')[:-16] + pam_world.end(0, 2),
    granted('alice')[:-16] + pam_world.end(1),
    fastcgi.record(7, b'error') + granted('alice'),
    granted('alice').replace(b'\x01\x06\x00\x01', b'\x01\x06\x00\x02'),
    refusal(200, 'granted'), refusal(302, 'no-credential'),
    refusal(401, 'granted'), refusal(401, 'role-missing'),
    refusal(418, 'made-up'), NOT_BLOCKED,
    b'\x01\x06\x00\x01\xff\xff\0\0' + b'A' * 65535 + pam_world.end(),
    b'\0' * 10000000,
]


def test_bad_answers(world):
    """None succeeds, none is taken for a refusal."""
    service = world.module(also=['auth required pam_permit.so',
                                 'account required pam_permit.so'])
    for number, answer in enumerate(BAD_ANSWERS):
        world.listener.answer = answer
        got = world.run(service)
        tap.ok(got.codes == {'auth': UNAVAIL} and OPAQUE not in got.log and
               len(got.log) < 3000, 'bad answer %d: %r' % (
                   number, answer[:40]), got)
        world.listener.answer = lambda params: granted('alice') if \
            params['AUTHGEAR_PHASE'] == 'auth' else answer
        got = world.run(service, phases=('auth', 'account'))
        tap.equal(got.codes['account'], UNAVAIL,
                  'bad answer %d, in account' % number)
    whole = granted('alice')
    for at in range(len(whole)):
        world.listener.answer = whole[:at]
        got = world.run(service)
        if got.codes != {'auth': UNAVAIL}:
            tap.ok(False, 'closed after %d bytes' % at, got)
            break
    else:
        tap.ok(True, 'closed after each byte of its answer')


def test_nobody(world):
    service = world.module('policy=web deadline=1',
                           also=['auth required pam_permit.so'])
    world.listener.answer = 'hang'
    begun = time.monotonic()
    got = world.run(service)
    tap.ok(got.codes == {'auth': UNAVAIL} and 'deadline' in got.log and
           time.monotonic() - begun < 20, 'one that hangs', got)
    world.deaf()
    got = world.run(service)
    tap.ok(got.codes == {'auth': UNAVAIL} and 'nobody answers' in got.log,
           'nobody there', got)
    with open(world.socket, 'w'):
        pass
    got = world.run(service)
    tap.equal(got.codes, {'auth': UNAVAIL}, 'a file in its place')
    os.unlink(world.socket)
    world.listen()
    world.listener.answer = granted('alice')
    got = world.run(service)
    tap.equal(got.codes, {'auth': SUCCESS}, 'and again')


def test_foreign(world):
    """One that is neither root nor the daemon's user is never asked."""
    if os.geteuid() != 0:
        tap.skip('foreign listener', 'only root can make one')
        return
    world.deaf()
    child = os.fork()
    if child == 0:
        os.setegid(65534)
        os.setresuid(65534, 65534, 0)
        made = socket.socket(socket.AF_UNIX)
        os.chdir('/')
        try:
            made.bind('/tmp/authgear-foreign-%d.sock' % os.getpid())
        except OSError:
            os._exit(1)
        made.listen(4)
        time.sleep(30)
        os._exit(0)
    path = '/tmp/authgear-foreign-%d.sock' % child
    try:
        process.eventually(lambda: os.path.exists(path), 20)
        service = world.service('foreign', [
            'auth required %s policy=web socket=%s daemon_user=daemon' % (
                pam_world.MODULE, path)])
        got = world.run(service)
        tap.ok(got.codes == {'auth': UNAVAIL} and 'uid 65534' in got.log and
               'daemon' in got.log and 'not asked' in got.log,
               'another uid is not asked, and both uids are named', got.log)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.unlink(path)
    world.listen()
    world.listener.answer = granted('alice')
    world.listener.asked.clear()
    os.chmod(world.dir, 0o777)
    got = world.run(world.module())
    tap.ok(got.codes == {'auth': UNAVAIL} and not world.listener.asked and
           'can write' in got.log, 'a folder that others can write', got.log)
    os.chmod(world.dir, 0o755)


def test_account(world):
    world.listener.answer = NOT_BLOCKED
    got = world.run(world.module(also=PERMIT), phases=('account',))
    tap.equal(got.codes, {'account': PERM_DENIED},
              'account_without_auth=deny by default')
    ignoring = world.module('policy=web account_without_auth=ignore',
                            also=PERMIT)
    got = world.run(ignoring, phases=('account',))
    tap.equal((got.codes, got.log), ({'account': SUCCESS}, ''),
              'account_without_auth=ignore')
    world.listener.answer = refusal(403, 'user-blocked')
    got = world.run(ignoring, phases=('account',))
    tap.equal(got.codes, {'account': PERM_DENIED}, 'a blocked one')
    world.deaf()
    got = world.run(ignoring, phases=('account',))
    tap.equal(got.codes, {'account': UNAVAIL}, 'nobody answers')
    world.listen()
    world.listener.answer = lambda params: granted('alice') if \
        'AUTHGEAR_CREDENTIAL' in params else NOT_BLOCKED
    got = world.run(world.module(), phases=('auth', 'account', 'account'))
    tap.equal([each.get('AUTHGEAR_CREDENTIAL') for each in
               world.listener.asked[-3:]], [OPAQUE, OPAQUE, None],
              'after account the credential is gone')


def test_env(world):
    world.listener.answer = granted(
        'alice', AUTHGEAR_USER_ROLES='a,b', AUTHGEAR_CLAIM_TEAM='x' * 300,
        AUTHGEAR_SCOPE='openid')
    service = world.module('policy=web env=AUTHGEAR_USER_ROLES,'
                           'AUTHGEAR_USER_ID,AUTHGEAR_CLAIM_TEAM')
    got = world.run(service)
    tap.equal(got.env, {'AUTHGEAR_USER_ROLES': 'a,b',
                        'AUTHGEAR_USER_ID': 'id-alice',
                        'AUTHGEAR_CLAIM_TEAM_OMITTED': '1'}, 'env=')
    tap.ok('AUTHGEAR_CLAIM_TEAM is left out' in got.log,
           'what is too long is told', got.log)
    for value in ('r' * 256, 'r' * 257):
        world.listener.answer = granted('alice', AUTHGEAR_USER_ROLES=value)
        fits = len(value) == 256
        tap.equal(world.run(service).env, dict(
            {'AUTHGEAR_USER_ROLES': value} if fits else
            {'AUTHGEAR_USER_ROLES_OMITTED': '1'},
            AUTHGEAR_USER_ID='id-alice'), 'env=: %d bytes' % len(value))
    world.listener.answer = granted('alice', AUTHGEAR_USER_ROLES_OMITTED='1')
    tap.equal(world.run(service).env, {
        'AUTHGEAR_USER_ROLES_OMITTED': '1', 'AUTHGEAR_USER_ID': 'id-alice'},
        'env=: roles that the daemon left out')
    tap.equal(world.run(world.module()).env, {}, 'nothing by default')


def test_options(world):
    for options in ('', 'policy=web policy=web', 'policy=web debug',
                    'policy=web root=maybe', 'policy=', 'deadline=3'):
        world.listener.asked.clear()
        got = world.run(world.module(options, also=[
            'auth required pam_permit.so']), phases=('auth', 'account'))
        tap.ok(got.codes == {'auth': SERVICE_ERR, 'account': SERVICE_ERR} and
               not world.listener.asked and got.log.count('\n') == 2 and
               'pam_authgear(8)' in got.log, 'options %r' % options, got)


def test_memory(world):
    """The Nth allocation of the module fails, each in turn."""
    service = world.module(also=['auth required pam_permit.so',
                                 'account required pam_permit.so'])
    seen = set()
    for number in range(1, 40):
        world.listener.answer = granted('alice')
        got = world.run(service, phases=('auth', 'account'), environment={
            'PAM_TEST_FAIL': str(number)})
        bad = [code for code in got.codes.values() if code not in
               (SUCCESS, BUF_ERR, UNAVAIL)]
        seen.add((got.codes.get('auth'), got.codes.get('account')))
        if bad or len(got.codes) != 2:
            tap.ok(False, 'allocation %d' % number, got)
        world.listener.answer = refusal(401, 'not-live')
        got = world.run(service, environment={'PAM_TEST_FAIL': str(number)})
        if got.codes.get('auth') not in (AUTH_ERR, BUF_ERR, UNAVAIL):
            tap.ok(False, 'allocation %d, refused' % number, got)
    tap.ok((BUF_ERR, PERM_DENIED) not in seen and any(
        pair[0] == BUF_ERR for pair in seen) and (SUCCESS, SUCCESS) in seen,
        'memory that ends is never a yes nor a no', seen)


def test_many(world):
    world.listener.answer = granted('alice')
    got = world.run(world.module(), phases=('auth', 'account'),
                    arguments=('-t', '8', '-n', '50'))
    tap.ok('auth 0 x400' in got.out and 'account 0 x400' in got.out,
           '8 threads', got.out)


def test_lengths(world):
    """Every length of each alphabet, and 1 MB: no crash, none asked about
    but what has a shape."""
    world.listener.answer = refusal(401, 'malformed')
    service = world.module('policy=web deadline=5')
    bad = []
    for length in list(range(0, 80)) + [127, 128, 255, 256, 511, 512, 1023,
                                        1024, 4095, 4096, 8999, 9000, 16384,
                                        16385, 1000000]:
        for letter in ('A', '.', ' ', '\x7f'):
            got = world.run(service, password=letter * length)
            if got.codes != {'auth': AUTH_ERR} or got.status != 0:
                bad.append((length, letter, got))
    tap.ok(not bad, 'lengths', bad[:2])
    for what, text, told in (
            ('a token of 16385 bytes', ('eyJ' + 'x' * 9000 + '.' +
             'y' * 16384)[:16385 - 2] + '.z', True),
            ('a part of one', 'eyJ' + 'x' * 20000, True),
            ('what begins otherwise', 'x' * 20000, False)):
        world.listener.asked.clear()
        got = world.run(service, password=text)
        tap.ok(got.codes == {'auth': AUTH_ERR} and not world.listener.asked
               and ('over-limit: the credential has over 16384 bytes' in
                    got.log) == told, what + ' is not asked about', got)


def main():
    with pam_world.World() as world:
        for test in (test_verdicts, test_question, test_root,
                     test_spellings, test_second_user, test_long_names,
                     test_passwords, test_conversation, test_bad_answers,
                     test_nobody, test_foreign, test_account, test_env,
                     test_options, test_memory, test_many, test_lengths):
            test(world)
    tap.done()


main()
