"""lighttpd goes through its modules several times: what a client claims of
itself is told to the daemon and never kept, and what one pass was told counts
for no other policy."""
# beside others: it mostly waits

import os
import subprocess

import checker
import lighttpd
import process
import tap
from checker import values
from lighttpd import raw

METHODS = ('GET', 'POST', 'PUT', 'DELETE', 'PROPFIND', 'MOVE', 'MKCOL',
           'OPTIONS')
PATHS = ('/page.txt', '/show.cgi', '/fcgi/x', '/app/x', '/admin/page.txt',
         '/dav/a.txt')
CLAIMS = ('X-Authgear-Decision', 'X_Authgear_Decision', 'x.authgear-decision',
          'X-AUTHGEAR_DECISION', "X!Authgear'Decision", 'X-Authgear-User-Id',
          'X-Authgear-', 'X-Authgear-Anything', 'Remote-User', 'remote_user',
          'X-Remote-User', 'X.Remote.User', 'X-Forwarded-User',
          'X_FORWARDED.user')
# Names that our own variables have; and one that is a claim of nobody.
NO_CLAIMS = ('AUTHGEAR_FORGED_IDENTITY', 'Authgear-Asked', 'AUTHGEAR_ASKED',
             'AUTHGEAR-DECISION', 'AUTHGEAR_PUBLIC', 'REMOTE-USERS',
             'X-Remote-Users', 'HTTP_REMOTE_USER', 'Forwarded')
WEBDAV = '''
server.modules += ( "mod_webdav" )
$HTTP["url"] =~ "^/dav/" { webdav.activate = "enable" }
'''


def files(world):
    return sorted(os.path.join(at, name)
                  for at, _, names in os.walk(world.site.www)
                  for name in names)


def is_forged(answer):
    return (answer.status == 400 and answer.header('X-Authgear-Reason') ==
            'forged-identity' and answer.header('X-Authgear-Request-Id') and
            answer.header('WWW-Authenticate') is None and
            answer.header('Location') is None)


def claimed(world):
    """Whatever is asked, a claim is refused before anything is judged."""
    before = files(world), world.site.runs()
    with lighttpd.Variant(world, behind=WEBDAV) as server:
        for name in CLAIMS:
            bad = []
            for path in PATHS:
                for method in METHODS:
                    for token in (None, world.token(), 'nonsense'):
                        answer = checker.ask(
                            server.port, path, token, method=method,
                            body=b'', headers=[
                                (name, 'granted'),
                                ('Destination', '/dav/b.txt')])
                        if not is_forged(answer):
                            bad.append((path, method, str(answer)))
            tap.ok(not bad, 'a claim is refused: %s' % name, bad[:2])
        for name in NO_CLAIMS:
            got = [checker.ask(server.port, path, token,
                               headers=[(name, 'default')]).status
                   for path, token in (('/page.txt', None),
                                       ('/page.txt', world.token()),
                                       ('/admin/page.txt', world.token()))]
            tap.equal(got, [401, 200, 403], 'no claim: %s' % name)
        for empty in ('', ' ', '\t'):
            for name in CLAIMS:
                got = [raw(server.port, '/show.cgi', token,
                           headers=[(name, empty)])[0]
                       for token in (None, world.token())]
                tap.equal(got, [401, 200], 'an empty name is none: %s: %r' % (
                    name, empty))
    tap.equal((files(world), world.site.runs() - 3 * len(CLAIMS)), before,
              'nothing came of it')


def ignored(world):
    """client_identity = ignore: neither refused nor believed, nor kept."""
    before = files(world)
    with lighttpd.Variant(world, behind=WEBDAV) as server:
        for name in CLAIMS:
            headers = [(name, 'granted'), ('Destination', '/dav/b.txt')]
            bad = [(path, method) for path in PATHS for method in METHODS
                   if checker.ask(server.port, path, None, method=method,
                                  body=b'', headers=headers).status != 401]
            tap.ok(not bad, 'ignored: %s' % name, bad[:3])
            for path in ('/show.cgi', '/fcgi/x', '/app/x'):
                answer = checker.ask(server.port, path, world.token(),
                                     headers=[(name, 'forged')])
                shown = answer.shown() or {'env': []}
                tap.ok(answer.status == 200 and b'forged' not in answer.body
                       and not values(shown, 'AUTHGEAR_FORGED_IDENTITY') and
                       values(shown, 'REMOTE_USER') + values(
                           shown, 'X-Authgear-Remote-User') and
                       set(values(shown, 'Remote-User')) == {'login-alice'},
                       'ignored at %s: %s' % (path, name), answer)
    tap.equal(files(world), before, 'ignored: nothing came of it')


def told(world):
    """What the authorizer is told, and how often."""
    path = world.site.path('recorder.sock')
    recorder = lighttpd.Recorder(path)
    handlers = 'server.error-handler-404 = "/show.cgi"\n'
    try:
        with lighttpd.Variant(world, behind=handlers,
                              address=path) as server:
            for name in CLAIMS:
                recorder.asked.clear()
                answer = checker.ask(server.port, '/nothing?a=b', headers=[
                    (name, 'forged'), ('X-Other', 'kept')])
                params = recorder.asked[0] if recorder.asked else []
                plain = {key: value for key, value in params}
                tap.ok(len(recorder.asked) == 1 and
                       plain.get('AUTHGEAR_FORGED_IDENTITY') == '1' and
                       plain.get('HTTP_X_OTHER') == 'kept' and
                       plain.get('AUTHGEAR_POLICY') == 'default' and
                       plain.get('REQUEST_URI') == '/nothing?a=b' and
                       len(plain) == len(params) and
                       not [key for key, value in params
                            if 'forged' in value or key.startswith(
                                ('HTTP_X_AUTHGEAR', 'HTTP_REMOTE',
                                 'HTTP_X_REMOTE'))],
                       'told of a claim, once: %s' % name, recorder.asked)
                shown = answer.shown() or {'env': []}
                tap.ok(values(shown, 'REMOTE_USER') == ['login-alice'] and
                       values(shown, 'HTTP_REMOTE_USER') == ['login-alice']
                       and not values(shown, 'AUTHGEAR_FORGED_IDENTITY'),
                       'and the application is not: %s' % name, answer)
            recorder.asked.clear()
            checker.ask(server.port, '/page.txt')
            tap.ok(len(recorder.asked) == 1 and not [
                key for key, _ in recorder.asked[0]
                if key == 'AUTHGEAR_FORGED_IDENTITY'],
                   'without a claim there is no mark', recorder.asked)
    finally:
        recorder.stop()


REDIRECT = '''#!/bin/sh
printf 'Location: %s\\r\\n\\r\\n' "$QUERY_STRING"
'''
# What leads inside to another address, with the request that does it.
LEADS = {
    'error-handler-404': ('server.error-handler-404 = "%s"', '/nothing'),
    'error-handler': ('server.error-handler = "%s"', '/nothing'),
    'CGI': ('cgi.local-redir = "enable"', '/lead.cgi?%s'),
    'rewrite-if-not-file': ('server.modules += ( "mod_rewrite" )\n'
                            'url.rewrite-if-not-file = ( "^/to" => "%s" )',
                            '/to'),
    'Lua': ('magnet.attract-raw-url-to += ( "@LUA@" )', '/to'),
}
LUA = '''local attr = lighty.r.req_attr
if lighty.r.req_header["X-Authgear-Decision"] and
    attr["request.uri"] == "/to" then
	attr["request.uri"] = "%s"
	return lighty.RESTART_REQUEST
end
'''


def lead(world, way, to):
    """(settings, address) that lead to `to`."""
    text, target = LEADS[way]
    lua = world.site.path('lead.lua')
    with open(lua, 'w') as file:
        file.write(LUA % to)
    return (text % to if '%s' in text else text).replace('@LUA@', lua), \
        target % to if '%s' in target else target


def led_on(world):
    """Within a policy, whoever was let in goes on as himself."""
    alice = world.token()
    for way in LEADS:
        for to in ('/show.cgi', '/fcgi/x', '/app/x'):
            text, target = lead(world, way, to)
            with lighttpd.Variant(world, behind=text) as server:
                answer = checker.ask(server.port, target, alice)
                shown = answer.shown() or {'env': []}
                key = 'Remote-User' if to == '/app/x' else 'REMOTE_USER'
                tap.ok(values(shown, key) == ['login-alice'] and
                       set(values(shown, 'X-Authgear-User-Id') +
                           values(shown, 'HTTP_X_AUTHGEAR_USER_ID')) ==
                       {'id-alice'} and
                       alice.encode() not in answer.body,
                       '%s to %s: as himself' % (way, to), answer)
                before = world.site.runs()
                for method in ('GET', 'POST', 'PROPFIND'):
                    answer = checker.ask(server.port, target, method=method,
                                         body=b'')
                    tap.equal((answer.status, world.site.runs() - before),
                              (401, 0), '%s to %s: nobody, %s' % (
                                  way, to, method))


def led_astray(world):
    """Another policy is another question."""
    alice, root = world.token(), world.token('root', roles=['admin'])
    for way in LEADS:
        for to in ('/admin/show.cgi', '/admin/page.txt'):
            text, target = lead(world, way, to)
            with lighttpd.Variant(world, behind=text) as server:
                before = world.site.runs()
                for token in (alice, root):
                    answer = checker.ask(server.port, target, token)
                    tap.ok(b'page of /admin' not in answer.body and
                           answer.status in (403, 404, 500) and
                           world.site.runs() == before,
                           '%s from default to %s' % (way, to), answer)
        text, target = lead(world, way, '/public/show.cgi')
        with lighttpd.Variant(world, behind=text) as server:
            answer = checker.ask(server.port, target, alice)
            shown = answer.shown() or {'env': [['REMOTE_USER', '']]}
            tap.ok(not values(shown, 'REMOTE_USER') and
                   b'alice' not in answer.body,
                   '%s to a public page: nobody' % way, answer)


def refused_inside(world):
    """Error pages take over no refusal. (With server.error-intercept they
    would, but lighttpd 1.4.69 hangs then, whoever refuses.)"""
    alice = world.token()
    for handler in ('error-handler-404', 'error-handler'):
        for page in ('/show.cgi', '/admin/show.cgi', '/public/show.cgi'):
            text = 'server.%s = "%s"\n' % (handler, page)
            with lighttpd.Variant(world, behind=text) as server:
                for target, token, wanted in (
                        ('/page.txt', None, 401), ('/admin/x', None, 401),
                        ('/x', None, 401), ('/page.txt', 'nonsense', 401),
                        ('/admin/page.txt', alice, 403)):
                    before = world.site.runs()
                    status, body = raw(server.port, target, token)
                    tap.ok(status == wanted and b'"request_id"' in body and
                           world.site.runs() == before,
                           '%s %s: %s' % (handler, page, target),
                           (status, body))


def sent_files(world):
    """X-Sendfile is the application's word, and needs no other pass."""
    path = world.site.path('www', 'send.cgi')
    with open(path, 'w') as file:
        file.write('#!/bin/sh\nprintf "X-Sendfile: %s/a/page.txt\\r\\n'
                   '\\r\\n"\n' % world.site.www)
    os.chmod(path, 0o755)
    with lighttpd.Variant(world, behind='cgi.x-sendfile = "enable"') \
            as server:
        tap.equal(raw(server.port, '/send.cgi')[0], 401, 'X-Sendfile: nobody')
        tap.equal(raw(server.port, '/send.cgi', world.token()),
                  (200, b'page of /a\n'), 'X-Sendfile: alice')


def restarted(world):
    """Nothing begins anew between the question and its answer."""
    lua = world.site.path('again.lua')
    with open(lua, 'w') as file:
        file.write('if lighty.r.req_attr["request.uri"]:find("^/again") then\n'
                   '\tlighty.r.req_attr["request.uri"] = "/again2"\n'
                   '\treturn lighty.RESTART_REQUEST\nend\nreturn 0\n')
    text = 'magnet.attract-physical-path-to += ( "%s" )\n' \
        'fastcgi.server += ( "/_authgear" => (( "socket" => "%s", ' \
        '"check-local" => "disable" )) )\n' % (lua, world.site.socket)
    with lighttpd.Variant(world, behind=text) as server:
        before = world.site.runs()
        got = [raw(server.port, '/again', token)[0]
               for token in (None, world.token())]
        tap.ok(got == [401, 404] and world.site.runs() == before,
               'a restart while it is asked', (got, server.log()[-500:]))


def surrounded(world):
    """Whatever else a host has switched on, the authorizer is asked."""
    app = '"" => (( "socket" => "%s", "check-local" => "disable" ))' % \
        world.site.socket
    proxy = 'proxy.server = ( "" => (( "host" => "127.0.0.1", ' \
        '"port" => @HTTP@ )) )'
    host = '$HTTP["host"] == "localhost" { %s }'
    for what, text in (
            ('another fastcgi.server', host % (
                'fastcgi.server = ( %s )' % app)),
            ('another fastcgi.server and a proxy', host % (
                'fastcgi.server = ( ".php" => (( "socket" => "%s" )) )\n%s' % (
                    world.site.socket, proxy))),
            ('no authgear.lua', host % 'magnet.attract-raw-url-to = ()'),
            ('no guard', host % 'magnet.attract-physical-path-to = ()'),
            ('no answer', host % 'magnet.attract-response-start-to = ()')):
        with lighttpd.Variant(world, behind=text) as server:
            before = world.site.runs()
            bad = []
            for path in ('/page.txt', '/show.cgi', '/fcgi/x', '/app/x', '/x',
                         '/admin/show.cgi'):
                for claim in ([], [('X-Authgear-Decision', 'granted')]):
                    for method in METHODS:
                        got = raw(server.port, path, None, method, claim + [
                            ('Content-Length', '0')])
                        if got[0] < 400 or b'page of' in got[1]:
                            bad.append((path, method, got))
            tap.ok(not bad and world.site.runs() == before,
                   what + ': nobody gets in', bad[:3])
    text = 'server.modules := ( "mod_proxy" ) + server.modules\n' + \
        host % proxy
    with lighttpd.Variant(world, behind=text) as server:
        got = [raw(server.port, '/page.txt', token)
               for token in (None, world.token())]
        tap.ok([each[0] for each in got] == [500, 500] and
               b'not safe' in got[0][1], 'a module in front serves nobody',
               got)


def lua_gone(world):
    """Without its files lighttpd serves nothing; without the module it does
    not start."""
    webdav = WEBDAV.replace('^/dav/', '^/').replace(
        '$HTTP', '$REQUEST_HEADER["X-Authgear-Decision"] == "granted" { '
        '$HTTP').replace('}', '} }')
    for name in ('authgear.lua', 'authgear-guard.lua'):
        for how in ('gone', 'empty', 'broken'):
            with lighttpd.Variant(world, behind=webdav) as server:
                path = os.path.join(server.dir, 'share', name)
                text = {'gone': None, 'empty': '', 'broken': 'if ('}[how]
                os.unlink(path)
                if text is not None:
                    with open(path, 'w') as file:
                        file.write(text)
                server.send(0)
                before = files(world), world.site.runs()

                def seen():
                    return raw(server.port, '/page.txt', world.token()
                               )[0] == 500
                tap.ok(process.eventually(seen), '%s %s is noticed' % (
                    name, how))
                bad = []
                for path in ('/page.txt', '/dav/a.txt', '/show.cgi', '/app/x'):
                    for method in METHODS:
                        got = raw(server.port, path, None, method, [
                            ('X-Authgear-Decision', 'granted'),
                            ('Content-Length', '0')])
                        if got[0] < 400:
                            bad.append((path, method, got))
                tap.ok(not bad and before == (files(world),
                                              world.site.runs()),
                       '%s %s: nothing is served' % (name, how), bad[:3])


def module_gone(world):
    at = world.site.path('modules')
    os.mkdir(at)
    for name in os.listdir('/usr/lib/lighttpd'):
        if name != 'mod_magnet.so':
            os.symlink('/usr/lib/lighttpd/' + name, os.path.join(at, name))
    with lighttpd.Variant(world) as server:
        conf = os.path.join(server.dir, 'conf')
        run = subprocess.run(['/usr/sbin/lighttpd', '-tt', '-m', at, '-f',
                              conf], stdout=subprocess.PIPE, text=True,
                             stderr=subprocess.STDOUT, check=False)
    tap.ok(run.returncode != 0 and 'mod_magnet' in run.stdout,
           'without mod_magnet lighttpd does not start', run.stdout)


def prepare(world):
    www = world.site.www
    os.makedirs(www + '/dav')
    world.site.write('dav', 'a.txt', 'a\n')
    for name in ('', 'dav', 'admin'):
        os.chmod(os.path.join(www, name), 0o777)
    with open(www + '/lead.cgi', 'w') as file:
        file.write(REDIRECT)
    os.chmod(www + '/lead.cgi', 0o755)


with checker.World(names=()) as here:
    prepare(here)
    for case in (claimed, told, led_on, led_astray, refused_inside,
                 sent_files, restarted, surrounded, lua_gone, module_gone):
        case(here)
with checker.World(names=(), rules='\nclient_identity = ignore') as here:
    prepare(here)
    ignored(here)
tap.done()
