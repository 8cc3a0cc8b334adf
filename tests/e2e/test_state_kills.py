"""Writers of trust.db and daemons are killed at any moment: nothing granted
that was revoked, nobody known refused, each daemon right by itself.

AUTHGEAR_TEST_ROUNDS: kills (50)."""

import os
import random
import signal
import subprocess
import time

import gate
import installed
import load
import tap

ROUNDS = int(os.environ.get('AUTHGEAR_TEST_ROUNDS') or 50)
LATE = 20.0             # seconds: total_timeout and its room, times ten
ENDS = [signal.SIGKILL] * 4 + [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


class Asker:
    """Someone known, all along."""

    def __init__(self, world, number, token):
        self.world, self.number, self.token = world, number, token
        self.longest = 0.0

    def __call__(self):
        begun = time.monotonic()
        daemon = self.world.daemons[self.number]
        got = installed.say(daemon, self.token)
        # a daemon that is killed answers nothing; the web server asks again
        if got[0] == 0 or not daemon.alive():
            return None
        self.longest = max(self.longest, time.monotonic() - begun)
        return got


class World:
    def __init__(self, site):
        self.site = site
        self.known = site.token('known')
        self.daemons = []
        self.backup = os.path.join(site.folder, 'backup')
        site.cache('backup', self.backup)
        self.started = 0
        self.refused = []       # of whom nothing was revoked
        self.passed = []        # acknowledged and let in
        self.torn = []          # neither
        self.lacking = []       # acknowledged and not in a copy

    def start(self, number=None):
        self.started += 1
        daemon = self.site.daemon('fcgi-%d' % self.started)
        installed.warm(daemon, self.known)
        if number is None:
            self.daemons.append(daemon)
        else:
            self.daemons[number] = daemon

    def restart(self, number):
        """Killed, and begun anew: the next writer is the first one."""
        self.daemons[number].kill()
        self.start(number)

    def verdicts(self, token):
        return [installed.say(daemon, token) for daemon in self.daemons]

    def write(self, *command):
        return subprocess.Popen(
            self.site.command(*command), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def beside(self, number):
        """Another writer meanwhile, which never lets anybody in."""
        commands = (('block', 'user', 'beside-%d' % number),
                    ('restore', self.backup), ('keys', 'refresh'),
                    ('map', 'add', 'mapped', 'account-%d' % number),
                    ('prune', '--older-than', '1000000000'))
        return self.write(*commands[number % len(commands)])

    def expect_blocked(self, name):
        if set(self.verdicts(self.site.token(name))) != {installed.BLOCKED}:
            self.passed.append(name)

    def round(self, number, end, delay):
        name = 'user-%d' % number
        token = self.site.token(name)
        writers = [self.write('block', 'user', name), self.beside(number)]
        child, other = writers
        try:
            child.wait(delay)
        except subprocess.TimeoutExpired:
            child.send_signal(end)
            child.wait(gate.PATIENCE)
        other.send_signal(random.choice(ENDS))
        other.wait(gate.PATIENCE)
        if number % 5 == 0 and other.returncode == 0:
            self.expect_blocked('beside-%d' % number)
        after = self.verdicts(token)
        if child.returncode == 0:
            if set(after) != {installed.BLOCKED}:
                self.passed.append((number, after))
            if (name,) not in self.site.rows(path=self.site.copy()):
                self.lacking.append(number)
        elif (len(set(after)) != 1 or
              after[0] not in (installed.GRANTED, installed.BLOCKED)):
            self.torn.append((number, after))
        known = self.verdicts(self.known)
        if set(known) != {installed.GRANTED}:
            self.refused.append((number, known))
        return child.returncode == 0


def usual_time(site):
    """How long a change takes on this machine."""
    taken = []
    for number in range(9):
        begun = time.monotonic()
        site.cache('block', 'user', 'usual-%d' % number)
        taken.append(time.monotonic() - begun)
    return sorted(taken)[4]


def test_rounds(site, rounds):
    world = World(site)
    world.start()
    world.start()
    askers = [Asker(world, number, world.known) for number in (0, 1)]
    acknowledged = 0
    # most are killed at work, some just after it
    usual = 2.5 * usual_time(site)
    try:
        with load.Load(askers) as asked:
            for number in range(rounds):
                if number % 5 == 4:
                    world.restart(random.randrange(2))
                if number % 25 == 24:
                    world.restart(0)
                    world.restart(1)
                acknowledged += world.round(
                    number, random.choice(ENDS), random.uniform(0, usual))
            answers = [got for _, got in asked.answers if got is not None]
        # whoever is the last to write tells what all the others left
        final = site.cache('block', 'user', 'last')
        last = world.verdicts(site.token('last'))
    finally:
        for daemon in world.daemons:
            daemon.stop()
    tap.note('%d of %d acknowledged, %d answers meanwhile, the longest after '
             '%d ms' % (acknowledged, rounds, len(answers), 1000 * max(
                 asker.longest for asker in askers)))
    tap.equal(world.passed[:5], [], 'what was acknowledged holds, at both')
    tap.equal(world.lacking, [], 'and is in a copy of trust.db alone')
    tap.equal(world.torn[:5], [], 'what was not is decided, and by both alike')
    tap.equal(world.refused[:5], [], 'nobody else is refused')
    tap.equal(set(answers), {installed.GRANTED},
              'nor was anybody meanwhile')
    tap.ok(max(asker.longest for asker in askers) < LATE,
           'no answer came late')
    tap.ok(final.returncode == 0 and set(last) == {installed.BLOCKED},
           'the last change holds too', (final.text, last))
    tap.equal(site.rows('PRAGMA integrity_check'), [('ok',)],
              'trust.db is sound')


def test_index(site):
    """What a writer that was killed first of all leaves of the -shm, and
    anything else: no reader needs it."""
    tokens = [site.token(name) for name in ('known', 'before', 'after')]
    shm = site.trust + '-shm'
    with site.daemon('one') as one, site.daemon('two') as two:
        both = (one, two)
        for daemon in both:
            installed.warm(daemon, tokens[0])
        site.cache('block', 'user', 'before')
        tap.equal([installed.say(daemon, tokens[1]) for daemon in both],
                  [installed.BLOCKED] * 2, 'a change under two daemons')
        for size, byte in ((48, 0), (32768, 0), (32768, 255), (3, 1),
                           (0, 0), (65536, 7)):
            with open(shm, 'r+b') as index:
                index.truncate(0)
                index.write(bytes([byte]) * size)
            got = [[installed.say(daemon, token) for token in tokens]
                   for daemon in both]
            tap.equal(got, [[installed.GRANTED, installed.BLOCKED,
                             installed.GRANTED]] * 2,
                      'a -shm of %d bytes %d' % (size, byte))
            site.cache('block', 'user', 'after')
            got = [installed.say(daemon, tokens[2]) for daemon in both]
            tap.equal(got, [installed.BLOCKED] * 2,
                      'a -shm of %d bytes %d: a change holds' % (size, byte))
            site.cache('lift', 'user', 'after')


def test_two_daemons(site, count):
    """Each of many changes holds from the moment its command returned, at
    both of two daemons, whose index nobody keeps."""
    tokens = {name: site.token(name) for name in
              ['many-%d' % number for number in range(count)]}
    late = []
    with site.daemon('one') as one, site.daemon('two') as two:
        for daemon in (one, two):
            installed.warm(daemon, site.token('known'))
        site.cache('block', 'user', 'first')
        for daemon in (one, two):
            installed.warm(daemon, site.token('known'))
        with open(site.trust + '-shm', 'r+b') as index:
            index.truncate(48)
        for name, token in tokens.items():
            site.cache('block', 'user', name)
            got = [installed.say(daemon, token) for daemon in (one, two)]
            if set(got) != {installed.BLOCKED}:
                late.append((name, got))
    tap.equal(late[:5], [], '%d changes, each at once at both' % count)


def main():
    who = installed.required('kills in the installed layout')
    with installed.Site(who) as site:
        test_index(site)
        test_two_daemons(site, 1000)
        test_rounds(site, ROUNDS)
    tap.done()


main()
