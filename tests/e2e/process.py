"""Starts programs, waits until they are ready and ends them.

    with process.Process('name', [program, ...], folder) as child:
        child.wait_for('ready')         # in its log
        child.log()                     # all it said since its start

Every process is ended by its pid and reaped; readiness is polled for.
"""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time

PATIENCE = 60.0         # seconds; a machine that is busy, not a speed limit
LIBC = ctypes.CDLL(None)


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


def eventually(condition, patience=30):
    """Whether it became true in time."""
    try:
        return bool(until(condition, 'it', patience))
    except TimeoutError:
        return False


def read(path, at=0):
    """The text of a file from there on; none if there is no file."""
    try:
        with open(path, 'rb') as file:
            file.seek(at)
            return file.read().decode('utf-8', 'replace')
    except (FileNotFoundError, ProcessLookupError):
        return ''


def size(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def end_with_parent():
    """A test that is killed takes this child along (PR_SET_PDEATHSIG)."""
    LIBC.prctl(1, signal.SIGTERM)


class Together:
    """What start() puts on the stack ends together, in reverse; also when
    start() fails."""

    def __init__(self):
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *_):
        self.stack.close()


class Process:
    """A program whose stdout and stderr go, unless told elsewhere, to files
    below `folder`, behind what another of that name said.  One with a
    session of its own takes along whatever it started."""

    def __init__(self, name, command, folder, environment=None, **options):
        os.makedirs(folder, exist_ok=True)
        self.name = name
        self.out = os.path.join(folder, name + '.out')
        self.err = os.path.join(folder, name + '.err')
        self.begun = {path: size(path) for path in (self.out, self.err)}
        self.has_group = options.get('start_new_session', False)
        options.setdefault('env', dict(os.environ, **(environment or {})))
        with open(self.out, 'ab') as out, open(self.err, 'ab') as err:
            self.child = subprocess.Popen(command, **dict({
                'stdin': subprocess.DEVNULL, 'stdout': out, 'stderr': err},
                **options))
        self.pid = self.child.pid

    def alive(self):
        return self.child.poll() is None

    def log(self, path=None):
        path = path or self.err
        return read(path, self.begun.get(path, 0))

    def wait_for(self, text, path=None):
        """Until the log holds `text`; dies with the program."""
        def seen():
            is_over = not self.alive()
            if text in self.log(path):
                return True
            if is_over:
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

    def end(self):
        """However it takes, with whatever it started."""
        self.send(signal.SIGTERM)
        try:
            self.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
        if self.has_group:
            # once: afterwards the number may be another's
            self.has_group = False
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
