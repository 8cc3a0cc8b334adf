"""What a policy says besides rules, packet by packet: requests without a
credential, CORS preflight, Basic passwords, the account map, claims told."""

import base64

import fastcgi
import gate
import tap

AUTHORIZER, RESPONDER = fastcgi.AUTHORIZER, fastcgi.RESPONDER
NAME = 'https://example.com/team-name'
POLICIES = {
    'default': {},
    'open': {'unauthenticated': 'pass', 'export': 'email ' + NAME},
    'cors': {'cors_preflight': 'pass'},
    'basic': {'accept_basic': 'yes'},
    'map': {'remote_user': 'map', 'accept_basic': 'yes'},
    'openmap': {'remote_user': 'map', 'unauthenticated': 'pass'},
}
BASIC = 'Basic realm="authgear", charset="UTF-8"'
BEARER = 'Bearer realm="authgear"'
PREFLIGHT = [('REQUEST_METHOD', 'OPTIONS'),
             ('HTTP_ORIGIN', 'https://app.example'),
             ('HTTP_ACCESS_CONTROL_REQUEST_METHOD', 'PUT')]
OPAQUE = 'K7dQ2mZx9LwB4vTn8RcY1sHj6FpG3aEu'


def passed(answer, role, policy, name):
    """200, and nobody."""
    prefix = 'variable-authgear_' if role == AUTHORIZER else 'x-authgear-'
    request_id = 'request_id' if role == AUTHORIZER else 'request-id'
    headers = dict(answer.headers) if answer else {}
    headers.pop('status', None)
    return tap.ok(
        answer is not None and answer.status == 200 and not answer.body and
        set(headers) == {prefix + 'decision', prefix + 'policy',
                         prefix + request_id} and
        headers[prefix + 'decision'] == 'pass' and
        headers[prefix + 'policy'] == policy, name, repr(answer))


def refused(answer, status, reason, name, challenge=None):
    headers = answer.headers if answer else {}
    return tap.ok(
        answer is not None and answer.status == status and
        headers.get('x-authgear-reason') == reason and
        (challenge is None or
         headers.get('www-authenticate') == challenge) and
        b'Variable-' not in answer.raw, name, repr(answer))


def ask(address, role, policy, *more):
    return fastcgi.ask(address, [('AUTHGEAR_POLICY', policy)] + list(more),
                       role)


def bearer(token):
    return ('HTTP_AUTHORIZATION', 'Bearer ' + token)


def basic(user, password):
    text = ('%s:%s' % (user, password)).encode('utf-8')
    return ('HTTP_AUTHORIZATION',
            'Basic ' + base64.b64encode(text).decode('ascii'))


def test_pass(sim, address):
    expired = sim.token(clock_offset=-7200)
    for role in (AUTHORIZER, RESPONDER):
        def called(what):
            return '%s: %s' % ('authorizer' if role == AUTHORIZER else
                               'responder', what)
        passed(ask(address, role, 'open'), role, 'open',
               called('no credential'))
        passed(ask(address, role, 'open', ('REMOTE_USER', 'forged'),
                   ('AUTHGEAR_USER_ID', 'forged'),
                   ('HTTP_COOKIE', 'session=flask')), role, 'open',
               called('of another application'))
        for name, sent in (
                ('malformed', bearer('nonsense')),
                ('expired', bearer(expired)),
                ('bad-signature', bearer(sim.token(tamper='signature'))),
                ('needs-resolver', bearer(OPAQUE)),
                ('needs-resolver', ('HTTP_COOKIE', 'app_session=' + OPAQUE)),
                ('malformed', ('HTTP_AUTHORIZATION', 'Bearer'))):
            refused(ask(address, role, 'open', sent), 401, name,
                    called('not with what is refused as ' + name))
        refused(ask(address, role, 'default'), 401, 'no-credential',
                called('not where the policy does not say so'), BEARER)
        refused(ask(address, role, 'nothing'), 403, 'policy-unknown',
                called('not without a policy'))
        for software in ('Apache/2.4.71 (Debian)', 'Apache'):
            refused(ask(address, role, 'open',
                        ('SERVER_SOFTWARE', software)), 401, 'no-credential',
                    called('not to ' + software), BEARER)
        passed(ask(address, role, 'open',
                   ('SERVER_SOFTWARE', 'nginx/1.22.1')), role, 'open',
               called('to nginx'))


def test_preflight(sim, address):
    for role in (AUTHORIZER, RESPONDER):
        passed(ask(address, role, 'cors', *PREFLIGHT), role, 'cors',
               'preflight as %d' % role)
        refused(ask(address, role, 'default', *PREFLIGHT), 401,
                'no-credential', 'preflight denied as %d' % role)
        refused(ask(address, role, 'cors', *PREFLIGHT,
                    ('SERVER_SOFTWARE', 'Apache')), 401, 'no-credential',
                'preflight at Apache as %d' % role)
    refused(ask(address, RESPONDER, 'cors', *PREFLIGHT, bearer('x')), 401,
            'malformed', 'preflight with a bad credential')
    for left_out in range(3):
        few = [pair for i, pair in enumerate(PREFLIGHT) if i != left_out]
        refused(ask(address, AUTHORIZER, 'cors', *few), 401, 'no-credential',
                'no preflight without ' + PREFLIGHT[left_out][0])
        few = [(key, '') if i == left_out else (key, value)
               for i, (key, value) in enumerate(PREFLIGHT)]
        refused(ask(address, AUTHORIZER, 'cors', *few), 401, 'no-credential',
                'no preflight with an empty ' + PREFLIGHT[left_out][0])
    for name in ('HTTP_ORIGIN', 'HTTP_ACCESS_CONTROL_REQUEST_METHOD',
                 'SERVER_SOFTWARE'):
        refused(ask(address, AUTHORIZER, 'cors', (name, 'a'), (name, 'a')),
                500, 'reply-unsendable', name + ' twice')


def granted(answer, user, name):
    return tap.ok(answer is not None and answer.status == 200 and
                  answer.headers.get('variable-remote_user') == user, name,
                  repr(answer))


def test_basic(sim, address):
    token = sim.token(sub='lena-id')
    granted(ask(address, AUTHORIZER, 'basic', basic('lena-id', token)),
            'lena-id', 'a token as password')
    granted(ask(address, AUTHORIZER, 'basic', bearer(token)), 'lena-id',
            'Bearer still')
    refused(ask(address, AUTHORIZER, 'basic', basic('tom-id', token)), 403,
            'wrong-account', 'another name')
    refused(ask(address, AUTHORIZER, 'basic', basic('', token)), 403,
            'wrong-account', 'no name')
    refused(ask(address, AUTHORIZER, 'basic'), 401, 'no-credential',
            'the challenge is Basic', BASIC)
    refused(ask(address, AUTHORIZER, 'basic', basic('lena-id', 'secret')),
            401, 'malformed', 'a password', BASIC)
    refused(ask(address, AUTHORIZER, 'basic',
                basic('lena-id', sim.token(clock_offset=-7200))), 401,
            'expired', 'an expired token', BASIC)
    refused(ask(address, AUTHORIZER, 'default', basic('lena-id', token)),
            401, 'no-credential', 'not where the policy says nothing',
            BEARER)
    refused(ask(address, AUTHORIZER, 'basic',
                ('HTTP_AUTHORIZATION', 'Basic !'),
                ('HTTP_COOKIE', 'app_access_token=' + token)), 401,
            'malformed', 'no fall back to a cookie')


def test_map(site, sim, address):
    token = sim.token(sub='lena-id')
    refused(ask(address, AUTHORIZER, 'map', bearer(token)), 403,
            'wrong-account', 'no account yet')
    tap.equal(site.cache('map', 'add', 'lena-id', 'lena',
                         check=False).returncode, 0, 'map add')
    granted(ask(address, AUTHORIZER, 'map', bearer(token)), 'lena',
            'the account, at once')
    granted(ask(address, AUTHORIZER, 'map', basic('lena', token)), 'lena',
            'the account and the token')
    refused(ask(address, AUTHORIZER, 'map', basic('lena-id', token)), 403,
            'wrong-account', 'the user id is not the account')
    granted(ask(address, AUTHORIZER, 'default', bearer(token)), 'lena-id',
            'other policies do not ask the map')
    tap.equal(site.cache('map', 'remove', 'lena-id',
                         check=False).returncode, 0, 'map remove')
    refused(ask(address, AUTHORIZER, 'map', bearer(token)), 403,
            'wrong-account', 'no account any more, at once')
    refused(ask(address, AUTHORIZER, 'openmap', bearer(token)), 403,
            'wrong-account', 'whom nobody knows is not passed')


def test_export(sim, address):
    token = sim.token(claims={'email': 'l@example.com', NAME: 'Stra\xdfe'})
    answer = ask(address, AUTHORIZER, 'open', bearer(token))
    tap.ok(b'\r\nVariable-AUTHGEAR_CLAIM_EMAIL: l@example.com\r\n' in
           answer.raw and b'\r\nVariable-AUTHGEAR_CLAIM_HTTPS_EXAMPLE_COM_'
           b'TEAM_NAME: Stra\xc3\x9fe\r\n' in answer.raw,
           'claims to an authorizer', repr(answer))
    answer = ask(address, RESPONDER, 'open', bearer(token))
    tap.ok(b'\r\nX-Authgear-Claim-Email: l@example.com\r\n' in answer.raw and
           b'\r\nX-Authgear-Claim-Https-Example-Com-Team-Name: '
           b'Stra\xc3\x9fe\r\n' in answer.raw, 'claims to nginx',
           repr(answer))
    answer = ask(address, AUTHORIZER, 'open', bearer(sim.token()))
    tap.ok(answer.status == 200 and b'CLAIM' not in answer.raw,
           'claims that are not there', repr(answer))
    answer = ask(address, AUTHORIZER, 'default', bearer(token))
    tap.ok(answer.status == 200 and b'CLAIM' not in answer.raw,
           'claims that nobody exports', repr(answer))
    for value in ('a\r\nVariable-REMOTE_USER: forged', 'x\n', ' x', '\x7f'):
        answer = ask(address, AUTHORIZER, 'open',
                     bearer(sim.token(claims={'email': value})))
        refused(answer, 500, 'reply-unsendable', 'a claim %r' % value)


def main():
    with gate.Site(policies=POLICIES) as site:
        with site.daemon() as daemon:
            daemon.wait_for('keys fetched')
            test_pass(site.sim, daemon.path)
            test_preflight(site.sim, daemon.path)
            log = daemon.log()
            tap.ok('decision=pass' not in log,
                   'what is passed is no refusal in the log', log)
            test_basic(site.sim, daemon.path)
            test_map(site, site.sim, daemon.path)
            test_export(site.sim, daemon.path)
            tap.equal(daemon.stop(), 0, 'ends with 0')
        site.configure({'log_grants': 'yes'}, POLICIES)
        with site.daemon('logged') as daemon:
            ask(daemon.path, AUTHORIZER, 'open', ('REMOTE_ADDR', '192.0.2.7'))
            daemon.wait_for('decision=pass')
            line = [each for each in daemon.log().splitlines()
                    if 'decision=pass' in each][0]
            tap.ok('reason=no-credential' in line and 'policy=open' in line
                   and 'client_address=192.0.2.7' in line and
                   'meaning=' not in line, 'log_grants tells of it', line)
    tap.done()


if __name__ == '__main__':
    main()
