"""The rules of the nginx module that it alone has: where its directives may
stand and what is said of a wrong one; off, path and policy; requests inside
the request; what it leaves to nginx's own access directives."""

import base64
import json
import os
import re
import subprocess
import tempfile

import checker
import nginx_module
import nginx_site
import tap
from checker import values

PAGE = 'page of /'
BASIC = ('Authorization', 'Basic ' + base64.b64encode(b'bob:x').decode())

# what stands at http, server and location level; what is said, of which line
WRONG = (
    ('', '', 'authgear;', 'invalid number of arguments in "authgear"'),
    ('', '', 'authgear a b;', 'invalid number of arguments in "authgear"'),
    ('', '', 'authgear Default;', '"authgear": "Default" is no name of a '
     'policy'),
    ('', '', 'authgear $ag;', '"authgear": "$ag" is no name of a policy'),
    ('', '', 'authgear "";', '"authgear": "" is no name of a policy'),
    ('', '', 'authgear %s;' % ('a' * 65), 'is no name of a policy'),
    ('', '', 'authgear a; authgear b;', '"authgear" directive is duplicate'),
    ('', '', 'authgear off; authgear a;',
     '"authgear" directive is duplicate'),
    ('', '', 'if ($uri) { authgear a; }',
     '"authgear" directive is not allowed here'),
    ('', '', 'limit_except GET { authgear a; }',
     '"authgear" directive is not allowed here'),
    ('', '', 'authgear_socket unix:/a;',
     '"authgear_socket" directive is not allowed here'),
    ('', 'authgear_socket unix:/a; authgear_socket unix:/b;', '',
     '"authgear_socket" directive is duplicate'),
    ('', 'authgear_socket;', '', 'invalid number of arguments'),
    ('', 'authgear_socket 127.0.0.1;', '',
     '"127.0.0.1" is no address: it needs a port'),
    ('', 'authgear_socket unix:;', '', '"unix:" is no address'),
    ('', 'authgear_socket unix:/a timeout=3s;', '',
     '"timeout=3s" is not deadline=TIME'),
    ('', 'authgear_socket unix:/a deadline=0;', '',
     '"deadline=0" is no time of 100ms to 60s'),
    ('', 'authgear_socket unix:/a deadline=2m;', '', 'is no time of'),
    ('', 'authgear_socket unix:/a deadline=x;', '', 'is no time of'),
    ('', '', 'authgear_path /a a;',
     '"authgear_path" directive is not allowed here'),
    ('', 'authgear_path a a;', '', '"authgear_path": "a" is no path'),
    ('', 'authgear_path /%61dmin a;', '', '"/%61dmin" is no path: it has no'),
    ('', 'authgear_path /caf%C3%A9 a;', '', 'no escapes'),
    ('', 'authgear_path /a%2f a;', '', 'no escapes'),
    ('', 'authgear_path /index.php?q=/admin a;', '', 'no "?"'),
    ('authgear_path /a#b a;', '', '', 'no "#"'),
    ('', 'authgear_login /x?y unix:/a;', '', 'no "?"'),
    ('', 'authgear_login /%78 unix:/a;', '', 'no escapes'),
    ('', 'authgear_socket unix:run/a;', '', 'its path begins with "/"'),
    ('', 'authgear_login /x unix:a;', '', 'its path begins with "/"'),
    ('', 'authgear_path /a off;', '', '"off" is no name of a policy'),
    ('', 'authgear_path /a;', '', 'invalid number of arguments'),
    ('', 'authgear_path /a a; authgear_path //A/ b;', '',
     '"//A/" has a policy already'),
    ('authgear_path /a a; authgear_path /a b;', '', '',
     '"/a" has a policy already'),
    ('', '', 'authgear_cache off;',
     '"authgear_cache" directive is not allowed here'),
    ('', 'authgear_cache /a;', '', '"/a" is not off, nor two directories'),
    ('', 'authgear_cache a /b;', '', '"authgear_cache": "a" is no directory'),
    ('', 'authgear_cache /a b;', '', '"authgear_cache": "b" is no directory'),
    ('', 'authgear_cache /a /b 1m;', '', '"1m" is not max=SIZE'),
    ('', 'authgear_cache /a /b max=1k;', '', '"max=1k" is no size of 64k'),
    ('', 'authgear_cache /a /b max=2000m;', '', 'is no size of 64k to 1024m'),
    ('', 'authgear_cache /a /b max=x;', '', 'is no size of 64k to 1024m'),
    ('', 'authgear_cache /a /b max=;', '', 'is no size of 64k to 1024m'),
    ('', 'authgear_cache /a /b max=1m x;', '', 'invalid number of arguments'),
    ('', 'authgear_cache off; authgear_cache /a /b;', '',
     '"authgear_cache" directive is duplicate'),
    ('authgear_cache /a /b;', 'authgear_cache /a /b max=1m;', '',
     'these directories have another max'),
    ('', '', 'authgear_login /x unix:/a;',
     '"authgear_login" directive is not allowed here'),
    ('', 'authgear_login x unix:/a;', '', '"x" is no path'),
    ('', 'authgear_login /x;', '', 'invalid number of arguments'),
    ('', 'authgear_login /x unix:/a; authgear_login /y unix:/a;', '',
     '"authgear_login" directive is duplicate'),
)
RIGHT = (
    ('authgear a; authgear_socket unix:/a deadline=1500ms; '
     'authgear_path /x a; authgear_login /l unix:/l;', '', ''),
    ('authgear off;', 'authgear a; authgear_path /x b;', 'authgear off;'),
    ('authgear_path /x a;', 'authgear_path /X b; authgear_path / c;', ''),
    ('', 'authgear_socket 127.0.0.1:9; authgear_login /l 127.0.0.1:9;',
     'location /x/y { authgear a-b_9; location /x/y/z { authgear off; } }'),
    ('authgear_cache /a /b max=64k;', 'authgear_cache off;', ''),
    ('authgear_cache /a /b;', 'authgear_cache /a /b max=16m;', ''),
    ('', 'authgear_path /100% a; authgear_path /a%4 b; authgear_path /%zz c;',
     ''),
    ('', '', ''),
)


def said_of(levels):
    """What `nginx -t` says, and the number of the line that is wrong."""
    http, server, location = levels
    with tempfile.TemporaryDirectory(prefix='authgear-nginx-') as at:
        with open(at + '/conf', 'w') as file:
            file.write(nginx_module.loading() +
                       'pid %s/pid;\nevents { }\nhttp { access_log off;\n%s\n'
                       'server { listen 127.0.0.1:1;\n%s\nlocation /x {\n%s\n'
                       '} } }\n' % (at, http, server, location))
        run = subprocess.run(
            [nginx_module.NGINX, '-t', '-e', 'stderr', '-c', at + '/conf'],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, universal_newlines=True, check=False)
    line = 9 if location else 7 if server else 5
    return run.returncode, run.stdout, ' in %s/conf:%d' % (at, line)


def directives():
    wrong = []
    for *levels, text in WRONG:
        status, said, where = said_of(levels)
        if status == 0 or text not in said or where not in said:
            wrong.append((levels, said))
    tap.ok(not wrong, '%d wrong directives are told, with file and line' %
           len(WRONG), wrong[:3])
    for levels in RIGHT:
        status, said, _ = said_of(levels)
        tap.equal(status, 0, 'right: ' + ' '.join(levels))
        if status:
            tap.note(said)


def installed():
    """What is installed is loaded by the line that is installed with it."""
    with tempfile.TemporaryDirectory(prefix='authgear-nginx-') as at:
        subprocess.run(
            ['make', '-s', '-C', tap.BUILD, 'DESTDIR=' + at,
             'install-nginxmodulesLTLIBRARIES', 'install-nodist_nginxloadDATA',
             'install-data-hook'], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        files = sorted(os.path.join(folder, name) for folder, _, names in
                       os.walk(at) for name in names)
        tap.equal([os.path.basename(name) for name in files],
                  ['ngx_http_authgear_module.so', 'mod-http-authgear.conf'],
                  'installed: the module and what loads it')
        with open(files[1]) as file:
            line = file.read()
        with open(at + '/conf', 'w') as file:
            file.write(line.replace('load_module /', 'load_module %s/' % at) +
                       'pid %s/pid;\nevents { }\nhttp { authgear off; }\n' %
                       at)
        run = subprocess.run(
            [nginx_module.NGINX, '-t', '-e', 'stderr', '-c', at + '/conf'],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, universal_newlines=True, check=False)
        tap.ok(run.returncode == 0 and line.endswith(
            files[0][len(at):] + ';\n'), 'installed: it is loaded',
            (line, run.stdout))


RULES = '''server {
include @INCLUDES@/authgear-server.conf;
@LISTEN@
root @WWW@;
error_log @AT@/error.log info;
authgear default;
authgear_path /secret admin;
authgear_path /x/..//secret/./less/ default;
location /public/ { authgear off; }
location /admin/ { authgear admin; location /admin/off/ { authgear off;
    proxy_pass http://@HTTP@; } }
location /app/ { proxy_pass http://@HTTP@; }
location /off/ { authgear off; proxy_pass http://@HTTP@; }
location /secret/ { authgear off; proxy_pass http://@HTTP@; }
location /everywhere/ { authgear off; proxy_pass http://@HTTP@; }
location /early/ { set $early $http_authorization$http_cookie;
    set $early $cookie_app_access_token$http_remote_user;
    proxy_set_header X-Header $http_authorization;
    proxy_set_header X-Cookie $http_cookie$cookie_app_access_token;
    proxy_set_header X-Name $http_remote_user; proxy_pass http://@HTTP@; }
location /nobody/ { authgear open; proxy_pass http://@HTTP@; }
location /unknown/ { authgear no-such; proxy_pass http://@HTTP@; }
}
server { @LISTEN@ location / { proxy_pass http://@HTTP@; } }
'''


def told(answer):
    """The policy that the application was told, or the status."""
    shown = answer.shown()
    if shown is None:
        return answer.status
    return (values(shown, 'X-Authgear-Policy') or ['none'])[0]


def rules(world):
    user, admin = world.token(), world.token('root', roles=['admin'])
    with nginx_site.running(world, RULES, 'authgear_path /everywhere admin;',
                            face='module') as nginx:
        for path, wanted in (
                ('/app/x', [401, 'default', 'default']),
                ('/off/x', ['none', 'none', 'none']),
                ('/admin/off/x', ['none', 'none', 'none']),
                ('/secret/x', [401, 403, 'admin']),
                ('/SECRET/x', [401, 403, 404]),
                ('/off/../secret/x', [401, 403, 'admin']),
                ('/off/%2e%2e/%73ecret/x', [401, 403, 'admin']),
                ('/secret/less/x', [401, 'default', 'default']),
                ('/secret//less//x', [401, 'default', 'default']),
                ('/secret/less.x/y', [401, 403, 'default']),
                ('/secret/less-x', [401, 403, 'default']),
                ('/secret/LESS/x', [401, 403, 'default']),
                ('/secret/lesser/x', [401, 403, 'admin']),
                ('/secrets/x', [401, 404, 404]),
                ('/off/..;/secret/x', [401, 403, 'admin']),
                ('/off/..;v=1/Secret;/x', [401, 403, 'admin']),
                ('/off/..%5csecret/x', [401, 403, 'admin']),
                ('/off/x;/..%5C..%5Csecret', [401, 403, 'admin']),
                ('/off/..;/secrets/x', ['none', 'none', 'none']),
                ('/off/;/secret/x', ['none', 'none', 'none']),
                ('/secret/less/..;/x', [401, 403, 'default']),
                ('/secret/x/..;/less/x', [401, 403, 'admin']),
                ('/everywhere/x', [401, 403, 'admin']),
                ('/nobody/x', ['open', 'open', 'open']),
                ('/unknown/x', [403, 403, 403])):
            got = [told(checker.ask(nginx.port, path, token))
                   for token in (None, user, admin)]
            tap.equal(got, wanted, 'off, path and policy: ' + path)
        answer = checker.ask(nginx.ports[1], '/x', user,
                             headers=[('Remote-User', 'mallory')])
        tap.ok(answer.status == 200 and b'mallory' not in answer.body,
               'a line of http is of every server', answer)
        for headers in ([('Authorization', 'Bearer ' + user)],
                        [('Cookie', 'app_access_token=%s; a=1' % user)]):
            answer = checker.ask(nginx.port, '/early/x', headers=headers)
            tap.ok(user.split('.')[2].encode() not in answer.body and values(
                answer.shown() or {'headers': []}, 'X-Name') == [
                    'login-alice'], 'what was asked for early is told anew',
                answer)
        got = [(json.loads(answer.body)['path'], told(answer))
               for answer in (checker.ask(nginx.port, path)
                              for path in ('/off/#/../../secret/x',
                                           '/off/x#?/../secret',
                                           '/off/x?a#b'))]
        tap.equal(got, [('/off/', 'none'), ('/off/x', 'none'),
                        ('/off/x?a#b', 'none')],
                  'nothing behind a "#" is handed on')
        off_location(world, nginx, user)


UNREAD = '''server {
include @INCLUDES@/authgear-server.conf;
@LISTEN@
error_log @AT@/error.log info;
authgear_path /secret admin;
error_page 400 = @bad;
error_page 405 /bad;
location @bad { proxy_set_header X-Asked $request_uri;
    proxy_pass http://@HTTP@; }
location /bad { proxy_set_header X-Asked $request_uri;
    proxy_pass http://@HTTP@; }
location /public/ { root @WWW@; }
}
'''


def unread(world):
    """The error page of a request that nginx did not read whole is told what
    was asked for: the path's policy holds for it."""
    user, admin = world.token(), world.token('root', roles=['admin'])
    with nginx_site.running(world, UNREAD, face='module') as nginx:
        for path, wanted in (
                ('/secret/x', [None, None, '/secret/x']),
                ('/Secret/x?y', [None, None, '/Secret/x?y']),
                ('/%73ecret', [None, None, '/%73ecret']),
                ('//secret/./x', [None, None, '//secret/./x']),
                ('/x/../secret/x', [None] * 3),
                ('/x#/../secret/x', ['/x'] * 3),
                ('/x?/secret', ['/x?/secret'] * 3)):
            for method, header in (('GET', 'Content-Length: -1'),
                                   ('TRACE', 'X: x')):
                got = [checker.exchange(nginx.port, (
                    '%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'
                    '%s%s\r\n\r\n' % (
                        method, path, 'Authorization: Bearer %s\r\n' % token
                        if token else '', header)).encode())
                    for token in (None, user, admin)]
                got = [re.search(rb'"X-Asked", "([^"]*)"', text)
                       for text in got]
                tap.equal([one and one.group(1).decode() for one in got],
                          wanted, 'not read whole: %s %s' % (method, path))


def off_location(world, nginx, user):
    """A name leaves the request everywhere; a cookie too; an Authorization
    is the application's own there."""
    cookie = ('Cookie', 'a=1; app_access_token=%s; b=2' % user)
    answer = checker.ask(nginx.port, '/off/x', None, headers=[
        ('Remote-User', 'mallory'), ('X-Authgear-User-Id', 'mallory'),
        ('X-Authgear-Claim-Team', 'mallory'), cookie, BASIC])
    shown = answer.shown() or {'headers': []}
    tap.ok(b'mallory' not in answer.body and
           user.split('.')[2].encode() not in answer.body and
           values(shown, 'Cookie') == ['a=1; b=2'] and
           values(shown, 'Authorization') == [BASIC[1]],
           'off: no name, no cookie of ours, its own Authorization', answer)
    for path, forged in (
            ('/app/x', ('X-Remote-User', 'mallory')),
            ('/secret/x', ('X-Remote-User', 'mallory')),
            ('/nobody/x', ('X-Remote-User', 'mallory')),
            # a proxy behind it would take ours away
            ('/app/x', ('Connection', 'close, x-authgear-user-id'))):
        before = world.site.runs()
        answer = checker.ask(nginx.port, path, user, headers=[forged])
        tap.ok(answer.status == 400 and answer.header(
            'X-Authgear-Reason') == 'forged-identity' and
            world.site.runs() == before, 'forged: ' + path, answer)
    answer = checker.ask(nginx.port, '/app/x', user,
                         headers=[('X-Remote-User', '')])
    tap.ok(answer.status == 200 and not values(
        answer.shown(), 'X-Remote-User'), 'an empty name is none, and goes',
        answer)


INSIDE = '''server {
include @INCLUDES@/authgear-server.conf;
@LISTEN@
root @WWW@;
error_log @AT@/error.log info;
authgear default;
authgear_path /path admin;
location = /public/public.html { authgear off; ssi on; }
location /ssi/ { ssi on; }
location /part/ { proxy_pass http://@HTTP@; }
location /part-admin/ { authgear admin; proxy_pass http://@HTTP@; }
location /path/ { authgear off; proxy_pass http://@HTTP@; }
location /public/ { authgear off; }
location /admin/ { authgear admin; }
location /errors/ { error_page 404 =200 /admin/page.txt; }
location /errors-own/ { error_page 401 403 503 =200 /public/page.txt;
    error_page 404 /page.txt; }
location /refused/ { authgear admin; error_page 403 =200 /public/page.txt; }
location /index/ { index none.html /a/page.txt; alias @WWW@/a/; }
location /post/ { post_action /admin/x; alias @WWW@/a/; }
location /mirrored/ { mirror /part-admin/; alias @WWW@/a/; }
location /kept/ { expires 30d; add_header Cache-Control public; }
location /kept-refusal/ { authgear admin; expires 30d;
    add_header Cache-Control "public, max-age=5" always; }
location /sub/ { auth_request /part/; alias @WWW@/a/; }
location /after/ { authgear off; addition_types *;
    add_after_body /part-cors/x; proxy_pass http://@HTTP@; }
location /part-cors/ { authgear cors; proxy_pass http://@HTTP@; }
}
'''


def inside(world):
    """Requests inside the request are asked about too."""
    user, admin = world.token(), world.token('root', roles=['admin'])
    www = world.site.www
    os.makedirs(www + '/ssi', exist_ok=True)
    for name, lines in (
            ('ssi/both.html', ['/part/x', '/part-admin/x', '/part/y']),
            ('ssi/path.html', ['/path/x']),
            ('public/public.html', ['/part/x'])):
        with open(os.path.join(www, name), 'w') as file:
            file.write('begin ' + ' '.join(
                '<!--#include virtual="%s" -->' % line
                for line in lines) + ' end')
    with nginx_site.running(world, INSIDE, face='module') as nginx:
        for who, token, both, path, public in (
                ('nobody', None, (401, 0), (401, 0), (200, 0)),
                ('a user', user, (200, 2), (200, 0), (200, 1)),
                ('an admin', admin, (200, 3), (200, 1), (200, 1))):
            for page, wanted in (('/ssi/both.html', both),
                                 ('/ssi/path.html', path),
                                 ('/public/public.html', public)):
                answer = checker.ask(nginx.port, page, token)
                got = answer.body.count(b'"kind": "http"')
                tap.equal((answer.status, got), wanted,
                          'SSI: %s: %s' % (page, who))
        answer = checker.ask(nginx.port, '/ssi/both.html', admin)
        told_parts = [part.split(b'"]')[0] for part in answer.body.split(
            b'"X-Authgear-Policy", "')[1:]]
        tap.equal(told_parts, [b'default', b'admin', b'default'],
                  'SSI: each part is told under its own policy')
        preflight = [('Origin', 'http://o'),
                     ('Access-Control-Request-Method', 'PUT')]
        tap.equal([(answer.status, answer.body.count(b'"kind": "http"'))
                   for answer in (
                       checker.ask(nginx.port, path, None, method, preflight)
                       for method, path in (
                           ('OPTIONS', '/part-cors/x'),
                           ('OPTIONS', '/after/x'),
                           ('GET', '/after/x'), ('GET', '/part-cors/x')))],
                  [(200, 1), (200, 1), (200, 1), (401, 0)],
                  'a preflight is let in, what it includes is not')
        for path, wanted in (
                ('/errors/none', [401, 403, 200]),
                ('/errors-own/none', [401, 404, 404]),
                ('/refused/x', [401, 403, 404]),
                ('/index/', [401, 200, 200]),
                ('/post/page.txt', [401, 200, 200]),
                ('/mirrored/page.txt', [401, 200, 200]),
                ('/sub/page.txt', [401, 200, 200])):
            got = [checker.ask(nginx.port, path, token) for token in
                   (None, user, admin)]
            tap.ok([answer.status for answer in got] == wanted and
                   b'page of /public' not in b''.join(
                       answer.body for answer in got),
                   'inside: %s is %s' % (path, wanted),
                   [str(answer) for answer in got])
        for path, token, status in (('/kept/x', None, 401),
                                    ('/kept-refusal/x', user, 403),
                                    ('/kept-refusal/x', None, 401)):
            answer = checker.ask(nginx.port, path, token)
            got = [value for name, value in answer.headers
                   if name.lower() in ('cache-control', 'expires')]
            tap.equal((answer.status, got), (status, ['no-store']),
                      'a refusal is not kept: ' + path)
        tap.ok(' [alert] ' not in nginx.log() and
               ' [crit] ' not in nginx.log(), 'nothing alarming in the log',
               nginx.log()[-2000:])


SATISFY = '''server {
include @INCLUDES@/authgear-server.conf;
@LISTEN@
root @WWW@;
authgear default;
authgear_path /any-path admin;
authgear_path /basic-path admin;
location /basic-path/ { auth_basic x; auth_basic_user_file @AT@/users;
    proxy_pass http://@HTTP@; }
location /any-fastcgi/ { satisfy any; allow 127.0.0.1; deny all;
    set $early $remote_user; include fastcgi_params;
    fastcgi_pass @FASTCGI@; }
location /sub/ { auth_request /sub-off/; proxy_pass http://@HTTP@;
    auth_request_set $seen "it saw $http_cookie";
    proxy_set_header X-Seen $seen; }
location /sub-off/ { authgear off; proxy_pass http://@HTTP@; }
location /public/ { authgear off; }
location /any/ { satisfy any; allow 127.0.0.1; deny all;
    proxy_pass http://@HTTP@; }
location /any-path/ { satisfy any; allow 127.0.0.1; deny all;
    proxy_pass http://@HTTP@; }
location /any-else/ { satisfy any; deny all; proxy_pass http://@HTTP@; }
location /any-basic/ { satisfy any; auth_basic x;
    auth_basic_user_file @AT@/users; proxy_pass http://@HTTP@; }
location /all-basic/ { auth_basic x; auth_basic_user_file @AT@/users;
    try_files /none @next; }
location @next { auth_basic x; auth_basic_user_file @AT@/users;
    proxy_pass http://@HTTP@; }
location /denied/ { deny all; proxy_pass http://@HTTP@; }
}
server { @LISTEN@ location / { proxy_pass http://@HTTP@; } }
'''


def satisfy(world):
    """nginx's own access directives come first."""
    user = world.token()
    cookie = ('Cookie', 'app_access_token=' + user)
    admin = ('Cookie', 'app_access_token=' + world.token(
        'root', roles=['admin']))
    bad = ('Authorization', 'Basic ' + base64.b64encode(b'bob:no').decode())
    users = os.path.join(world.folder, 'users')
    with open(users, 'w') as file:
        file.write('bob:{PLAIN}x\n')
    os.chmod(users, 0o644)
    with nginx_site.running(world, SATISFY.replace('@AT@/users', users),
                            face='module') as nginx:
        def ask(path, *headers):
            return checker.ask(nginx.port, path, headers=list(headers))

        def name(answer):
            return values(answer.shown() or {'headers': [
                ('Remote-User', answer.status)]}, 'Remote-User')

        said = len(world.said())
        got = [name(ask('/any/x')), name(ask('/any/x', cookie)),
               name(ask('/denied/x', cookie)), len(world.said()) - said]
        tap.equal(got, [[], [], [403], 0], 'who is let in or denied by '
                  'address costs no question')
        tap.equal([name(ask('/any/x', ('Remote-User', 'mallory'))),
                   name(ask('/any-path/x')), name(ask('/any-path/x', cookie))],
                  [[], [401], [403]],
                  'satisfy any: no forged name, and the path as ever')
        answer = ask('/any-fastcgi/x', BASIC, cookie)
        shown = answer.shown() or {'env': [['REMOTE_USER', answer.status]]}
        tap.equal((values(shown, 'REMOTE_USER'), values(
            shown, 'HTTP_COOKIE')), ([''], []),
            'satisfy any: neither a name that nobody looked at, nor a cookie')
        tap.equal([values(ask('/any/x', cookie, ('Cookie', 'a=1')).shown(),
                          'Cookie')], [['a=1']],
                  'satisfy any: our cookies are taken out, no others')
        tap.equal(values(ask('/sub/x', cookie, ('Cookie', 'a=1')).shown(),
                         'X-Seen'), ['it saw a=1'], 'nor does a subrequest '
                  'by which the site asks somebody else see them')
        tap.equal([name(ask('/basic-path/x', *headers)) for headers in (
            (BASIC,), (admin,), (bad, admin), (BASIC, cookie),
            (BASIC, admin))], [[401], [401], [401], [403], ['login-root']],
            'a password and a login, for the policy of a path')
        tap.equal([name(ask('/any-else/x')), name(ask('/any-else/x', cookie))],
                  [[401], ['login-alice']], 'satisfy any: or by a login')
        tap.equal([name(ask('/any-basic/x')), name(ask('/any-basic/x', BASIC)),
                   name(ask('/any-basic/x', cookie)),
                   name(ask('/any-basic/x', bad)),
                   name(ask('/any-basic/x', bad, cookie))],
                  [[401], [], ['login-alice'], [401], ['login-alice']],
                  'satisfy any: by a password or a login')
        challenges = [value for key, value in ask('/any-basic/x').headers
                      if key.lower() == 'www-authenticate']
        tap.equal(sorted(challenge.split()[0] for challenge in challenges),
                  ['Basic', 'Bearer'], 'satisfy any: both challenges')
        tap.equal([name(ask('/all-basic/x')), name(ask('/all-basic/x', BASIC)),
                   name(ask('/all-basic/x', cookie)),
                   name(ask('/all-basic/x', BASIC, cookie)),
                   name(ask('/all-basic/x', bad, cookie))],
                  [[401], [401], [401], ['login-alice'], [401]],
                  'a password and a login, in every pass')
        answer = ask('/all-basic/x', BASIC, cookie)
        tap.ok(b'Basic ' not in answer.body, 'and the password goes no '
               'further', answer.body)
        answer = checker.ask(nginx.ports[1], '/x', user, headers=[
            ('Remote-User', 'me'), cookie, ('X-Authgear-User-Id', 'me')])
        tap.ok(answer.status == 200 and values(
            answer.shown(), 'Remote-User') == ['me'] and values(
                answer.shown(), 'Cookie') == [cookie[1]],
            'a server that says nothing of it is left alone', answer)


POLICIES = '''
[policy open]
unauthenticated = pass
remote_user = sub
[policy cors]
cors_preflight = pass
'''

if __name__ == '__main__':
    if not nginx_module.is_built():
        tap.skip('the nginx module', 'it was not built: no nginx-dev')
        tap.done()
    directives()
    installed()
    with checker.World(('nginx',), policies=POLICIES) as here:
        for case in (rules, unread, inside, satisfy):
            case(here)
    tap.done()
