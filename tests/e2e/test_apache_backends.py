"""Every kind of application behind Apache with its include: who it is, what
is refused, and what the application never sees; and WebDAV, whose COPY and
MOVE are asked about at both ends."""
# beside others: it mostly waits

import base64
import http.cookies
import os
import subprocess

import apache
import backend
import checker
import tap
from apache import is_alice, ways
from checker import LOGIN, refused, values

LINES = r'''
RewriteEngine On
<Location /fcgi/>
    ProxyPass "unix:{fcgi}|fcgi://localhost/fcgi/"
</Location>
<Location /app/>
    ProxyPass "http://{http}/app/"
</Location>
<Location /public/fcgi/>
    ProxyPass "unix:{fcgi}|fcgi://localhost/fcgi/"
</Location>
<Location /public/app/>
    ProxyPass "http://{http}/app/"
</Location>
# as in php8.2-cgi.conf and serve-cgi-bin.conf of Debian
ScriptAlias /cgi-bin/ /usr/lib/cgi-bin/
<Directory "/usr/lib/cgi-bin">
    AllowOverride None
    Options +ExecCGI -MultiViews +SymLinksIfOwnerMatch
    Require all granted
</Directory>
<FilesMatch ".+\.php$">
    SetHandler application/x-httpd-php
</FilesMatch>
Action application/x-httpd-php /cgi-bin/php
DavLockDB {dir}/lock
<Location /dav>
    Dav On
</Location>
'''
HOST = '''<VirtualHost *>
ServerName %s.example
DocumentRoot {www}
%s
Use AuthgearOn
Use Authgear %s "/"
Use AuthgearHandler "/cgi-bin/php"
</VirtualHost>
'''
POLICIES = '''
[policy behind]
remote_user = claim:%s
client_identity = ignore

[policy basic]
remote_user = claim:%s
accept_basic = yes

[policy login]
login_client = web
login_return = http://127.0.0.1/authgear-login
''' % (LOGIN, LOGIN)
HTACCESS = '''RewriteEngine On
SetEnvIf Authorization "(.+)" HTTP_AUTHORIZATION=$1
RewriteCond %{HTTP:Authorization} (.+)
RewriteRule .* - [E=HTTP_AUTHORIZATION:%1]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteRule ^(.*)$ index.cgi/$1 [QSA,L]
CGIPassAuth On
'''
PHP = '''<?php
file_put_contents('%s', "php\\n", FILE_APPEND);
header('X-Backend: php');
$env = [];
foreach ($_SERVER as $name => $value)
	if (is_string($value))
		$env[] = [$name, $value];
echo json_encode(['kind' => 'php', 'env' => $env, 'all' => getenv(),
    'cookies' => $_COOKIE, 'length' => strlen(file_get_contents(
    'php://input'))]);
'''
KINDS = {'CGI': '/show.cgi/info', 'php-cgi': '/php/show.php/info?a=1',
         'proxy_fcgi': '/fcgi/x', 'proxy_http': '/app/x',
         '.htaccess': '/pretty/users'}
NAMES = ('Remote-User', 'X-Remote-User', 'X-Forwarded-User',
         'X-Authgear-User-Id', 'X-Authgear-Decision',
         'X-Authgear-User-Roles', 'X-Authgear-User-Roles-Omitted',
         'X-Authgear-Anything')
PAGE = [('Accept', 'text/html'), ('Sec-Fetch-Mode', 'navigate')]
RANDOM = 'IY73tucWDUyBWEFTvRiOHNth4qZVw0IQ'
SESSION = '1b4e28ba-2fa1-41d2-883f-0016d3cca427.' + RANDOM


def build(site):
    for folder in ('php', 'pretty', 'public/php', 'dav/strict', 'dav/folder'):
        os.makedirs(os.path.join(site.www, folder))
    for folder in ('php', 'public/php'):
        site.write(folder, 'show.php', PHP % site.runs_file)
    site.write('pretty', '.htaccess', HTACCESS)
    backend.write_cgi(os.path.join(site.www, 'pretty', 'index.cgi'),
                      site.runs_file)
    for folder in ('dav', 'dav/strict', 'dav/folder'):
        site.write(folder, 'page.txt', 'page of %s\n' % folder)
        os.chown(os.path.join(site.www, folder), 33, 33)
    os.chown(os.path.join(site.www, 'dav', 'page.txt'), 33, 33)


def at(policy, path):
    """The address where that policy guards it."""
    return path if policy == 'default' else 'http://%s.example%s' % (
        policy, path)


def spellings(name):
    for marks in ('-', '_', '.'):
        yield name.replace('-', marks)
    yield name.lower()
    yield name[::-1].replace('-', '_', 1)[::-1]


def roles(world, kind, path):
    """Live ones of Authgear's resolver, more than the answer has room for."""
    token = world.token('many', session=True, roles=checker.MANY_ROLES)
    answer = world.ask('apache', path, token)
    shown = answer.shown() or {'env': []}
    tap.ok(answer.status == 200 and checker.roles_told(shown) == ([], ['1']),
           kind + ': roles without room', answer)


def granted(world, kind, path):
    token = world.token(session=True)
    secret = token.split('.')[2].encode()
    for way, headers in ways(token):
        for method in ('GET', 'POST'):
            body = b'12345' if method == 'POST' else None
            answer = world.ask('apache', path, headers=headers,
                               method=method, body=body)
            shown = answer.shown() or {'kind': '', 'env': []}
            tap.ok(answer.status == 200 and is_alice(shown, 'default') and
                   shown['length'] == len(body or b''),
                   '%s: %s by %s: who it is' % (kind, method, way), answer)
            tap.ok(secret not in answer.body and b'Bearer' not in answer.body
                   and not any(values(shown, name) for name in (
                       'HTTP_AUTHORIZATION', 'PHP_AUTH_USER', 'PHP_AUTH_PW',
                       'REDIRECT_HTTP_AUTHORIZATION', 'Authorization')),
                   '%s: %s by %s: not the credential' % (kind, method, way),
                   answer.body)


def forged(world, kind, path):
    token = world.token(session=True)
    for name in NAMES:
        for spelling in spellings(name):
            for who in (token, None):
                answer = refused(world, 'apache', '%s: %s' % (
                    kind, spelling), (400,), path, who,
                    headers=[(spelling, 'forged')])
                tap.equal(answer.header('X-Authgear-Reason'),
                          'forged-identity', kind + ': the reason')
            answer = world.ask('apache', at('behind', path), token, headers=[
                (spelling, 'forged'), ('Connection', 'close, ' + spelling)])
            tap.ok(answer.status == 200 and b'forged' not in answer.body and
                   is_alice(answer.shown(), 'behind'),
                   '%s: %s ignored, and gone' % (kind, spelling), answer)
    refused(world, 'apache', kind + ': Connection', (400,), path, token,
            headers=[('Connection', 'close, X-Authgear-User-Id')])


def not_granted(world, kind, path):
    bad = world.token(tamper='signature')
    for who in (None, bad):
        answer = refused(world, 'apache', kind + ': 401', (401,), path, who)
        tap.ok((answer.header('WWW-Authenticate') or '').startswith('Bearer'),
               kind + ': a challenge', answer)
    token = world.token(session=True)
    answer = refused(world, 'apache', kind + ': 403', (403,),
                     at('admin', path), token)
    tap.equal(answer.header('X-Authgear-Reason'), 'role-missing',
              kind + ': why')
    root = world.token('root', session=True, roles=['admin'])
    answer = world.ask('apache', at('admin', path), root)
    tap.ok(is_alice(answer.shown(), 'admin', 'root'),
           kind + ': an administrator', answer)
    answer = refused(world, 'apache', kind + ': to the login', (302,),
                     at('login', path), headers=PAGE)
    tap.ok((answer.header('Location') or '').startswith(
        world.sim.origin + '/oauth2/authorize?') and
           answer.header('X-Authgear-Request-Id'),
           kind + ': at Authgear', answer)


def undecided(world, kind, path):
    token = world.token(session=True)
    os.rename(world.state, world.state + '.aside')
    try:
        answer = refused(world, 'apache', kind + ': 503', (503,), path,
                         token)
    finally:
        os.rename(world.state + '.aside', world.state)
    tap.ok(answer.header('Retry-After') and answer.header(
        'X-Authgear-Reason') == 'state-unreadable',
           kind + ': what cannot be told', answer)


def basic(world, kind, path):
    """The token as password, for programs that know nothing else."""
    token = world.token(session=True)
    word = base64.b64encode(b'login-alice:' + token.encode()).decode()
    answer = world.ask('apache', at('basic', path), headers=[
        ('Authorization', 'Basic ' + word)])
    tap.ok(answer.status == 200 and is_alice(answer.shown(), 'basic') and
           token.encode() not in answer.body and
           word.encode() not in answer.body and
           b'PHP_AUTH' not in answer.body, kind + ': by Basic', answer)


def too_large(world, kind, path):
    answer = refused(world, 'apache', kind + ': over 64 kB of headers',
                     (400,), path, world.token(session=True), headers=[
                         ('X-%d' % number, 'x' * 9000)
                         for number in range(9)])
    tap.equal(answer.header('X-Authgear-Reason'), 'headers-too-large',
              kind + ': told')


def public(world):
    """Where nobody is asked, names and credential are gone as well."""
    token = world.token(session=True)
    secret = token.split('.')[2].encode()
    for path in ('/public/show.cgi', '/public/php/show.php',
                 '/public/fcgi/x', '/public/app/x'):
        for name in NAMES + ('Forwarded',):
            for spelling in spellings(name):
                answer = world.ask('apache', path, token, headers=[
                    (spelling, 'forged'), ('Cookie', 'a=1; app_access_token='
                                           + token),
                    ('Connection', 'close, ' + spelling)])
                tap.ok(answer.status == 200 and
                       b'forged' not in answer.body and
                       secret not in answer.body and
                       not values(answer.shown(), 'AUTHGEAR_USER_ID'),
                       'public: %s at %s' % (spelling, path), answer)
        answer = world.ask('apache', path, headers=[('Cookie', 'a=1')])
        tap.equal(values(answer.shown(), 'HTTP_COOKIE') or
                  values(answer.shown(), 'Cookie'), ['a=1'],
                  'public: other cookies at ' + path)


def handler(world):
    """What Action names is reached by pages alone."""
    token = world.token(session=True)
    for path in ('/cgi-bin/php', '/cgi-bin/php/php/show.php',
                 '/cgi-bin/php/public/php/show.php'):
        for who in (token, None):
            for host in ('default', 'admin'):
                for method in ('GET', 'POST', 'PROPFIND'):
                    refused(world, 'apache', '%s %s' % (method, path), (403,),
                            at(host, path), who, method=method)
    tap.equal(world.ask('apache', '/cgi-bin/php8.2', token).status in
              (403, 404, 500), True, 'another name of it is guarded')
    refused(world, 'apache', 'for nobody', (401,), '/cgi-bin/php8.2')


def by_python(text):
    return {name: morsel.value for name, morsel in
            http.cookies.SimpleCookie(text).items()}


def by_perl(text):
    out = subprocess.run(
        ['perl', '-MCGI::Cookie', '-e', 'my %c = CGI::Cookie->parse($ARGV[0])'
         '; print "$_\\n" . $c{$_}->value . "\\n" for keys %c', text],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        check=True).stdout.split('\n')
    return dict(zip(out[::2], out[1::2]))


def cookies(world):
    """Cut out, they leave what strict parsers read."""
    token = world.token(session=True)
    ours = ('app_access_token=' + token, 'app_session=' + RANDOM,
            'session=' + SESSION, 'session="%s"' % SESSION,
            'pre_session=' + SESSION)
    for each in ours:
        for text, left in (
                ('%s', {}), ('%s; sid=1', {'sid': '1'}),
                ('sid=1; %s', {'sid': '1'}), ('%s;sid=1', {'sid': '1'}),
                ('sid=1; %s; lang=de', {'sid': '1', 'lang': 'de'}),
                ('sid=1;%s;lang=de', {'sid': '1', 'lang': 'de'}),
                ('sid=1; %s; %s; lang="a b"; session=mine', {
                    'sid': '1', 'lang': 'a b', 'session': 'mine'})):
            sent = text.replace('%s', each)
            answer = world.ask('apache', '/php/show.php', token,
                               headers=[('Cookie', sent)])
            got = values(answer.shown(), 'HTTP_COOKIE')
            held = len(got) == (1 if left else 0)
            for cookie in got:
                held = held and ';;' not in cookie and '; ;' not in cookie \
                    and cookie == cookie.strip('; ') and \
                    by_python(cookie) == left and by_perl(cookie) == {
                        name: '"a b"' if value == 'a b' and
                        by_perl(cookie)[name].startswith('"') else value
                        for name, value in left.items()}
            by_php = {name: value.strip('"') for name, value in
                      (answer.shown()['cookies'] or {}).items()}
            tap.ok(held and by_php == left and RANDOM not in str(
                answer.body) and token not in str(answer.body),
                   'cookies: %s' % text.replace('%s', each.split('=')[0]),
                   (sent, got, answer.shown()['cookies']))
    for lines, left in ((('a=1', ours[0], 'b=2'), 'a=1, b=2'),
                        ((ours[0], 'a=1'), 'a=1'), (('a=1', ours[1]), 'a=1'),
                        (('x=1,2', 'b'), 'x=1,2, b')):
        answer = world.ask('apache', '/app/x', token, headers=[
            ('Cookie', line) for line in lines])
        tap.equal(values(answer.shown(), 'Cookie'), [left],
                  'cookies: in lines of their own: ' + left)


def dav(world, method, path, who, to=None, **more):
    headers = [('Depth', '1')] if method == 'PROPFIND' else []
    if to:
        headers.append(('Destination', to))
    return world.ask('apache', path, who, method=method, headers=headers,
                     **more)


def webdav(world):
    token = world.token(session=True)
    root = world.token('root', session=True, roles=['admin'])
    body = {'PUT': b'new\n', 'LOCK': b'<?xml version="1.0"?><lockinfo '
            b'xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype>'
            b'<write/></locktype></lockinfo>'}
    for method in ('GET', 'PROPFIND', 'PUT', 'MKCOL', 'COPY', 'MOVE', 'LOCK',
                   'DELETE', 'OPTIONS'):
        for headers, status in (
                ([], 401), ([('X_Authgear-User-Id', 'x')], 400),
                ([('Authorization', 'Bearer x.y.z')], 401),
                ([('X-Authgear-Decision', 'granted')], 400)):
            refused(world, 'apache', 'WebDAV: %s %s' % (method, headers),
                    (status,), '/dav/page.txt', method=method, headers=headers
                    + [('Destination', base(world) + '/dav/stolen')],
                    body=body.get(method))
        refused(world, 'apache', 'WebDAV: %s, names ignored' % method, (401,),
                at('behind', '/dav/page.txt'), method=method, headers=[
                    ('X-Authgear-Decision', 'granted'),
                    ('X_Authgear_User_Id', 'root'),
                    ('Destination', base(world) + '/dav/stolen')],
                body=body.get(method))
        if method not in ('OPTIONS', 'GET'):
            answer = dav(world, method, '/dav/strict/page.txt', token,
                         base(world) + '/dav/stolen', body=body.get(method))
            tap.equal(answer.status, 403, 'WebDAV: %s of a stricter policy' %
                      method)
    for method, path, to, status in (
            ('PUT', '/dav/new', None, 201), ('GET', '/dav/new', None, 200),
            ('MKCOL', '/dav/made', None, 201),
            ('COPY', '/dav/new', '/dav/copy', 201),
            ('MOVE', '/dav/copy', '/dav/moved', 201),
            ('COPY', '/dav/folder/', '/dav/made/folder/', 201),
            ('PROPFIND', '/dav/', None, 207),
            ('LOCK', '/dav/moved', None, 200),
            ('DELETE', '/dav/new', None, 204),
            ('OPTIONS', '/dav/', None, 200)):
        answer = dav(world, method, path, token, to and base(world) + to,
                     body=body.get(method))
        tap.equal(answer.status, status, 'WebDAV: %s %s' % (method, path))
    return token, root


def base(world):
    return 'http://127.0.0.1:%d' % world.servers['apache'].port


SPELLINGS = ('/dav/strict/%s', '/dav//strict/%s', '/dav/./strict/%s',
             '/dav/%%73trict/%s', '/dav/folder/../strict/%s',
             '/dav/%%2e/strict/%s', '/dav/folder/%%2e%%2e/strict/%s',
             '//dav/strict/%s', '/dav/strict/./%s', '/x/../dav/strict/%s',
             '/dav/strict%%2f%s', '/dav/strict;x/%s', '/DAV/strict/%s',
             '/dav\\strict\\%s', '/dav/strict/%s?a=b', '/dav/strict/%s/')


def destinations(world, token, root):
    port = world.servers['apache'].port
    for method in ('COPY', 'MOVE'):
        for each in SPELLINGS:
            for start in ('http://127.0.0.1:%d' % port, '',
                          'HTTP://127.0.0.1:%d' % port,
                          'https://127.0.0.1:%d' % port,
                          'http://x@127.0.0.1:%d' % port,
                          'http://localhost:%d' % port):
                world.site.write('dav', 'page.txt', 'page of dav\n')
                to = start + each % 'page.txt'
                answer = dav(world, method, '/dav/page.txt', token, to)
                with open(world.site.www + '/dav/strict/page.txt') as file:
                    held = file.read() == 'page of dav/strict\n'
                tap.ok(held and os.listdir(world.site.www + '/dav/strict') ==
                       ['page.txt'], 'WebDAV: %s to %s' % (method, to),
                       answer)
        world.site.write('dav', 'page.txt', 'page of dav\n')
        answer = dav(world, method, '/dav/page.txt', root,
                     base(world) + '/dav/strict/by-root-' + method)
        tap.equal(answer.status, 201,
                  'WebDAV: %s by one who may, there too' % method)
        os.remove(world.site.www + '/dav/strict/by-root-' + method)
    log = world.servers['apache'].log()
    tap.ok('authgear: not asked' not in log, 'WebDAV: each pass is asked '
           'about', log[-2000:])


def main():
    with checker.World((), policies=POLICIES, settings={
            'validate': 'hybrid', 'lookup_rate': '60000'}) as world:
        build(world.site)
        for name in ('alice', 'root', 'many'):
            world.sim.user(id='id-' + name)
        world.servers['apache'] = apache.start(
            world, LINES + apache.GUARD +
            'Use Authgear admin "/dav/strict"\n'
            'Use AuthgearHandler "/cgi-bin/php"\n',
            ['actions', 'cgid', 'dav', 'dav_fs', 'proxy_http', 'rewrite'],
            behind=''.join(HOST % (policy, LINES, policy) for policy in (
                'admin', 'behind', 'basic', 'login')))
        for kind, path in KINDS.items():
            for case in (granted, roles, forged, not_granted, undecided):
                case(world, kind, path)
            basic(world, kind, path)
            too_large(world, kind, path)
        public(world)
        handler(world)
        cookies(world)
        destinations(world, *webdav(world))
    tap.done()


main()
