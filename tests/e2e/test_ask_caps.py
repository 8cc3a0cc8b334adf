"""What PAM modules may take: connections and waiting places by uid, lookups by
uid and client address; nobody waits for an Authgear that is gone."""
# beside others: it mostly waits

import concurrent.futures
import json
import os
import select
import socket
import traceback

import asking
import fastcgi
import gate
import sessions
import tap
from asking import ask, granted, guess, verdict

POLICIES = {'default': {}, 'mail': {'remote_user': 'map'}}
SETTINGS = {'validate': 'hybrid', 'session_ttl': '30', 'max_lookups': '64',
            'lookup_rate': '60000', 'total_timeout': '3'}
CONNECTIONS = 64        # a uid gets half; half are places of waiting requests
OTHER = 65534           # a uid that is nobody's
TENTH = 10              # of lookup_rate = 100; one address gets no more


def as_uid(uid, function):
    """What it answers in a process of that uid."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            os.write(writes, json.dumps(function()).encode())
            os._exit(0)
        except BaseException:       # pylint: disable=broad-except
            traceback.print_exc()
            os._exit(1)
    os.close(writes)
    with os.fdopen(reads, 'rb') as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text)


def uids():
    return (0, OTHER) if os.geteuid() == 0 else (os.geteuid(),)


def by(uid, function):
    return function() if uid == os.geteuid() else as_uid(uid, function)


def closed_of(path, count):
    """How many of so many connections are turned away at once."""
    peers = [fastcgi.connect(path) for _ in range(count)]
    try:
        def closed():
            return [peer for peer in select.select(peers, [], [], 0)[0]
                    if not peer.recv(1, socket.MSG_PEEK)]
        return len(gate.until(closed, 'one too many'))
    finally:
        for peer in peers:
            peer.close()


def connections(path):
    """How many the daemon has, of one that is gone too until it sees it."""
    with open('/proc/net/unix', encoding='utf-8') as table:
        # the one that listens has a flag
        return sum(line.split()[3] == '00000000' for line in table
                   if line.endswith(' %s\n' % path))


def test_connections(world):
    for uid in uids():
        gate.until(lambda: connections(world.path) == 0, 'no connection')
        got = by(uid, lambda: closed_of(world.path, CONNECTIONS // 2 + 1))
        tap.equal(got, 1, 'uid %d: half of the connections, and no more' %
                  uid)
        gate.until(lambda: ask(world.path, account='alice', credential=world.
                               alice.text['session']), 'one that is free')
    peers = [fastcgi.connect(world.path) for _ in range(CONNECTIONS // 2)]
    got = sessions.say(world.daemon.path, world.alice.way['session'])
    tap.equal(got, sessions.LIVE, 'web servers have the rest')
    for peer in peers:
        peer.close()


def waiting(path, count, addresses):
    """So many questions at once, with cold tokens, while Authgear hangs: the
    meanings of those that may not wait."""
    peers = [fastcgi.connect(path, gate.PATIENCE) for _ in range(count)]
    for peer, address in zip(peers, addresses):
        peer.sendall(fastcgi.request(asking.params(
            account='alice', credential=guess(), address=address)))
    answers = [fastcgi.receive(peer) for peer in peers]
    for peer in peers:
        peer.close()
    return [asking.meaning(answer) for answer in answers if
            answer and '--max-connections' in asking.meaning(answer)]


def test_parked(world):
    places = CONNECTIONS // 2
    for uid in uids():
        for what, count, allowed, addresses in (
                ('logins from this client address', places // 4 + 4,
                 places // 4, [sessions.address()] * places),
                ('requests of this asker', places // 2 + 4, places // 2,
                 [sessions.address() for _ in range(places)])):
            world.site.sim.fault('hang', sessions.RESOLVER)
            got = by(uid, lambda c=count, a=addresses: waiting(
                world.path, c, a))
            world.site.sim.fault('none')
            tap.ok(len(got) == count - allowed and all(what in text for text
                                                       in got),
                   'uid %d: too many %s wait' % (uid, what), got)
            settle(world)


def settle(world):
    """Authgear answers again, and nobody backs off."""
    def log_in():
        world.alice.log_in('session')
        return verdict(ask(world.path, account='alice', credential=world.
                           alice.text['session'])) == granted('alice')
    sessions.no_backoff(world.site)
    gate.until(log_in, 'a login')


def test_one_lookup(world):
    world.alice.log_in('opaque')
    text = world.alice.text['opaque']
    world.site.sim.fault('delay', sessions.RESOLVER, seconds=1)
    before = sessions.lookups(world.site)
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        got = list(pool.map(lambda _: verdict(ask(
            world.path, account='alice', credential=text)), range(5)))
    world.site.sim.fault('none')
    tap.equal(got, [granted('alice')] * 5, 'five logins with one cold token')
    tap.equal(sessions.lookups(world.site) - before, 1, 'one lookup')


def test_dead(world):
    """The second login fails at once."""
    world.alice.log_in('opaque')
    warm = world.alice.text['opaque']
    ask(world.path, account='alice', credential=warm)
    cold = [world.alice.log_in('session') and world.alice.text['session']
            for _ in range(3)]
    world.site.sim.fault('hang', sessions.RESOLVER)
    asked = []
    for number, text in enumerate(cold):
        before = sessions.lookups(world.site)
        got = ask(world.path, account='alice', credential=text)
        tap.equal(verdict(got), ('undecided', 503, 'resolver-unreachable'),
                  'Authgear hangs: asked %d times before' % number)
        asked.append(sessions.lookups(world.site) - before)
    tap.equal(asked, [1, 0, 0], 'the first login alone waits for it')
    tap.ok('another login waited for Authgear in vain' in
           asking.meaning(got), 'and why', asking.meaning(got))
    tap.equal(verdict(ask(world.path, account='alice', credential=warm)),
              granted('alice'), 'who is known gets in')
    world.site.sim.fault('none')
    settle(world)
    tap.ok(True, 'and Authgear is back')


def guesses(path, address):
    return [verdict(ask(path, account='alice', credential=guess(),
                        address=address))[2] for _ in range(3 * TENTH)]


def test_costs(world):
    """A minute's guesses of one asker for one client."""
    address = sessions.address()
    for uid in uids():
        before = sessions.lookups(world.site)
        got = by(uid, lambda: guesses(world.path, address))
        asked = sessions.lookups(world.site) - before
        # who comes second finds less
        tap.ok(TENTH // 2 < asked <= TENTH and got.count('not-live') ==
               asked and got.count('busy') == len(got) - asked,
               'uid %d: no oftener than a tenth of lookup_rate' % uid,
               (asked, got))
    got = sessions.say(world.daemon.path, ('Bearer ' + guess(), None),
                       client=address)
    tap.equal(got, sessions.NOT_LIVE, 'a web client of that address has a '
              'share of its own')
    got = ask(world.path, account='alice', credential=guess())
    tap.equal(verdict(got), ('denied', 401, 'not-live'),
              'and so has a login from another')
    for kind in world.kinds:
        got = ask(world.path, account='alice', credential=world.alice.text[
            kind], address=address)
        tap.equal(verdict(got), granted('alice'),
                  'who is known gets in: ' + kind)


def serve(settings, *tests):
    with gate.Site(dict(SETTINGS, **settings), POLICIES) as site:
        arguments = ['--max-connections', str(CONNECTIONS)]
        with asking.World(site, arguments) as world:
            os.chmod(world.path, 0o666)
            for kind in world.kinds:
                ask(world.path, account='alice',
                    credential=world.alice.text[kind])
            for test in tests:
                test(world)


def main():
    serve({}, test_connections, test_parked, test_one_lookup, test_dead)
    serve({'lookup_rate': str(TENTH * 10)}, test_costs)
    tap.done()


main()
