"""A site, Authgear beside it on the same parent domain, and one web server:
what the tests of browser login share.

Names below .localhost are loopback for curl and browsers alike."""

import select
import shutil
import socket
import tempfile

import gate
import http_server
import process
import servers
import sim

AUTHGEAR = 'auth.site.localhost'
APPLICATION = 'app.site.localhost'
DOMAIN = 'site.localhost'
CLIENT = 'web'
USER, PASSWORD = 'alice', 'correct horse'
OTHER = 'bob'


def _passes_on(port):
    """A script of http_server: what ends TLS in front of the server."""
    def script(server, connection):
        with socket.create_connection(('127.0.0.1', port), 30) as behind:
            other = {connection: behind, behind: connection}
            while not server.over.is_set():
                ready = [connection] if connection.pending() else \
                    select.select(list(other), [], [], 0.2)[0]
                for source in ready:
                    data = source.recv(65536)
                    if not data:
                        return
                    other[source].sendall(data)
    return script


class World(process.Together):
    """`with World('nginx') as world`: world.url is the application's,
    world.sim the simulator, world.cache(...) runs authgear-cache. With `tls`
    browsers come by https, through a proxy that ends it."""

    def __init__(self, name, domain=DOMAIN, tls=False, maker=None):
        self.name, self.domain, self.tls = name, domain, tls
        self.maker = maker
        super().__init__()

    def start(self):
        enter = self.stack.enter_context
        folder = tempfile.mkdtemp(prefix='authgear-login-')
        self.stack.callback(shutil.rmtree, folder, True)
        port = servers.free_port()
        self.authgear = 'http://%s:%d' % (AUTHGEAR, port)
        self.sim = enter(sim.Sim(folder, port, origin=self.authgear))
        self.pages = servers.Site()
        self.stack.callback(self.pages.stop)
        # the port is known only once the server runs: a daemon afterwards
        address = self.pages.path('gate.sock')
        tcp = '127.0.0.1:%d' % servers.free_port()
        self.server = servers.start(
            self.name, self.pages, tcp if self.name == 'apache' else address,
            self.maker)
        self.stack.callback(self.server.stop)
        self.url = 'http://%s:%d' % (APPLICATION, self.server.port)
        if self.tls:
            front = enter(http_server.Server(
                _passes_on(self.server.port), http_server.context(
                    http_server.Certificates(folder).sign(
                        'site', 'DNS:' + APPLICATION))))
            self.url = 'https://%s:%d' % (APPLICATION, front.port)
        back = self.url + '/authgear-login'
        login = {'login_client': CLIENT, 'login_return': back}
        self.site = enter(gate.Site(
            settings={'validate': 'hybrid', 'insecure_allow_http': 'yes',
                      'session_ttl': '2', 'absent_ttl': '1'},
            policies={'default': login,
                      'admin': dict(login, require_role='admin')},
            sim=False, endpoint=self.authgear))
        self.sim.control('client', id=CLIENT, redirect_uris=[back])
        for user in (USER, OTHER):
            self.sim.control('user', id=user, password=PASSWORD)
        self.sim.control('resolver', cookie_domain=self.domain)
        self.daemon = enter(gate.Daemon(
            self.site.folder, self.site.config, 'fcgi', arguments=[
                '--listen', (tcp if self.name == 'apache' else
                             'unix:%s,mode=0666' % address),
                '--listen', 'unix:%s,serve=login,mode=0666' %
                self.pages.login_socket]))
        gate.until(lambda: 'keys fetched' in self.daemon.log(),
                   'the keys', 20)

    def log_out(self, user=USER):
        """At Authgear; `session_ttl` later it is known here."""
        self.sim.control('logout', user_id=user)

    def cache(self, *arguments):
        return self.site.cache(*arguments).text
