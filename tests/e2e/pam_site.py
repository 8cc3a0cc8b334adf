"""The product in the private root, as its example files install it, Authgear's
simulator beside it, and people with one credential of each kind.

    with pam_site.Site() as site:
        site.pam('dovecot', drop=['accept=jwt,session'])
        site.alice.text['session']      # a password of hers
        site.cache('block', 'user', site.alice.name)
        site.daemon_down()
"""

import os
import socket
import sys

import gate
import pam_machine
import pam_root
import process
import sessions
import sim as simulator
import tap
from test_activation import EXEC

EXAMPLES = '/usr/share/doc/authgear-gate/examples'
SETTINGS = '/etc/authgear/authgear.conf'
ASK = '/run/authgear/ask.sock'
KINDS = {'opaque': 'opaque', 'session': 'session', 'jwt': 'JWT'}
# a user's JWT of a real Authgear has 1,170 to 1,371 bytes
JWT_ROLES = ['staff', 'editor-of-the-web-site']
RESOLVER = sessions.RESOLVER
# how a line says that root's host asks no helper either
FAIL = 'without_daemon=fail'
# In a stack: waits until the test says go on, so that it can do something
# between two phases.
BETWEEN = '/usr/local/sbin/between'
BETWEEN_TEXT = '''#!/bin/sh
echo here >/run/between.here
read -r answer </run/between.go
'''


def read_some(pipe):
    try:
        return os.read(pipe, 100)
    except BlockingIOError:
        return b''


def open_to_write(path):
    """None while nobody reads there."""
    try:
        return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None


class Person:
    """A user of Authgear who owns an account here."""

    def __init__(self, site, account):
        self.site, self.account = site, account
        self.name = 'user-of-%s-0123456789abcdef' % account
        self.made = sessions.Person(
            lambda *said, **more: site.sim.control(*said, **more), self.name,
            tuple(KINDS.values()), roles=JWT_ROLES)
        site.secrets += self.made.text.values()

    def __getitem__(self, kind):
        return self.made.text[KINDS[kind]]

    def log_in(self, kind):
        """A fresh credential, whose session nobody here knows."""
        self.made.log_in(KINDS[kind], lifetime=3000)
        self.site.secrets.append(self[kind])
        return self[kind]

    def log_out(self, kind):
        self.made.log_out(KINDS[kind])


class Site(process.Together):
    # what the tests of hosts have in common; one may change it
    settings = {'validate': 'hybrid', 'session_ttl': '30',
                'lookup_rate': '60000', 'log_grants': 'yes'}
    people = ('alice', 'bob', 'dave', 'root', 'toor')

    def __init__(self, **settings):
        self.settings = dict(self.settings, **settings)
        self.secrets = []
        self.daemon = self.held = None
        self.starts, self.is_first = 0, True
        super().__init__()

    def start(self):
        self.machine = self.stack.enter_context(pam_machine.Machine())
        self.log = self.machine.log
        # of the network in there, where nobody else takes one
        self.port = process.free_port()
        self.sim = None
        self.authgear_up()
        self.stack.callback(self.authgear_down)
        self._install()
        self.stack.callback(self.daemon_down)
        for account in self.people:
            person = Person(self, account)
            setattr(self, account, person)
            self.cache('map', 'add', person.name, account)
        self.daemon_up()

    def _install(self):
        """As README tells it: users, folders, settings, state."""
        units = EXAMPLES + '/systemd/'
        self.machine.run(['systemd-sysusers',
                          units + 'authgear.sysusers.conf'])
        self.machine.run(['systemd-tmpfiles', '--create',
                          units + 'authgear.tmpfiles.conf'])
        for user in ('postgres', 'www-data'):
            self.machine.run(['usermod', '-a', '-G', 'authgear-ask', user])
        self.configure()
        self.machine.run(['authgear-cache', 'init', '--user', 'authgear'])
        self.machine.write(BETWEEN, BETWEEN_TEXT, 0o755)
        for name in ('here', 'go'):
            path = self.machine.path('/run/between.' + name)
            os.mkfifo(path)
            os.chmod(path, 0o666)
        for name in os.listdir(self.machine.path(EXAMPLES + '/pam.d')):
            self.pam(name)

    def configure(self):
        text = '[authgear]\nendpoint = http://127.0.0.1:%d\n' % self.port
        for pair in self.settings.items():
            text += '%s = %s\n' % pair
        for name in ('mail', 'shell', 'database', 'files', 'web', 'printing'):
            text += '\n[policy %s]\nremote_user = map\n' % name
        self.machine.write(SETTINGS, text)

    def example(self, name):
        return self.machine.read('%s/pam.d/%s' % (EXAMPLES, name))

    def pam(self, name, drop=(), add='', before=(), text=None):
        """/etc/pam.d/NAME from the example of that name: without the words
        `drop`, with the options `add`, and the lines `before` in front of
        the first of account.  No module waits after a failure."""
        if text is None:
            text = self.example(name)
        lines = []
        for line in text.splitlines():
            if 'pam_authgear.so' in line and not line.startswith('#'):
                for word in drop:
                    line = line.replace(' ' + word, '')
                line += ' ' + add
            if line.startswith('account'):
                lines += before
                before = ()
            lines.append(line.replace('pam_unix.so', 'pam_unix.so nodelay')
                         if line.startswith('auth') else line)
        self.machine.write('/etc/pam.d/' + name, '\n'.join(lines) + '\n')

    def between(self, act):
        """Waits for the host that runs BETWEEN, does `act`, lets it go on."""
        here = os.open(self.machine.path('/run/between.here'),
                       os.O_RDONLY | os.O_NONBLOCK)
        try:
            gate.until(lambda: read_some(here), 'phase account')
        finally:
            os.close(here)
        act()
        go = gate.until(lambda: open_to_write(
            self.machine.path('/run/between.go')), 'the one who waits')
        os.write(go, b'on\n')
        os.close(go)

    def cache(self, *arguments, data=''):
        """authgear-cache, as root."""
        return self.machine.run(['authgear-cache'] + list(arguments),
                                data=data)[1]

    def revoke(self, credential):
        self.cache('revoke', 'token', data=credential)

    # Authgear

    # one that comes back has lost its sessions, and has other keys
    def authgear_up(self):
        if self.sim is None:
            self.starts += 1
            self.sim = simulator.Sim(
                os.path.join(pam_root.MOUNTED, 'logs'), port=self.port,
                name='sim-%d' % self.starts)

    def authgear_down(self):
        if self.sim is not None:
            self.sim.end()
        self.sim = None

    def lookups(self):
        return self.sim.count(RESOLVER)

    # the daemon, as its service and its socket's unit start it

    def hold(self):
        """The socket, held by the service manager."""
        self.held = socket.socket(socket.AF_UNIX)
        pam_machine.bind(self.held, self.machine.path(ASK), 0o660,
                         (0, self.machine.group('authgear-ask')))
        self.held.listen(1024)

    def release(self):
        if self.held is not None:
            self.held.close()
            self.machine.remove(ASK)
        self.held = None

    def daemon_up(self):
        if self.held is None:
            self.hold()
        self.starts += 1
        command = ['env', '-i', pam_machine.PATH,
                   'FD0=%d' % self.held.fileno(), sys.executable, '-c', EXEC,
                   '1', 'ask'] + self.machine.enter('authgear') + [
                       '/usr/sbin/authgear-fcgi']
        self.daemon = gate.Process(
            'authgear-fcgi-%d' % self.starts, command,
            os.path.join(pam_root.MOUNTED, 'logs'), start_new_session=True,
            pass_fds=[self.held.fileno()])
        self.daemon.wait_for('ready: listening on')
        if self.is_first:
            gate.until(lambda: 'keys fetched' in self.daemon.log(),
                       'the keys')
        self.is_first = False

    def daemon_stop(self, number=15):
        """The daemon alone; its socket stays."""
        if self.daemon is not None:
            self.daemon.send(number)
            self.daemon.wait()
        self.daemon = None

    def daemon_down(self):
        """Daemon and socket."""
        self.daemon_stop()
        self.release()

    # what must nowhere be found

    def parts(self):
        """The secrets of all credentials, or enough of them."""
        for secret in set(self.secrets):
            text = secret.rsplit('.', 1)[-1]
            for part in (text[:16], text[-16:]):
                yield part.encode()

    def leaks(self):
        """Files and log lines of the run with a piece of a credential."""
        wanted, found, count = list(self.parts()), [], 0
        texts = [('the system log', line.encode()) for _, line in
                 self.log.lines]
        for top in (self.machine.changed,
                    os.path.join(pam_root.MOUNTED, 'logs')):
            for folder, _, names in os.walk(top):
                for name in names:
                    path = os.path.join(folder, name)
                    if os.path.isfile(path) and not os.path.islink(path):
                        with open(path, 'rb') as file:
                            texts.append((path, file.read()))
        for name, data in texts:
            count += 1
            found += [name for part in wanted if part in data]
        return found, count


def finish(site):
    """The last test of each program with a site."""
    found, count = site.leaks()
    tap.ok(count > 20 and not found, 'no credential in a log or a file',
           (count, found))
