"""Every module of Debian's lighttpd beside the example: none of them answers
before the authorizer was asked, wherever it stands in server.modules, but
those that README names."""
# beside others: it mostly waits

import glob
import os
import re
import socket
import subprocess

import backend
import checker
import lighttpd
import process
import tap

MODULES = '/usr/lib/lighttpd/mod_*.so'
METHODS = ('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'MOVE', 'COPY', 'MKCOL',
           'PROPFIND', 'PROPPATCH', 'LOCK', 'OPTIONS', 'TRACE')
# What a module needs to be sent before it looks.
SENT = {
    'webdav': [('Destination', '/x/new.txt'), ('Depth', '1')],
    'wstunnel': [('Connection', 'Upgrade'), ('Upgrade', 'websocket'),
                 ('Sec-WebSocket-Version', '13'),
                 ('Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==')],
}
CLAIMS = ([('X-Authgear-Decision', 'granted')],
          [('X_Authgear.Decision', 'granted'), ('Remote-User', 'root')])
OWN = '''if not lighty.r.req_attr["request.uri"]:find("^/x") then
	return 0
end
lighty.r.resp_body.set({ "own script" })
return 200
'''

# module, settings, address, what says that it answered whoever was let in:
# a status, a text of the answer, "peer" (its backend was connected to).
# "^/x" alone is switched on: one address, as a site would.
ROWS = (
    ('access', 'url.access-deny = ( ".txt" )', '/page.txt', 403),
    ('ajp13', 'ajp13.server = ( "" => (( "host" => "127.0.0.1", '
     '"port" => @PEER@ )) )', '/x', 'peer'),
    ('alias', 'alias.url = ( "/x/" => "@WWW@/admin/" )', '/x/page.txt',
     'page of /admin'),
    ('auth', 'auth.backend = "plain"\n'
     'auth.backend.plain.userfile = "@DIR@/conf"\n'
     'auth.require = ( "" => ( "method" => "basic", "realm" => "own", '
     '"require" => "valid-user" ) )', '/x', 'realm="own"'),
    ('cgi', 'cgi.assign = ( ".cgi" => "" )', '/x/show.cgi', '"cgi"'),
    ('dirlisting', 'dir-listing.activate = "enable"', '/x/', 'page.txt'),
    ('evhost', 'evhost.path-pattern = "@WWW@/a"', '/page.txt', 'page of /a'),
    ('fastcgi', 'fastcgi.server = ( "" => (( "socket" => "@FASTCGI@", '
     '"check-local" => "disable" )) )', '/x', '"fastcgi"'),
    ('indexfile', 'index-file.names = ( "page.txt" )', '/x/', 'page of /x'),
    ('magnet', 'magnet.attract-physical-path-to += ( "@OWN@" )', '/x',
     'own script'),
    ('proxy', 'proxy.server = ( "" => (( "host" => "127.0.0.1", '
     '"port" => @HTTP@ )) )', '/x', '"http"'),
    ('redirect', 'url.redirect = ( "" => "/elsewhere" )', '/x', 301),
    ('rewrite', 'url.rewrite-if-not-file = ( "" => "/page.txt" )',
     '/x/nothing', 'page of /'),
    ('scgi', 'scgi.server = ( "" => (( "host" => "127.0.0.1", '
     '"port" => @PEER@, "check-local" => "disable" )) )', '/x', 'peer'),
    ('simple_vhost', 'simple-vhost.server-root = "@WWW@"\n'
     'simple-vhost.default-host = "a"\nsimple-vhost.document-root = ""',
     '/page.txt', 'page of /a'),
    ('ssi', 'ssi.extension = ( ".txt" )', '/x/ssi.txt', 'page of /x'),
    ('staticfile', '', '/page.txt', 'page of /'),
    ('status', 'status.status-url = "/server-status"', '/server-status',
     'Server-Status'),
    ('status', 'status.config-url = "/server-config"', '/server-config',
     'Server-Features'),
    ('status', 'status.statistics-url = "/server-statistics"',
     '/server-statistics', 'fastcgi.'),
    ('userdir', 'userdir.basepath = "@WWW@"\nuserdir.path = "x"',
     '/~admin/page.txt', 'page of /x of admin'),
    ('webdav', 'webdav.activate = "enable"', '/x/page.txt', 207),
    ('wstunnel', 'wstunnel.server = ( "" => (( "host" => "127.0.0.1", '
     '"port" => @PEER@ )) )', '/x', 'peer'),
)

# These have no answer of their own; loaded, with what switches them on.
SILENT = {
    'accesslog': '', 'authn_dbi': '', 'authn_file': '', 'authn_gssapi': '',
    'authn_ldap': '', 'authn_pam': '', 'authn_sasl': '',
    'deflate': 'deflate.mimetypes = ( "text/" )',
    'expire': 'expire.url = ( "" => "access plus 1 hours" )',
    'extforward': 'extforward.forwarder = ( "all" => "trust" )',
    'gnutls': '', 'maxminddb': '', 'mbedtls': '', 'nss': '', 'openssl': '',
    'rrdtool': '', 'setenv': 'setenv.set-response-header = ( "X-A" => "b" )',
    'vhostdb': '', 'vhostdb_dbi': '', 'vhostdb_ldap': '', 'vhostdb_mysql': '',
    'vhostdb_pgsql': '', 'wolfssl': '',
}

# What is switched on for all addresses, or stands outside HTTP, answers
# unasked; with the condition, where one can be written, it waits.
WAITS = '$REQUEST_HEADER["X-Authgear-Decision"] == "granted" {\n%s\n}\n'
TOLD = (
    ('redirect', 'url.redirect = ( "^/x" => "/elsewhere" )', '/x', 301),
    ('magnet', 'magnet.attract-physical-path-to += ( "@OWN@" )', '/x', 200),
    ('magnet', 'magnet.attract-raw-url-to += ( "@OWN@" )', '/x', 200),
)


def shipped():
    """Names of all modules that are installed, built in or not."""
    names = {os.path.basename(path)[4:-3] for path in glob.glob(MODULES)}
    with open('/usr/sbin/lighttpd', 'rb') as file:
        names |= {name.decode() for name in re.findall(
            rb'\0mod_([a-z0-9_]+)_plugin_init\0', file.read())}
    return names


def all_have_a_row():
    names = shipped()
    known = {row[0] for row in ROWS} | set(SILENT) | {'sockproxy'}
    tap.ok(len(names) > 40 and {'fastcgi', 'webdav', 'magnet'} <= names,
           'the modules were found', sorted(names))
    tap.equal(sorted(names - known), [], 'each module has a row')
    tap.equal(sorted(known - names), [], 'each row has a module')
    packages = subprocess.run(['apt-cache', 'pkgnames', 'lighttpd-mod'],
                              stdout=subprocess.PIPE, text=True, check=False)
    missing = [name for name in packages.stdout.split()
               if '-dbg' not in name and subprocess.run(
                   ['dpkg', '-L', name], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=False).returncode]
    tap.equal(missing, [], 'each package of modules is installed')


class Peer(backend.Listener):
    """A backend that hangs up; how often it was called."""

    def __init__(self):
        self.calls = 0
        super().__init__(None, socket.create_server(('127.0.0.1', 0)))
        self.port = self.socket.getsockname()[1]

    def serve(self, stream):
        self.calls += 1


class Place:
    """The world, its backends and its files."""

    def __init__(self, world):
        self.world = world
        self.www = world.site.www
        self.peer = Peer()
        self.own = world.site.path('own.lua')
        with open(self.own, 'w') as file:
            file.write(OWN)
        for folder in ('x', 'admin/x'):
            os.mkdir(os.path.join(self.www, folder))
        for at, _, _ in os.walk(self.www):
            os.chmod(at, 0o777)
        world.site.write('x', 'page.txt', 'page of /x\n')
        world.site.write('admin/x', 'page.txt', 'page of /x of admin\n')
        world.site.write('x', 'ssi.txt', '<!--#include file="page.txt" -->')
        os.symlink(os.path.join(self.www, 'show.cgi'),
                   os.path.join(self.www, 'x', 'show.cgi'))

    def put_in(self, text):
        for mark, value in (('@PEER@', str(self.peer.port)),
                            ('@OWN@', self.own)):
            text = text.replace(mark, value)
        return text

    def state(self):
        """All that a request could have changed."""
        return self.peer.calls, self.world.site.runs(), sorted(
            (os.path.join(at, name),
             os.path.getsize(os.path.join(at, name)))
            for at, folders, files in os.walk(self.www)
            for name in folders + files)


def settings_of(row):
    """A row's settings, switched on for its address alone."""
    module, text, address, _ = row
    scope = re.match('/[^/.-]*', address).group()
    return '$HTTP["url"] =~ "^%s" {\n%s\n}\n' % (scope, text)


PLACES = {
    'in front': lambda module, text: {
        'before': 'server.modules := ( "mod_%s" ) + server.modules\n%s' % (
            module, text)},
    'behind': lambda module, text: {
        'behind': 'server.modules += ( "mod_%s" )\n%s' % (module, text)},
}


def closed(place, server, module, address, what):
    """No method gets anything, claiming or not, and nothing happens."""
    before = place.state()
    for claim in ([],) + CLAIMS:
        wanted = (400, 'forged-identity') if claim else (401, 'no-credential')
        bad = []
        for method in METHODS:
            answer = checker.ask(
                server.port, address, method=method, headers=claim +
                SENT.get(module, []),
                body=b'text' if method in ('POST', 'PUT') else None)
            if (answer.status, answer.header('X-Authgear-Reason')) != wanted:
                bad.append((method, str(answer)))
        tap.ok(not bad, '%s, %s: %s' % (what, claim[:1] or 'nobody', wanted),
               bad[:2])
    tap.ok(place.state() == before, what + ': nothing happened')


def answers(place, server, row, token):
    """Whether the module answers this one."""
    module, _, address, sign = row
    calls = place.peer.calls
    answer = checker.ask(server.port, address, token, headers=SENT.get(
        module, []), method='PROPFIND' if module == 'webdav' else 'GET')
    if sign == 'peer':
        return process.eventually(
            lambda: place.peer.calls > calls), answer
    if isinstance(sign, int):
        return answer.status == sign, answer
    return sign in '%s %s' % (answer.headers, answer.body.decode('latin-1')), \
        answer


def rows(place):
    token = place.world.token()
    for row in ROWS:
        module, _, address, _ = row
        for name, where in PLACES.items():
            what = 'mod_%s %s, %s' % (module, name, address)
            text = place.put_in(settings_of(row))
            with lighttpd.Variant(place.world, **where(module, text)) \
                    as server:
                closed(place, server, module, address, what)
                did, answer = answers(place, server, row, token)
                tap.ok(did, what + ': answers whoever was let in', answer)


def silent(place):
    token = place.world.token()
    for module, text in SILENT.items():
        for name, where in PLACES.items():
            what = 'mod_%s %s' % (module, name)
            with lighttpd.Variant(place.world, **where(module, text)) \
                    as server:
                closed(place, server, module, '/page.txt', what)
                answer = checker.ask(server.port, '/page.txt', token)
                tap.ok(answer.body == b'page of /\n',
                       what + ': the page, let in', answer)


def told(place):
    """What README names: open as it stands, closed where it waits."""
    token = place.world.token()
    for row in TOLD:
        module, text, address, status = row
        what = 'mod_%s for all addresses: %s' % (module, text)
        text = place.put_in(text)
        with lighttpd.Variant(place.world, **PLACES['behind'](
                module, text)) as server:
            answer = checker.ask(server.port, address)
            tap.equal(answer.status, status, what + ': answers unasked')
        with lighttpd.Variant(place.world, **PLACES['behind'](
                module, WAITS % text)) as server:
            closed(place, server, module, address, what + ', waiting')
            did, answer = answers(place, server, row, token)
            tap.ok(did, what + ', waiting: answers', answer)


def hosts(place):
    """Switched on for all addresses of a host, they wait all the same."""
    for module, text, address, _ in ROWS:
        if module in [row[0] for row in TOLD]:
            continue
        what = 'mod_%s for a host, %s' % (module, address)
        text = '$HTTP["host"] == "localhost" {\n%s\n}\n' % place.put_in(text)
        with lighttpd.Variant(place.world, **PLACES['behind'](
                module, text)) as server:
            before = place.state()
            bad = []
            for method in METHODS:
                for claim in ([],) + CLAIMS:
                    got = lighttpd.raw(
                        server.port, address, None, method,
                        claim + SENT.get(module, [])[1:] +
                        [('Content-Length', '0')])
                    if got[0] < 400 or b'page of' in got[1]:
                        bad.append((method, claim, got))
            tap.ok(not bad and place.state() == before, what, bad[:2])


def webdav_everywhere(place):
    """Switched on for all addresses, it changes nothing unasked."""
    for text in ('webdav.activate = "enable"',
                 '$HTTP["host"] =~ "" { webdav.activate = "enable" }',
                 WAITS % 'webdav.activate = "enable"\n'
                 'server.max-request-size = 1000'):
        with lighttpd.Variant(place.world, **PLACES['behind'](
                'webdav', text)) as server:
            before = place.state()
            bad = []
            for method in METHODS:
                for claim in ([],) + CLAIMS:
                    for address in ('/x/page.txt', '/x/new.txt', '/x/',
                                    '/_authgear/' + 256 * 'x', '/_authgear/'):
                        answer = checker.ask(
                            server.port, address, method=method,
                            headers=claim + SENT['webdav'],
                            body=b'text' if method in ('POST', 'PUT') else
                            None)
                        if answer.status < 400 or b'page of' in answer.body:
                            bad.append((method, address, str(answer)))
            tap.ok(not bad and place.state() == before,
                   'mod_webdav everywhere: %s' % text, bad[:3])


with checker.World(names=()) as here:
    all_have_a_row()
    at = Place(here)
    rows(at)
    silent(at)
    told(at)
    hosts(at)
    webdav_everywhere(at)
tap.done()
