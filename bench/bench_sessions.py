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

import argparse
import hashlib
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import bench
import fastcgi
import rows
import sim as simulator

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


class Sessions(bench.Bench):
    def __init__(self, folder, options):
        super().__init__(folder, options)
        # how its daemons are called, and where its programs are
        self.builds = {'': bench.BUILD}
        if options.before:
            self.builds[BEFORE] = os.path.abspath(options.before)
        self.variants = ('open', 'noop', 'big') + tuple(
            name + release for name in ('gate', 'miss')
            for release in self.builds)
        self.servers = ('nginx', 'lighttpd')
        self.extra = {}
        self.confs = {}

    def gate(self, name, text, threads=(), release=''):
        """A daemon with settings and a state directory of its own."""
        build = self.builds[release]
        name += release
        conf = self.write(name + '.conf', '''[authgear]
endpoint = %s
state = %s
insecure_allow_http = yes
%s
[policy default]
''' % (self.sim.origin, self.path('state-' + name), text))
        os.chmod(conf, 0o600)
        subprocess.run([os.path.join(build, 'authgear-cache'), 'init',
                        '--config', conf], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.confs[name] = conf
        self.daemon(name, [os.path.join(build, 'authgear-fcgi'), '--config',
                           conf] + list(threads))

    def daemon(self, name, command):
        sock = self.path(name + '.sock')
        self.start(name, command + [
            '--listen', 'unix:%s,mode=0666' % sock])
        bench.wait_path(sock)

    def start_daemons(self):
        self.sim = simulator.Sim(bench.BUILD)
        self.sim.start()
        threads = ['--threads', str(os.cpu_count() or 2)]
        many = 'max_lookups = 256\nlookup_rate = 60000\n'
        self.daemon('noop', [os.path.join(bench.BUILD, 'bench',
                                          'noop_gate')] + threads)
        for release in self.builds:
            self.gate('gate', 'session_ttl = 3600\n' + many, threads, release)
            self.gate('miss', 'session_ttl = 1\nabsent_ttl = 1\n', threads,
                      release)
        # memory is that of a daemon as it comes, with all its threads
        self.gate('big', 'session_ttl = 3600\n')
        self.credentials = {}
        self.mint()
        self.warm()

    def mint(self):
        for kind, count, members in (
                ('opaque', WARM, {'kind': 'opaque', 'lifetime': 36000}),
                ('cookie', WARM, {'kind': 'cookie'}),
                ('jwt', WARM, {'session': True, 'lifetime': 36000}),
                ('misses', MISSES, {'kind': 'opaque', 'lifetime': 36000})):
            tokens = []
            while len(tokens) < count:
                tokens += self.sim.mint_many(500, **members)
            self.credentials[kind] = tokens
            self.write(kind, '\n'.join(tokens) + '\n')
        self.credentials['known'] = [
            hashlib.sha256(b'%d' % number).hexdigest()[:32]
            for number in range(KNOWN)]
        self.write('known', '\n'.join(self.credentials['known']) + '\n')

    def parameters(self, kind):
        _, _, before, name = KINDS[kind]
        return [(name, before + token) for token in self.credentials[kind]]

    def warm(self):
        """Each credential is asked for once, so that it has its row."""
        for release in self.builds:
            for kind in KINDS:
                for credential in self.parameters(kind):
                    self.grant(self.path('gate%s.sock' % release), credential,
                               any_address())
            self.fill('miss' + release, self.credentials['misses'], 1000)

    def fill(self, name, tokens, age):
        """Rows of opaque tokens, `age` seconds old."""
        rows.sessions(os.path.join(self.path('state-' + name), 'daemon',
                                   'status.db'), self.sim.origin, tokens,
                      age=age)

    # measuring

    def once(self, server, variant, connections=64, release=''):
        if variant == 'noop':
            return self.wrk(server, 'noop', 'opaque', connections=connections)
        name, field, before, _ = KINDS[variant]
        return self.wrk(server, 'gate' + release, name, field, before,
                        connections)

    def warm_rounds(self):
        variants = [('noop', '')] + [(kind, release) for kind in KINDS
                                     for release in self.builds]
        results = {(server, name + release): [] for server in self.servers
                   for name, release in variants}
        for number in range(self.options.rounds):
            for server in self.servers:
                for name, release in random.sample(variants, len(variants)):
                    results[server, name + release].append(
                        self.once(server, name, release=release))
            print('sessions, round %d of %d' % (
                number + 1, self.options.rounds), file=sys.stderr)
        return results

    def miss(self, release):
        time.sleep(1.5)         # what was asked before is too old again
        self.sim.reset_counts()
        run = self.wrk('nginx', 'miss' + release, 'misses',
                       connections=CONNECTIONS)
        run['asked'] = self.sim.count(RESOLVER)
        return run

    def miss_rounds(self):
        results = {(delay, release): [] for delay in DELAYS
                   for release in self.builds}
        for delay in DELAYS:
            if delay:
                self.sim.fault(RESOLVER, 'delay', seconds=delay / 1000)
            for _ in range(self.options.rounds):
                for release in random.sample(list(self.builds),
                                             len(self.builds)):
                    results[delay, release].append(self.miss(release))
            self.sim.no_fault()
            print('misses, %d ms' % delay, file=sys.stderr)
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
            self.sim.fault(RESOLVER, fault)
        self.sim.reset_counts()
        until = threading.Event()
        people = [threading.Thread(target=self.knock, args=(until,))
                  for _ in range(STRANGERS)]
        for one in people:
            one.start()
        time.sleep(0.5)
        run = self.once('nginx', 'opaque', CONNECTIONS)
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
        with open('/proc/%d/status' % self.pids[name],
                  encoding='ascii') as file:
            for line in file:
                if line.startswith('VmRSS:'):
                    return int(line.split()[1])
        return 0


def median(runs, name, divisor=1):
    return statistics.median([run[name] for run in runs]) / divisor


def report_warm(results, servers):
    lines = ['', '## Sessions', '',
             'Of %d credentials of each kind that Authgear\'s resolver was '
             'asked about before, every request' % WARM,
             'carries another; `validate = hybrid`.', '',
             '| server | credential | req/s median (range) | / no-op '
             '| daemon CPU us | p50 ms | p99 ms | failed |',
             '|---|---|---|---|---|---|---|---|']
    for server in servers:
        base = results[server, 'noop']
        for name, word in WORDS.items():
            runs = results[server, name]
            rates = [run['rate'] for run in runs]
            lines.append('| %s | %s | %.0f (%.0f-%.0f) | %s | %.1f | %.1f '
                         '| %.1f | %d |' % (
                             server, word, statistics.median(rates),
                             min(rates), max(rates), bench.spread(
                                 [run['rate'] / other['rate']
                                  for run, other in zip(runs, base)]),
                             median(runs, 'cpu'), median(runs, 'p50', 1000),
                             median(runs, 'p99', 1000),
                             sum(run['bad'] for run in runs)))
    return lines


def report_misses(misses, seconds):
    lines = ['', 'Misses: known sessions whose last answer is too old, '
             'through nginx with %d connections and' % CONNECTIONS,
             'the default `max_lookups`; the resolver answers after:', '',
             '| resolver ms | req/s median (range) | lookups/s | daemon CPU us '
             '| p50 ms | p99 ms | failed |', '|---|---|---|---|---|---|---|']
    for delay in DELAYS:
        runs = misses[delay, '']
        rates = [run['rate'] for run in runs]
        lines.append('| %d | %.0f (%.0f-%.0f) | %.0f | %.1f | %.1f | %.1f '
                     '| %d |' % (
                         delay, statistics.median(rates), min(rates),
                         max(rates), median(runs, 'asked', seconds),
                         median(runs, 'cpu'), median(runs, 'p50', 1000),
                         median(runs, 'p99', 1000),
                         sum(run['bad'] for run in runs)))
    return lines


def report_before(warm, misses, servers):
    """Both releases, in the same rounds."""
    pairs = [('%s, hit, %s' % (server, WORDS[kind]), warm[server, kind],
              warm[server, kind + BEFORE])
             for server in servers for kind in KINDS]
    pairs += [('nginx, miss, %d ms' % delay, misses[delay, ''],
               misses[delay, BEFORE]) for delay in DELAYS]
    lines = ['', 'Against an earlier release, in the same rounds; ratios of '
             'one round, median (range):', '',
             '| | req/s before | req/s | ratio | daemon CPU us before '
             '| daemon CPU us | ratio |', '|---|---|---|---|---|---|---|']
    for word, now, then in pairs:
        lines.append('| ' + word + ''.join(
            ' | %.*f | %.*f | %s' % (
                digits, median(then, name), digits, median(now, name),
                bench.spread([one[name] / max(other[name], 0.1)
                              for one, other in zip(now, then)]))
            for name, digits in (('rate', 0), ('cpu', 1))) + ' |')
    return lines


def report_hanging(pairs):
    quiet = [pair[0] for pair in pairs]
    loud = [pair[1] for pair in pairs]
    lines = ['', 'Hits (opaque tokens, nginx, %d connections) while every '
             'lookup hangs, against the run before it,' % CONNECTIONS,
             'where Authgear answers. In both, %d clients send unknown '
             'tokens twice a second each.' % STRANGERS, '',
             '| | undisturbed | every lookup hangs | ratio |',
             '|---|---|---|---|']
    for name, word in (('p50', 'p50 ms'), ('p99', 'p99 ms')):
        lines.append('| %s | %.2f | %.2f | %s |' % (
            word, median(quiet, name, 1000), median(loud, name, 1000),
            bench.spread([b[name] / a[name] for a, b in pairs])))
    lines.append('| req/s | %.0f | %.0f | %s |' % (
        median(quiet, 'rate'), median(loud, 'rate'),
        bench.spread([b['rate'] / a['rate'] for a, b in pairs])))
    lines.append('| failed | %d | %d | |' % (
        sum(run['bad'] for run in quiet), sum(run['bad'] for run in loud)))
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
        rate = median(results[server, 'opaque'], 'rate')
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
             'of 1,200 and 200 requests), thousands:', '',
             '| object | ' + ' | '.join(WORDS[kind] for kind in
                                        instructions) + ' |',
             '|---|' + '---|' * len(instructions)]
    for name in names:
        lines.append('| %s | ' % name + ' | '.join(
            '%.1f' % (costs.get(name, 0) / 1000)
            for costs in instructions.values()) + ' |')
    lines.append('| all | ' + ' | '.join(
        '%.0f' % (sum(costs.values()) / 1000)
        for costs in instructions.values()) + ' |')
    return lines


def measure(run, options):
    run.start_daemons()
    run.start_servers()
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
            {kind: run.instructions(run.confs['gate'], run.parameters(kind))
             for kind in KINDS})
    return '\n'.join(lines) + '\n'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--rounds', type=int, default=9)
    parser.add_argument('--seconds', type=int, default=2)
    parser.add_argument('--before')
    parser.add_argument('--append')
    parser.add_argument('--no-callgrind', action='store_true')
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix='authgear-bench.')
    os.chmod(folder, 0o755)
    run = Sessions(folder, options)
    try:
        text = measure(run, options)
    finally:
        run.stop()
        if getattr(run, 'sim', None):
            run.sim.stop()
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(text)
    if options.append:
        with open(options.append, 'a', encoding='utf-8') as out:
            out.write(text)
    return 0


if __name__ == '__main__':
    sys.exit(main())
