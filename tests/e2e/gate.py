"""The programs for end-to-end tests.

    with gate.Site() as site:               # simulator, state, settings
        with site.daemon() as daemon:       # authgear-fcgi on a unix socket
            daemon.path, daemon.port        # unix socket, TCP port
            token = site.sim.token()
        site.cache('block', 'user', 'x')    # authgear-cache

Everything lies below one fresh directory.  Programs come from
$AUTHGEAR_BUILD.
"""

import os
import shutil
import socket
import subprocess
import tempfile

import sim as simulator
import tap
from process import PATIENCE, Process, read, until  # noqa: F401


class Daemon(Process):
    """authgear-fcgi, ready; on a unix socket and a TCP port if not told
    where to `listen`."""

    def __init__(self, folder, config, name='fcgi', arguments=(), wait=True,
                 listen=None, wrapper=(), program=None, **options):
        self.path = os.path.join(folder, name + '.sock')
        command = [*wrapper, program or tap.program('authgear-fcgi'),
                   '--config', config]
        for address in listen or ('unix:%s,mode=0660' % self.path,
                                  '127.0.0.1:0'):
            command += ['--listen', address]
        super().__init__(name, command + list(arguments), folder, **options)
        self.port = None
        if not wait:
            return
        try:
            self.wait_ready()
        except BaseException:
            self.end()
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
    maps names to lines; `build` is where the product's programs are."""

    def __init__(self, settings=None, policies=None, sim=True, tls=None,
                 endpoint=None, build=tap.BUILD):
        self.build = build
        self.folder = self.run = tempfile.mkdtemp(prefix='authgear-e2e-')
        os.chmod(self.folder, 0o755)
        self.sim = None
        try:
            if sim:
                self.sim = simulator.Sim(self.folder, tls=tls)
            self.endpoint = endpoint or (self.sim.url if self.sim else
                                         'http://127.0.0.1:9')
            self.config = os.path.join(self.folder, 'authgear.conf')
            self.state = os.path.join(self.folder, 'state')
            self.configure(settings, policies)
            self.init()
        except BaseException:
            self.end()
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
        self.write_settings(text)

    def write_settings(self, text):
        with open(self.config, 'w', encoding='utf-8') as config:
            config.write(text)
        os.chmod(self.config, 0o644)

    @property
    def trust(self):
        return os.path.join(self.state, 'trust.db')

    @property
    def status(self):
        return os.path.join(self.state, 'daemon', 'status.db')

    def init(self):
        self.cache('init')

    def command(self, *arguments):
        return [os.path.join(self.build, 'authgear-cache'), arguments[0],
                '--config', self.config, *arguments[1:]]

    def cache(self, *arguments, check=True, stdin=b'', **options):
        """authgear-cache, and the `text` of what it said."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        run = subprocess.run(self.command(*arguments), input=data,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             timeout=PATIENCE * 2, check=False, **options)
        run.text = run.stdout.decode('utf-8', 'replace')
        if check and run.returncode != 0:
            raise ChildProcessError('%r: %s' % (arguments, run.text))
        return run

    def daemon(self, name='fcgi', **options):
        options.setdefault('program',
                           os.path.join(self.build, 'authgear-fcgi'))
        return Daemon(self.run, self.config, name, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        if self.sim:
            self.sim.end()
        shutil.rmtree(self.folder, ignore_errors=True)
