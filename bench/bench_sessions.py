#!/usr/bin/python3
"""Benches of sessions that Authgear's resolver knows: warm ones against a
no-op on the same connection layer, misses with a slow resolver, hits while
every lookup hangs, and the daemon's memory with many sessions known.

usage: bench_sessions.py [--rounds N] [--seconds N] [--before DIRECTORY]
                         [--append FILE] [--no-callgrind]

--before: a build of an earlier release (authgear-fcgi and authgear-cache in
it), measured in the same rounds.
As in bench.py the ratios are of the same round, with their spread, and
nothing passes or fails here.
"""

import hashlib
import os
import random
import statistics
import sys
import threading
import time

import harness
import rows
from harness import fastcgi, head, latency, median, rates, ratios, row

WARM = 2000             # credentials of each kind
MISSES = 20000          # more than can be asked for in a session_ttl of 1 s
KNOWN = 100000          # rows for the daemon's memory
DELAYS = (0, 20, 200)   # ms
CONNECTIONS = 8         # where latency is looked at: max_lookups' default
STRANGERS = 16          # clients with unknown tokens, twice a second each
AUTHGEAR = 800          # resolves a second of a real one on two cores
BEFORE = '-before'      # behind the names of its daemons
RESOLVER = '/_resolver/resolve'

# the variant: tokens file, field for wrk, text before it, parameter
KINDS = {
    'opaque': ('opaque', 'Authorization', 'Bearer ', 'HTTP_AUTHORIZATION'),
    'cookie': ('cookie', 'Cookie', 'session=', 'HTTP_COOKIE'),
    'jwt': ('jwt', 'Authorization', 'Bearer ', 'HTTP_AUTHORIZATION'),
}
WORDS = {'noop': 'no-op', 'opaque': 'opaque token', 'cookie': 'cookie',
         'jwt': 'JWT, hybrid'}


def any_address():
    return '10.%d.%d.%d' % tuple(random.randrange(1, 255) for _ in range(3))


class Sessions(harness.Bench):
    def __init__(self, options):
        super().__init__(options)
        # how its daemons are called, and where its programs are
        self.builds = {'': harness.tap.BUILD}
        if options.before:
            self.builds[BEFORE] = os.path.abspath(options.before)
        self.variants = ('open', 'noop', 'big') + tuple(
            name + release for name in ('gate', 'miss')
            for release in self.builds)

    def start_daemons(self):
        threads = '--threads', str(harness.cores())
        many = {'max_lookups': 256, 'lookup_rate': 60000}
        self.daemon('noop', harness.tap.program('bench/noop_gate'), *threads)
        for release, build in self.builds.items():
            for name, settings in (
                    ('gate', dict(many, session_ttl=3600)),
                    ('miss', {'session_ttl': 1, 'absent_ttl': 1})):
                self.gate(name + release, dict(settings, validate='hybrid'),
                          threads, build)
        # memory is that of a daemon as it comes, with all its threads
        self.gate('big', {'session_ttl': 3600, 'validate': 'hybrid'})
        self.mint()
        self.warm()

    def mint(self):
        opaque = {'kind': 'opaque', 'lifetime': 36000}
        self.credentials = {
            'opaque': self.sim.tokens(WARM, **opaque),
            'cookie': self.sim.tokens(WARM, kind='cookie'),
            'jwt': self.sim.tokens(WARM, session=True, lifetime=36000),
            'misses': self.sim.tokens(MISSES, **opaque),
            'known': [hashlib.sha256(b'%d' % number).hexdigest()[:32]
                      for number in range(KNOWN)]}
        for name, texts in self.credentials.items():
            self.write(name, '\n'.join(texts) + '\n')

    def parameters(self, kind):
        _, _, before, name = KINDS[kind]
        return [(name, before + token) for token in self.credentials[kind]]

    def warm(self):
        """Each credential is asked for once, so that it has its row."""
        for release in self.builds:
            for kind in KINDS:
                for credential in self.parameters(kind):
                    harness.grant(self.path('gate%s.sock' % release),
                                  credential, any_address())
            self.fill('miss' + release, self.credentials['misses'], 1000)

    def fill(self, name, tokens, age):
        """Rows of opaque tokens, `age` seconds old."""
        rows.sessions(self.sites[name].status, self.sim.origin, tokens,
                      age=age)

    # measuring

    def once(self, server, variant, release='', connections=64):
        if variant == 'noop':
            return self.wrk(server, 'noop', 'opaque', connections=connections)
        name, field, before, _ = KINDS[variant]
        return self.wrk(server, 'gate' + release, name, field, before,
                        connections)

    def warm_rounds(self):
        return harness.interleaved(
            self.options.rounds, [[(server, 'noop', '')] + [
                (server, kind, release) for kind in KINDS
                for release in self.builds] for server in self.servers],
            self.once, 'sessions')

    def miss(self, release):
        time.sleep(1.5)         # what was asked before is too old again
        self.sim.reset_counts()
        run = self.wrk('nginx', 'miss' + release, 'misses',
                       connections=CONNECTIONS)
        run['asked'] = self.sim.count(RESOLVER)
        return run

    def miss_rounds(self):
        """{(delay, release): runs}"""
        results = {}
        for delay in DELAYS:
            if delay:
                self.sim.fault('delay', RESOLVER, seconds=delay / 1000)
            results.update(harness.interleaved(
                self.options.rounds, [[(delay, release) for release in
                                       self.builds]],
                lambda _, release: self.miss(release),
                'misses, %d ms' % delay))
            self.sim.no_fault()
        return results

    def knock(self, until):
        """Somebody else's credentials, whose lookups all hang."""
        while not until.is_set():
            try:
                fastcgi.ask(self.path('gate.sock'), {
                    'AUTHGEAR_POLICY': 'default', 'REQUEST_METHOD': 'GET',
                    'REQUEST_URI': '/', 'REMOTE_ADDR': any_address(),
                    'HTTP_AUTHORIZATION': 'Bearer ' + os.urandom(16).hex()})
            except (OSError, ValueError):
                pass
            until.wait(0.5)

    def knocked(self, fault):
        """One run of hits while strangers knock; how many were asked for."""
        if fault:
            self.sim.fault(fault, RESOLVER)
        self.sim.reset_counts()
        until = threading.Event()
        people = [threading.Thread(target=self.knock, args=(until,))
                  for _ in range(STRANGERS)]
        for one in people:
            one.start()
        time.sleep(0.5)
        run = self.once('nginx', 'opaque', connections=CONNECTIONS)
        until.set()
        for one in people:
            one.join()
        run['asked'] = self.sim.count(RESOLVER)
        self.sim.no_fault()
        return run

    def hang_rounds(self):
        """Pairs: the resolver answers, and every lookup hangs."""
        pairs = []
        for _ in range(self.options.rounds):
            pairs.append((self.knocked(None), self.knocked('hang')))
        return pairs

    def memory(self):
        """kB: VmRSS of the daemon before and after."""
        before = self.rss('big')
        self.fill('big', self.credentials['known'], 0)
        filled = self.rss('big')
        runs = [self.wrk('nginx', 'big', 'known') for _ in range(3)]
        return {'before': before, 'filled': filled, 'after': self.rss('big'),
                'rate': statistics.median(run['rate'] for run in runs),
                'requests': sum(run['rate'] for run in runs) *
                self.options.seconds,
                'bad': sum(run['bad'] for run in runs)}

    def rss(self, name):
        with open('/proc/%d/status' % self.running[name].pid,
                  encoding='ascii') as file:
            for line in file:
                if line.startswith('VmRSS:'):
                    return int(line.split()[1])
        return 0


def report_warm(results, servers):
    lines = ['', '## Sessions', '',
             'Of %d credentials of each kind that Authgear\'s resolver was '
             'asked about before, every request' % WARM,
             'carries another; `validate = hybrid`.', '']
    lines += head('server', 'credential', 'req/s median (range)', '/ no-op',
                  'daemon CPU us', 'p50 ms', 'p99 ms', 'failed')
    for server in servers:
        for name, word in WORDS.items():
            runs = results[server, name, '']
            lines.append(row(
                server, word, rates(runs),
                ratios(runs, results[server, 'noop', '']),
                '%.1f' % median(runs, 'cpu'), *latency(runs),
                harness.failed(runs)))
    return lines


def report_misses(misses, seconds):
    lines = ['', 'Misses: known sessions whose last answer is too old, '
             'through nginx with %d connections and' % CONNECTIONS,
             'the default `max_lookups`; the resolver answers after:', '']
    lines += head('resolver ms', 'req/s median (range)', 'lookups/s',
                  'daemon CPU us', 'p50 ms', 'p99 ms', 'failed')
    for delay in DELAYS:
        runs = misses[delay, '']
        lines.append(row(
            delay, rates(runs), '%.0f' % median(runs, 'asked', seconds),
            '%.1f' % median(runs, 'cpu'), *latency(runs),
            harness.failed(runs)))
    return lines


def report_before(warm, misses, servers):
    """Both releases, in the same rounds."""
    pairs = [('%s, hit, %s' % (server, WORDS[kind]), warm[server, kind, ''],
              warm[server, kind, BEFORE])
             for server in servers for kind in KINDS]
    pairs += [('nginx, miss, %d ms' % delay, misses[delay, ''],
               misses[delay, BEFORE]) for delay in DELAYS]
    lines = ['', 'Against an earlier release, in the same rounds; ratios of '
             'one round, median (range):', '']
    lines += head('', 'req/s before', 'req/s', 'ratio',
                  'daemon CPU us before', 'daemon CPU us', 'ratio')
    for word, now, then in pairs:
        cells = []
        for name, digits in (('rate', 0), ('cpu', 1)):
            cells += ['%.*f' % (digits, median(runs, name))
                      for runs in (then, now)]
            cells.append(ratios(now, then, name))
        lines.append(row(word, *cells))
    return lines


def report_hanging(pairs):
    quiet, loud = zip(*pairs)
    lines = ['', 'Hits (opaque tokens, nginx, %d connections) while every '
             'lookup hangs, against the run before it,' % CONNECTIONS,
             'where Authgear answers. In both, %d clients send unknown '
             'tokens twice a second each.' % STRANGERS, '']
    lines += head('', 'undisturbed', 'every lookup hangs', 'ratio')
    for number, name in enumerate(('p50', 'p99')):
        lines.append(row(name + ' ms', latency(quiet, 2)[number],
                         latency(loud, 2)[number],
                         ratios(loud, quiet, name)))
    lines.append(row('req/s', '%.0f' % median(quiet, 'rate'),
                     '%.0f' % median(loud, 'rate'), ratios(loud, quiet)))
    lines.append(row('failed', harness.failed(quiet), harness.failed(loud),
                     ''))
    return lines


def report_memory(memory):
    return ['', 'Memory (RSS) of the daemon with its default threads: '
            '%.1f MB before, %.1f MB with %s known' % (
                memory['before'] / 1024, memory['filled'] / 1024,
                format(KNOWN, ',')),
            'sessions, %.1f MB after %.0f requests for all of them (%.0f '
            'a second, %d failed).' % (
                memory['after'] / 1024, memory['requests'], memory['rate'],
                memory['bad'])]


def report_authgear(results, servers):
    lines = ['', 'A real Authgear\'s resolver was measured at %d requests a '
             'second on two cores. In front of it a warm' % AUTHGEAR,
             'cache answers', '']
    for server in servers:
        rate = median(results[server, 'opaque', ''], 'rate')
        lines.append('* through %s %.0f a second on two cores that the load '
                     'and the web server share: %.0f times as many;' % (
                         server, rate, rate / AUTHGEAR))
    lines += ['* and one lookup serves a session for `session_ttl` (30 s by '
              'default), so that those %d carry about' % AUTHGEAR,
              '  %s sessions in use, whatever each of them asks for.' %
              format(AUTHGEAR * 30, ',')]
    return lines


def report_instructions(instructions):
    if not instructions:
        return []
    names = sorted({name for costs in instructions.values()
                    for name, cost in costs.items() if cost > 500},
                   key=lambda name: -max(costs.get(name, 0) for costs in
                                         instructions.values()))
    lines = ['', 'Instructions of one warm decision (callgrind, difference '
             'of 1,200 and 200 requests), thousands:', '']
    lines += head('object', *(WORDS[kind] for kind in instructions))
    for name in names:
        lines.append(row(name, *('%.1f' % (costs.get(name, 0) / 1000)
                                 for costs in instructions.values())))
    lines.append(row('all', *('%.0f' % (sum(costs.values()) / 1000)
                              for costs in instructions.values())))
    return lines


def measure(run, options):
    warm = run.warm_rounds()
    lines = report_warm(warm, run.servers)
    lines += report_authgear(warm, run.servers)
    misses = run.miss_rounds()
    lines += report_misses(misses, options.seconds)
    if options.before:
        lines += report_before(warm, misses, run.servers)
    lines += report_hanging(run.hang_rounds())
    lines += report_memory(run.memory())
    if not options.no_callgrind:
        lines += report_instructions(
            {kind: run.instructions('gate', run.parameters(kind))
             for kind in KINDS})
    return '\n'.join(lines) + '\n'


def main():
    parser = harness.parser(rounds=9, seconds=2)
    parser.add_argument('--before')
    parser.add_argument('--no-callgrind', action='store_true')
    options = parser.parse_args()
    with Sessions(options) as run:
        text = measure(run, options)
    harness.publish(text, options.append)
    return 0


if __name__ == '__main__':
    sys.exit(main())
