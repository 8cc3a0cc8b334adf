"""Identity that a client claims for itself, and headers too large, at the
daemon's own sockets: refused before anything else is judged."""

import fastcgi
import gate
import tap

ROLES = ((fastcgi.AUTHORIZER, 'authorizer'), (fastcgi.RESPONDER, 'responder'))
POLICIES = {
    'default': {},
    'behind': {'client_identity': 'ignore'},
    'open': {'unauthenticated': 'pass'},
    'basic': {'accept_basic': 'yes'},
    'cors': {'cors_preflight': 'pass'},
    'login': {'login_client': 'web',
              'login_return': 'http://127.0.0.1:9/authgear-login'},
}
CLAIMED = [('HTTP_X_AUTHGEAR_USER_ID', 'root'), ('HTTP_REMOTE_USER', 'root'),
           ('HTTP_X_REMOTE_USER', 'x'), ('HTTP_X_FORWARDED_USER', 'x'),
           ('HTTP_X_AUTHGEAR_DECISION', 'granted'),
           ('HTTP_X_AUTHGEAR_CLAIM_TEAM', 'x'),
           ('HTTP_X.AUTHGEAR.USER_ID', 'root'), ('http_remote_user', 'root'),
           ('AUTHGEAR_FORGED_IDENTITY', '1')]
PAGE = [('HTTP_ACCEPT', 'text/html'), ('HTTP_SEC_FETCH_MODE', 'navigate')]
PREFLIGHT = [('HTTP_ORIGIN', 'https://a.example'),
             ('HTTP_ACCESS_CONTROL_REQUEST_METHOD', 'PUT')]


def ask(where, policy, more=(), token=None, role=fastcgi.AUTHORIZER,
        method='GET'):
    params = [('REQUEST_METHOD', method), ('REQUEST_URI', '/'),
              ('REMOTE_ADDR', '192.0.2.7')]
    if policy is not None:
        params.append(('AUTHGEAR_POLICY', policy))
    if token:
        params.append(('HTTP_AUTHORIZATION', 'Bearer ' + token))
    return fastcgi.ask(where, params + list(more), role)


def is_refused(answer, reason='forged-identity'):
    headers = answer.headers
    return (answer.raw.startswith(b'Status: 400 Bad Request\r\n') and
            headers.get('x-authgear-reason') == reason and
            headers.get('x-authgear-decision') == 'denied' and
            len(headers.get('x-authgear-request-id', '')) == 16 and
            'www-authenticate' not in headers and
            'location' not in headers and
            'x-authgear-login' not in headers and
            b'root' not in answer.raw)


def test_refused(where, token):
    for role, called in ROLES:
        for claim in CLAIMED:
            for policy, cred, more, method in (
                    ('default', None, [], 'GET'),
                    ('default', token, [], 'GET'),
                    ('default', 'nonsense', [], 'GET'),
                    ('open', None, [], 'GET'),
                    ('cors', None, PREFLIGHT, 'OPTIONS'),
                    ('login', None, PAGE, 'GET'),
                    ('unknown', token, [], 'GET'), (None, token, [], 'GET')):
                answer = ask(where, policy, [claim] + more, cred, role,
                             method)
                tap.ok(is_refused(answer), '%s: %s under %s, %s' % (
                    called, claim[0], policy, 'a token' if cred == token else
                    cred), answer.raw)
        answer = ask(where, 'behind', [('AUTHGEAR_POLICY', 'behind'),
                                       CLAIMED[0]], token, role)
        tap.ok(is_refused(answer), called + ': a policy named twice is none '
               'that ignores', answer.raw)


def test_not_refused(where, token):
    for role, called in ROLES:
        for claim in CLAIMED:
            answer = ask(where, 'behind', [claim], token, role)
            tap.ok(answer.status == 200 and b'root' not in answer.raw,
                   '%s: %s is ignored' % (called, claim[0]), answer.raw)
            answer = ask(where, 'behind', [claim], None, role)
            tap.equal((answer.status, answer.headers['x-authgear-reason']),
                      (401, 'no-credential'),
                      '%s: %s is not believed' % (called, claim[0]))
        for name, _ in CLAIMED:
            tap.equal(ask(where, 'default', [(name, '')], token, role).status,
                      200, '%s: an empty %s is none' % (called, name))


def test_basic_name(where, token):
    """A name of HTTP Basic that the server would tell the application."""
    name = ('AUTHGEAR_BASIC_USER', 'root')
    cookie = ('HTTP_COOKIE', 'app_access_token=' + token)
    for role, called in ROLES:
        for policy, more, cred in (
                ('default', [cookie], None), ('open', [], None),
                ('default', [], token), ('open', [cookie], None)):
            tap.equal(ask(where, policy, more, cred, role).status, 200,
                      '%s: %s lets them in' % (called, policy))
            for names in ([name], [name, name]):
                answer = ask(where, policy, more + names, cred, role)
                tap.ok(is_refused(answer), '%s: not under another name, %s' %
                       (called, policy), answer.raw)
        for policy in ('behind', 'basic'):
            answer = ask(where, policy, [cookie, name], None, role)
            tap.equal(answer.status, 200, '%s: %s does not mind' % (
                called, policy))
        answer = ask(where, 'default', [name], None, role)
        tap.equal((answer.status, answer.headers['x-authgear-reason']),
                  (401, 'no-credential'),
                  called + ': what is refused is refused as ever')
        answer = ask(where, 'default', [cookie, (name[0], '')], None, role)
        tap.equal(answer.status, 200, called + ': an empty name is none')


def test_large(where, token):
    for role, called in ROLES:
        for size, chunk in ((65600, 65528), (70000, 16384), (300000, 16384),
                            (1500000, 65528), (90000, 100)):
            answer = ask_in(where, size, chunk, token, role)
            tap.ok(is_refused(answer, 'headers-too-large'),
                   '%s: %d bytes in pieces of %d' % (called, size, chunk),
                   answer and answer.raw)
        answer = ask_in(where, 65000, 65528, token, role)
        tap.equal(answer.status, 200, called + ': 65,000 bytes are taken')


def ask_in(where, size, chunk, token, role):
    params = {'AUTHGEAR_POLICY': 'default', 'REQUEST_METHOD': 'GET',
              'HTTP_AUTHORIZATION': 'Bearer ' + token}
    params['HTTP_X_LONG'] = 'x' * (size - len(fastcgi.pairs(params)) - 16)
    with fastcgi.connect(where) as peer:
        peer.sendall(fastcgi.request(params, role, chunk=chunk))
        return fastcgi.receive(peer)


def main():
    with gate.Site({'validate': 'hybrid'}, POLICIES) as site, \
            site.daemon() as daemon:
        token = site.sim.token(session=True)
        gate.until(lambda: ask(daemon.path, 'default', token=token).status ==
                   200, 'the keys')
        test_refused(daemon.path, token)
        test_not_refused(daemon.path, token)
        test_basic_name(daemon.path, token)
        test_large(daemon.path, token)
        test_large(('127.0.0.1', daemon.port), token)
        log = daemon.log()
        tap.ok('reason=forged-identity' in log and
               'it came as HTTP_REMOTE_USER' in log and
               'client_identity = ignore' in log and
               'reason=headers-too-large' in log and
               token.split('.')[2] not in log,
               'the log says which header, and what to do', log[-3000:])
    tap.done()


main()
