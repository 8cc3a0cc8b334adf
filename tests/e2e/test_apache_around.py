"""What stands around the asking in Apache: lines of the site, before ours,
behind them and in .htaccess, that would let in by themselves, and lines of
ours that were forgotten. With none of them gets anybody in without being
asked; what is not ours is left alone."""

import base64
import hashlib
import os

import apache
import backend
import checker
import tap
from checker import refused

# Lines of a <Location> of the site.
LINES = {
    'granted': 'Require all granted',
    'any': 'Satisfy Any\nRequire all granted',
    'allow': 'Satisfy Any\nOrder allow,deny\nAllow from all',
    'or': 'AuthMerging Or\nRequire all granted',
    'both': '<RequireAny>\nRequire all granted\nRequire authgear\n'
            '</RequireAny>',
    'none': 'AuthType None\nRequire all granted',
    'name': 'AuthName "Staff"',
    'provider': 'AuthnzFcgiCheckAuthnProvider None',
    'basic': 'AuthType Basic\nAuthName x\nAuthBasicProvider file\n'
             'AuthUserFile {site}/passwords\nRequire valid-user',
    'inherit': 'LuaInherit none',
    'scope': 'LuaScope once',
    'first': 'LuaHookAccessChecker {site}/site.lua ok early',
    'translate': 'LuaHookTranslateName {site}/site.lua declined early',
    'if': '<If "true">\nRequire all granted\n</If>',
    'merged': 'AuthMerging And\nRequire all granted',
}
# What those who may pass get, where it is not the page: such lines stand
# where they win, and the log says so.
WIN_BEFORE = ('first', 'if')
WIN_BEHIND = ('granted', 'any', 'allow', 'or', 'both', 'none', 'name',
              'provider', 'basic', 'inherit', 'scope', 'if')
HTACCESS = {name: LINES[name] for name in LINES if name != 'translate'}
HTACCESS.update({
    'public': 'AuthName "authgear-public"',
    'public-if': '<If "true">\nAuthName "authgear-public"\n</If>',
})
SITE_LUA = '''
function ok(r) return apache2.OK end
function declined(r) return apache2.DECLINED end
'''
METHODS = ('GET', 'HEAD', 'POST', 'OPTIONS', 'PROPFIND', 'FOO')

# An area of its own, among ours.
STAFF = '''
<Location "/staff">
    AuthType Basic
    AuthName "Staff"
    AuthBasicProvider file
    AuthUserFile {site}/staff
    AuthnzFcgiCheckAuthnProvider None
    AuthMerging Off
    Require valid-user
</Location>
'''
REWRITE = 'RewriteEngine On\nRewriteRule ^/admin/users /front.cgi [PT]\n'
HOSTS = {
    'forgot': 'Use Authgear default "/"',
    'part': REWRITE + 'Use AuthgearOn\nUse Authgear admin "/admin"',
    'rest': REWRITE + 'Use AuthgearOn\nUse AuthgearPublic "/"\n'
            'Use Authgear admin "/admin"',
    'three': 'RewriteEngine On\nRewriteRule ^/other/e /third/e [PT]\n'
             'ErrorDocument 404 /other/error\nUse AuthgearOn\n'
             'Use Authgear default "/"\nUse Authgear other "/other"\n'
             'Use Authgear admin "/third"',
    'plain': '<Location "/app/">\nProxyPass http://{http}/app/\n</Location>\n'
             'ErrorDocument 404 /show.cgi',
}


def locations(folder):
    return '\n'.join('<Location "/%s/%s">\n%s\n</Location>' % (
        folder, name, lines) for name, lines in LINES.items())


def hosts():
    return ''.join('<VirtualHost *>\nServerName %s\nDocumentRoot {www}\n%s\n'
                   '</VirtualHost>\n' % host for host in HOSTS.items())


def build(site):
    for folder, names in (('before', LINES), ('behind', LINES),
                          ('own', HTACCESS)):
        for name in names:
            at = os.path.join(site.www, folder, name)
            os.makedirs(at)
            site.write(at, 'page.txt', 'page of %s/%s\n' % (folder, name))
            if folder == 'own':
                site.write(at, '.htaccess', HTACCESS[name].replace(
                    '{site}', site.dir) + '\n')
    site.write(site.dir, 'site.lua', SITE_LUA)
    site.write(site.dir, 'passwords', '')
    os.makedirs(os.path.join(site.www, 'staff'))
    site.write('staff', 'page.txt', 'staff only\n')
    site.write(site.dir, 'staff', 'bob:{SHA}%s\n' % base64.b64encode(
        hashlib.sha1(b'secret').digest()).decode())
    backend.write_cgi(os.path.join(site.www, 'front.cgi'), site.runs_file)


def closed(world, path):
    statuses = (401, 403, 500)
    for method in METHODS:
        refused(world, 'apache', '%s %s' % (method, path), statuses, path,
                method=method)
    bad = world.token(tamper='signature')
    refused(world, 'apache', 'a bad token, ' + path, statuses, path, bad)


def lines_of_the_site(world):
    token = world.token()
    for folder, names, win in (('before', LINES, WIN_BEFORE),
                               ('behind', LINES, WIN_BEHIND),
                               ('own', HTACCESS, WIN_BEFORE)):
        for name in names:
            path = '/%s/%s/page.txt' % (folder, name)
            closed(world, path)
            answer = world.ask('apache', path, token)
            page = 'page of %s/%s\n' % (folder, name)
            if name not in win:
                tap.equal((answer.status, answer.body),
                          (200, page.encode()), path + ': those who may pass')
                continue
            tap.ok(answer.status in (401, 403, 500) and
                   page.encode() not in answer.body,
                   path + ': closed for all', answer)
    log = world.servers['apache'].log()
    for path in ('behind/granted', 'behind/if', 'own/first', 'behind/name',
                 'behind/inherit'):
        tap.ok('authgear: not asked at /%s/page.txt' % path in log,
               path + ': the log says why')


def staff(world):
    """Its password is not ours to take away."""
    basic = base64.b64encode(b'bob:secret').decode()
    answer = world.ask('apache', '/staff/page.txt')
    tap.ok(answer.status == 401 and (answer.header('WWW-Authenticate') or
                                     '').startswith('Basic'),
           'an area of its own asks for a password', answer)
    answer = world.ask('apache', '/staff/page.txt',
                       headers=[('Authorization', 'Basic ' + basic)])
    tap.equal((answer.status, answer.body), (200, b'staff only\n'),
              'and gets it')
    refused(world, 'apache', 'and no token', (401,), '/staff/page.txt',
            world.token())


def on_host(world, host, path, *more, **others):
    return world.ask('apache', 'http://%s%s' % (host, path), *more, **others)


def forgotten(world):
    token, root = world.token(), world.token('root', roles=['admin'])
    for name, who in (('nobody', None), ('alice', token), ('root', root)):
        answer = on_host(world, 'forgot', '/page.txt', who)
        tap.equal(answer.status, 500,
                  'without AuthgearOn nobody gets in: ' + name)
        before = world.site.runs()
        answer = on_host(world, 'part', '/admin/users', who)
        tap.ok(answer.status == 500 and world.site.runs() == before,
               'rewritten to where nobody is asked: nobody gets in: ' + name,
               answer)
        answer = on_host(world, 'part', '/page.txt', who)
        tap.equal(answer.status, 200, 'what is not ours is open: ' + name)
    log = world.servers['apache'].log()
    tap.ok('Use AuthgearOn is missing' in log and 'rewrite left' in log,
           'and the log says both', log[-3000:])
    for who, status in ((None, 401), (token, 403), (root, 200)):
        answer = on_host(world, 'rest', '/admin/users', who)
        tap.equal(answer.status, status,
                  'rewritten to what is public: as asked: %d' % status)
    shown = answer.shown()
    tap.equal((checker.values(shown, 'REMOTE_USER'),
               checker.values(shown, 'AUTHGEAR_POLICY')),
              (['login-root'], ['admin']), 'and who it is')
    tap.equal(on_host(world, 'rest', '/front.cgi').status, 200,
              'the public address of it')


def three_policies(world):
    root = world.token('root', roles=['admin'])
    before = world.site.runs()
    answer = on_host(world, 'three', '/missing', root)
    tap.ok(answer.status >= 400 and world.site.runs() == before and
           'more than two policies' in world.servers['apache'].log(),
           'three policies on one way: nobody', answer)


def left_alone(world):
    token = world.token()
    answer = on_host(world, 'plain', '/app/x', token, headers=[
        ('X-Authgear-User-Id', 'theirs'), ('Cookie', 'session=1')])
    shown = answer.shown()
    tap.equal((checker.values(shown, 'Authorization'),
               checker.values(shown, 'X-Authgear-User-Id'),
               checker.values(shown, 'Cookie')),
              (['Bearer ' + token], ['theirs'], ['session=1']),
              'a host without our lines is left alone')
    tap.ok(on_host(world, 'plain', '/missing', token).shown() is not None,
           'its error pages too')


def main():
    with checker.World((), policies='\n[policy other]\nremote_user = sub\n') \
            as world:
        build(world.site)
        site = (locations('before') + apache.GUARD + locations('behind') +
                STAFF).replace('{site}', world.site.dir)
        world.servers['apache'] = apache.start(
            world, site, ['cgid', 'rewrite', 'proxy_http'], behind=hosts())
        lines_of_the_site(world)
        staff(world)
        forgotten(world)
        three_policies(world)
        left_alone(world)
    tap.done()


main()
