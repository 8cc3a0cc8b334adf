"""State directories of earlier releases (tests/recorded/state): the daemon
reads them until init migrates, with requests coming in, and refuses what a
later release wrote."""

import json
import os
import shutil
import sqlite3
import stat
import subprocess

import gate
import installed
import load
import tap

RECORDED = os.path.join(tap.SRC, 'tests', 'recorded', 'state')
ENDPOINT = 'https://login.example.com'
USER = '00000000-0000-4000-8000-00000000000%d'
# in its own process, which ends without tidying the log away
CHANGE = ('import os, sqlite3, sys; '
          'db = sqlite3.connect(sys.argv[1]); '
          '[db.execute("UPDATE %s SET %s = ? WHERE %s = ?" % (t, c, c), '
          'sys.argv[2:4]) for t, c in zip(sys.argv[4::2], sys.argv[5::2])]; '
          'db.commit(); os.kill(os.getpid(), 9)')


def lay_down(site, schema):
    """The recorded directory as it lay at its installation, for the endpoint
    of this one."""
    who = site.who
    shutil.rmtree(site.state)
    shutil.copytree(os.path.join(RECORDED, str(schema)), site.state)
    os.mkdir(os.path.join(site.state, 'root'), 0o700)
    subprocess.run([tap.PYTHON, '-c', CHANGE, site.trust, site.endpoint,
                    ENDPOINT, 'meta', 'value'], check=False)
    tables = ['issuer', 'lease', 'backoff', 'about'][:schema + 1]
    subprocess.run([tap.PYTHON, '-c', CHANGE, site.status, site.endpoint,
                    ENDPOINT, *(word for table in tables
                                for word in (table, 'endpoint'))],
                   check=False)
    os.chown(site.state, 0, who.pw_gid)
    os.chmod(site.state, 0o2750)
    for name in os.listdir(site.state):
        path = os.path.join(site.state, name)
        if name.startswith('trust.db'):
            os.chown(path, 0, who.pw_gid)
            os.chmod(path, 0o640)
    folder = os.path.join(site.state, 'daemon')
    for path in [folder] + [os.path.join(folder, name)
                            for name in os.listdir(folder)]:
        os.chown(path, who.pw_uid, who.pw_gid)
        os.chmod(path, 0o700 if path == folder else 0o600)


class World:
    def __init__(self, site):
        self.site = site
        old = {'auth_time': 1650000000}
        self.tokens = {
            'known': (site.token('known'), 'granted'),
            'blocked': (site.token(USER % 1), 'user-blocked'),
            'in a window': (site.token(USER % 2), 'user-blocked'),
            'not yet': (site.token(USER % 3), 'granted'),
            'signed out': (site.token(USER % 4, claims=old), 'signed-out'),
            'back again': (site.token(USER % 4), 'granted'),
            'lifted': (site.token(USER % 7), 'granted'),
            'kiosk': (site.token('any', client_id='kiosk'),
                      'client-revoked'),
            'by its id': (site.token('any', claims={
                'jti': 'jti-of-a-token'}), 'revoked'),
            'everybody': (site.token('any', claims={
                'auth_time': 1500000000}), 'signed-out')}

    def say(self, daemon):
        return {name: installed.say(daemon, token)[1]
                for name, (token, _) in self.tokens.items()}

    def wanted(self):
        return {name: wanted for name, (_, wanted) in self.tokens.items()}


def refusals(daemon):
    """What a daemon could not read, if anything."""
    return [line[-700:] for line in daemon.log().splitlines()
            if 'state-unreadable' in line][:2]


def test_foreign(site, what):
    """Settings that name another endpoint are refused, and change nothing."""
    settings = os.path.join(site.folder, 'foreign.conf')
    with open(site.config, encoding='ascii') as file:
        text = file.read().replace(site.endpoint, 'https://other.example')
    with open(settings, 'w', encoding='ascii') as file:
        file.write(text)
    for command in (['init', '--user', site.who.pw_name], ['accept']):
        run = subprocess.run([installed.PROGRAM, *command, '--config',
                              settings], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, check=False,
                             stderr=subprocess.STDOUT)
        tap.ok(run.returncode == 1 and b'belongs to endpoint' in run.stdout
               and site.rows('PRAGMA user_version') != [(3,)],
               what + "%s of another endpoint's is refused, and nothing "
               'migrated' % command[0], run.stdout)


LOOKING = (('list', 'revocations'), ('list', 'map'), ('list', 'audit'),
           ('list', 'keys'), ('status',), ('verify',))


def test_before(site, what):
    """What looks at it before init does it, or names who migrates that file;
    nothing does it."""
    version = site.rows('PRAGMA user_version')
    backup = os.path.join(site.folder, 'too-early')
    wrong = []
    for command in LOOKING + (('backup', backup), ('keys', 'refresh'),
                              ('prune', '--older-than', '1000000000')):
        run = site.cache(*command, check=False)
        mends = 'restart authgear-fcgi' if 'status.db was written' in \
            run.text else 'authgear-cache init'
        if run.returncode != 0 and mends not in run.text:
            wrong.append((command, run.text))
    tap.equal(wrong, [], what + 'what looks at it is done, or names who '
              'migrates')
    tap.equal(site.rows('PRAGMA user_version'), version,
              what + 'and migrates nothing')
    if os.path.exists(backup):
        os.unlink(backup)


def test_after(site, what):
    """What keeps the state does so with its rows."""
    backup = os.path.join(site.folder, 'in-time')
    rows = site.rows('SELECT * FROM revocation')
    for command in LOOKING + (('list', 'sessions'), ('backup', backup),
                              ('prune', '--older-than', '1000000000'),
                              ('keys', 'refresh'), ('restore', backup)):
        run = site.cache(*command, check=False)
        tap.ok(run.returncode == 0, '%s%s' % (what, ' '.join(command[:2])),
               run.text)
    tap.equal(site.rows('SELECT * FROM revocation'), rows,
              what + 'and its rows are as they were')


def test_schema(world, schema):
    site = world.site
    what = 'schema %d: ' % schema
    lay_down(site, schema)
    was = os.path.join(site.folder, 'was-%d' % schema)
    shutil.copytree(site.state, was)
    with site.daemon('one-%d' % schema) as one, \
            site.daemon('two-%d' % schema) as two:
        for daemon in (one, two):
            installed.warm(daemon, world.tokens['known'][0])
            tap.equal(world.say(daemon), world.wanted(),
                      what + 'read as it is')
        said = site.cache('block', 'user', 'somebody', check=False)
        tap.ok(said.returncode == 1 and 'authgear-cache init' in said.text,
               what + 'it is not written to', said.text)
        gate.until(lambda: 'is of an earlier release and is read as it is'
                   in one.log(), 'that the log tells of it')
        if schema < 3:
            test_before(site, what)
        test_foreign(site, what)
        askers = [lambda d=daemon, name=name: (
            name, installed.say(d, world.tokens[name][0])[1])
            for daemon in (one, two) for name in ('known', 'blocked')]
        with load.Load(askers) as asked:
            asked.since(0, 100)
            said = site.cache('init', '--user', site.who.pw_name)
            asked.since(0, len(asked.answers) + 200)
            got = {got for _, got in list(asked.answers)}
        tap.ok('migrated' in said.text, what + 'init says so', said.text)
        tap.ok(got == {('known', 'granted'), ('blocked', 'user-blocked')},
               what + 'migrated with requests coming in, 0 refused',
               (got, refusals(one), refusals(two)))
        tap.equal([world.say(daemon) for daemon in (one, two)],
                  [world.wanted()] * 2, what + 'and read as before')
        tap.ok(not os.path.exists(os.path.join(site.state, 'root')),
               what + 'root/ is gone')
        tap.equal(site.rows('PRAGMA user_version', path=site.copy()), [(3,)],
                  what + 'a copy of trust.db alone is migrated')
        test_after(site, what)
        site.cache('block', 'user', 'any')
        tap.equal([world.say(daemon)['everybody'] for daemon in (one, two)],
                  ['user-blocked'] * 2, what + 'what is changed now holds')
        for name in ('trust.db-wal', 'trust.db-shm'):
            os.unlink(os.path.join(site.state, name))
        for name in ('trust.db', 'trust.db-wal', 'trust.db-shm'):
            shutil.copy(os.path.join(was, name), site.state)
        tap.equal({reason for daemon in (one, two)
                   for reason in world.say(daemon).values()},
                  {'state-unreadable'}, what + 'put back: nobody')
        gate.until(lambda: 'it is of an earlier release' in one.log(),
                   'the reason')
        site.cache('init')
        tap.equal({reason for daemon in (one, two)
                   for reason in world.say(daemon).values()},
                  {'state-unreadable'}, what + 'migrated again: nobody')
        site.cache('accept')
        tap.equal(world.say(one), world.wanted(), what + 'but accepted')


def test_status(world, schema):
    """status.db is migrated by whichever daemon comes first."""
    site = world.site
    what = 'schema %d, status.db: ' % schema
    lay_down(site, schema)
    tap.equal(site.rows('PRAGMA user_version', path=site.status),
              [(schema,)], what + 'as it was')
    with site.daemon('status-%d' % schema) as one, \
            site.daemon('beside-%d' % schema) as two:
        for daemon in (one, two):
            installed.warm(daemon, world.tokens['known'][0])
            tap.equal(world.say(daemon), world.wanted(), what + 'granted')
        log = one.log() + two.log()
        tap.equal(site.rows('PRAGMA user_version', path=site.status),
                  [(4,)], what + 'migrated')
        tap.ok('set aside' not in log and not [
            name for name in os.listdir(os.path.dirname(site.status))
            if 'corrupt' in name], what + 'and not begun anew', log[-700:])
        if schema == 3:
            tap.equal(site.rows(
                'SELECT doubted_at, count(*) FROM session '
                'GROUP BY doubted_at ORDER BY doubted_at', path=site.status),
                [(0, 6), (1, 1)], what + 'its sessions are there')
            tap.equal(site.rows('SELECT number FROM lineage',
                                path=site.status), [(22,)],
                      what + 'and how far trust.db was seen')


def test_rows(site):
    """What the migration made of them."""
    lay_down(site, 2)
    site.cache('init')
    listed = site.cache('list', 'revocations', '--json').text
    rows = [json.loads(line) for line in listed.splitlines()]
    tap.equal(len(rows), 12, 'all revocations are there')
    hashes = [row['value'] for row in rows if row['id'] in (12, 13)]
    tap.equal(hashes, [
        'ad56a079028a96cde9a222aeb07c7deabe59e7e3e2edc111e1b0edcf668c810d',
        '8c4fe5278d45b4577341e68cd55077c6831e6197991e47203189347359957e31'],
        'hashes are told as they were')
    tap.equal(site.rows("SELECT typeof(value), length(value) FROM revocation "
                        "WHERE kind = 'token' ORDER BY id"),
              [('text', 14), ('blob', 32), ('blob', 32)],
              'and kept as bytes')
    tap.equal(site.rows('SELECT number, length(lineage) FROM state'),
              [(22, 16)], 'the last change, and a lineage')
    tap.equal(len(site.rows('SELECT account FROM account')), 2,
              'the account map')
    tap.equal(site.rows("SELECT count(*) FROM sqlite_schema WHERE type = "
                        "'index' AND tbl_name = 'revocation'"), [(0,)],
              'no index beside the table that is looked up')


def test_reader(site):
    """Somebody reads all the while: the migration is in force, and who keeps
    it from the file itself is named."""
    lay_down(site, 2)
    reader = sqlite3.connect(site.trust, isolation_level=None)
    reader.execute('BEGIN')
    reader.execute('SELECT count(*) FROM meta').fetchone()
    said = site.cache('init')
    tap.ok('process %d' % os.getpid() in said.text and
           'lacks it yet' in said.text, 'init: a copy that lacks it: said',
           said.text)
    reader.close()
    said = site.cache('init')
    tap.ok('lacks' not in said.text, 'the next one makes up for it', said.text)
    tap.equal(site.rows('PRAGMA user_version', path=site.copy()), [(3,)],
              'and a copy has it')


def hide_row(site, user):
    """A revocation that the index of schema 2 lacks."""
    database = sqlite3.connect(site.trust)
    database.execute('PRAGMA writable_schema = 1')
    entry = database.execute("SELECT * FROM sqlite_schema WHERE name = "
                             "'revocation_by_value'").fetchone()
    database.execute("DELETE FROM sqlite_schema WHERE name = "
                     "'revocation_by_value'")
    database.commit()
    database.close()
    database = sqlite3.connect(site.trust)
    database.execute("INSERT INTO revocation (kind, value, rule, reason, "
                     "actor, source, time) VALUES ('user', ?, 'blocked', '', "
                     "'test', 'cli', 1)", (user,))
    database.commit()
    database.execute('PRAGMA writable_schema = 1')
    database.execute('INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)',
                     entry)
    database.commit()
    database.close()


def test_hidden(site):
    """A revocation that no look-up finds: quick_check says ok."""
    lay_down(site, 2)
    hide_row(site, 'hidden')
    tap.equal(site.rows('PRAGMA quick_check'), [('ok',)],
              'a row that the index lacks: quick_check says ok')
    for name in os.listdir(site.state):
        if name.startswith('trust.db'):
            os.chown(os.path.join(site.state, name), 0, site.who.pw_gid)
            os.chmod(os.path.join(site.state, name), 0o640)
    with site.daemon('hidden') as daemon:
        gate.until(lambda: 'missing from index' in daemon.log(),
                   'the whole check')
        tap.equal(installed.say(daemon, site.token('hidden')),
                  installed.UNREADABLE, 'the daemon finds it: nobody')
        said = site.cache('init', check=False)
        tap.ok(said.returncode == 1 and 'missing from index' in said.text,
               'it is not migrated', said.text)
        tap.equal(site.rows('PRAGMA user_version'), [(2,)], 'nor touched')
        site.change('REINDEX')
        site.cache('init')
        gate.until(lambda: installed.say(daemon, site.token('any')) ==
                   installed.GRANTED, 'a sound one: ' + daemon.log()[-500:])
        tap.equal(installed.say(daemon, site.token('hidden')),
                  installed.BLOCKED, 'migrated: it is found')


def test_newer(site):
    """A schema of a later release, under a running daemon and at a start."""
    known = site.token('known')
    with site.daemon('newer') as daemon:
        installed.warm(daemon, known)
        site.change('PRAGMA user_version = 4')
        tap.equal(installed.say(daemon, known), installed.UNREADABLE,
                  'a newer schema: nobody')
        gate.until(lambda: 'later release' in daemon.log(), 'the reason')
        site.change('PRAGMA user_version = 3')
        tap.equal(installed.say(daemon, known), installed.GRANTED,
                  'and back')


def test_mended(site):
    """Owners and modes as somebody's cp or chown left them."""
    who, known = site.who, site.token('known')
    with site.daemon('mended') as daemon:
        installed.warm(daemon, known)
    folder = os.path.join(site.state, 'daemon')
    for user, group in ((0, 0), (who.pw_uid, who.pw_gid)):
        for path, folders, files in os.walk(site.state):
            for name in folders + files:
                os.chown(os.path.join(path, name), user, group)
                os.chmod(os.path.join(path, name), 0o755)
        os.chown(site.state, user, group)
        os.chmod(site.state, 0o755)
        said = site.cache('init', '--user', who.pw_name, check=False)
        tap.ok(said.returncode == 0, 'init --user mends what belongs to %d' %
               user, said.text)
        got = [(os.lstat(path).st_uid, os.lstat(path).st_gid,
                stat.S_IMODE(os.lstat(path).st_mode))
               for path in (site.state, site.trust, folder,
                            os.path.join(folder, 'status.db'))]
        tap.equal(got, [(0, who.pw_gid, 0o2750), (0, who.pw_gid, 0o640),
                        (who.pw_uid, who.pw_gid, 0o700),
                        (who.pw_uid, who.pw_gid, 0o600)],
                  'as they were made, from %d' % user)
        with site.daemon('mended-%d' % user) as daemon:
            installed.warm(daemon, known)
    os.link('/etc/hostname', os.path.join(folder, 'link'))
    said = site.cache('init', '--user', who.pw_name, check=False)
    tap.ok(said.returncode == 1 and 'link' in said.text and
           os.stat('/etc/hostname').st_uid == 0,
           'what has another name is not given away', said.text)
    os.unlink(os.path.join(folder, 'link'))
    os.symlink('/etc/hostname', os.path.join(folder, 'symlink'))
    said = site.cache('init', '--user', who.pw_name, check=False)
    tap.ok(said.returncode == 1 and os.stat('/etc/hostname').st_uid == 0,
           'nor what a link points to', said.text)
    os.unlink(os.path.join(folder, 'symlink'))


WATCH = ("""import os, stat, sys, time
folder, free, taken = sys.argv[1], [], []
def wrong(name):
    return stat.S_IMODE(os.lstat(os.path.join(folder, name)).st_mode) != 0o600
print('watches', flush=True)
last = sys.argv[2]
while True:
    mine = os.lstat(folder).st_uid == os.geteuid()
    try:
        given = not wrong(last)
    except OSError:     # closed to us meanwhile
        mine, given = False, False
    if not mine:
        taken.append(1)
    elif given:
        break
print(len(taken), flush=True)
""")


def test_mended_meanwhile(site):
    """While files are given away their folder is not the daemon's user's: he
    could put another's file there and take its name away in time."""
    who = site.who
    folder = os.path.join(site.state, 'daemon')
    for number in range(5000):
        with open(os.path.join(folder, 'f%d' % number), 'wb'):
            pass
    last = [name for name in os.listdir(folder) if name[0] == 'f'][-1]
    for name in os.listdir(folder):
        os.chown(os.path.join(folder, name), who.pw_uid, who.pw_gid)
        os.chmod(os.path.join(folder, name), 0o644)
    os.mkdir(os.path.join(folder, 'subfolder'), 0o711)
    with subprocess.Popen(
            ['setpriv', '--reuid=%d' % who.pw_uid, '--regid=%d' % who.pw_gid,
             '--clear-groups', tap.PYTHON, '-c', WATCH, folder, last],
            stdout=subprocess.PIPE) as watch:
        watch.stdout.readline()
        site.cache('init', '--user', who.pw_name)
        taken = int(watch.stdout.readline())
    tap.ok(taken > 0, 'files are given away in a folder of root', taken)
    got = os.lstat(folder)
    tap.equal((got.st_uid, got.st_gid, stat.S_IMODE(got.st_mode)),
              (who.pw_uid, who.pw_gid, 0o700), 'which is given back')
    tap.equal({(got.st_uid, stat.S_IMODE(got.st_mode)) for got in (
        os.lstat(os.path.join(folder, name)) for name in os.listdir(folder)
        if name[0] == 'f')}, {(who.pw_uid, 0o600)}, 'all of them')
    got = os.lstat(os.path.join(folder, 'subfolder'))
    tap.equal((got.st_uid, stat.S_IMODE(got.st_mode)), (0, 0o711),
              'a folder in it is none of ours')
    subprocess.run(['rm', '-r', folder], check=True)
    site.cache('init', '--user', who.pw_name)


def main():
    who = installed.required('state of earlier releases, installed')
    with installed.Site(who) as site:
        world = World(site)
        for schema in (1, 2):
            test_schema(world, schema)
        for schema in (1, 2, 3):
            test_status(world, schema)
        test_hidden(site)
        test_rows(site)
        test_reader(site)
        test_newer(site)
        test_mended(site)
        test_mended_meanwhile(site)
    tap.done()


main()
