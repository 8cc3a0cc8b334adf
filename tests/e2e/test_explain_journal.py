"""authgear-cache explain --request by the journal: a systemd-journald in a
mount namespace of its own, lines of several users under the daemon's name; and
which standard input is read, and which is not waited for."""
# beside others: it mostly waits

import contextlib
import json
import os
import socket
import subprocess
import time

import gate
import installed
import tap

ID = '0123456789abcdef'
STRANGERS = (33, 1234, 65534)
JOURNALD = '/lib/systemd/systemd-journald'
# the name of this machine is its own, too
INSIDE = r'''
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/systemd/journald.conf.d /run/systemd/journal /run/log
echo 0123456789abcdef0123456789abcdef >/run/id
mount --bind /run/id /etc/machine-id
mount -t tmpfs -o mode=755 tmpfs /var/log
printf '[Journal]\nReadKMsg=no\nAudit=no\nStorage=volatile\n' \
    >/run/systemd/journald.conf.d/test.conf
printf 'ForwardToSyslog=no\nForwardToWall=no\nForwardToConsole=no\n' \
    >>/run/systemd/journald.conf.d/test.conf
exec ''' + JOURNALD


class Journal:
    def __init__(self, site):
        self.process = gate.Process(
            'journald', ['unshare', '--mount', 'sh', '-ec', INSIDE],
            site.folder)
        run = '/proc/%d/root/run/' % self.process.pid
        gate.until(lambda: all(os.path.exists(run + name) for name in (
            'id', 'systemd/journal/dev-log')), 'a journal of its own')

    def run(self, *command, **options):
        return subprocess.run(
            ['nsenter', '--target', str(self.process.pid), '--mount'] +
            list(command), check=False, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=gate.PATIENCE, **options)

    def has(self, text):
        return text.encode() in self.run(
            'journalctl', '--no-pager', '--quiet').stdout

    def write(self, uid, text, name='authgear-fcgi'):
        """A line of this user, once it is there."""
        self.run('setpriv', '--reuid=%d' % uid, '--regid=%d' % uid,
                 '--clear-groups', 'logger', '--socket',
                 '/run/systemd/journal/dev-log', '--tag', name, '--', text)
        gate.until(lambda: self.has(text), 'in the journal: ' + text[:40])

    def forge(self, uid, text):
        """With all that the journal's own protocol takes."""
        self.run('setpriv', '--reuid=%d' % uid, '--regid=%d' % uid,
                 '--clear-groups', 'logger', '--journald', input=(
                     'SYSLOG_IDENTIFIER=authgear-fcgi\n_UID=0\nUID=0\n'
                     '_SYSTEMD_UNIT=authgear-fcgi.service\nMESSAGE=%s\n' %
                     text).encode())
        gate.until(lambda: self.has(text), 'in the journal: ' + text[:40])


def decided(reason, request, more=''):
    return 'decision=denied reason=%s policy=default request=%s%s' % (
        reason, request, more)


def told(journal, site, request, before=()):
    run = journal.run(*before, *site.command('explain', '--json', '--request',
                                             request),
                      stdin=subprocess.DEVNULL)
    text = run.stdout.decode()
    try:
        return json.loads(text)['reason']
    except ValueError:
        return text


def test_users(journal, site, who):
    """Whose lines count."""
    for number, uid in enumerate(STRANGERS):
        request = '%016x' % number
        journal.write(uid, decided('revoked', request))
        tap.ok('no decision' in told(journal, site, request),
               'a line of uid %d: is none' % uid, told(journal, site, request))
    journal.forge(1234, decided('revoked', 'f' * 16))
    tap.ok('no decision' in told(journal, site, 'f' * 16),
           'nor with fields of its own', told(journal, site, 'f' * 16))
    journal.write(0, decided('revoked', 'e' * 16), 'other')
    tap.ok('no decision' in told(journal, site, 'e' * 16),
           'nor root\'s under another name', told(journal, site, 'e' * 16))
    for number, (uid, name) in enumerate((
            (who.pw_uid, 'authgear-fcgi'), (who.pw_uid, 'authgear-check'),
            (0, 'authgear-fcgi'), (0, 'authgear-check'))):
        request = '%016x' % (0x100 + number)
        for reason, by in (('expired', STRANGERS[0]), ('user-blocked', uid),
                           ('expired', STRANGERS[1])):
            journal.write(by, decided(reason, request), name)
        tap.equal(told(journal, site, request), 'user-blocked',
                  '%s of uid %d, before and behind others\'' % (name, uid))


def test_states(journal, site, who):
    request = '%016x' % 0x100
    place = os.path.join(site.state, 'daemon')
    got = told(journal, site, request, (
        'setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'))
    tap.ok('run this as root' in got and '--file' in got,
           'who may not look at the state is told so', got)
    os.rename(place, place + '.away')
    tap.ok('no decision' in told(journal, site, request),
           'no daemon yet: root\'s lines alone', told(journal, site, request))
    os.mkdir(place, 0o700)
    os.chown(place, 1235, 1235)
    tap.ok('no decision' in told(journal, site, request),
           'another user\'s state: not these', told(journal, site, request))
    journal.write(1235, decided('signed-out', request))
    tap.equal(told(journal, site, request), 'signed-out', 'but that one\'s')
    os.rmdir(place)
    os.rename(place + '.away', place)
    tap.equal(told(journal, site, request), 'user-blocked', 'and back')


@contextlib.contextmanager
def kept_open(kind):
    """Standard input of which this process keeps the other end."""
    if kind == 'a socket':
        ours, theirs = (end.detach() for end in socket.socketpair())
    else:
        theirs, ours = os.pipe()
    try:
        yield theirs, ours
    finally:
        os.close(ours)
        os.close(theirs)


def test_silence(journal, site):
    """Nobody waits for ever where nobody said to read."""
    request = '%016x' % 0x100
    for kind in ('a pipe', 'a socket'):
        with kept_open(kind) as (theirs, _):
            began = time.monotonic()
            run = journal.run(*site.command('explain', '--request', request),
                              stdin=theirs)
            text = run.stdout.decode()
            tap.ok(run.returncode == 0 and 'user-blocked' in text and
                   'nothing came on stdin' in text and '--file -' in text,
                   kind + ' that is silent: the journal, and it is said',
                   text)
            tap.ok(time.monotonic() - began < gate.PATIENCE / 2, 'soon')
        with kept_open(kind) as (theirs, ours):
            os.write(ours, decided('signed-out', request).encode() + b'\n')
            run = journal.run(*site.command('explain', '--request', request),
                              stdin=theirs)
            tap.ok(run.returncode == 0 and b'signed-out' in run.stdout,
                   kind + ' that has the line, and no end', run.stdout)
    for name, text in (('an end', b''), ('a line end', b'\n')):
        run = journal.run(*site.command('explain', '--request', request),
                          input=text)
        tap.ok((b'user-blocked' in run.stdout) == (text == b''),
               'a pipe with nothing but ' + name, run.stdout)
    run = journal.run(*site.command('explain', '--request', request,
                                    '--file', '-'), input=b'')
    tap.ok(run.returncode == 1 and b'no decision' in run.stdout,
           '--file - is standard input alone', run.stdout)


def doctor(site, stdin, *more):
    run = subprocess.run(
        site.command('doctor', '--json', *more), stdin=stdin,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=gate.PATIENCE, check=False)
    rows = [json.loads(line) for line in run.stdout.decode().splitlines()]
    return [row for row in rows if row['subject'] == 'token']


def test_doctor(site):
    for kind in ('a pipe', 'a socket'):
        for text in (b'', b'eyJhb', b'K7dQ2mZx9LwB4vTn8RcY1sHj6FpG3aEu\n'):
            with kept_open(kind) as (theirs, ours):
                os.write(ours, text)
                rows = doctor(site, theirs)
                tap.ok(len(rows) == 1 and rows[0]['finding'] == 'unknown' and
                       ('did not end' if text else 'none is on stdin') in
                       rows[0]['text'] and 'eyJhb' not in str(rows) and
                       'K7dQ' not in str(rows),
                       'doctor: %s with %d bytes and no end' % (
                           kind, len(text)), rows)
    with kept_open('a socket') as (theirs, ours), \
            open('/dev/null', 'rb') as null:
        rows = doctor(site, null)
        tap.ok('none is on stdin' in rows[0]['text'], 'doctor: a device',
               rows)


def main():
    who = installed.required('explain by the journal')
    if not installed.can_mount():
        tap.skip('explain by the journal', 'no right to mount')
        tap.done()
    with installed.Site(who, sim=False, endpoint='http://127.0.0.1:9') as \
            site:
        journal = Journal(site)
        try:
            test_users(journal, site, who)
            test_states(journal, site, who)
            test_silence(journal, site)
        finally:
            journal.process.stop()
        test_doctor(site)
    tap.done()


if __name__ == '__main__':
    main()
