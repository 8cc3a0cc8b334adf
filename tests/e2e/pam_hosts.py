"""The hosts, and each way to log in at them; others are in pam_mail.py,
pam_ssh.py and pam_web.py.

    host = pam_hosts.Postgres(site)
    got = host.ways[0].login('alice', TOKEN)
    got.ok, got.wire        # whether she is in; all that the client was shown
    got.said                # what the host itself said: log or terminal

A way's wire(ok, user, text) is the pattern of all that a client may be shown.
"""

import collections
import re
import socket
import struct

import gate
import process

Got = collections.namedtuple('Got', 'ok wire said')

AUTH_ERR = 'Authentication failure'
PERM_DENIED = 'Permission denied'
UNAVAIL = 'Authentication service cannot retrieve authentication info'
ALL = {'opaque': True, 'session': True, 'jwt': True}
SHORT = {'opaque': True, 'session': True, 'jwt': False}


class Host:
    """A program that asks PAM, started in the site's machine."""

    service = None      # of /etc/pam.d
    policy = None       # of its example
    address = '127.0.0.1'   # what the module is told of the client
    root_users = ('root', 'toor')
    is_root = True      # who asks PAM
    has_unix = True     # its example lets Unix passwords in
    # an account that is not there comes to PAM; with another password
    has_unknown, hides_unknown = True, False

    def __init__(self, site):
        self.site, self.machine = site, site.machine
        self.port = process.free_port()
        self.process = None
        self.ways = ()

    def ready(self):
        def connects():
            with socket.socket() as made:
                return made.connect_ex(('127.0.0.1', self.port)) == 0
        gate.until(connects, 'port of ' + self.service)


class Way:
    """One way to log in."""

    told_of_cut = ()    # the module's lines of a password that was cut
    asks_of_cut = False     # it looks whole
    tells_code = True   # somewhere

    def __init__(self, host, name, carries):
        self.host, self.name, self.carries = host, name, carries

    def login(self, user, password):
        """A login, and what the host said of it."""
        log = self.host.site.log
        mark = log.mark()
        ok, wire = self.attempt(user, password)
        said = [line for _, line in log.since(mark)]
        return Got(ok, wire, '\n'.join(said + [self.extra(wire)]))

    def attempt(self, user, password):
        raise NotImplementedError

    def wire(self, ok, user, text):
        """All that a client may be shown; `text` is the code's."""
        raise NotImplementedError

    def cut(self, user):
        """The same for a password that is too long for this way."""
        return self.wire(False, user, AUTH_ERR)

    def extra(self, wire):
        """What the host said elsewhere than in the system log."""
        return ''


# --- PostgreSQL

class PostgresWay(Way):
    """A client that speaks the protocol and keeps the messages."""

    def wire(self, ok, user, _):
        if ok:
            return rb'R3 R0 (S )+K ZI'
        return rb'(R3 )?ESFATAL\|VFATAL\|C28000\|MPAM authentication ' \
            rb'failed for user "%s"\|Fauth\.c\|L\d+\|Rauth_failed' % \
            user.encode()

    @staticmethod
    def message(stream):
        kind = stream.read(1)
        if not kind:
            return None, b''
        size = struct.unpack('>I', stream.read(4))[0]
        return kind, stream.read(size - 4)

    def attempt(self, user, password):
        start = struct.pack('>I', 196608) + b'user\0%s\0database\0' \
            b'postgres\0\0' % user.encode()
        wire, ok = [], False
        with socket.create_connection(('127.0.0.1', self.host.port),
                                      gate.PATIENCE) as made, \
                made.makefile('rwb') as stream:
            stream.write(struct.pack('>I', len(start) + 4) + start)
            stream.flush()
            while True:
                kind, body = self.message(stream)
                if kind is None:
                    break
                wire.append(kind + self.show(kind, body))
                if wire[-1] == b'R3':
                    text = password.encode() + b'\0'
                    stream.write(b'p' + struct.pack('>I', len(text) + 4) +
                                 text)
                    stream.flush()
                ok = ok or wire[-1] == b'R0'
                if kind == b'Z':
                    stream.write(b'X\0\0\0\4')
                    stream.flush()
        return ok, b' '.join(wire)

    @staticmethod
    def show(kind, body):
        if kind == b'R':
            return b'%d' % struct.unpack('>I', body[:4])
        if kind == b'E':
            return body.rstrip(b'\0').replace(b'\0', b'|')
        return body if kind == b'Z' else b''

    def extra(self, wire):
        text = self.host.process.log()
        fresh, self.host.seen = text[self.host.seen:], len(text)
        return fresh


class Postgres(Host):
    service, policy = 'postgresql', 'database'
    is_root = has_unix = False

    def __init__(self, site):
        super().__init__(site)
        main = '/etc/postgresql/15/main/'
        self.machine.write(
            main + 'pg_hba.conf', 'host all all 127.0.0.1/32 pam '
            'pamservice=postgresql\n', 0o640, 'postgres')
        options = {'config_file': main + 'postgresql.conf', 'port': self.port,
                   'listen_addresses': '127.0.0.1', 'ssl': 'off',
                   'fsync': 'off', 'unix_socket_directories': '/tmp',
                   'log_destination': 'stderr'}
        self.process = self.machine.start(
            'postgres', ['/usr/lib/postgresql/15/bin/postgres', '-D',
                         '/var/lib/postgresql/15/main'] +
            ['--%s=%s' % pair for pair in options.items()], 'postgres')
        self.process.wait_for('ready to accept connections')
        self.ready()
        self.seen = 0
        self.ways = (PostgresWay(self, 'PostgreSQL', ALL),)


# --- su and sudo

class SuWay(Way):
    def wire(self, ok, user, text):
        return rb'Password: \r\n' + (
            b'%s\r\n' % user.encode() if ok else
            b'su: %s\r\n' % re.escape(text).encode())

    def attempt(self, user, password):
        status, shown = self.host.machine.terminal(
            ['su', user, '-c', 'id -un'], [('Password: ', password)],
            'carol')
        return status == 0, shown.encode()

    def extra(self, wire):
        return wire.decode()


class Su(Host):
    service, policy = 'su', 'shell'
    address, has_unknown = '-', False

    def __init__(self, site):
        super().__init__(site)
        self.ways = (SuWay(self, 'su', ALL),)


class SudoWay(Way):
    """Who logs in is who asks; root is asked for by dave (rootpw)."""

    told_of_cut = ((3, 'auth', 'conversation failed'),)     # by libpam
    tells_code = False

    def wire(self, ok, user, text):
        asked = rb'\[sudo\] password for %s: \r\n' % user.encode()
        if ok:
            return asked + b'root\r\n'
        account = b'account validation failure, is your account locked\\?' \
            if text == AUTH_ERR else b'PAM account management error: ' + \
            re.escape(text).encode()
        return asked + rb'sudo: (1 incorrect password attempt|%s\r\nsudo: a ' \
            rb'password is required)\r\n' % account

    def cut(self, user):
        """The next module asks again, and gets nothing."""
        asked = rb'\[sudo\] password for %s: \r\n' % user.encode()
        return asked * 2 + b'sudo: 1 incorrect password attempt\r\n'

    def attempt(self, user, password):
        status, shown = self.host.machine.terminal(
            self.host.command, [('password for', password),
                                   ('password for', 'no')],
            'dave' if user == 'root' else user)
        return status == 0, shown.encode()

    def extra(self, wire):
        return wire.decode()


class Sudo(Host):
    service, policy = 'sudo', 'shell'
    command = ['sudo', 'id', '-un']
    address, has_unknown, root_users = '-', False, ('root',)

    def __init__(self, site):
        super().__init__(site)
        self.ways = (SudoWay(self, ' '.join(self.command[:-2]), SHORT),)


class SudoLogin(Sudo):
    service = 'sudo-i'
    command = ['sudo', '-i', 'id', '-un']
