"""WebDAV behind the nginx module: both paths of COPY and MOVE, each under its
own policy; what lies below a folder that is copied, moved or deleted."""

import os
import shutil

import checker
import nginx_module
import nginx_site
import tap

DAV = '''server {
include @INCLUDES@/authgear-server.conf;
@LISTEN@
root @WWW@;
authgear default;
error_page 403 404 /public/page.txt;
if ($uri ~ "^/dav/front/[^/]+$") { rewrite ^ /app/x last; }
authgear_path /dav/strict admin;
location /public/ { authgear off; }
location /dav/ { dav_methods PUT DELETE MKCOL COPY MOVE;
    location /dav/office/ { authgear admin; dav_methods COPY MOVE; }
    location /dav/drop/ { authgear off; dav_methods COPY MOVE; }
    location /dav/trap/ { return 200; }
    location /dav/closed/ { return 403; }
    location /dav/front/ { authgear admin; }
    location /dav/away/ { rewrite ^ /dav/drop/y last; }
    location /dav/regex/ { location ~ \\.txt$ { authgear admin; } } }
location /app/ { proxy_pass http://@HTTP@; }
}
'''


def destinations(world):
    """Both paths of COPY and MOVE, each under its own policy."""
    user, admin = world.token(), world.token('root', roles=['admin'])
    top = world.site.path('dav')
    for folder in ('', 'dav', 'dav/office', 'dav/drop', 'dav/strict', 'dav/STRICT',
                   'dav/trap', 'dav/away', 'dav/regex', 'dav/closed',
                   'dav/front'):
        os.makedirs(os.path.join(top, folder), exist_ok=True)
        os.chmod(os.path.join(top, folder), 0o777)
    for name in ('dav/a.txt', 'dav/drop/a.txt', 'dav/office/a.txt'):
        with open(os.path.join(top, name), 'w') as file:
            file.write('a')
        os.chmod(os.path.join(top, name), 0o666)
    text = DAV.replace('root @WWW@;', 'root %s;' % top, 1).replace(
        'location /public/ {', 'location /public/ { root @WWW@;')
    with nginx_site.running(world, text, face='module') as nginx:
        def ask(path, to, token, method='COPY', more=()):
            return checker.ask(nginx.port, path, token, method, [
                ('Destination', to)] + list(more)).status

        for path, to, wanted in (
                ('/dav/a.txt', '/dav/b.txt', [401, 204, 204]),
                ('/dav/a.txt', '/dav/office/b.txt', [401, 403, 204]),
                ('/dav/a.txt', '//dav/./office/b.txt', [401, 403, 204]),
                ('/dav/a.txt', 'http://other/dav/office/b', [401, 403, 400]),
                ('/dav/a.txt', '/dav/strict/b.txt', [401, 403, 204]),
                ('/dav/a.txt', '/dav/STRICT/b.txt', [401, 403, 204]),
                ('/dav/a.txt', '/dav/%73trict/b.txt', [401, 403, 204]),
                ('/dav/a.txt', '/dav/regex/b.txt', [401, 403, 204]),
                ('/dav/a.txt', '/dav/regex/b.md', [401, 204, 204]),
                ('/dav/a.txt', '/dav/drop/b.txt', [401, 204, 204]),
                ('/dav/a.txt', '/dav/x/../office/b.txt', [403, 403, 403]),
                ('/dav/a.txt', 'dav/b.txt', [403, 403, 403]),
                ('/dav/a.txt', '/dav/trap/b.txt', [403, 403, 403]),
                ('/dav/a.txt', '/dav/closed/b.txt', [403, 403, 403]),
                ('/dav/a.txt', '/dav/front/b.txt', [403, 403, 403]),
                ('/dav/a.txt', '/dav/away/b.txt', [403, 403, 403]),
                ('/dav/office/a.txt', '/dav/b.txt', [401, 403, 204]),
                ('/dav/drop/a.txt', '/dav/drop/c.txt', [204, 204, 204]),
                ('/dav/drop/a.txt', '/dav/office/c.txt', [401, 403, 204]),
                ('/app/x', '/dav/office/b.txt', [401, 403, 501])):
            got = [ask(path, to, token) for token in (None, user, admin)]
            tap.equal(got, wanted, 'COPY %s to %s' % (path, to))
        tap.equal([ask('/dav/a.txt', '/dav/b.txt', user, 'COPY',
                       [('Destination', '/dav/office/b.txt')]),
                   ask('/dav/a.txt', '/dav/office/x.txt', user, 'GET'),
                   ask('/dav/a.txt', '/dav/office/x.txt', user, 'MOVE'),
                   os.path.exists(top + '/dav/a.txt')],
                  [403, 200, 403, True], 'two destinations, GET, MOVE')
        collections(top, nginx, user, admin)
        tap.ok(' [alert] ' not in nginx.log(), 'nothing alarming in the log',
               nginx.log()[-2000:])
    shutil.rmtree(top)


def collections(top, nginx, user, admin):
    """What is done to a folder is done to what lies below it."""
    def there():
        return sorted(os.path.relpath(os.path.join(folder, name), top)
                      for folder, _, names in os.walk(top) for name in names)

    with open(os.path.join(top, 'dav/strict/kept.txt'), 'w') as file:
        file.write('kept')
    before = there()
    for method, path, to, depth in (
            ('DELETE', '/dav/', None, None),
            ('DELETE', '/dav/', None, 'infinity'),
            ('DELETE', '/dav', None, '0'),
            ('DELETE', '//DAV/', None, None),
            ('DELETE', '/dav/x/..', None, None),
            ('DELETE', '/dav;x/', None, None),
            ('DELETE', '/', None, None),
            ('MOVE', '/dav/', '/new/', None),
            ('MOVE', '/dav', '/new', '0'),
            ('COPY', '/dav/', '/dav/new/', None),
            ('COPY', '/dav/', '/dav/new/', '0'),
            ('COPY', '/dav', '/dav/new', None),
            ('COPY', '/dav', '/dav/new', 'infinity'),
            ('COPY', '/dav/drop/', '/dav/', None),
            ('MOVE', '/dav/drop/', '/dav/', '0'),
            ('COPY', '/dav/drop/a.txt', '/dav', '0')):
        headers = [('Destination', to)] * (to is not None) + [
            ('Depth', depth)] * (depth is not None)
        got = [checker.ask(nginx.port, path, token, method, headers).status
               for token in (user, admin)]
        tap.equal(got, [403, 403], '%s of %s%s, Depth %s: something below it '
                  'is guarded' % (method, path, ' to %s' % to if to else '',
                                  depth))
    tap.equal(there(), before, 'and nothing of it was done')
    os.makedirs(top + '/dav/plain/sub')
    os.chmod(top + '/dav/plain', 0o777)
    os.chmod(top + '/dav/plain/sub', 0o777)
    got = [checker.ask(nginx.port, path, token, method, [
        ('Destination', to)] * (to is not None)).status
        for method, path, to, token in (
            ('COPY', '/dav/plain/', '/dav/other/', user),
            ('MOVE', '/dav/other/', '/dav/third/', user),
            ('DELETE', '/dav/third/', None, user),
            ('DELETE', '/dav/strict/kept.txt', None, user))]
    tap.equal(got, [201, 201, 204, 403], 'where nothing is, they are done')
    got = checker.ask(nginx.port, '/dav', user, 'COPY', [
        ('Destination', '/dav/none'), ('Depth', '0')]).status
    tap.ok(got != 403, 'a COPY of the folder alone is asked about alone', got)


if __name__ == '__main__':
    if not nginx_module.is_built():
        tap.skip('the nginx module', 'it was not built: no nginx-dev')
        tap.done()
    with checker.World(('nginx',)) as here:
        destinations(here)
    tap.done()
