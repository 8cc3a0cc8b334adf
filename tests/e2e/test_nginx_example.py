"""examples/nginx.conf, nginx-module.conf, and what they serve themselves: TLS and HTTP/2, the access
log, types, what browsers may keep, cookies that strict parsers read. And
what cannot be shut off, of which the README tells: nginx answers so."""

import http.cookies
import json
import os
import re
import socket
import subprocess

import checker
import http_server
import nginx_backends
import nginx_module
import nginx_site
import process
import servers
import tap
from checker import values

UUID = '1b4e28ba-2fa1-41d2-883f-0016d3cca427.'
RANDOM = 'IY73tucWDUyBWEFTvRiOHNth4qZVw0IQ'
AUTHGEAR = ('session=' + UUID + RANDOM, 'app_session=' + RANDOM,
            'app_access_token=' + RANDOM, 'p_session=' + UUID + RANDOM,
            'session="' + UUID + RANDOM + '"', 'app_session="' + RANDOM + '"')
PERL = '''use CGI::Cookie; use JSON::PP;
my %c = CGI::Cookie->parse($ARGV[0]);
my %v = map { $_ => $c{$_}->value } keys %c;
print JSON::PP->new->ascii->encode(\\%v);'''


def start(world, name, change):
    """The example, changed by a function of its text and folder."""
    def made(site, at, port, address):
        text, command = servers.MAKERS[name](site, at, port, address)
        return change(text, at), command

    return servers.start(name, world.site, world.addresses[name], made)


def face_of(name):
    return 'module' if name == 'nginx-module' else 'fastcgi'


def tls(world, name):
    """The lines for TLS taken into use; HTTP/2 over it."""
    port = servers.free_port()
    folder = os.path.join(world.folder, 'tls-' + name)
    os.mkdir(folder)
    authority = http_server.Certificates(folder)
    certificate, key = authority.sign('example', 'DNS:www.example.com')

    def change(text, at):
        lines = re.findall(r'(?m)^\t\t#(?:listen 443|ssl_|add_header Strict)',
                           text)
        if len(lines) != 5:
            raise ValueError('lines for TLS: %r' % lines)
        text = re.sub(r'(?m)^\t\t#(listen 443|ssl_|add_header Strict)',
                      r'\t\t\1', text)
        return text.replace('443 ssl', '127.0.0.1:%d ssl' % port).replace(
            '/etc/ssl/certs/www.example.com.pem', certificate).replace(
                '/etc/ssl/private/www.example.com.key', key)

    server = start(world, name, change)
    try:
        for version, number in (('--http1.1', '1.1'), ('--http2', '2')):
            for path, key_of_host in (('/app/x', 'Host'),
                                      ('/fcgi/x', 'HTTP_HOST')):
                command = [
                    'curl', '-s', version, '--cacert', authority.ca,
                    '--connect-to', 'www.example.com:443:127.0.0.1:%d' % port,
                    '-w', '\n%{http_code} %{http_version}',
                    'https://www.example.com' + path]
                text = curl(command + ['-H', 'Authorization: Bearer ' +
                                       world.token()])
                body, _, code = text.rpartition('\n')
                tap.equal((code, values(json.loads(body), key_of_host)),
                          ('200 ' + number, ['www.example.com']),
                          '%s: TLS: %s by %s' % (name, path, version))
                tap.ok(curl(command).endswith('401 ' + number),
                       '%s: TLS: nobody, %s by %s' % (name, path, version))
    finally:
        server.stop()


def curl(command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=True,
                          stdout=subprocess.PIPE).stdout.decode()


def without_host(world):
    """HTTP/1.0, and a server without a name: the includes find one."""
    port = world.servers['nginx'].port
    for path, name in (('/app/x', 'Host'), ('/fcgi/x', 'HTTP_HOST')):
        text = curl(['curl', '-s', '--http1.0', '-H', 'Host:', '-H',
                     'Authorization: Bearer ' + world.token(),
                     'http://127.0.0.1:%d%s' % (port, path)])
        tap.equal(values(json.loads(text), name), ['127.0.0.1:%d' % port],
                  'no Host at all: ' + path)


def access_log(world, name):
    world.ask(name, '/page.txt', world.token(),
              headers=[('User-Agent', 'granted')])
    refusal = world.ask(name, '/page.txt',
                        headers=[('User-Agent', 'refused')])
    world.ask(name, '/public/page.txt', headers=[('User-Agent', 'open')])
    path = world.servers[name].dir + '/access.log'

    def lines():
        with open(path) as file:
            return {line.rstrip().split('"')[-2]: line for line in file}
    process.eventually(lambda: 'open' in lines())
    found = lines()
    tap.ok(re.match(r'127\.0\.0\.1 - login-alice \[.* "GET /page.txt '
                    r'HTTP/1.1" 200 .* [0-9a-f]{16}$', found['granted']),
           name + ': access log: who it was, and the id', found['granted'])
    tap.ok(re.match(r'127\.0\.0\.1 - - \[', found['refused']) and
           found['refused'].split()[-1] == refusal.header(
               'X-Authgear-Request-Id') and 'request=' + refusal.header(
                   'X-Authgear-Request-Id') in world.said(),
           name + ": access log: the id of the daemon's log",
           found['refused'])
    tap.ok(re.match(r'127\.0\.0\.1 - - \[.* -$', found['open']),
           name + ': access log: nobody was asked', found['open'])


def kept_by_browsers(world, server):
    """Chromium shows a page again without asking unless it is told."""
    token = world.token()
    private = 'private, no-cache'
    page = world.ask(server, '/page.txt', token)
    again = world.ask(server, '/page.txt', token, headers=[
        ('If-None-Match', page.header('ETag') or '')])
    for what, answer, status, wanted in (
            ('a page', page, 200, private),
            ('a page that has not changed', again, 304, private),
            ('an index', world.ask(server, '/', token), 200, private),
            ('a part of a page', world.ask(server, '/page.txt', token,
                                           headers=[('Range', 'bytes=0-3')]),
             206, private),
            ('an application that says nothing',
             world.ask(server, '/app/x', token), 200, private),
            ('a public page', world.ask(server, '/public/page.txt'), 200,
             None),
            ('a refusal', world.ask(server, '/page.txt'), 401, 'no-store'),
            ('a forgery', world.ask(server, '/page.txt', token, headers=[
                ('Remote-User', 'x')]), 400, 'no-store')):
        got = [value for name, value in answer.headers
               if name.lower() == 'cache-control']
        tap.equal((answer.status, got), (status, [wanted] if wanted else []),
                  server + ': Cache-Control: ' + what)
    answer = world.ask(server, '/page.txt', token)
    tap.equal((answer.header('Content-Type'),
               world.ask(server, '/index.html', token).header(
                   'Content-Type')), ('text/plain', 'text/html'),
              server + ': types')


SAYS = '''server {
include @INCLUDES@/authgear-server.conf;
@LISTEN@
root @WWW@;
auth_request /_authgear/default;
add_header Cache-Control $ag_cache_control;
location /public/ { auth_request off; }
location /says/ { proxy_pass http://127.0.0.1:@SECOND@; }
}
server { listen 127.0.0.1:@SECOND@; location / { return 200 said;
    add_header Cache-Control max-age=5; } }
'''


def said_by_the_application(world, name):
    text = SAYS.replace('@SECOND@', str(servers.free_port()))
    with nginx_site.running(world, text, face=face_of(name)) as nginx:
        answer = checker.ask(nginx.port, '/says/x', world.token())
        tap.equal([value for name, value in answer.headers
                   if name == 'Cache-Control'], ['max-age=5'],
                  "Cache-Control: an application's own")


def headers_of_cookies():
    """(Cookie header, what an application may still read of it)"""
    for one in AUTHGEAR:
        for mark in ('; ', ';', ' ; '):
            yield mark.join((one, 'sid=1')), {'sid': '1'}
            yield mark.join(('sid=1', one)), {'sid': '1'}
            yield mark.join(('sid=1', one, 'lang=de')), {
                'sid': '1', 'lang': 'de'}
            yield one, {}
            yield one + mark, {}
            yield mark.join((one, one, 'sid=1')), {'sid': '1'}
            yield mark.join(('a=1', one, one, 'b=2')), {'a': '1', 'b': '2'}
            yield mark.join((one, 'a=1', one, 'b=2', one)), {
                'a': '1', 'b': '2'}
    every = '; '.join(AUTHGEAR)
    yield 'sid=1; %s; lang=de' % every, {'sid': '1', 'lang': 'de'}
    yield every + '; sid=1', {'sid': '1'}
    yield 'sid=1; lang=de', {'sid': '1', 'lang': 'de'}
    yield 'session=mine; sid=1', {'session': 'mine', 'sid': '1'}
    yield 'sid=app_session; x=session', {'sid': 'app_session',
                                         'x': 'session'}
    # four places: no cookies at all rather than a credential
    one = AUTHGEAR[0]
    yield '; '.join((one, 'a=1', one, 'b=2', one, 'c=3', one)), {}


def by_python(text):
    return {name: morsel.value for name, morsel in
            http.cookies.SimpleCookie(text).items()}


def by_perl(text):
    run = subprocess.run(['perl', '-e', PERL, text], check=True,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    return json.loads(run.stdout)


def cookies(world, php, face):
    """What is left when Authgear's are cut out, by parsers that are strict:
    Python's, PHP's and Perl's."""
    text = '''server { include @INCLUDES@/authgear-server.conf; @LISTEN@
root @WWW@; auth_request /_authgear/default;
location /public/ { auth_request off; }
location /app/ { include @INCLUDES@/authgear-proxy.conf;
    proxy_pass http://@HTTP@; }
location ~ \\.php$ { include @INCLUDES@/authgear-php.conf;
    fastcgi_pass unix:%s; } }''' % php
    token = world.token()
    wrong, count = [], 0
    with nginx_site.running(world, text, face=face) as nginx:
        for sent, wanted in headers_of_cookies():
            count += 1
            # the module cuts in as many places as there are
            if face == 'module' and not wanted and 'c=3' in sent:
                wanted = {'a': '1', 'b': '2', 'c': '3'}
            header = [('Cookie', sent)]
            shown = checker.ask(nginx.port, '/app/x', token,
                                headers=header).shown()
            left = ''.join(values(shown, 'Cookie'))
            in_php = json.loads(checker.ask(
                nginx.port, '/php/show.php', token,
                headers=header).body)['cookies'] or {}
            got = [by_python(left), in_php, by_perl(left)]
            if got != [wanted] * 3 or re.search(r';\s*;|^[\s;]|[\s;]$',
                                                left) or RANDOM in left:
                wrong.append((sent, left, got))
        tap.ok(not wrong, '%s: cookies: %d headers cut as they should be' %
               (face, count), wrong[:5])
        # a long one is cut in no time, and a hostile one too
        for sent in ('; '.join(['a' * 40 + '=1'] * 150 + [AUTHGEAR[0]]),
                     ';' * 7000 + AUTHGEAR[0], ' ;,' * 2500 + AUTHGEAR[0],
                     'x' * 7000 + '; ' + AUTHGEAR[0],
                     'app_session=' * 600 + '; ' + AUTHGEAR[0]):
            answer = checker.ask(nginx.port, '/app/x', token,
                                 headers=[('Cookie', sent)])
            tap.ok(answer.status == 200 and RANDOM.encode() not in
                   answer.body, '%s: cookies: %d bytes' % (face, len(sent)),
                   answer.status)


def large(world, name):
    """Over 64 kB nginx stops by itself, and lets nobody in; the module asks
    about the credential alone."""
    most = (200,) if name == 'nginx-module' else (500,)
    for size, statuses in ((5, (200,)), (12, most)):
        headers = [('X-Long-%d' % number, 'x' * 7000)
                   for number in range(size)]
        for token, wanted in ((world.token(), statuses),
                              (None, (401, 500))):
            before = world.site.runs()
            answer = world.ask(name, '/app/x', token, headers=headers)
            tap.ok(answer.status in wanted and (
                answer.status == 200 or world.site.runs() == before),
                '%s: headers of %d bytes: %d' % (name, size * 7000,
                                                 answer.status),
                answer)


def upgrades(world):
    """No protocol but websocket gets past nginx to the application."""
    port = world.servers['nginx'].port
    for upgrade in ('h2c', 'websocket, h2c', 'TLS/1.0', 'WebSocket'):
        text = ('GET /app/x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, '
                'HTTP2-Settings\r\nUpgrade: %s\r\nAuthorization: Bearer %s'
                '\r\n\r\n' % (upgrade, world.token()))
        with socket.create_connection(('127.0.0.1', port), 60) as link:
            link.sendall(text.encode())
            answer = link.recv(65536)
            while b'sha256' not in answer:
                answer += link.recv(65536)
        passed = re.search(rb'"Upgrade", "([^"]*)"', answer)
        wanted = b'websocket' if upgrade == 'WebSocket' else None
        tap.equal(passed and passed.group(1), wanted, 'Upgrade: ' + upgrade)


# The layout of Debian, and what three lines of the README make of it.
DEBIAN = '''pid @AT@/pid;
error_log @AT@/error.log;
events { worker_connections 768; }
http {
@WORK@
sendfile on;
tcp_nopush on;
types_hash_max_size 2048;
include /etc/nginx/mime.types;
default_type application/octet-stream;
ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
ssl_prefer_server_ciphers on;
access_log @AT@/access.log;
gzip on;
include @AT@/etc/conf.d/*.conf;
include @AT@/etc/sites-enabled/*;
}
'''
DEFAULT = '''server {
@FIRST@
listen 127.0.0.1:@PORT@ default_server;
root @WWW@;
index index.html index.htm index.nginx-debian.html;
server_name _;
location / { try_files $uri $uri/ =404; }
location /public/ { @PUBLIC@ }
location ~ \\.php$ { @PHP@ fastcgi_pass unix:@SOCKET@; }
error_page 404 /404.html;
error_page 500 502 503 504 /50x.html;
location ~ /\\.ht { deny all; }
}
'''


def debian(world, php, face):
    """An existing site, then with the three lines."""
    for guarded in (False, True):
        def made(site, at, port, address):
            folder = nginx_site.includes(site, at + '/includes', address,
                                         face)
            for name in ('conf.d', 'sites-enabled'):
                os.makedirs(at + '/etc/' + name)
            for name in ('fastcgi.conf', 'snippets'):
                os.symlink('/etc/nginx/' + name, at + '/' + name)
            first, public, include = '', '', 'snippets/fastcgi-php.conf'
            if guarded:
                os.symlink(folder + 'authgear-http.conf',
                           at + '/etc/conf.d/authgear-http.conf')
                first = 'include %sauthgear-server.conf; ' \
                    'auth_request /_authgear/default;' % folder
                public = 'include %sauthgear-public.conf;' % folder
                include = folder + 'authgear-php.conf'
            work = ''.join('%s_temp_path %s/work/%s;' % (kind, at, kind)
                           for kind in ('client_body', 'proxy', 'fastcgi',
                                        'uwsgi', 'scgi'))
            texts = []
            for text in (DEBIAN, DEFAULT):
                for name, value in (
                        ('@AT@', at), ('@WORK@', work), ('@FIRST@', first),
                        ('@PORT@', str(port)), ('@WWW@', site.www),
                        ('@PUBLIC@', public), ('@SOCKET@', php),
                        ('@PHP@', 'include %s;' % include)):
                    text = text.replace(name, value)
                texts.append(text)
            if face == 'module':
                texts[1] = nginx_module.render(texts[1])
            with open(at + '/etc/sites-enabled/default', 'w') as file:
                file.write(texts[1])
            user = 'user www-data;\n' if os.geteuid() == 0 else ''
            if face == 'module':
                user += nginx_module.loading()
                texts[0] = nginx_module.render(texts[0])
            return user + texts[0], servers.nginx_command(at)

        server = servers.start('debian', world.site,
                               world.addresses['nginx'], made)
        try:
            got = [checker.ask(server.port, path, token).status
                   for path in ('/page.txt', '/php/show.php', '/nothing',
                                '/public/page.txt')
                   for token in (None, world.token())]
            tap.equal(got, [401, 200, 401, 200, 401, 404, 200, 200]
                      if guarded else [200, 200, 200, 200, 404, 404, 200,
                                       200],
                      '%s: Debian: %s' % (face, 'three lines guard it'
                                          if guarded else 'an open site'))
            if guarded:
                answer = checker.ask(server.port, '/php/show.php',
                                     world.token())
                tap.equal(values(answer.shown(), 'REMOTE_USER'),
                          ['login-alice'], face + ': Debian: who it is')
        finally:
            server.stop()


# What the README says must not be done in a guarded place, and why; the module
# asks for what SSI and add_before_body take in.
TOLD = '''server {
include @INCLUDES@/authgear-server.conf;
@LISTEN@
root @WWW@;
auth_request /_authgear/default;
location = /public/ssi.html { auth_request off; ssi on; }
location = /a/ssi.html { ssi on; }
location /admin/ { auth_request /_authgear/admin; }
location = /public/before.html { auth_request off;
    add_before_body /page.txt; addition_types *; }
location /public/ { auth_request off; }
location /return/ { return 200 "page of /return"; }
location /moved/ { rewrite ^ https://www.example.com/ redirect; }
location /any/ { satisfy any; allow 127.0.0.1; deny all; root @WWW@/..;
    try_files /none /any.txt; }
location /any-else/ { satisfy any; deny all; try_files /page.txt =404; }
location = /any.txt { satisfy any; allow 127.0.0.1; deny all;
    root @WWW@/a; try_files /page.txt =404; }
}
'''


def told(world, name):
    is_asked = name == 'nginx-module'
    world.site.write('public', 'ssi.html',
                     '<!--#include virtual="/page.txt" -->')
    world.site.write('a', 'ssi.html',
                     '<!--#include virtual="/admin/page.txt" -->')
    world.site.write('public', 'before.html', 'behind')
    with nginx_site.running(world, TOLD, face=face_of(name)) as nginx:
        for path, status, text, what in (
                ('/return/x', 200, b'page of /return', 'return answers'),
                ('/moved/x', 302, b'', 'a redirect answers'),
                ('/public/ssi.html', 200, b'401 Authorization' if is_asked
                 else b'page of /', 'SSI of a public page and a guarded one'),
                ('/public/before.html', 200, b'401 Authorization' if is_asked
                 else b'page of /', 'add_before_body of a guarded one'),
                ('/any/x', 200, b'page of /a', 'satisfy any lets in by '
                 'address'),
                ('/any-else/x', 401, b'', 'satisfy any asks where no '
                 'address is let in'),
                ('/page.txt', 401, b'', 'and the page itself is guarded')):
            answer = checker.ask(nginx.port, path)
            tap.ok(answer.status == status and text in answer.body and not (
                is_asked and 'guarded one' in what and
                b'page of /' in answer.body),
                '%s: told: %s' % (name, what), answer)
        got = [checker.ask(nginx.port, '/a/ssi.html', token) for token in
               (None, world.token())]
        tap.ok(got[0].status == 401 and got[1].status == 200 and (
            b'page of /admin' in got[1].body) != is_asked,
               name + ': told: SSI of a guarded page and what a policy of '
               'its own guards', [str(answer) for answer in got])


LUA = ('load_module modules/ndk_http_module.so;\n'
       'load_module modules/ngx_http_lua_module.so;\n'
       'load_module modules/ngx_http_headers_more_filter_module.so;\n')
AROUND = '''more_clear_headers 'X-Authgear-*';
rewrite_by_lua_block { if ngx.is_subrequest then ngx.exit(200) end }
header_filter_by_lua_block { if ngx.is_subrequest then ngx.status = 200 end }
'''
SHUT = 'rewrite_by_lua_block { }\nheader_filter_by_lua_block { }\n'


def lua(world, name):
    """Code around that answers everything: shut off in the folder that the
    location which asks includes; the module has no such location."""
    modules = LUA.replace('modules/', '/usr/lib/nginx/modules/')
    text = SAYS.replace('@SECOND@', str(servers.free_port()))
    closed = [401, 401, 200]
    for shut, wanted in (('', closed if name == 'nginx-module' else
                          [200, 200, 200]), (SHUT, closed)):
        with nginx_site.running(world, text, AROUND, modules, shut,
                                face_of(name)) as nginx:
            got = [checker.ask(nginx.port, '/page.txt', token).status
                   for token in (None, world.token(tamper='signature'),
                                 world.token())]
            tap.equal(got, wanted, name + ': Lua around the asking' + (
                ', shut off' if shut else ''))


if __name__ == '__main__':
    with checker.World(('nginx',) + nginx_module.names()) as here:
        with nginx_backends.Backends(here.site) as applications:
            for each in nginx_module.faces():
                cookies(here, applications.php, each)
                debian(here, applications.php, each)
        for each in here.names:
            for case in (tls, access_log, kept_by_browsers,
                         said_by_the_application, large, told, lua):
                case(here, each)
        # of what the includes alone do
        for case in (without_host, upgrades):
            case(here)
    tap.done()
