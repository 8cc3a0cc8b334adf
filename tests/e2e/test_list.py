"""authgear-cache list, as root of an installed state: sessions and keys of the
daemon, revocations and the audit by filters; tables that fit, JSON that stays
as it is, and nothing that a hostile row could do to who looks."""

import hashlib
import json
import os
import sqlite3
import subprocess
import unicodedata

import gate
import installed
import sessions
import tap

WIDTH = 100
SESSION = ['credential', 'kind', 'state', 'user', 'anonymous', 'verified',
           'authenticated', 'looked_up']
FIELDS = {
    'revocations': ['id', 'kind', 'value', 'rule', 'from', 'until', 'reason',
                    'actor', 'source', 'time', 'credential', 'expires'],
    'map': ['time', 'account', 'user', 'reason', 'actor'],
    'audit': ['id', 'time', 'actor', 'action', 'detail'],
    'sessions': SESSION,
    'keys': ['kid', 'state', 'thumbprint', 'why', 'fetched', 'due'],
}
HOSTILE = ('a\x1b[2Jb', 'x\ny', '\x7f', 'e\u202evil', '\x9b31m', 'z\u200bz')


def listed(site, *arguments):
    run = site.cache('list', *arguments, '--json', check=False)
    if run.returncode != 0:
        return run.text
    return [json.loads(line) for line in run.text.splitlines()]


def timeless(rows):
    """When a lookup was follows from its age: a second more or less."""
    return [{name: row[name] for name in row if name != 'looked_up'}
            for row in rows]


def columns(line):
    return sum(2 if unicodedata.east_asian_width(each) in 'WF' else 1
               for each in line)


def digits(text):
    return hashlib.sha256(text.encode('ascii')).hexdigest()[:16]


def test_sessions(site, daemon):
    people = [sessions.Person(site.sim.control, kinds=sessions.KINDS[:1] +
                              ('session', 'JWT')) for _ in range(3)]
    texts = []
    for who in people:
        for kind in who.way:
            tap.equal(sessions.say(daemon.path, who.way[kind]), sessions.LIVE,
                      'live: ' + kind)
            texts.append(who.text[kind])
    out = people[2]
    out.log_out('session')
    sessions.set_age(site, 70)
    sessions.say(daemon.path, out.way['session'])
    wanted = {digits(text) for text in texts}
    gate.until(lambda: [row['state'] for row in listed(site, 'sessions')
                        ].count('not-live') == 1, 'an ended session')
    rows = listed(site, 'sessions')
    tap.equal({row['credential'] for row in rows} & wanted, wanted,
              'each credential by the digits of the log')
    tap.equal(rows[-1]['credential'], digits(out.text['session']),
              'the newest lookup comes last')
    tap.equal((rows[-1]['kind'], rows[-1]['state'], rows[-1]['user']),
              ('session-cookie', 'not-live', None), 'its row')
    one = listed(site, 'sessions', '--user', people[0].name)
    tap.equal(sorted((row['kind'], row['user']) for row in one),
              [(kind, people[0].name) for kind in (
                  'jwt', 'opaque-token', 'session-cookie')], 'by user')
    live = listed(site, 'sessions', '--live')
    tap.ok(len(live) == len(rows) - 1 and
           all(row['state'] == 'live' and row['user'] for row in live),
           'live ones', live)
    for limit in (1, 2, 5, len(rows), 1000):
        tap.equal(timeless(listed(site, 'sessions', '--limit', str(limit))),
                  timeless(rows[-limit:]), 'the newest %d' % limit)
    tap.equal(len(listed(site, 'sessions', '--limit', '2', '--user',
                         people[0].name)), 2, 'both')
    text = site.cache('list', 'sessions', '--user', 'nobody').text
    tap.equal(text, 'no such session is known here\n', 'nobody')
    tap.equal(listed(site, 'sessions', '--user', 'nobody'), [], 'as JSON')


def test_many(site, daemon):
    """More than are read at a time, in each order."""
    who = sessions.Person(site.sim.control, kinds=('opaque',))
    sessions.say(daemon.path, who.way['opaque'])
    gate.until(lambda: listed(site, 'sessions')[-1]['user'] == who.name,
               'its row')
    texts = ['%032d' % number for number in range(1500)]
    sessions.adopt(site, texts)
    rows = listed(site, 'sessions')
    tap.ok(len(rows) > 1500 and {digits(text) for text in texts} <=
           {row['credential'] for row in rows}, 'all of them', len(rows))
    tap.equal(timeless(listed(site, 'sessions', '--limit', '700')),
              timeless(rows[-700:]), 'the newest of them')
    mine = [row for row in rows if row['user'] == who.name]
    tap.ok(len(mine) == 1501 and timeless(listed(
        site, 'sessions', '--user', who.name)) == timeless(mine),
        'of one user')
    tap.equal(timeless(listed(site, 'sessions', '--user', who.name, '--limit',
                              '300')), timeless(mine[-300:]),
              'the newest of those')
    tap.ok(all(row['looked_up'] is None for row in mine[-10:]),
           'of another boot it is not told when', mine[-1])


def test_keys(site):
    rows = listed(site, 'keys')
    tap.ok(len(rows) >= 1 and all(
        row['state'] == 'serves' and row['fetched'] <= row['due']
        for row in rows), 'keys', rows)
    site.cache('revoke', 'key', rows[0]['kid'])
    tap.equal(listed(site, 'keys')[0]['state'], 'revoked', 'a revoked one')
    site.cache('lift', 'key', rows[0]['kid'])


def test_revocations(site):
    site.cache('revoke', 'user', 'ann', '--at', '-1h', '--reason', 'x' * 500)
    site.cache('block', 'user', 'ann', '--from', '-2d', '--until', '+1h')
    site.cache('block', 'user', 'ann', '--from', '+1h', '--until', '+2h')
    site.cache('block', 'client', 'ann', '--reason', '\u540d\u524d' * 80)
    site.change("UPDATE revocation SET until_time = 1000000000, "
                "from_time = NULL WHERE value = 'ann' AND kind = 'user' AND "
                "from_time < until_time - 86400")
    everything = listed(site, 'revocations')
    tap.equal([(row['kind'], row['rule']) for row in everything],
              [('user', 'signed-out'), ('user', 'blocked'),
               ('user', 'blocked'), ('client', 'blocked')], 'all')
    tap.equal(listed(site, 'revocations', '--user', 'ann'), everything[:3],
              'of a user')
    tap.equal(listed(site, 'revocations', '--client', 'ann'), everything[3:],
              'of a client')
    tap.equal(listed(site, 'revocations', '--active'),
              [everything[0], everything[3]], 'what holds now')
    tap.equal(listed(site, 'revocations', '--limit', '2'), everything[-2:],
              'the newest')
    tap.equal(listed(site, 'revocations', '--user', 'ann', '--limit', '1'),
              everything[2:3], 'both')
    tap.equal(listed(site, 'revocations', '--since', '-1h'), everything,
              'added since')
    tap.equal(listed(site, 'revocations', '--since', '+1h'), [], 'not yet')
    text = site.cache('list', 'revocations', '--user', 'ben').text
    tap.equal(text, 'nothing of that is revoked\n', 'nobody')
    run = site.cache('list', 'audit', '--since', 'yesterday', check=False)
    tap.ok(run.returncode == 1 and 'no time' in run.text, 'no time', run.text)
    audit = listed(site, 'audit')
    numbers = [row['id'] for row in audit]
    tap.ok(numbers == sorted(numbers) and audit[0]['action'] == 'init' and
           {row['id'] for row in everything} <= set(numbers),
           'the audit has each by its number', audit)
    tap.equal(listed(site, 'audit', '--limit', '3'), audit[-3:], 'its end')
    tap.equal(listed(site, 'audit', '--since', '-7d'), audit, 'since')


def test_digits(site, daemon):
    """One credential has the same digits wherever it is named."""
    who = sessions.Person(site.sim.control, kinds=('JWT', 'opaque'))
    for kind in who.way:
        text = who.text[kind]
        sessions.say(daemon.path, who.way[kind])
        site.cache('revoke', 'token', stdin=text)
        tap.equal(sessions.say(daemon.path, who.way[kind]), (401, 'revoked'),
                  'revoked: ' + kind)
        gate.until(lambda sign=digits(text): any(
            row['credential'] == sign for row in listed(site, 'sessions')),
            'its row')
        tap.ok(digits(text) in daemon.log() and any(
            row['credential'] == digits(text)
            for row in listed(site, 'revocations')),
            'log, sessions and revocations: ' + kind)


def by_digits(site, sign, *more):
    return site.cache('revoke', 'token', '--digits', sign, *more,
                      check=False)


def test_by_digits(site, daemon):
    """What the log tells of a credential is enough to take it back."""
    who = sessions.Person(site.sim.control, kinds=('JWT', 'opaque',
                                                   'session'))
    for kind, said in who.way.items():
        sign = digits(who.text[kind])
        run = by_digits(site, sign)
        tap.ok(run.returncode == 1 and 'begins with ' + sign in run.text,
               'not known yet: ' + kind, run.text)
        tap.equal(sessions.say(daemon.path, said), sessions.LIVE,
                  'live: ' + kind)
        gate.until(lambda sign=sign: by_digits(site, sign).returncode == 0,
                   'its row')
        tap.equal(sessions.say(daemon.path, said), (401, 'revoked'),
                  'revoked by its digits: ' + kind)
        row = listed(site, 'revocations')[-1]
        tap.equal((row['kind'], row['value'], row['credential']),
                  ('token', hashlib.sha256(who.text[kind].encode()
                                           ).hexdigest(), sign), 'its row')
    for sign in ('', '0' * 15, '0' * 17, 'X' * 16, 'A' * 16, '0' * 64, '--'):
        tap.equal(by_digits(site, sign).returncode, 2, 'none: %r' % sign)
    for kind, more in (('user', ()), ('token', ('--file', '/dev/null')),
                       ('token', ('--at', 'now')), ('token', ('x',))):
        run = site.cache('revoke', kind, '--digits', '0' * 16, *more,
                         check=False)
        tap.equal(run.returncode, 2, 'usage: %s %s' % (kind, more))
    key = hashlib.sha256(b'twice').digest()
    for last in (1, 2):
        sessions.change_rows(
            site, 'INSERT INTO session (id, key, kind, is_live, doubted_at, '
            'boot, started) VALUES (?, ?, ?, 0, 0, 1, 0)',
            int.from_bytes(key[:8], 'big', signed=True) & ~3 | last,
            key[:-1] + bytes([last]), last)
    run = by_digits(site, key[:8].hex())
    tap.ok(run.returncode == 1 and 'more than one' in run.text,
           'two that begin so', run.text)


def test_told_digits(site, daemon):
    """Whose they are is the daemon's word, and told as that."""
    who = sessions.Person(site.sim.control, kinds=('opaque',))
    sign = digits(who.text['opaque'])
    sessions.say(daemon.path, who.way['opaque'])
    gate.until(lambda: any(row['credential'] == sign
                           for row in listed(site, 'sessions')), 'its row')

    def told(*more):
        run = subprocess.run(
            site.command('revoke', 'token', '--digits', sign, *more),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, check=False, timeout=gate.PATIENCE)
        return run.returncode, run.stdout.decode(), run.stderr.decode()

    for more in ((), ('--json',)):
        status, out, note = told(*more)
        tap.ok(status == 0 and 'of user %s, live, looked up 20' % who.name in
               note and 'hand the token itself over' in note and
               who.name not in out and (not more or json.loads(out)),
               'told beside it: %s' % (more,), (out, note))
    wrong = hashlib.sha256(b'another').digest()[8:]
    for name, change, value, part in (
            ('one that is not live any more', 'is_live = 0, user_id = ?',
             None, 'of nobody any more, not-live'),
            ('a user of line ends', 'is_live = 1, user_id = ?',
             'a\nauthgear-cache: b\x1b[2J\u202e', 'of user a?authgear-cache: '
             'b?[2J?, live'),
            ('another tail, which nobody can check',
             "user_id = 'x', key = CAST(substr(key, 1, 8) || ? AS BLOB)",
             wrong, 'of user x, live'),
            ('a kind that there is not', 'kind = ?', 9,
             'of these digits: nothing.'),
            ('a key that is too short',
             'key = CAST(substr(key, 1, 8) || ? AS BLOB)', b'', ''),
            ('no key', 'key = CAST(substr(key, 1, 7) || ? AS BLOB)', b'', '')):
        sessions.change_rows(site, 'UPDATE session SET ' + change + ' WHERE '
                             'substr(key, 1, 7) = ?', value,
                             bytes.fromhex(sign[:14]))
        status, out, note = told()
        tap.ok(status == (part == '') and part in note and
               note.count('\n') == 1 and '\x1b' not in note,
               'digits: ' + name, (status, out, note))


def test_status(site, daemon):
    told = json.loads(site.cache('status', '--json').text)
    trust, status = told['trust'], told['status']
    tap.ok(trust['revocations'] == len(listed(site, 'revocations')) and
           trust['changes'] == len(listed(site, 'audit')) and
           trust['last'] == listed(site, 'audit')[-1]['id'] and
           trust['size'] == os.path.getsize(site.trust) and
           trust['error'] is None, 'status: trust.db', trust)
    tap.ok(status['max_sessions'] == 100000 and
           status['keys_serving'] == len(listed(site, 'keys')) and
           status['schema'] == 4 and 0 <= status['newest_msecs'] < 600000 and
           status['error'] is None, 'status: status.db', status)
    tap.ok({'pid': daemon.pid, 'name': 'authgear-fcgi'} in told['open_by'],
           'status: the daemon', told['open_by'])
    holder = sqlite3.connect(site.status, isolation_level=None)
    holder.execute('BEGIN IMMEDIATE')
    told = json.loads(site.cache('status', '--json').text)
    holder.execute('ROLLBACK')
    holder.close()
    tap.ok('process %d' % os.getpid() in (told['status']['holder'] or ''),
           'status: who holds it', told['status'])
    text = site.cache('status').text
    tap.ok(max(columns(line) for line in text.splitlines()) <= WIDTH and
           'open by' in text, 'status for people', text)
    with gate.Process('watch', site.command('status', '--watch', '--json'),
                      site.folder) as watch:
        gate.until(lambda: watch.log(watch.out).count('\n') > 1,
                   'two of them')
        tap.ok(all(json.loads(line) for line in
                   watch.log(watch.out).splitlines()[:2]), 'status --watch')
    site.sim.fault('drop', '/_resolver/resolve')
    who = sessions.Person(site.sim.control, kinds=('opaque',))
    other = sessions.Person(site.sim.control, kinds=('opaque',))
    for _ in range(4):
        sessions.say(daemon.path, who.way['opaque'])
        sessions.say(daemon.path, other.way['opaque'])
    gate.until(lambda: json.loads(site.cache('status', '--json').text)[
        'status']['failures'] > 0, 'failures of the resolver')
    site.sim.no_fault()


def test_fields(site):
    site.cache('map', 'add', 'user-with-an-account', 'l' * 200, '--reason',
               'r' * 100)
    for name, fields in FIELDS.items():
        rows = listed(site, name)
        tap.ok(rows and all(list(row) == fields for row in rows),
               'fields of ' + name, rows[:1])
        text = site.cache('list', name).text
        widest = max(columns(line) for line in text.splitlines())
        tap.ok(widest <= WIDTH and len(text.splitlines()) > len(rows),
               'the table of %s fits' % name, widest)
    reason = 'for %sits last word' % ('many a word ' * 30)
    site.cache('revoke', 'client', 'told-whole', '--reason', reason)
    for name in ('revocations', 'audit'):
        text = site.cache('list', name, '--limit', '1').text
        tap.ok(max(columns(line) for line in text.splitlines()) <= WIDTH and
               reason in ' '.join(text.split()),
               'why stands whole in the table of ' + name, text)


def test_hostile(site):
    """Whatever the daemon's user writes is text, and no more than that."""
    for number, user in enumerate(HOSTILE):
        sessions.change_rows(
            site, 'UPDATE session SET user_id = ? WHERE id = (SELECT id FROM '
            'session WHERE is_live = 1 ORDER BY id LIMIT 1 OFFSET ?)', user,
            number)
    run = site.cache('list', 'sessions')
    bad = [each for each in run.text if each != '\n' and (
        unicodedata.category(each) in ('Cc', 'Cf'))]
    tap.ok(not bad and 'a?[2Jb' in run.text, 'nothing reaches the terminal',
           bad)
    rows = listed(site, 'sessions')
    tap.ok(isinstance(rows, list) and {row['user'] for row in rows} >=
           set(HOSTILE), 'JSON has it whole, escaped')
    text = site.cache('list', 'sessions', '--json').text
    bad = [each for each in text if each != '\n' and (
        unicodedata.category(each) in ('Cc', 'Cf'))]
    tap.ok(not bad and '\\u009B31m' in text, 'nor by that', bad)
    for sql, left in (
            ("UPDATE session SET roles = printf('%.*c', 70000, 'a') "
             "WHERE is_live = 1", 'not-live'),
            ("UPDATE session SET kind = 77", None),
            ("UPDATE session SET is_live = 9", None),
            ("UPDATE session SET key = x'00'", None)):
        sessions.change_rows(site, sql)
        rows = listed(site, 'sessions')
        tap.ok(isinstance(rows, list) and
               {row['state'] for row in rows} == {left} - {None},
               'rows of nonsense are none: ' + sql[:40], rows[:3])
    owners = {os.lstat(os.path.join(site.state, 'daemon', name)).st_uid
              for name in os.listdir(os.path.join(site.state, 'daemon'))}
    tap.equal(owners, {site.who.pw_uid}, 'root made no file there')


def refusal(site, name, wanted):
    for what in ('sessions', 'keys'):
        run = site.cache('list', what, check=False)
        tap.ok(run.returncode == 1 and wanted in run.text,
               '%s: %s' % (name, what), run.text)


def test_files(site):
    """status.db is not what it should be: said, and left as it is."""
    path, aside = site.status, site.status + '.aside'
    for suffix in ('-wal', '-shm'):
        if os.path.exists(path + suffix):
            os.unlink(path + suffix)
    os.rename(path, aside)
    refusal(site, 'absent', 'status.db')
    secret = os.path.join(site.folder, 'secret')
    with open(secret, 'w', encoding='ascii') as file:
        file.write('root:hash')
    os.chmod(secret, 0o600)
    os.symlink(secret, path)
    refusal(site, 'a link', 'status.db')
    os.unlink(path)
    with open(path, 'w', encoding='ascii') as file:
        file.write('noise' * 1000)
    os.chown(path, site.who.pw_uid, site.who.pw_gid)
    os.chmod(path, 0o600)
    refusal(site, 'noise', 'status.db')
    tap.ok(not any('corrupt' in name for name in os.listdir(
        os.path.dirname(path))), 'nothing is set aside')
    os.unlink(path)
    os.rename(aside, path)
    database = sqlite3.connect(path)
    with database:
        database.execute("UPDATE about SET endpoint = 'https://b.example'")
    database.close()
    refusal(site, 'another endpoint', 'endpoint')
    daemon = os.path.dirname(path)
    os.rename(daemon, daemon + '.aside')
    refusal(site, 'no directory', 'init')
    os.symlink(daemon + '.aside', daemon)
    refusal(site, 'a link for the directory', 'symbolic link')


def test_examples(site):
    """Those of the manual page, as they stand there."""
    page = os.path.join(tap.SRC, 'man', 'authgear-cache.8')
    with open(page, encoding='ascii') as file:
        examples = [line.split('# ', 1)[1].strip() for line in file
                    if line.startswith('.Dl # authgear-cache ')]
    folder = os.path.join(site.folder, 'examples')
    os.mkdir(folder)
    for name in ('token.txt', 'password.txt'):
        with open(os.path.join(folder, name), 'w', encoding='ascii') as file:
            file.write(site.sim.token(session=True) + '\n')
    with open(os.path.join(folder, 'accounts.csv'), 'w',
              encoding='ascii') as file:
        file.write('user,account\nof-an-example,example\n')
    tap.ok(len(examples) > 5, 'there are examples', examples)
    for example in examples:
        line = example.replace('--user authgear', '--user ' +
                               site.who.pw_name)
        program, command = line.split(' ', 2)[:2]
        run = subprocess.run(
            ['sh', '-c', line.replace('%s %s' % (program, command), ' '.join(
                site.command(command)), 1)], cwd=folder, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        tap.equal(run.returncode, 0, 'example: ' + example)


def test_other_user(site):
    nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
    for what in [['list', name] for name in FIELDS] + [
            ['status'], ['verify'], ['export'], ['explain'], ['prune'],
            ['accept'], ['keys', 'refresh'], ['revoke', 'user', 'x'],
            ['revoke', 'token', '--digits', '0123456789abcdef'],
            ['lift', '1'], ['map', 'add', 'x', 'y'],
            ['backup', '/nowhere/file'], ['restore', '/dev/null'],
            ['import', '/dev/null'], ['map', 'import', '/dev/null']]:
        run = subprocess.run(
            nobody + site.command(*what), check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        # a build for coverage cannot write its counts as that user
        said = [line for line in run.stdout.splitlines()
                if not line.startswith(b'profiling:')]
        tap.ok(run.returncode == 1 and len(said) == 1 and said[0].endswith(
            b': Permission denied; run this as root'),
               'another user: ' + ' '.join(what), run.stdout)


def main():
    who = installed.required('list')
    with installed.Site(who, {'validate': 'hybrid',
                              'session_ttl': '60'}, policies={
            'default': {}, 'admin': {'require_role': 'admin'},
            'mail': {'remote_user': 'map'}}) as site:
        with site.daemon() as daemon:
            sessions.warm(daemon, site.sim.control)
            test_sessions(site, daemon)
            test_many(site, daemon)
            test_keys(site)
            test_revocations(site)
            test_digits(site, daemon)
            test_by_digits(site, daemon)
            test_told_digits(site, daemon)
            test_fields(site)
            test_other_user(site)
            test_examples(site)
            test_status(site, daemon)
        test_hostile(site)
        test_files(site)
    tap.done()


main()
