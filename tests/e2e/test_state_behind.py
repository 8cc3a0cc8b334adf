"""status.db takes no write, or takes long: another process has it, the disk
is slow, full or read only.  Every known session is answered, nobody waits for
it, the log names who or what is in the way, and once it works again others
read what was said meanwhile."""

import os
import re
import signal
import sqlite3
import time

import beside
import flood
import gate
import installed
import load
import sessions
import tap

BAD = os.path.join(tap.BUILD, 'tests/e2e/.libs/bad_disk.so')
TIMEOUT = 2             # total_timeout
LATE = TIMEOUT + 0.1 * 10       # the bench has no factor of ten
SECONDS = 15
SETTINGS = {'validate': 'hybrid', 'session_ttl': '2', 'absent_ttl': '1',
            'lookup_rate': '60', 'total_timeout': str(TIMEOUT),
            'connect_timeout': '1', 'stale_if_error': '300'}
KINDS = ('JWT', 'session', 'opaque')
PACE = 0.03             # between two questions of one: the cases share a CPU
PLACE = 'daemon/status.db'


def path_of(site):
    return os.path.join(site.state, PLACE)


def people(site, count):
    """Each with a credential of each kind."""
    return [sessions.Person(site.sim.control, kinds=KINDS)
            for _ in range(count)]


def timed(daemon, said):
    begun = time.monotonic()
    got = sessions.say(daemon.path, said)
    return got, time.monotonic() - begun


class Crowd:
    """People who ask a daemon again and again; none is refused, none waits
    for long."""

    def __init__(self, site, daemon, count=5):
        self.site, self.daemon = site, daemon
        self.who = people(site, count)
        self.ways = [said for one in self.who for said in one.way.values()]
        for number, said in enumerate(self.ways):
            if sessions.say(daemon.path, said) != sessions.LIVE:
                tap.equal(sessions.say(daemon.path, said), sessions.LIVE,
                          'known: way %d' % number)

    def ask(self, number):
        turn = [number]

        def one():
            time.sleep(PACE)
            turn[0] += 1
            return timed(self.daemon, self.ways[turn[0] % len(self.ways)])
        return one

    def load(self):
        return load.Load([self.ask(number) for number in range(4)])

    def judge(self, asked, what):
        answers = [got for _, got in list(asked.answers)]
        wrong = {got for got, _ in answers} - {sessions.LIVE}
        late = [took for _, took in answers if took > LATE]
        tap.ok(len(answers) > 100, what + ': answers', len(answers))
        tap.equal(wrong, set(), what + ': every known session is answered')
        tap.equal(late, [], what + ': none is late')
        tap.note('%s: %d answers, the longest after %.0f ms' % (
            what, len(answers), 1e3 * max(took for _, took in answers)))


def warnings(daemon, since=0):
    """Lines that tell of writes that status.db does not take."""
    return [line for line in daemon.log()[since:].splitlines()
            if 'wait in memory' in line]


def rows(site, where='1'):
    return sessions.ask_rows(site, 'SELECT count(*) FROM session WHERE ' +
                             where)


def meanwhile(site, daemon, crowd, what, seconds):
    """Somebody new is let in and somebody known logged out, while the file
    takes nothing."""
    new = sessions.Person(site.sim.control, kinds=KINDS)
    old = sessions.Person(site.sim.control, kinds=KINDS)
    with crowd.load() as asked:
        begun = time.monotonic()
        tap.equal({sessions.say(daemon.path, said)
                   for said in new.way.values()}, {sessions.LIVE},
                  what + ': a new login')
        for said in old.way.values():
            sessions.say(daemon.path, said)
        for kind in KINDS:
            old.log_out(kind)
        gate.until(lambda: {sessions.say(daemon.path, said)
                            for said in old.way.values()} ==
                   {sessions.NOT_LIVE}, 'the end of a session')
        time.sleep(max(0, begun + seconds - time.monotonic()))
        # from where nobody unknown is let in
        client = sessions.address()
        flood.use_up(daemon.path, client)
        tap.equal({sessions.say(daemon.path, said, client=client)
                   for said in new.way.values()}, {sessions.LIVE},
                  what + ': known though it has no row')
        asked.since(0, 200)
    crowd.judge(asked, what)
    return new, old


def healed(site, daemon, new, old, what):
    """What was said meanwhile is in the file, for whoever comes after."""
    wanted = 'is_live = 1 AND user_id = %r' % new.name
    gate.until(lambda: rows(site, wanted) == len(KINDS), 'the rows')
    tap.equal(rows(site, 'is_live = 1 AND user_id = %r' % old.name), 0,
              what + ': who was logged out is not live in the file')
    site.sim.fault('drop', sessions.RESOLVER)
    sessions.forget_recent()
    with site.daemon('after-' + what.replace(' ', '-')) as other:
        gate.until(lambda: sessions.say(other.path, new.way['JWT']) ==
                   sessions.LIVE, 'a stale answer')
        got = {sessions.say(other.path, said)
               for said in old.way.values()}
        tap.ok(sessions.LIVE not in got,
               what + ': nor stale for another process', got)
        tap.equal({sessions.say(other.path, said)
                   for said in new.way.values()}, {sessions.LIVE},
                  what + ': but the new one is')
    site.sim.fault('none')
    sessions.no_backoff(site)


def test_lock(site):
    """BEGIN IMMEDIATE in a shell, for 15 s."""
    with site.daemon('lock') as daemon:
        sessions.warm(daemon, site.sim.control)
        crowd = Crowd(site, daemon)
        holder = sqlite3.connect(path_of(site), isolation_level=None)
        holder.execute('BEGIN IMMEDIATE')
        before = len(daemon.log())
        new, old = meanwhile(site, daemon, crowd, 'locked', SECONDS)
        said = warnings(daemon, before)
        tap.ok(len(said) == 1 and 'process %d (' % os.getpid() in said[0],
               'locked: one line, which names the process', said)
        token = site.sim.token(header={'kid': 'unknown'}, lifetime=3000)
        got, took = timed(daemon, ('Bearer ' + token, None))
        tap.equal(got, (503, 'state-busy'),
                  'locked: a fetch that needs the lease says so')
        tap.ok(took < LATE, 'locked: and in time', took)
        holder.execute('ROLLBACK')
        holder.close()
        healed(site, daemon, new, old, 'locked')
        got = sessions.say(daemon.path, ('Bearer ' + token, None))
        tap.ok(got[1] in ('key-unsettled', 'unknown-key'),
               'unlocked: the fetch is made', got)


def say_of_disk(flag, word):
    """What becomes of what a daemon with BAD writes."""
    with open(flag, 'w', encoding='ascii') as file:
        file.write(word)
    os.chmod(flag, 0o644)


def test_disk(site, word, cause):
    flag = os.path.join(site.folder, 'bad-disk')
    with site.daemon(word, environment={
            'LD_PRELOAD': BAD, 'BAD_DISK_FILE': flag}) as daemon:
        sessions.warm(daemon, site.sim.control)
        crowd = Crowd(site, daemon)
        say_of_disk(flag, word)
        before = len(daemon.log())
        new, old = meanwhile(site, daemon, crowd, word, SECONDS)
        said = warnings(daemon, before)
        if cause is None:
            tap.equal(said, [], word + ': nothing to tell')
        else:
            tap.ok(len(said) == 1 and PLACE in said[0] and cause in said[0],
                   word + ': one line, which names the disk', said)
        os.unlink(flag)
        healed(site, daemon, new, old, word)


def test_small_disk(who):
    """A disk that is full in earnest."""
    with installed.Site(who) as other, installed.small_disk(
            os.path.join(other.folder, 'disk'), 'size=2m') as disk:
        if disk is None:
            tap.skip('a full disk', 'no right to mount')
            return
        with installed.Site(who, SETTINGS, os.path.join(
                disk, 'state')) as site, site.daemon('small') as daemon:
            sessions.warm(daemon, site.sim.control)
            crowd = Crowd(site, daemon)
            filler = os.path.join(disk, 'filler')
            with open(filler, 'wb', 0) as file:
                try:
                    while True:
                        file.write(b'\0' * 4096)
                except OSError:
                    pass
            before = len(daemon.log())
            new, old = meanwhile(site, daemon, crowd, 'no room', SECONDS)
            said = warnings(daemon, before)
            tap.ok(len(said) <= 1 and all(
                'the file system is full' in line for line in said),
                   'no room: at most one line, which names the disk', said)
            os.unlink(filler)
            healed(site, daemon, new, old, 'no room')


def holds_lock(site, pid):
    """Has this process the write lock of status.db?"""
    inode = os.stat(path_of(site) + '-shm').st_ino
    with open('/proc/locks', encoding='ascii') as locks:
        return any(re.search(r'WRITE %d \S+:%d 120 ' % (pid, inode), line)
                   for line in locks)


def stop_inside(site, daemon, flag):
    """Stopped while it writes: it holds the lock, and will for as long."""
    who = sessions.Person(site.sim.control, kinds=('JWT',))
    say_of_disk(flag, 'held')
    try:
        tap.equal(sessions.say(daemon.path, who.way['JWT']), sessions.LIVE,
                  'a login that is to be written')
        gate.until(lambda: holds_lock(site, daemon.pid), 'a write')
        daemon.send(signal.SIGSTOP)
        # it stands still when it is seen to
        gate.until(lambda: ' T ' in gate.read(
            '/proc/%d/stat' % daemon.pid), 'the stop')
    finally:
        say_of_disk(flag, '')
    tap.ok(holds_lock(site, daemon.pid), 'stopped inside a write')


def test_stopped(site):
    """A daemon that stands still inside a write, beside one that works."""
    flag = os.path.join(site.folder, 'held')
    say_of_disk(flag, '')
    with site.daemon('one', environment={
            'LD_PRELOAD': BAD, 'BAD_DISK_FILE': flag}) as one, \
            site.daemon('two') as two:
        for daemon in (one, two):
            sessions.warm(daemon, site.sim.control)
        crowd = Crowd(site, two)
        for number in range(3):
            before = len(two.log())
            try:
                stop_inside(site, one, flag)
                new, old = meanwhile(site, two, crowd,
                                     'stopped %d' % number, 5)
                said = warnings(two, before)
                tap.ok(len(said) <= 1 and all(
                    'process %d (' % one.pid in line for line in said),
                       'stopped %d: at most one line, which names it' %
                       number, said)
            finally:
                one.send(signal.SIGCONT)
            healed(site, two, new, old, 'stopped %d' % number)


def test_end(site):
    """SIGTERM: what waits is written first."""
    for number in range(5):
        with site.daemon('end-%d' % number) as daemon:
            sessions.warm(daemon, site.sim.control)
            who = people(site, 5)
            ways = [said for one in who for said in one.way.values()]
            for said in ways:
                sessions.say(daemon.path, said)
            tap.equal(daemon.stop(), 0, 'SIGTERM %d' % number)
        names = ', '.join(repr(one.name) for one in who)
        tap.equal(rows(site, 'user_id IN (%s)' % names), len(ways),
                  'SIGTERM %d: all rows are there' % number)


def test_told_to_others(site):
    """Not live, as soon as the file can say it: another process has no stale
    answer for it."""
    with site.daemon('teller') as one, site.daemon('told') as two:
        for daemon in (one, two):
            sessions.warm(daemon, site.sim.control)
        for number in range(6):
            who = people(site, 2)
            ways = [said for one_ in who for said in one_.way.values()]
            for said in ways:
                sessions.say(one.path, said)
                sessions.say(two.path, said)
            for one_ in who:
                for kind in KINDS:
                    one_.log_out(kind)
            gate.until(lambda w=ways: {sessions.say(one.path, said)
                                       for said in w} == {sessions.NOT_LIVE},
                       'the end of a session')
            site.sim.fault('drop', sessions.RESOLVER)
            time.sleep(1)       # ten times what it may take
            got = {sessions.say(two.path, said) for said in ways}
            tap.ok(sessions.LIVE not in got, 'told %d: nobody is let in' %
                   number, got)
            site.sim.fault('none')
            sessions.no_backoff(site)


def alone(who, test, *arguments):
    """On a site of its own."""
    with installed.Site(who, SETTINGS) as site:
        test(site, *arguments)


def main():
    who = installed.required('status.db in the way, installed')
    tests = [('end', test_end), ('told', test_told_to_others),
             ('lock', test_lock), ('slow', test_disk, 'slow', None),
             ('full', test_disk, 'full', 'the file system is full'),
             ('read-only', test_disk, 'read-only', 'Read-only file system'),
             ('stopped', test_stopped)]
    beside.run(('small disk', test_small_disk, who),
               *[(name, alone, who, *test) for name, *test in tests])
    tap.done()


main()
