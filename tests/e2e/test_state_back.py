"""Nothing goes back unseen: an old trust.db put back, a log removed, cut or
overwritten let nobody in silently; `accept` is how an operator says so."""
# beside others: it mostly waits

import json
import os
import shutil
import signal
import sqlite3
import time

import gate
import installed
import tap


class World:
    def __init__(self, site):
        self.site = site
        self.tokens = {name: site.token(name) for name in
                       ('known', 'first', 'second', 'third')}
        self.number = 0

    def daemon(self):
        self.number += 1
        return self.site.daemon('fcgi-%d' % self.number)

    def say(self, daemon):
        """What is said of each."""
        return {name: installed.say(daemon, token)[1]
                for name, token in self.tokens.items()}

    def warm(self, daemon):
        installed.warm(daemon, self.tokens['known'])

    def put(self, path):
        """In place of trust.db, as `cp -p` of an operator does."""
        for suffix in ('-wal', '-shm'):
            if os.path.exists(self.site.trust + suffix):
                os.unlink(self.site.trust + suffix)
        shutil.copyfile(path, self.site.trust)


def doctor(site):
    """What doctor says of the state."""
    run = site.cache('doctor', '--json', check=False)
    lines = [json.loads(line) for line in run.text.splitlines()]
    return [line for line in lines if line['subject'] == 'state']


READER = (
    'import sqlite3, sys, time; '
    'db = sqlite3.connect(sys.argv[1], isolation_level=None); '
    'db.execute("BEGIN"); '
    'db.execute("SELECT count(*) FROM meta").fetchone(); '
    'print("reads", file=sys.stderr, flush=True); '
    'time.sleep(3600)')


def hanging_reader(site):
    """Another program of root's in the middle of reading trust.db; one that
    is killed tidies nothing up."""
    reader = gate.Process('reader', [tap.PYTHON, '-c', READER, site.trust],
                          site.folder)
    gate.until(lambda: reader.log().count('reads') and
               open_locks(reader.pid), 'a reader')
    return reader


def open_locks(pid):
    """It has locked something."""
    return any(line.split()[4:5] == [str(pid)]
               for line in gate.read('/proc/locks').splitlines())


ALL = {'known', 'first', 'second', 'third'}


def nobody(why='state-unreadable'):
    return {name: why for name in ALL}


def blocked(*names):
    return {name: 'user-blocked' if name in names else 'granted'
            for name in ALL}


def keep(site, name):
    """A copy that stays."""
    kept = os.path.join(site.folder, name)
    shutil.copyfile(site.copy(name + '-now'), kept)
    return kept


def test_older(world):
    """An older copy, put back under a running daemon and before a start."""
    site = world.site
    site.cache('block', 'user', 'first')
    old = keep(site, 'old')
    with world.daemon() as daemon:
        world.warm(daemon)
        site.cache('block', 'user', 'second')
        tap.equal(world.say(daemon), blocked('first', 'second'),
                  'two are blocked')
        new = keep(site, 'new')
        world.put(old)
        tap.equal(world.say(daemon), nobody(), 'an older copy: nobody')
        gate.until(lambda: 'authgear-cache accept' in daemon.log(),
                   'the command in the log')
        tap.ok('went back: it is at change 2, and 3 was seen here'
               in daemon.log(), 'the log says how far', daemon.log()[-600:])
        gate.until(lambda: 'error: nothing is granted (state-unreadable): '
                   in daemon.log(), 'an error of its own in the log')
        # changes made to it do not make up for the one that it lost
        for name in ('third', 'fourth'):
            site.cache('block', 'user', name)
            tap.equal(world.say(daemon), nobody(),
                      'changed (%s): still nobody' % name)
        tap.ok('its change 3 is not the one that was seen here'
               in daemon.log(), 'and the log says why', daemon.log()[-600:])
        told = doctor(site)
        tap.ok(any(line['finding'] == 'bad' and
                   'its change 3 is not the one' in line['text'] and
                   'authgear-cache accept' in line['text'] for line in told),
               'doctor says so too', told)
        world.put(new)
        tap.equal(world.say(daemon), blocked('first', 'second'),
                  'the newer one again: as before')
        told = doctor(site)
        tap.ok(told and all(line['finding'] == 'good' for line in told),
               'and doctor has nothing against it', told)
        gate.until(lambda: 'trust.db is read and believed again'
                   in daemon.log(), 'that it is over, in the log')
        tap.equal(daemon.log().count('error: nothing is granted'), 1,
                  'once a minute')
    world.put(old)
    with world.daemon() as daemon:
        tap.equal(world.say(daemon), nobody(), 'and after a restart: nobody')
        said = site.cache('accept', '--reason', 'the disk died')
        tap.ok('accepted' in said.text, 'accept says so', said.text)
        tap.equal(world.say(daemon), blocked('first'),
                  'accepted: at once, as the copy says')
        tap.ok('not seen before' in daemon.log(),
               'a new lineage is logged', daemon.log()[-600:])
        site.cache('block', 'user', 'third')
        tap.equal(world.say(daemon), blocked('first', 'third'), 'and goes on')
        latest = keep(site, 'latest')
        for name, path in (('older', old), ('newer', new)):
            world.put(path)
            tap.equal(world.say(daemon), nobody(),
                      'the %s copy from before it: nobody' % name)
        world.put(latest)
        tap.equal(world.say(daemon), blocked('first', 'third'), 'and back')
    with world.daemon() as daemon:
        world.put(new)
        tap.equal(world.say(daemon), nobody(), 'after a restart too')
        world.put(latest)
        tap.equal(world.say(daemon), blocked('first', 'third'), 'and back')
    tap.equal([row[0] for row in site.rows(
        "SELECT detail FROM audit WHERE action = 'accept'")],
        ['the disk died'], 'the audit knows it')


def test_nothing_there(site):
    """`accept` makes no file: an empty one would let everybody in, and its
    log lie over the copy that is put there next."""
    site.cache('block', 'user', 'first')
    copy = keep(site, 'kept')
    for what, wanted in (('absent', 'does not exist: put a backup'),
                         ('empty', 'damaged or not a database of ours')):
        for name in os.listdir(site.state):
            if name.startswith('trust.db'):
                os.unlink(os.path.join(site.state, name))
        if what == 'empty':
            with open(site.trust, 'wb'):
                os.chmod(site.trust, 0o640)
        if what == 'absent':
            told = [line for line in doctor(site)
                    if line['finding'] == 'bad']
            tap.ok(len(told) == 1 and 'a backup in its place' in
                   told[0]['remedy'], 'doctor does not say init', told)
        for command in (['accept'], ['block', 'user', 'any'],
                        ['list', 'revocations']):
            said = site.cache(*command, check=False)
            tap.ok(said.returncode == 1 and (
                wanted in said.text or command[0] == 'list'),
                   '%s: %s' % (what, command[0]), said.text)
        tap.ok(all(not os.path.exists(site.trust + suffix) or
                   os.path.getsize(site.trust + suffix) == 0
                   for suffix in ('', '-wal')),
               what + ': nothing was made')
    shutil.copyfile(copy, site.trust)
    site.cache('accept')
    tap.equal(site.rows("SELECT count(*) FROM revocation WHERE value = "
                        "'first'"), [(1,)], 'the copy, accepted')


def test_log(world):
    """The log removed, cut, overwritten: with the daemon running, and before
    a start.  A reader that hangs keeps the changes from trust.db itself."""
    site = world.site
    wal = site.trust + '-wal'
    site.cache('lift', 'user', 'third')
    wanted = blocked('first')
    longest = 0.0

    def remove():
        os.unlink(wal)

    def cut():
        os.truncate(wal, 0)

    def shorten():
        os.truncate(wal, os.path.getsize(wal) // 2)

    def overwrite():
        size = os.path.getsize(wal)
        with open(wal, 'r+b') as log:
            log.write(os.urandom(max(size, 40000)))

    for harm in (remove, cut, shorten, overwrite):
        for stuck in (False, True):
            what = '-wal %s, %s' % (harm.__name__, 'while a reader hangs'
                                    if stuck else 'nothing in it')
            site.cache('block', 'user', 'second')
            reader = None
            if stuck:
                reader = hanging_reader(site)
                said = site.cache('block', 'user', 'third')
                tap.ok('process %d' % reader.pid in said.text and
                       'lacks it yet' in said.text,
                       what + ': a copy lacks it: said, with who is in '
                       'the way',
                       said.text)
                tap.ok(('third',) not in site.rows(path=site.copy()),
                       what + ': and so it is')
            with world.daemon() as daemon:
                held = dict(wanted, second='user-blocked')
                if stuck:
                    held['third'] = 'user-blocked'
                tap.equal(world.say(daemon), held, 'before: ' + what)
                harm()
                begun = time.monotonic()
                got = world.say(daemon)
                longest = max(longest, time.monotonic() - begun)
                tap.ok(got == (nobody() if stuck else held), what, got)
            if reader:
                reader.kill()
            with world.daemon() as daemon:
                got = world.say(daemon)
                tap.ok(got == (nobody() if stuck else held),
                       'after a restart: ' + what, got)
                if stuck:
                    site.cache('accept')
                    got = world.say(daemon)
                    tap.ok(got == dict(wanted, second='user-blocked'),
                           what + ': accepted as it is', got)
                site.cache('lift', 'user', 'second')
                tap.equal(world.say(daemon), wanted, what + ': it goes on')
    # four answers: total_timeout and its room, times ten
    tap.ok(longest < 80, 'no log holds an answer up', longest)


def fill(site, count):
    """So many revocations that one change touches few of their pages."""
    database = sqlite3.connect(site.trust)
    with database:
        database.executemany(
            "INSERT INTO revocation (kind, value, id, rule, reason, actor, "
            "source, time) VALUES ('user', ?, ?, 'blocked', '', 'test', "
            "'cli', 1)", (('m-%06d' % number, 100000 + number)
                          for number in range(count)))
    database.close()


def refuses_to_write(site, what):
    for command in (('block', 'user', 'third'), ('init',), ('accept',)):
        said = site.cache(*command, check=False)
        tap.ok(said.returncode == 1 and 'remove the -wal' in said.text,
               '%s: %s writes nothing' % (what, command[0]), said.text)


def test_other_log(world):
    """A log that is not the file's: today's beside an older file, an older
    one beside today's.  The number that it tells is no proof."""
    site = world.site
    wal = site.trust + '-wal'
    fill(site, 3000)
    old = keep(site, 'before')
    site.cache('block', 'user', 'second')       # not on the page of the next
    reader = hanging_reader(site)
    site.cache('block', 'user', 'known-1')
    log = os.path.join(site.folder, 'the-log')
    shutil.copyfile(wal, log)
    wanted = blocked('first', 'second')
    with world.daemon() as daemon:
        tap.equal(world.say(daemon), wanted, 'before')
        today = keep(site, 'today')
        shutil.copyfile(old, site.trust)
        tap.equal(world.say(daemon), nobody(), 'an older file: nobody')
        reader.kill()
        gate.until(lambda: 'remove the -wal' in daemon.log(), 'what to do')
        refuses_to_write(site, 'an older file')
        tap.equal(world.say(daemon), nobody(), 'still nobody')
    with world.daemon() as daemon:
        tap.equal(world.say(daemon), nobody(), 'nor after a restart')
        shutil.copyfile(today, site.trust)
        tap.equal(world.say(daemon), wanted, 'both of one age: as before')
        site.cache('block', 'user', 'third')
        wanted = blocked('first', 'second', 'third')
        tap.equal(world.say(daemon), wanted, 'and a change')
    # nobody who looks has seen how far it was
    for suffix in ('', '-wal', '-shm'):
        path = os.path.join(site.state, 'daemon', 'status.db') + suffix
        if os.path.exists(path):
            os.unlink(path)
    shutil.copyfile(log, wal)
    with world.daemon() as daemon:
        tap.equal(world.say(daemon), nobody(), 'an older log: nobody')
        refuses_to_write(site, 'an older log')
        os.truncate(wal, 0)
        tap.equal(world.say(daemon), wanted, 'without it: as it was')
        site.cache('accept')
        for name in ('second', 'third', 'known-1'):
            site.cache('lift', 'user', name)
        site.change("DELETE FROM revocation WHERE value LIKE 'm-%'")
        tap.equal(world.say(daemon), blocked('first'), 'and it goes on')


def test_next_completes(world):
    """What a copy lacked once, the next change makes up for."""
    site = world.site
    reader = hanging_reader(site)
    with world.daemon() as daemon:
        site.cache('block', 'user', 'second')
        tap.equal(world.say(daemon), blocked('first', 'second'),
                  'in force at once')
        reader.kill()
        site.cache('block', 'user', 'third')
        tap.equal({row[0] for row in site.rows(path=site.copy())},
                  {'first', 'second', 'third'}, 'all in a copy after the next')
        for name in ('second', 'third'):
            site.cache('lift', 'user', name)
        tap.equal(world.say(daemon), blocked('first'), 'and lifted')


def test_marks_wait(world):
    """status.db takes no write: the process holds the mark itself."""
    site = world.site
    path = os.path.join(site.state, 'daemon', 'status.db')
    old = keep(site, 'older')

    def marks():
        return [row[0] for row in site.rows(
            'SELECT number FROM lineage ORDER BY place', path=path)]

    with world.daemon() as daemon:
        world.warm(daemon)
        before = marks()
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute('BEGIN IMMEDIATE')
        site.cache('block', 'user', 'second')
        tap.equal(world.say(daemon), blocked('first', 'second'),
                  'status.db held: answered all the same')
        gate.until(lambda: 'held by this process' in daemon.log(),
                   'a line about the mark')
        tap.ok('status.db is busy' in daemon.log() and
               'process %d' % os.getpid() in daemon.log(),
               'the log says why, and who', daemon.log()[-600:])
        world.put(old)
        tap.equal(world.say(daemon), nobody(), 'an older copy: nobody')
        tap.equal(marks(), before, 'nothing is written down')
        holder.execute('ROLLBACK')
        holder.close()
        gate.until(lambda: marks()[-1] == before[-1] + 1, 'the mark')
        tap.ok(True, 'written as soon as that can be')
    with world.daemon() as daemon:
        tap.equal(world.say(daemon), nobody(), 'and so after a restart')
        site.cache('accept')
        tap.equal(world.say(daemon), blocked('first'), 'until accepted')


def test_marks_lost(world):
    """status.db is removed under the daemon: what the process has seen is
    written anew."""
    site = world.site
    path = os.path.join(site.state, 'daemon', 'status.db')
    with world.daemon() as daemon:
        world.warm(daemon)
        before = site.rows('SELECT id, number FROM lineage', path=path)
        for suffix in ('', '-wal', '-shm'):
            os.unlink(path + suffix)
        tap.equal(world.say(daemon), blocked('first'), 'it goes on')
        gate.until(lambda: os.path.exists(path) and site.rows(
            "SELECT 1 FROM sqlite_schema WHERE name = 'lineage'", path=path)
            and site.rows('SELECT id, number FROM lineage',
                          path=path) == before, 'the marks')
        tap.ok(True, 'the marks are written anew')
        tap.equal(daemon.stop(), 0, 'and it ends well')


def test_two_processes(world):
    """What one daemon has seen counts for the other, which was stopped."""
    site = world.site
    old = keep(site, 'oldest')
    with world.daemon() as one, world.daemon() as two:
        for daemon in (one, two):
            world.warm(daemon)
        two.send(signal.SIGSTOP)
        site.cache('block', 'user', 'second')
        tap.equal(world.say(one), blocked('first', 'second'), 'one has seen')
        world.put(old)
        two.send(signal.SIGCONT)
        tap.equal(world.say(two), nobody(), 'the other one knows')
        site.cache('accept')


def main():
    who = installed.required('trust.db put back in the installed layout')
    with installed.Site(who) as site:
        world = World(site)
        test_older(world)
        test_log(world)
        test_other_log(world)
        test_next_completes(world)
        test_marks_wait(world)
        test_marks_lost(world)
        test_two_processes(world)
    with installed.Site(who) as site:
        test_nothing_there(site)
    tap.done()


main()
