"""Many at once: one lookup for one session, and a flood of made-up tokens
that takes nothing from anybody else."""

import base64
import concurrent.futures
import json
import threading
import time

import flood
import gate
import sessions
import tap

RATE = 600              # lookup_rate
ALONE = RATE // 12      # of it, what one address gets in vain
FLOOD = 1500            # made-up tokens
CROWD = 2000            # who come back after a reboot
STRANGER = '198.51.100.7'
FLOODER = '203.0.113.9'
SETTINGS = {'validate': 'hybrid', 'lookup_rate': str(RATE),
            'session_ttl': '300', 'total_timeout': '20'}


def made_up():
    return 'Bearer ' + flood.token(), None


def at_once(number, work, items):
    with concurrent.futures.ThreadPoolExecutor(number) as pool:
        return list(pool.map(work, items))


def test_one_lookup(site, daemons):
    """50 requests of one session, at once, at each of two processes."""
    for kind in sessions.KINDS:
        who = sessions.Person(site.sim.control, kinds=(kind,))
        site.sim.fault('delay', sessions.RESOLVER, seconds=0.5)
        site.sim.reset_counts()
        got = at_once(50 * len(daemons), lambda daemon, w=who, k=kind:
                      sessions.say(daemon.path, w.way[k]), daemons * 50)
        tap.equal(set(got), {sessions.LIVE}, 'all are let in: ' + kind)
        count = sessions.lookups(site)
        tap.ok(1 <= count <= len(daemons),
               'one lookup a process: ' + kind, count)
        dead = sessions.Person(site.sim.control, kinds=(kind,))
        dead.log_out(kind)
        site.sim.reset_counts()
        got = at_once(50, lambda daemon, w=dead, k=kind: sessions.say(
            daemon.path, w.way[k]), daemons[:1] * 50)
        tap.equal(set(got), {sessions.NOT_LIVE}, 'none is: ' + kind)
        # for a JWT that holds, "not told" is asked once more
        count = sessions.lookups(site)
        tap.ok(1 <= count <= (2 if kind in sessions.JWTS else 1),
               'not live, one lookup: ' + kind, count)
    site.sim.fault('none')


class Known(threading.Thread):
    """Asks for known sessions without a pause."""

    def __init__(self, daemon, ways):
        super().__init__(daemon=True)
        self.at, self.ways = daemon.path, ways
        self.answers, self.times = [], []
        self.stop = threading.Event()

    def run(self):
        while not self.stop.is_set():
            for said in self.ways:
                begun = time.monotonic()
                self.answers.append(sessions.say(self.at, said,
                                                 client=FLOODER))
                self.times.append(time.monotonic() - begun)


def test_flood(site, daemon):
    people = [sessions.Person(site.sim.control) for _ in range(3)]
    ways = [said for who in people for said in who.way.values()]
    before = sessions.rows(site) + len(ways)
    tap.equal({sessions.say(daemon.path, said) for said in ways},
              {sessions.LIVE}, 'flood: known sessions')
    gate.until(lambda: sessions.rows(site) >= before, 'their rows')
    before = sessions.rows(site)
    site.sim.reset_counts()
    known = Known(daemon, ways)
    known.start()
    stranger = sessions.Person(site.sim.control)
    over = threading.Event()

    def flood(_):
        said = []
        while len(said) < FLOOD // 16 or not over.is_set():
            said.append(sessions.say(daemon.path, made_up(), client=FLOODER))
        return said
    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        parts = [pool.submit(flood, number) for number in range(16)]
        gate.until(lambda: sessions.lookups(site) >= ALONE,
                   'the flood to use its budget up')
        logins = {kind: sessions.say(daemon.path, said, client=STRANGER)
                  for kind, said in stranger.way.items()}
        over.set()
        got = [one for part in parts for one in part.result()]
    took = time.monotonic() - begun
    known.stop.set()
    known.join()
    budget = ALONE * (int(took // 60) + 1)
    tap.equal(set(got) - {sessions.NOT_LIVE, (503, 'busy')}, set(),
              'flood: not live, or busy')
    tap.ok(got.count(sessions.NOT_LIVE) <= budget,
           'flood: no more are asked for than its part of lookup_rate',
           '%d of %d' % (got.count(sessions.NOT_LIVE), len(got)))
    # those of the stranger are asked for as well
    count = sessions.lookups(site) - len(stranger.way)
    tap.ok(0 < count <= budget, 'flood: lookups that Authgear saw', count)
    tap.equal(set(known.answers), {sessions.LIVE},
              'flood: known sessions keep their answers')
    tap.equal(set(logins.values()), {sessions.LIVE},
              "flood: a stranger's first login from elsewhere")
    gate.until(lambda: sessions.rows(site) - before >= len(stranger.way),
               'the rows of the login')
    tap.equal(sessions.rows(site) - before, len(stranger.way),
              'flood: no rows but those of the login')
    known.times.sort()
    tap.note('%d made-up tokens in %.1f s, %d answers to known sessions, '
             'median %.1f ms, slowest %.1f ms' % (
                 len(got), took, len(known.times), 1e3 * known.times[
                     len(known.times) // 2], 1e3 * known.times[-1]))


def test_all_addresses(site, daemon):
    """From everywhere: lookup_rate for all of them together."""
    site.sim.reset_counts()
    begun = time.monotonic()
    got = at_once(16, lambda _: sessions.say(daemon.path, made_up()),
                  range(FLOOD))
    limit = RATE * (int((time.monotonic() - begun) // 60) + 1)
    tap.equal(set(got) - {sessions.NOT_LIVE, (503, 'busy')}, set(),
              'many addresses: not live, or busy')
    tap.ok(0 < sessions.lookups(site) <= limit,
           'many addresses: no more than lookup_rate together',
           sessions.lookups(site))
    who = sessions.Person(site.sim.control, kinds=('JWT',))
    tap.equal(sessions.say(daemon.path, who.way['JWT']), sessions.LIVE,
              'many addresses: a JWT that holds is nobody unknown')


def test_prefix(site, daemon):
    """An IPv6 client has a /64 of addresses, and one part."""
    site.sim.reset_counts()
    got = at_once(8, lambda number: sessions.say(
        daemon.path, made_up(), client='2001:db8:0:7::%x' % number),
                  range(1, 200))
    count = got.count(sessions.NOT_LIVE)
    tap.equal(count, ALONE, 'one /64: one part of lookup_rate')
    tap.equal(set(got) - {sessions.NOT_LIVE, (503, 'busy')}, set(),
              'one /64: not live, or busy')


def first_logins(site, daemon, seconds):
    """Of others, while something goes on; what was said to them."""
    until = time.monotonic() + seconds
    said = []
    while time.monotonic() < until or len(said) < 10:
        who = sessions.Person(site.sim.control, kinds=('opaque', 'JWT'))
        said += [sessions.say(daemon.path, one) for one in who.way.values()]
    return said


def besieged(site, daemon, threads, request, seconds,
             address=lambda number: FLOODER):
    """Answers to one address that asks on and on, or some, and to first
    logins of others meanwhile."""
    over = threading.Event()

    def siege(number):
        said = []
        while not over.is_set():
            said.append(sessions.say(daemon.path, request(number),
                                     client=address(number)))
            number += threads
        return said
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        parts = [pool.submit(siege, number) for number in range(threads)]
        time.sleep(2)
        logins = first_logins(site, daemon, seconds)
        over.set()
        return [one for part in parts for one in part.result()], logins


def test_forged(site):
    """Keys that nobody knows, while the key set hangs: whoever has no
    account holds at most half of the places where requests wait."""
    def part(value):
        raw = value if isinstance(value, bytes) else json.dumps(value).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b'=').decode()

    def forged(number):
        now = int(time.time())
        return 'Bearer ' + '.'.join(part(value) for value in (
            {'alg': 'RS256', 'typ': 'at+jwt', 'kid': 'nobody'},
            {'iss': site.endpoint, 'aud': [site.endpoint], 'sub': 'x',
             'client_id': 'c', 'jti': str(number), 'iat': now,
             'exp': now + 1000}, b'\1' * 256)), None
    with site.daemon('forged', arguments=('--max-connections', '128')) \
            as daemon:
        sessions.warm(daemon, site.sim.control)
        site.sim.fault('delay', '/oauth2/jwks', seconds=30)
        got, logins = besieged(site, daemon, 96, forged, 4)
        site.sim.fault('none')
        tap.equal(set(logins), {sessions.LIVE},
                  'forged tokens: first logins of others')
        tap.equal({one[0] for one in got}, {503},
                  'forged tokens: never more than undecided')
        tap.ok((503, 'busy') in got, 'forged tokens: some may not wait')


def test_dead(site):
    """Many good tokens of one user who is logged out: each costs lookups,
    and half of the places at most while others wait."""
    who = sessions.Person(site.sim.control, kinds=('JWT',))
    dead = [sessions.way('JWT', sessions.mint(
        site.sim.control, 'JWT', who.session['JWT'], sub=who.name))
            for _ in range(400)]
    who.log_out('JWT')
    with site.daemon('dead') as daemon:
        sessions.warm(daemon, site.sim.control)
        site.sim.fault('delay', sessions.RESOLVER, seconds=0.02)
        got, logins = besieged(site, daemon, 60, lambda number: dead[
            number % len(dead)], 4)
        tap.equal(set(logins), {sessions.LIVE},
                  'dead tokens: first logins of others')
        # half of the places by address is no help then
        site.sim.fault('delay', sessions.RESOLVER, seconds=0.3)
        more, logins = besieged(site, daemon, 200, lambda number: dead[
            number % len(dead)], 4, lambda number: '203.0.113.%d' % (
                number % 64))
        site.sim.fault('none')
        tap.equal(set(logins), {sessions.LIVE},
                  'dead tokens from 64 addresses: first logins of others')
        tap.equal({one[0] for one in got + more} - {401, 503}, set(),
                  'dead tokens: never let in')


def test_reboot(site):
    """Sessions known on another boot are asked for, and not as unknown."""
    tokens = site.sim.tokens(CROWD, kind='opaque')
    with site.daemon('before') as daemon:
        # one stands for all
        granted = at_once(16, lambda text: sessions.say(
            daemon.path, ('Bearer ' + text, None)), tokens[:1])
        tap.equal(granted, [sessions.LIVE], 'reboot: one is let in')
        tap.equal(daemon.stop(), 0, 'reboot: the daemon ends')
    changed = sessions.adopt(site, tokens)
    tap.equal(changed, CROWD, 'reboot: %d rows of another boot' % CROWD)
    with site.daemon('after') as daemon:
        flood.use_up(daemon.path, FLOODER)
        site.sim.reset_counts()
        got = at_once(16, lambda text: sessions.say(
            daemon.path, ('Bearer ' + text, None), client=FLOODER), tokens)
        tap.equal({one: got.count(one) for one in set(got)},
                  {sessions.LIVE: CROWD},
                  'reboot: all come back, from one address')
        tap.equal(sessions.lookups(site), CROWD,
                  'reboot: each was asked for once')


def main():
    with gate.Site(settings=SETTINGS) as site:
        with site.daemon('one') as one, site.daemon('two') as two:
            for daemon in (one, two):
                sessions.warm(daemon, site.sim.control)
            test_one_lookup(site, [one, two])
        for test in (test_flood, test_prefix):
            with site.daemon(test.__name__) as daemon:
                sessions.warm(daemon, site.sim.control)
                test(site, daemon)
        with site.daemon('everywhere') as daemon:
            test_all_addresses(site, daemon)
        test_reboot(site)
    with gate.Site(settings={'validate': 'hybrid', 'total_timeout': '2',
                             'connect_timeout': '1',
                             'keys_cooldown': '1',
                             'max_lookups': '4'}) as site:
        test_forged(site)
        test_dead(site)
    tap.done()


main()
