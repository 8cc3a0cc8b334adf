"""authgear-fcgi packet by packet: each role and class of credential, the
parameters that are read, exact challenges, the log."""

import base64
import json
import os
import re
import signal
import subprocess
import time

import fastcgi
import gate
import tap

AUTHORIZER, RESPONDER = fastcgi.AUTHORIZER, fastcgi.RESPONDER
ROLES = ((AUTHORIZER, 'authorizer'), (RESPONDER, 'responder'))
POLICIES = {
    'default': {},
    'admins': {'require_role': 'admin'},
    'scoped': {'require_scope': 'openid photos'},
    'fresh': {'max_authentication_age': '300'},
    'machines': {'clients': 'm2m1'},
    'verified': {'verified_only': 'yes'},
    'basic': {'accept_basic': 'yes'},
}
BARE = 'Bearer realm="authgear"'
INVALID = BARE + ', error="invalid_token"'
FACTS = {
    'variable-remote_user': 'x-authgear-remote-user',
    'variable-authgear_decision': 'x-authgear-decision',
    'variable-authgear_policy': 'x-authgear-policy',
    'variable-authgear_user_id': 'x-authgear-user-id',
    'variable-authgear_client_id': 'x-authgear-client-id',
    'variable-authgear_scope': 'x-authgear-scope',
    'variable-authgear_user_roles': 'x-authgear-user-roles',
    'variable-authgear_user_anonymous': 'x-authgear-user-anonymous',
    'variable-authgear_user_verified': 'x-authgear-user-verified',
    'variable-authgear_user_can_reauthenticate':
        'x-authgear-user-can-reauthenticate',
    'variable-authgear_session_authenticated_at':
        'x-authgear-session-authenticated-at',
    'variable-authgear_expires_at': 'x-authgear-expires-at',
    'variable-authgear_request_id': 'x-authgear-request-id',
}
SECRETS = []
FLOOD = 1500


def params(token=None, policy='default', **more):
    out = []
    if policy is not None:
        out.append(('AUTHGEAR_POLICY', policy))
    if token is not None:
        SECRETS.append(token)
        out.append(('HTTP_AUTHORIZATION', 'Bearer ' + token))
    out += [('REQUEST_METHOD', 'GET'), ('REQUEST_URI', '/x?token=secret'),
            ('REMOTE_ADDR', '192.0.2.7')]
    return out + list(more.items())


def refused(answer, status, reason, name, challenge=None):
    """Everything a refusal must be."""
    if answer is None or not answer.ended:
        return tap.ok(False, name, 'no whole answer: %r' % (answer,))
    headers = answer.headers
    decision = {401: 'denied', 403: 'forbidden'}.get(status, 'undecided')
    try:
        body = json.loads(answer.body.decode('ascii'))
    except ValueError:
        body = {}
    held = (answer.raw.startswith(b'Status: %d ' % status) and
            answer.raw.count(b'Status:') == 1 and
            headers.get('x-authgear-reason') == reason and
            headers.get('x-authgear-decision') == decision and
            headers.get('content-type') == 'application/json' and
            headers.get('cache-control') == 'no-store' and
            ('retry-after' in headers) == (status == 503) and
            body.get('reason') == reason and
            body.get('request_id') == headers.get('x-authgear-request-id')
            and len(answer.raw) < 3500 and answer.body[:1] == b'{' and
            b'Variable-' not in answer.raw)
    if status == 401 and challenge is None:
        challenge = INVALID
    held = held and headers.get('www-authenticate') == challenge
    return tap.ok(held, name, 'wanted %s %s %s, got %r' % (
        status, reason, challenge, answer.raw))


def granted(answer, role, claims, name, policy='default'):
    if answer is None or answer.status != 200:
        return tap.ok(False, name, repr(answer))
    wanted = {
        'variable-remote_user': claims['sub'],
        'variable-authgear_decision': 'granted',
        'variable-authgear_policy': policy,
        'variable-authgear_user_id': claims['sub'],
        'variable-authgear_client_id': claims['client_id'],
        'variable-authgear_expires_at': str(claims['exp']),
        'variable-authgear_request_id': None,
    }
    if role == RESPONDER:
        wanted = {FACTS[key]: value for key, value in wanted.items()}
    missing = [key for key, value in wanted.items()
               if key not in answer.headers or
               value not in (None, answer.headers[key])]
    strange = [key for key in answer.headers if key != 'status' and
               not key.startswith('variable-' if role == AUTHORIZER
                                  else 'x-authgear-')]
    return tap.ok(not missing and not strange and not answer.body and
                  answer.raw.startswith(b'Status: 200 OK\r\n'), name,
                  'missing %r strange %r in %r' % (missing, strange,
                                                   answer.raw))


def payload(token):
    part = token.split('.')[1]
    return json.loads(base64.urlsafe_b64decode(part + '=' * (-len(part) % 4)))


def test_credentials(sim, address):
    good = sim.token(roles=['admin', 'editor'])
    now = int(time.time())
    cases = [
        ('no credential', None, 401, 'no-credential', BARE),
        ('not a token', 'nonsense', 401, 'malformed', INVALID),
        ('ID token', sim.token(kind='id'), 401, 'wrong-type', INVALID),
        ('expired', sim.token(clock_offset=-7200), 401, 'expired', INVALID),
        ('not yet valid', sim.token(claims={
            'iat': now + 3600, 'nbf': now + 3600, 'exp': now + 7200}), 401,
         'not-yet-valid', INVALID),
        ('other issuer', sim.token(claims={'iss': 'https://other.example'}),
         401, 'wrong-issuer', INVALID),
        ('other audience', sim.token(claims={
            'aud': ['https://other.example']}), 401, 'wrong-audience',
         INVALID),
        ('no jti', sim.token(drop=['jti']), 401, 'missing-claim', INVALID),
        ('alg none', sim.token(alg='none'), 401, 'bad-algorithm', INVALID),
        ('alg HS256', sim.token(alg='HS256-pem'), 401, 'bad-algorithm',
         INVALID),
        ('signature changed', sim.token(tamper='signature'), 401,
         'bad-signature', INVALID),
        ('payload changed', sim.token(tamper='payload'), 401, None, INVALID),
        ('opaque token', 'aB3' * 10 + 'xy', 401, 'needs-resolver', INVALID),
    ]
    for role, called in ROLES:
        granted(fastcgi.ask(address, params(good), role), role,
                payload(good), called + ': a good token')
        for name, token, status, reason, challenge in cases:
            answer = fastcgi.ask(address, params(token), role)
            if reason is None:
                reason = answer.headers.get('x-authgear-reason')
            refused(answer, status, reason, '%s: %s' % (called, name),
                    challenge)
    answer = fastcgi.ask(address, params(good), RESPONDER)
    tap.equal((answer.headers.get('x-authgear-session-valid'),
               answer.headers.get('x-authgear-user-roles')),
              ('true', 'admin,editor'), 'responder: session and roles')
    cookie = [('AUTHGEAR_POLICY', 'default'),
              ('HTTP_COOKIE', 'a=b; app_access_token="%s"' % good)]
    granted(fastcgi.ask(address, cookie), AUTHORIZER, payload(good),
            'a JWT in the cookie')
    refused(fastcgi.ask(address, cookie + [('HTTP_AUTHORIZATION',
                                            'Bearer x')]),
            401, 'malformed', 'a bad bearer never falls back to a cookie')
    refused(fastcgi.ask(address, [
        ('AUTHGEAR_POLICY', 'default'),
        ('HTTP_AUTHORIZATION', 'Bearer %s, Bearer %s' % (good, good))]),
            401, 'malformed', 'two headers joined')


def test_policies(sim, address):
    user = sim.token(roles=['editor'])
    for role, called in ROLES:
        def ask(token, policy):
            return fastcgi.ask(address, params(token, policy), role)
        refused(ask(user, None), 403, 'policy-missing',
                called + ': no policy named')
        refused(ask(user, ''), 403, 'policy-missing',
                called + ': an empty policy')
        refused(ask(user, 'nothing'), 403, 'policy-unknown',
                called + ': unknown policy')
        refused(ask(user, 'Default'), 403, 'policy-unknown',
                called + ': case counts')
        refused(ask(user, 'default '), 403, 'policy-unknown',
                called + ': blanks count')
        refused(ask(user, 'admins'), 403, 'role-missing',
                called + ': role missing')
        refused(ask(user, 'scoped'), 403, 'scope-missing',
                called + ': scope missing', BARE +
                ', error="insufficient_scope", scope="openid photos"')
        old = sim.token(claims={'auth_time': int(time.time()) - 9000})
        refused(ask(old, 'fresh'), 401, 'authentication-too-old',
                called + ': old login', BARE +
                ', error="insufficient_user_authentication", max_age="300"')
        machine = sim.token(kind='m2m', client_id='m2m1',
                            claims={'aud': [sim.url]})
        refused(ask(machine, 'default'), 403, 'client-not-allowed',
                called + ': a machine needs to be named')
        granted(ask(machine, 'machines'), role, payload(machine),
                called + ': a machine that is named', 'machines')
        refused(ask(user, 'machines'), 403, 'client-not-allowed',
                called + ': another client')


def test_parameters(sim, address):
    good = sim.token()
    bearer = ('HTTP_AUTHORIZATION', 'Bearer ' + good)
    policy = ('AUTHGEAR_POLICY', 'default')

    def broken(answer, name):
        tap.ok(answer is None or (answer.status == 500 and
                                  answer.raw.startswith(b'Status: 500')),
               name, repr(answer))

    for role, called in ROLES:
        def ask(*more):
            return fastcgi.ask(address, list(more), role)
        refused(ask(policy, policy, bearer), 403, 'policy-unknown',
                called + ': AUTHGEAR_POLICY twice, equal')
        refused(ask(policy, ('AUTHGEAR_POLICY', 'admins'), bearer), 403,
                'policy-unknown', called + ': AUTHGEAR_POLICY twice')
        for name in ('HTTP_AUTHORIZATION', 'HTTP_COOKIE', 'REQUEST_METHOD',
                     'REQUEST_URI', 'REMOTE_ADDR', 'HTTP_HOST'):
            value = bearer[1] if name == 'HTTP_AUTHORIZATION' else 'x'
            rest = [] if name == 'HTTP_AUTHORIZATION' else [bearer]
            refused(ask(policy, (name, value), (name, value), *rest), 500,
                    'reply-unsendable', '%s: %s twice' % (called, name))
            broken(ask(policy, (name, value + '\0'), *rest),
                   '%s: NUL in %s' % (called, name))
        broken(ask(('AUTHGEAR_POLICY', 'default\0'), bearer),
               called + ': NUL in the policy')
        refused(ask(policy, ('HTTP_AUTHORIZATION', '')), 401,
                'no-credential', called + ': empty Authorization', BARE)
        refused(ask(policy, ('HTTP_COOKIE', '')), 401, 'no-credential',
                called + ': empty Cookie', BARE)
        answer = ask(policy, bearer, ('REMOTE_USER', 'root'),
                     ('AUTHGEAR_USER_ID', 'root'),
                     ('AUTHGEAR_DECISION', 'granted'))
        granted(answer, role, payload(good),
                called + ': identity in parameters is not obeyed')


def test_unsendable(sim, address):
    for name, more in (
            ('blank before the user id', {'claims': {'sub': ' root'}}),
            ('comma in a role', {'roles': ['user,admin']}),
            ('a user id without room', {'claims': {'sub': 'u' * 2048}})):
        answer = fastcgi.ask(address, params(sim.token(**more)))
        tap.ok(answer is not None and answer.status in (401, 500) and
               b'Variable-' not in answer.raw, name + ' is not sent',
               repr(answer))
    answer = fastcgi.ask(address, params(sim.token(
        claims={'sub': 'u' * 2048})))
    refused(answer, 500, 'reply-unsendable', 'the reason is said')
    for role, called in ROLES:
        answer = fastcgi.ask(address, params(sim.token(
            roles=['r%058d' % i for i in range(90)])), role)
        before = 'variable-authgear_' if role == AUTHORIZER else 'x-authgear-'
        got = {name.replace('_', '-'): value for name, value in
               answer.headers.items() if name.startswith(before)}
        before = before.replace('_', '-')
        tap.ok(answer.status == 200 and
               got.get(before + 'user-roles-omitted') == '1' and
               before + 'user-roles' not in got and
               before + 'omitted' not in got and
               before + 'scope' in got and
               len(answer.raw) < 3500, called + ': roles without room',
               repr(answer))


LIMITS = (
    ('17 audiences', {'claims': {'aud': ['https://a.example/%d' % i
                                         for i in range(17)]}},
     'its claim aud has 17 words, and 16 is the most'),
    ('257 roles', {'roles': ['r%d' % i for i in range(257)]},
     'roles has 257 words, and 256 is the most'),
    ('257 scopes', {'claims': {'scope': ' '.join(map(str, range(257)))}},
     'its claim scope has 257 words, and 256 is the most'),
    ('a role of 2049 bytes', {'roles': ['r' * 2049]},
     'roles has 2049 bytes, or a word of it has, and 2048 is the most'),
    ('a user id of 2049 bytes', {'claims': {'sub': 'u' * 2049}},
     'its claim sub has 2049 bytes, or a word of it has, and 2048 is the '
     'most'),
    ('32 levels in a claim', {'claims': {'deep': json.loads(
        '[' * 32 + ']' * 32)}},
     'its payload is JSON that is nested too deep (over 32)'),
    ('over max_credential', {'claims': {'pad': 'x' * 13000}},
     'bytes, and 16384 is the most (max_credential)'),
)


def test_limits(sim, daemon):
    """Each limit by its own words, whatever carries the token."""
    for what, members, words in LIMITS:
        token = sim.token(**members)
        SECRETS.append(token)
        basic = base64.b64encode(('x:' + token).encode()).decode()
        for carrier, pairs in (
                ('bearer', params(token)),
                ('cookie', params() + [('HTTP_COOKIE',
                                        'app_access_token=' + token)]),
                ('Basic', params(policy='basic') + [
                    ('HTTP_AUTHORIZATION', 'Basic ' + basic)])):
            answer = fastcgi.ask(daemon.path, pairs)
            line = [line for line in daemon.log().splitlines() if
                    'request=' + answer.headers['x-authgear-request-id']
                    in line]
            tap.ok((answer.status, answer.headers['x-authgear-reason']) ==
                   (401, 'over-limit') and len(line) == 1 and
                   words in line[0] and 'says nothing against it' in line[0],
                   '%s: %s' % (carrier, what), (answer, line))
    for what, members in (
            ('16 audiences', {'claims': {'aud': [sim.url] + [
                'https://a.example/%d' % i for i in range(15)]}}),
            ('256 roles', {'roles': ['r%d' % i for i in range(256)]}),
            ('a claim of 5000 bytes', {'claims': {'pad': 'x' * 5000}}),
            ('31 levels', {'claims': {'deep': json.loads(
                '[' * 31 + ']' * 31)}})):
        answer = fastcgi.ask(daemon.path, params(sim.token(**members)))
        tap.equal(answer.status, 200, 'not over a limit: ' + what)


def test_log(daemon):
    log = daemon.log()
    lines = [line for line in log.splitlines() if 'decision=' in line]
    tap.ok(len(lines) > 50, 'refusals are logged', len(lines))
    tap.ok(all(re.search(r' request=[0-9a-f]{16} ', line)
               for line in lines), 'each with its request id')
    parts = set()
    for secret in SECRETS:
        parts.add(secret)
        parts.update(part for part in secret.split('.') if len(part) > 40)
    found = [part for part in parts if part in log and len(part) > 8]
    tap.equal(found, [], 'no credential in the log')
    tap.ok('token=secret' not in log, 'no query in the log')
    tap.ok('client_address=192.0.2.7 method=GET' in log,
           'address and method are')
    tap.ok(all('left out: roles' in line for line in lines
               if 'decision=granted' in line), 'grants are not logged')


def test_flood(daemon):
    with fastcgi.connect(daemon.path) as peer:
        for _ in range(FLOOD):
            peer.sendall(fastcgi.request(params('flood.flood.flood'),
                                         keep=True))
            fastcgi.receive(peer)
    def counted():
        """(said one by one, counted instead)"""
        log = daemon.log()
        said = log.count(' reason=malformed policy')
        return said, sum(int(count) for count in re.findall(
            r'one by one: reason=malformed count=(\d+)', log))

    # The counts of the last second come with the next tick.
    gate.until(lambda: sum(counted()) >= FLOOD, 'the counts: %r' %
               (counted(),))
    tap.ok(counted()[1] > 0 or daemon.log().count('reason=malformed') >=
           FLOOD, 'a flood is counted, none forgotten', counted())


def test_process(site):
    with site.daemon('hard') as daemon:
        status = gate.read('/proc/%d/limits' % daemon.pid)
        core = [line for line in status.splitlines()
                if line.startswith('Max core')]
        tap.ok(core and core[0].split()[4:6] == ['0', '0'],
               'no core files', core)
        if os.geteuid() != 0 and not os.environ.get('AUTHGEAR_SANITIZERS'):
            tap.ok(not os.access('/proc/%d/mem' % daemon.pid, os.R_OK),
                   'not dumpable')
        tap.equal(daemon.stop(), 0, 'SIGTERM: 0')
        tap.ok(not os.path.exists(daemon.path), 'the socket file is gone')
    with site.daemon('second') as daemon:
        daemon.send(signal.SIGINT)
        tap.equal(daemon.wait(), 0, 'SIGINT: 0')
    program = tap.program('authgear-fcgi')
    for arguments, status, said in (
            (['--nonsense'], 2, '--nonsense: no such option'),
            (['--threads=2', '-x'], 2, '-x: no such option'),
            (['--json=1'], 2, '--json=1: '), (['-c'], 2, '-c: needs a value'),
            (['--listen'], 2, '--listen: needs a value'),
            (['x'], 2, 'unexpected'),
            (['--threads', '0'], 2, '--threads'), (['--json'], 2, '--json'),
            (['--log', 'x'], 2, '--log'), (['--help'], 0, ''),
            (['--version'], 0, ''),
            (['-c', site.folder + '/none.conf'], 1, 'none.conf'),
            (['-c', site.config], 1, 'nothing to listen on'),
            (['-c', site.config, '--listen', '0.0.0.0:80'], 2, '0.0.0.0'),
            (['-c', site.config, '--check-config'], 0, '')):
        run = subprocess.run([program] + arguments, timeout=60, check=False,
                             stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        tap.ok(run.returncode == status and said in run.stderr.decode(),
               'exit %d: %s' % (status, ' '.join(
                   os.path.basename(word) for word in arguments)),
               '%d %r' % (run.returncode, run.stderr))
    site.configure({'ca_file': site.folder + '/none.pem'})
    run = subprocess.run([program, '-c', site.config, '--check-config'],
                         timeout=60, check=False, stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    tap.ok(run.returncode == 1 and b'none.pem: No such file' in run.stderr,
           '--check-config refuses an absent ca_file', repr(run.stderr))
    with site.daemon('no-ca') as daemon:
        tap.ok('warning: ca_file ' in daemon.log(),
               'and the daemon warns of it', daemon.log())
    run = subprocess.run([program, '-c', site.folder + '/none.conf',
                          '--check-config'], timeout=60, check=False,
                         stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    tap.ok(run.returncode == 1 and b'--config' in run.stderr,
           'no settings: says what to do', repr(run.stderr))
    site.configure({'state': site.folder + '/other'})
    run = subprocess.run([program, '-c', site.config, '--listen',
                          '127.0.0.1:0'], timeout=60, check=False,
                         stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    tap.ok(run.returncode == 1 and b'authgear-cache init' in run.stderr,
           'no state: says what to run', repr(run.stderr))


def main():
    with gate.Site(policies=POLICIES) as site:
        with site.daemon() as daemon:
            daemon.wait_for('keys fetched')
            sim = site.sim
            test_credentials(sim, daemon.path)
            test_policies(sim, ('127.0.0.1', daemon.port))
            test_parameters(sim, daemon.path)
            test_unsendable(sim, daemon.path)
            test_limits(sim, daemon)
            test_log(daemon)
            test_flood(daemon)
            tap.equal(daemon.stop(), 0, 'ends with 0')
        test_process(site)
    tap.done()


if __name__ == '__main__':
    main()
