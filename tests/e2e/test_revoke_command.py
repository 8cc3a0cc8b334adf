"""authgear-cache revoke, block, lift, list: what they write and say."""

import base64
import hashlib
import json
import os
import resource
import sqlite3
import subprocess
import time

import gate
import tap

PROGRAM = tap.program('authgear-cache')
ISSUER = 'http://127.0.0.1:9'
USER = '5c9d0f3a-7be1-4f5e-9d55-0f9e8f1b7a11'
OPAQUE = 'K7dQ2mZx9LwB4vTn8RcY1sHj6FpG3aEu'
COOKIE = USER + '.' + OPAQUE
SECRETS = [OPAQUE, COOKIE]


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode('ascii')


def token(issuer=ISSUER, typ='at+jwt', **claims):
    """What looks like a token; nobody signed it."""
    header = {'alg': 'RS256', 'kid': 'one', 'typ': typ}
    payload = {'iss': issuer, 'sub': USER, 'jti': 'jti-1'}
    payload.update(claims)
    payload = {name: value for name, value in payload.items()
               if value is not None}
    made = '.'.join([base64url(json.dumps(header).encode('ascii')),
                     base64url(json.dumps(payload).encode('utf-8')),
                     base64url(b'\xff' * 256)])
    SECRETS.append(made)
    return made


class Answer:
    def __init__(self, run):
        self.status = run.returncode
        self.out = run.stdout.decode('utf-8', 'backslashreplace')
        self.err = run.stderr.decode('utf-8', 'backslashreplace')

    def __str__(self):
        return 'status %d\nstdout: %s\nstderr: %s' % (
            self.status, self.out, self.err)

    def json(self):
        try:
            return json.loads(self.out)
        except ValueError:
            return {}

    def lines(self):
        """One object a line."""
        return [json.loads(line) for line in self.out.splitlines()]


class Cache:
    """The program with one configuration; remembers all that it said."""

    def __init__(self, site):
        self.site = site
        self.trust = os.path.join(site.state, 'trust.db')
        self.said = ''

    def run(self, *arguments, stdin=b''):
        if isinstance(stdin, str):
            stdin = stdin.encode('utf-8')
        answer = Answer(subprocess.run(
            [PROGRAM, arguments[0], '--config', self.site.config] +
            list(arguments[1:]), input=stdin, timeout=gate.PATIENCE * 2,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False))
        self.said += answer.out + answer.err
        return answer

    def query(self, sql, *values):
        database = sqlite3.connect(self.trust)
        try:
            return database.execute(sql, values).fetchall()
        finally:
            database.close()

    def rows(self):
        return self.query('SELECT kind, value, rule, from_time, until_time,'
                          ' reason FROM revocation ORDER BY id')

    def clear(self):
        for row in self.query('SELECT id FROM revocation'):
            self.run('lift', str(row[0]))


def test_usage():
    for command in ('revoke', 'block', 'lift', 'list'):
        run = Answer(subprocess.run(
            [PROGRAM, command, '--help'], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False))
        tap.ok(run.status == 0 and run.out.startswith('usage:') and
               not run.err, command + ' --help', run)


def test_wrong_usage(cache):
    for arguments in (
            ['revoke'], ['revoke', 'nonsense', 'x'], ['revoke', 'client'],
            ['revoke', 'key'], ['revoke', 'user', 'a', 'b'],
            ['revoke', 'user', ''], ['revoke', 'all', 'x'],
            ['revoke', 'user', '-'], ['block', 'user', '-'],
            ['lift', 'user', '-'], ['revoke', 'token', '-'],
            ['revoke', 'token', 'x'], ['revoke', 'user', token()],
            ['revoke', 'key', 'x', '--at', 'now'],
            ['revoke', 'user', 'x', '--until', '+1h'],
            ['revoke', 'user', 'x', '--file', 'y'],
            ['revoke', 'user', 'x', '--nonsense'],
            ['block'], ['block', 'all'], ['block', 'token'],
            ['block', 'key', 'x'], ['block', 'client'],
            ['block', 'user', 'x', '--at', 'now'],
            ['lift'], ['lift', '0'], ['lift', '-1'], ['lift', 'x'],
            ['lift', '1', 'x'], ['lift', '1', '--file', 'x'],
            ['lift', 'client'], ['lift', 'user', 'x', '--at', 'now'],
            ['list'], ['list', 'nonsense'], ['list', 'revocations', 'x'],
            ['list', 'revocations', '--reason', 'x'],
            ['list', 'revocations', '--live'],
            ['list', 'revocations', '--user', 'x', '--client', 'y'],
            ['list', 'revocations', '--user', ''],
            ['list', 'revocations', '--limit', '0'],
            ['list', 'revocations', '--limit', '-1'],
            ['list', 'revocations', '--limit', '1000001'],
            ['list', 'revocations', '--limit', '1x'],
            ['list', 'sessions', '--client', 'x'],
            ['list', 'sessions', '--since', '-1d'],
            ['list', 'keys', '--limit', '1'], ['list', 'map', '--active'],
            ['list', 'audit', '--user', 'x']):
        answer = cache.run(*arguments)
        tap.ok(answer.status == 2 and not answer.out and
               "try 'authgear-cache" in answer.err,
               'usage for: %s' % ' '.join(word[:20] for word in arguments),
               answer)
    tap.equal(cache.rows(), [], 'none of them wrote anything')


def test_words(cache):
    """Options that every command knows, before it; a name that is no ID."""
    run = subprocess.run(
        [PROGRAM, '--config', cache.site.config, '--json', 'list',
         'revocations'], stdout=subprocess.PIPE, check=False)
    tap.equal((run.returncode, run.stdout), (0, b''),
              'options before the command')
    answer = cache.run('block', 'user', 'alice')
    tap.ok(answer.status == 0 and 'note:' in answer.err and
           'UUID' in answer.err, 'a user that is no UUID: said', answer)
    answer = cache.run('list', 'revocations')
    tap.ok('REFUSES WHAT' in answer.out and 'always' in answer.out,
           'the list says what a block refuses', answer)
    cache.clear()
    answer = cache.run('revoke', 'user', USER, '--at', '1700000000')
    answer = cache.run('list', 'revocations')
    tap.ok('began until 2023-11-14T22:13:20Z' in answer.out,
           'and what signed out does', answer)
    cache.clear()


def test_user(cache):
    before = int(time.time())
    answer = cache.run('revoke', 'user', USER, '--reason', 'lost phone')
    after = int(time.time())
    rows = cache.rows()
    tap.ok(answer.status == 0 and USER in answer.out and not answer.err and
           'signature' not in answer.out, 'revoke user', answer)
    tap.ok(len(rows) == 1 and rows[0][:3] == ('user', USER, 'signed-out') and
           before <= rows[0][3] <= after and rows[0][4:] ==
           (None, 'lost phone'), 'its row', rows)
    answer = cache.run('revoke', 'user', '--json', '--at', '1700000000',
                       stdin='Bearer %s\n' % token())
    tap.ok(answer.status == 0 and answer.json().get('value') == USER and
           answer.json().get('from') == 1700000000 and
           answer.json().get('added') is True,
           'revoke user, by a token on stdin', answer)
    answer = cache.run('block', 'user', '--until', '+1h', stdin=token())
    tap.ok(answer.status == 0 and 'signature was not checked' in answer.out,
           'block user by a token says that nothing was checked', answer)
    tap.ok(time.time() < cache.rows()[-1][4] < time.time() + 3700,
           'until an hour from now', cache.rows())
    answer = cache.run('lift', 'user', stdin=token())
    tap.ok(answer.status == 0 and '3 lifted' in answer.out and
           answer.out.count('user %s ' % USER) == 3,
           'lift user, by a token on stdin: what is said', answer)
    for text, why in ((OPAQUE, 'does not tell'), (COOKIE, 'does not tell'),
                      (token(sub='client_id_robot'), 'client robot'),
                      (token(sub=None), 'no jti or no sub'),
                      (token(jti=None), 'no jti or no sub'),
                      (token(sub='a\nb'), 'control character'),
                      (token(sub='x' * 2049), 'longer than'),
                      (token(issuer='https://b.example'), 'another issuer'),
                      (token(typ='JWT'), 'wrong-type'),
                      (token()[:-300], 'truncated'),
                      ('', 'empty'), ('\n', 'no credential'),
                      ('two words', 'no credential'),
                      (b'\xff\xfe', 'no credential'),
                      (b'a\0b', 'no credential'),
                      ('x' * 100000, 'too long')):
        answer = cache.run('block', 'user', stdin=text)
        tap.ok(answer.status == 1 and why in answer.err and not answer.out,
               'block user refuses: ' + why, answer)
    tap.equal(cache.rows(), [], 'and wrote nothing')


def test_token(cache):
    folder = cache.site.folder
    path = os.path.join(folder, 'credential.txt')
    with open(path, 'w', encoding='ascii') as file:
        file.write('  ' + token() + ' \r\n')
    answer = cache.run('revoke', 'token', '--file', path)
    tap.ok(answer.status == 0 and 'jti-1' in answer.out,
           'revoke token from a file', answer)
    answer = cache.run('revoke', 'token', '--json', stdin=token())
    tap.ok(answer.status == 0 and answer.json().get('added') is False,
           'the same again: already there', answer)
    for kind, text in (('token', OPAQUE), ('cookie', COOKIE)):
        wanted = hashlib.sha256(text.encode('ascii')).hexdigest()
        answer = cache.run('revoke', 'token', '--json', stdin=text)
        tap.ok(answer.status == 0 and answer.json().get('value') == wanted,
               'an opaque one by its hash: ' + kind, answer)
    tap.equal([row[:3] for row in cache.rows()][:1],
              [('token', 'jti-1', 'revoked')], 'the row of the token')
    answer = cache.run('lift', 'token', stdin=COOKIE)
    tap.ok(answer.status == 0 and len(cache.rows()) == 2,
           'lift token', answer)
    answer = cache.run('lift', 'token', stdin=COOKIE)
    tap.ok(answer.status == 1 and 'no such revocation' in answer.err,
           'nothing left to lift', answer)
    answer = cache.run('revoke', 'token', '--file',
                       os.path.join(folder, 'absent'))
    tap.ok(answer.status == 1 and 'absent' in answer.err,
           'a missing file is named', answer)
    cache.clear()


def test_no_core(cache):
    """What reads a credential leaves none in a core file."""
    def allow():
        resource.setrlimit(resource.RLIMIT_CORE,
                           (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def limits():
        with open('/proc/%d/limits' % process.pid, encoding='ascii') as file:
            return next(line.split()[4:6] for line in file
                        if line.startswith('Max core'))

    with subprocess.Popen(
            [PROGRAM, 'revoke', 'token', '--config', cache.site.config],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=allow if os.getuid() == 0 else None) as process:
        gate.until(lambda: limits() == ['0', '0'], 'no core files')
        process.kill()


def test_token_kept(cache):
    """What is kept of a token beside its jti: what names it in the log, and
    when it ends."""
    jti = hashlib.sha256(b'any').hexdigest()
    text = token(jti=jti, exp=1900000000)
    digits = hashlib.sha256(text.encode('ascii')).hexdigest()[:16]
    answer = cache.run('revoke', 'token', '--json', stdin=text)
    tap.equal([answer.json().get(name) for name in (
        'value', 'credential', 'expires')], [jti, digits, 1900000000],
        'a token is named as the log names it, and its end is kept')
    answer = cache.run('revoke', 'token', stdin=OPAQUE)
    opaque = hashlib.sha256(OPAQUE.encode('ascii')).hexdigest()
    tap.ok('credential ' + opaque[:16] in answer.out, 'also in words', answer)
    rows = cache.run('list', 'revocations', '--json').lines()
    tap.equal([(row['value'], row['credential'], row['expires'])
               for row in rows], [(jti, digits, 1900000000),
                                  (opaque, opaque[:16], None)],
              'so they are listed')
    listed = cache.run('list', 'revocations').out
    tap.ok(digits in listed and opaque[:16] in listed,
           'in the table too', listed)
    tap.equal(sorted(cache.query(
        'SELECT hex(value), hex(credential), expires FROM revocation')),
        sorted([(jti.upper(), digits.upper(), 1900000000),
                (opaque.upper(), opaque[:16].upper(), None)]),
        'and kept, as bytes')
    tap.ok(cache.query("SELECT count(*) FROM audit WHERE detail LIKE '%' || "
                       "? || '%'", digits)[0][0] == 1, 'the audit knows it')
    tap.ok(cache.run('lift', 'token', stdin=text).status == 0 and
           cache.run('lift', 'token', stdin=OPAQUE).status == 0 and
           not cache.rows(), 'and each is lifted by itself')


def test_others(cache):
    tap.ok(cache.run('revoke', 'client', 'portal').status == 0 and
           cache.run('block', 'client', 'robot', '--from', '+1h',
                     '--until', '2199-01-01T00:00:00Z').status == 0 and
           cache.run('revoke', 'key', '--', '-kid').status == 0 and
           cache.run('revoke', 'all', '--at', '-1d').status == 0,
           'client, key, all')
    tap.equal([row[:3] for row in cache.rows()],
              [('client', 'portal', 'signed-out'),
               ('client', 'robot', 'blocked'), ('key', '-kid', 'revoked'),
               ('all', '', 'signed-out')], 'their rows')
    answer = cache.run('lift', 'all')
    tap.ok(answer.status == 0 and len(cache.rows()) == 3,
           'lift all ends only revoke all', answer)
    for arguments, why in (
            (['revoke', 'user', 'x', '--at', '+1h'], 'future'),
            (['revoke', 'all', '--at', '2199-01-01T00:00:00Z'], 'future'),
            (['revoke', 'all', '--at', 'yesterday'], 'no time'),
            (['revoke', 'all', '--at', '2026-01-01'], 'no time'),
            (['block', 'user', 'x', '--until', '-1h'], 'over already'),
            (['block', 'user', 'x', '--until', '1'], 'over already'),
            (['block', 'user', 'x', '--from', '+2h', '--until', '+1h'],
             'ends before it begins'),
            (['revoke', 'client', 'a\tb'], 'control character'),
            (['revoke', 'client', 'a\x1b[31m'], 'control character'),
            (['revoke', 'client', b'a\xff'], 'UTF-8'),
            (['revoke', 'client', 'x' * 2049], 'longer than'),
            (['revoke', 'all', '--reason', 'a\nb'], 'control character'),
            (['revoke', 'all', '--reason', 'x' * 513], 'longer than')):
        answer = cache.run(*arguments)
        tap.ok(answer.status == 1 and why in answer.err and not answer.out
               and '\x1b' not in answer.err,
               'refused: %s %s' % (arguments[:2], why), answer)
    tap.equal(len(cache.rows()), 3, 'and wrote nothing')


def test_list(cache):
    answer = cache.run('list', 'revocations')
    lines = answer.out.splitlines()
    tap.ok(answer.status == 0 and len(lines) == 7 and
           lines[0].startswith('ID') and 'portal' in lines[1] and
           '2199-01-01T00:00:00Z' in lines[3], 'list revocations', answer)
    cache.run('revoke', 'user', 'J\u00fcrgen "x"', '--reason', 'na\u00efve')
    answer = cache.run('list', 'revocations', '--json')
    listed = answer.lines()
    tap.ok(answer.status == 0 and len(listed) == 4 and
           listed[3]['value'] == 'J\u00fcrgen "x"' and
           listed[3]['reason'] == 'na\u00efve' and listed[3]['actor'] and
           listed[3]['source'] == 'cli' and
           listed[2]['from'] is None and listed[2]['until'] is None,
           'list revocations --json', answer)
    ids = [row['id'] for row in listed]
    answer = cache.run('lift', str(ids[0]), '--json', '--reason', 'mistake')
    tap.ok(answer.status == 0 and answer.json() == {'lifted': 1},
           'lift by number', answer)
    answer = cache.run('lift', str(ids[0]))
    tap.ok(answer.status == 1, 'a number serves once', answer)
    cache.run('lift', str(ids[3]))
    answer = cache.run('revoke', 'user', 'next', '--json')
    tap.ok(answer.json().get('id', 0) > max(ids) + 1,
           'and is never given again', answer)
    audit = cache.query('SELECT actor, action, detail FROM audit ORDER BY id')
    tap.ok(any(row[1] == 'lift' and row[2].endswith('mistake')
               for row in audit) and all(row[0] for row in audit),
           'the audit knows who and why', audit)
    cache.clear()
    answer = cache.run('list', 'revocations')
    tap.ok(answer.status == 0 and 'nothing is revoked' in answer.out,
           'an empty list', answer)


def test_audit_whole(cache):
    """A row for every change, none for what was refused."""
    before = len(cache.query('SELECT id FROM audit'))
    cache.run('revoke', 'key', 'kid')
    cache.run('revoke', 'key', 'kid')
    cache.run('block', 'user', 'u', '--until', '1')
    cache.run('lift', 'key', 'kid')
    cache.run('lift', 'key', 'kid')
    tap.equal(len(cache.query('SELECT id FROM audit')) - before, 2,
              'two changes, two rows in the audit')


def test_held(cache):
    """Another process has the file: it is named, then all goes on."""
    holder = sqlite3.connect(cache.trust, isolation_level=None)
    holder.execute('BEGIN IMMEDIATE')
    log = os.path.join(cache.site.folder, 'held')
    process = gate.Process('held', [
        PROGRAM, 'revoke', '--config', cache.site.config, 'user', 'held'],
        log)
    with process:
        process.wait_for('waiting')
        said = process.log()
        tap.ok('process %d (' % os.getpid() in said or
               'another process' in said, 'who holds the file is said', said)
        tap.ok(process.alive(), 'and it waits')
        holder.execute('COMMIT')
        tap.equal(process.wait(), 0, 'then it is done')
    holder.close()
    tap.equal([row[1] for row in cache.rows()], ['held'], 'and written')
    cache.clear()


def test_places(cache):
    """Files that are not as they should be."""
    trust, hidden = cache.trust, cache.trust + '.hidden'
    os.rename(trust, hidden)
    for arguments in (['revoke', 'all'], ['list', 'revocations'],
                      ['lift', '1']):
        answer = cache.run(*arguments)
        tap.ok(answer.status == 1 and 'does not exist' in answer.err,
               'no trust.db: ' + ' '.join(arguments), answer)
    tap.ok(not os.path.exists(trust), 'none is made')
    os.rename(hidden, trust)
    os.chmod(trust, 0o666)
    answer = cache.run('revoke', 'all')
    tap.ok(answer.status == 1 and 'chmod' in answer.err,
           'trust.db that others can write', answer)
    os.chmod(trust, 0o640)
    answer = cache.run('revoke', 'all', '--config', '/nonexistent')
    tap.ok(answer.status == 1 and '/nonexistent' in answer.err,
           'no settings', answer)


def test_no_secrets(cache):
    kept = cache.said.encode('utf-8', 'backslashreplace')
    for folder, _, names in os.walk(cache.site.state):
        for name in names:
            with open(os.path.join(folder, name), 'rb') as file:
                kept += file.read()
    tap.ok(not any(secret.encode('ascii') in kept for secret in SECRETS),
           'no credential in any file or in what was said')


def main():
    test_usage()
    with gate.Site(sim=False, endpoint=ISSUER,
                   settings={'insecure_allow_http': 'yes'}) as site:
        cache = Cache(site)
        test_wrong_usage(cache)
        test_words(cache)
        test_user(cache)
        test_token(cache)
        test_no_core(cache)
        test_token_kept(cache)
        test_others(cache)
        test_list(cache)
        test_audit_whole(cache)
        test_held(cache)
        test_places(cache)
        test_no_secrets(cache)
    tap.done()


if __name__ == '__main__':
    main()
