"""Paths, methods and bodies, behind lighttpd, nginx and Apache: however a
path is written, its own policy decides."""

import hashlib
import os

import checker
import tap
from checker import refused

# Ways to write /admin/...; a server may also say 400 or 404.
TRICKS = (
    '/admin/%s', '//admin/%s', '///admin//%s', '/./admin/%s',
    '/%%61dmin/%s', '/admi%%6e/%s', '/admin%%2f%s', '/a/../admin/%s',
    '/public/../admin/%s', '/public/./../admin/%s',
    '/public/%%2e%%2e/admin/%s', '/public/%%2E./admin/%s',
    '/public/..%%2fadmin/%s', '/public/%%2e%%2e%%2fadmin/%s',
    '/public/page.txt;/../../admin/%s', '/public/a/../../admin/%s',
    '/public//../admin/%s', '/public/%%252e%%252e/admin/%s',
    '/public\\..\\admin\\%s', '/public/..;/admin/%s', '/admin/./%s',
    '/admin/%s?/public/', '/admin/%s;x=/public/', '/admin/%s%%3f/public/',
    '/ADMIN/%s', '/admin/%s/', '/admin/%s%%00', '/public/%%00/../admin/%s',
    '/public#/../../admin/%s', '/public/%%23/../../admin/%s',
    '/admin/../admin/%s', '/app/../admin/%s', '/fcgi/../admin/%s')
FORWARDED = [(name, '/public/page.txt') for name in (
    'X-Forwarded-Uri', 'X-Original-URL', 'X-Original-URI', 'X-Rewrite-URL',
    'X_Forwarded_Uri', 'X-Forwarded-Prefix')] + [
        ('X-Forwarded-Host', 'other.example'), ('AUTHGEAR_POLICY', 'default'),
        ('AUTHGEAR-POLICY', 'default'), ('X-Authgear-Policy', 'default'),
        ('User-Agent', 'kube-probe/1.0'), ('X-Forwarded-Proto', 'https')]


def raw(port, target, token):
    """A request line as it is; the status, and the answer."""
    text = 'GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n' % target
    if token:
        text += 'Authorization: Bearer %s\r\n' % token
    data = checker.exchange(port, (text + '\r\n').encode())
    if not data.startswith(b'HTTP/1.'):
        return 400, data
    return int(data.split()[1]), data


def tricks(world, name):
    port = world.servers[name].port
    alice = world.token()
    root = world.token('root', roles=['admin'])
    for file in ('show.cgi', 'page.txt'):
        for trick in TRICKS:
            target = trick % file
            for who, token in (('nobody', None), ('a plain user', alice)):
                before = world.site.runs()
                status, data = raw(port, target, token)
                # 301: the fragment is cut off, which leaves /public.
                held = status in (301, 400, 401, 403, 404) and \
                    b'page of /admin' not in data and \
                    world.site.runs() == before
                tap.ok(held, '%s: %s does not get %s' % (name, who, target),
                       data[:600])
        tap.ok(raw(port, '/admin/' + file, root)[0] == 200,
               '%s: an administrator gets /admin/%s' % (name, file))


def indexes(world, name):
    """The file behind a folder is under the policy of the folder."""
    alice, root = world.token(), world.token('root', roles=['admin'])
    for folder, token, wanted in (
            ('/', alice, 200), ('/a/', alice, 200), ('/admin/', alice, 403),
            ('/admin/', root, 200), ('/', None, 401), ('/admin/', None, 401),
            ('/public/', None, 200)):
        answer = world.ask(name, folder, token)
        page = b'index of /%s\n' % folder.strip('/').encode()
        tap.ok(answer.status == wanted and
               (page in answer.body) == (wanted == 200),
               '%s: index of %s: %d' % (name, folder, wanted), answer)


def absolute_form(world, name):
    status, data = raw(world.servers[name].port,
                       'http://other.example/admin/page.txt', world.token())
    tap.ok(status in (400, 403), '%s: absolute form' % name, data[:300])


def claims_of_the_client(world, name):
    alice = world.token()
    for header in FORWARDED:
        refused(world, name, '%s: %s' % header, (400, 403), '/admin/show.cgi',
                alice, headers=[header])
        refused(world, name, '%s: %s, no token' % header, (400, 401),
                '/show.cgi', headers=[header])


def methods(world, name):
    alice = world.token()
    for method in ('GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE'):
        for path in ('/show.cgi', '/fcgi/x', '/app/x'):
            refused(world, name, '%s %s without a token' % (method, path),
                    (401, 403, 405, 501), path, method=method,
                    body=b'' if method in ('POST', 'PUT') else None)
    refused(world, name, 'preflight without a token', (401,), '/app/x',
            method='OPTIONS', headers=[
                ('Origin', 'https://x.example'),
                ('Access-Control-Request-Method', 'POST')])
    answer = world.ask(name, '/page.txt', alice, method='HEAD')
    tap.ok(answer.status == 200 and answer.body == b'',
           '%s: HEAD' % name, answer)
    answer = world.ask(name, '/app/x', alice, method='OPTIONS')
    tap.equal((answer.status, (answer.shown() or {}).get('method')),
              (200, 'OPTIONS'), '%s: OPTIONS' % name)
    page = world.ask(name, '/page.txt', alice)
    since = [('If-Modified-Since', page.header('Last-Modified') or ''),
             ('If-None-Match', page.header('ETag') or '')]
    tap.equal(world.ask(name, '/page.txt', alice, headers=since).status,
              304, '%s: conditional GET' % name)
    refused(world, name, 'conditional GET without a token', (401,),
            '/page.txt', headers=since)


def bodies(world, name):
    alice = world.token()
    body = os.urandom(1000) * 10000
    digest = hashlib.sha256(body).hexdigest()
    for path in ('/show.cgi', '/fcgi/x', '/app/x'):
        shown = world.ask(name, path, alice, method='POST',
                          body=body).shown() or {}
        tap.equal((shown.get('length'), shown.get('sha256')),
                  (len(body), digest), '%s: 10 MB to %s' % (name, path))


with checker.World() as here:
    checker.for_each(here, [tricks, indexes, absolute_form,
                            claims_of_the_client, methods, bodies])
tap.done()
