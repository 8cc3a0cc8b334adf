"""One request that passes Apache's hooks several times: rewritten in
.htaccess, <Directory> or the server, handed to an Action, an index file, an
error page, a negotiated or an included one. Each pass is asked about with
the credential, the application learns who it is and never sees the
credential, and what we set on one pass is no forgery on the next."""

import json
import os

import apache
import backend
import checker
import tap
from apache import is_alice, ways
from checker import refused

SITE = apache.GUARD + r'''
Use AuthgearPublic "/errors"
# twice is no harm
Use AuthgearOn
RewriteEngine On
RewriteRule ^/moved/(.*)$ /admin/$1 [PT]
RewriteRule ^/opened/(.*)$ /public/$1 [PT]
RewriteRule ^/admin/users$ /front.cgi [PT]
RewriteRule ^/public/users$ /front.cgi [PT]
RewriteRule ^/(admin/)?route$ /router.cgi [PT]
RewriteCond %{LA-U:REMOTE_USER} ^login-
RewriteRule ^/ahead$ /front.cgi [PT]
# What people write so that PHP gets it.
SetEnvIf Authorization "(.+)" HTTP_AUTHORIZATION=$1
SetEnvIf Authorization "(.+)" SITE_COPY=$1
SetEnvIf Cookie "(.+)" SITE_COOKIE=$1
RewriteRule .* - [E=REMOTE_COPY:%{HTTP:Authorization}]
ErrorDocument 404 /error.cgi
ErrorDocument 410 /errors/gone.cgi
Redirect gone /gone
Alias /bin {www}/bin
Action handed-over /bin/handler.cgi
<Directory {www}/action>
    SetHandler handed-over
</Directory>
<Directory {www}/directory>
    RewriteEngine On
    RewriteCond %{REQUEST_FILENAME} !-f
    RewriteRule ^(.*)$ index.cgi/$1 [L]
</Directory>
<Location /included>
    SetOutputFilter INCLUDES
</Location>
<Location /proxied>
    ProxyPass http://{http}/proxied
</Location>
'''
HTACCESS = r'''
Options +FollowSymLinks
RewriteEngine On
RewriteRule ^secret - [F]
RewriteRule ^away$ http://away.example/ [R=302,L]
RewriteCond %{HTTP:Authorization} (.+)
RewriteRule .* - [E=HTTP_AUTHORIZATION:%1]
RewriteCond %{HTTP_COOKIE} (.+)
RewriteRule .* - [E=COOKIE_COPY:%1]
RewriteRule ^backend/(.*)$ http://{http}/$1 [P,L]
RewriteCond /admin/page.txt -U
RewriteRule .* - [E=MAY_ADMIN:yes]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteRule ^(.*)$ index.cgi/$1 [QSA,L]
SetEnvIf Authorization "(.+)" SITE_COPY2=$1
CGIPassAuth On
'''
# path, policy as the application is told it
SERVED = (
    ('/show.cgi', 'default'),
    ('/app/users?x=1', 'default'),
    ('/app/backend/x', 'default'),
    ('/directory/users', 'default'),
    ('/fallback/some/where', 'default'),
    ('/index/', 'default'),
    ('/index', 'default'),
    ('/negotiated/page', 'default'),
    ('/action/page.php', 'default'),
    ('/local.cgi', 'default'),
    ('/self.cgi', 'default'),
    ('/missing', 'default'),
    ('/opened/show.cgi', 'default'),
    ('/public/users', 'default'),
    ('/ahead', 'default'),
    ('/proxied/x', 'default'),
)
ADMIN = (
    ('/admin/show.cgi', 'admin'),
    ('/admin/app/users', 'admin'),
    ('/admin/users', 'admin'),
    ('/admin/action/page.php', 'admin'),
    ('/admin/missing', 'admin'),
    ('/moved/show.cgi', 'default'),
    ('/route', 'default'),
)
FORGED = (('X-Authgear-User-Id', 'forged'), ('X_Authgear_User_Id', 'forged'),
          ('X.Remote.User', 'forged'), ('Remote-User', 'forged'),
          ('X-Forwarded-User', 'forged'), ('Remote_User', 'forged'))


def write(site, path, text=None, mode=0o644):
    at = os.path.join(site.www, path)
    os.makedirs(os.path.dirname(at), exist_ok=True)
    if text is None:
        backend.write_cgi(at, site.runs_file)
        return
    with open(at, 'w') as file:
        file.write(text)
    os.chmod(at, mode)


def build(site):
    http = '127.0.0.1:%d' % site.http.port
    for each in ('front.cgi', 'error.cgi', 'bin/handler.cgi', 'app/index.cgi',
                 'directory/index.cgi', 'index/index.cgi', 'errors/gone.cgi',
                 'fallback/index.cgi', 'negotiated/page.cgi',
                 'admin/app/index.cgi'):
        write(site, each)
    for each in ('app/.htaccess', 'admin/app/.htaccess'):
        write(site, each, HTACCESS.replace('{http}', http))
    write(site, 'app/there.txt', 'there\n')
    write(site, 'index/.htaccess', 'DirectoryIndex no.html index.cgi\n')
    write(site, 'fallback/.htaccess', 'FallbackResource /fallback/index.cgi')
    write(site, 'negotiated/.htaccess',
          'Options +MultiViews\nMultiviewsMatch Any\n')
    write(site, 'action/page.php', 'source\n')
    write(site, 'admin/action/page.php', 'source\n')
    write(site, 'admin/action/.htaccess', 'SetHandler handed-over\n')
    write(site, 'local.cgi', '#!/bin/sh\nprintf "Location: /show.cgi\\r\\n'
          '\\r\\n"\n', 0o755)
    # sent on to its own address, and to one that becomes its own
    for name, to in (('self.cgi', '/self.cgi?2'),
                     ('router.cgi', '/admin/route')):
        write(site, name, '#!/bin/sh\n[ -n "$REDIRECT_STATUS" ] && exec '
              './show.cgi\nprintf "Location: %s\\r\\n\\r\\n"\n' % to, 0o755)
    write(site, 'included/all.html', '\n'.join(
        '<!--#include virtual="%s" -->' % path for path in (
            '/show.cgi', '/public/show.cgi', '/admin/show.cgi',
            '/public/show.cgi', '/app/users', '/action/page.php')) +
        '\n<!--#printenv -->')
    write(site, 'included/file.html', '<!--#include file="sub.txt" -->')
    write(site, 'included/sub.txt', 'included by name\n')


def served(world, cases, name, roles):
    token = world.token(name, roles=roles)
    secret = token.split('.')[2].encode()
    for path, policy in cases:
        for way, headers in ways(token):
            answer = world.ask('apache', path, headers=headers)
            if answer.status == 301:
                answer = world.ask('apache', path + '/', headers=headers)
            if not tap.ok(answer.status == 200 and answer.shown(),
                          '%s by %s is served' % (path, way), answer):
                continue
            tap.ok(is_alice(answer.shown(), policy, name) and
                   secret not in answer.body,
                   '%s by %s: who it is, not the credential' % (path, way),
                   answer.body)
            cookies = checker.values(answer.shown(), 'HTTP_COOKIE') or \
                checker.values(answer.shown(), 'Cookie')
            tap.equal(cookies, ['a=1; b=2'] if way == 'cookie' else [],
                      '%s by %s: other cookies' % (path, way))


def nobody(world):
    for path, _ in SERVED + ADMIN:
        at = os.path.getsize(world.fcgi.err)
        refused(world, 'apache', 'nobody, ' + path, (401,), path)
        tap.equal(world.said(at).count('decision='),
                  2 if path == '/ahead' else 1,
                  'nobody, %s: asked about once' % path)
        for header in FORGED:
            refused(world, 'apache', '%s, %s' % (header[0], path), (400,),
                    path, headers=[header])
        refused(world, 'apache', 'POST, ' + path, (401,), path,
                method='POST', body=b'x')


def forged(world):
    token = world.token()
    for path, _ in SERVED:
        for header in FORGED:
            answer = refused(world, 'apache', '%s and a token, %s' % (
                header[0], path), (400,), path, token, headers=[header])
            tap.ok(answer.header('X-Authgear-Reason') == 'forged-identity' and
                   answer.header('X-Authgear-Request-Id') and
                   b'forged-identity' in answer.body,
                   '%s: told as forged' % path, answer)
        answer = world.ask('apache', path, token, headers=[
            (name, '') for name, _ in FORGED])
        tap.ok(answer.status in (200, 301),
               '%s: empty names are none' % path, answer)


def below_the_role(world):
    token = world.token()
    for path, _ in ADMIN:
        answer = refused(world, 'apache', 'without the role, ' + path,
                         (403,), path, token)
        tap.equal(answer.header('X-Authgear-Reason'), 'role-missing',
                  path + ': the reason')
    route = '/front.cgi/admin/users'
    tap.ok(world.ask('apache', route, token).status == 200,
           'the other address of a route has its own policy')


def as_without_the_gate(world):
    token = world.token()
    ask = world.ask
    tap.equal(ask('apache', '/app/secret', token).status, 403,
              '[F] in .htaccess')
    answer = ask('apache', '/app/away', token)
    tap.ok(answer.status == 302 and
           answer.header('Location') == 'http://away.example/',
           '[R] in .htaccess', answer)
    tap.equal(ask('apache', '/app/there.txt', token).body, b'there\n',
              'a file that is there')
    for name, who in (('alice', token), ('nobody', None)):
        tap.equal(ask('apache', '/app/.htaccess', who).status, 403,
                  'Require all denied of the server itself: ' + name)
    for who, may in ((token, []),
                     (world.token('root', roles=['admin']), ['yes'])):
        answer = world.ask('apache', '/app/x', who)
        tap.equal(checker.values(answer.shown(), 'REDIRECT_MAY_ADMIN'), may,
                  'RewriteCond -U asks for whom it is: %r' % may)
    refused(world, 'apache', '[F] for nobody', (401,), '/app/secret')
    refused(world, 'apache', '[R] for nobody', (401,), '/app/away')
    world.site.write('app', 'plain.html', 'x')
    answer = ask('apache', '/app/plain.html', token, method='POST', body=b'')
    tap.equal(answer.status, 405 if answer.status == 405 else 200,
              'a POST to a file')


def error_pages(world):
    token = world.token()
    site = world.site
    write(site, 'error.cgi', '#!/bin/sh\nprintf "Content-Type: text/plain\\r'
          '\\n\\r\\n%s %s" "$REMOTE_USER" "$REDIRECT_STATUS"\n', 0o755)
    answer = world.ask('apache', '/missing', token)
    tap.ok(answer.status == 404 and answer.body == b'login-alice 404',
           'an error page knows who it is and keeps its status', answer)
    refused(world, 'apache', 'an error page for nobody', (401,), '/missing')
    for name, who in (('nobody', None), ('alice', token)):
        answer = world.ask('apache', '/gone', who)
        tap.ok(answer.shown() is not None and
               not checker.values(answer.shown(), 'AUTHGEAR_USER_ID'),
               'a public error page tells of nobody: ' + name, answer)
    answer = world.ask('apache', '/%2fmissing', token)
    tap.equal(answer.status, 404, 'an error before anybody was asked')
    refused(world, 'apache', 'the same for nobody', (401, 404), '/%2fx')


def included(world):
    token = world.token()
    secret = token.split('.')[2].encode()
    for way, headers in ways(token):
        answer = world.ask('apache', '/included/all.html', headers=headers)
        parts = [json.loads(line) for line in answer.body.decode().split('\n')
                 if line.startswith('{')]
        told = [is_alice(part, 'default') for part in parts]
        tap.equal(told, [True, False, False, True, True],
                  'SSI by %s: each included page by its own policy' % way)
        tap.ok(not any(checker.values(part, name) for part in parts[1:3]
                       for name in ('AUTHGEAR_USER_ID', 'AUTHGEAR_DECISION',
                                    'HTTP_X_AUTHGEAR_USER_ID')),
               'SSI by %s: a public page is told nothing' % way, parts[1:3])
        tap.ok(secret not in answer.body,
               'SSI by %s: not the credential' % way)
        tap.ok(b'AUTHGEAR_USER_ID=id-alice' in answer.body,
               'SSI by %s: the page itself knows' % way, answer.body[-900:])
    root = world.token('root', roles=['admin'])
    answer = world.ask('apache', '/included/all.html', root)
    tap.ok(b'"admin"' in answer.body and b'login-root' in answer.body,
           'SSI: an administrator sees all', answer.body)
    tap.equal(world.ask('apache', '/included/file.html', token).body,
              b'included by name\n', 'SSI: a file by its name')
    refused(world, 'apache', 'SSI for nobody', (401,), '/included/all.html')


def main():
    with checker.World(()) as world:
        build(world.site)
        world.servers['apache'] = apache.start(
            world, SITE, ['rewrite', 'cgid', 'actions', 'include',
                          'proxy_http'])
        served(world, SERVED, 'alice', ['staff'])
        served(world, ADMIN, 'root', ['admin'])
        nobody(world)
        forged(world)
        below_the_role(world)
        as_without_the_gate(world)
        included(world)
        error_pages(world)
        log = world.servers['apache'].log()
        tap.ok('lua' not in log.lower() and 'authgear:' not in log,
               'nothing of ours in the log of errors', log[-2000:])
    tap.done()


main()
