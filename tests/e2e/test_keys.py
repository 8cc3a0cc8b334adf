"""The life of the key set in the running daemon: rotation, unknown kids at
a high rate across two daemons, Authgear down, restarts, fetches that hang."""

import threading
import time

import beside
import fastcgi
import gate
import tap

SECONDS = 6.0           # of the flood of unknown kids
COOLDOWN = 2
TTL = 3600


def ask(daemon, token, timeout=40):
    return fastcgi.ask(daemon.path, fastcgi.bearer(token), timeout=timeout)


def reason(answer):
    if answer is None:
        return 'no answer'
    if answer.status == 200:
        return 'granted'
    return answer.headers.get('x-authgear-reason', repr(answer.raw))


def wait_granted(daemon, token, seen=None):
    """Ask until granted; `seen` collects what was answered before."""
    def granted():
        said = reason(ask(daemon, token))
        if seen is not None:
            seen.add(said)
        return said == 'granted'
    gate.until(granted, 'a grant')


def ready(daemon):
    daemon.wait_for('keys fetched')


def test_rotation():
    with gate.Site({'keys_cooldown': COOLDOWN}) as site:
        with site.daemon() as daemon:
            ready(daemon)
            old = site.sim.token()
            tap.equal(reason(ask(daemon, old)), 'granted', 'first key')
            site.sim.rotate()
            seen = set()
            begun = time.monotonic()
            wait_granted(daemon, site.sim.token(), seen)
            tap.ok(seen <= {'granted', 'key-unsettled'},
                   'a rotated key: 503 at most, never 401', seen)
            tap.note('new key after %.2f s' % (time.monotonic() - begun))
            tap.equal(reason(ask(daemon, old)), 'granted',
                      'the older key still serves')


def test_refresh():
    """authgear-cache keys refresh, in a daemon that runs and in one that
    starts later; by a clock that was ahead it asks for nothing."""
    with gate.Site({'keys_cooldown': 1}) as site:
        with site.daemon() as daemon:
            ready(daemon)
            old = site.sim.token()
            site.sim.rotate(keep=False)
            tap.equal(reason(ask(daemon, old)), 'granted',
                      'a key that was withdrawn serves until keys_ttl')
            said = site.cache('keys', 'refresh', '--reason', 'stolen').text
            tap.ok('fetched anew' in said, 'keys refresh', said)
            gate.until(lambda: reason(ask(daemon, old)) != 'granted',
                       'the withdrawn key is gone')
            before = site.sim.count('/oauth2/jwks')
            time.sleep(2.5)
            # what was fetched within that very second is fetched once more
            tap.ok(site.sim.count('/oauth2/jwks') <= before + 1,
                   'and no more is fetched')
        site.cache('keys', 'refresh', '--json')
        with site.daemon('later'):
            gate.until(lambda: site.sim.count('/oauth2/jwks') > before + 1,
                       'a daemon that starts later fetches')


class Flood(threading.Thread):
    """Unknown kids, over kept connections, until told to end."""

    def __init__(self, daemon, tokens):
        super().__init__(daemon=True)
        self.gate = daemon
        self.tokens = tokens
        self.over = threading.Event()
        self.seen = {}
        self.asked = 0

    def run(self):
        while not self.over.is_set():
            for token in self.tokens:
                try:
                    said = reason(ask(self.gate, token))
                except OSError as error:
                    said = 'broken: %s' % error
                self.seen[said] = self.seen.get(said, 0) + 1
                self.asked += 1
                if self.over.is_set():
                    return


def test_flood():
    with gate.Site({'keys_cooldown': COOLDOWN, 'keys_ttl': TTL}) as site:
        sim = site.sim
        with site.daemon('one') as one, site.daemon('two') as two:
            ready(one)
            sim.reset_counts()
            begun = time.monotonic()
            tokens = [sim.token(header={'kid': 'unknown-%d' % i},
                                lifetime=3000) for i in range(50)]
            floods = [Flood(daemon, tokens) for daemon in (one, two)
                      for _ in range(2)]
            for flood in floods:
                flood.start()
            time.sleep(SECONDS / 2)
            sim.rotate()
            real = sim.token(lifetime=3000)
            rotated = time.monotonic()
            seen = set()
            wait_granted(one, real, seen)
            took = time.monotonic() - rotated
            wait_granted(two, real, seen)
            time.sleep(max(0, SECONDS - (time.monotonic() - begun)))
            for flood in floods:
                flood.over.set()
            for flood in floods:
                flood.join(60)
            fetches = sim.count('/oauth2/jwks')
            elapsed = time.monotonic() - begun
        asked = sum(flood.asked for flood in floods)
        said = set().union(*(flood.seen for flood in floods))
        bound = 1 + elapsed / COOLDOWN + elapsed / TTL
        tap.note('note: %d unknown kids in %.1f s (%.0f/s): %d fetches, '
                 'bound %.1f; rotation seen after %.2f s' % (
                     asked, elapsed, asked / elapsed, fetches, bound, took))
        tap.ok(asked > 50, 'unknown kids are answered', asked)
        tap.ok(fetches <= bound, 'fetches across two daemons are bounded',
               '%d > %.2f' % (fetches, bound))
        tap.ok(said <= {'key-unsettled', 'unknown-key', 'keys-unreachable'},
               'unknown kids: 401 or 503', said)
        tap.ok(seen <= {'granted', 'key-unsettled'},
               'a real rotation meanwhile: 503, never 401', seen)


def test_down():
    with gate.Site({'keys_cooldown': 1, 'keys_ttl': 1,
                    'keys_max_stale': 12}) as site:
        sim = site.sim
        with site.daemon() as daemon:
            ready(daemon)
            token = sim.token(lifetime=3000)
            tap.equal(reason(ask(daemon, token)), 'granted', 'up')
            sim.fault('drop')
            begun = time.monotonic()
            tap.equal(reason(ask(daemon, token)), 'granted',
                      'Authgear down: stored keys serve')
            daemon.kill()
        with site.daemon('again') as daemon:
            said = reason(ask(daemon, token))
            late = time.monotonic() - begun > 8
            tap.ok(said == 'granted' or late,
                   'also after a restart of the daemon', said)
            daemon.wait_for('keys not fetched')
            tap.ok(True, 'the log says that keys are not fetched')
            gate.until(lambda: reason(ask(daemon, token)) ==
                       'keys-unreachable', 'the end of keys_max_stale')
            answer = ask(daemon, token)
            tap.ok(answer.status == 503 and
                   'retry-after' in answer.headers,
                   'after keys_max_stale: 503', repr(answer))
            sim.fault('none')
            wait_granted(daemon, token)
            tap.ok(True, 'and it recovers by itself')


def test_never_up():
    with gate.Site(sim=False) as site:
        with site.daemon() as daemon:
            daemon.wait_for('keys not fetched')
            answer = fastcgi.ask(daemon.path, {
                'AUTHGEAR_POLICY': 'default'})
            tap.equal(reason(answer), 'no-credential',
                      'ready and answering without Authgear')
            tap.equal(daemon.stop(), 0, 'and ends well')


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] * 1000


def test_hanging():
    with gate.Site({'keys_cooldown': 1, 'total_timeout': 4}) as site:
        sim = site.sim
        with site.daemon(arguments=['--threads', '2']) as daemon:
            ready(daemon)
            good = sim.token(lifetime=3000)
            tokens = [sim.token(header={'kid': 'hang-%d' % i},
                                lifetime=3000) for i in range(30)]
            tap.equal(reason(ask(daemon, good)), 'granted', 'before')
            sim.fault('hang')
            floods = [Flood(daemon, tokens) for _ in range(8)]
            for flood in floods:
                flood.start()
            time.sleep(1.2)     # past the cooldown, so that one fetch hangs
            times = []
            said = set()
            end = time.monotonic() + 4
            while time.monotonic() < end:
                begun = time.monotonic()
                said.add(reason(ask(daemon, good)))
                times.append(time.monotonic() - begun)
            for flood in floods:
                flood.over.set()
            for flood in floods:
                flood.join(60)
            tap.ok(all(not flood.is_alive() for flood in floods),
                   'all parked requests were answered')
            tap.equal(said, {'granted'},
                      'while every fetch hangs, known keys are served')
            tap.note('note: while fetches hang: %d requests, p50 %.1f ms, '
                     'p99 %.1f ms' % (len(times), percentile(times, 0.5),
                                      percentile(times, 0.99)))
            tap.equal(daemon.stop(), 0, 'ends while fetches hang')


def floods():
    test_flood()
    test_hanging()


def main():
    beside.run(*[(test.__name__, test) for test in (
        test_rotation, test_refresh, floods, test_down, test_never_up)])
    tap.done()


if __name__ == '__main__':
    main()
