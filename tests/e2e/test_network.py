"""The network between the daemon and Authgear's resolver: connections that
died without a word, and a name that moved.  Real sockets; what counts is how
many requests were swallowed, asked in vain or refused."""

import os
import shutil
import tempfile
import threading
import time

import beside
import http_server
import relay
import sessions
import tap
from network import World

NAME = 'resolver.authgear-gate.test'


def test_one_after_another(world):
    """Each connection that was idle swallows what it gets."""
    people = world.people(30)
    world.fill()
    tap.ok(world.front.freeze() >= 8, 'they die without a word')
    got = [world.say(said) for said in people]
    tap.equal(set(got), {sessions.LIVE}, 'one user after another: granted')
    tap.equal(world.front.swallowed, 1, 'one request waited in vain')


def test_while_one_waits(world):
    """Users come every 0.3 s, whether those before are answered or not."""
    people = world.people(20)
    world.fill()
    world.front.freeze()
    before, got = world.front.swallowed, []
    threads = []
    for said in people:
        threads.append(threading.Thread(
            target=lambda who=said: got.append(world.say(who))))
        threads[-1].start()
        time.sleep(0.3)
    for thread in threads:
        thread.join()
    tap.equal((len(got), set(got)), (20, {sessions.LIVE}),
              'a user each 0.3 s: granted')
    # a machine that is busy may be late by one of them
    tap.ok(world.front.swallowed - before <= 2,
           'who comes meanwhile does not wait behind it',
           world.front.swallowed - before)


def test_at_once(world):
    """Ten users, each asking on and on."""
    people = [world.people(5) for _ in range(10)]
    world.fill()
    world.front.freeze()
    before, got = world.front.swallowed, []

    def user(index):
        for said in people[index]:
            got.append(world.say(said))
    threads = [threading.Thread(target=user, args=(index,))
               for index in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.equal((len(got), set(got)), (50, {sessions.LIVE}),
              'ten users at once: granted')
    tap.ok(world.front.swallowed - before <= 10,
           'of each at most the first request waited in vain',
           world.front.swallowed - before)


def test_cut(world):
    """A box that restarted closes them all as soon as they are used."""
    people = world.people(12)
    world.fill()
    world.front.cut()
    got = world.at_once(people[:6]) + [world.say(one) for one in people[6:]]
    tap.equal(set(got), {sessions.LIVE}, 'all connections cut: granted')


def test_slow_is_not_dead(world):
    """Who is only slow is asked once."""
    people = world.people(4)
    world.fill()
    world.front.delay = 1
    before = sessions.lookups(world.site)
    got = [world.say(said) for said in people]
    tap.equal(set(got), {sessions.LIVE}, 'slow by 1 s: granted')
    tap.equal(sessions.lookups(world.site) - before, 4, 'and asked once each')
    world.front.delay = 0


def test_deadline():
    """Everything swallows everything: never longer than total_timeout."""
    with World(total_timeout='2', connect_timeout='2') as world:
        people = world.people(3)
        world.fill()
        world.front.freeze()
        world.site.sim.fault('hang', sessions.RESOLVER)
        for said in people:
            begun = time.monotonic()
            got = world.say(said)
            tap.equal(got, sessions.ERRORS[0], 'nothing answers: undecided')
            # a bound, not a speed: the daemon hangs on nothing
            tap.ok(time.monotonic() - begun < 20, 'and it is answered')
        world.site.sim.no_fault()


def test_tls():
    """The same where a connection costs more."""
    folder = tempfile.mkdtemp(prefix='authgear-tls-')
    try:
        made = http_server.Certificates(folder)
        with World(tls=made.sign('sim'), ca_file=made.ca,
                   connect_timeout='5') as world:
            test_one_after_another(world)
            test_cut(world)
    finally:
        shutil.rmtree(folder)


def keep_alive_timers(daemon, port):
    """Kernel timers of the daemon's connections to that port."""
    inodes = set()
    folder = '/proc/%d/fd' % daemon.pid
    for name in os.listdir(folder):
        try:
            link = os.readlink(os.path.join(folder, name))
        except FileNotFoundError:
            continue
        if link.startswith('socket:['):
            inodes.add(link[8:-1])
    timers = []
    with open('/proc/net/tcp', encoding='ascii') as table:
        for line in table.read().splitlines()[1:]:
            words = line.split()
            if words[9] in inodes and words[3] == '01' and int(
                    words[2].split(':')[1], 16) == port:
                timers.append(words[5].split(':')[0])
    return timers


def test_keep_alive(world):
    world.fill()
    timers = keep_alive_timers(world.daemon, world.front.port)
    tap.ok(len(timers) >= 8 and set(timers) == {'02'},
           'idle connections have a keep-alive timer', timers)


def test_moved():
    """The name of Authgear moves to another address; the old one refuses."""
    hosts = os.path.join(os.environ.get('TMPDIR', '/tmp'),
                         'authgear-hosts-%d' % os.getpid())

    def point(address):
        # in place: it is mounted
        with open(hosts, 'w', encoding='ascii') as file:
            file.write('127.0.0.1 localhost\n%s %s\n' % (address, NAME))
    point('127.0.0.1')
    wrapper = ('unshare', '-m', 'sh', '-c',
               'mount --bind "$0" /etc/hosts && exec "$@"', hosts)
    try:
        with World(NAME, wrapper, insecure_allow_http='yes') as world:
            people = world.people(12)
            tap.equal(world.say(people.pop()), sessions.LIVE,
                      'at the old address: granted')
            port = world.front.port
            world.front.close()
            tap.equal(world.say(people.pop()), sessions.ERRORS[0],
                      'the old address refuses')
            with relay.Relay(world.site.sim.port, '127.0.0.2', port):
                point('127.0.0.2')
                tap.equal([world.say(said) for said in people],
                          [sessions.LIVE] * 10,
                          'the name moved: granted from the next request on')
    finally:
        os.unlink(hosts)


def alone(*tests):
    with World() as world:
        for test in tests:
            test(world)


def main():
    beside.run(
        *[(test.__name__, alone, test) for test in (
            test_at_once, test_cut, test_slow_is_not_dead, test_keep_alive)],
        ('TLS', test_tls), ('a deadline', test_deadline),
        ('a name that moved', test_moved))
    # the second counts who came within a moment, so nothing else runs; and
    # is for a daemon that has met it before
    alone(test_one_after_another, test_while_one_waits)
    tap.done()


main()
