"""Debian's own lighttpd, guarded as README says: its lighttpd.conf and its
conf-available, and ours beside them, whatever else is enabled."""

import os
import re
import shutil
import socket
import ssl
import subprocess

import backend
import checker
import lighttpd
import servers
import tap
from checker import values
from lighttpd import raw

ENABLE = '/usr/sbin/lighttpd-enable-mod'
METHODS = ('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'MOVE', 'MKCOL',
           'PROPFIND', 'OPTIONS', 'TRACE')
ADDRESSES = ('/', '/page.txt', '/show.php', '/show.cgi', '/cgi-bin/show.cgi',
             '/app/', '/server-status', '/~root/', '/nothing', '/admin/',
             '/doc/', '/javascript/', '/public/page.txt', '/dav/new.txt',
             '/*', '/authgear-loginx')
# What a site writes into a file of its own, 30-site.conf.
SITE = '''
$HTTP["url"] =~ "^/admin(/|$)" {
    setenv.set-environment = ( "AUTHGEAR_POLICY" => "admin" )
    $REQUEST_HEADER["X-Authgear-Policy"] != "admin" {
        url.access-deny = ( "" )
    }
}
$HTTP["url"] =~ "^/public/" {
    magnet.attract-raw-url-to = var.authgear-public
}
'''
# Enabled besides ours; each list is one server.
TOGETHER = (
    (), ('fastcgi', 'fastcgi-php'), ('magnet',), ('setenv',), ('auth',),
    ('cgi',), ('proxy',), ('webdav',), ('evhost',), ('simple-vhost',),
    ('no-www',), ('rewrite',), ('cgi', 'debian-doc'), ('deflate',),
    ('auth', 'setenv', 'accesslog', 'cgi', 'deflate', 'dir-listing', 'expire',
     'fastcgi', 'magnet', 'proxy', 'rewrite', 'sockproxy', 'ssi', 'status',
     'userdir', 'webdav', 'extforward', 'fastcgi-php', 'debian-doc',
     'unconfigured'))
# Not tried: its database would lie in the document root, its program is in
# another package; the PHP that conflicts with the other one; and what needs a
# certificate.
LEFT = {'rrdtool', 'fastcgi-php-fpm', 'ssl', 'gnutls', 'mbedtls', 'nss',
        'wolfssl'}


class Layout:
    """/etc/lighttpd in a folder of its own, with ours made available."""

    def __init__(self, site, at, address):
        self.at = at
        self.etc = os.path.join(at, 'etc')
        self.site = site
        for name in ('conf-available', 'conf-enabled'):
            os.makedirs(os.path.join(self.etc, name))
        listed = subprocess.run(
            "dpkg -L $(dpkg-query -W -f '${Package}\\n' 'lighttpd*')",
            shell=True, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL, check=False).stdout.split('\n')
        self.shipped = [path for path in listed if re.match(
            r'/etc/lighttpd/conf-available/\d+-.*\.conf$', path)]
        for path in self.shipped:
            self.copy(path)
        share = servers.lighttpd_include(site, at, address)
        os.symlink(share, self.path('conf-available', '20-authgear.conf'))

    def path(self, *names):
        return os.path.join(self.etc, *names)

    def copy(self, path):
        """A file of Debian's with its folders put in."""
        with open(path, encoding='ascii') as file:
            text = file.read()
        for old, new in (('/etc/lighttpd/', self.etc + '/'),
                         ('/var/log/lighttpd/', self.at + '/'),
                         ('/var/cache/lighttpd/', self.at + '/'),
                         ('/run/lighttpd/', self.at + '/'),
                         ('/run/lighttpd.pid', self.at + '/pid'),
                         ('"/usr/lib/cgi-bin/', '"%s/' % self.site.www),
                         ('"/var/www/html"', '"%s"' % self.site.www)):
            text = text.replace(old, new)
        with open(path.replace('/etc/lighttpd', self.etc), 'w') as file:
            file.write(text)

    def main(self, port):
        """Debian's lighttpd.conf, on this loopback port."""
        self.copy('/etc/lighttpd/lighttpd.conf')
        with open(self.path('lighttpd.conf')) as file:
            text = file.read()
        for pattern, new in (
                (r'(?m)^server\.port .*$',
                 'server.port = %d\nserver.bind = "127.0.0.1"' % port),
                (r'(?m)^include_shell ".*use-ipv6.*$', ''),
                (r'"%s/uploads"' % self.at, '"%s/work"' % self.at)):
            text, count = re.subn(pattern, new, text)
            if count != 1:
                raise ValueError('lighttpd.conf: %s' % pattern)
        return text

    def turn(self, how, *names):
        """Debian's lighty-enable-mod or lighty-disable-mod here."""
        script = os.path.join(self.at, 'lighttpd-%s-mod' % how)
        with open(ENABLE) as file:
            text = file.read()
        if text.count('"/etc/lighttpd/"') != 1:
            raise ValueError(ENABLE)
        with open(script, 'w') as file:
            file.write(text.replace('"/etc/lighttpd/"', '"%s/"' % self.etc))
        run = subprocess.run(['/usr/bin/perl', script] + list(names),
                             stdout=subprocess.PIPE, check=False, text=True,
                             stderr=subprocess.STDOUT)
        return run.returncode, run.stdout


class Debian:
    """A running server; `enable` besides ours, `site` in 30-site.conf."""

    def __init__(self, world, enable=(), site=SITE, disable=()):
        self.world, self.enable = world, enable
        self.site, self.disable = site, disable

    def _made(self, site, at, port, address):
        self.layout = Layout(site, at, address)
        text = self.layout.main(port)
        self.said = []
        for how, names in (('enable', self.enable), ('enable', ('authgear',)),
                           ('disable', self.disable)):
            if names:
                self.said.append(self.layout.turn(how, *names))
        if self.site:
            with open(self.layout.path('conf-enabled', '30-site.conf'),
                      'w') as file:
                file.write(self.site)
        return text, ['/usr/sbin/lighttpd', '-D', '-f', at + '/conf']

    def __enter__(self):
        self.server = servers.start('lighttpd', self.world.site,
                                    self.world.addresses['lighttpd'],
                                    self._made)
        return self

    def __exit__(self, *_):
        self.server.stop()


def all_are_tried(world):
    at = world.site.path('layout')
    os.mkdir(at)
    shipped = Layout(world.site, at, '/nowhere').shipped
    names = {re.sub(r'^\d+-|\.conf$', '', os.path.basename(path))
             for path in shipped}
    tried = {name for names in TOGETHER for name in names} | LEFT
    tap.ok(len(names) > 20, 'the files were found', names)
    tap.equal(sorted(names - tried), [], 'each file of Debian is enabled')
    shutil.rmtree(at)


def closed(world, port, what, public=False):
    before = world.site.runs()
    bad = []
    for address in ADDRESSES:
        if public and address.startswith('/public/'):
            continue
        for method in METHODS:
            for claim, wanted in (([], 401),
                                  ([('X-Authgear-Decision', 'granted')], 400)):
                answer = checker.ask(port, address, method=method, body=b'',
                                     headers=claim)
                if answer.status != wanted or not answer.header(
                        'X-Authgear-Request-Id'):
                    bad.append((method, address, str(answer)))
    tap.ok(not bad and world.site.runs() == before, what + ': closed',
           (len(bad), bad[:2]))


def enabled(world, names):
    what = ' '.join(('authgear',) + names)
    with Debian(world, names, SITE) as debian:
        server = debian.server
        tap.ok(all(status == 0 for status, _ in debian.said) and
               'Enabling authgear: ok' in debian.said[-1][1] and
               os.path.islink(debian.layout.path('conf-enabled',
                                                 '20-authgear.conf')),
               what + ': enabled', debian.said)
        tap.ok(not re.search('(?i)warn|duplicate|deprecat|unknown',
                             server.log().replace(
                                 'mod_auth should be listed', '').replace(
                                     'Warning:  in server.modules', '')),
               what + ': without a warning', server.log())
        closed(world, server.port, what, public=True)
        alice = world.token()
        root = world.token('root', roles=['admin'])
        if 'evhost' in names or 'simple-vhost' in names:
            return
        got = [checker.ask(server.port, path, token).status
               for path, token in (('/page.txt', alice), ('/admin/', alice),
                                   ('/admin/page.txt', root),
                                   ('/public/page.txt', None),
                                   ('/public/page.txt', alice))]
        tap.equal(got, [200, 403, 200, 200, 200], what + ': let in')
        if 'fastcgi-php' in names:
            php(server, what, alice)
        if 'cgi' in names:
            answer = checker.ask(server.port, '/cgi-bin/show.cgi', alice)
            tap.ok(values(answer.shown() or {'env': []}, 'REMOTE_USER') ==
                   ['login-alice'], what + ': CGI', answer)


def php(server, what, token):
    """PHP as Debian enables it, its index page, and in public."""
    for path in ('/show.php', '/php/', '/show.php/info?a=b'):
        answer = checker.ask(server.port, path, token)
        tap.ok(values(answer.shown() or {'env': []}, 'REMOTE_USER') ==
               ['login-alice'] and token.encode() not in answer.body,
               '%s: %s as alice' % (what, path), answer)
    answer = checker.ask(server.port, '/public/show.php', token)
    shown = answer.shown() or {'env': [['REMOTE_USER', 'x']]}
    tap.ok(not values(shown, 'REMOTE_USER') and
           token.encode() not in answer.body, what + ': public PHP', answer)


def alone(world):
    """Our one file, and nothing of the site's own but what tells that the
    server runs: everything is asked."""
    lines = SITE[SITE.index('$HTTP["url"] =~ "^/public/"'):]
    with Debian(world, (), lines.replace(
            '=~ "^/public/"', '== "/public/ready.txt"')) as debian:
        closed(world, debian.server.port, 'without a file of the site')


def without_fastcgi(world):
    """Disabling what we need too takes nothing away from us."""
    with Debian(world, ('fastcgi', 'magnet', 'setenv'), SITE,
                ('fastcgi', 'magnet', 'setenv')) as debian:
        closed(world, debian.server.port, 'others disabled', public=True)


def http1_only(world):
    """Debian switches HTTP/2 on; ours off again."""
    preface = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + bytes(3) + b'\x04' + \
        bytes(5)
    with Debian(world) as debian:
        with socket.create_connection(('127.0.0.1', debian.server.port),
                                      60) as link:
            link.sendall(preface)
            got = link.recv(65536)
        tap.ok(got.startswith(b'HTTP/1.'), 'HTTP/2 is off', got)
        status, body = raw(debian.server.port, '/page.txt', world.token(),
                           headers=[('Connection', 'Upgrade, HTTP2-Settings'),
                                    ('Upgrade', 'h2c'),
                                    ('HTTP2-Settings', 'AAMAAABkAAQAAP__')])
        tap.ok(status == 200 and body == b'page of /\n', 'nor by an upgrade',
               (status, body))


def order(world):
    """Behind Debian's flags it may stand anywhere; before them, lighttpd
    refuses to start rather than lose request bodies."""
    at = world.site.path('order')
    os.mkdir(at)
    layout = Layout(world.site, at, '/nowhere')
    include = 'include "%s"\n' % layout.path('conf-available',
                                             '20-authgear.conf')
    text = layout.main(1)
    for what, text, wanted in (('behind', text + include, 0),
                               ('in front', include + text, 255)):
        with open(at + '/conf', 'w') as file:
            file.write(text)
        run = subprocess.run(['/usr/sbin/lighttpd', '-tt', '-f', at +
                              '/conf'], stdout=subprocess.PIPE, check=False,
                             stderr=subprocess.STDOUT)
        tap.equal(run.returncode, wanted, 'ours %s of Debian\'s' % what)


def tls(world):
    """The example's lines for TLS, taken into use."""
    pem = world.site.path('tls.pem')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048',
                    '-nodes', '-subj', '/CN=localhost', '-keyout', pem,
                    '-out', pem + '.crt'], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def change(text):
        text, count = re.subn(r'(?m)^#(server\.modules|ssl\.)', r'\1', text)
        for old, new in (('/etc/ssl/certs/www.example.com.pem', pem + '.crt'),
                         ('/etc/ssl/private/www.example.com.key', pem)):
            count += text.count(old)
            text = text.replace(old, new)
        if count != 6:
            raise ValueError('lighttpd.conf: %d lines for TLS' % count)
        # plain HTTP, to see that it runs, at another port
        return text.replace('ssl.engine = "enable"', """
$SERVER["socket"] == "127.0.0.1:%d" { ssl.engine = "enable" }
""" % port)
    port = servers.free_port()
    context = ssl.create_default_context(cafile=pem + '.crt')
    context.set_alpn_protocols(['h2', 'http/1.1'])
    with lighttpd.Variant(world, change=change):
        for token, wanted in ((None, b' 401 '), (world.token(), b' 200 ')):
            bearer = b'Authorization: Bearer %s\r\n' % token.encode() \
                if token else b''
            with socket.create_connection(('127.0.0.1', port), 60) as link:
                with context.wrap_socket(link, server_hostname='localhost') \
                        as secret:
                    alpn = secret.selected_alpn_protocol()
                    secret.sendall(b'GET /page.txt HTTP/1.1\r\nHost: localho'
                                   b'st\r\nConnection: close\r\n' + bearer +
                                   b'\r\n')
                    got = secret.recv(65536)
            tap.ok(alpn == 'http/1.1' and wanted in got[:20],
                   'TLS:%s' % wanted.decode(), (alpn, got))


def prepare(world):
    www = world.site.www
    for name in ('', 'public', 'admin', 'php'):
        os.makedirs(os.path.join(www, name), exist_ok=True)
        with open(os.path.join(www, name, 'index.php' if name == 'php' else
                               'show.php'), 'w') as file:
            file.write(backend.PHP % {'runs': world.site.runs_file})
    os.chmod(www, 0o777)


with checker.World(names=()) as here:
    prepare(here)
    all_are_tried(here)
    for each in TOGETHER:
        enabled(here, each)
    alone(here)
    without_fastcgi(here)
    http1_only(here)
    order(here)
    tls(here)
tap.done()
