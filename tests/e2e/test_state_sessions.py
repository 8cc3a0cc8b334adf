"""Many sessions: a daemon with all its threads starts whatever there are,
reads the whole beside its requests and once, keeps max_sessions of them, and
knows those that an earlier release wrote."""
# beside others: it mostly waits

import hashlib
import os
import shutil
import sqlite3
import time
import uuid

import flood
import gate
import installed
import load
import sessions
import tap

MANY = 100000
SETTINGS = {'validate': 'hybrid', 'session_ttl': '3600', 'lookup_rate': '1',
            'total_timeout': '2', 'connect_timeout': '1'}
RECORDED = os.path.join(tap.SRC, 'tests', 'recorded', 'state')
KINDS = {'JWT': 'jwt', 'opaque': 'opaque-token',
         'app_session': 'app-session', 'session': 'session-cookie'}


def path_of(site):
    return os.path.join(site.state, 'daemon', 'status.db')


def boot_id():
    return gate.read('/proc/sys/kernel/random/boot_id').strip()


def read_bytes(pid):
    """What a process has read from files, cached or not."""
    with open('/proc/%d/io' % pid, encoding='ascii') as file:
        return int(file.readline().split()[1])


def fill(site, count):
    """So many live sessions, an hour old and more: the number-th began so
    many seconds after the oldest.  Each of a JWT, whose key is kept too, with
    roles and a way of logging in of the usual length."""
    database = sqlite3.connect(path_of(site), timeout=gate.PATIENCE)
    try:
        with database:
            boot = -1
            database.execute('INSERT OR IGNORE INTO boot (number, boot_id) '
                             'VALUES (?, ?)', (boot, 'an earlier boot'))
            database.executemany(
                'INSERT INTO session (id, key, kind, is_live, doubted_at, '
                'boot, started, user_id, roles, amr, anonymous, verified, '
                'can_reauthenticate, authenticated_at, verified_by) VALUES '
                "(?, ?, 2, 1, 0, ?, ?, ?, 'admin,editor', "
                "'pwd otp mfa', 0, 1, 1, 1700000000, ?)",
                ((at['id'], at['key'], boot, 5000000000 + number * 1000,
                  uuid.UUID(int=number).bytes,
                  # as of a JWT, the longest
                  hashlib.sha256(b'key').digest())
                 for number, at in ((number, sessions.place(str(number)))
                                    for number in range(count))))
        database.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    finally:
        database.close()
    return os.path.getsize(path_of(site))


def test_full(site):
    with site.daemon('fresh') as daemon:
        sessions.warm(daemon, site.sim.control)
        who = sessions.Person(site.sim.control, kinds=('JWT',))
        sessions.say(daemon.path, who.way['JWT'])
    size = fill(site, MANY)
    tap.ok(size < 200 * MANY, 'at most 200 bytes a session', size / MANY)
    with site.daemon('full', arguments=['--threads', '64']) as daemon:
        at_start = read_bytes(daemon.pid)
        # the whole check, which reads it twice, may be over by now
        tap.ok(at_start < 4 * size, '64 threads are ready, and the file was '
               'read by none of them', '%d bytes of %d' % (at_start, size))
        tap.equal(daemon.log().count('held by another process'), 0,
                  'nor was a lock in their way')
        tap.equal(daemon.threads() > 64, True, 'and all are there')
        tap.equal(sessions.say(daemon.path, who.way['JWT']), sessions.LIVE,
                  'who is known is let in')
        gate.until(lambda: read_bytes(daemon.pid) > size, 'the whole check')
        gate.until(lambda: sessions.ask_rows(
            site, 'SELECT sessions FROM about') == sessions.rows(site),
            'the count of rows')
        time.sleep(3)
        tap.ok(read_bytes(daemon.pid) < 4 * size, 'then it was checked once',
               '%d bytes of %d' % (read_bytes(daemon.pid), size))
        tap.ok(sessions.rows(site) > MANY, 'all rows are there')


def test_trimmed(site):
    """What is over max_sessions goes, the oldest first; a row that was just
    made is not."""
    site.configure(dict(SETTINGS, max_sessions='20000'))
    with site.daemon('trimmed') as daemon:
        who = sessions.Person(site.sim.control, kinds=('JWT',))
        sessions.say(daemon.path, who.way['JWT'])
        gate.until(lambda: sessions.rows(site) <= 20000, 'the end of it')
        gate.until(lambda: sessions.ask_rows(
            site, 'SELECT count(*) FROM session WHERE user_id = ?',
            who.name), 'the row of a login')
        tap.equal(sessions.ask_rows(
            site, 'SELECT count(*) FROM session WHERE boot = -1 AND '
            'started < ?', 5000000000 + (MANY - 20000) * 1000), 0,
            'the oldest went')
        tap.ok(sessions.rows(site) > 19990, 'and no more than is too much',
               sessions.rows(site))
    site.configure(SETTINGS)


def spoil(site, text):
    """A page of rows, but not of this credential's."""
    size = fill(site, 0)
    digest = hashlib.sha256(text.encode('ascii')).digest()
    with open(path_of(site), 'r+b') as file:
        for number in range(size // 2 // 4096, size // 4096):
            file.seek(number * 4096)
            page = file.read(4096)
            # 13: a leaf of a table
            if page[0] == 13 and digest not in page:
                file.seek(number * 4096)
                file.write(b'\xa5' * 4096)
                return
    raise ValueError('no page of rows')


def test_damaged(site):
    """A page that no decision reads is spoilt: the whole check finds it, and
    nobody is refused."""
    with site.daemon('before-damage') as daemon:
        who = sessions.Person(site.sim.control, kinds=('JWT',))
        sessions.say(daemon.path, who.way['JWT'])
    spoil(site, who.text['JWT'])
    with site.daemon('damaged') as daemon:
        with load.Load([lambda: sessions.say(
                daemon.path, who.way['JWT'])] * 2) as asked:
            gate.until(lambda: 'status.db is damaged' in daemon.log(),
                       'the damage to be found')
            asked.since(time.monotonic(), 20)
        tap.equal({got for _, got in list(asked.answers)}, {sessions.LIVE},
                  'damaged: nobody is refused')
        tap.equal(len([name for name in os.listdir(os.path.dirname(
            path_of(site))) if '.corrupt-' in name]), 1,
                  'damaged: it is set aside')
        tap.ok('set aside' in daemon.log(), 'damaged: and the log says so')
        # what was read before serves for a moment
        gate.until(lambda: sessions.say(daemon.path, who.way['JWT']) ==
                   sessions.LIVE and sessions.rows(site) >= 1,
                   'a row in the new one')


def old_key(site, kind, text):
    whole = '\0'.join((site.endpoint, KINDS[kind], text))
    return hashlib.sha256(whole.encode('ascii')).hexdigest()


def lay_down(site, people, age):
    """status.db as the last release left it, with these people in it."""
    for suffix in ('', '-wal', '-shm'):
        path = path_of(site) + suffix
        if os.path.exists(path):
            os.unlink(path)
        shutil.copyfile(os.path.join(RECORDED, '2', 'daemon',
                                     'status.db' + suffix), path)
        os.chown(path, site.who.pw_uid, site.who.pw_gid)
        os.chmod(path, 0o600)
    started = int(time.clock_gettime(time.CLOCK_BOOTTIME) - age) * 1000
    database = sqlite3.connect(path_of(site))
    with database:
        database.executemany(
            'INSERT INTO session (key, is_live, started_wall, '
            'started_boottime, boot_id, user_id, roles, amr, anonymous, '
            'verified, can_reauthenticate, authenticated_at) VALUES '
            "(?, 1, ?, ?, ?, ?, '', '', 0, 1, 1, ?)",
            [(old_key(site, kind, who.text[kind]), int(time.time()) - age,
              started, boot_id(), who.name, int(time.time()) - age)
             for who in people for kind in KINDS])
    database.close()


def test_upgrade(site):
    """Who the last release knew is known, where nobody unknown is let in;
    and what is heard of him since is what counts."""
    people = [sessions.Person(site.sim.control, kinds=KINDS)
              for _ in range(10)]
    ways = [said for who in people for said in who.way.values()]
    lay_down(site, people, 10)
    site.sim.reset_counts()
    with site.daemon('upgraded') as daemon:
        sessions.warm(daemon, site.sim.control)
        said = [sessions.say(daemon.path, way, client='192.0.2.1')
                for way in ways for _ in range(2)]
        tap.equal(set(said), {sessions.LIVE}, 'upgraded: 0 refused')
        tap.ok(sessions.lookups(site) <= 1, 'upgraded: nor asked for',
               sessions.lookups(site))
    site.configure(dict(SETTINGS, session_ttl='5'))
    lay_down(site, people, 60)
    with site.daemon('old') as daemon:
        sessions.warm(daemon, site.sim.control)
        flood.use_up(daemon.path, '192.0.2.1')
        said = [sessions.say(daemon.path, way, client='192.0.2.1')
                for way in ways]
        tap.equal(set(said), {sessions.LIVE},
                  'too old: asked for, and not as unknown')
        people[0].log_out('session')
        gate.until(lambda: sessions.say(
            daemon.path, people[0].way['session']) == sessions.NOT_LIVE,
            'the end of a session')
    with site.daemon('again') as daemon:
        tap.equal(sessions.say(daemon.path, people[0].way['session']),
                  sessions.NOT_LIVE, 'logged out: for good')
    site.configure(SETTINGS)


def main():
    who = installed.required('many sessions, installed')
    with installed.Site(who, SETTINGS) as site:
        for test in (test_full, test_trimmed, test_damaged, test_upgrade):
            test(site)
    tap.done()


main()
