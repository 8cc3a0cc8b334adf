"""authgear-check: what it answers root where no daemon does, what it shares
with others of its kind, and that revocations hold."""

import pam_root

# beside others: it has namespaces of its own
pam_root.enter()

import concurrent.futures
import os
import random
import select
import signal
import socket
import string
import threading
import time

import gate
import pam_cases
import pam_helper
import pam_machine
import pam_site
import pam_world
import tap
from pam_helper import BY
from pam_ssh import Sshd
from pam_world import AUTH_ERR, PERM_DENIED, SERVICE_ERR, SUCCESS, UNAVAIL
from sessions import RESOLVER

IN = {'auth': SUCCESS, 'account': SUCCESS}
WARNING = 4
RATE = 100
LOGINS = int(os.environ.get('AUTHGEAR_TEST_LOGINS', '100'))


def says(got, *words):
    return got.lines and all(any(word in line for _, line in got.lines)
                             for word in words)


def guess():
    return ''.join(random.choices(string.ascii_letters + string.digits, k=32))


def test_grants(logins):
    for kind in ('opaque', 'session', 'jwt'):
        for what in ('known', 'fresh'):
            password = logins.alice[kind] if what == 'known' else \
                logins.alice.log_in(kind)
            got = logins.run('alice', password)
            tap.ok(got.codes == IN and len(got.lines) == 2 and
                   all(BY in line and 'granted: account=alice' in line
                       for _, line in got.lines),
                   '%s, %s: granted, and by whom' % (kind, what), got)
    got = logins.run('alice', logins.bob['session'])
    tap.ok(got.codes['auth'] == AUTH_ERR and
           says(got, 'refused: wrong-account', BY), "somebody else's", got)
    got = logins.run('toor', logins.toor['session'])
    tap.equal(got.codes['auth'], AUTH_ERR, 'another account of uid 0')
    lookups = logins.lookups()
    got = logins.run('root', logins.root['session'])
    tap.ok(got.codes['auth'] == AUTH_ERR and logins.lookups() == lookups,
           'root is not asked about', got)
    got = logins.run('alice', 'a password of blanks')
    tap.ok(got.codes['auth'] == AUTH_ERR and not any(
        ':auth)' in line and BY in line for _, line in got.lines),
           'what is no credential stays here', got)


def test_option(logins):
    logins.options('without_daemon=fail')
    got = logins.run('alice', logins.alice['session'])
    tap.ok(got.codes == {'auth': UNAVAIL, 'account': UNAVAIL} and
           says(got, 'nobody answers at ' + pam_site.ASK) and
           not says(got, 'authgear-check'), 'without_daemon=fail', got)
    logins.options('config=/etc/authgear/other.conf')
    got = logins.run('alice', logins.alice['session'])
    tap.ok(got.codes['auth'] == SERVICE_ERR and
           says(got, 'settings-invalid', 'other.conf', BY),
           'config= names a file that is not there', got)
    logins.machine.run(['cp', '/etc/authgear/authgear.conf',
                        '/etc/authgear/other.conf'])
    got = logins.run('alice', logins.alice['session'])
    tap.equal(got.codes, IN, 'config= names a good one')
    logins.machine.run(['chmod', '666', '/etc/authgear/other.conf'])
    got = logins.run('alice', logins.alice['session'])
    tap.equal(got.codes['auth'], SERVICE_ERR, 'one that others can write')
    logins.options()


def test_others(logins):
    got = logins.run('alice', logins.alice['session'], as_user='alice')
    tap.ok(got.codes == {'auth': UNAVAIL, 'account': UNAVAIL} and
           not says(got, 'authgear-check'), 'who is not root never runs it',
           got)
    status, said = logins.machine.run([pam_helper.PROGRAM], 'alice',
                                      check=False)
    tap.ok(status == 2 and 'for root alone' in said,
           'and it answers nobody else', (status, said))
    status, said = logins.machine.run([pam_helper.PROGRAM], check=False)
    tap.ok(status == 2 and 'on a socket' in said,
           'nor root where no module asks', (status, said))


def listen(logins, uid=0):
    """A socket at the place of the daemon's, made by that uid."""
    held = socket.socket(socket.AF_UNIX)
    pam_machine.bind(held, logins.machine.path(pam_site.ASK), 0o666)
    if uid == 0:
        held.listen(16)
    else:
        child = os.fork()
        if child == 0:
            os.setresuid(uid, uid, uid)
            held.listen(16)     # whose credentials a peer is told
            os._exit(0)
        os.waitpid(child, 0)
    return held


def served(held, act):
    """Does `act` with each connection, in a thread."""
    came = []

    def loop():
        while True:
            try:
                stream = held.accept()[0]
            except OSError:
                return
            came.append(stream)
            act(stream)
    threading.Thread(target=loop, daemon=True).start()
    return came


def end(logins, held, came=()):
    held.shutdown(socket.SHUT_RDWR)
    held.close()
    for stream in came:
        stream.close()
    logins.machine.remove(pam_site.ASK)


def test_listeners(logins):
    password = logins.alice['session']
    held = listen(logins)
    held.close()
    got = logins.run('alice', password)
    tap.ok(got.codes == IN and says(got, BY), 'it refuses: the helper', got)
    logins.machine.remove(pam_site.ASK)
    held = listen(logins)
    came = served(held, lambda stream: stream.close())
    got = logins.run('alice', password)
    tap.ok(got.codes == IN and says(got, BY) and len(came) == 2,
           'it closes before a byte: the helper', (got, came))
    end(logins, held)
    held = listen(logins)

    def cut(stream):
        stream.recv(65536)
        stream.sendall(pam_world.granted('alice')[:20])
        stream.close()
    came = served(held, cut)
    got = logins.run('alice', password)
    tap.ok(got.codes['auth'] == UNAVAIL and not says(got, 'authgear-check') and
           says(got, 'closed before its answer was whole'),
           'it closes after the first byte: undecided', got)
    end(logins, held)
    held = listen(logins)
    came = served(held, lambda stream: stream.recv(65536))
    logins.options('deadline=1')
    lookups = logins.lookups()
    got = logins.run('alice', logins.alice.log_in('session'), ('auth',))
    tap.ok(got.codes['auth'] == UNAVAIL and says(got, 'within 1 s') and
           not says(got, 'authgear-check') and logins.lookups() == lookups,
           'it accepts and is late: undecided, and nobody else asks', got)
    end(logins, held, came)
    held = listen(logins)

    def late(stream):
        stream.recv(65536)
        time.sleep(2.5)
        stream.close()
    logins.options('deadline=3')
    came = served(held, late)
    begun = time.monotonic()
    got = logins.run('alice', password, ('auth',))
    tap.ok(got.codes['auth'] == UNAVAIL and says(got, 'no time is left'),
           'it closes when there is no second left: undecided', got)
    tap.ok(time.monotonic() - begun < 10, 'within the deadline')
    end(logins, held)
    logins.options()


def hold_up(logins, held):
    """The host stands still for a tenth of a second, when a second of the two
    is left."""
    select.select([held], [], [])
    asked = time.monotonic()
    for pid in os.listdir('/proc'):
        try:
            if os.readlink('/proc/%s/exe' % pid).endswith(pam_helper.HOST):
                break
        except OSError:
            continue
    time.sleep(max(0, asked + 0.9 - time.monotonic()))
    os.kill(int(pid), signal.SIGSTOP)
    time.sleep(max(0, asked + 1.08 - time.monotonic()))
    os.kill(int(pid), signal.SIGCONT)


def test_untaken(logins):
    """The service manager holds the socket of a daemon that does not run; or
    it hangs, and its queue is full."""
    password = logins.alice['session']
    logins.options('deadline=2')
    for what, queue in (('one', 16), ('nor another connection', 0)):
        held = listen(logins)
        held.listen(queue)
        others = [socket.socket(socket.AF_UNIX) for _ in range(queue == 0)]
        for other in others:
            pam_machine.connect(other, logins.machine.path(pam_site.ASK))
        got = logins.run('alice', password)
        tap.ok(got.codes == IN and says(got, BY),
               'nobody takes the question, %s: the helper' % what, got)
        logins.options('deadline=2 without_daemon=fail')
        got = logins.run('alice', password, ('auth',))
        tap.ok(got.codes['auth'] == UNAVAIL and says(got, 'within 2 s'),
               'nobody takes it, and there is no other: late', got)
        logins.options('deadline=2')
        end(logins, held, others)
    held = listen(logins)
    threading.Thread(target=hold_up, args=(logins, held), daemon=True).start()
    got = logins.run('alice', password, ('auth',))
    tap.ok(got.codes['auth'] == SUCCESS and says(got, BY),
           'nobody takes it, and a busy machine is late itself: the helper',
           got)
    end(logins, held)
    logins.options()


def test_foreign(logins):
    uid = logins.machine.ids('bob')[0]
    held = listen(logins, uid)
    came = served(held, lambda stream: None)
    got = logins.run('alice', logins.alice['session'])
    warned = [line for priority, line in got.lines if priority == WARNING]
    tap.ok(got.codes == IN and says(got, BY) and len(warned) == 2 and
           all('uid %d listens at' % uid in line and 'authgear-check is' in
               line for line in warned),
           'a listener of another uid: the helper, and a warning', got)
    for stream in came:
        stream.setblocking(False)
        try:
            sent = stream.recv(1)
        except BlockingIOError:
            sent = b''
        tap.equal(sent, b'', 'it is never asked')
    end(logins, held, came)


def test_revoked(logins):
    password = logins.alice.log_in('session')
    tap.equal(logins.run('alice', password).codes, IN, 'a fresh session')
    logins.revoke(password)
    got = logins.run('alice', password)
    tap.ok(got.codes['auth'] == AUTH_ERR and says(got, 'refused: revoked'),
           'revoked between two logins', got)
    logins.cache('block', 'user', logins.alice.name)
    got = logins.run('alice', logins.alice['session'], ('account',))
    tap.equal(got.codes, {'account': PERM_DENIED}, 'a blocked account')
    got = logins.run('alice', logins.alice.log_in('session'))
    tap.equal(got.codes['auth'], AUTH_ERR, 'and a credential of it')
    logins.cache('lift', 'user', logins.alice.name)
    logins.options(between=pam_cases.WAIT + '\n')
    password = logins.alice.log_in('session')
    worker = threading.Thread(target=logins.between, args=(
        lambda: logins.revoke(password),))
    worker.start()
    got = logins.run('alice', password)
    worker.join(gate.PATIENCE)
    tap.ok(got.codes == {'auth': SUCCESS, 'account': AUTH_ERR} and
           says(got, 'granted', 'refused: revoked'),
           'revoked between auth and account', got)
    logins.options()


def test_gone_back(logins):
    """A trust.db of before a revocation is not believed."""
    folder = logins.machine.path('/var/lib/authgear')
    password = logins.alice.log_in('session')
    tap.equal(logins.run('alice', password).codes, IN, 'before a revocation')
    old = {}
    for name in ('trust.db', 'trust.db-wal'):
        with open(os.path.join(folder, name), 'rb') as file:
            old[name] = file.read()
    logins.revoke(password)
    got = logins.run('alice', password, ('auth',))
    tap.equal(got.codes, {'auth': AUTH_ERR}, 'revoked')
    new = {}
    for name, data in old.items():
        path = os.path.join(folder, name)
        with open(path, 'rb') as file:
            new[name] = file.read()
        with open(path, 'r+b') as file:
            file.truncate(0)
            file.write(data)
    got = logins.run('alice', password, ('auth',))
    tap.ok(got.codes == {'auth': UNAVAIL} and
           says(got, 'state-unreadable', 'went back'),
           'the old file is put back: undecided', got)
    for name, data in new.items():
        with open(os.path.join(folder, name), 'r+b') as file:
            file.truncate(0)
            file.write(data)
    got = logins.run('alice', password, ('auth',))
    tap.equal(got.codes, {'auth': AUTH_ERR}, 'and the new one: refused')


# how a user of the machine calls a host of root's
CALLED = {'su': {'wrapper': ('setpriv', '--ruid', 'alice')},
          'sudo': {'arguments': ('-r', '', '-u', 'alice')}}


def held_up(logins, host):
    """Who calls su can make it fail, and keeps nobody else waiting by it."""
    words = [logins.alice.log_in('session') for _ in range(4)]
    logins.authgear_down()
    for word in words:
        got = logins.run('alice', word, ('auth',), **CALLED[host])
        tap.ok(got.codes == {'auth': UNAVAIL} and
               says(got, 'resolver-unreachable', BY) and
               not says(got, 'in a row'), host + ': it fails, each for itself',
               got)
    got = logins.run('alice', words[-1], ('auth',))
    tap.ok(got.codes == {'auth': UNAVAIL} and
           not says(got, 'failed just now'),
           'nor is it told of the credential', got)
    logins.authgear_up()
    got = logins.run('alice', logins.alice.log_in('session'))
    tap.ok(got.codes == IN and says(got, BY), 'the next one of root is asked '
           'about at once', got)


def test_held_up(logins):
    for host in CALLED:
        held_up(logins, host)


def test_outage(logins):
    known, fresh = logins.alice.log_in('session'), \
        logins.alice.log_in('session')
    tap.equal(logins.run('alice', known).codes, IN, 'a login before')
    logins.authgear_down()
    got = logins.run('alice', fresh)
    tap.ok(got.codes['auth'] == UNAVAIL and
           says(got, 'undecided: resolver-unreachable', BY),
           'both are down: undecided', got)
    got = logins.run('alice', known)
    tap.equal(got.codes, IN, 'both are down, a session that is known')
    # beyond session_ttl, within stale_if_error
    time.sleep(3.5)
    got = logins.run('alice', known)
    tap.ok(got.codes == IN, 'one that only serves in an outage, in both '
           'phases', got)
    for host, called in CALLED.items():
        got = logins.run('alice', known, ('auth',), **called)
        tap.ok(got.codes == {'auth': UNAVAIL} and
               says(got, 'resolver-unreachable', BY),
               'not of %s, whose caller may be the outage' % host, got)
    for ruser, rhost in (('root', ''), ('', ''), ('alice', '192.0.2.9')):
        got = logins.run('alice', known, ('auth',), arguments=(
            '-u', ruser, '-r', rhost))
        tap.ok(got.codes == {'auth': SUCCESS} and says(got, BY),
               'caller %r from %r: none of this machine' % (ruser, rhost),
               got)
    logins.authgear_up()
    for kind in ('jwt', 'session', 'opaque'):
        gate.until(lambda: logins.run('alice', logins.alice.log_in(
            kind)).codes == IN, 'a login once Authgear is back')


def test_budget(logins):
    """What is bounded in one daemon is bounded among helpers."""
    token = guess()
    logins.secrets.append(token)
    tap.equal(logins.run('alice', logins.alice['session']).codes, IN,
              'a session that will be known')
    lookups = logins.lookups()
    got = [logins.run('alice', token, ('auth',)) for _ in range(20)]
    tap.ok(all(each.codes == {'auth': AUTH_ERR} for each in got) and
           logins.lookups() == lookups + 1,
           'a bad token twenty times: one lookup', logins.lookups() - lookups)
    password = logins.alice.log_in('opaque')
    logins.sim.fault('delay', RESOLVER, seconds=1)
    lookups = logins.lookups()
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        got = list(pool.map(lambda _: logins.run('alice', password), range(5)))
    tap.ok(all(each.codes == IN for each in got), 'five at once with one cold '
           'token', got)
    tap.equal(logins.lookups() - lookups, 1, 'one lookup')
    logins.sim.fault('none')
    guesses = [guess() for _ in range(100)]
    logins.secrets += guesses
    lookups = logins.lookups()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda text: logins.run('alice', text, ('auth',)),
                            guesses))
    codes = [each.codes.get('auth') for each in got]
    asked = logins.lookups() - lookups
    tap.ok(set(codes) <= {AUTH_ERR, UNAVAIL}, '100 guesses are refused', codes)
    tap.ok(0 < asked <= RATE // 10 * 2, 'and cost no more lookups than one '
           'address has', asked)
    got = logins.run('alice', logins.alice['session'])
    tap.equal(got.codes, IN, 'who is known gets in')
    text = logins.machine.path('/var/lib/authgear/daemon/status.db')
    with open(text, 'rb') as file:
        data = file.read()
    tap.ok(not any(each.encode() in data for each in guesses),
           'no guess is in status.db')


def test_ssh(logins):
    """Guesses over ssh, each in processes of its own."""
    logins.machine.write('/etc/pam.d/sshd', logins.example('sshd').replace(
        'accept=session', '').replace('pam_unix.so', 'pam_unix.so nodelay'))
    way = Sshd(logins).ways[1]
    password = logins.alice.log_in('session')
    tap.ok(way.login('alice', password).ok, 'ssh: a login')
    guesses = [guess() for _ in range(100)]
    logins.secrets += guesses
    lookups, mark = logins.lookups(), logins.log.mark()
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        got = list(pool.map(lambda text: way.attempt('alice', text)[0],
                            guesses))
    said = [line for _, line in
            logins.log.since(mark, 'pam_authgear(sshd:auth')]
    tap.ok(not any(got) and len(said) == 100 and all(BY in line and (
        'refused: not-live' in line or 'undecided: busy' in line)
        for line in said), 'ssh: 100 guesses are refused, each with its '
           'cause', said[:3])
    asked = logins.lookups() - lookups
    tap.ok(0 < asked <= RATE // 10 * 2, 'ssh: the same budget', asked)
    tap.ok(way.login('alice', password).ok, 'ssh: who is known gets in')


def test_places(logins):
    """At most max_lookups at a time."""
    logins.sim.fault('hang', RESOLVER)
    logins.options('deadline=2')
    passwords = [logins.alice.log_in('jwt') for _ in range(12)]
    lookups = logins.lookups()
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        got = list(pool.map(lambda text: logins.run('alice', text, ('auth',)),
                            passwords))
    tap.ok(all(each.codes == {'auth': UNAVAIL} for each in got),
           'Authgear hangs: undecided', got)
    tap.ok(0 < logins.lookups() - lookups <= 8 * 2, 'max_lookups at a time',
           logins.lookups() - lookups)
    logins.sim.fault('none')
    logins.options()
    gate.until(lambda: logins.run('alice', logins.alice['jwt']).codes == IN,
               'a login after the back-off')


def test_flat(logins):
    got = logins.run('alice', logins.alice['session'], arguments=(
        '-m', '-n', str(LOGINS), '-s', 'default'))
    held = [tuple(map(int, line.split('=')[1].split(',')))
            for line in got.out.splitlines() if line.startswith('held=')]
    tap.ok('auth 0 x%d' % LOGINS in got.out and
           'account 0 x%d' % LOGINS in got.out, '%d logins' % LOGINS, got.out)
    tap.ok(len(held) == 2 and held[1][1:] == held[0][1:] and
           held[1][0] - held[0][0] <= 512, 'memory, descriptors and threads '
           'of the host are flat', held)
    tap.ok('child=1,0,0' in got.out, 'its signals are as they were, and no '
           'child is left', got.out)
    tap.equal(logins.left(), [], 'nor any other process')


def main():
    with pam_helper.Logins(lookup_rate=str(RATE), session_ttl='3',
                           absent_ttl='3', stale_if_error='120') as logins:
        for test in (test_grants, test_option, test_others, test_listeners,
                     test_untaken, test_foreign, test_revoked, test_gone_back,
                     test_held_up, test_outage, test_flat, test_ssh,
                     test_places, test_budget):
            logins.elsewhere()
            test(logins)
        pam_site.finish(logins)
    tap.done()


main()
