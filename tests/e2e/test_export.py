"""authgear-cache export and import: what is revoked moves to another host as
it is, byte for byte; what is there stays, and a file that is cut, changed or
made up moves nothing."""

import contextlib
import filecmp
import json
import os
import subprocess

import gate
import installed
import tap
import test_backup

WINDOWS = (('always', ()), ('past', ('--from', '-2h', '--until', '+1h')),
           ('present', ('--from', '-1h', '--until', '+1h')),
           ('future', ('--from', '+1h', '--until', '+2h')))
ROWS = int(os.environ.get('AUTHGEAR_TEST_ROWS') or 2000)
FATES = ('kept', 'lifted', 'replaced', 'lifted-and-back', 'twice')


def exported(site):
    """Its stdout alone, as it goes to a file."""
    run = subprocess.run(site.command('export'), stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         timeout=gate.PATIENCE, check=False)
    if run.returncode != 0:
        raise ChildProcessError(run.stderr)
    return run.stdout


def put(site, text, name='moved'):
    path = os.path.join(site.folder, name)
    with open(path, 'wb') as file:
        file.write(text)
    return path


def imported(site, text, *more):
    run = site.cache('import', put(site, text), '--json', *more, check=False)
    try:
        return json.loads(run.text)
    except ValueError:
        return {'error': run.text}


def go_through(site, fate, value, kind, command, other):
    """One revocation and what becomes of it."""
    site.cache(*command)
    if fate.startswith('lifted'):
        site.cache('lift', kind, value)
    if fate == 'replaced':
        site.cache('lift', kind, value)
        site.cache(*other, '--reason', 'again')
    elif fate == 'lifted-and-back':
        site.cache(*command, '--reason', 'back')
    elif fate == 'twice':
        site.cache(*command, '--reason', 'and again')


def fill(site):
    """Each kind in each window, whatever became of it."""
    for fate in FATES:
        for name, window in WINDOWS:
            value = '%s %s "\u00fc\\' % (name, fate)
            go_through(site, fate, value, 'user',
                       ('block', 'user', value) + window,
                       ('block', 'user', value, '--until', '+9h'))
        for kind in ('client', 'user'):
            go_through(site, fate, 'out-' + fate, kind,
                       ('revoke', kind, 'out-' + fate, '--at', '-1d'),
                       ('revoke', kind, 'out-' + fate, '--at', '-2h'))
        go_through(site, fate, 'kid-' + fate, 'key',
                   ('revoke', 'key', 'kid-' + fate),
                   ('revoke', 'key', 'kid-' + fate))
    site.cache('block', 'client', 'app', '--until', '+1h')
    site.cache('revoke', 'all', '--at', '-30d', '--reason', 'moved in')
    site.cache('revoke', 'all', '--at', '-3d')
    site.cache('revoke', 'token', stdin=site.token('ann'))
    site.cache('revoke', 'token', stdin='K7dQ2mZx9LwB4vTn8RcY1sHj6FpG3aEu')
    site.change("UPDATE revocation SET until_time = from_time + 60 "
                "WHERE value LIKE 'past %'")
    # two that nothing tells apart count as one
    site.change("INSERT INTO revocation SELECT kind, value, 1000000, rule, "
                "from_time, until_time, reason, actor, source, time, "
                "credential, expires FROM revocation WHERE value = 'app'")
    site.cache('map', 'add', 'u1', 'one')
    site.cache('map', 'add', 'u1', 'first', '--reason', 'renamed')
    site.cache('map', 'add', 'u2', 'two')
    site.cache('map', 'add', 'u3', 'three')
    site.cache('map', 'remove', 'u3')


def test_round_trip(site, other, text):
    lines = [json.loads(line) for line in text.splitlines()]
    tap.equal(lines[0], {'export': 1, 'endpoint': site.endpoint}, 'its head')
    tap.equal(lines[-1], {'lines': len(lines) - 1}, 'its end')
    states = {(row['kind'], row['value'].split(' ')[0]) for row in lines
              if 'kind' in row}
    tap.ok(len(states) >= 16, 'each kind in each window', states)
    tap.equal(text, exported(site), 'twice it is the same')
    run = other.cache('import', put(other, text), '--reason', 'a new host')
    tap.ok('revocations added, 0 were there; 2 accounts set' in run.text,
           'imported', run.text)
    tap.equal(exported(other), text, 'and exported again: byte by byte')
    unlike = ("SELECT %s FROM revocation WHERE id < 1000000 ORDER BY kind, "
              "value, id" % test_backup.WITHOUT_ID)
    tap.equal(other.rows(unlike), site.rows(unlike), 'each row as it was')
    tap.equal(test_backup.accounts(other), [('u1', 'first'), ('u2', 'two')],
              'and each account')
    ids = [row[0] for row in other.rows('SELECT id FROM revocation')]
    audit = [row[0] for row in other.rows('SELECT id FROM audit')]
    tap.ok(len(set(ids)) == len(ids) and set(ids) <= set(audit),
           'each number is that of its audit row')
    last = other.rows('SELECT action, detail FROM audit ORDER BY id')[-1]
    tap.ok(last[0] == 'import' and 'a new host' in last[1], 'the audit '
           'tells it', last)
    tap.equal(other.cache('verify').returncode, 0, 'sound')
    before = other.rows('SELECT number FROM state')
    told = imported(other, text)
    tap.equal((told.get('added'), told.get('accounts'), told.get('kept'),
               other.rows('SELECT number FROM state')), (0, 0, 0, before),
              'a second time: nothing')


def test_merge(site, text):
    """What is there stays, and is in force at once where daemons run."""
    token = site.token('one')
    with site.daemon() as daemon:
        installed.warm(daemon, token)
        site.cache('block', 'user', 'one', '--reason', 'mine')
        ours = exported(site)
        site.cache('lift', 'user', 'one')
        site.cache('block', 'user', 'stays')
        site.cache('map', 'add', 'other', 'first')
        site.cache('map', 'add', 'u2', 'changed')
        tap.equal(installed.say(daemon, token), installed.GRANTED, 'before')
        told = imported(site, ours)
        tap.equal(installed.say(daemon, token), installed.BLOCKED,
                  'a daemon that runs goes on by it')
        tap.equal((told.get('added'), told.get('accounts')), (1, 0), 'merged')
    told = imported(site, text)
    tap.ok(told.get('added', 0) > 20 and told.get('kept') == 2, 'another\'s',
           told)
    tap.equal(test_backup.accounts(site), [('other', 'first'),
                                           ('u2', 'changed')],
              'nobody loses an account')
    tap.ok(('stays',) in site.rows(), 'nothing is let in')


def changed(lines, at, **members):
    row = json.loads(lines[at])
    row.update(members)
    row = {name: value for name, value in row.items() if value != 'drop'}
    return join(lines[:at] + [json.dumps(row).encode()] + lines[at + 1:])


def join(lines):
    return b'\n'.join(lines) + b'\n'


def bad_files(lines):
    """(name, text, what is said of it)"""
    of = {kind: next(at for at, line in enumerate(lines)
                     if b'"kind":"%s"' % kind in line)
          for kind in (b'user', b'key', b'token', b'all')}
    user, key, token = of[b'user'], of[b'key'], of[b'token']
    account = len(lines) - 2
    here = 'line %d: ' % (user + 1)
    yield 'empty', b'', 'cut short'
    yield 'no export', b'{"kind":"user"}\n', 'no export of authgear-cache'
    yield 'text', b'hello\n', 'line 1: not strict JSON'
    yield 'of a later release', changed(lines, 0, export=2), 'later release'
    yield 'of another endpoint', changed(lines, 0, endpoint='https://b'), \
        'another endpoint'
    yield 'with a word more in its head', changed(lines, 0, more=1), 'line 1'
    yield 'without a line', join(lines[:2] + lines[3:]), 'number of lines'
    yield 'with a line twice', join(lines[:2] + lines[1:]), 'number of lines'
    yield 'with more behind it', join(lines + [lines[1]]), 'behind the last'
    yield 'with a blank line', join(lines[:2] + [b''] + lines[2:]), 'line 3'
    yield 'with bytes of nothing', join(lines[:user] + [b'\0' * 9] +
                                        lines[user:]), here
    yield 'with an endless line', join(lines[:user] + [b' ' * 40000]), here
    for name, members in (
            ('a member more', {'more': 1}), ('one less', {'until': 'drop'}),
            ('a kind that is none', {'kind': 'group'}),
            ('a rule of another kind', {'rule': 'revoked'}),
            ('a number as text', {'from': '1'}), ('a real', {'from': 1.5}),
            ('a time before 1970', {'until': -2}),
            ('one of twenty digits', {'until': 10 ** 19}),
            ('one of thirty', {'until': 10 ** 29}),
            ('true for a time', {'time': True}),
            ('null for a time', {'time': None}),
            ('an empty value', {'value': ''}),
            ('null for a value', {'value': None}),
            ('a control character', {'value': 'a\nb'}),
            ('an escape', {'reason': '\x1b[2J'}),
            ('a long reason', {'reason': 'x' * 513}),
            ('a long value', {'value': 'x' * 2049}),
            ('a credential of a user', {'credential': '0' * 16}),
            ('an end of a user', {'expires': 1}),
            ('an end before the beginning', {'rule': 'blocked', 'from': 9,
                                             'until': 8})):
        yield name, changed(lines, user, **members), here
    yield 'a key with a time', changed(lines, key, **{'from': 1}), \
        'no such revocation'
    yield 'half a credential', changed(lines, token, credential='0' * 15), \
        'line %d' % (token + 1)
    yield 'a credential of capitals', changed(
        lines, token, credential='A' * 16), 'no such credential'
    yield 'all of somebody', changed(lines, of[b'all'], value='x'), \
        'no such revocation'
    for name, members in (('no account', {'account': ''}),
                          ('blanks around it', {'account': ' x'}),
                          ('a long one', {'account': 'x' * 256}),
                          ('no user', {'user': ''}),
                          ('a number as user', {'user': 1}),
                          ('a member of a revocation', {'kind': 'user'})):
        yield name, changed(lines, account, **members), \
            'line %d: ' % (account + 1)
    yield 'a member twice', join(
        lines[:user] + [lines[user].replace(b'{', b'{"kind":"user",', 1)] +
        lines[user + 1:]), here


def test_refused(site, text):
    before = site.rows('SELECT * FROM state')
    lines = text.splitlines()
    for name, bad, why in bad_files(lines):
        told = imported(site, bad)
        tap.ok(why in told.get('error', ''), 'refused: ' + name, told)
    wrong = []
    for length in [len(text) - 1, len(text) - 2] + [
            len(join(lines[:count])) for count in range(1, len(lines), 7)] + [
                len(text) * part // 13 for part in range(13)]:
        told = imported(site, text[:length])
        if 'error' not in told:
            wrong.append((length, told))
    tap.equal(wrong, [], 'cut anywhere it is refused')
    for path, why in ((site.folder, 'no file'), ('/dev/zero', 'no file'),
                      (os.path.join(site.folder, 'absent'), 'No such file')):
        run = site.cache('import', path, check=False)
        tap.ok(run.returncode == 1 and why in run.text, 'refused: ' +
               os.path.basename(path), run.text)
    tap.equal(site.rows('SELECT * FROM state'), before,
              'and nothing was changed')
    for arguments in (['import'], ['import', 'a', 'b'], ['import', ''],
                      ['export', 'x'], ['import', 'a', '--yes']):
        run = site.cache(*arguments, check=False)
        tap.equal(run.returncode, 2, 'usage: %s' % arguments)


def measured(command, out=os.devnull):
    """Its exit status and the most memory that it took, in KB (at least that
    of this program, which it was forked from)."""
    with open(out, 'wb') as file, subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss


def count(site):
    return site.rows('SELECT count(*) FROM revocation')[0][0]


def test_many(site):
    """However many there are, they take no memory by their number."""
    path = os.path.join(site.folder, 'many')
    row = {'kind': 'token', 'value': '', 'rule': 'revoked', 'from': None,
           'until': None, 'reason': '', 'actor': 'root', 'source': 'cli',
           'time': 1, 'credential': None, 'expires': 2}
    form = json.dumps(row, separators=(',', ':')).replace('"value":""',
                                                          '"value":"%064x"')
    with open(path, 'w', encoding='ascii') as file:
        file.write('{"export":1,"endpoint":"%s"}\n' % site.endpoint)
        for number in range(ROWS):
            file.write(form % number + '\n')
        file.write('{"lines":%d}\n' % (ROWS + 1))
    for name, before in (('added', 0), ('there already', ROWS)):
        tap.equal(count(site), before, '%d before' % before)
        status, memory = measured(site.command('import', path))
        tap.note('note: %d rows, %s: %d KB' % (ROWS, name, memory))
        tap.ok(status == 0 and memory < 65536, '%d rows, %s' % (ROWS, name),
               (status, memory))
    tap.equal(count(site), ROWS, 'all are there')
    status, memory = measured(site.command('export'), path + '.again')
    tap.ok(status == 0 and memory < 65536, '%d rows, exported' % ROWS,
           (status, memory))
    tap.ok(filecmp.cmp(path, path + '.again', shallow=False),
           'and go out as they came')


def test_not_exported(site):
    """What import would refuse, and a full disk."""
    with open('/dev/full', 'wb') as full:
        run = subprocess.run(site.command('export'), stdout=full,
                             stderr=subprocess.PIPE, check=False)
    tap.ok(run.returncode == 1 and b'writing to stdout failed' in run.stderr,
           'a full disk is said', run.stderr)
    site.change("INSERT INTO account VALUES ('u7', char(7), '', 'x', 1)")
    run = site.cache('export', check=False)
    tap.ok(run.returncode == 1 and 'cannot be exported' in run.text and
           '"lines"' not in run.text, 'a row of nonsense is said', run.text)


def main():
    who = installed.required('export')
    with contextlib.ExitStack() as stack:
        site = stack.enter_context(installed.Site(who, {'validate': 'jwt'}))
        other, third, fourth = (stack.enter_context(installed.Site(
            who, sim=False, endpoint=site.endpoint)) for _ in range(3))
        empty = exported(site)
        tap.equal(len(empty.splitlines()), 2, 'an empty state')
        tap.equal(imported(other, empty).get('id'), 0, 'moves nothing')
        fill(site)
        text = exported(site)
        test_refused(other, text)
        test_round_trip(site, other, text)
        third.sim, third.token = None, site.token
        test_merge(third, text)
        test_not_exported(third)
        test_many(fourth)
    tap.done()


if __name__ == '__main__':
    main()
