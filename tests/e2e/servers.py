"""lighttpd, nginx and Apache with the files of examples/, on free ports.

    site = servers.Site()                     folders and applications
    server = servers.start('nginx', site, address)
    server.port; server.stop(); site.stop()

Nothing is changed in the examples but addresses, sockets and folders, by
substitutions each of which must hit as often as it says.
"""

import contextlib
import http.client
import os
import shutil
import tempfile
import threading

import backend
import nginx_module
import process
import tap
from process import free_port

NAMES = ('lighttpd', 'nginx', 'apache') + nginx_module.names()
DEADLINE = 20
EXAMPLES = os.path.join(tap.SRC, 'examples')


def example(name, changes):
    """Text of an example; `changes`: (old, new, how often)."""
    with open(os.path.join(EXAMPLES, name), encoding='ascii') as file:
        text = file.read()
    for old, new, count in changes:
        if text.count(old) != count:
            raise AssertionError('%s: %r is there %d times, not %d' % (
                name, old, text.count(old), count))
        text = text.replace(old, new)
    return text


class Site:
    """A document root and the applications behind the servers."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix='authgear-site-')
        os.chmod(self.dir, 0o755)
        self.www = self.path('www')
        self.runs_file = self.path('runs')
        self._lock = threading.Lock()
        open(self.runs_file, 'w').close()
        os.chmod(self.runs_file, 0o666)
        for name in ('', 'admin', 'public', 'a', 'public/a'):
            os.makedirs(os.path.join(self.www, name), exist_ok=True)
            backend.write_cgi(os.path.join(self.www, name, 'show.cgi'),
                              self.runs_file)
            self.write(name, 'page.txt', 'page of /%s\n' % name)
            self.write(name, 'index.html', '<p>index of /%s\n' % name)
        self.token = os.urandom(8).hex()
        self.write('public', 'ready.txt', self.token)
        self.http = backend.Http(self.ran)
        self.socket = self.path('application.sock')
        self.login_socket = self.path('login.sock')
        self.fastcgi = backend.Fastcgi(self.socket, self.ran)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, folder, name, text):
        with open(os.path.join(self.www, folder, name), 'w') as file:
            file.write(text)

    def ran(self, kind):
        with self._lock, open(self.runs_file, 'a') as runs:
            runs.write(kind + '\n')

    def runs(self):
        """How often any application ran so far."""
        with open(self.runs_file) as runs:
            return len(runs.readlines())

    def stop(self):
        self.http.stop()
        self.fastcgi.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


def lighttpd_include(site, at, address):
    """The include and its Lua in a folder of the server; its path."""
    share = at + '/share'
    shutil.copytree(os.path.join(EXAMPLES, 'lighttpd'), share)
    include = share + '/20-authgear.conf'
    text = example('lighttpd/20-authgear.conf', [
        ('"/usr/share/authgear-gate/lighttpd/', '"%s/' % share, 4),
        ('/run/authgear/lighttpd.sock', address, 1),
        ('/run/authgear/login.sock', site.login_socket, 1)])
    with open(include, 'w') as file:
        file.write(text)
    return include


def _lighttpd(site, at, port, address):
    text = example('lighttpd.conf', [
        ('server.port = 8080', 'server.port = %d' % port, 1),
        ('"/var/www/html"', '"%s"' % site.www, 1),
        ('/run/lighttpd.pid', at + '/pid', 1),
        ('/var/log/lighttpd/', at + '/', 2),
        ('/var/cache/lighttpd/uploads', at + '/work', 1),
        ('/usr/share/authgear-gate/lighttpd/20-authgear.conf',
         lighttpd_include(site, at, address), 1),
        ('/run/application/application.sock', site.socket, 1),
        ('"port" => 8000', '"port" => %d' % site.http.port, 1)])
    return text, ['/usr/sbin/lighttpd', '-D', '-f', at + '/conf']


def nginx_includes(site, folder, address):
    """The includes of the tree, with the sockets put in, in a new folder;
    its name with a slash."""
    shutil.copytree(os.path.join(EXAMPLES, 'nginx'), folder)
    with open(folder + '/authgear-server.conf', 'w') as file:
        file.write(example('nginx/authgear-server.conf', [
            ('/run/authgear/nginx.sock', address, 1),
            ('/run/authgear/login.sock', site.login_socket, 1),
            ('/etc/nginx/authgear-asking.d/', folder + '/asking.d/', 1)]))
    return folder + '/'


def _nginx(site, at, port, address):
    text = example('nginx.conf', [
        ('127.0.0.1:8080', '127.0.0.1:%d' % port, 1),
        ('127.0.0.1:8000', '127.0.0.1:%d' % site.http.port, 1),
        ('/var/www/html', site.www, 1),
        ('/run/nginx.pid', at + '/pid', 1),
        ('/var/log/nginx/error.log', at + '/error.log', 1),
        ('/var/log/nginx/access.log', at + '/access.log', 1),
        ('/var/lib/nginx/', at + '/work/', 5),
        ('/usr/share/authgear-gate/nginx/',
         nginx_includes(site, at + '/includes', address), 7),
        ('/run/application/application.sock', site.socket, 3)])
    return text, nginx_command(at)


def _nginx_module(site, at, port, address):
    share = EXAMPLES + '/nginx/'
    text = example('nginx-module.conf', [
        ('load_module modules/ngx_http_authgear_module.so;',
         nginx_module.loading(), 1),
        ('127.0.0.1:8080', '127.0.0.1:%d' % port, 1),
        ('127.0.0.1:8000', '127.0.0.1:%d' % site.http.port, 1),
        ('/var/www/html', site.www, 1),
        ('/run/nginx.pid', at + '/pid', 1),
        ('/var/log/nginx/error.log', at + '/error.log', 1),
        ('/var/log/nginx/access.log', at + '/access.log', 1),
        ('/var/lib/nginx/', at + '/work/', 5),
        ('/run/authgear/nginx.sock', address, 1),
        ('/run/authgear/login.sock', site.login_socket, 1),
        ('/usr/share/authgear-gate/nginx/', share, 3),
        ('/run/application/application.sock', site.socket, 3)])
    return text, nginx_command(at)


def nginx_command(at):
    return [nginx_module.NGINX, '-e', at + '/error.log', '-c', at + '/conf',
            '-g', 'daemon off;']


def apache_share(at):
    """The include and its Lua in a folder of the server, which reads the Lua
    as www-data: a clone may be closed to it. Its path."""
    return shutil.copytree(os.path.join(EXAMPLES, 'apache'), at + '/share')


def _apache(site, at, port, address):
    share = apache_share(at) + '/authgear'
    text = example('apache.conf', [
        ('127.0.0.1:8080', '127.0.0.1:%d' % port, 1),
        ('127.0.0.1:8000', '127.0.0.1:%d' % site.http.port, 1),
        ('"/etc/apache2"', '"%s"' % at, 1),
        ('/run/apache2', at, 3),
        ('/var/log/apache2', at, 2),
        ('/var/www/html', site.www, 2),
        ('/run/application/application.sock', site.socket, 1),
        ('Include /usr/share/authgear-gate/apache/authgear.conf',
         'Define AUTHGEAR_FCGI %s\nDefine AUTHGEAR_LOGIN %s\n'
         'Define AUTHGEAR_LUA %s.lua\nInclude %s.conf' % (
             address, site.login_socket, share, share), 1)])
    return text, ['/usr/sbin/apache2', '-D', 'FOREGROUND', '-f',
                  at + '/conf']


MAKERS = {'lighttpd': _lighttpd, 'nginx': _nginx, 'apache': _apache,
          'nginx-module': _nginx_module}


class Server(process.Process):
    def __init__(self, name, site, maker, address):
        self.dir = tempfile.mkdtemp(prefix=name + '-', dir=site.dir)
        os.chmod(self.dir, 0o777)
        os.mkdir(self.dir + '/work')
        os.chmod(self.dir + '/work', 0o777)
        self.site = site
        self.port = free_port()
        text, command = maker(site, self.dir, self.port, address)
        with open(self.dir + '/conf', 'w') as file:
            file.write(text)
        super().__init__(
            name, command, self.dir, start_new_session=True,
            preexec_fn=process.end_with_parent,
            env=dict({'PATH': '/usr/sbin:/usr/bin:/sbin:/bin',
                      'LC_ALL': 'C'}, **nginx_module.sanitizers()))

    def log(self, path=None):
        return ''.join(process.read(path) for path in (
            self.out, self.err, self.dir + '/error.log'))

    def stop(self):
        self.end()

    def is_ready(self):
        try:
            link = http.client.HTTPConnection('127.0.0.1', self.port,
                                              timeout=5)
            with contextlib.closing(link):
                link.request('GET', '/public/ready.txt')
                return link.getresponse().read() == self.site.token.encode()
        except (OSError, http.client.HTTPException):
            return False


def start(name, site, address, maker=None):
    """A running server. `address`: a path for lighttpd and nginx,
    127.0.0.1:PORT for Apache. Another port when one was taken. `maker`: what
    writes its configuration, if not the example."""
    for _ in range(5):
        server = Server(name, site, maker or MAKERS[name], address)
        process.eventually(lambda: server.is_ready() or not server.alive(),
                           DEADLINE)
        if server.alive() and server.is_ready():
            return server
        server.stop()
        if 'in use' not in server.log().lower():
            break
    raise RuntimeError('%s did not start:\n%s' % (name, server.log()[:3000]))
