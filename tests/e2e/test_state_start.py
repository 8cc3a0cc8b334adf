"""A full state starts, and commands on it read what they need; a full disk,
a lock or a directory service in the way: what is said, and that daemons
decide all the same."""
# beside others: it mostly waits

import os
import pty
import signal
import sqlite3
import subprocess
import time

import beside
import gate
import installed
import load
import tap

MANY = 100000
SLOW = os.path.join(tap.BUILD, 'tests/e2e/.libs/slow_directory.so')


def read_bytes(pid):
    """What a process has read from files, cached or not."""
    with open('/proc/%d/io' % pid, encoding='ascii') as file:
        return int(file.readline().split()[1])


def command_bytes(site, *arguments):
    """What a command reads until its end."""
    child = subprocess.Popen(site.command(*arguments),
                             stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    got = read_bytes(child.pid)
    if child.wait() != 0:
        raise ChildProcessError(repr(arguments))
    return got


def fill(site, count):
    """So many revoked tokens, as root's shell would put them in."""
    database = sqlite3.connect(site.trust, timeout=gate.PATIENCE)
    try:
        with database:
            number = database.execute('SELECT number FROM state').fetchone()[0]
            database.executemany(
                "INSERT INTO revocation (kind, value, id, rule, reason, "
                "actor, source, time) VALUES ('token', ?, ?, 'revoked', '', "
                "'test', 'cli', 1)",
                ((os.urandom(32), number + i + 1) for i in range(count)))
            database.execute('UPDATE state SET number = number + ?', (count,))
        database.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    finally:
        database.close()


def test_full(site, known):
    """Nothing that starts or changes reads the whole, but for one check."""
    small = command_bytes(site, 'block', 'user', 'before')
    fill(site, MANY)
    size = os.path.getsize(site.trust)
    large = command_bytes(site, 'block', 'user', 'after')
    tap.ok(large < small + 200000,
           'a change on %d rows reads no more' % MANY,
           '%d bytes after %d, of %d' % (large, small, size))
    with site.daemon('full', arguments=['--threads', '64']) as daemon:
        at_start = read_bytes(daemon.pid)
        # the whole check, which reads it twice, may be over by now
        tap.ok(at_start < 4 * size, '64 threads are ready, and the file was '
               'read by none of them', '%d bytes of %d' % (at_start, size))
        tap.equal(daemon.log().count('held by another process'), 0,
                  'nor was a lock in their way')
        installed.warm(daemon, known)
        gate.until(lambda: read_bytes(daemon.pid) > size, 'the whole check')
        time.sleep(3)
        tap.ok(read_bytes(daemon.pid) < 4 * size,
               'then it is checked once', read_bytes(daemon.pid))
        tap.equal(installed.say(daemon, site.token('after')),
                  installed.BLOCKED, 'and decides')


def damage(site):
    """A page of revocations, which no decision here reads."""
    size = os.path.getsize(site.trust)
    with open(site.trust, 'r+b') as file:
        file.seek(size // 2 // 4096 * 4096)
        file.write(b'\xa5' * 4096)


def test_damaged(site, known):
    """Damage that no decision meets is found all the same."""
    sound = site.copy('sound')
    with site.daemon('damaged') as daemon:
        installed.warm(daemon, known)
        damage(site)
        # as whoever puts a file in its place does
        os.rename(site.trust, site.trust + '-x')
        with open(site.trust + '-x', 'rb') as old, \
                open(site.trust, 'wb') as new:
            new.write(old.read())
        os.unlink(site.trust + '-x')
        os.chown(site.trust, 0, site.who.pw_gid)
        os.chmod(site.trust, 0o640)
        gate.until(lambda: installed.say(daemon, known) ==
                   installed.UNREADABLE, 'the damage to be found')
        gate.until(lambda: 'trust.db is damaged' in daemon.log(), 'its line')
        log = daemon.log()
        tap.ok('authgear-cache accept' in log,
               'the log says it, and what to do', log[-600:])
        said = site.cache('accept', check=False)
        tap.ok(said.returncode == 1 and 'damaged' in said.text,
               'it is not accepted', said.text)
        with open(sound, 'rb') as old, open(site.trust, 'r+b') as new:
            new.truncate(0)
            new.write(old.read())
        gate.until(lambda: installed.say(daemon, known) ==
                   installed.GRANTED, 'a sound one')
        gate.until(lambda: 'is sound again' in daemon.log(), 'its line')
        tap.ok(True, 'a sound copy in its place: as before')


def reads_no_more(daemon, size):
    """It has read that much, and nothing like it for three seconds."""
    read = read_bytes(daemon.pid)
    time.sleep(3)
    return read > size and read_bytes(daemon.pid) < read + size // 10


def test_damaged_in_place(site, known):
    """So it is where the file keeps its inode: cp over it, or an editor."""
    fill(site, MANY)
    with site.daemon('in-place') as daemon:
        installed.warm(daemon, known)
        inode = os.stat(site.trust).st_ino
        # the first check, of a sound file, is over
        size = os.path.getsize(site.trust)
        gate.until(lambda: reads_no_more(daemon, size), 'the first check')
        site.cache('map', 'add', 'in-place', 'in-place')
        read = read_bytes(daemon.pid)
        time.sleep(12)
        tap.ok(read_bytes(daemon.pid) < read + size,
               'what authgear-cache changed is not read whole',
               read_bytes(daemon.pid) - read)
        sound = site.copy('sound')
        damage(site)
        gate.until(lambda: installed.say(daemon, known) ==
                   installed.UNREADABLE, 'the damage to be found')
        gate.until(lambda: 'trust.db is damaged' in daemon.log(), 'its line')
        tap.equal(os.stat(site.trust).st_ino, inode,
                  'damage in place is found too')
        with open(sound, 'rb') as old, open(site.trust, 'r+b') as new:
            new.truncate(0)
            new.write(old.read())
        gate.until(lambda: installed.say(daemon, known) ==
                   installed.GRANTED, 'a sound one')
        tap.ok(True, 'a sound copy over it: as before')


def test_index_row(site, known):
    """A row that only an index lacks: integrity_check knows."""
    with site.daemon('index') as daemon:
        installed.warm(daemon, known)
        site.cache('map', 'add', 'ann', 'a')
        site.cache('map', 'add', 'ben', 'b')
        database = sqlite3.connect(site.trust)
        database.execute('PRAGMA writable_schema = 1')
        database.execute("DELETE FROM sqlite_schema WHERE name = "
                         "'sqlite_autoindex_account_2'")
        database.commit()
        database.close()
        said = site.cache('accept', check=False)
        tap.ok(said.returncode == 1 and 'damaged' in said.text,
               'an index that is gone: not accepted', said.text)


def test_locks(site, known):
    """Who is in the way is named within two seconds."""
    holder = sqlite3.connect(site.trust, isolation_level=None)
    for begin in ('BEGIN IMMEDIATE', 'BEGIN EXCLUSIVE'):
        holder.execute(begin)
        process = gate.Process('held', site.command('block', 'user', 'held'),
                               os.path.join(site.folder, begin[6:]))
        process.wait_for('waiting')
        tap.ok('process %d' % os.getpid() in process.log(),
               begin + ': the holder is named', process.log())
        process.send(signal.SIGINT)
        tap.equal(process.wait(), -signal.SIGINT,
                  begin + ': who does not want to wait may end it')
        holder.execute('ROLLBACK')
    holder.close()


def test_signals(site, _):
    """INT, TERM and HUP do not come between a change and its word."""
    wrong = []
    for number in range(60):
        name = 'signal-%d' % number
        child = subprocess.Popen(site.command('block', 'user', name),
                                 stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL)
        time.sleep(number * 0.0003)
        child.send_signal((signal.SIGINT, signal.SIGTERM,
                           signal.SIGHUP)[number % 3])
        said = child.communicate()[0]
        there = (name,) in site.rows()
        if there != (b'blocked' in said) or there != (child.returncode == 0):
            wrong.append((number, child.returncode, said, there))
    tap.equal(wrong[:3], [], 'what is said and what is there agree')


def test_small_disk(who):
    """The disk is full: the change fails and says why, daemons go on, and it
    works once there is room."""
    with installed.Site(who) as other, installed.small_disk(
            os.path.join(other.folder, 'disk'), 'size=1m') as disk:
        if disk is None:
            tap.skip('a full disk', 'no right to mount')
            return
        with installed.Site(who, state=os.path.join(disk, 'state')) as site:
            full_disk(site, disk)


def full_disk(site, disk):
    known = site.token('known')
    tokens = [site.token('full-%d' % number) for number in range(40)]
    filler = os.path.join(disk, 'filler')
    with site.daemon('one') as one, site.daemon('two') as two:
        for daemon in (one, two):
            installed.warm(daemon, known)
        site.cache('block', 'user', 'first')
        wrong, failed = [], 0
        with load.Load([lambda: installed.say(one, known),
                        lambda: installed.say(two, known)]) as asked:
            for number, token in enumerate(tokens):
                # a little less room each time, until there is none
                with open(filler, 'ab') as file:
                    try:
                        file.write(b'\0' * 32768)
                        file.flush()
                    except OSError:
                        pass
                said = site.cache('block', 'user', 'full-%d' % number,
                                  check=False)
                after = [installed.say(daemon, token)
                         for daemon in (one, two)]
                failed += said.returncode != 0
                if said.returncode == 0 and set(after) != {installed.BLOCKED}:
                    wrong.append((number, after))
                if said.returncode != 0 and (
                        'file system is full' not in said.text or
                        set(after) != {installed.GRANTED}):
                    wrong.append((number, said.text, after))
            got = {got for _, got in list(asked.answers)}
        tap.ok(failed > 5 and not wrong, 'a full disk: said, nothing half '
               'done', (failed, wrong[:3]))
        tap.equal(got, {installed.GRANTED}, 'and nobody is refused')
        os.unlink(filler)
        site.cache('block', 'user', 'full-39')
        tap.equal([installed.say(daemon, tokens[39])
                   for daemon in (one, two)], [installed.BLOCKED] * 2,
                  'with room again, it works')


def test_slow_directory(site, known):
    """Owner and group are looked up, but nobody waits for it."""
    flag = os.path.join(site.folder, 'slow')
    with site.daemon('slow', environment={
            'LD_PRELOAD': SLOW, 'SLOW_DIRECTORY_FILE': flag}) as daemon:
        installed.warm(daemon, known)
        with open(flag, 'w', encoding='ascii'):
            pass
        end = time.monotonic() + 13
        got, longest = set(), 0.0
        while time.monotonic() < end:
            begun = time.monotonic()
            got.add(installed.say(daemon, known))
            longest = max(longest, time.monotonic() - begun)
            time.sleep(0.02)
        tap.equal(got, {installed.GRANTED},
                  'a directory service that hangs refuses nobody')
        tap.ok(longest < 20, 'and holds nobody', longest)
        tap.equal(daemon.stop(), 0, 'nor does it hold the end')
    os.unlink(flag)


def test_unreadable(site, known):
    """Each cause is named, and what to do."""
    with site.daemon('unreadable') as daemon:
        installed.warm(daemon, known)
        for what, harm, mend, words in (
                ('open to all', lambda: os.chmod(site.trust, 0o644),
                 lambda: os.chmod(site.trust, 0o640), ('chmod 0640',)),
                ('away', lambda: os.rename(site.trust, site.trust + '.x'),
                 lambda: os.rename(site.trust + '.x', site.trust),
                 ('does not exist', 'authgear-cache init'))):
            harm()
            # a thread that has it open still reads what is there now
            gate.until(lambda: installed.say(daemon, known) ==
                       installed.UNREADABLE, 'trust.db ' + what)
            tap.ok(True, 'trust.db %s: nobody' % what)
            gate.until(lambda w=words: w[-1] in daemon.log(), words[-1])
            tap.ok(all(word in daemon.log() for word in words),
                   'trust.db %s: why, and what to do' % what,
                   daemon.log()[-500:])
            mend()
            tap.equal(installed.say(daemon, known), installed.GRANTED,
                      'trust.db %s: mended: at once' % what)
    os.chown(site.trust, 0, 0)
    os.chmod(site.trust, 0o600)
    with site.daemon('closed', wait=False) as daemon:
        tap.equal(daemon.wait(), 1, 'trust.db closed to the daemon: no start')
        tap.ok('Permission denied' in daemon.log() and
               'authgear-cache init --user' in daemon.log(),
               'why, and what to do', daemon.log()[-500:])
    site.cache('init', '--user', site.who.pw_name)


def test_failed_insert(site, _):
    """What SQLite says of a row is told, not what came after it."""
    site.change("CREATE TRIGGER no_more BEFORE INSERT ON revocation BEGIN "
                "SELECT RAISE(ABORT, 'no more rows'); END")
    site.change('ALTER TABLE revocation ADD COLUMN must TEXT NOT NULL '
                'DEFAULT 1 CHECK (must = 2)')
    said = site.cache('block', 'user', 'x', check=False)
    tap.ok(said.returncode == 1 and 'CHECK constraint failed: must = 2' in
           said.text, 'a row that is refused: why', said.text)
    site.change('DROP TRIGGER no_more')
    site.change('ALTER TABLE revocation DROP COLUMN must')


def in_terminal(site, answer):
    """init on a terminal; what it said, and whether it ended well."""
    pid, terminal = pty.fork()
    if pid == 0:
        command = site.command('init')
        os.execv(command[0], command)
    os.write(terminal, answer)
    said = b''
    while True:
        try:
            more = os.read(terminal, 4096)
        except OSError:
            more = b''
        if not more:
            break
        said += more
    os.close(terminal)
    return said.decode('utf-8', 'replace'), os.waitpid(pid, 0)[1]


def test_terminal(who):
    """Root without --user is asked, or told."""
    with installed.Site(who) as site:
        state = site.state
        for answer, owner in ((who.pw_name, who.pw_uid), ('', 0)):
            subprocess.run(['rm', '-r', state], check=True)
            said, status = in_terminal(site, answer.encode() + b'\n')
            tap.ok(status == 0 and 'Which user' in said and os.lstat(
                os.path.join(state, 'daemon')).st_uid == owner,
                'on a terminal it asks: %r' % answer, said)
        tap.ok('only root can use this state' in said,
               'no answer: only root can use it', said)
        subprocess.run(['rm', '-r', state], check=True)
        said = site.cache('init')
        tap.ok('only root can use this state' in said.text and os.lstat(
            os.path.join(state, 'daemon')).st_uid == 0,
            'without a terminal it goes on and says so', said.text)
        said = site.cache('init', '--user', who.pw_name)
        tap.ok(os.lstat(os.path.join(state, 'daemon')).st_uid == who.pw_uid,
               'and can be given to the daemon later', said.text)
        said = site.cache('init')
        tap.ok('only root' not in said.text, 'then nothing is said',
               said.text)


def alone(who, *tests):
    """One after the other, on a site of their own."""
    with installed.Site(who) as site:
        known = site.token('known')
        with site.daemon('first') as daemon:
            installed.warm(daemon, known)
        for test in tests:
            test(site, known)


def main():
    # whoever started this may ignore it, and what is started here would too
    signal.signal(signal.SIGINT, signal.default_int_handler)
    who = installed.required('a full state, installed')
    beside.run(
        ('a terminal', test_terminal, who),
        ('a full state', alone, who, test_full, test_damaged),
        ('damage in place', alone, who, test_damaged_in_place),
        ('commands', alone, who, test_unreadable, test_failed_insert,
         test_signals, test_locks, test_index_row),
        ('a slow directory', alone, who, test_slow_directory),
        ('a small disk', test_small_disk, who))
    tap.done()


main()
