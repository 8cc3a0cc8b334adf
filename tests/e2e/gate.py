"""Starts and ends the programs for end-to-end tests.

    with gate.Site() as site:               # simulator, state, settings
        with site.daemon() as daemon:       # authgear-fcgi on a unix socket
            daemon.path, daemon.port        # unix socket, TCP port
            token = site.sim.mint()['token']

Everything lies below one fresh directory; every process is ended by its pid
and reaped; readiness is polled for.  Programs come from $AUTHGEAR_BUILD.
"""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import tap

PATIENCE = 60.0         # seconds; a machine that is busy, not a speed limit


def until(condition, what, patience=PATIENCE):
    """Poll until `condition()` is true, and answer what it answered."""
    end = time.monotonic() + patience
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise TimeoutError('waited in vain for ' + what)
        time.sleep(0.02)


def read(path):
    try:
        with open(path, encoding='utf-8', errors='replace') as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return ''


class Process:
    """A program whose stdout and stderr go to files below `folder`."""

    def __init__(self, name, command, folder, environment=None, **options):
        os.makedirs(folder, exist_ok=True)
        self.name = name
        self.out = os.path.join(folder, name + '.out')
        self.err = os.path.join(folder, name + '.err')
        with open(self.out, 'ab') as out, open(self.err, 'ab') as err:
            self.child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                env=dict(os.environ, **(environment or {})), **options)
        self.pid = self.child.pid

    def alive(self):
        return self.child.poll() is None

    def log(self):
        return read(self.err)

    def wait_for(self, text, path=None):
        """Until the log holds `text`; dies with the program."""
        def seen():
            if text in read(path or self.err):
                return True
            if not self.alive() and text not in read(path or self.err):
                raise ChildProcessError('%s ended with %s:\n%s' % (
                    self.name, self.child.returncode, self.log()))
            return False
        until(seen, '%r of %s' % (text, self.name))

    def send(self, number):
        if self.alive():
            os.kill(self.pid, number)

    def wait(self, patience=PATIENCE):
        return self.child.wait(patience)

    def kill(self):
        self.send(signal.SIGKILL)
        return self.wait()

    def stop(self):
        """SIGTERM, then its exit status; SIGKILL if it does not listen."""
        self.send(signal.SIGTERM)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.alive():
            self.send(signal.SIGTERM)
            try:
                self.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()


class Simulator(Process):
    """authgear-sim; control() for what its methods here do not name."""

    def __init__(self, folder, port=0, tls=None, name='sim', arguments=()):
        command = [tap.program('tests/sim/authgear-sim'), '--listen',
                   '127.0.0.1:%d' % port] + list(arguments)
        if tls:
            command += ['--tls-cert', tls[0], '--tls-key', tls[1]]
        super().__init__(name, command, folder)
        self.tls = tls
        try:
            self.wait_for('listening on', self.out)
        except BaseException:
            self.__exit__()
            raise
        lines = read(self.out).splitlines()
        last = [line for line in lines if 'listening on' in line][-1]
        self.url = last.split('listening on ')[1].split()[0].rstrip('/')
        self.port = int(self.url.rsplit(':', 1)[1])

    def control(self, path, body=None, method='POST'):
        """One call below /_sim/; the JSON it answers."""
        if self.tls:
            import ssl
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            connection = http.client.HTTPSConnection(
                '127.0.0.1', self.port, timeout=PATIENCE, context=context)
        else:
            connection = http.client.HTTPConnection(
                '127.0.0.1', self.port, timeout=PATIENCE)
        try:
            data = None if method == 'GET' else json.dumps(body or {})
            connection.request(method, '/_sim/' + path, data,
                               {'Content-Type': 'application/json'})
            answer = connection.getresponse()
            text = answer.read().decode('utf-8')
        finally:
            connection.close()
        if answer.status != 200:
            raise ValueError('simulator: %s %s: %d %s' % (
                method, path, answer.status, text))
        return json.loads(text)

    def mint(self, **wanted):
        return self.control('mint', wanted)

    def token(self, **wanted):
        return self.mint(**wanted)['token']

    def rotate(self, keep=True):
        return self.control('rotate', {'keep': keep})['kid']

    def fault(self, fault, path='*', **more):
        return self.control('fault', dict(more, path=path, fault=fault))

    def counts(self):
        return self.control('counts', method='GET')

    def fetches(self):
        return self.counts().get('/oauth2/jwks', 0)

    def reset_counts(self):
        return self.control('reset-counts')


class Daemon(Process):
    """authgear-fcgi on a unix socket and a TCP port, ready."""

    def __init__(self, folder, config, name='fcgi', arguments=(), wait=True,
                 environment=None, wrapper=(), **options):
        self.path = os.path.join(folder, name + '.sock')
        command = list(wrapper)
        command += [tap.program('authgear-fcgi'), '--config', config,
                    '--listen', 'unix:%s,mode=0660' % self.path,
                    '--listen', '127.0.0.1:0'] + list(arguments)
        super().__init__(name, command, folder, environment, **options)
        self.port = None
        if not wait:
            return
        try:
            self.wait_ready()
        except BaseException:
            self.__exit__()
            raise

    def wait_ready(self):
        self.wait_for('ready: listening on')
        lines = [line for line in self.log().splitlines()
                 if 'ready: listening on' in line]
        for word in lines[-1].replace(',', ' ').split():
            if word.startswith('127.0.0.1:'):
                self.port = int(word.rsplit(':', 1)[1])

    def connect(self):
        """A connection over the unix socket."""
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(PATIENCE)
        made.connect(self.path)
        return made

    def threads(self):
        return len(os.listdir('/proc/%d/task' % self.pid))


class Site:
    """A directory with settings, state and, unless told, a simulator.

    `settings` are lines of [authgear] over the defaults here; `policies`
    maps names to lines."""

    def __init__(self, settings=None, policies=None, sim=True, tls=None,
                 endpoint=None):
        self.folder = tempfile.mkdtemp(prefix='authgear-e2e-')
        os.chmod(self.folder, 0o755)
        self.sim = None
        try:
            if sim:
                self.sim = Simulator(self.folder, tls=tls)
            self.endpoint = endpoint or (self.sim.url if self.sim else
                                         'http://127.0.0.1:9')
            self.config = os.path.join(self.folder, 'authgear.conf')
            self.state = os.path.join(self.folder, 'state')
            self.configure(settings, policies)
            self.init()
        except BaseException:
            self.__exit__()
            raise

    def configure(self, settings=None, policies=None):
        values = {'endpoint': self.endpoint, 'validate': 'jwt',
                  'state': self.state, 'total_timeout': '5',
                  'connect_timeout': '3'}
        values.update(settings or {})
        text = '[authgear]\n'
        for name, value in values.items():
            if value is not None:
                text += '%s = %s\n' % (name, value)
        for name, rules in (policies or {'default': {}}).items():
            text += '\n[policy %s]\n' % name
            for key, value in rules.items():
                text += '%s = %s\n' % (key, value)
        with open(self.config, 'w', encoding='utf-8') as config:
            config.write(text)
        os.chmod(self.config, 0o644)

    def init(self):
        run = subprocess.run(
            [tap.program('authgear-cache'), 'init', '--config', self.config],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=PATIENCE, check=False)
        if run.returncode != 0:
            raise ChildProcessError('authgear-cache init: ' + run.stdout.decode(
                errors='replace').strip())

    def daemon(self, name='fcgi', **options):
        return Daemon(self.folder, self.config, name, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.sim:
            self.sim.__exit__()
        shutil.rmtree(self.folder, ignore_errors=True)
