"""A site, Authgear beside it on the same parent domain, and one web server:
what the tests of browser login share.

Names below .localhost are loopback for curl and browsers alike."""

import contextlib
import shutil
import subprocess
import tempfile

import gate
import servers
import tap

AUTHGEAR = 'auth.site.localhost'
APPLICATION = 'app.site.localhost'
DOMAIN = 'site.localhost'
CLIENT = 'web'
USER, PASSWORD = 'alice', 'correct horse'


class World:
    """`with World('nginx') as world`: world.url is the application's,
    world.sim the simulator, world.cache(...) runs authgear-cache."""

    def __init__(self, name, domain=DOMAIN):
        self.name, self.domain = name, domain
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *_):
        self.stack.close()

    def _start(self):
        enter = self.stack.enter_context
        folder = tempfile.mkdtemp(prefix='authgear-login-')
        self.stack.callback(shutil.rmtree, folder, True)
        port = servers.free_port()
        self.authgear = 'http://%s:%d' % (AUTHGEAR, port)
        self.sim = enter(gate.Simulator(
            folder, port=port,
            arguments=['--public-origin', self.authgear]))
        self.pages = servers.Site()
        self.stack.callback(self.pages.stop)
        # the port is known only once the server runs: a daemon afterwards
        address = self.pages.path('gate.sock')
        tcp = '127.0.0.1:%d' % servers.free_port()
        self.server = servers.start(
            self.name, self.pages, tcp if self.name == 'apache' else address)
        self.stack.callback(self.server.stop)
        self.url = 'http://%s:%d' % (APPLICATION, self.server.port)
        back = self.url + '/authgear-login'
        login = {'login_client': CLIENT, 'login_return': back}
        self.site = enter(gate.Site(
            settings={'validate': 'hybrid', 'insecure_allow_http': 'yes',
                      'session_ttl': '2', 'absent_ttl': '1'},
            policies={'default': login,
                      'admin': dict(login, require_role='admin')},
            sim=False, endpoint=self.authgear))
        self.sim.control('client', {'id': CLIENT, 'redirect_uris': [back]})
        self.sim.control('user', {'id': USER, 'password': PASSWORD})
        self.sim.control('resolver', {'cookie_domain': self.domain})
        self.daemon = enter(gate.Daemon(
            self.site.folder, self.site.config, 'fcgi', arguments=[
                '--listen', (tcp if self.name == 'apache' else
                             'unix:%s,mode=0666' % address),
                '--listen', 'unix:%s,serve=login,mode=0666' %
                self.pages.login_socket]))
        gate.until(lambda: 'keys fetched' in self.daemon.log(),
                   'the keys', 20)

    def cache(self, *arguments):
        run = subprocess.run(
            [tap.program('authgear-cache')] + list(arguments) +
            ['--config', self.site.config], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
            check=False)
        if run.returncode != 0:
            raise ChildProcessError(run.stdout.decode(errors='replace'))
        return run.stdout.decode()
