"""The installed layout: root's state, and daemons that run as a user of
their own.

    with installed.Site(user) as site:          # authgear-cache init --user
        with site.daemon('one') as daemon:      # as that user
            site.cache('block', 'user', 'x')    # as root
            site.token('x'); installed.say(daemon, token)

installed.user() is such a user, None without root.  What such a process sees
of the file system can be chosen:

    installed.as_user(user, command, 'mount --bind ...')
"""

import contextlib
import grp
import os
import pwd
import sqlite3
import subprocess

import gate
import sessions
import tap

PROGRAM = tap.program('authgear-cache')
GRANTED = (200, 'granted')
BLOCKED = (403, 'user-blocked')
UNREADABLE = (503, 'state-unreadable')


def lone_user():
    """A system user whose group has no other member, or None."""
    users = pwd.getpwall()
    for user in users:
        group = [other for other in users if other.pw_gid == user.pw_gid]
        try:
            members = set(grp.getgrgid(user.pw_gid).gr_mem)
        except KeyError:
            continue
        if (user.pw_uid and user.pw_gid and len(group) == 1 and
                members <= {user.pw_name}):
            return user
    return None


def can_mount():
    """Whether this process may have mounts of its own."""
    return subprocess.run(['unshare', '--mount', 'true'], check=False,
                          stdin=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def as_user(user, command, mounts=':'):
    """A command that runs `command` as the user, with mounts of its own made
    by the shell text `mounts`.  The program may be hidden by them."""
    return ['unshare', '--mount', 'sh', '-ec',
            'program=$1; shift; exec 9<"$program"; cd /; ' + mounts +
            '; exec setpriv --reuid=%d --regid=%d --clear-groups '
            '/proc/self/fd/9 "$@"' % (user.pw_uid, user.pw_gid),
            'as_user'] + list(command)


@contextlib.contextmanager
def small_disk(folder, options):
    """A file system at `folder`, or None without the right to mount."""
    os.mkdir(folder)
    mounted = subprocess.run(
        ['mount', '-t', 'tmpfs', '-o', 'mode=755,' + options, 'tmpfs',
         folder], stderr=subprocess.DEVNULL, check=False)
    try:
        yield folder if mounted.returncode == 0 else None
    finally:
        while mounted.returncode == 0 and subprocess.run(
                ['umount', folder], stderr=subprocess.DEVNULL,
                check=False).returncode == 0:
            pass


def user():
    """That user, for tests that need root."""
    return lone_user() if os.geteuid() == 0 else None


def required(name):
    """The same; without one the program is one skipped test."""
    who = user()
    if who is None:
        tap.skip(name, 'not root')
        tap.done()
    return who


class Site(gate.Site):
    """`state`: where the state directory is to be (for a small disk)."""

    def __init__(self, who, settings=None, state=None, sim=True, **more):
        self.who = who
        self.place = state
        super().__init__(settings=dict({'total_timeout': '2',
                                        'connect_timeout': '1'},
                                       **(settings or {})), sim=sim, **more)
        self.run = os.path.join(self.folder, 'run')
        os.mkdir(self.run, 0o755)
        os.chown(self.run, who.pw_uid, who.pw_gid)

    def configure(self, settings=None, policies=None):
        if self.place:
            self.state = self.place
        super().configure(settings, policies)

    def init(self):
        self.cache('init', '--user', self.who.pw_name)

    def daemon(self, name='fcgi', **options):
        return super().daemon(name, user=self.who.pw_uid,
                              group=self.who.pw_gid, extra_groups=[],
                              **options)

    def token(self, name, **wanted):
        return self.sim.token(sub=name, lifetime=24 * 3600, **wanted)

    def rows(self, sql='SELECT value FROM revocation', path=None):
        """Of trust.db, or of a copy of it."""
        database = sqlite3.connect('file:%s?mode=ro' % (path or self.trust),
                                   uri=True, timeout=gate.PATIENCE)
        try:
            return database.execute(sql).fetchall()
        finally:
            database.close()

    def change(self, sql):
        """One statement on trust.db, as from root's shell."""
        database = sqlite3.connect(self.trust, timeout=gate.PATIENCE)
        try:
            with database:
                database.execute(sql)
        finally:
            database.close()

    def copy(self, name='copy'):
        """trust.db alone, as a backup takes it; its path."""
        path = os.path.join(self.folder, name + '.db')
        for suffix in ('', '-wal', '-shm'):
            if os.path.exists(path + suffix):
                os.unlink(path + suffix)
        with open(self.trust, 'rb') as source, open(path, 'wb') as copy:
            copy.write(source.read())
        return path


def say(daemon, token, policy='default'):
    return sessions.say(daemon.path, ('Bearer ' + token, None),
                        policy=policy, client='192.0.2.1')


def warm(daemon, token):
    """The keys are fetched."""
    gate.until(lambda: say(daemon, token) == GRANTED,
               'a granted token: %r' % (say(daemon, token),))
