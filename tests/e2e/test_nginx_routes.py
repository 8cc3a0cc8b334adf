"""Which policy a path of nginx has: both addresses of a route of a front
controller, however they are written; WebDAV between two policies; several
asks in one request; an ask that is mistyped."""

import os
import re
import shutil

import backend
import checker
import nginx_backends
import nginx_module
import nginx_site
import servers
import tap

WRITTEN = (
    '/admin/users', '/admin', '/admin/', '/index.php/admin/users',
    '/index.php/admin', '/index.php//admin/users', '//admin/users',
    '/%61dmin/users', '/index.php/%61dmin/users', '/index%2ephp/admin/users',
    '/index.php%2fadmin/users', '/x/../admin/users', '/x/%2e%2e/admin/users',
    '/./admin/users', '/admin%2fusers', '/Admin/users', '/ADMIN/users',
    '/INDEX.PHP/admin/users', '/admin;x=1/users', '/admin.json',
    '/index.php/index.php/admin/users', '/admin/users?q=/public',
    '/index.php/admin/users?x=/', '/admin/../admin/users',
    '/users/../index.php/admin/users')
# By its own address the front controller would take its route from here.
BY_QUERY = ('/index.php?q=admin/users', '/index.php?q=/admin/users',
            '/x/../index.php?q=admin/users', '/index%2ephp?q=admin/users')
# The recipe's map and location, and what the module has in their place.
BY_MAP = re.compile(r'(?s)^map \$ag_path.*?^}|'
                    r'\tlocation = /_auth-route \{.*?\n\t\}\n'
                    r'\tauth_request /_auth-route;', re.MULTILINE)
BY_PATH = '''authgear default;
authgear_path /admin admin;
authgear_path /index.php admin;
'''
REWRITE = re.compile(r'(?m)^\t#(if \(!-e|\trewrite|\})')


def recipe(name, changes):
    """A recipe of examples/ as nginx_site takes it."""
    return servers.example(name, [
        ('/usr/share/authgear-gate/nginx/', '@INCLUDES@/', changes),
        ('listen 127.0.0.1:8080;',
         '@LISTEN@ location /public/ { auth_request off; }', 1)])


def by_paths(text):
    """The recipe with authgear_path in place of its map."""
    text, count = BY_MAP.subn(lambda match: '' if match.group(0).startswith(
        'map') else BY_PATH, text)
    if count != 2:
        raise ValueError('%d parts of nginx-routes-recipe.conf' % count)
    return text


def front_controllers(php, face):
    """The recipe, with each way in which a site may rewrite."""
    text = recipe('nginx-routes-recipe.conf', 2).replace(
        '/var/www/html', '@WWW@').replace('/run/php/php-fpm.sock', php)
    if face == 'module':
        text = by_paths(text)
    rewriting = REWRITE.sub(r'\t\1', text)
    if rewriting.count('rewrite ^/(.*)$') != 1:
        raise ValueError('no rewrite in nginx-routes-recipe.conf')
    without = rewriting.replace('try_files $uri /index.php?q=$uri&$args;', '')
    error_page = text.replace(
        'try_files $uri /index.php?q=$uri&$args;',
        'error_page 404 = /index.php?q=$uri;')
    ways = {'try_files': text, 'rewrite': without, 'both': rewriting,
            'error_page': error_page}
    if face == 'module':    # where the recipe says never to
        ways['refused'] = text.replace(
            'location / {', 'error_page 400 405 501 = /index.php?q=$uri;\n'
            'location / {')
    return ways


def routes(world, face, name, text):
    user, admin = world.token(), world.token('root', roles=['admin'])
    with nginx_site.running(world, text, face=face) as nginx:
        name = face + ': ' + name
        wrong = []
        for path in WRITTEN:
            for who, token, wanted in (('nobody', None, (401,)),
                                       ('a user', user, (403,))):
                before = world.site.runs()
                status = checker.ask(nginx.port, path, token).status
                if status not in wanted or world.site.runs() != before:
                    wrong.append((path, who, status))
        tap.ok(not wrong, name + ': every address of a route', wrong)
        wrong = []
        for path in BY_QUERY:
            before = world.site.runs()
            status = checker.ask(nginx.port, path, user).status
            if status not in (403, 404) or world.site.runs() != before:
                wrong.append((path, status))
        tap.ok(not wrong, name + ': no address in a query', wrong)
        before = world.site.runs()
        got = [checker.exchange(nginx.port, (
            '%s /admin/users HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'
            'Authorization: Bearer %s\r\n%s\r\n\r\n' % (
                method, user, header)).encode())[9:12]
            for method, header in (
                ('GET', 'Content-Length: -1'), ('TRACE', 'X: x'),
                ('GET', 'Transfer-Encoding: x'))]
        tap.ok(all(status in (b'400', b'405', b'403', b'501')
                   for status in got) and world.site.runs() == before,
               name + ': nor by the error page of a bad request', got)
        answer = checker.ask(nginx.port, '/users?#', user)
        tap.equal(answer.status, 200, name + ': a "#" in a query')
        answer = checker.ask(nginx.port, '/users#/../admin/users', user)
        tap.equal(answer.status if face != 'module' else checker.values(
            answer.shown() or {'env': []}, 'REQUEST_URI'),
                  400 if face != 'module' else ['/users'],
                  name + ': nothing behind a "#" is handed on')
        for path, token, wanted in (
                ('/users', user, 200), ('/users', None, 401),
                ('/administrators', user, 200), ('/page.txt', user, 200),
                ('/admin/users', admin, 200), ('/users', admin, 200),
                ('/index.php/admin/users', admin,
                 404 if name.endswith('error_page') else 200)):
            answer = checker.ask(nginx.port, path, token)
            tap.ok(answer.status == wanted or path.startswith('/index.php'),
                   '%s: %s is %d' % (name, path, wanted), answer)
            if answer.status == 200 and path != '/page.txt':
                shown = answer.shown() or {'env': []}
                if face == 'module':
                    shown = nginx_module.named(shown)
                tap.equal(checker.values(shown, 'AUTHGEAR_POLICY'),
                          ['admin' if face != 'module' and path.startswith(
                              ('/admin/', '/index')) else 'default'],
                          '%s: policy of %s' % (name, path))


def webdav(world, face):
    text = recipe('nginx-webdav-recipe.conf', 1).replace(
        '/var/lib/webdav', '@WWW@').replace(
            'location /public/ {', 'location /public/ { root @WWW@;')
    top = world.site.www
    for folder in ('files', 'office'):
        os.makedirs(os.path.join(top, folder), exist_ok=True)
        os.chmod(os.path.join(top, folder), 0o777)
        world.site.write(folder, 'a.txt', folder)
        os.chmod(os.path.join(top, folder, 'a.txt'), 0o666)
    user, admin = world.token(), world.token('root', roles=['admin'])
    if face == 'module':
        # no list of what leaves a tree: each path has its policy
        text = re.sub(r'(?s)map \$http_destination.*?\n}\n|'
                      r'if \(\$ag_leaves_\w+\) \{.*?\}', '', text)
    with nginx_site.running(world, text, face=face) as nginx:
        def ask(method, path, token, to=None):
            headers = [('Destination', to)] if to else []
            return checker.ask(nginx.port, path, token, method, headers,
                               b'new' if method == 'PUT' else None).status

        for method in ('PUT', 'DELETE', 'MKCOL', 'COPY', 'MOVE', 'PROPFIND',
                       'GET', 'OPTIONS'):
            path = '/files/made/' if method == 'MKCOL' else '/files/a.txt'
            tap.equal(ask(method, path, None, '/files/b.txt'), 401,
                      '%s: WebDAV: nobody: %s' % (face, method))
        for method in ('PUT', 'DELETE', 'MOVE', 'PROPFIND'):
            for name in ('X-Authgear-Decision', 'Remote-User'):
                answer = checker.ask(
                    nginx.port, '/files/a.txt', None, method,
                    [(name, 'granted'), ('Destination', '/files/b.txt')],
                    b'new' if method == 'PUT' else None)
                tap.equal((answer.status, os.listdir(top + '/files')),
                          (400, ['a.txt']), '%s: WebDAV: forged %s: %s' % (
                              face, name, method))
        host = 'http://127.0.0.1:%d' % nginx.port
        wrong = []
        for to in ('/office/b.txt', host + '/office/b.txt', '/office/a.txt',
                   '//office/b.txt', '/files/../office/b.txt',
                   '/files/%2e%2e/office/b.txt', '/files/..%2foffice/b.txt',
                   '/files/.%2E/office/b.txt', '/%6fffice/b.txt',
                   '/files/x/../../office/b.txt', '/files%2f..%2foffice/b',
                   '/files/./../office/b.txt', 'office/b.txt', '/b.txt',
                   '/', '/files', host, host + '//office/b.txt',
                   'http://other.example/office/b.txt'):
            for method in ('COPY', 'MOVE'):
                status = ask(method, '/files/a.txt', user, to)
                # the top has the same policy, and is not nginx's to write
                if (face, to, status) == ('module', '/b.txt', 500):
                    continue
                if status not in (400, 403, 409) or os.listdir(
                        top + '/office') != ['a.txt']:
                    wrong.append((method, to, status))
        with open(top + '/office/a.txt') as file:
            tap.ok(not wrong and file.read() == 'office',
                   face + ': WebDAV: nothing is put into the other tree',
                   wrong)
        tap.equal([ask('COPY', '/files/a.txt', user, '/files/b%20c.txt'),
                   ask('MOVE', '/files/b%20c.txt', user, host +
                       '/files/d..e.txt'),
                   ask('GET', '/files/d..e.txt', user),
                   ask('DELETE', '/files/d..e.txt', user),
                   ask('GET', '/office/a.txt', user),
                   ask('COPY', '/office/a.txt', user, '/office/b.txt'),
                   ask('COPY', '/office/a.txt', admin, '/office/b.txt'),
                   ask('COPY', '/office/a.txt', admin, '/files/b.txt')],
                  [204, 204, 200, 204, 403, 403, 204,
                   # who may have both may copy from one to the other
                   204 if face == 'module' else 403],
                  face + ': WebDAV: inside the tree all is as ever')
    shutil.rmtree(top + '/office')
    shutil.rmtree(top + '/files')


MANY = '''server {
include @INCLUDES@/authgear-server.conf;
@LISTEN@
root @WWW@;
auth_request /_authgear/default;
location /public/ { auth_request off; }
location /admin/ { auth_request /_authgear/admin; }
location /hop/ { try_files /none /admin/page.txt; }
location /hops/ { auth_request /_authgear/admin;
    try_files /none /a/page.txt; }
location /named/ { try_files /none @admin; }
location @admin { auth_request /_authgear/admin; root @WWW@/admin;
    rewrite ^ /page.txt break; }
location /missing/ { error_page 404 = /admin/page.txt; }
location /accel/ { include @INCLUDES@/authgear-proxy.conf;
    proxy_pass http://127.0.0.1:@SECOND@; }
location /outside/ { include @INCLUDES@/authgear-public.conf;
    proxy_pass http://127.0.0.1:@SECOND@; }
}
server { @LISTEN@ root @WWW@; location / { add_header X-Accel-Redirect
    /admin/page.txt; return 200; } }
'''


def several_asks(world, face):
    """Each pass of a request is asked under the policy of its location."""
    user, admin = world.token(), world.token('root', roles=['admin'])
    second = servers.free_port()
    text = MANY.replace('@SECOND@', str(second))
    head, _, tail = text.rpartition('@LISTEN@')
    text = head + 'listen 127.0.0.1:%d;' % second + tail
    with nginx_site.running(world, text, face=face) as nginx:
        for path in ('/hop/', '/named/', '/missing/x', '/accel/',
                     '/outside/', '/admin/page.txt'):
            got = [checker.ask(nginx.port, path, token)
                   for token in (None, user, admin)]
            tap.ok([answer.status for answer in got] == [401, 403, 200] and
                   b'page of /admin' in got[2].body,
                   '%s: several asks: %s' % (face, path),
                   [str(answer) for answer in got])
        got = [checker.ask(nginx.port, '/hops/', token).status
               for token in (None, user, admin)]
        tap.equal(got, [401, 403, 200],
                  face + ': several asks: from admin to default')


TYPOS = '''server {
include @INCLUDES@/authgear-server.conf;
@LISTEN@
root @WWW@;
if (!-e $request_filename) { rewrite ^/(.*)$ /public/page.txt?q=$1 last; }
location /public/ { auth_request off; }
location ~* /_|auth { auth_request off; return 200 "page of /_"; }
auth_request %s;
}
'''


def mistyped(world):
    """What is asked by a wrong name is closed, whatever the site rewrites."""
    for name in ('/_authger/admin', '/_authgear', '/_authgear/',
                 '/_authgear/Admin', '/_authgear/admin/', '/_authgear//admin',
                 '/_authgear/admin/../default.html', '/_auth',
                 '/_authgear/ad.min', '/_authgeardefault', '/_auth/default',
                 '/_authgear/.login-failed', '/_authgear/unknown-policy'):
        with nginx_site.running(world, TYPOS % name) as nginx:
            got = [checker.ask(nginx.port, path, token) for path in
                   ('/page.txt', '/a/page.txt') for token in
                   (None, world.token(), world.token(roles=['admin']))]
            tap.ok(all(answer.status in (401, 403, 500) and
                       b'page of' not in answer.body for answer in got),
                   'mistyped: ' + name, [str(answer) for answer in got])


def not_from_outside(world):
    """The addresses of the include are nothing to clients, except one."""
    token = world.token()
    for path in ('/_authgear/default', '/_authgear/', '/_authgear/.login',
                 '/_authgear/.login-failed', '/_auth', '/_authority'):
        for who in (token, None):
            answer = world.ask('nginx', path, who)
            tap.equal((answer.status, answer.header('X-Authgear-Decision')),
                      (404, None), 'from outside: ' + path)


if __name__ == '__main__':
    with checker.World(('nginx',)) as here:
        with nginx_backends.Backends(here.site) as applications:
            here.site.write('', 'index.php', backend.PHP % {
                'runs': here.site.runs_file})
            for nginx_face in nginx_module.faces():
                for each, its_text in front_controllers(
                        applications.php, nginx_face).items():
                    routes(here, nginx_face, each, its_text)
        for nginx_face in nginx_module.faces():
            for case in (webdav, several_asks):
                case(here, nginx_face)
        # of addresses that the module does not have
        for case in (mistyped, not_from_outside):
            case(here)
    tap.done()
