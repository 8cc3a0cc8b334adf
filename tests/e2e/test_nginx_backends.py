"""Every kind of application behind nginx with its include: who it is, what
is refused, and what the application never sees."""

import base64
import contextlib
import json
import os
import socket
import subprocess
import types

import grpc

import checker
import gate
import nginx_backends
import nginx_module
import nginx_site
import servers
import tap
from checker import values

LOGIN = 'https://example.com/login'
CLIENT = 'web'
# client_identity: what a client may not call itself
FORGED = ('Remote-User', 'X-Remote-User', 'X-Forwarded-User',
          'X-Authgear-User-Id', 'X-Authgear-Remote-User',
          'X-Authgear-Decision', 'X-Authgear-User-Roles',
          'X-Authgear-User-Roles-Omitted', 'X-Authgear-Omitted',
          'X-Authgear-Session-Valid', 'X-Authgear-Claim-Team',
          'X-Authgear-Anything')
CLEARED = ('X-Authgear-Login', 'X-Authgear-Reason',
           'X-Authgear-Login-Failed', 'X-Authgear-Session-Acr',
           'X-Authgear-Session-Amr')
OTHERS = ('Forwarded', 'Proxy')
# What an application is told, as AUTHGEAR_... or as X-Authgear-... .
FACTS = ('Policy', 'Client-Id', 'Scope', 'User-Roles', 'User-Anonymous',
         'User-Verified', 'User-Can-Reauthenticate', 'Expires-At',
         'Session-Authenticated-At', 'Request-Id')
POLICIES = {
    'default': {'remote_user': 'claim:' + LOGIN},
    'admin': {'remote_user': 'claim:' + LOGIN, 'require_role': 'admin'},
    'behind': {'remote_user': 'claim:' + LOGIN, 'client_identity': 'ignore'},
    'login': {'login_client': CLIENT,
              'login_return': 'http://127.0.0.1:9/authgear-login'},
    'open': {'unauthenticated': 'pass'},
}
LOCATIONS = '''
location /proxy/ { include @INCLUDES@/authgear-proxy.conf;
    proxy_pass http://@HTTP@; }
location /websocket/ { include @INCLUDES@/authgear-proxy.conf;
    proxy_pass http://127.0.0.1:@WEBSOCKET@; }
location /fastcgi/ { include @INCLUDES@/authgear-fastcgi.conf;
    fastcgi_pass @FASTCGI@; }
location ~ ^/php/.+\\.php(/|$) { include @INCLUDES@/authgear-php.conf;
    fastcgi_pass unix:@PHP@; }
location ~ ^/both/.+\\.php(/|$) {
    include /etc/nginx/snippets/fastcgi-php.conf;
    include @INCLUDES@/authgear-fastcgi.conf; fastcgi_pass unix:@PHP@; }
location /uwsgi/ { include @INCLUDES@/authgear-uwsgi.conf;
    uwsgi_pass unix:@UWSGI@; }
location /scgi/ { include @INCLUDES@/authgear-scgi.conf;
    scgi_pass unix:@SCGI@; }
location /authgear.Show/ { include @INCLUDES@/authgear-grpc.conf;
    grpc_pass grpc://127.0.0.1:@GRPC@; }
'''
BLOCK = '''server {
include @INCLUDES@/authgear-server.conf;
@LISTEN@
root @WWW@;
auth_request /_authgear/%s;
location /public/ { auth_request off; }
%s
}
'''
KINDS = {
    'proxy': '/proxy/x', 'websocket': '/websocket/x',
    'fastcgi': '/fastcgi/x', 'php': '/php/show.php/info',
    'both': '/both/show.php/info', 'uwsgi': '/uwsgi/x', 'scgi': '/scgi/x',
    'grpc': nginx_backends.METHOD}


class Answer:
    def __init__(self, status, headers, shown=None, body=b''):
        self.status, self.headers = status, headers
        self.shown, self.body = shown, body

    def header(self, name):
        return dict((key.lower(), value) for key, value in
                    self.headers).get(name.lower())

    def __str__(self):
        return '%s %s %r' % (self.status, self.headers, self.body[:400])


class World:
    """A simulator, a daemon, the applications and one nginx that has a
    server block for each policy."""

    def __init__(self, site, pages, daemon, nginx, order, face):
        self.gate, self.site, self.daemon = site, pages, daemon
        self.face = face
        self.ports = dict(zip(order, nginx.ports))
        self.nginx = nginx

    def token(self, **more):
        claims = dict({LOGIN: 'login-alice'}, **more.pop('claims', {}))
        return self.gate.sim.token(claims=claims, sub='id-alice',
                                   session=True, **more)

    def ask(self, kind, policy='default', token=None, headers=(), path=None):
        answer = self.ask_plainly(kind, policy, token, headers, path)
        if self.face == 'module':
            answer.shown = nginx_module.named(answer.shown)
        return answer

    def ask_plainly(self, kind, policy, token, headers, path):
        headers = list(headers)
        if token:
            headers.append(('Authorization', 'Bearer ' + token))
        if kind == 'grpc':
            return ask_grpc(self.ports[policy, 'http2'],
                            path or KINDS[kind], headers)
        if kind == 'websocket':
            return ask_websocket(self.ports[policy, ''],
                                 path or KINDS[kind], headers)
        answer = checker.ask(self.ports[policy, ''], path or KINDS[kind],
                             headers=headers)
        return Answer(answer.status, answer.headers, answer.shown(),
                      answer.body)


def ask_websocket(port, path, headers):
    """A handshake, and the one message that comes."""
    lines = ['GET %s HTTP/1.1' % path, 'Host: 127.0.0.1:%d' % port,
             'Upgrade: websocket', 'Connection: Upgrade',
             'Sec-WebSocket-Version: 13',
             'Sec-WebSocket-Key: ' + base64.b64encode(bytes(16)).decode()]
    lines += ['%s: %s' % header for header in headers]
    with socket.create_connection(('127.0.0.1', port), 60) as link:
        link.sendall(('\r\n'.join(lines) + '\r\n\r\n').encode())
        stream = link.makefile('rb')
        status = int(stream.readline().split()[1])
        found = []
        for line in iter(stream.readline, b'\r\n'):
            name, _, value = line.decode('latin-1').partition(':')
            found.append((name, value.strip()))
        if status != 101:
            return Answer(status, found)
        length = stream.read(2)[1] & 127
        if length == 126:
            length = int.from_bytes(stream.read(2), 'big')
        body = stream.read(length)
        return Answer(200, found, json.loads(body), body)


def ask_grpc(port, path, headers):
    """A call by a real client; what it says less is asked by curl."""
    with grpc.insecure_channel('127.0.0.1:%d' % port) as channel:
        call = channel.unary_unary(path)
        try:
            body = call(b'', timeout=60, metadata=[
                (name.lower(), value) for name, value in headers])
            return Answer(200, [], json.loads(body), body)
        except grpc.RpcError:
            return ask_curl(port, path, headers)


def ask_curl(port, path, headers):
    command = ['curl', '-s', '-i', '--http2-prior-knowledge', '--max-time',
               '60', 'http://127.0.0.1:%d%s' % (port, path)]
    for header in headers:
        command += ['-H', '%s: %s' % header]
    text = subprocess.run(command, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, check=True).stdout
    head, _, body = text.partition(b'\r\n\r\n')
    lines = head.decode('latin-1').split('\r\n')
    return Answer(int(lines[0].split()[1]), [
        tuple(part.strip() for part in line.split(':', 1))
        for line in lines[1:]], None, body)


def is_alice(answer):
    """Whether the application was told who it is, by every name."""
    shown = answer.shown or {'env': []}
    if 'headers' in shown:
        wanted = {'Remote-User': 'login-alice',
                  'X-Authgear-Remote-User': 'login-alice',
                  'X-Authgear-User-Id': 'id-alice',
                  'X-Authgear-Decision': 'granted'}
    else:
        wanted = {'REMOTE_USER': 'login-alice',
                  'AUTHGEAR_USER_ID': 'id-alice',
                  'AUTHGEAR_DECISION': 'granted'}
    for name, value in wanted.items():
        got = values(shown, name)
        # FastCGI's first or last, PHP's last: no other value beside it
        if got != [value] and not (name == 'REMOTE_USER' and
                                   shown['kind'] == 'php' and
                                   got[-1:] == [value]):
            return False
    return answer.status == 200


def told(world, kind):
    token = world.token(roles=['staff', 'editor'])
    answer = world.ask(kind, token=token)
    tap.ok(is_alice(answer), kind + ': granted, and who it is', answer)
    tap.ok(token.split('.')[2].encode() not in answer.body and
           answer.status == 200, kind + ': the credential is not seen')
    shown = answer.shown or {'env': []}
    before = 'X-Authgear-' if 'headers' in shown else 'AUTHGEAR_'
    facts = {name: values(shown, before + name) for name in FACTS}
    tap.ok(facts['User-Roles'] == ['staff,editor'] and
           facts['Policy'] == ['default'] and
           all(len(got) == 1 and got[0] for got in facts.values()),
           kind + ': every fact, once', facts)
    if 'headers' in shown:
        tap.equal(values(shown, 'X-Authgear-Session-Valid'), ['true'],
                  kind + ': the session, as the resolver says it')
    answer = world.ask(kind, token=world.token(roles=checker.MANY_ROLES))
    tap.ok(is_alice(answer) and checker.roles_told(answer.shown or {
        'env': []}) == ([], ['1']), kind + ': roles without room', answer)
    if kind == 'proxy':
        tap.equal([values(shown, name) for name in (
            'X-Real-IP', 'X-Forwarded-For', 'X-Forwarded-Proto')],
            [['127.0.0.1'], ['127.0.0.1'], ['http']], 'proxy: the client')


def granted(world, kind):
    told(world, kind)
    token = world.token()
    cookie = 'a=1; app_access_token=%s; b=2' % token
    answer = world.ask(kind, headers=[('Cookie', cookie)])
    cookies = values(answer.shown or {'env': []}, 'Cookie') + \
        values(answer.shown or {'env': []}, 'HTTP_COOKIE')
    tap.ok(is_alice(answer) and cookies == ['a=1; b=2'] and
           token.split('.')[2].encode() not in answer.body,
           kind + ': by a cookie, which is not seen', answer)
    basic = base64.b64encode(b'root:x').decode()
    answer = world.ask(kind, headers=[('Cookie', cookie),
                                      ('Authorization', 'Basic ' + basic)])
    tap.ok(is_alice(answer) and b'root' not in answer.body and
           basic.encode() not in answer.body,
           kind + ': a name of HTTP Basic is nobody', answer)


def refused(world, kind):
    token = world.token()
    before = world.site.runs()
    for what, policy, who, status in (
            ('no credential', 'default', None, 401),
            ('a bad one', 'default', world.token(tamper='signature'), 401),
            ('a role missing', 'admin', token, 403)):
        answer = world.ask(kind, policy, who)
        tap.ok(answer.status == status and answer.header(
            'X-Authgear-Reason') and answer.header('X-Authgear-Request-Id'),
            '%s: %s is %d' % (kind, what, status), answer)
    wrong = []
    for name in FORGED:
        for who in (token, None):
            answer = world.ask(kind, token=who, headers=[(name, 'forged')])
            if (answer.status, answer.header('X-Authgear-Reason')) != (
                    400, 'forged-identity') or answer.header(
                        'WWW-Authenticate') or not answer.header(
                            'X-Authgear-Request-Id'):
                wrong.append((name, str(answer)))
    tap.ok(not wrong, kind + ': forged names are 400', wrong[:3])
    tap.equal(world.site.runs(), before, kind + ': the application never ran')
    page = [('Accept', 'text/html')]
    answer = world.ask(kind, 'login', headers=page) if kind != 'grpc' else \
        ask_curl(world.ports['login', 'http2'], KINDS[kind], page)
    tap.ok(answer.status == 302 and 'client_id=' + CLIENT in (
        answer.header('Location') or ''), kind + ': a page goes to the login',
        answer)


def believed_by_nobody(world, kind):
    """Where a policy does not refuse them, the names are cleared all the
    same, and so are others that applications believe."""
    token = world.token()
    facts = tuple('X-Authgear-' + name for name in FACTS)
    # the module knows names of somebody alone; the includes are whole lists
    others = () if world.face == 'module' else OTHERS
    for policy, names in (('behind', FORGED + CLEARED + others + facts),
                          ('default', others)):
        headers = [(name, 'forged') for name in names
                   if name not in ('X-Authgear-Claim-Team',
                                   'X-Authgear-Anything')]
        answer = world.ask(kind, policy, token, headers)
        tap.ok(is_alice(answer) and b'forged' not in answer.body,
               '%s: %s: what a client says is cleared' % (kind, policy),
               answer)
    answer = world.ask(kind, 'open')
    shown = answer.shown or {'env': [('REMOTE_USER', 'none came')]}
    tap.ok(answer.status == 200 and not any(
        value for name in ('REMOTE_USER', 'AUTHGEAR_USER_ID', 'Remote-User',
                           'X-Authgear-User-Id')
        for value in values(shown, name)), kind + ': nobody is nobody',
        answer)


def undecided(world, kind):
    """The state gone; a session then is neither good nor bad."""
    aside = world.gate.state + '.aside'
    token = world.token()
    before = world.site.runs()
    os.rename(world.gate.state, aside)
    try:
        answer = world.ask(kind, token=token)
    finally:
        os.rename(aside, world.gate.state)
    tap.ok(answer.status == 503 and answer.header('Retry-After') and
           answer.header('X-Authgear-Reason') == 'state-unreadable' and
           world.site.runs() == before,
           kind + ': what cannot be told is 503', answer)


def hosts(world, kind):
    """The name that the client asked for, whatever the version of HTTP."""
    token = world.token()
    plain, http2 = world.ports['default', ''], world.ports['default', 'http2']
    if kind in ('grpc', 'websocket'):
        shown = world.ask(kind, token=token).shown or {'headers': []}
        tap.equal(values(shown, 'Host'), ['127.0.0.1:%d' % (
            http2 if kind == 'grpc' else plain)], kind + ': Host')
        return
    for version, port, more, wanted in (
            ('--http1.1', plain, [], '127.0.0.1:%d' % plain),
            ('--http1.0', plain, ['-H', 'Host:'], 'site.example'),
            ('--http2-prior-knowledge', http2, [], '127.0.0.1:%d' % http2)):
        text = subprocess.run(
            ['curl', '-s', version, '-H', 'Authorization: Bearer ' + token,
             'http://127.0.0.1:%d%s' % (port, KINDS[kind])] + more,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            check=True).stdout
        name = 'Host' if kind == 'proxy' else 'HTTP_HOST'
        tap.equal(values(json.loads(text), name), [wanted],
                  '%s: Host by %s' % (kind, version))


def public(world, kind):
    """Where nobody is asked an application learns nothing, by
    authgear-public.conf and by its own include."""
    token = world.token()
    cookie = ('Cookie', 'a=1; app_access_token=%s; b=2' % token)
    headers = [(name, 'forged') for name in FORGED + CLEARED + (
        () if world.face == 'module' else OTHERS) + tuple(
        'X-Authgear-' + name for name in FACTS) if name not in (
            'X-Authgear-Claim-Team', 'X-Authgear-Anything')]
    for policy in ('public', 'off'):
        if (kind, policy) in (('websocket', 'public'), ('both', 'public')):
            continue
        # the module leaves an Authorization where it does not ask
        answer = world.ask(kind, policy, None if world.face == 'module' else
                           token, headers + [cookie])
        tap.ok(answer.status == 200 and answer.shown and
               b'forged' not in answer.body and
               token.split('.')[2].encode() not in answer.body and
               b'a=1; b=2' in answer.body,
               '%s: %s: no name, no credential' % (kind, policy), answer)


def daemon_down(world, token):
    """Last: nothing is open, whatever the application."""
    world.daemon.stop()
    before = world.site.runs()
    for kind in KINDS:
        answer = world.ask(kind, token=token)
        tap.ok(answer.status == 503 and answer.header('Retry-After'),
               kind + ': 503 without the daemon', answer)
    tap.equal(world.site.runs(), before, 'no application ran without it')


def unasked(text):
    """The locations with what a site has itself, and our include behind."""
    for name, own in (('proxy', ''), ('grpc', ''),
                      ('fastcgi', '/etc/nginx/fastcgi_params'),
                      ('php', '/etc/nginx/snippets/fastcgi-php.conf'),
                      ('uwsgi', '/etc/nginx/uwsgi_params'),
                      ('scgi', '/etc/nginx/scgi_params')):
        text = text.replace(
            'include @INCLUDES@/authgear-%s.conf;' % name,
            (own and 'include %s; ' % own) +
            'include @INCLUDES@/authgear-public.conf;')
    return text


def blocks():
    """Text of the server blocks, and which is which."""
    text, order = '', []
    for policy in list(POLICIES) + ['public', 'off']:
        for protocol in ('', 'http2'):
            block = BLOCK % (policy, unasked(LOCATIONS) if policy == 'public'
                             else LOCATIONS)
            if policy == 'off':
                block = block.replace('auth_request /_authgear/off;',
                                      'auth_request off;')
            if protocol:
                block = block.replace('@LISTEN@', '@LISTEN@ http2;\n')
            block = block.replace('root ', 'server_name site.example;\nroot ')
            text += block
            order.append((policy, protocol))
    return text, order


@contextlib.contextmanager
def running(settings, policies, text, order, face):
    """The world of these server blocks."""
    with contextlib.ExitStack() as stack:
        pages = servers.Site()
        stack.callback(pages.stop)
        address = pages.path('gate.sock')
        backends = stack.enter_context(nginx_backends.Backends(pages))
        for name in ('websocket', 'grpc', 'php', 'uwsgi', 'scgi'):
            text = text.replace('@%s@' % name.upper(),
                                str(getattr(backends, name)))
        site = stack.enter_context(gate.Site(settings, policies))
        daemon = stack.enter_context(site.daemon(arguments=[
            '--listen', 'unix:%s,mode=0666' % address]))
        around = types.SimpleNamespace(site=pages,
                                       addresses={'nginx': address})
        nginx = stack.enter_context(nginx_site.running(around, text,
                                                       face=face))
        yield World(site, pages, daemon, nginx, order, face)


def main():
    for face in nginx_module.faces():
        tap.note('face: ' + face)
        with running({'validate': 'hybrid', 'session_ttl': '30'}, POLICIES,
                     *blocks(), face) as world:
            for kind in KINDS:
                for case in (granted, refused, believed_by_nobody, hosts,
                             undecided, public):
                    case(world, kind)
            daemon_down(world, world.token())
    tap.done()


if __name__ == '__main__':
    main()
