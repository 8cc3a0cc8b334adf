"""What the tests of the three servers share: a small world, and asking it.

    with checker.World() as world:
        world.ask('nginx', '/show.cgi', world.token())

A world is a simulator, a daemon and the servers asked for.  The policies
take REMOTE_USER from a claim, so that nobody who takes the user id for it
passes.
"""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import servers
import sim
import tap

LOGIN = 'https://example.com/login'
DEADLINE = 30


def eventually(condition, seconds=DEADLINE):
    """Whether it became true in time."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


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


def values(shown, name):
    """Every value under this name in any spelling, of env or headers."""
    plain = name.upper().replace('-', '_').replace('.', '_')
    return [value for key, value in shown.get('env', shown.get('headers'))
            if key.upper().replace('-', '_').replace('.', '_') == plain]


def changed(text, settings):
    """Settings with these values, in place of those that are there."""
    for name, value in settings.items():
        line = '%s = %s' % (name, value)
        text, count = re.subn('(?m)^%s = .*$' % name, line, text)
        if count == 0:
            text = text.replace('[authgear]\n', '[authgear]\n%s\n' % line)
    return text


class World:
    def __init__(self, names=servers.NAMES, threads=4, settings=None,
                 rules='', policies=''):
        """`rules`: more lines for each policy; `policies`: more of them."""
        self.rules = rules
        self.policies = policies
        self.names = names
        self.threads = threads
        # most tests are of tokens, not of sessions
        self.settings = dict({'validate': 'jwt'}, **(settings or {}))
        self.dir = tempfile.mkdtemp(prefix='authgear-world-')
        os.chmod(self.dir, 0o755)
        self.config = os.path.join(self.dir, 'authgear.conf')
        self.state = os.path.join(self.dir, 'state')
        self.log = os.path.join(self.dir, 'log')
        self.daemon = None
        self.sim = None
        self.site = None
        self.servers = {}
        self.addresses = {
            name: os.path.join(self.dir, name + '.sock')
            for name in ('lighttpd', 'nginx')}

    def __enter__(self):
        # Told to end, a test still ends what it started.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception):
        for server in self.servers.values():
            server.stop()
        self.stop_daemon(signal.SIGKILL)
        if self.site:
            self.site.stop()
        if self.sim:
            self.sim.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def _start(self):
        self.sim = sim.Sim().start()
        text = servers.example('authgear.conf', [
            ('https://project.authgear.example', self.sim.origin, 1),
            ('/var/lib/authgear', self.state, 1),
            ('\nremote_user = sub', '\nremote_user = claim:' + LOGIN +
             self.rules, 2)])
        with open(self.config, 'w') as file:
            file.write(changed(text, self.settings) + self.policies)
        os.chmod(self.config, 0o644)
        made = subprocess.run(
            [tap.program('authgear-cache'), 'init', '--config', self.config],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=DEADLINE)
        if made.returncode != 0:
            raise RuntimeError('init: %r' % made.stdout)
        self._first_daemon()
        self.site = servers.Site()
        for name in self.names:
            self.servers[name] = servers.start(name, self.site,
                                               self.addresses[name])

    def _first_daemon(self):
        for attempt in range(5):
            self.addresses['apache'] = '127.0.0.1:%d' % servers.free_port()
            try:
                self.start_daemon()
                return
            except RuntimeError as error:
                if attempt == 4 or 'in use' not in str(error).lower():
                    raise

    def start_daemon(self):
        command = [tap.program('authgear-fcgi'), '--config', self.config,
                   '--threads', str(self.threads), '--log', 'stderr']
        for name in servers.NAMES:
            address = self.addresses[name]
            if name != 'apache':
                address = 'unix:%s,mode=0666' % address
            command += ['--listen', address]
        at = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        with open(self.log, 'ab') as log:
            self.daemon = subprocess.Popen(command, stdout=log, stderr=log,
                                           stdin=subprocess.DEVNULL)

        def is_ready():
            return 'ready:' in self.said(at) or \
                self.daemon.poll() is not None
        eventually(is_ready)
        if 'ready:' not in self.said(at):
            self.stop_daemon(signal.SIGKILL)
            raise RuntimeError('authgear-fcgi: ' + self.said(at))

    def said(self, at=0):
        with open(self.log, errors='replace') as log:
            log.seek(at)
            return log.read()

    def stop_daemon(self, number=signal.SIGTERM):
        if self.daemon is None:
            return None
        if self.daemon.poll() is None:
            self.daemon.send_signal(number)
        try:
            self.daemon.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            self.daemon.wait()
        status = self.daemon.returncode
        self.daemon = None
        return status

    def token(self, name='alice', **members):
        claims = {LOGIN: 'login-' + name}
        claims.update(members.pop('claims', {}))
        members.setdefault('sub', 'id-' + name)
        return self.sim.mint(claims=claims, **members)

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
