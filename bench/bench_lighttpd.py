#!/usr/bin/python3
"""lighttpd with the example's Lua: a static file of lighttpd alone, the same
behind the authorizer, and with grants that Lua keeps (AUTHGEAR_CACHE), in
interleaved rounds.

usage: bench_lighttpd.py [--rounds N] [--seconds N] [--append FILE]

The requests have the RS256 tokens of 2000 users in turn, of some 1.2 kB.
Nothing passes or fails here.
"""

import os
import re
import subprocess
import sys

import harness
from harness import head, latency, median, publish, rates, ratios, row

import checker
import lighttpd
import servers

VARIANTS = ('open', 'asked', 'kept')
CACHE = 'setenv.add-environment += ( "AUTHGEAR_CACHE" => "%s %s" )\n'
MORE = '''server.max-worker = 2
server.max-keep-alive-requests = 1000000
'''
OPEN = '''server.document-root = "%s"
server.bind = "127.0.0.1"
server.port = %d
mimetype.assign = (".txt" => "text/plain")
'''


class World(checker.World):
    def more_arguments(self):
        self.page = os.path.join(self.folder, 'epoch')
        os.makedirs(self.page, exist_ok=True)
        os.chmod(self.page, 0o755)
        return ['--epoch', self.page]


def no_log(text):
    return re.sub('(?m)^accesslog.*$', '', text)


def open_server(site, at, port, _):
    return OPEN % (site.www, port) + MORE, [
        '/usr/sbin/lighttpd', '-D', '-f', at + '/conf']


def ticks(pid):
    """Of a process and its children."""
    with open('/proc/%d/task/%d/children' % (pid, pid),
              encoding='ascii') as file:
        pids = [pid] + [int(word) for word in file.read().split()]
    total = 0
    for one in pids:
        with open('/proc/%d/stat' % one, encoding='ascii') as stat:
            fields = stat.read().rsplit(')', 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total


class Bench:
    def __init__(self, world, running, options):
        self.world, self.running = world, running
        self.options = options
        self.tokens = os.path.join(world.folder, 'tokens')
        with open(self.tokens, 'w', encoding='ascii') as out:
            for number in range(2000):
                out.write(world.token('user%d' % number, lifetime=36000) +
                          '\n')

    def once(self, variant):
        server, daemon = self.running[variant], self.world.fcgi
        before = ticks(server.pid), ticks(daemon.pid)
        out = subprocess.run(
            ['wrk', '-t1', '-c64', '-d%ds' % self.options.seconds, '-s',
             os.path.join(harness.HERE, 'tokens.lua'),
             'http://127.0.0.1:%d/page.txt' % server.port],
            env=dict(os.environ, TOKENS=self.tokens), check=True,
            capture_output=True, text=True).stdout
        numbers = [int(word) for word in
                   re.search(r'RESULT (.*)', out).group(1).split()]
        requests, duration, bad, broken, p50, p99 = numbers
        each = 1e6 / harness.TICK / max(requests, 1)
        return {'rate': requests * 1e6 / duration, 'bad': bad + broken,
                'server': (ticks(server.pid) - before[0]) * each,
                'cpu': (ticks(daemon.pid) - before[1]) * each,
                'p50': p50, 'p99': p99}


def report(results, options):
    lines = ['', '## Grants that lighttpd\'s Lua keeps', '',
             '%d interleaved rounds of %d s, wrk with 64 connections, the '
             'tokens of 2000 users,' % (options.rounds, options.seconds),
             'two workers, all on %d cores. `open` is a static file of '
             'lighttpd alone.' % harness.cores(), '']
    lines += head('lighttpd', 'req/s median (range)', '/ open', '/ asked',
                  'lighttpd CPU us', 'daemon CPU us', 'p50 ms', 'p99 ms',
                  'failed')
    for variant, runs in results.items():
        lines.append(row(
            variant, rates(runs), ratios(runs, results['open']),
            ratios(runs, results['asked']), '%.1f' % median(runs, 'server'),
            '%.1f' % median(runs, 'cpu'), *latency(runs),
            harness.failed(runs)))
    return '\n'.join(lines) + '\n'


def main():
    options = harness.parser(rounds=9, seconds=2).parse_args()
    with World(()) as world:
        cache = CACHE % (world.state + '.epoch', world.page)
        alone = servers.start('lighttpd', world.site, '', open_server)
        try:
            with lighttpd.Variant(world, behind=MORE, change=no_log) as asked,\
                    lighttpd.Variant(world, behind=MORE + cache,
                                     change=no_log) as kept:
                bench = Bench(world, dict(zip(VARIANTS, (alone, asked,
                                                         kept))), options)
                results = harness.interleaved(
                    options.rounds, [[(name,) for name in VARIANTS]],
                    bench.once, 'lighttpd')
        finally:
            alone.stop()
    publish(report({name: results[name,] for name in VARIANTS}, options),
            options.append)
    return 0


if __name__ == '__main__':
    sys.exit(main())
