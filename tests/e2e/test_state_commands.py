"""The commands that look at the state and keep it, on a state that is not what
it should be: each says which file it is, nobody is let in who was revoked, and
what the daemon's user says does nothing."""

import os
import sqlite3
import subprocess
import unicodedata

import gate
import installed
import tap

PRELOADS = os.path.join(tap.BUILD, 'tests/e2e/.libs')
DIGITS = '0123456789abcdef'


class World:
    def __init__(self, site, daemon):
        self.site, self.daemon = site, daemon
        self.known, self.blocked = site.token('known'), site.token('blocked')
        installed.warm(daemon, self.known)
        site.cache('block', 'user', 'blocked')
        self.backup = os.path.join(site.folder, 'backup')
        self.copy = os.path.join(site.folder, 'no-backup')
        site.cache('backup', self.backup)
        # by what each begins, which is in its way
        self.trusting = [
            ('list', 'revocations'), ('list', 'map'), ('list', 'audit'),
            ('list', 'keys'), ('status',), ('status', '--json'), ('verify',),
            ('backup', self.copy), ('restore', self.backup),
            ('restore', self.backup, '--exact', '--yes'),
            ('prune', '--older-than', '1000000000'), ('keys', 'refresh'),
            ('block', 'user', 'x'), ('lift', 'user', 'blocked'),
            ('map', 'add', 'u', 'a')]
        self.looking = [
            ('list', 'sessions'), ('list', 'keys'), ('status',), ('verify',),
            ('revoke', 'token', '--digits', DIGITS),
            ('explain', '--policy', 'default')]

    def run(self, command, **options):
        return self.site.cache(*command, check=False, stdin=self.known if
                               command[0] == 'explain' else '', **options)

    def refuse(self, what, commands, named):
        wrong = []
        for command in commands:
            run = self.run(command)
            if run.returncode != 1 or named not in run.text:
                wrong.append((command, run.returncode, run.text[-300:]))
        tap.equal(wrong, [], '%s: each command names %s' % (what, named))
        tap.ok(not os.path.exists(self.copy), what + ': no backup is made')


def lay(path, data, owner=0, group=0, mode=0o640):
    with open(path, 'wb') as file:
        file.write(data)
    os.chown(path, owner, group)
    os.chmod(path, mode)


def absent(path, data, who):
    """Renamed away."""


def noise(path, data, who):
    lay(path, b'noise' * 4000, group=who.pw_gid)


def cut(path, data, who):
    lay(path, data[:len(data) // 2 + 100], group=who.pw_gid)


def head_alone(path, data, who):
    lay(path, data[:100], group=who.pw_gid)


def empty(path, data, who):
    lay(path, b'', group=who.pw_gid)


def newer(path, data, who):
    lay(path, data, group=who.pw_gid)
    database = sqlite3.connect(path)
    database.execute('PRAGMA user_version = 99')
    database.close()


def of_another(path, data, who):
    lay(path, data, who.pw_uid, who.pw_gid)


def open_to_all(path, data, who):
    lay(path, data, group=who.pw_gid, mode=0o666)


def linked(path, data, who):
    lay(path + '.linked', data, group=who.pw_gid)
    os.symlink(path + '.linked', path)


def folder(path, data, who):
    os.mkdir(path)


def take_away(path):
    """The file as it lay, with what is in its log."""
    database = sqlite3.connect(path)
    database.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    database.close()
    with open(path, 'rb') as file:
        data = file.read()
    for suffix in ('', '-wal', '-shm'):
        if os.path.exists(path + suffix):
            os.rename(path + suffix, path + '.aside' + suffix)
    return data


def put_back(path):
    for suffix in ('', '-wal', '-shm', '.linked'):
        if os.path.isdir(path + suffix):
            os.rmdir(path + suffix)
        elif os.path.lexists(path + suffix):
            os.unlink(path + suffix)
        if os.path.exists(path + '.aside' + suffix):
            os.rename(path + '.aside' + suffix, path + suffix)


def test_trust(world):
    site = world.site
    for fault in (absent, noise, cut, head_alone, empty, newer, of_another,
                  open_to_all, linked, folder):
        what = 'trust.db ' + fault.__name__.replace('_', ' ')
        data = take_away(site.trust)
        fault(site.trust, data, site.who)
        world.refuse(what, world.trusting, 'trust.db')
        said = [installed.say(world.daemon, world.blocked) for _ in range(3)]
        tap.ok(set(said) <= {installed.BLOCKED, installed.UNREADABLE},
               what + ': nobody is let in who was blocked', said)
        put_back(site.trust)
        gate.until(lambda: installed.say(world.daemon, world.known) ==
                   installed.GRANTED, 'the file is back')


def test_meanwhile(world):
    """Another file in its place while a change waits: what is acknowledged is
    in the one that is there."""
    site = world.site
    for what in ('renamed over', 'deleted'):
        holder = sqlite3.connect(site.trust, isolation_level=None)
        holder.execute('BEGIN IMMEDIATE')
        waits = gate.Process('meanwhile', site.command(
            'block', 'user', 'meanwhile'), site.folder)
        waits.wait_for('waiting')
        copy = site.copy('other')
        aside = site.copy('aside')
        for path in (copy, aside):
            os.chown(path, 0, site.who.pw_gid)
            os.chmod(path, 0o640)
        if what == 'deleted':
            os.unlink(site.trust)
        else:
            os.rename(copy, site.trust)
        holder.execute('ROLLBACK')
        status = waits.wait()
        rows = site.rows() if os.path.exists(site.trust) else []
        tap.ok((status == 0 and ('meanwhile',) in rows) or (
            status == 1 and 'replaced or removed' in waits.log()),
            'trust.db %s meanwhile: there, or not acknowledged' % what,
            (status, waits.log(), rows))
        holder.close()
        waits.end()
        for suffix in ('-wal', '-shm'):
            if os.path.exists(site.trust + suffix):
                os.unlink(site.trust + suffix)
        os.rename(aside, site.trust)


def test_other_user(world):
    """Whoever is neither root nor the daemon opens and writes nothing."""
    site = world.site
    before = site.rows('SELECT * FROM audit')
    folder_ = os.path.join(site.folder, 'of-nobody')
    os.mkdir(folder_)
    os.chown(folder_, 65534, 65534)
    copy = os.path.join(folder_, 'copy')
    for user in ((65534, 65534), (site.who.pw_uid, site.who.pw_gid)):
        wrong = []
        for command in world.trusting + [('backup', copy)] + world.looking:
            run = subprocess.run(
                ['setpriv', '--reuid=%d' % user[0], '--regid=%d' % user[1],
                 '--clear-groups', *site.command(*command)], check=False,
                input=world.known.encode(), stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT)
            # the daemon's user may look, as the daemon does
            looks = user[0] == site.who.pw_uid and command[0] in (
                'list', 'status', 'verify', 'explain')
            if (run.returncode == 0) > looks or run.returncode < 0:
                wrong.append((command, run.returncode, run.stdout[-200:]))
        tap.equal(wrong, [], 'as uid %d: nothing is done' % user[0])
        tap.equal(os.listdir(folder_), [], 'and nothing copied')
    tap.equal(site.rows('SELECT * FROM audit'), before, 'nothing is written')


def test_path(world):
    """A link in place of the directory, of another's."""
    site = world.site
    os.rename(site.state, site.state + '.aside')
    os.mkdir(site.state + '.other', 0o700)
    os.chown(site.state + '.other', site.who.pw_uid, site.who.pw_gid)
    os.symlink(site.state + '.other', site.state)
    world.refuse('a link to another user\'s', world.trusting, site.state)
    tap.equal(os.listdir(site.state), [], 'nothing is made there')
    os.unlink(site.state)
    os.rmdir(site.state + '.other')
    os.rename(site.state + '.aside', site.state)


def test_logs(world):
    """What lies beside the file: nothing revoked is lost by it."""
    site = world.site
    for suffix, data in (('-wal', b'noise' * 9999), ('-wal', b''),
                         ('-shm', b'noise' * 9999), ('-shm', b'')):
        for each in ('-wal', '-shm'):
            if os.path.exists(site.trust + each):
                os.unlink(site.trust + each)
        lay(site.trust + suffix, data, group=site.who.pw_gid)
        wrong = []
        for command in world.trusting[:8] + [('keys', 'refresh')]:
            run = world.run(command)
            if run.returncode != 0 and 'trust.db' not in run.text:
                wrong.append((command, run.text[-300:]))
        tap.equal(wrong, [], 'a %s of %d bytes: done, or told' % (
            suffix, len(data)))
        tap.ok(('blocked',) in site.rows() and installed.say(
            world.daemon, world.blocked) == installed.BLOCKED,
            'and what was blocked is blocked')
        if os.path.exists(world.copy):
            os.unlink(world.copy)


def test_status(world):
    site = world.site
    for fault in (noise, head_alone, newer, open_to_all, linked, folder):
        what = 'status.db ' + fault.__name__.replace('_', ' ')
        data = take_away(site.status)
        fault(site.status, data, site.who)
        if fault not in (linked, folder):
            os.chown(site.status, site.who.pw_uid, site.who.pw_gid)
        if fault is not open_to_all and os.path.isfile(site.status):
            os.chmod(site.status, 0o600)
        world.refuse(what, world.looking[:5], 'status.db')
        put_back(site.status)


def test_locks(world):
    """Who holds the file is named; who looks only is not in anybody's way."""
    site = world.site
    before = site.rows('SELECT * FROM audit')
    holder = sqlite3.connect(site.trust, isolation_level=None)
    holder.execute('BEGIN IMMEDIATE')
    commands = (('restore', world.backup),
                ('restore', world.backup, '--exact', '--yes'),
                ('prune', '--older-than', '+0s', '--audit'))
    waiting = [gate.Process('held-%d' % number, site.command(*command),
                            site.folder)
               for number, command in enumerate(commands)]
    waits = gate.Process('waits', site.command('keys', 'refresh'),
                         site.folder)
    for command in (('list', 'revocations'), ('status',), ('verify',),
                    ('backup', world.copy)):
        tap.equal(world.run(command).returncode, 0, '%s: a lock is not in '
                  'its way' % command[0])
    os.unlink(world.copy)
    for process in waiting:
        # that one, or who waits for it in the first place
        tap.ok(process.wait() == 1 and 'held by process ' in process.log(),
               'who is in the way is named', process.log())
    gate.until(lambda: 'process %d ' % os.getpid() in waits.log(),
               'the holder named to who waits')
    tap.equal(site.rows('SELECT * FROM audit'), before, 'nothing is written')
    holder.execute('ROLLBACK')
    tap.equal(waits.wait(), 0, 'and then it is done')
    for process in waiting + [waits]:
        process.end()
    holder.execute('BEGIN')
    holder.execute('SELECT * FROM audit').fetchall()
    run = site.cache('block', 'user', 'read-by-another')
    tap.ok('process %d ' % os.getpid() in run.text, 'a reader that keeps a '
           'copy from having it is named', run.text)
    holder.close()
    # and the next change makes up for it
    site.cache('lift', 'user', 'read-by-another')


HOSTILE = ('none', 'noise', 'nothing', 'huge', 'endless', 'behind', '{"end":7}',
           '{"error":"\\u001b[2J\\u009b\\u202e"}', '{"error":""}', '[]',
           '{"progress":-1}',
           '{"hash":"%s"}' % ('f' * 64), '{"uri":7}', '{"kid":"x"}',
           '{"credential":"%s","kind":"jwt","state":"\\u001b"}' % DIGITS,
           '{"reason":"granted"}', '{"step":"x","result":"y"}')


def hostile(what):
    return dict(os.environ, HOSTILE_CHILD=what, LD_PRELOAD=os.path.join(
        PRELOADS, 'hostile_child.so'))


def child_of(process):
    """The one that it has, once that is stopped."""
    path = '/proc/%d/task/%d/children' % (process.pid, process.pid)
    gate.until(lambda: gate.read(path).split(), 'a child')
    child = int(gate.read(path).split()[0])
    gate.until(lambda: 'T (stopped)' in gate.read('/proc/%d/status' % child),
               'that it is stopped')
    return child


def test_child(world):
    """Whatever runs as the daemon's user in our stead."""
    site = world.site
    before = site.rows('SELECT * FROM audit')
    stopped = [gate.Process('stopped-%d' % number, site.command(*command),
                            site.folder, env=hostile('stops'))
               for number, command in enumerate(world.looking[:4])]
    children = [child_of(process) for process in stopped]
    tap.equal([os.getsid(child) for child in children], children,
              'a child has no terminal of its parent\'s')
    tap.ok(all(set(os.listdir('/proc/%d/fd' % child)) == {'0', '1', '2'}
               for child in children), 'and none of its files')
    for what in HOSTILE:
        wrong = []
        for command in world.looking:
            run = world.run(command, env=hostile(what))
            # who only looks may be told that there is nothing
            done = what == 'none' and command[:1] in (('list',), ('verify',))
            if run.returncode != (0 if done else 1) or (
                    not run.text or not is_plain(run.text)):
                wrong.append((command, run.returncode, run.text[-200:]))
        tap.equal(wrong, [], 'a child that says %s' % what[:40])
    tap.equal(site.rows('SELECT * FROM audit'), before, 'nothing is written')
    for process in stopped:
        tap.ok(process.wait() == 1 and 'does not answer' in
               process.log() + process.log(process.out),
               'a child that is stopped is ended', process.log())
        process.end()
    left = subprocess.run(['pgrep', '-x', '-u', site.who.pw_name,
                           'authgear-cache'], stdout=subprocess.PIPE,
                          check=False)
    tap.equal(left.stdout, b'', 'and nothing of it is left')


def is_plain(text):
    return not any(unicodedata.category(each) in ('Cc', 'Cf')
                   for each in text if each != '\n')


def test_texts(world):
    """What a token or a line of the log says is text, and no command to a
    terminal."""
    site = world.site
    odd = 'a\x1b[2Jb\x9b31m\x7f\u202ec'
    turned = 'e\u202e\u200bvil'
    token = site.token(odd, client_id=odd, claims={
        'scope': odd, 'jti': odd, 'iss': odd, 'email': odd})
    log = os.path.join(site.folder, 'log')
    with open(log, 'w', encoding='utf-8') as file:
        file.write('decision=denied reason=expired policy=default user="%s" '
                   'client="a\\x1b[2J\\xc2\\x9b" request=%s detail="%s"\n' % (
                       odd, DIGITS, odd.replace('\x1b', '\\x1b')))
    for command, stdin in ((('explain', '--policy', 'default'), token),
                           (('explain', '--request', DIGITS, '--file', log),
                            ''),
                           (('revoke', 'user'), token),
                           (('revoke', 'token'), token),
                           (('block', 'user', odd), ''),
                           (('block', 'user', 'd', '--reason', odd), ''),
                           (('block', 'user', turned), ''),
                           (('lift', 'user', turned), ''),
                           (('revoke', 'user'), site.token(turned)),
                           (('map', 'add', turned, turned), ''),
                           (('map', 'add', 'u', turned), ''),
                           (('map', 'remove', turned), ''),
                           (('list', 'audit'), ''),
                           (('list', 'revocations'), '')):
        for more in ((), ('--json',)):
            run = site.cache(*command, *more, stdin=stdin, check=False)
            tap.ok(is_plain(run.text) and run.returncode in (0, 1) and
                   run.text, 'plain text: %s' % ' '.join(
                       command[:2] + more), ascii(run.text))


def test_syncs(world):
    """When a change is acknowledged the disk has it."""
    site = world.site
    told = os.path.join(site.folder, 'syncs')
    environment = dict(os.environ, SYNC_ORDER_FILE=told, LD_PRELOAD=
                       os.path.join(PRELOADS, 'sync_order.so'))
    site.cache('revoke', 'token', stdin='K7dQ2mZx9LwB4vTn8RcY1sHj6FpG3aEu')
    site.change("UPDATE revocation SET time = 1000 WHERE kind = 'token'")
    for command in (('prune', '--older-than', '1000000000'),
                    ('revoke', 'user', 'a'), ('block', 'user', 'a'),
                    ('lift', 'user', 'a'), ('map', 'add', 'a', 'a'),
                    ('map', 'remove', 'a'), ('keys', 'refresh'),
                    ('accept',), ('restore', world.backup),
                    ('restore', world.backup, '--exact', '--yes'),
                    ('block', 'user', 'b')):
        site.cache(*command, env=environment)
        with open(told, encoding='ascii') as file:
            syncs, left, early = map(int, file.read().split())
        tap.ok(syncs >= 2 and left == 0 and early == 0, '%s %s: on disk when '
               'it returns' % command[:2] if len(command) > 1 else command[0],
               (syncs, left, early))


def main():
    who = installed.required('commands on a bad state')
    with installed.Site(who) as site:
        with site.daemon() as daemon:
            world = World(site, daemon)
            test_syncs(world)
            test_texts(world)
            test_child(world)
            test_locks(world)
            test_logs(world)
            test_path(world)
            test_other_user(world)
            test_meanwhile(world)
            test_trust(world)
        # a daemon would set it aside and begin it anew
        test_status(world)
    tap.done()


main()
