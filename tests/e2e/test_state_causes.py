"""What authgear-cache cannot do on trust.db: it names the cause, and daemons
decide as before."""

import contextlib
import os
import resource
import sqlite3
import subprocess

import gate
import installed
import tap

COMMANDS = (('block', 'user', 'x'), ('accept',), ('init',))


class World:
    def __init__(self, site, daemon):
        self.site, self.daemon = site, daemon
        self.known = site.token('known')
        self.blocked = site.token('blocked')
        installed.warm(daemon, self.known)
        site.cache('block', 'user', 'blocked')
        backup = os.path.join(site.folder, 'backup')
        site.cache('backup', backup)
        self.commands = COMMANDS + (
            ('keys', 'refresh'), ('restore', backup),
            ('restore', backup, '--exact', '--yes'))

    def decides(self, what):
        tap.equal([installed.say(self.daemon, token)
                   for token in (self.known, self.blocked)] * 9,
                  [installed.GRANTED, installed.BLOCKED] * 9,
                  what + ': decided as before')

    def refuses(self, what, cause, commands=None):
        for command in commands or self.commands:
            said = self.site.cache(*command, check=False)
            tap.ok(said.returncode == 1 and cause in said.text,
                   '%s: %s says why' % (what, command[0]), said.text)


    def looks(self, what):
        """Who only looks is not in need of what is full or closed."""
        copy = os.path.join(self.site.folder, 'looked-at')
        for command in (('list', 'revocations'), ('list', 'audit'),
                        ('list', 'sessions'), ('list', 'keys'), ('status',),
                        ('verify',), ('backup', copy)):
            said = self.site.cache(*command, check=False)
            tap.ok(said.returncode == 0, '%s: %s' % (what, command[0]),
                   said.text)


def use_up_names(folder):
    """No further file can be made."""
    number = 0
    with contextlib.suppress(OSError):
        while True:
            os.mknod(os.path.join(folder, 'name-%d' % number))
            number += 1
    return number


def remount(folder, how):
    subprocess.run(['mount', '-o', 'remount,bind,' + how, folder], check=True)


def test_disk(who, folder):
    with installed.small_disk(folder, 'size=8m,nr_inodes=30') as disk:
        if disk is None:
            tap.skip('a disk of few inodes, or read only', 'no mount')
            return
        with installed.Site(who, state=os.path.join(disk, 'state')) as site, \
                site.daemon() as daemon:
            world = World(site, daemon)
            for suffix in ('-wal', '-shm'):
                os.unlink(site.trust + suffix)
            made = use_up_names(disk)
            list_too = world.commands + (('list', 'revocations'),)
            world.refuses('no inode left', 'the file system is full',
                          list_too)
            world.decides('no inode left')
            told = site.cache('doctor', check=False).text
            tap.ok('bad: state: the file system of %s is full' % site.state in
                   told, 'no inode left: doctor', told)
            for number in range(made):
                os.unlink(os.path.join(disk, 'name-%d' % number))
            site.cache('block', 'user', 'x')
            subprocess.run(['mount', '--bind', disk, disk], check=True)
            remount(disk, 'ro')
            world.refuses('read only', 'Read-only file system')
            world.decides('read only')
            world.looks('read only')
            remount(disk, 'rw')
            site.cache('lift', 'user', 'x')
            world.decides('and back')
            told = site.cache('doctor', check=False).text
            tap.ok(told and 'is full' not in told, 'and back: doctor', told)


LOCK = ('import fcntl, os, sys, time; '
        'fcntl.lockf(os.open(sys.argv[1], os.O_RDWR), fcntl.LOCK_EX, 1, '
        'int(sys.argv[2])); '
        'print("locked", file=sys.stderr, flush=True); time.sleep(3600)')


def lock(site, path, byte):
    process = gate.Process('lock-%d' % byte, [tap.PYTHON, '-c', LOCK, path,
                                              str(byte)], site.folder)
    process.wait_for('locked')
    return process


def file_of_number(folder, inode):
    for number in range(200):
        path = os.path.join(folder, 'file-%d' % number)
        os.mknod(path)
        if os.stat(path).st_ino == inode:
            return path
    raise LookupError('no file has the number %d' % inode)


def test_holder(who, folder):
    """Two file systems count their files alike: who holds one of the other
    has nothing to do with it."""
    with installed.small_disk(folder, 'size=4m') as disk, \
            installed.small_disk(folder + '-2', 'size=4m') as other:
        if disk is None or other is None:
            tap.skip('a lock of another file system', 'no mount')
            return
        with installed.Site(who, state=os.path.join(disk, 'state')) as site:
            site.cache('block', 'user', 'x')
            alike = file_of_number(other, os.stat(site.trust + '-shm').st_ino)
            holder = sqlite3.connect(site.trust, isolation_level=None)
            # the kernel lists locks in no order: before it and behind it
            innocent = [lock(site, alike, 120), lock(site, alike, 121)]
            holder.execute('BEGIN IMMEDIATE')
            innocent.append(lock(site, alike, 122))
            with gate.Process('waits', site.command('lift', 'user', 'x'),
                              site.folder) as waits:
                waits.wait_for('waiting')
                tap.ok('held by process %d ' % os.getpid() in waits.log(),
                       'the one who holds it is named', waits.log())
                holder.close()
                tap.equal(waits.wait(), 0, 'and then it is done')
            for process in innocent:
                process.kill()


def limited(size):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_limit(world):
    """A limit of the shell that root works in."""
    for size in (0, 4096):
        said = world.site.cache('block', 'user', 'y', check=False,
                                preexec_fn=limited(size))
        tap.ok(said.returncode == 1 and 'File too large' in said.text,
               'a limit of %d bytes a file: told' % size, said.text)
        world.decides('a limit')
    world.site.cache('block', 'user', 'y')


def test_index_file(world):
    """Whatever is at -shm: no daemon looks at it, and a change names it."""
    site = world.site
    shm = site.trust + '-shm'

    def put():
        with open(shm, 'wb'):
            os.chmod(shm, 0o666)

    for make in (lambda: os.mkdir(shm), lambda: os.mkfifo(shm),
                 lambda: os.symlink('/etc/hostname', shm), put):
        for suffix in ('-wal', '-shm'):
            if os.path.exists(site.trust + suffix):
                os.unlink(site.trust + suffix)
        make()
        world.decides('an odd -shm')
        world.refuses('an odd -shm', 'trust.db-shm', COMMANDS[:1])
        if os.path.isdir(shm):
            os.rmdir(shm)
        else:
            os.unlink(shm)
        world.site.cache('block', 'user', 'z')
        world.site.cache('lift', 'user', 'z')


def main():
    who = installed.required('causes in the installed layout')
    with installed.Site(who) as site, site.daemon() as daemon:
        world = World(site, daemon)
        test_limit(world)
        test_index_file(world)
        test_disk(who, os.path.join(site.folder, 'disk'))
        test_holder(who, os.path.join(site.folder, 'locks'))
    tap.done()


main()
