#!/usr/bin/python3
"""Benches of nginx's module and what it keeps: against files that nobody
guards, auth_request to `return 204`, the includes that ask by FastCGI, and a
module of the bench's own that verifies each token in the worker
(peer_module.c); a worker's memory with many grants kept.

usage: bench_nginx.py [--rounds N] [--seconds N] [--append FILE] [CELL ...]

CELL: beginnings of names; only such cells are measured, and no memory.
As in bench.py the ratios are of the same round, with their spread, and
nothing passes or fails here.
"""

import json
import os
import sys
import types

import harness
import rows
from harness import head, latency, median, ratios, rates, row

import jose
import nginx_module
import process
import servers

USERS, FEW = 2000, 200  # credentials of a kind
TOKEN = 1200            # bytes of a JWT
FULL = 60000            # credentials, more than a worker keeps
PEER = harness.tap.binary('bench/.libs/peer_module.so')

# what asks, by the process that has it
PLAIN = {
    'static': '',
    'return 204': 'location = /_ok { internal; return 204; }'
                  'location / { auth_request /_ok; %(backend)s }',
    'FastCGI': 'include %(includes)sauthgear-server.conf;'
               'location / { auth_request /_authgear/default; %(backend)s }',
}
MODULE = {
    'loaded': '',
    'off': 'authgear off;',
    'kept': 'authgear_cache %(gate)s; authgear default;',
    'kept 5 s': 'authgear_cache %(five)s; authgear default;',
    'kept 1 s': 'authgear_cache %(one)s; authgear default;',
    'not kept': 'authgear default;',
}
PROCESSES = {
    'plain': PLAIN, 'module': MODULE,
    # a store has one size in all of an nginx
    'small': {'missed': 'authgear_cache %(gate)s max=64k; authgear default;'},
    'peer': {'peer': 'location / { peer_key %(key)s; %(backend)s }'},
}
LOADS = {'module': nginx_module.PATH, 'small': nginx_module.PATH,
         'peer': PEER}
SHORT = {'kept 5 s': 'five', 'kept 1 s': 'one'}
ASKS = {'FastCGI': 'gate', 'kept': 'gate', 'missed': 'gate',
        'not kept': 'gate', **SHORT}
# (what asks, credential or what is behind it)
CELLS = [(name, 'JWT') for table in PROCESSES.values() for name in table] + [
    (name, 'opaque') for name in ('static', 'FastCGI', 'kept', 'missed')] + [
    (name, 'proxy') for name in ('static', 'FastCGI', 'kept', 'peer')]
WORDS = {'JWT': 'JWT', 'opaque': 'opaque token', 'proxy': 'JWT, proxied'}
# what is aimed at: a cell, that it is measured by, at least
AIMS = (
    (('kept', 'JWT'), ('static', 'JWT'), 0.88),
    (('kept', 'opaque'), ('static', 'opaque'), 0.95),
    (('kept', 'JWT'), ('FastCGI', 'JWT'), 3),
    (('kept', 'opaque'), ('FastCGI', 'opaque'), 3),
    (('kept', 'JWT'), ('peer', 'JWT'), 3),
    (('missed', 'JWT'), ('FastCGI', 'JWT'), 1),
    (('missed', 'opaque'), ('FastCGI', 'opaque'), 1),
    (('kept', 'proxy'), ('static', 'proxy'), 0.8),
    (('loaded', 'JWT'), ('static', 'JWT'), 1),
    (('off', 'JWT'), ('static', 'JWT'), 1),
)
PROXY = 'proxy_pass http://behind; proxy_http_version 1.1; ' \
    'proxy_set_header Connection "";'
CONF = '''%(user)sworker_processes %(workers)d; pid %(at)s.pid;
error_log %(at)s.error error;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 1000000;
client_body_temp_path %(at)s.t; proxy_temp_path %(at)s.t;
fastcgi_temp_path %(at)s.t; uwsgi_temp_path %(at)s.t; scgi_temp_path %(at)s.t;
%(http)s
}
'''


class Cells(harness.Bench):
    servers = ('nginx',)

    def __init__(self, options):
        super().__init__(options)
        self.daemons = dict(ASKS, memory='gate')
        self.cells = [cell for cell in CELLS if not options.cells or
                      ' '.join(cell).startswith(tuple(options.cells))]

    def start_daemons(self):
        for name, settings in (
                ('gate', {'validate': 'hybrid', 'session_ttl': 3600,
                          'max_lookups': 256, 'lookup_rate': 60000}),
                ('five', {'session_ttl': 5}), ('one', {'session_ttl': 1})):
            self.gate(name, dict({'validate': 'jwt'}, **settings),
                      ['--threads', str(harness.cores()),
                       '--epoch', self.page(name)])
        self.mint()

    def page(self, name):
        """The daemon's, in a folder of its own."""
        folder = self.path(name + '.epoch')
        os.mkdir(folder)
        os.chmod(folder, 0o755)
        return folder

    def mint(self):
        def tokens(pad):
            return self.sim.tokens(USERS, session=True, lifetime=36000,
                                   claims={'pad': 'x' * pad})
        bare = len(self.sim.token(session=True, claims={'pad': ''}))
        self.tokens = {
            'JWT': tokens(max(TOKEN - bare, 0) * 3 // 4),
            'opaque': self.sim.tokens(USERS, kind='opaque', lifetime=36000)}
        self.tokens['few'] = self.tokens['JWT'][:FEW]
        self.tokens['full'] = [os.urandom(16).hex() for _ in range(FULL)]
        for name, texts in self.tokens.items():
            self.write(name, '\n'.join(texts) + '\n')
        for kind in ('JWT', 'opaque'):
            for number, token in enumerate(self.tokens[kind]):
                harness.grant(self.path('gate.sock'), (
                    'HTTP_AUTHORIZATION', 'Bearer ' + token),
                    '10.1.%d.%d' % divmod(number, 250))

    # nginx: a process without the module, one with it, one with the peer

    def start_servers(self):
        os.mkdir(self.path('www'))
        self.write('www/hello.txt', 'hello!\n')
        self.ports['behind'] = process.free_port()
        for cell in self.cells + [('memory', 'JWT')]:
            self.ports['nginx', cell] = process.free_port()
        self.names = self.words()
        self.nginx('behind', 'server { listen 127.0.0.1:%d reuseport; root '
                   '%s; }' % (self.ports['behind'], self.path('www')))
        for name, table in PROCESSES.items():
            self.nginx(name, self.http(name, table), LOADS.get(name))
        self.nginx('memory', self.block(('memory', 'JWT'), MODULE['kept']),
                   nginx_module.PATH, workers=1)
        for what, port in self.ports.items():
            if 'nginx' in what:
                process.until(lambda to=('127.0.0.1', port):
                              harness.answers(to), 'nginx')

    def words(self):
        """What stands in the texts of the cells."""
        site = types.SimpleNamespace(login_socket=self.path('nobody.sock'))
        key = self.sim.resolve(path='/oauth2/jwks')[2]
        jwk = json.loads(key)['keys'][0]
        names = {name: '%s.epoch %s' % (self.sites[name].state,
                                        self.path(name + '.epoch'))
                 for name in ('gate', 'five', 'one')}
        return dict(names, includes=servers.nginx_includes(
            site, self.path('includes'), self.path('gate.sock')),
            key=self.write('key.pem', jose.public_pem(jwk).decode()))

    def http(self, name, table):
        text = 'upstream behind { server 127.0.0.1:%d; keepalive 64; }\n' % \
            self.ports['behind']
        if name == 'plain':
            text += 'include %sauthgear-http.conf;\n' % \
                self.names['includes']
        return text + '\n'.join(self.block(cell, table[cell[0]]) for cell in
                                self.cells if cell[0] in table)

    def block(self, cell, text):
        """One server; in front of an application it is that of `proxied`."""
        name, kind = cell
        daemon = self.daemons.get(name)
        backend = '' if kind != 'proxy' else PROXY
        if kind == 'proxy' and name == 'FastCGI':
            backend = 'include %sauthgear-proxy.conf; ' \
                'proxy_pass http://behind;' % self.names['includes']
        if 'backend' not in text:
            text += 'location / { %(backend)s }'
        if 'authgear ' in text:
            text = 'authgear_socket unix:%s; ' % self.path(
                '%s.sock' % (daemon or 'nobody')) + text
        return 'server { listen 127.0.0.1:%d reuseport; root %s; %s }' % (
            self.ports['nginx', cell], self.path('www'),
            text % dict(self.names, backend=backend))

    def nginx(self, name, http, loads=None, workers=2):
        load = 'load_module %s;\n' % loads if loads else ''
        user = 'user root;\n' if os.getuid() == 0 else ''
        self.run(name, '/usr/sbin/nginx', '-g', 'daemon off;', '-c',
                 self.write(name + '.conf', CONF % {
                     'user': load + user, 'workers': workers,
                     'at': self.path(name), 'http': http}))

    # measuring

    def workers(self, name):
        path = '/proc/%d/task/%d/children' % ((self.running[name].pid,) * 2)
        with open(path, encoding='ascii') as file:
            return [int(word) for word in file.read().split()]

    def once(self, name, kind, tokens=None):
        place = next((place for place, table in PROCESSES.items()
                      if name in table), name)
        tokens = tokens or ('few' if name in SHORT else
                            'opaque' if kind == 'opaque' else 'JWT')
        before = sum(map(harness.ticks, self.workers(place)))
        run = self.wrk('nginx', (name, kind), tokens,
                       daemon=self.daemons.get(name))
        ticks = sum(map(harness.ticks, self.workers(place))) - before
        run['nginx'] = ticks * 1e6 / harness.TICK / run['requests']
        return run

    def rounds(self):
        for cell in self.cells:     # each worker has seen all of them
            self.once(*cell)
        return harness.interleaved(self.options.rounds, [self.cells],
                                   self.once, 'nginx')

    def memory(self):
        """Of one worker, bytes: with FEW kept, with USERS of each kind, and
        full."""
        rows.sessions(self.sites['gate'].status, self.sim.origin,
                      self.tokens['full'])
        kept = []
        for tokens in ('few', 'opaque', 'JWT', 'full'):
            self.once('memory', 'JWT', tokens)
            self.once('memory', 'JWT', tokens)
            kept.append(self.rss())
        return kept

    def rss(self):
        with open('/proc/%d/status' % self.workers('memory')[0],
                  encoding='ascii') as file:
            return next(int(line.split()[1]) * 1024 for line in file
                        if line.startswith('VmRSS:'))


def base_of(cell):
    return ('static', cell[1])


def against(results, cell, other):
    return ratios(results[cell], results[other]) if other in results and \
        cell != other else '-'


def report(results, options):
    lines = ['', '## nginx: the module, and what it keeps', '',
             '%d interleaved rounds of %d s, 64 connections, %d credentials '
             '(JWTs of %d bytes); the daemon\'s' % (
                 options.rounds, options.seconds, USERS, TOKEN),
             '`validate = hybrid`, their sessions known. `static` is nginx '
             'without the module, over the same', 'header; `proxied`: in '
             'front of an HTTP backend, `static` the bare proxy. `missed`: '
             'there is room for', 'none. `kept 5 s`, `1 s`: %d JWTs, each '
             'verified anew when it is asked about. `peer`: a module of'
             % FEW, 'the bench\'s own that verifies the RS256 signature of '
             'each request in the worker, and nothing else.', '']
    lines += head('', 'credential', 'req/s median (range)', '/ static',
                  '/ FastCGI', 'nginx CPU us', 'daemon CPU us', 'p50 ms',
                  'p99 ms', 'failed')
    for cell, runs in results.items():
        lines.append(row(
            cell[0], WORDS[cell[1]], rates(runs),
            against(results, cell, base_of(cell)),
            against(results, cell, ('FastCGI', cell[1])),
            '%.1f' % median(runs, 'nginx'),
            '%.1f' % median(runs, 'cpu') if cell[0] in ASKS else '-',
            *latency(runs), harness.failed(runs)))
    return lines + report_aims(results)


def report_aims(results):
    lines = ['', 'What is aimed at:', ''] + head(
        '', 'of', 'at least', 'requests a second', 'nginx CPU')
    return lines + [
        row(' '.join(cell), ' '.join(other), aim,
            ratios(results[cell], results[other]),
            ratios(results[cell], results[other], 'nginx'))
        for cell, other, aim in AIMS if cell in results and other in results]


def report_memory(kept):
    return ['', 'Memory (RSS) of a worker: %.1f MB after %d grants, %.1f MB '
            'after %d, and %.1f MB when it was' % (
                kept[0] / 1e6, FEW, kept[2] / 1e6, 2 * USERS, kept[3] / 1e6),
            'asked by %s credentials and keeps as many as 16 MB hold.' %
            format(FULL, ',')]


def main():
    parser = harness.parser(rounds=9, seconds=2)
    parser.add_argument('cells', nargs='*', metavar='CELL')
    options = parser.parse_args()
    with Cells(options) as bench:
        lines = report(bench.rounds(), options)
        if not options.cells:
            lines += report_memory(bench.memory())
    harness.publish('\n'.join(lines) + '\n', options.append)
    return 0


if __name__ == '__main__':
    sys.exit(main())
