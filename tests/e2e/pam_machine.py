"""The private root (pam_root.py), mounted afresh: what is written there is
gone with the program.

    with pam_machine.Machine() as machine:
        machine.write('/etc/motd', 'hello')
        machine.run(['id', '-un'], user='alice')        # (0, 'alice\n')
        machine.terminal(['su', 'bob'], [('Password: ', 'x')], user='alice')
        machine.log.since(0)                            # the system log
"""

import fcntl
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import termios
import threading
import time

import gate
import pam_root

PATH = 'PATH=/usr/sbin:/usr/bin:/sbin:/bin'
NODES = ('null', 'zero', 'full', 'random', 'urandom', 'tty')
LINE = re.compile(r'^<(\d+)>(?:\w{3} [ \d]\d [\d:]{8} )?(.*)$', re.DOTALL)
AUTHPRIV = 10 << 3
# ioctls of a terminal's master that termios does not name
GET_NUMBER, SET_LOCK = 0x80045430, 0x40045431


def mount(*arguments):
    subprocess.run(('mount',) + arguments, check=True)


class Syslog:
    """What reaches /dev/log, in order: lines of (priority, text)."""

    MARK = 'a mark of the tests'

    def __init__(self, path):
        self.path, self.lines = path, []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        bind(self.socket, path, 0o666)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            text = self.socket.recv(65536).decode('utf-8', 'replace')
            match = LINE.match(text)
            self.lines.append((int(match.group(1)), match.group(2)) if match
                              else (-1, text))

    def mark(self):
        """How many lines there are; none that was sent before comes later."""
        before = len(self.lines)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            connect(sender, self.path)
            sender.send(('<0>' + self.MARK).encode())
        gate.until(lambda: any(self.MARK in line[1] for line in
                               self.lines[before:]), 'a line in the log')
        return len(self.lines)

    def since(self, mark, word=''):
        """The lines since a mark that hold `word`."""
        self.mark()
        return [line for line in self.lines[mark:] if word in line[1] and
                self.MARK not in line[1]]


def short(path):
    """A name of a socket that is short enough, and what keeps it valid."""
    folder = os.open(os.path.dirname(path), os.O_PATH)
    return folder, '/proc/self/fd/%d/%s' % (folder, os.path.basename(path))


def bind(made, path, mode, owner=(0, 0)):
    folder, name = short(path)
    try:
        made.bind(name)
    finally:
        os.close(folder)
    os.chown(path, *owner)
    os.chmod(path, mode)


def connect(made, path):
    folder, name = short(path)
    try:
        made.connect(name)
    finally:
        os.close(folder)


class Machine:
    def __init__(self):
        top = pam_root.MOUNTED
        mount('-t', 'tmpfs', '-o', 'mode=755', 'none', top)
        for name in ('upper', 'work', 'root'):
            os.mkdir(os.path.join(top, name))
        self.changed = os.path.join(top, 'upper')
        self.top = os.path.join(top, 'root')
        self.started = []
        mount('-t', 'overlay', '-o', 'lowerdir=%s:%s,upperdir=%s,workdir=%s' %
              (pam_root.INSTALLED, pam_root.BASE, self.changed,
               os.path.join(top, 'work')), 'none', self.top)
        mount('-t', 'proc', 'none', self.path('/proc'))
        self._devices()
        socket.sethostname('hosts-of-pam')
        self.log = Syslog(self.path('/dev/log'))

    def _devices(self):
        mount('-t', 'tmpfs', '-o', 'mode=755', 'none', self.path('/dev'))
        for name in NODES:
            self.write('/dev/' + name, '', 0o666)
            mount('--bind', '/dev/' + name, self.path('/dev/' + name))
        for name in ('pts', 'shm'):
            os.mkdir(self.path('/dev/' + name))
        mount('-t', 'devpts', '-o', 'newinstance,ptmxmode=0666,mode=620,gid=5',
              'none', self.path('/dev/pts'))
        os.symlink('pts/ptmx', self.path('/dev/ptmx'))
        mount('-t', 'tmpfs', '-o', 'mode=1777', 'none',
              self.path('/dev/shm'))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for started in reversed(self.started):
            started.end()

    # files

    def path(self, inside):
        return self.top + inside

    def write(self, inside, text, mode=0o644, owner=None):
        os.makedirs(os.path.dirname(self.path(inside)), exist_ok=True)
        with open(self.path(inside), 'w', encoding='utf-8') as file:
            file.write(text)
        os.chmod(self.path(inside), mode)
        if owner:
            os.chown(self.path(inside), *self.ids(owner))
        return inside

    def read(self, inside):
        with open(self.path(inside), encoding='utf-8',
                  errors='replace') as file:
            return file.read()

    def exists(self, inside):
        return os.path.lexists(self.path(inside))

    def remove(self, inside):
        os.unlink(self.path(inside))

    def copy(self, outside, inside, mode=0o755):
        os.makedirs(os.path.dirname(self.path(inside)), exist_ok=True)
        shutil.copyfile(outside, self.path(inside))
        os.chmod(self.path(inside), mode)
        return inside

    def ids(self, user):
        """(uid, gid) of an account in there."""
        for line in self.read('/etc/passwd').splitlines():
            words = line.split(':')
            if words[0] == user:
                return int(words[2]), int(words[3])
        raise KeyError(user)

    def group(self, name):
        for line in self.read('/etc/group').splitlines():
            words = line.split(':')
            if words[0] == name:
                return int(words[2])
        raise KeyError(name)

    def files(self, but=()):
        """All that was made or changed since this began, and how it is; not
        what begins with one of `but`."""
        found = {}
        for folder, _, names in os.walk(self.changed):
            for name in names:
                path = os.path.join(folder, name)
                status = os.lstat(path)
                inside = path[len(self.changed):]
                if not inside.startswith(tuple(but)):
                    found[inside] = (status.st_mtime_ns, status.st_mode,
                                     status.st_uid, status.st_size)
        return found

    # programs

    def enter(self, user=None):
        """What a command begins with."""
        if user is None:
            return ['/usr/sbin/chroot', self.top]
        uid, gid = self.ids(user)
        return self.enter() + ['setpriv', '--reuid', str(uid), '--regid',
                               str(gid), '--init-groups']

    def command(self, argv, user=None, environment=()):
        """The same, in there; a clean environment."""
        return self.enter(user) + ['env', '-i', PATH] + list(environment) + \
            list(argv)

    def run(self, argv, user=None, data='', environment=(), check=True):
        """(status, what it said)"""
        run = subprocess.run(
            self.command(argv, user, environment), input=data.encode(),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            start_new_session=True, timeout=gate.PATIENCE * 2)
        said = run.stdout.decode('utf-8', 'replace')
        if check and run.returncode != 0:
            raise ChildProcessError('%s: %d: %s' % (argv[0], run.returncode,
                                                    said))
        return run.returncode, said

    def start(self, name, argv, user=None, environment=()):
        """A host, in a session of its own, until the machine is left."""
        started = gate.Process(name, self.command(argv, user, environment),
                               os.path.join(pam_root.MOUNTED, 'logs'),
                               start_new_session=True)
        self.started.append(started)
        return started

    def stop(self, started):
        self.started.remove(started)
        started.end()

    def terminal(self, argv, typed=(), user=None, environment=()):
        """A command on a terminal of its own.  `typed` are pairs: when the
        first is shown, the second is typed.  (status, what was shown)"""
        with Terminal(self, argv, user, environment) as terminal:
            for wanted, text in typed:
                if not terminal.expect(wanted):
                    break
                terminal.type(text)
            return terminal.finish()


class Terminal:
    def __init__(self, machine, argv, user=None, environment=()):
        self.master = os.open(machine.path('/dev/pts/ptmx'),
                              os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        number = struct.unpack('i', fcntl.ioctl(
            self.master, GET_NUMBER, b'\0' * 4))[0]
        fcntl.ioctl(self.master, SET_LOCK, struct.pack('i', 0))
        name = machine.path('/dev/pts/%d' % number)
        if user:
            os.chown(name, machine.ids(user)[0], 5)
        self.shown, self.seen = b'', 0
        self.child = None
        slave = os.open(name, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            self.child = subprocess.Popen(
                machine.command(argv, user, environment), stdin=slave,
                stdout=slave, stderr=slave, start_new_session=True,
                preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        finally:
            os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()
        os.close(self.master)

    def _more(self, end):
        """False at its end."""
        if not select.select([self.master], [], [],
                             max(0, end - time.monotonic()))[0]:
            raise TimeoutError('the terminal stays at %r' % self.shown)
        try:
            data = os.read(self.master, 65536)
        except OSError:
            data = b''
        self.shown += data
        return bool(data)

    def expect(self, text):
        """Until it is shown; False if the command ended before."""
        end = time.monotonic() + gate.PATIENCE
        while text.encode() not in self.shown[self.seen:]:
            if not self._more(end):
                return False
        self.seen = len(self.shown)
        return True

    def type(self, text):
        data = text.encode() + b'\n'
        while data:
            data = data[os.write(self.master, data):]

    def finish(self):
        end = time.monotonic() + gate.PATIENCE
        while self._more(end):
            pass
        status = self.child.wait(gate.PATIENCE)
        return status, self.shown.decode('utf-8', 'replace')
