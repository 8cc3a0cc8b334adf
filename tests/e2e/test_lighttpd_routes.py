"""lighttpd: the policy of an application's route and of what WebDAV writes,
by the recipes as they are, whatever way the address is written."""

import os

import checker
import lighttpd
import servers
import tap
from lighttpd import raw

APPLICATION = '''
fastcgi.server += ( "/index.php" => (( "socket" => "%s",
    "check-local" => "disable" )) )
'''
# Both addresses of a route, and how a client may write them.
ROUTES = ('/reports/1', '/index.php/reports/1', '//reports//1', '/reports',
          '/%72eports/1', '/x/../reports/1', '/index.php/x/../reports/1',
          '/index.php//reports/1', '/index.php/%72eports/1',
          '/public/../reports/1', '/public/..%2freports/1', '/reports/1?a=b',
          '/index.php/reports?a=b', '/reports;x', '/index.php/reports;x',
          '/reports%2f1', '/./reports/1', '/index.php/./reports/1')
OTHERS = ('/news/1', '/index.php/news/1', '//news', '/x/../news/1?a=b',
          '/index.php', '/')
WAYS = {
    'rewrite-once': [],
    'rewrite-if-not-file': [('#url.rewrite-if-not-file', 'url.rewrite-if-not-'
                             'file')],
    'error-handler-404': [('#server.error-handler-404', 'server.error-handler'
                           '-404')],
}


def recipe(name, changes):
    """A recipe, with some of its lines taken into use or out of it."""
    return servers.example('lighttpd-%s-recipe.conf' % name,
                           [(old, new, 1) for old, new in changes])


def without_once(text):
    """The recipe's rewrite-once taken out."""
    at = text.index('# url.rewrite-once changes')
    return text[:at] + text[text.index('# These two act later'):]


def routed(world, way):
    text = recipe('routes', WAYS[way])
    if way != 'rewrite-once':
        text = without_once(text)
    text += APPLICATION % world.site.socket
    alice, root = world.token(), world.token('root', roles=['admin'])
    forged = [('X-Authgear-Decision', 'granted'),
              ('X-Authgear-Policy', 'admin')]
    with lighttpd.Variant(world, behind=text) as server:
        for target in ROUTES:
            before = world.site.runs()
            got = [raw(server.port, target)[0],
                   raw(server.port, target, alice)[0],
                   raw(server.port, target, alice, headers=forged)[0],
                   raw(server.port, target, headers=forged)[0]]
            tap.ok(got == [401, 403, 400, 400] and
                   world.site.runs() == before,
                   '%s: %s is for administrators' % (way, target), got)
            got = raw(server.port, target, root)
            tap.ok(got[0] == 200 and b'"login-root"' in got[1] and
                   b'"REMOTE_USER"' in got[1],
                   '%s: %s reaches the application' % (way, target), got)
        for target in ('/news#/../reports/1', '/public/page.txt#',
                       '/public/#?/../reports/1'):
            before = world.site.runs()
            got = raw(server.port, target, alice)[0]
            tap.equal((got, world.site.runs()), (400, before),
                      '%s: nothing behind a "#" is handed on: %s' % (
                          way, target))
        for target in OTHERS:
            got = [raw(server.port, target)[0],
                   raw(server.port, target, alice)[0]]
            tap.equal(got, [401, 200], '%s: %s is for anybody' % (
                way, target))
        got = raw(server.port, '/public/page.txt')
        tap.equal(got[0], 200, '%s: public files stay' % way)
        if way != 'rewrite-once':
            tap.equal(raw(server.port, '/page.txt', alice)[1],
                      b'page of /\n', '%s: a file that is there' % way)
        for target in ('/public/nothing', '/public/reports/1'):
            before = world.site.runs()
            status = raw(server.port, target)[0]
            tap.ok(status in (401, 404) and world.site.runs() == before,
                   '%s: nobody gets in by %s' % (way, target), status)


def queried(world):
    """A route in the query: its own address is for administrators."""
    text = without_once(recipe('routes', [])) + APPLICATION % (
        world.site.socket) + """
$HTTP["url"] =~ "^/index\.php" {
	setenv.set-environment = ( "AUTHGEAR_POLICY" => "admin" )
}
url.rewrite-if-not-file = ( "^/([^?]*)" => "/index.php?q=$1" )
"""
    alice, root = world.token(), world.token('root', roles=['admin'])
    with lighttpd.Variant(world, behind=text) as server:
        for target in ('/reports/1', '/index.php?q=reports/1',
                       '/index.php?q=%72eports', '/index.php?a=b&q=reports'):
            tap.equal([raw(server.port, target, who)[0]
                       for who in (None, alice, root)], [401, 403, 200],
                      'query: %s is for administrators' % target)
        tap.equal([raw(server.port, '/news', who)[0]
                   for who in (None, alice, root)], [401, 200, 200],
                  'query: /news is for anybody')


LEADING = {
    'rewrite-if-not-file':
        'url.rewrite-if-not-file = ( "^/to/(.*)" => "/admin/$1" )',
    'rewrite-once that waits':
        '$REQUEST_HEADER["X-Authgear-Decision"] == "granted" {'
        ' url.rewrite-once = ( "^/to/(.*)" => "/admin/$1" ) }',
    'rewrite-once': 'url.rewrite-once = ( "^/to/(.*)" => "/admin/$1" )',
    'rewrite-repeat': 'url.rewrite-repeat = ( "^/to/(.*)" => "/admin/$1" )',
    'error-handler-404': 'server.error-handler-404 = "/admin/show.cgi"',
    'error-handler': 'server.error-handler = "/admin/show.cgi"',
}


def led(world):
    """Nothing leads from one policy's address into another's."""
    alice = world.token()
    root = world.token('root', roles=['admin'])
    for way, text in LEADING.items():
        with lighttpd.Variant(
                world, behind='server.modules += ( "mod_rewrite" )\n' +
                text) as server:
            for target in ('/to/show.cgi', '/to/page.txt', '/to/nothing'):
                before = world.site.runs()
                answers = [raw(server.port, target, token)
                           for token in (None, alice, 'nonsense')]
                tap.ok([each[0] for each in answers][::2] == [401, 401] and
                       answers[1][0] in (403, 404) and
                       world.site.runs() == before and not [
                           each for each in answers
                           if b'page of /admin' in each[1]],
                       'led by %s: %s' % (way, target), answers)
            if way.startswith('rewrite-'):
                status = raw(server.port, '/to/page.txt', root)[0]
                tap.equal(status, 200 if way in (
                    'rewrite-once', 'rewrite-repeat') else 403,
                          'led by %s: an administrator' % way)


def unread(world):
    """The handler of errors is not told of what was never asked about."""
    alice = world.token()
    with lighttpd.Variant(
            world, behind='server.error-handler = "/show.cgi"\n') as server:
        for target in ('/admin/x', '/x'):
            for header in (('Content-Length', '-1'), ('Host', 'another'),
                           ('Transfer-Encoding', 'x'), ('Bad header', 'x')):
                before = world.site.runs()
                got = raw(server.port, target, alice, headers=[header])[0]
                tap.ok(got in (400, 501) and world.site.runs() == before,
                       'not read whole: %s, %s' % (target, header), got)
        before = world.site.runs()
        raw(server.port, '/nothing', alice)
        tap.equal(world.site.runs(), before + 1,
                  'it is of what was asked about and is not there')


def ignored(world):
    """client_identity = ignore: a claim switches no rewrite on."""
    text = recipe('routes', []) + APPLICATION % world.site.socket
    alice, root = world.token(), world.token('root', roles=['admin'])
    for claim in ('granted', 'pass'):
        headers = [('X-Authgear-Decision', claim),
                   ('X-Authgear-Policy', 'admin'), ('Remote-User', 'root')]
        with lighttpd.Variant(world, behind=text) as server:
            for target in ROUTES + OTHERS:
                before = world.site.runs()
                got = [raw(server.port, target, token, headers=headers)[0]
                       for token in (None, alice)]
                runs = world.site.runs() - before
                held = got[0] in (400, 401) and runs == 0 and \
                    got[1] in (400, 403)
                if target in OTHERS:
                    held = got[0] in (400, 401) and (
                        runs, got[1]) in ((0, 400), (1, 200))
                tap.ok(held, 'ignored: %s, claiming %s' % (target, claim),
                       (got, runs))
            got = raw(server.port, '/index.php/reports/1', root,
                      headers=headers)
            tap.ok(got[0] == 200 and b'"login-root"' in got[1],
                   'ignored: an administrator, claiming ' + claim, got)


def paths_of(folder):
    return sorted(os.path.relpath(os.path.join(at, name), folder)
                  for at, folders, files in os.walk(folder)
                  for name in folders + files)


# Where Destination leads out of /dav/, and ways to write it.
OUT = ('admin/dav/new.txt', 'new.txt', 'public/new.txt', 'admin/new.txt')
SPELLINGS = (
    '/%s', '//%s', '/./%s', '/x/../%s', '/dav/../%s', '/dav/%%2e%%2e/%s',
    '/dav/..%%2f%s', '/dav/%%2E./%s', '/dav//../%s', '/dav/a/../../%s',
    '/dav/./../%s', 'http://127.0.0.1:@PORT@/%s', '/%s?/dav/', '/%s#/dav/',
    'http://127.0.0.1:@PORT@/dav/../%s', 'http://127.0.0.1:@PORT@//%s',
    'http://127.0.0.1:@PORT@/dav/%%2e%%2e/%s', '%%2f%s', '/dav%%2f../%s',
    'http://x@127.0.0.1:@PORT@/%s', 'http://127.0.0.1/dav/../%s',
    'HTTP://127.0.0.1:@PORT@/%s', 'https://127.0.0.1:@PORT@/%s',
    'http://other.example/dav/%s', 'http:/dav/../%s', '../%s', '/dav/..\\%s',
    '/dav/x?/../../%s', '/dav\t/../%s')


def destinations(world):
    www = world.site.www
    for name in ('dav', 'admin/dav'):
        os.makedirs(os.path.join(www, name))
        os.chmod(os.path.join(www, name), 0o777)
    for name in ('', 'public', 'admin'):
        os.chmod(os.path.join(www, name), 0o777)
    world.site.write('dav', 'a.txt', 'a\n')
    world.site.write('admin/dav', 'secret.txt', 'secret\n')
    alice, root = world.token(), world.token('root', roles=['admin'])
    text = recipe('webdav', [])
    text = text.replace('/usr/share/authgear-gate/lighttpd', '@SHARE@')
    with lighttpd.Variant(world, behind=text) as server:
        webdav_works(world, server, alice, root)
        port = str(server.port)
        outside = [name for name in paths_of(www)
                   if not name.startswith('dav/')]
        for out in OUT:
            for spelling in SPELLINGS:
                sent = (spelling % out).replace('@PORT@', port)
                got = []
                for method in ('COPY', 'MOVE'):
                    if not os.path.exists(www + '/dav/a.txt'):
                        world.site.write('dav', 'a.txt', 'a\n')
                    got.append(checker.ask(
                        server.port, '/dav/a.txt', alice, method=method,
                        headers=[('Destination', sent)]).status)
                left = [name for name in paths_of(www)
                        if not name.startswith('dav/')]
                inside = '\\' in spelling or '?/../' in spelling
                tap.ok(left == outside and (inside or not [
                    status for status in got if status < 400]),
                       'Destination: %s' % sent, (got, left))
                outside = left


def webdav_works(world, server, alice, root):
    www = world.site.www
    for folder, token in (('/dav/', alice), ('/admin/dav/', root)):
        url = 'http://127.0.0.1:%d' % server.port
        steps = [
            ('PUT', 'new file.txt', None, 201), ('GET', 'new file.txt', None,
                                                 200),
            ('MKCOL', 'sub', None, 201),
            ('COPY', 'new file.txt', folder + 'sub/b%20%c3%a4%25.txt', 201),
            ('MOVE', 'sub/b \u00e4%.txt', url + folder + './sub//c.txt', 201),
            ('PROPFIND', 'sub/', None, 207), ('DELETE', 'sub/', None, 204)]
        for method, name, to, wanted in steps:
            path = folder + ''.join(
                each if each.isalnum() and each.isascii() or each in '/.' else
                ''.join('%%%02x' % byte for byte in each.encode())
                for each in name)
            headers = [('Destination', to)] if to else []
            if method == 'PROPFIND':
                headers.append(('Depth', '1'))
            body = b'text' if method == 'PUT' else None
            tap.equal(checker.ask(server.port, path, None, method=method,
                                  headers=headers, body=body).status, 401,
                      'WebDAV: %s %s by nobody' % (method, path))
            answer = checker.ask(server.port, path, token, method=method,
                                 headers=headers, body=body)
            tap.ok(answer.status == wanted, 'WebDAV: %s %s' % (method, path),
                   answer)
            if method == 'MOVE':
                tap.ok(os.path.exists(www + folder + 'sub/c.txt'),
                       'WebDAV: moved', paths_of(www))
    for method in ('GET', 'PUT', 'DELETE', 'PROPFIND', 'MOVE', 'COPY'):
        answer = checker.ask(
            server.port, '/admin/dav/secret.txt', alice, method=method,
            headers=[('Destination', '/dav/x.txt'), ('Depth', '1')])
        tap.equal(answer.status, 403, 'WebDAV: %s below /admin' % method)
    answer = checker.ask(server.port, '/admin/dav/secret.txt', root,
                         method='COPY', headers=[('Destination',
                                                  '/dav/x.txt')])
    tap.ok(answer.status == 403 and 'dav/x.txt' not in paths_of(www),
           'WebDAV: nor does an administrator copy out of it', answer)
    tap.ok(os.path.exists(www + '/admin/dav/secret.txt'), 'WebDAV: it stays')


with checker.World(names=()) as here:
    for each in WAYS:
        routed(here, each)
    queried(here)
    led(here)
    unread(here)
    destinations(here)
with checker.World(names=(), rules='\nclient_identity = ignore') as here:
    ignored(here)
tap.done()
