"""The recipes for Apache, as they are: the routes of a front controller have
the policy of the address that was asked for, in every way to rewrite one;
WebDAV does not write where another policy guards."""

import os
import shutil

import apache
import backend
import checker
import servers
import tap
from checker import refused, values

# Ways to a front controller, in place of the recipe's.
FALLBACK = 'FallbackResource /index.php'
WAYS = {
    'FallbackResource': (FALLBACK, FALLBACK),
    'Directory': (FALLBACK, 'RewriteEngine On\n'
                  'RewriteCond %{REQUEST_FILENAME} !-f\n'
                  'RewriteRule ^(.*)$ /index.php/$1 [L]'),
    'query': (FALLBACK, 'RewriteEngine On\n'
              'RewriteCond %{REQUEST_FILENAME} !-f\n'
              'RewriteRule ^(.*)$ /index.php?q=$1 [L,QSA]'),
    'PT': ('Use AuthgearOn', 'RewriteEngine On\n'
           'RewriteCond %{DOCUMENT_ROOT}%{REQUEST_URI} !-f\n'
           'RewriteRule ^/(.*)$ /index.php/$1 [PT]\nUse AuthgearOn'),
    'ErrorDocument': (FALLBACK, 'ErrorDocument 404 /index.php'),
    'index': (FALLBACK, 'DirectoryIndex index.php'),
}
ADMIN = ('/admin', '/admin/', '/admin/users', '/admin/users?x=1',
         '//admin/users', '/./admin/users', '/x/../admin/users',
         '/%61dmin/users', '/Admin/users', '/ADMIN', '/admin;x/users',
         '/admin.json', '/admin/../admin/users')
OTHER = ('/users', '/x/admin', '/administrator', '/users?q=admin')
# What a client asks for by the front controller's own address.
OWN = ('/index.php', '/index.php/', '/index.php/users', '/index.php?q=admin',
       '/index.php/admin/users', '//index.php', '/x/../index.php?q=admin/x',
       '/index%2ephp?q=admin', '/./index.php/./admin')


def recipe(name, changes, modules):
    """A maker for servers.start(): the recipe behind the include."""
    def maker(site, at, port, address):
        text = servers.example(name, [('/var/www/html', site.www, 2)] +
                               list(changes))
        names = apache.DEFAULT + apache.NEEDED + modules
        return ('ServerName localhost\nListen 127.0.0.1:%d\nUser www-data\n'
                'Group www-data\nServerRoot %s\nDefaultRuntimeDir %s\n'
                'PidFile %s/pid\nErrorLog %s/error.log\nLogLevel warn\n'
                'TypesConfig /etc/mime.types\nDavLockDB %s/lock\n'
                'ScriptSock %s/cgid\n<Directory />\nRequire all denied\n'
                '</Directory>\n' % ((port,) + (at,) * 6)).replace(
                    'TypesConfig', apache.load(names) + 'TypesConfig') + \
            apache.settings(at, address, site.login_socket) + text, \
            ['/usr/sbin/apache2', '-D', 'FOREGROUND', '-f', at + '/conf']
    return maker


def start(world, *more):
    world.servers['apache'] = servers.start(
        'apache', world.site, world.addresses['apache'], recipe(*more))


def routes(world, way):
    token, root = world.token(), world.token('root', roles=['admin'])
    old, new = WAYS[way]
    # for the sake of its shebang a CGI; and where a test may look
    start(world, 'apache-routes-recipe.conf', [
        (old, new, 1), ('Use AuthgearHandler', 'Use AuthgearPublic "/public"'
                        '\n\tUse AuthgearHandler', 1),
        ('SetHandler "proxy:unix:/run/php/php-fpm.sock|fcgi://localhost/"',
         'Options +ExecCGI\nSetHandler cgi-script', 1)],
          ('cgid', 'dav', 'dav_fs', 'rewrite'))
    try:
        for path in ADMIN if way != 'index' else ():
            refused(world, 'apache', '%s: nobody, %s' % (way, path),
                    (401,), path)
            refused(world, 'apache', '%s: a plain user, %s' % (way, path),
                    (403,), path, token)
            route(world, way, path, root, 'root', 'admin')
        for path in OTHER if way != 'index' else ('/', '/?a=1'):
            refused(world, 'apache', '%s: nobody, %s' % (way, path),
                    (401,), path)
            route(world, way, path, token, 'alice', 'default')
        for path in OWN:
            for who in (None, token, root):
                # (its policy may refuse before)
                refused(world, 'apache', '%s: %s' % (way, path), (401, 403),
                        path, who)
    finally:
        world.servers['apache'].stop()


def route(world, way, path, who, name, policy):
    answer = world.ask('apache', path, who)
    if answer.status == 301:
        answer = world.ask('apache', path + '/', who)
    shown = answer.shown() or {'env': []}
    tap.ok((values(shown, 'REMOTE_USER'), values(shown, 'AUTHGEAR_POLICY')) ==
           (['login-' + name], [policy]),
           '%s: %s is a route for %s' % (way, path, name), answer)


def webdav(world):
    token, root = world.token(), world.token('root', roles=['admin'])
    for folder in ('dav', 'admin/dav'):
        at = os.path.join(world.site.www, folder)
        os.makedirs(at)
        world.site.write(at, 'page.txt', 'page of %s\n' % folder)
        os.chown(at, 33, 33)
    start(world, 'apache-webdav-recipe.conf', [
        ('Use Authgear admin', 'Use AuthgearPublic "/public"\n\t'
         'Use Authgear admin', 1)], ('cgid', 'dav', 'dav_fs'))
    base = 'http://127.0.0.1:%d' % world.servers['apache'].port

    def dav(method, path, who, to=None):
        return world.ask('apache', path, who, method=method, headers=[
            ('Destination', base + to)] if to else [('Depth', '0')]).status
    for method in ('COPY', 'MOVE'):
        for to in ('/admin/dav/new', '/%61dmin/dav/new', '//admin/dav/new',
                   '/dav/../admin/dav/new', '/admin/dav/page.txt',
                   '/admin/./dav/new'):
            world.site.write('dav', 'page.txt', 'page of dav\n')
            tap.equal(dav(method, '/dav/page.txt', token, to), 403,
                      '%s to %s' % (method, to))
            tap.equal(dav(method, '/admin/dav/page.txt', token,
                          '/dav/taken'), 403, method + ' from there')
        tap.equal(os.listdir(world.site.www + '/admin/dav'), ['page.txt'],
                  method + ': nothing was written')
        tap.equal(dav(method, '/dav/page.txt', token, '/dav/' + method), 201,
                  method + ' below its own')
        tap.equal(dav(method, '/dav/' + method, root, '/admin/dav/' + method),
                  201, method + ' by an administrator')
        os.remove(world.site.www + '/admin/dav/' + method)
    for method in ('PROPFIND', 'PUT', 'DELETE', 'MKCOL', 'COPY'):
        tap.equal(dav(method, '/dav/page.txt', None, '/dav/x'), 401,
                  method + ' for nobody')


def main():
    with checker.World(()) as world:
        backend.write_cgi(os.path.join(world.site.www, 'index.php'),
                          world.site.runs_file)
        # the site of the tests has such a folder; here it is a route
        shutil.rmtree(os.path.join(world.site.www, 'admin'))
        os.remove(os.path.join(world.site.www, 'index.html'))
        for way in WAYS:
            routes(world, way)
        webdav(world)
    tap.done()


main()
