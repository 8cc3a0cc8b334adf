"""authgear-cache map import: a file of users and accounts, all of it or
nothing, and what would change said first."""

import json
import os
import pty
import sqlite3
import subprocess

import gate
import tap
import test_backup

BAD = (
    ('nothing', b'', 'names nobody'),
    ('only a head', b'user,account\n', 'names nobody'),
    ('the columns the other way', b'account,user\nx,a\n',
     'line 1: the first column must be the user'),
    ('so, in other letters', b'Account,User\nx,a\n', 'line 1'),
    ('one field', b'a,x\nb\n', 'line 2: there are not two fields'),
    ('semicolons', b'user;account\r\na;x\r\n',
     'line 1: there are not two fields, user and account: semicolons'),
    ('tabs', b'user\taccount\na\tx\n', 'save the file with commas'),
    ('UTF-16', 'user,account\r\na,x\r\n'.encode('utf-16'),
     'save the file as UTF-8'),
    ('three fields', b'a,x,1\n', 'line 1: there are not two fields'),
    ('twenty fields', b',' * 20 + b'\n', 'line 1: it has too many fields'),
    ('a blank line', b'a,x\n\nb,y\n', 'line 2'),
    ('a blank line at the end', b'a,x\n\n', 'line 2'),
    ('a head further down', b'a,x\nuser,account\nuser,account2\n',
     'lines 2 and 3 have the same user'),
    ('no user', b',x\n', 'line 1: the user is empty'),
    ('no account', b'a,\n', 'line 1: the account is empty'),
    ('blanks around an account', b'a, x\n', 'line 1'),
    ('a long account', b'a,' + b'x' * 256 + b'\n', 'longer than 255'),
    ('a long user', b'a' * 2049 + b',x\n', 'longer than 2048'),
    ('an endless field', b'a' * 100000, 'line 1: the record is too long'),
    ('a quote that is not closed', b'a,x\n"b,y\nc,z\n',
     'line 2: a quote is not closed'),
    ('a quote within', b'a,x"y\n', 'line 1: a quote stands'),
    ('text behind a quote', b'a,"x"y\n', 'line 1: a quote stands'),
    ('a carriage return within', b'a,x\ry\n', 'a carriage return ends no'),
    ('a carriage return at the end', b'a,x\r', 'a carriage return ends no'),
    ('a NUL', b'a,x\0\n', 'line 1: it has a NUL'),
    ('two', b'a,\nb,x\n,y\n',
     'line 1: the account is empty (wrong as well: line 3)'),
    ('many', b'ok,fine\n' + b'a\n' * 12, 'line 2: there are not two fields, '
     'user and account (wrong as well: lines 3, 4, 5, 6, 7, 8 and 5 more)'),
    ('one, and an end within', b'a,\nb,"x\n',
     'line 1: the account is empty'),
    ('no UTF-8', b'a,\xff\n', 'line 1: the account is not UTF-8'),
    ('a line within an account', b'a,"x\ny"\n', 'line 1: the account has a'),
    ('an escape', b'a,\x1b[2J\n', 'line 1: the account has a control'),
    ('a bad line late', b''.join(b'u%d,a%d\n' % (i, i) for i in range(999)) +
     b'u999\n', 'line 1000: '),
    ('a line behind one of two', b'a,"x\ny",z\nb\n', 'line 1: '),
    ('a token as user', b'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.AAAA,x\n',
     'line 1: '),
    ('a user twice', b'a,x\nb,y\na,z\n', 'lines 1 and 3 have the same user'),
    ('an account twice', b'a,x\nb,y\nc,x\n',
     'lines 1 and 3 have the same account'),
    ('a row twice', b'a,x\na,x\n', 'lines 1 and 2 have the same user'),
    ('the account of another', b'a,x\nb,taken\n',
     'line 2: another user has the account'),
)


def put(site, text):
    path = os.path.join(site.folder, 'map.csv')
    with open(path, 'wb') as file:
        file.write(text)
    return path


def given(site, text, *more):
    run = site.cache('map', 'import', put(site, text), *more, check=False)
    return run.returncode, run.text


def accounts(site):
    return test_backup.accounts(site)


class Site(gate.Site):
    def rows(self, sql):
        database = sqlite3.connect(self.trust)
        try:
            return database.execute(sql).fetchall()
        finally:
            database.close()


def test_refused(site):
    before = site.rows('SELECT * FROM account'), site.rows(
        'SELECT * FROM state')
    for name, text, why in BAD:
        status, said = given(site, text, '--yes')
        tap.ok(status == 1 and why in said, 'refused: ' + name, said)
    run = site.cache('map', 'import', '/absent', check=False)
    tap.ok(run.returncode == 1 and 'No such file' in run.text, 'absent',
           run.text)
    run = site.cache('map', 'import', '-', check=False)
    tap.ok(run.returncode == 1 and 'name a file' in run.text,
           'standard input', run.text)
    run = site.cache('import', '-', check=False)
    tap.ok(run.returncode == 1 and 'to a file first' in run.text,
           'of export, likewise', run.text)
    tap.equal((site.rows('SELECT * FROM account'),
               site.rows('SELECT * FROM state')), before,
              'and nothing was changed')
    for arguments in (['import'], ['import', 'a', 'b'], ['import', ''],
                      ['import', 'a', '--file', 'b'],
                      ['add', 'a', 'b', '--yes'],
                      ['remove', 'a', '--dry-run']):
        run = site.cache('map', *arguments, check=False)
        tap.equal(run.returncode, 2, 'usage: map %s' % arguments)


def test_import(site):
    text = (b'\xef\xbb\xbfuser,account\r\nann,anna\r\n"bob, jr","b ""b"" c"'
            b'\r\n"eve",' + 'j\u00f6rg'.encode() + b'\r\nsame,taken2')
    then = accounts(site)
    status, said = given(site, text, '--dry-run')
    tap.ok(status == 0 and '3 accounts would be set, 1 was so before' in
           said and 'bob, jr' in said and 'old' in said, 'what would change',
           said)
    status, said = given(site, text)
    tap.ok(status == 1 and 'say --yes' in said and 'bob, jr' in said,
           'without a terminal it is not asked', said)
    tap.equal(accounts(site), then, 'and nothing is done')
    status, said = given(site, text, '--json', '--yes', '--reason', 'moved')
    lines = [json.loads(line) for line in said.splitlines()]
    tap.equal((status, lines), (0, [
        {'user': 'ann', 'account': 'anna', 'before': 'old'},
        {'user': 'bob, jr', 'account': 'b "b" c', 'before': None},
        {'user': 'eve', 'account': 'j\u00f6rg', 'before': None},
        {'set': 3, 'same': 1, 'done': True}]), 'it is told and done')
    wanted = [('ann', 'anna'), ('bob, jr', 'b "b" c'),
              ('eve', 'j\u00f6rg'), ('other', 'taken'), ('same', 'taken2')]
    tap.equal(accounts(site), wanted, 'whom it does not name keeps his')
    audit = site.rows('SELECT action, detail FROM audit ORDER BY id')[-3:]
    tap.equal(audit, [('map', user + ' ' + account + ': moved')
                      for user, account in wanted[:3]],
              'each has its row in the audit')
    number = site.rows('SELECT number FROM state')
    status, said = given(site, text)
    tap.ok(status == 0 and '0 accounts are set, 4 were so before' in said,
           'twice: nothing', said)
    tap.equal(site.rows('SELECT number FROM state'), number, 'no change')
    status, said = given(site, b'ann,taken\nother,anna\n', '--yes')
    tap.ok(status == 0 and accounts(site)[0] == ('ann', 'taken') and
           ('other', 'anna') in accounts(site), 'two change places', said)
    status, said = given(site, '\ufb01rst,\ufb01\n'.encode(), '--yes')
    tap.ok(('\ufb01rst', '\ufb01') in accounts(site),
           'a letter that begins as a mark does', said)
    status, said = given(site, b'\xef\xbb\xbf"quoted","q"\n', '--yes')
    tap.ok(('quoted', 'q') in accounts(site), 'a quote behind a mark', said)
    status, said = given(site, b'User ID,Login\n'
                         b'5c9d0f3a-7be1-4f5e-9d55-0f9e8f1b7a11,uuid\n',
                         '--dry-run')
    tap.ok(status == 0 and 'note: line 1: its user is no UUID' in said,
           'a head in other words is told', said)
    status, said = given(site, b'no-uuid,none\n', '--dry-run')
    tap.ok('UUID' not in said, 'where none is one, that is no note', said)
    many = b''.join(b'user-%d,account-%d\n' % (i, i) for i in range(5000))
    status, said = given(site, many, '--yes', '--json')
    tap.ok(status == 0 and '"set":5000' in said and
           len(accounts(site)) == 5007, 'five thousand', said[-200:])


CUT = (
    ('within an account', b'ann,x\nterminal,tt'),
    ('behind it', b'ann,x\nterminal,tty'),
    ('alone', b'terminal,t'),
    ('behind a quote, or within one that is doubled', b'terminal,"tty"'),
    ('where lines end in CR LF', b'ann,x\r\nterminal,tt'),
    ('of one who has another', b'other,take'),
)


def test_cut(site):
    """The last line may be half of one: nobody gets what is left of it."""
    then = accounts(site)
    for name, text in CUT:
        line = 'line %d has no line end' % (text.count(b'\n') + 1)
        for more in (('--yes',), ('--yes', '--json'), ()):
            status, said = given(site, text, *more)
            tap.ok(status == 1 and line + ': if the file is not cut' in said,
                   'refused: cut %s %s' % (name, more), said)
        status, said = given(site, text, '--dry-run')
        tap.ok(status == 0 and 'note: ' + line in said,
               'told by --dry-run: cut ' + name, said)
        status, said, is_set = on_terminal(site, b'n\n', text)
        tap.ok(status == 1 and not is_set and 'note: ' + line in said and
               'nothing was done' in said, 'asked, no: cut ' + name, said)
    for name, text, why in (
            ('within the user', b'ann,x\ntermin', 'there are not two'),
            ('behind the comma', b'ann,x\nterminal,', 'line 2: '),
            ('within quotes', b'ann,x\nterminal,"tt', 'is not closed'),
            ('within the line end', b'ann,x\r\nterminal,tty\r',
             'ends no line'),
            ('within a letter', b'ann,x\nterminal,\xc3', 'not UTF-8')):
        status, said, is_set = on_terminal(site, b'y\n', text)
        tap.ok(status == 1 and why in said and not is_set and 'Go on' not in
               said, 'refused at once: cut ' + name, said)
    tap.equal(accounts(site), then, 'and nothing was changed')
    status, said = given(site, b'user,account\n%s,%s' % tuple(
        text.encode() for text in then[0]), '--yes')
    tap.ok(status == 0 and 'no line end' not in said and
           accounts(site) == then, 'who has it so already is no change',
           said)
    status, said, is_set = on_terminal(site, b'y\n', b'terminal,tty')
    tap.ok(status == 0 and is_set, 'agreed to on a terminal', said)
    site.cache('map', 'remove', 'terminal')


def on_terminal(site, answer, text=b'terminal,tty\n'):
    """With somebody who answers."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answer)
        run = subprocess.run(
            site.command('map', 'import', put(site, text)),
            stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=gate.PATIENCE, check=False)
    finally:
        os.close(ours)
        os.close(theirs)
    return run.returncode, run.stdout.decode(), \
        ('terminal', 'tty') in accounts(site)


def test_terminal(site):
    status, said, is_set = on_terminal(site, b'n\n')
    tap.ok(status == 1 and not is_set and '1 accounts are set. Go on?' in
           said and 'nothing was done' in said, 'no', said)
    status, said, is_set = on_terminal(site, b'y\n')
    tap.ok(status == 0 and is_set, 'yes', said)


def main():
    with Site(sim=False) as site:
        for user, account in (('ann', 'old'), ('other', 'taken'),
                              ('same', 'taken2')):
            site.cache('map', 'add', user, account)
        test_refused(site)
        test_import(site)
        test_cut(site)
        test_terminal(site)
    tap.done()


if __name__ == '__main__':
    main()
