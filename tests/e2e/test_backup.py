"""authgear-cache backup, restore, verify: what was revoked comes back, what is
revoked stays, under daemons that run, and nothing else is taken for a
backup."""

import contextlib
import email.utils
import http.server
import json
import os
import shutil
import sqlite3
import threading
import time

import gate
import installed
import sessions
import tap
import test_revoke_command

DAY = 24 * 3600
WITHOUT_ID = 'kind, value, rule, from_time, until_time, reason, actor,' \
    ' source, time, credential, expires'


def rows(site, path=None):
    return site.rows('SELECT %s FROM revocation ORDER BY kind, value, rule, '
                     'from_time, until_time, time' % WITHOUT_ID, path)


def accounts(site):
    return site.rows('SELECT user_id, account FROM account ORDER BY user_id')


def fill(site):
    """Each kind, in each window."""
    site.cache('revoke', 'user', 'ann', '--at', '-1d', '--reason', 'lost')
    site.cache('revoke', 'user', 'ann', '--at', '-1h')
    site.cache('revoke', 'client', 'app', '--at', '-2d')
    site.cache('revoke', 'key', 'kid-1')
    site.cache('revoke', 'all', '--at', '-30d')
    for kind in ('user', 'client'):
        site.cache('block', kind, 'now')
        site.cache('block', kind, 'later', '--from', '+1h', '--until', '+2h')
        site.cache('block', kind, 'window', '--from', '-1h', '--until', '+1h')
    site.cache('revoke', 'token', stdin=site.token('ann'))
    site.cache('revoke', 'token', stdin='K7dQ2mZx9LwB4vTn8RcY1sHj6FpG3aEu')
    site.change("UPDATE revocation SET from_time = NULL, until_time = 5 "
                "WHERE value = 'later' AND kind = 'client'")
    site.cache('map', 'add', 'u1', 'one')
    site.cache('map', 'add', 'u2', 'two')


def back_up(site, name, *more):
    path = os.path.join(site.folder, name)
    return path, site.cache('backup', path, *more, check=False)


def restore(site, path, *more):
    run = site.cache('restore', path, '--json', *more, check=False)
    try:
        return json.loads(run.text)
    except ValueError:
        return {'error': run.text}


def test_merge(site, daemon, token):
    path, run = back_up(site, 'first')
    mode = os.stat(path).st_mode & 0o777
    tap.ok(run.returncode == 0 and mode == 0o600, 'backup', run.text)
    tap.equal([name for name in os.listdir(site.folder)
               if name.startswith('first')], ['first'],
              'nothing lies beside it')
    tap.equal(rows(site, path), rows(site), 'it has all')
    whole, map_then = rows(site), accounts(site)
    for row in site.rows('SELECT id FROM revocation'):
        site.cache('lift', str(row[0]))
    site.cache('map', 'remove', 'u1')
    site.cache('map', 'add', 'u2', 'other')
    site.cache('map', 'add', 'u9', 'one')
    site.cache('block', 'user', 'new')
    told = restore(site, path)
    tap.equal((told.get('added'), told.get('dropped'), told.get('accounts'),
               told.get('kept')), (len(whole), 0, 0, 2), 'restored')
    tap.equal([row for row in rows(site) if row[1] != 'new'], whole,
              'each revocation as it was, in its window')
    tap.ok(any(row[1] == 'new' for row in rows(site)), 'the new one stays')
    tap.equal(accounts(site), [('u2', 'other'), ('u9', 'one')],
              'nobody loses an account')
    told = restore(site, path)
    tap.equal((told.get('added'), told.get('kept')), (0, 2), 'twice: nothing')
    ids = [row[0] for row in site.rows('SELECT id FROM revocation')]
    audit = [row[0] for row in site.rows('SELECT id FROM audit')]
    tap.ok(len(set(ids)) == len(ids) and set(ids) <= set(audit),
           'each number is that of its audit row')
    tap.equal(installed.say(daemon, token), installed.BLOCKED,
              'a daemon that runs goes on by it')
    return path, whole, map_then


def test_exact(site, daemon, token, path, whole, map_then):
    site.cache('block', 'user', 'surplus', '--reason', 'named')
    before = rows(site)
    run = site.cache('restore', path, '--exact', check=False)
    tap.ok(run.returncode == 1 and 'surplus' in run.text and
           'named' in run.text and 'say --yes' in run.text,
           'what would be dropped is named, and asked for', run.text)
    tap.ok('u9' in run.text and 'other' in run.text and
           run.text.splitlines()[-1].startswith('authgear-cache: nothing'),
           'accounts too, and what is wrong comes last', run.text)
    tap.equal(rows(site), before, 'without an answer nothing is done')
    tap.equal(installed.say(daemon, token), installed.BLOCKED, 'before')
    site.cache('block', 'user', 'one')
    told = restore(site, path, '--exact', '--yes', '--reason', 'moved')
    tap.equal((told.get('added'), told.get('dropped')), (0, 4), 'restored')
    tap.equal(rows(site), whole, 'no more and no less')
    tap.equal(accounts(site), map_then, 'the map too')
    told = restore(site, path, '--exact', '--yes', '--reason', 'moved')
    tap.equal((told.get('added'), told.get('dropped'), told.get('accounts')),
              (0, 0, 0), 'twice: nothing')
    tap.equal(installed.say(daemon, token), installed.GRANTED,
              'a daemon that runs lets in who is not revoked any more')
    last = site.rows('SELECT action, detail FROM audit ORDER BY id')[-1]
    tap.ok(last[0] == 'restore' and 'exactly' in last[1] and
           'moved' in last[1], 'the audit tells it', last)
    tap.equal(site.cache('verify').returncode, 0, 'sound')


def test_lineage(site, daemon, token, path):
    """A copy of before is not believed after a restore."""
    old = site.copy('old')
    restore(site, path)
    tap.equal(installed.say(daemon, token), installed.GRANTED, 'believed')
    site.cache('block', 'user', 'one')
    for suffix in ('-wal', '-shm'):
        if os.path.exists(site.trust + suffix):
            os.unlink(site.trust + suffix)
    shutil.copyfile(site.trust, site.trust + '.aside')
    shutil.copyfile(old, site.trust)
    gate.until(lambda: installed.say(daemon, token) == installed.UNREADABLE,
               'a copy of before the restore is refused')
    shutil.copyfile(site.trust + '.aside', site.trust)
    os.unlink(site.trust + '.aside')
    gate.until(lambda: installed.say(daemon, token) == installed.BLOCKED,
               'and the restored one goes on')
    site.cache('lift', 'user', 'one')


def change_copy(path, sql):
    database = sqlite3.connect(path)
    with database:
        database.executescript(sql)
    database.close()


UNTYPED = 'CREATE TABLE account (user_id, account, reason, actor, time);' \
    " INSERT INTO account VALUES (5, 'root', '', '', 1)"


def test_copied(site):
    """A copy by cp, of a file and of what SQLite keeps beside it."""
    path, _ = back_up(site, 'now')
    place = os.path.join(site.folder, 'copied')
    link = os.path.join(site.folder, 'linked')
    before = rows(site)

    def copy(*beside):
        for name in os.listdir(site.folder):
            if name.startswith(('copied', 'linked')):
                os.unlink(os.path.join(site.folder, name))
        shutil.copyfile(path, place)
        for suffix, text in beside:
            with open(place + suffix, 'wb') as file:
                file.write(text)

    def refused(name, suffix, given=place, beside=place):
        told = restore(site, given)
        tap.ok(beside + suffix + ' lies beside it' in told.get('error', ''),
               'refused: ' + name, told)

    copy()
    used = os.path.join(site.folder, 'used')
    shutil.copyfile(path, used)
    writer = sqlite3.connect(used, isolation_level=None)
    writer.execute("DELETE FROM account")
    for suffix in ('', '-wal'):
        shutil.copyfile(used + suffix, place + suffix)
    writer.close()
    tap.ok(os.path.getsize(place + '-wal') > 0, 'a copy of what is in use')
    refused('a change is in its log alone', '-wal')
    for suffix in ('-wal', '-journal'):
        for text in (b'x', bytes(32), os.urandom(5000)):
            copy((suffix, text))
            refused('%d bytes of %s' % (len(text), suffix), suffix)
        os.unlink(place + suffix)
        os.symlink('/nowhere', place + suffix)
        refused('a link of %s' % suffix, suffix)
        os.unlink(place + suffix)
        os.mkdir(place + suffix)
        refused('a folder of %s' % suffix, suffix)
        os.rmdir(place + suffix)
    copy(('-wal', b'x'))
    os.symlink(place, link)
    refused('beside what a link leads to', '-wal', link)
    copy()
    os.symlink(place, link)
    os.symlink('/dev/null', link + '-journal')
    refused('beside a link', '-journal', link, link)
    tap.equal(rows(site), before, 'and nothing was changed')
    copy(('-wal', b''), ('-journal', b''), ('-shm', bytes(32768)))
    change_copy(used, 'PRAGMA wal_checkpoint(TRUNCATE)')
    tap.equal(restore(site, place).get('added'), 0,
              'empty ones say nothing, nor does a -shm')
    copy()
    change_copy(place, 'PRAGMA journal_mode = DELETE; ANALYZE; VACUUM; '
                'PRAGMA journal_mode = WAL')
    tap.equal(restore(site, place).get('added'), 0,
              'nor what ANALYZE and VACUUM leave')


def test_refused(site, path):
    folder = site.folder
    before = rows(site)

    def refused(name, why, place):
        for more in ((), ('--exact', '--yes')):
            told = restore(site, place, *more)
            tap.ok('error' in told and why in told['error'], '%s: %s %s' % (
                name, why, more[:1]), told)
    with open(path, 'rb') as file:
        data = file.read()
    for name, text, why in (
            ('empty', b'', 'no backup'), ('noise', os.urandom(9000),
                                          'damaged'),
            ('cut', data[:len(data) // 2], ''),
            ('a header', data[:100], 'damaged'),
            ('flipped', data[:8192] + bytes(8) + data[8200:], '')):
        place = os.path.join(folder, 'bad')
        with open(place, 'wb') as file:
            file.write(text)
        refused(name, why, place)
    place = os.path.join(folder, 'changed')
    for name, sql, why in (
            ('of another endpoint', "UPDATE meta SET value = 'https://b'",
             'another'), ('of a later release', 'PRAGMA user_version = 9',
                          'later release'),
            ('of an earlier one', 'PRAGMA user_version = 2',
             'earlier release'),
            ('of another application', 'PRAGMA application_id = 1',
             'not a database of ours'),
            ('with a row of nonsense', "UPDATE revocation SET rule = "
             "'blocked' WHERE kind = 'key'", 'makes no sense'),
            ('with an account that map does not take', "UPDATE account SET "
             "account = 'root' || char(10) WHERE user_id = 'u1'",
             'makes no sense'),
            ('with a user that is a number', 'DROP TABLE account; ' +
             UNTYPED, 'its table account is not as'),
            ('with one that says to be a text', 'CREATE TABLE kept AS SELECT '
             "sql FROM sqlite_schema WHERE name = 'account'; DROP TABLE "
             'account; ' + UNTYPED + '; PRAGMA writable_schema = ON; UPDATE '
             'sqlite_schema SET sql = (SELECT sql FROM kept) WHERE name = '
             "'account'; PRAGMA writable_schema = OFF; DROP TABLE kept", ''),
            ('with a view of them', 'DROP TABLE account; CREATE VIEW account '
             "AS SELECT 'u' user_id, 'root' account, '' reason, '' actor, "
             '1 time', 'its view account is not as'),
            ('without one of the tables', 'DROP TABLE account',
             'it has no table account'),
            ('without the audit', 'DROP TABLE audit',
             'it has no table audit'),
            ('with a trigger', 'CREATE TRIGGER more AFTER INSERT ON '
             'revocation BEGIN DELETE FROM revocation; END',
             'its trigger more is not as'),
            ('with a trigger that deletes nothing', 'CREATE TRIGGER sqlite '
             'AFTER INSERT ON audit BEGIN SELECT 1; END',
             'its trigger sqlite is not as'),
            ('with one more view', 'CREATE VIEW more AS SELECT 1',
             'its view more is not as'),
            ('with one more table', 'CREATE TABLE more (a)',
             'its table more is not as'),
            ('with one more index', 'CREATE INDEX more ON audit (time)',
             'its index more is not as'),
            ('with one more column', 'ALTER TABLE revocation ADD COLUMN '
             'more TEXT', 'its table revocation is not as'),
            ('without a column', 'ALTER TABLE state DROP COLUMN keys_due',
             'its table state is not as'),
            ('with a column of another name', 'ALTER TABLE account RENAME '
             'COLUMN time TO moment', 'its table account is not as'),
            ('with a column that is made', 'ALTER TABLE audit ADD COLUMN '
             "made TEXT AS ('x')", 'its table audit is not as'),
            ('with a name of line ends', 'CREATE TABLE "a' + chr(10) +
             'trust.db: sound" (a)', 'its table a?trust.db: sound is not')):
        shutil.copyfile(path, place)
        change_copy(place, sql)
        if name == 'of another endpoint':
            why = 'is a backup of another endpoint'
        refused(name, why, place)
    refused('a folder', 'no backup', folder)
    refused('absent', 'No such file', os.path.join(folder, 'absent'))
    refused('a device', 'no backup', '/dev/zero')
    tap.equal(rows(site), before, 'and nothing was changed')
    for arguments in (['restore'], ['restore', path, path], ['restore', path,
                      '--yes'], ['backup'], ['backup', '-'], ['verify', 'x'],
                      ['backup', path, path]):
        run = site.cache(*arguments, check=False)
        tap.equal(run.returncode, 2, 'usage: %s' % arguments[:1])


def test_targets(site):
    """Where a backup cannot be put, what is there stays as it is."""
    folder = os.path.join(site.folder, 'folder')
    os.mkdir(folder)
    link = os.path.join(site.folder, 'link')
    os.symlink('/etc/hostname', link)
    for place, why in ((folder, 'no file'), (link, 'no file'),
                       (os.path.join(folder, 'a', 'b'), 'No such file'),
                       ('/dev/null', 'no file'),
                       ('x' * 5000, 'too long')):
        run = site.cache('backup', place, check=False)
        tap.ok(run.returncode == 1 and (why in run.text or
                                        'name too long' in run.text),
               'no backup to ' + place[:30], run.text)
    tap.ok(os.path.islink(link) and not os.listdir(folder), 'nothing there')
    before = os.stat(site.trust)
    state = os.path.dirname(site.trust)
    os.symlink(state, os.path.join(folder, 'state'))
    for place in (site.trust, site.trust + '-wal',
                  os.path.join(state, 'daemon', '..', 'trust.db'),
                  os.path.join(folder, 'state', 'trust.db')):
        run = site.cache('backup', place, check=False)
        after = os.stat(site.trust)
        tap.ok(run.returncode == 1 and 'state directory' in run.text and
               (after.st_ino, after.st_mode) == (before.st_ino,
                                                 before.st_mode),
               'nor in the place of trust.db', run.text)
    path = os.path.join(site.folder, 'twice')
    with open(path, 'w', encoding='ascii') as file:
        file.write('old')
    os.chmod(path, 0o644)
    run = site.cache('backup', path, '--json')
    told = json.loads(run.text)
    tap.ok(told['bytes'] == os.path.getsize(path) and
           told['change'] == site.rows('SELECT number FROM state')[0][0] and
           os.stat(path).st_mode & 0o777 == 0o600,
           'an older one is replaced', told)
    with installed.small_disk(os.path.join(site.folder, 'disk'),
                              'size=16k') as disk:
        if disk is None:
            tap.skip('a full disk', 'no right to mount')
            return
        run = site.cache('backup', os.path.join(disk, 'copy'), check=False)
        tap.ok(run.returncode == 1 and 'No space' in run.text and
               not os.listdir(disk), 'a full disk: nothing is left', run.text)


def prune(site, *more, **options):
    run = site.cache('prune', '--json', *more, check=False, **options)
    try:
        return json.loads(run.text)
    except ValueError:
        return {'error': run.text}


class Authgear(http.server.BaseHTTPRequestHandler):
    """Has a clock of its own, and nothing else."""

    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Length', '0')
        self.end_headers()

    def date_time_string(self, timestamp=None):
        return email.utils.formatdate(time.time() + self.server.ahead,
                                      usegmt=True)

    def log_message(self, *_):
        """Nothing."""


@contextlib.contextmanager
def authgear():
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Authgear)
    server.ahead = 0
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def fill_for_prune(site, now):
    for name, ended in (('old', 31), ('recent', 29), ('live', -1)):
        site.cache('revoke', 'token', stdin=test_revoke_command.token(
            issuer=site.endpoint, jti=name, exp=now - ended * DAY))
    site.cache('revoke', 'token', stdin='K7dQ2mZx9LwB4vTn8RcY1sHj6FpG3aEu')
    for arguments in (['revoke', 'user', 'u'], ['revoke', 'client', 'c'],
                      ['revoke', 'key', 'k'], ['revoke', 'all'],
                      ['block', 'user', 'b', '--until', '+1h']):
        site.cache(*arguments)
    site.change('UPDATE revocation SET time = 1000')
    site.change('UPDATE audit SET time = 1000')


def test_prune_clocks(site, server):
    """What ended long ago goes, by both clocks; neither alone drops it."""
    before = rows(site)
    tap.equal(prune(site, '--dry-run'), {
        'dropped': False, 'tokens': 1, 'others': 0, 'audit': 0},
        'what would be dropped')
    server.ahead = -5 * DAY
    tap.equal(prune(site).get('tokens'), 0, 'Authgear says that it is earlier')
    server.ahead = 3650 * DAY
    tap.equal(prune(site, '--dry-run').get('tokens'), 1,
              'that it is later counts for nothing')
    server.ahead = 0
    # as if this machine's clock were a year ahead of it
    site.change('UPDATE revocation SET expires = expires + 365 * 86400')
    tap.equal(prune(site).get('tokens'), 0, 'nothing ended yet')
    site.change('UPDATE revocation SET expires = expires - 365 * 86400')
    tap.equal(rows(site), before, 'nothing was dropped')
    clock = os.path.join(site.folder, 'clock')
    with open(clock, 'w', encoding='ascii') as file:
        file.write(str(365 * DAY))
    ahead = dict(os.environ, WALL_CLOCK_FILE=clock, LD_PRELOAD=os.path.join(
        tap.BUILD, 'tests/e2e/.libs/wall_clock.so'))
    site.cache('revoke', 'token', stdin='L7dQ2mZx9LwB4vTn8RcY1sHj6FpG3aEu')
    told = prune(site, '--older-than', '-1d', '--audit', '--dry-run',
                 env=ahead)
    tap.equal((told.get('tokens'), told.get('others')), (1, 1),
              'a year ahead: by the other clock')
    told = prune(site, '--older-than', str(int(time.time()) + 100 * DAY),
                 env=ahead)
    tap.ok('future' in told.get('error', ''), 'a year ahead: no time to come',
           told)
    site.cache('lift', 'token', stdin='L7dQ2mZx9LwB4vTn8RcY1sHj6FpG3aEu')


def test_prune_ends(site, now):
    """Who revoked a token that says an early end cannot have it dropped while
    one that says a later end counts: each way that a second one comes."""
    def end():
        return site.rows("SELECT expires FROM revocation WHERE value = 'two'"
                         )[0][0]

    def say(ended):
        site.cache('revoke', 'token', stdin=test_revoke_command.token(
            issuer=site.endpoint, jti='two', exp=now + ended * DAY))

    say(-40)
    early, _ = back_up(site, 'early')
    say(9)
    tap.equal(end(), now + 9 * DAY, 'revoked again: the later end counts')
    late, _ = back_up(site, 'late')
    say(-50)
    tap.equal(end(), now + 9 * DAY, 'an earlier one does not')
    restore(site, early)
    tap.equal(end(), now + 9 * DAY, 'nor that of a backup')
    export = os.path.join(site.folder, 'export')
    with open(export, 'w', encoding='utf-8') as file:
        file.write(site.cache('export').text)
    for name, command in (('restore', late), ('import', export)):
        site.change("UPDATE revocation SET expires = 5 WHERE value = 'two'")
        site.cache(name, command)
        tap.equal(end(), now + 9 * DAY, 'a later one of %s does' % name)
    site.change("UPDATE revocation SET expires = NULL WHERE value = 'two'")
    endless, _ = back_up(site, 'endless')
    restore(site, late)
    tap.equal(end(), None, 'one that tells none ends never')
    site.change("UPDATE revocation SET expires = 5 WHERE value = 'two'")
    restore(site, endless)
    tap.equal(end(), None, 'nor does it once that comes')
    site.cache('lift', 'token', stdin=test_revoke_command.token(
        issuer=site.endpoint, jti='two'))


def test_prune(site, server):
    test_prune_ends(site, int(time.time()))
    fill_for_prune(site, int(time.time()))
    path, _ = back_up(site, 'before-prune')
    test_prune_clocks(site, server)
    count = len(rows(site))
    tap.equal(prune(site, '--reason', 'yearly'), {
        'dropped': True, 'tokens': 1, 'others': 0, 'audit': 0}, 'pruned')
    tap.equal(len(rows(site)), count - 1, 'one is gone')
    tap.equal(prune(site).get('tokens'), 0, 'once')
    audit = site.rows('SELECT count(*) FROM audit WHERE time < %d' %
                      (time.time() - DAY))[0][0]
    told = prune(site, '--older-than', '-1d')
    tap.equal((told.get('others'), told.get('audit')), (1, 0),
              'a credential that told no end, by its age')
    kept = sorted(row[0] for row in rows(site))
    tap.equal(kept, ['all', 'client', 'key', 'token', 'token', 'user',
                     'user'], 'user, client, key and all stay')
    told = prune(site, '--older-than', '-1d', '--audit')
    tap.ok(told.get('audit') == audit, 'the audit, but for what is new',
           (told, audit))
    told = prune(site, '--older-than', '+1h')
    tap.ok('future' in told.get('error', ''), 'no time to come', told)
    for arguments in (['--audit'], ['x'], ['--older-than']):
        run = site.cache('prune', *arguments, check=False)
        tap.equal(run.returncode, 2, 'usage: prune %s' % arguments)
    told = restore(site, path)
    tap.equal(told.get('added'), 2, 'and a backup has it all')


def test_prune_alone(site):
    """Authgear is down."""
    told = prune(site)
    tap.ok('nothing was dropped' in told.get('error', ''),
           'Authgear is down: nothing', told)
    for older in ('-1d', 'now'):
        told = prune(site, '--older-than', older)
        tap.ok('with a date' in told.get('error', ''),
               'nor by an age, which needs a clock: ' + older, told)
    run = site.cache('prune', '--older-than', str(int(time.time()) - DAY),
                     check=False)
    tap.ok(run.returncode == 0 and 'no token is dropped that ended' in
           run.text and '0 tokens that ended' in run.text,
           'but what is older than a time', run.text)


def test_verify(site):
    run = site.cache('verify', '--json')
    tap.equal(json.loads(run.text), {'trust.db': 'sound',
                                     'status.db': 'sound'}, 'verify')
    site.change('CREATE VIEW more AS SELECT 1')
    run = site.cache('verify', check=False)
    tap.ok(run.returncode == 1 and 'its view more is not as' in run.text,
           'what is none of ours is said', run.text)
    path, run = back_up(site, 'of-more')
    tap.ok(run.returncode == 1 and not os.path.exists(path) and
           'its view more' in run.text, 'and not backed up', run.text)
    site.change('DROP VIEW more')
    for path in (site.trust, site.status):
        database = sqlite3.connect(path)
        database.execute('PRAGMA wal_checkpoint(TRUNCATE)')
        database.close()
    os.rename(site.status, site.status + '.away')
    run = site.cache('verify')
    tap.ok('status.db: not there yet' in run.text and
           'status.db: sound' not in run.text, 'none: is not sound', run.text)
    os.rename(site.status + '.away', site.status)
    copy = site.copy('sound')
    with open(site.status, 'r+b') as file:
        for page in range(1, 40):
            file.seek(4096 * page)
            file.write(b'\0' * 8)
    with open(site.trust, 'r+b') as file:
        file.seek(2 * 4096)
        file.write(b'\0' * 8)
    run = site.cache('verify', check=False)
    tap.ok(run.returncode == 1 and 'db: sound' not in run.text and
           'trust.db: ' in run.text and 'status.db: ' in run.text,
           'both damaged: said', run.text)
    path, run = back_up(site, 'of-damage')
    tap.ok(run.returncode == 1 and not os.path.exists(path),
           'a damaged one is not backed up', run.text)
    shutil.copyfile(copy, site.trust)


def main():
    who = installed.required('backup')
    with installed.Site(who, {'validate': 'hybrid'}) as site:
        token = site.token('one', session=True)
        with site.daemon() as daemon:
            installed.warm(daemon, token)
            fill(site)
            site.cache('lift', 'all')
            site.cache('block', 'user', 'one')
            site.cache('lift', 'user', 'one')
            path, run = back_up(site, 'granted')
            tap.equal(run.returncode, 0, 'backup')
            granted, then = rows(site), accounts(site)
            site.cache('block', 'user', 'one')
            path_first, _, _ = test_merge(site, daemon, token)
            test_exact(site, daemon, token, path, granted, then)
            test_lineage(site, daemon, token, path)
            test_refused(site, path_first)
            test_copied(site)
            test_targets(site)
            tap.equal(sessions.say(daemon.path, ('Bearer ' + token, None)),
                      sessions.LIVE, 'the daemon goes on')
        test_verify(site)
    with authgear() as server:
        endpoint = 'http://127.0.0.1:%d' % server.server_port
        with installed.Site(who, sim=False, endpoint=endpoint) as site:
            test_prune(site, server)
    with installed.Site(who, sim=False, endpoint=endpoint) as site:
        fill_for_prune(site, int(time.time()))
        test_prune_alone(site)
    tap.done()


if __name__ == '__main__':
    main()
