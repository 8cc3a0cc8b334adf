"""What one address costs is not paid by another: floods of random tokens, and
first logins from elsewhere meanwhile."""
# beside others: it mostly waits

import concurrent.futures
import threading
import time

import beside
import flood
import gate
import sessions
import tap

RATE = 600              # lookup_rate
FULL, FULL_48 = 250, 90  # of it: when a flood has nearly what it gets
LOGINS = 100            # from elsewhere
LOST = 5                # of them, at most
CROWD = 500             # first logins from one address
OFFICE = '192.0.2.77'
SETTINGS = {'validate': 'hybrid', 'lookup_rate': str(RATE),
            'session_ttl': '1'}


def one_48(number):
    return '2001:db8:bad:%x::%x' % (number * 40503 % 65536, number)


def many(number):
    return '203.0.113.%d' % (number % 64)


class Counts(threading.Thread):
    """How often the resolver was asked, again and again."""

    def __init__(self, site):
        super().__init__(daemon=True)
        self.site, self.over, self.seen = site, threading.Event(), []
        self.look()

    def look(self):
        self.seen.append((time.monotonic(), sessions.lookups(self.site)))

    def run(self):
        while not self.over.wait(0.5):
            self.look()

    def most(self, seconds=60):
        """In any minute."""
        self.over.set()
        self.join()
        self.look()
        return max(last - first for at, first in self.seen
                   for then, last in self.seen if 0 <= then - at <= seconds)


def people(site, count):
    """What so many that were never seen before say; three kinds in turn."""
    kinds = ('opaque', 'session', 'app_session')
    return [sessions.Person(site.sim.control, kinds=(kind,)).way[kind]
            for kind in (kinds * count)[:count]]


def log_in(daemon, ways, client=None):
    """The answers that were no grant."""
    def ask(said):
        # as people come: a few at a time
        time.sleep(0.06)
        got = sessions.ask(daemon.path, said,
                           client=client or sessions.address())
        return got[:2], got.headers.get('x-authgear-meaning', '')
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return [got for got in pool.map(ask, ways) if
                got[0] != sessions.LIVE]


def test_crowd(site, daemon):
    """All that come at once from an office, which nobody vouches for."""
    ways = people(site, CROWD)
    site.sim.fault('delay', sessions.RESOLVER, seconds=0.1)
    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        got = list(pool.map(lambda said: sessions.say(
            daemon.path, said, client=OFFICE), ways))
    took = time.monotonic() - begun
    site.sim.fault('none')
    tap.equal([one for one in got if one != sessions.LIVE], [],
              '%d first logins from one address' % CROWD)
    tap.note('they took %.0f s' % took)


def test_flood(site, daemon, name, addresses, delay):
    """At the same moment as the logins, and after it got all it gets."""
    what = '%s%s' % (name, ', slow' if delay else '')
    early, late = people(site, LOGINS), people(site, LOGINS)
    if name.endswith('cookie'):
        bring_cookie(site, daemon, addresses)
    if delay:
        site.sim.fault('delay', sessions.RESOLVER, seconds=delay)
    site.sim.reset_counts()
    counts = Counts(site)
    counts.start()
    begun = time.monotonic()
    with flood.Flood(daemon.path, addresses) as attack:
        lost = log_in(daemon, early)
        tap.ok(len(lost) <= LOST, 'it begins with the logins: ' + what, lost)
        enough = LOGINS + (FULL_48 if addresses == one_48 else FULL)
        gate.until(lambda: sessions.lookups(site) >= enough and
                   time.monotonic() - begun > 5, 'a flood to get its part')
        lost = log_in(daemon, late)
        tap.ok(len(lost) <= LOST, 'it was there before: ' + what, lost)
    most = counts.most() - 2 * LOGINS
    site.sim.fault('none')
    tap.ok(0 < most <= RATE, 'no oftener than lookup_rate a minute in vain: '
           + what, most)
    tap.equal(set(attack.answers) - {'401 not-live', '503 busy'}, set(),
              'not live, or busy: ' + what)
    tap.ok(attack.sent > 5 * RATE and '503 busy' in attack.answers,
           'a flood: ' + what, attack.answers)
    tap.note('%d tokens in %.0f s, %d asked for: %r' % (
        attack.sent, attack.seconds, most, attack.answers))


def bring_cookie(site, daemon, addresses):
    """One and the same, in the end a lookup from several of them."""
    said = people(site, 2)[1]
    got = []
    for number in range(64):
        if number % 16 == 0:
            time.sleep(sessions.RECENT)
        got.append(sessions.say(daemon.path, said,
                                client=addresses(number)))
    tap.equal(set(got), {sessions.LIVE}, 'each of 64 brings a live cookie')


def test_minute(site, daemon):
    """A flood for more than a minute: no window of it has more."""
    site.sim.reset_counts()
    counts = Counts(site)
    counts.start()
    begun = time.monotonic()
    with flood.Flood(daemon.path, lambda number: '203.%d.%d.%d' % (
            number >> 16 & 255, number >> 8 & 255, number & 255)) as attack:
        gate.until(lambda: time.monotonic() - begun > 85, 'a minute and more',
                   patience=120)
    most = counts.most()
    tap.ok(RATE // 4 <= most <= RATE, 'from everywhere: no oftener than '
           'lookup_rate in any minute', most)
    tap.ok(counts.seen[-1][1] > most, 'but again after it',
           (counts.seen[-1], most))
    tap.note('%d tokens in %.0f s' % (attack.sent, attack.seconds))


def test_messages(site, daemon):
    """Each names the setting that helps."""
    for _ in range(RATE // 12 + 2):
        sessions.say(daemon.path, ('Bearer ' + flood.token(), None),
                     client=OFFICE)
    got = sessions.ask(daemon.path, ('Bearer ' + flood.token(), None),
                       client=OFFICE)
    tap.equal(got[:2], (503, 'busy'), 'one too many of one address')
    wait = int(got.headers.get('retry-after', '0'))
    tap.ok(1 <= wait <= 70, 'when to come again', wait)
    line = gate.until(lambda: [text for text in daemon.log().split('\n')
                               if 'reason=busy' in text], 'its line')[-1]
    for word in ('lookup_rate', 'set_real_ip_from', 'mod_remoteip',
                 'mod_extforward'):
        tap.ok(word in line, 'the log names ' + word, line)


def each(*tests):
    """One after the other on one site, each with a daemon of its own."""
    with gate.Site(settings=SETTINGS) as site:
        for number, (test, *arguments) in enumerate(tests):
            with site.daemon('number-%d' % number) as daemon:
                sessions.warm(daemon, site.sim.control)
                test(site, daemon, *arguments)


def main():
    ways = (('one /48', one_48), ('64', many), ('64 with a cookie', many))
    fast = [(test_flood, *way, 0) for way in ways]
    slow = [(test_flood, *way, 0.2) for way in ways]
    beside.run(('a minute', each, (test_minute,)),
               ('slow floods', each, *slow[1:]),
               ('floods', each, slow[0], *fast),
               ('a crowd', each, (test_crowd,), (test_messages,)))
    tap.done()


main()
