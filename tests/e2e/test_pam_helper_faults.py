"""What stands in the place of authgear-check, and what the host does with its
children: no fault succeeds, none lasts, nothing is left behind."""

import pam_root

# beside others: it has namespaces of its own
pam_root.enter()

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time

import asking
import fastcgi
import gate
import pam_helper
import pam_site
import pam_world
import tap
from pam_helper import BY, PROGRAM
from pam_world import SUCCESS, UNAVAIL
from sessions import RESOLVER

IN = {'auth': SUCCESS, 'account': SUCCESS}
OUT = {'auth': UNAVAIL}
MODES = ('default', 'ignore', 'nowait', 'handler')
ANSWER = '/usr/local/share/answer'
DEADLINE = 2

# what it is, what it does, a word of the module's line
PROGRAMS = (
    ('one that ends', 'exit 0', 'closed before its answer was whole'),
    ('one that fails', 'exit 3', 'closed before its answer was whole'),
    ('one that is killed', 'kill -9 $$', 'closed before its answer'),
    ('one that hangs', 'sleep 1000', 'no answer from authgear-check'),
    ('one that hangs with children that ignore signals',
     'trap "" TERM HUP INT; (trap "" TERM; sleep 1000) & sleep 1000',
     'no answer from authgear-check'),
    ('one that leaves children', 'sleep 1000 <&- & exit 0',
     'closed before its answer was whole'),
    ('one that closes and hangs', 'exec <&-; sleep 1000',
     'closed before its answer was whole'),
    ('garbage', 'head -c 4000 /dev/urandom >&0', 'authgear-check: '),
    ('10 MB of zeros', 'head -c 10000000 /dev/zero >&0', 'authgear-check: '),
    ('10 MB of an answer without an end',
     'printf "\\001\\006\\000\\001\\377\\370\\000\\000" >&0; '
     'head -c 10000000 /dev/zero >&0', 'authgear-check: '),
    ('an endless one', 'cat /dev/zero >&0', 'authgear-check: '),
    ('its question, sent back', 'cat <&0 >&0', 'authgear-check: '),
    ('half of an answer', 'head -c 60 %s >&0' % ANSWER,
     'closed before its answer was whole'),
    ('half of an answer, then nothing',
     'head -c 60 %s >&0; sleep 1000' % ANSWER,
     'no answer from authgear-check'),
    ('an answer and a byte', 'cat %s >&0; printf x >&0' % ANSWER, ''),
    ('an answer for somebody else', 'cat %s.bob >&0' % ANSWER,
     'it is not believed'),
)
LISTED = {'an answer and a byte'}   # whole before the byte comes, or bad


def fault(logins, name, word, mode):
    begun = time.monotonic()
    got = logins.run('alice', logins.alice['session'], ('auth',),
                     ('-s', mode))
    spent = time.monotonic() - begun
    tap.ok((got.codes == OUT or name in LISTED) and len(got.lines) == 1 and
           word in got.lines[0][1], '%s, %s: undecided' % (name, mode), got)
    tap.ok('child=1,0,0' in got.out, '%s, %s: no child is left, signals are '
           'as they were' % (name, mode), got.out)
    tap.ok(spent < DEADLINE + 8, '%s, %s: it ends' % (name, mode), spent)
    # what is killed ends in its own time
    tap.ok(gate.until(lambda: not logins.left(), 'the end of ' + name),
           '%s, %s: no process is left' % (name, mode))


def test_programs(logins):
    for name, text, word in PROGRAMS:
        logins.replace('#!/bin/sh\n%s\n' % text)
        # a hanging one takes its deadline each time
        modes = MODES[:2] if 'no answer' in word else MODES
        for mode in modes:
            fault(logins, name, word, mode)


def test_file(logins):
    machine = logins.machine
    path = machine.path(PROGRAM)
    os.unlink(path)
    fault(logins, 'missing', 'No such file', 'default')
    os.symlink('/bin/true', path)
    fault(logins, 'a symbolic link', 'it is not run', 'default')
    os.unlink(path)
    os.mkdir(path)
    fault(logins, 'a directory', 'it is not run', 'default')
    os.rmdir(path)
    for what, mode, owner, word in (
            ('not executable', 0o644, 0, 'Permission denied'),
            ('writable by its group', 0o775, 0, 'it is not run'),
            ('writable by all', 0o757, 0, 'it is not run'),
            ('of another user', 0o755, machine.ids('bob')[0],
             'it is not run')):
        logins.restore()
        os.chown(path, owner, 0)
        os.chmod(path, mode)
        fault(logins, what, word, 'default')
    logins.restore()
    folder = os.path.dirname(path)
    os.chmod(folder, 0o777)
    fault(logins, 'a folder that all can write', 'it is not run', 'default')
    os.chmod(folder, 0o755)
    logins.replace('no program at all\n')
    fault(logins, 'no program', 'authgear-check: Exec format error',
          'default')
    logins.restore()
    os.rename(machine.path(pam_helper.HTTP), path + '.away')
    http = machine.path(pam_helper.HTTP)
    for what, data in (('no HTTP for it', None), ('an empty file', b''),
                       ('garbage', b'\177ELF' + os.urandom(5000)),
                       ('another library', open(machine.path(
                           PROGRAM), 'rb').read())):
        if data is not None:
            with open(http, 'wb') as file:
                file.write(data)
        # more than what begins a back-off
        for kind in ('session', 'jwt', 'opaque', 'session'):
            got = logins.run('alice', logins.alice.log_in(kind), ('auth',))
            tap.ok(got.codes == OUT and 'local-fault' in got.lines[0][1] and
                   BY in got.lines[0][1], '%s, %s: Authgear cannot be asked, '
                   'and whose fault it is' % (what, kind), got)
    os.unlink(http)
    for what, mode, owner in (
            ('HTTP that its group can write', 0o775, 0),
            ('HTTP that all can write', 0o757, 0),
            ('HTTP of the daemon', 0o755, machine.ids('authgear')[0]),
            ('HTTP of another user', 0o755, machine.ids('bob')[0])):
        shutil.copy2(path + '.away', http)
        os.chmod(http, mode)
        os.chown(http, owner, 0)
        got = logins.run('alice', logins.alice.log_in('session'), ('auth',))
        tap.ok(got.codes == OUT and 'local-fault' in got.lines[0][1],
               what + ': it is not loaded', got)
        os.unlink(http)
    os.symlink(os.path.basename(path) + '.away', http)
    got = logins.run('alice', logins.alice.log_in('session'), ('auth',))
    tap.ok(got.codes == OUT and 'local-fault' in got.lines[0][1],
           'a link to it: likewise', got)
    os.unlink(http)
    os.rename(path + '.away', http)
    got = logins.run('alice', logins.alice.log_in('opaque'))
    tap.equal(got.codes, IN, 'it is asked again at once')


def test_hosts(logins):
    """What hosts do with their children changes nothing."""
    password = logins.alice['session']
    for mode in MODES:
        got = logins.run('alice', password, arguments=('-s', mode))
        tap.ok(got.codes == IN and 'child=1,0,0' in got.out,
               'SIGCHLD, %s: granted, and nothing is left' % mode, got)
        got = logins.run('alice', password, arguments=(
            '-s', mode, '-t', '4', '-n', '5'))
        tap.ok('auth 0 x20' in got.out and 'account 0 x20' in got.out and
               'child=1,0,0' in got.out, 'likewise in four threads', got.out)
    got = logins.run('alice', password, arguments=('-x', '-s', 'default'))
    tap.ok(got.codes == IN and 'child=1,0,0' in got.out,
           'descriptors 0 to 2 are closed', got)
    for what, wrapper in (
            ('few descriptors', 'ulimit -n 12; exec "$@"'),
            ('200 MB of memory', 'ulimit -v 200000; exec "$@"'),
            ('a low processor limit', 'ulimit -t 5; exec "$@"'),
            ('umask 000', 'umask 000; exec "$@"')):
        got = logins.run('alice', password, arguments=('-s', 'default'),
                         wrapper=('sh', '-c', wrapper, 'sh'))
        tap.ok(got.codes == IN and 'child=1,0,0' in got.out,
               what + ': granted, and nothing is left', got)
    # which not every root may raise; the host writes what it has covered
    got = logins.run('alice', password, arguments=('-s', 'default'),
                     wrapper=('sh', '-c', 'trap "" XFSZ; ulimit -f 0; '
                              'exec "$@"', 'sh'))
    tap.ok(got.codes['auth'] in (SUCCESS, UNAVAIL) and 'child=1,0,0' in
           got.out, 'no file may grow: nothing is left', got)
    # where root may raise them; else it is no outage, which others would share
    fresh = logins.alice.log_in('session')
    got = logins.run('alice', fresh, ('auth',), wrapper=(
        'prlimit', '--nproc=0:0'))
    tap.ok(got.codes == {'auth': SUCCESS} or got.codes == OUT and
           'state-unreadable' in got.lines[0][1], 'no thread may begin', got)
    tap.equal(logins.left(), [], 'nothing is left')


def test_given(logins):
    """What the host hands to the program: no more than its question."""
    logins.replace('''#!/bin/sh
exec >/tmp/given
tr '\\0' ' ' </proc/$$/cmdline; echo
cat /proc/self/environ; echo
ls /proc/self/fd | tr '\\n' ' '; echo
grep -E '^Sig(Blk|Ign)' /proc/self/status
cut -d' ' -f5-6 /proc/$$/stat; echo $$
''')
    logins.options('deadline=2 config=/etc/authgear/authgear.conf')
    logins.run('alice', logins.alice['session'], ('auth',), wrapper=(
        'env', 'EVIL=1', 'sh', '-c', 'trap "" HUP INT; exec 7</etc/passwd; '
        'exec "$@"', 'sh'))
    given = logins.machine.read('/tmp/given').splitlines()
    secret = logins.alice['session']
    tap.ok(re.search(r'--msecs \d+ --config /etc/authgear/authgear.conf $',
                     given[0]) and secret not in '\n'.join(given),
           'its arguments, without the credential', given)
    # the shell adds its own
    tap.ok(not re.search('EVIL|PATH=/usr/sbin|TZ', given[1]),
           'no environment of the host', given[1])
    tap.equal(given[2].split(), ['0', '1', '2', '3'],
              'no descriptor but its own (3 is the folder)')
    # but the two that are the C library's own
    tap.equal([int(line.split()[1], 16) & ~(3 << 31) for line in given[3:5]],
              [0, 0], 'no signal is blocked or ignored')
    tap.equal(given[5].split(), [given[6]] * 2,
              'a group and a session of its own')
    logins.restore()
    logins.options('deadline=%d' % DEADLINE)


def status_of(pid):
    with open('/proc/%s/status' % pid, encoding='ascii') as file:
        return dict(line.rstrip('\n').split(':\t', 1) for line in file
                    if ':\t' in line)


def running(logins):
    for line in logins.left():
        if '(authgear-check)' in line:
            return line.split()[0]
    return None


# limits and a share that whoever calls a set-uid host may choose
OTHERS = ('chrt', '-i', '0', 'nice', '-n', '5', 'prlimit', '--nproc=1:',
          '--data=200000000:', '--stack=500000000:')


def session_keyrings():
    """Their numbers; None if this kernel has none."""
    try:
        with open('/proc/keys', encoding='ascii') as file:
            return {line.split()[0] for line in file if ' _ses' in line}
    except OSError:
        return None


def test_process(logins):
    """What it is while Authgear keeps it waiting."""
    uid, gid = logins.machine.ids('authgear')
    logins.options('deadline=10')
    logins.sim.fault('hang', RESOLVER)
    password = logins.alice.log_in('jwt')
    worker = threading.Thread(target=logins.run, args=(
        'alice', password, ('auth',)), kwargs={'wrapper': OTHERS})
    lookups, keyrings = logins.lookups(), session_keyrings()
    worker.start()
    gate.until(lambda: logins.lookups() > lookups, 'the lookup')
    pid = running(logins)
    status = status_of(pid)
    tap.equal([status['Uid'].split(), status['Gid'].split(),
               status['Groups'].split()],
              [[str(uid)] * 4, [str(gid)] * 4, []], 'the daemon\'s user alone')
    tap.equal([int(status[name], 16) for name in (
        'CapInh', 'CapPrm', 'CapEff', 'CapAmb')], [0] * 4, 'no capability')
    tap.equal(status['NoNewPrivs'], '1', 'no new privileges')
    tap.equal(os.stat('/proc/%s/environ' % pid).st_uid, 0,
              'its user cannot look into it')
    with open('/proc/%s/environ' % pid, 'rb') as file:
        tap.equal(file.read(), b'', 'no environment')
    with open('/proc/%s/cmdline' % pid, 'rb') as file:
        tap.ok(password.encode() not in file.read(), 'nor a credential in '
               'its arguments')
    with open('/proc/%s/limits' % pid, encoding='ascii') as file:
        limits = file.read()
    for limit in ('core file size +0 +0', 'processes +([0-9]{3,}|unlimited)',
                  'data size +unlimited +unlimited', 'stack size +8388608'):
        tap.ok(re.search('Max ' + limit + ' ', limits), limit, limits)
    tap.equal((os.sched_getscheduler(int(pid)),
               os.getpriority(os.PRIO_PROCESS, int(pid))),
              (os.SCHED_OTHER, 0), 'its share of the processors is its own')
    tap.equal(os.readlink('/proc/%s/cwd' % pid), logins.machine.top,
              'at the root')
    if keyrings is None:
        tap.skip('a session keyring of its own', 'no /proc/keys')
    else:
        # last, for its time is short; those of other tests' helpers go
        # at once
        gate.until(lambda: len(session_keyrings() - keyrings) == 1,
                   'a session keyring of its own')
        tap.ok(True, 'a session keyring of its own')
    worker.join(gate.PATIENCE)
    logins.sim.fault('none')
    tap.equal(logins.left(), [], 'and it is gone')
    logins.options('deadline=%d' % DEADLINE)


def ask(logins, data):
    """The helper's reason, or its decision, for these bytes as root."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(gate.PATIENCE)
        ours.sendall(data)
        ours.shutdown(socket.SHUT_WR)
        run = subprocess.run(logins.machine.command([PROGRAM]), stdin=theirs,
                             stdout=subprocess.PIPE, check=False)
        theirs.close()
        answer = ours.recv(65536)
    found = re.search(rb'X-Authgear-Reason: ([a-z-]+)|'
                      rb'Variable-AUTHGEAR_DECISION: ([a-z-]+)', answer)
    return run.returncode, (found.group(1) or found.group(2)).decode()


def test_questions(logins):
    account = asking.params(policy='shell', phase='account')
    good = fastcgi.request(account)
    rows = [
        ('a question', good, 'not-blocked'),
        ('and more behind it', good + b'more', 'not-blocked'),
        ('no policy of that name', fastcgi.request(asking.params(
            policy='nope', phase='account')), 'policy-unknown'),
        ('auth without a credential', fastcgi.request(asking.params(
            policy='shell')), 'malformed'),
        ('a credential of 20,000 bytes', fastcgi.request(asking.params(
            policy='shell', credential='a' * 20000)), 'over-limit'),
    ] + [(name, data, 'reply-unsendable') for name, data in (
        ('nothing', b''),
        ('its beginning', good[:-9]),
        ('garbage', os.urandom(300)),
        ('a web server', fastcgi.request(account,
                                         role=fastcgi.RESPONDER)),
        ('a parameter twice', fastcgi.request(account + account[:1])),
        ('a NUL', fastcgi.request(account + [('A', 'a\0b')])),
        ('too many parameters', fastcgi.request(
            account + [('A%d' % i, '') for i in range(40)])),
        ('70,000 bytes', fastcgi.request(account + [('A', 'a' * 70000)])),
        ('an account of 300 bytes', fastcgi.request(asking.params(
            policy='shell', phase='account', account='a' * 300))),
        ('another phase', fastcgi.request(asking.params(
            policy='shell', phase='session'))))]
    for name, data, wanted in rows:
        tap.equal(ask(logins, data), (0, wanted), 'asked with %s' % name)


HOLD = '''
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute('BEGIN IMMEDIATE')
print('held', flush=True)
sys.stdin.read()
'''


def test_locked(logins):
    """Another process holds status.db, for ever."""
    uid, gid = logins.machine.ids('authgear')

    def become():
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    password = logins.alice.log_in('session')
    tap.equal(logins.run('alice', password).codes, IN, 'a login before')
    holder = subprocess.Popen(
        [sys.executable, '-c', HOLD,
         logins.machine.path('/var/lib/authgear/daemon/status.db')],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=become)
    try:
        tap.equal(holder.stdout.readline(), b'held\n', 'it is held')
        got = logins.run('alice', password)
        tap.equal(got.codes, IN, 'status.db is held: a session that is known')
        lookups = logins.lookups()
        got = logins.run('alice', logins.alice.log_in('session'), ('auth',))
        tap.ok(got.codes == OUT and 'state-busy' in got.lines[0][1] and
               '(python3) holds it' in got.lines[0][1],
               'one that is not: undecided, and who holds it', got)
        tap.equal(logins.lookups(), lookups, 'what cannot be counted is not '
                  'asked')
    finally:
        holder.stdin.close()
        holder.wait(gate.PATIENCE)
    got = logins.run('alice', logins.alice.log_in('session'))
    tap.equal(got.codes, IN, 'and once it is free')


def test_state(logins):
    """What is the daemon's stays the daemon's."""
    folder = logins.machine.path('/var/lib/authgear/daemon')
    uid = logins.machine.ids('authgear')[0]
    owners = {name: os.lstat(os.path.join(folder, name))
              for name in os.listdir(folder)}
    tap.ok(owners and all(each.st_uid == uid and each.st_mode & 0o77 == 0
                          for each in owners.values()),
           'files of the state are its user\'s alone', owners)
    os.rename(folder, folder + '.away')
    got = logins.run('alice', logins.alice['session'], ('auth',))
    tap.ok(got.codes == OUT and 'state-unreadable' in got.lines[0][1],
           'no folder of the daemon: undecided', got)
    os.symlink('/tmp', folder)
    got = logins.run('alice', logins.alice['session'], ('auth',))
    tap.ok(got.codes == OUT and 'state-unreadable' in got.lines[0][1],
           'a link in its place: undecided', got)
    os.unlink(folder)
    os.rename(folder + '.away', folder)
    logins.machine.run(['chown', 'bob', '/var/lib/authgear/daemon'])
    got = logins.run('alice', logins.alice['session'], ('auth',))
    tap.ok(got.codes == OUT, 'another owner: undecided', got)
    logins.machine.run(['chown', '-R', 'root', '/var/lib/authgear/daemon'])
    got = logins.run('alice', logins.alice['session'], ('auth',))
    tap.ok(got.codes == OUT and 'daemon belongs to root' in got.lines[0][1],
           'root: nothing is done as root', got)
    logins.machine.run(['chown', '-R', 'authgear',
                        '/var/lib/authgear/daemon'])
    got = logins.run('alice', logins.alice['session'])
    tap.equal(got.codes, IN, 'and back')


def test_root(logins):
    """A backup was put back, or a chown went too far: the helper is not root,
    whatever the state says, and says how to mend it."""
    state = '/var/lib/authgear'
    mend = ['authgear-cache', 'init', '--user', 'authgear']
    password = logins.alice['session']
    for command in ('chown root %s/daemon', 'chown -R root %s/daemon',
                    'chown -R root:root %s/daemon', 'chown -R root:root %s',
                    'chgrp root %s/daemon', 'chgrp -R root %s/daemon',
                    'chown root %s/daemon/status.db',
                    'chown root %s/daemon/status.db-wal'):
        logins.machine.run((command % state).split())
        before = {name: os.lstat(os.path.join(folder, name)).st_mtime_ns
                  for folder, _, names in os.walk(logins.machine.path(state))
                  for name in names if not name.endswith('-shm')}
        fresh = logins.alice.log_in('session')
        lookups = logins.lookups()
        for secret in (password, fresh):
            got = logins.run('alice', secret, ('auth',))
            tap.ok(got.codes == OUT and 'state-unreadable' in got.lines[0][1]
                   and 'init --user' in got.lines[0][1],
                   command % 'STATE' + ': undecided, and what to do', got)
        tap.equal((logins.lookups(), {
            name: os.lstat(os.path.join(folder, name)).st_mtime_ns
            for folder, _, names in os.walk(logins.machine.path(state))
            for name in names if not name.endswith('-shm')}),
                  (lookups, before), 'nothing is asked or written')
        logins.machine.run(mend)
        got = logins.run('alice', password)
        tap.equal(got.codes, IN, 'mended as it says')


# what makes of status.db (%s) one that the helper cannot use
UNUSABLE = ('chown root %s', 'chown bob %s', 'chmod 0400 %s', 'chmod 0 %s',
            'chmod 0666 %s', 'chown root %s-wal', 'chmod 0 %s-wal',
            'mkdir %s', 'ln -s trust.db %s', 'ln -s /nowhere %s',
            'ln -s /etc/passwd %s-wal', 'mkfifo %s')
NEWER = 'import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); ' \
    'db.execute("PRAGMA user_version=99"); db.close()'


def test_unreadable(logins):
    """status.db cannot be used: an account without a credential needs nothing
    of it, trust.db alone decides; a credential is undecided."""
    path = '/var/lib/authgear/daemon/status.db'
    here = logins.machine.path(path)
    trust = logins.machine.path('/var/lib/authgear/trust.db')
    keep = os.path.join(logins.machine.top, 'kept.daemon')
    account = fastcgi.request(asking.params(policy='shell', phase='account'))
    auth = fastcgi.request(asking.params(
        policy='shell', credential=logins.alice['session']))
    subprocess.run(['cp', '-a', os.path.dirname(here), keep], check=True)
    for command in UNUSABLE + ('newer %s',):
        if command.split()[0] in ('mkdir', 'ln', 'mkfifo'):
            os.unlink(logins.machine.path(command.split()[-1] % path))
        if command == 'newer %s':
            subprocess.run([sys.executable, '-c', NEWER, here], check=True)
        else:
            logins.machine.run((command % path).split())
        mark = logins.log.mark()
        said = [ask(logins, account)[1]]
        told = [line for _, line in logins.log.since(mark, 'authgear-check')
                if 'status.db' in line]
        logins.cache('block', 'user', logins.alice.name)
        said.append(ask(logins, account)[1])
        logins.cache('lift', 'user', logins.alice.name)
        said.append(ask(logins, auth)[1])
        tap.equal(said, ['not-blocked', 'user-blocked', 'state-unreadable'],
                  command % 'status.db' + ': an account, one that is blocked, '
                  'and a credential')
        tap.ok(told, 'and the log says why', told)
        shutil.rmtree(os.path.dirname(here))
        subprocess.run(['cp', '-a', keep, os.path.dirname(here)], check=True)
    os.rename(trust, trust + '.away')
    tap.equal(ask(logins, account)[1], 'state-unreadable',
              'without trust.db nothing is known of an account')
    os.rename(trust + '.away', trust)
    shutil.rmtree(keep)
    got = logins.run('alice', logins.alice['session'])
    tap.equal(got.codes, IN, 'and all is as before')


def main():
    with pam_helper.Logins(session_ttl='600') as logins:
        logins.options('deadline=%d' % DEADLINE)
        for name, data in (('', pam_world.granted('alice')),
                           ('.bob', pam_world.granted('bob'))):
            path = logins.machine.write(ANSWER + name, '')
            with open(logins.machine.path(path), 'wb') as file:
                file.write(data)
        tap.equal(logins.run('alice', logins.alice['session']).codes, IN,
                  'granted by the real one')
        for test in (test_programs, test_file, test_hosts, test_given,
                     test_questions, test_locked, test_state, test_root,
                     test_unreadable,
                     test_process):
            test(logins)
        pam_site.finish(logins)
    tap.done()


main()
