#!/usr/bin/python3
"""Side-by-side benches: the gate against a no-op on the same connection
layer, a textbook libfcgi program and no authorization at all, through nginx,
lighttpd and Apache, in interleaved rounds.

usage: bench.py [--rounds N] [--seconds N] [--output FILE] [--no-callgrind]

Every request carries another valid RS256 token. Reports medians, ratios of
the same round with their spread, CPU microseconds of the daemon a request,
and callgrind instructions a request. Nothing passes or fails here.
"""

import os
import sys

import harness
from harness import head, latency, median, rates, ratios, row

VARIANTS = ('open', 'noop', 'textbook', 'gate')


class Bench(harness.Bench):
    servers = ('nginx', 'lighttpd', 'apache')
    variants = VARIANTS
    # The no-op once more, handed only the headers that are named and not all;
    # and the module, where it is built: asking the same daemon as `gate`, and
    # switched off.
    extra = {'nginx': ('listed',) + (
        harness.MODULE if harness.nginx_module.is_built() else ())}

    def start_daemons(self):
        self.tokens = self.sim.tokens(2000, subs=True, lifetime=36000)
        self.write('tokens', '\n'.join(self.tokens) + '\n')
        threads = '--threads', str(harness.cores())
        self.daemon('noop', harness.tap.program('bench/noop_gate'), *threads)
        self.daemon('textbook', harness.tap.program('bench/textbook'),
                    '--threads', '16')
        self.gate('gate', {'validate': 'jwt'}, threads)

    def start_more(self):
        self.run('apache', '/usr/sbin/apache2', '-DFOREGROUND', '-f',
                 self.write('apache.conf', self.apache_conf()))

    def apache_conf(self):
        modules = '/usr/lib/apache2/modules/mod_%s.so'
        text = 'ServerRoot %s\nServerName localhost\nPidFile %s\n' \
            'ErrorLog %s\nLogLevel error\nMaxKeepAliveRequests 0\n' \
            'DefaultRuntimeDir %s\n' % (
                self.folder, self.path('apache.pid'),
                self.path('apache.err'), self.folder)
        if os.getuid() == 0:
            text += 'User www-data\nGroup www-data\n'
        for name in ('mpm_event', 'authn_core', 'authz_core', 'authz_user',
                     'authnz_fcgi', 'setenvif', 'mime'):
            text += 'LoadModule %s_module %s\n' % (name, modules % name)
        text += 'TypesConfig /dev/null\n'
        for variant in self.variants[1:]:
            text += 'AuthnzFcgiDefineProvider authnz %s ' \
                'fcgi://127.0.0.1:%d/\n' % (variant,
                                            self.ports['fcgi', variant])
        for variant in self.variants:
            port = self.ports['apache', variant]
            text += 'Listen 127.0.0.1:%d\n<VirtualHost 127.0.0.1:%d>\n' \
                'DocumentRoot %s\n' % (port, port, self.path('www'))
            if variant != 'open':
                text += '''<Location />
AuthType %s
AuthName x
AuthnzFcgiCheckAuthnProvider %s Authoritative On RequireBasicAuth Off UserExpr "%%{reqenv:REMOTE_USER}"
Require %s
SetEnvIfExpr "true" AUTHGEAR_POLICY=default
CGIPassAuth On
</Location>
''' % (variant, variant, variant)
            text += '</VirtualHost>\n'
        return text

    def once(self, server, variant):
        return self.wrk(server, variant, browser='1')

    def rounds(self):
        return harness.interleaved(
            self.options.rounds, [[(server, variant) for variant in
                                   self.variants_of(server)]
                                  for server in self.servers],
            self.once, 'tokens')


def report(results, instructions, options):
    lines = ['# Results of `make bench`', '',
             '%d interleaved rounds of %d s, wrk with 64 connections, every '
             'request another valid RS256' % (options.rounds, options.seconds),
             'token, all on %d cores. Ratios are medians of ratios of the '
             'same round, with their' % harness.cores(),
             'range. nginx and lighttpd over unix sockets, Apache over TCP. '
             'Requests have the headers of a',
             'browser; `listed` is the no-op behind nginx that hands on those '
             'that are named, not all.', '']
    lines += head('server', 'variant', 'req/s median (range)', '/ open',
                  '/ no-op', '/ textbook', 'daemon CPU us', 'p50 ms',
                  'p99 ms', 'failed')
    for (server, variant), runs in results.items():
        lines.append(row(
            server, variant, rates(runs),
            *(ratios(runs, results[server, other])
              for other in VARIANTS[:3]),
            '-' if variant == 'open' else '%.1f' % median(runs, 'cpu'),
            *latency(runs), harness.failed(runs)))
    if ('nginx', 'module') in results:
        lines += ['', 'The nginx module (`module`) asks the same daemon as '
                  '`gate`: %s of it; switched off (`off`): %s of open.' % (
                      ratios(results['nginx', 'module'],
                             results['nginx', 'gate']),
                      ratios(results['nginx', 'off'],
                             results['nginx', 'open']))]
    if instructions:
        lines += ['', 'Instructions of one decision (callgrind, difference of '
                  '1,200 and 200 requests): %.0f k' % (
                      sum(instructions.values()) / 1000), '']
        lines += head('object', 'instructions, thousands')
        lines += [row(name, '%.1f' % (cost / 1000)) for name, cost in
                  sorted(instructions.items(), key=lambda x: -x[1])
                  if cost > 500]
    return '\n'.join(lines) + '\n'


def main():
    parser = harness.parser(rounds=9, seconds=2)
    parser.add_argument('--output')
    parser.add_argument('--no-callgrind', action='store_true')
    options = parser.parse_args()
    with Bench(options) as bench:
        results = bench.rounds()
        instructions = {} if options.no_callgrind else bench.instructions(
            'gate', [('HTTP_AUTHORIZATION', 'Bearer ' + token)
                     for token in bench.tokens])
    harness.publish(report(results, instructions, options), options.output,
                    'w')
    return 0


if __name__ == '__main__':
    sys.exit(main())
