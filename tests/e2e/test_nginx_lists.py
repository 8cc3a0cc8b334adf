"""A location with a list of its own in nginx: what it has replaces ours, and
still no client can call himself somebody, and no door is open; with the
include beside it nothing is lost."""

import base64

import nginx_backends
import nginx_module
import tap
import test_nginx_backends as backends_test
from checker import values

# kind of answer: location, and the include that may stand beside it
OWN = {
    'proxy_set_header': (
        'proxy_set_header X-Own own; proxy_pass http://@HTTP@;', 'proxy'),
    'proxy_set_header for websockets': (
        'proxy_http_version 1.1; proxy_set_header Connection upgrade; '
        'proxy_set_header Upgrade $http_upgrade; '
        'proxy_pass http://127.0.0.1:@WEBSOCKET@;', ''),
    'fastcgi_param': (
        'fastcgi_param X_OWN own; fastcgi_pass @FASTCGI@;', 'fastcgi'),
    'fastcgi_params of Debian': (
        'include /etc/nginx/fastcgi_params; fastcgi_pass @FASTCGI@;', ''),
    'snippets/fastcgi-php.conf of Debian': (
        'include /etc/nginx/snippets/fastcgi-php.conf; '
        'fastcgi_pass unix:@PHP@;', ''),
    'uwsgi_param': (
        'uwsgi_param X_OWN own; uwsgi_pass unix:@UWSGI@;', 'uwsgi'),
    'uwsgi_params of Debian': (
        'include /etc/nginx/uwsgi_params; uwsgi_pass unix:@UWSGI@;', ''),
    'scgi_param': (
        'scgi_param X_OWN own; scgi_pass unix:@SCGI@;', 'scgi'),
    'grpc_set_header': (
        'grpc_set_header X-Own own; grpc_pass grpc://127.0.0.1:@GRPC@;',
        'grpc'),
    'error_page': (
        'error_page 401 403 500 502 503 =200 /public/page.txt; '
        'proxy_pass http://@HTTP@;', 'proxy'),
    'error_page 404': (
        'error_page 404 /public/page.txt; proxy_pass http://@HTTP@;',
        'proxy'),
    'auth_request_set': (
        'auth_request_set $own $upstream_http_x_authgear_user_id; '
        'proxy_pass http://@HTTP@;', 'proxy'),
    'return of an if that is not taken': (
        'if ($arg_own) { return 404; } proxy_pass http://@HTTP@;', 'proxy'),
    'limit_except': (
        'limit_except GET { allow all; } proxy_pass http://@HTTP@;',
        'proxy'),
}
BLOCK = '''server {
include @%(include)s@/authgear-server.conf;
@LISTEN@ %(protocol)s
underscores_in_headers on;
ignore_invalid_headers off;
root @WWW@;
auth_request /_authgear/%(policy)s;
location /public/ { auth_request off; }
%(locations)s
}
'''
# A spelling for each server that hands it over.
SPELLINGS = ('X-Authgear-User-Id', 'X_Authgear_User_Id', 'Remote-User',
             'X-Authgear_User-Id', 'x_remote_user', 'REMOTE_USER',
             'X.Authgear.User.Id', 'X-Authgear-Decision')
BASIC = 'Basic ' + base64.b64encode(b'root:x').decode()


def path_of(name, included):
    if 'grpc' in name:
        return nginx_backends.METHOD
    folder = list(OWN).index(name)
    if 'php' in name:
        return '/debian/show.php'
    return '/%s%d/x' % ('with' if included else 'own', folder)


def locations(grpc):
    """A location for each, without and with the include."""
    text = ''
    for name, (lines, include) in OWN.items():
        if 'grpc' in name:
            if grpc:
                text += 'location /authgear.Show/ { %s%s }\n' % (
                    'include @INCLUDES@/authgear-grpc.conf; '
                    if grpc == 'with' else '', lines)
            continue
        where = '~ ^/debian/.+\\.php' if 'php' in name else \
            path_of(name, False)
        text += 'location %s { %s }\n' % (where, lines)
        if include:
            text += 'location %s { include @INCLUDES@/authgear-%s.conf; ' \
                '%s }\n' % (path_of(name, True), include, lines)
    return text


def all_blocks():
    text, order = '', []
    for policy in ('default', 'open', 'basic', 'login'):
        for include in ('INCLUDES', 'DOWN'):
            for protocol, grpc in (('', ''), ('http2', 'own'),
                                   ('http2', 'with')):
                text += BLOCK % {
                    'include': include, 'policy': policy,
                    'protocol': protocol and 'http2;',
                    'locations': locations(grpc)}
                order.append((policy, include, grpc))
    return text, order


def ask(world, name, included, policy='default', include='INCLUDES',
        token=None, headers=()):
    headers = list(headers)
    if token:
        headers.append(('Authorization', 'Bearer ' + token))
    grpc = '' if 'grpc' not in name else 'with' if included else 'own'
    port = world.ports[policy, include, grpc]
    path = path_of(name, included)
    if grpc:
        return backends_test.ask_grpc(port, path, headers)
    if 'websocket' in name:
        return backends_test.ask_websocket(port, path, headers)
    answer = backends_test.checker.ask(port, path, headers=headers)
    shown = answer.shown()
    if world.face == 'module':
        shown = nginx_module.named(shown)
    return backends_test.Answer(answer.status, answer.headers, shown,
                                answer.body)


def closed(world, name, included):
    """Forged, in whatever spelling; nobody; and without the daemon."""
    called = name + (', with the include' if included else '')
    token = world.token()
    cookie = ('Cookie', 'app_access_token=' + token)
    before = world.site.runs()
    wrong = []
    for spelling in SPELLINGS:
        if 'grpc' in name and spelling != spelling.lower():
            spelling = spelling.lower()
        for policy, who in (('default', token), ('default', None),
                            ('open', None), ('basic', token)):
            answer = ask(world, name, included, policy, token=who,
                         headers=[(spelling, 'mallory')])
            if answer.shown or b'mallory' in answer.body:
                wrong.append((spelling, policy, str(answer)))
    tap.ok(not wrong, called + ': no forged name', wrong[:3])
    for what, headers in (('nobody', []), ('Basic', [('Authorization',
                                                      BASIC)])):
        answer = ask(world, name, included, headers=headers)
        tap.ok(answer.shown is None and (
            answer.status == 401 or 'error_page' in name),
            '%s: closed to %s' % (called, what), answer)
    for who in (token, None):
        answer = ask(world, name, included, include='DOWN', token=who)
        tap.ok(answer.shown is None and (
            answer.status >= 500 or 'error_page' in name),
            called + ': closed without the daemon', answer)
    tap.equal(world.site.runs(), before, called + ': it never ran')
    for policy, headers in (
            ('default', [cookie, ('Authorization', BASIC)]),
            ('open', [('Authorization', BASIC)])):
        answer = ask(world, name, included, policy, headers=headers)
        shown = answer.shown or {'env': []}
        names = [value for each in ('REMOTE_USER', 'Remote-User',
                                    'AUTHGEAR_USER_ID')
                 for value in values(shown, each)]
        tap.ok('root' not in names, '%s: Basic names nobody, %s' % (
            called, policy), answer)
        # 500 in place of 400: what a list of the location's own loses
        tap.ok(answer.status in ((200,) if included else (200, 400, 500)),
               '%s: with an old Basic header, %s' % (called, policy), answer)


def kept_by_the_module(world, name, included):
    """No list of the location's own takes anything of it away."""
    called = name + (', with the include' if included else '')
    answer = ask(world, name, included, token=world.token())
    shown = answer.shown or {'env': []}
    own = [value for each in ('Remote-User', 'HTTP_REMOTE_USER')
           for value in values(shown, each)]
    told = [value for each in ('X-Authgear-User-Id', 'AUTHGEAR_USER_ID')
            for value in values(shown, each)]
    names = set(values(shown, 'REMOTE_USER')) - {''}
    tap.ok(set(own) == {'login-alice'} and told == ['id-alice'] and
           names <= {'login-alice'} and (
               names or 'fastcgi' not in name or 'Debian' not in name),
           called + ': who it is, all the same', answer)
    answer = ask(world, name, included, include='DOWN', token=world.token())
    tap.ok(answer.status == 503 and answer.header('Retry-After'),
           called + ': 503 without the daemon, all the same', answer)
    answer = ask(world, name, included)
    tap.ok(answer.status == 401 and answer.header('X-Authgear-Reason') ==
           'no-credential' and answer.header('WWW-Authenticate'),
           called + ': why nobody is let in, all the same', answer)
    page = [('Accept', 'text/html')]
    answer = ask(world, name, included, 'login', headers=page) \
        if 'grpc' not in name else backends_test.ask_curl(
            world.ports['login', 'INCLUDES', 'with' if included else 'own'],
            path_of(name, included), page)
    tap.ok(answer.status == 302 and '/oauth2/authorize?' in (
        answer.header('Location') or ''),
        called + ': a page goes to the login, all the same', answer)


def granted(world, name, included):
    called = name + (', with the include' if included else '')
    answer = ask(world, name, included, token=world.token())
    tap.ok(answer.status == 200 and answer.shown is not None,
           called + ': a good one passes', answer)
    if world.face == 'module':
        kept_by_the_module(world, name, included)
    if not included:
        return
    tap.ok(backends_test.is_alice(answer), called + ': who it is', answer)
    if 'X-Own own' in OWN[name][0] or 'X_OWN own' in OWN[name][0]:
        got = values(answer.shown, 'X-Own') + values(answer.shown, 'X_OWN')
        tap.ok(set(got) == {'own'}, called + ": the location's own", got)


def main():
    policies = {
        'default': {'remote_user': 'claim:' + backends_test.LOGIN},
        'open': {'unauthenticated': 'pass'},
        'basic': {'accept_basic': 'yes'},
        'login': backends_test.POLICIES['login']}
    for face in nginx_module.faces():
        tap.note('face: ' + face)
        with backends_test.running({'validate': 'hybrid'}, policies,
                                   *all_blocks(), face) as world:
            for name, (_, include) in OWN.items():
                for included in (False, True) if include else (False,):
                    granted(world, name, included)
                    closed(world, name, included)
    tap.done()


if __name__ == '__main__':
    main()
