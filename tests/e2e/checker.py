"""What the tests of the three servers share: a small world, and asking it.

    with checker.World() as world:
        world.ask('nginx', '/show.cgi', world.token())

A world is a site with a running daemon and the servers asked for.  The
policies take REMOTE_USER from a claim, so that nobody who takes the user id
for it passes.
"""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import sys

import gate
import servers
import tap

LOGIN = 'https://example.com/login'


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def header(self, name):
        found = [v for k, v in self.headers if k.lower() == name.lower()]
        return found[0] if found else None

    def shown(self):
        """What the application saw, or None if none answered."""
        if self.header('X-Backend') is None:
            return None
        return json.loads(self.body)

    def __str__(self):
        return '%s %s %r' % (self.status, self.headers, self.body[:300])


def ask(port, path, token=None, method='GET', headers=(), body=None,
        timeout=60):
    """One request on a connection of its own."""
    link = http.client.HTTPConnection('127.0.0.1', port, timeout=timeout)
    try:
        link.putrequest(method, path, skip_accept_encoding=True)
        if token is not None:
            link.putheader('Authorization', 'Bearer ' + token)
        for name, value in headers:
            link.putheader(name, value)
        if body is not None:
            link.putheader('Content-Length', str(len(body)))
        link.endheaders()
        if body:
            link.send(body)
        answer = link.getresponse()
        return Answer(answer.status, answer.getheaders(), answer.read())
    finally:
        link.close()


def exchange(port, data):
    """All that comes for these bytes until the connection ends."""
    got = b''
    with socket.create_connection(('127.0.0.1', port), 60) as link, \
            contextlib.suppress(ConnectionResetError):
        link.sendall(data)
        for more in iter(lambda: link.recv(65536), b''):
            got += more
    return got


def values(shown, name):
    """Every value under this name in any spelling, of env or headers."""
    plain = name.upper().replace('-', '_').replace('.', '_')
    return [value for key, value in shown.get('env', shown.get('headers'))
            if key.upper().replace('-', '_').replace('.', '_') == plain]


# Of 36 characters: so many have no room in the answer, and so many do.
MANY_ROLES = ['role_%031d' % number for number in range(120)]
ROLES_THAT_FIT = MANY_ROLES[:70]


def roles_told(shown):
    """(roles, that they are left out), each with every value of it.

    HTTP applications have headers, the others variables beside which there
    may be headers of the same content.
    """
    before = 'X-Authgear-' if 'headers' in shown else 'AUTHGEAR_'
    return (values(shown, before + 'User-Roles'),
            values(shown, before + 'User-Roles-Omitted'))


def changed(text, settings):
    """Settings with these values, in place of those that are there."""
    for name, value in settings.items():
        line = '%s = %s' % (name, value)
        text, count = re.subn('(?m)^%s = .*$' % name, line, text)
        if count == 0:
            text = text.replace('[authgear]\n', '[authgear]\n%s\n' % line)
    return text


class World(gate.Site):
    def __init__(self, names=servers.NAMES, threads=4, settings=None,
                 rules='', policies=''):
        """`rules`: more lines for each policy; `policies`: more of them."""
        # Told to end, a test still ends what it started.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        self.rules = rules
        self.names = names
        self.threads = threads
        self.fcgi = self.site = None
        self.servers, self.addresses = {}, {}
        # most tests are of tokens, not of sessions
        super().__init__(dict({'validate': 'jwt'}, **(settings or {})),
                         policies)
        try:
            self._start()
        except BaseException:
            self.end()
            raise

    def end(self):
        for server in self.servers.values():
            server.stop()
        if self.fcgi:
            self.fcgi.kill()
        if self.site:
            self.site.stop()
        super().end()

    def configure(self, settings=None, policies=None):
        text = servers.example('authgear.conf', [
            ('https://project.authgear.example', self.sim.url, 1),
            ('/var/lib/authgear', self.state, 1),
            ('\nremote_user = sub', '\nremote_user = claim:' + LOGIN +
             self.rules, 2)])
        self.write_settings(changed(text, settings) + policies)

    def _start(self):
        self.addresses = {name: os.path.join(self.folder, name + '.sock')
                          for name in ('lighttpd', 'nginx', 'nginx-module')}
        self.addresses['apache'] = '127.0.0.1:0'
        self.start_daemon()
        self.addresses['apache'] = '127.0.0.1:%d' % self.fcgi.port
        self.site = servers.Site()
        for name in self.names:
            self.servers[name] = servers.start(name, self.site,
                                               self.addresses[name])

    def start_daemon(self):
        """Where the last one was, if there was one."""
        self.fcgi = self.daemon(
            listen=[address if name == 'apache' else
                    'unix:%s,mode=0666' % address
                    for name, address in self.addresses.items()],
            arguments=['--threads', str(self.threads), '--log', 'stderr'] +
            self.more_arguments())

    def more_arguments(self):
        return []

    def said(self, at=0):
        """What all daemons wrote, from there on."""
        return gate.read(self.fcgi.err, at)

    def token(self, name='alice', **members):
        claims = {LOGIN: 'login-' + name}
        claims.update(members.pop('claims', {}))
        members.setdefault('sub', 'id-' + name)
        return self.sim.token(claims=claims, **members)

    def ask(self, server, path, token=None, **more):
        return ask(self.servers[server].port, path, token, **more)

    def is_open(self, server, token):
        """Whether this token gets the page; no connection counts as no."""
        try:
            return self.ask(server, '/page.txt', token).status == 200
        except (OSError, http.client.HTTPException):
            return False


def for_each(world, cases):
    """The one list of cases, for every server of the world."""
    for name in world.names:
        for case in cases:
            try:
                case(world, name)
            except (OSError, ValueError, http.client.HTTPException) as error:
                tap.ok(False, '%s: %s' % (name, case.__name__),
                       '%r\n%s' % (error, world.servers[name].log()[-2000:]))


def refused(world, name, what, statuses, path, token=None, **more):
    """Not served, and no application ran."""
    before = world.site.runs()
    answer = world.ask(name, path, token, **more)
    held = answer.status in statuses and world.site.runs() == before
    tap.ok(held, '%s: refused: %s' % (name, what), '%s, ran %d' % (
        answer, world.site.runs() - before))
    return answer
