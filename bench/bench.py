#!/usr/bin/python3
"""Side-by-side benches: the gate against a no-op on the same connection
layer, a textbook libfcgi program and no authorization at all, through nginx,
lighttpd and Apache, in interleaved rounds.

usage: bench.py [--rounds N] [--seconds N] [--output FILE] [--no-callgrind]

Every request carries another valid RS256 token. Reports medians, ratios of
the same round with their spread, CPU microseconds of the daemon a request,
and callgrind instructions a request. Nothing passes or fails here.
"""

import argparse
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get('AUTHGEAR_BUILD', os.getcwd())
sys.path.insert(0, os.path.join(HERE, '..', 'tests', 'e2e'))

import fastcgi  # noqa: E402
import sim as simulator  # noqa: E402

VARIANTS = ('open', 'noop', 'textbook', 'gate')
# The no-op once more, handed only the headers that are named and not all.
EXTRA = {'nginx': ('listed',)}
DAEMONS = {'open': None, 'listed': 'noop'}
SERVERS = ('nginx', 'lighttpd', 'apache')
TICK = os.sysconf('SC_CLK_TCK')


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def wait_port(port, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(('127.0.0.1', port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError('nothing listens on port %d' % port)


def wait_path(path, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if os.path.exists(path):
            return
        time.sleep(0.02)
    raise RuntimeError('%s did not appear' % path)


class Bench:
    def __init__(self, folder, options):
        self.folder = folder
        self.options = options
        self.variants = VARIANTS        # the first is always open
        self.servers = SERVERS
        self.extra = EXTRA
        self.children = []
        self.ports = {}
        self.pids = {}

    def variants_of(self, server):
        return self.variants + self.extra.get(server, ())

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text):
        with open(self.path(name), 'w', encoding='utf-8') as out:
            out.write(text)
        return self.path(name)

    def start(self, name, command):
        log = open(self.path(name + '.log'), 'wb')
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                 stderr=log, start_new_session=True)
        log.close()
        self.children.append(child)
        self.pids[name] = child.pid
        return child

    def stop(self):
        for child in reversed(self.children):
            child.send_signal(signal.SIGTERM)
        for child in reversed(self.children):
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    # what is measured

    def start_daemons(self):
        self.sim = simulator.Sim(BUILD)
        self.sim.start()
        tokens = []
        while len(tokens) < 2000:
            tokens += self.sim.mint_many(500, subs=True, lifetime=36000)
        self.tokens = tokens
        self.write('tokens', '\n'.join(tokens) + '\n')
        conf = self.write('authgear.conf', '''[authgear]
endpoint = %s
validate = jwt
state = %s
insecure_allow_http = yes

[policy default]
''' % (self.sim.origin, self.path('state')))
        os.chmod(conf, 0o600)
        subprocess.run([os.path.join(BUILD, 'authgear-cache'), 'init',
                        '--config', conf], check=True,
                       stdout=subprocess.DEVNULL)
        threads = str(os.cpu_count() or 2)
        self.conf = conf
        programs = {
            'noop': [os.path.join(BUILD, 'bench', 'noop_gate')],
            'textbook': [os.path.join(BUILD, 'bench', 'textbook')],
            'gate': [os.path.join(BUILD, 'authgear-fcgi'), '--config', conf],
        }
        for name, command in programs.items():
            self.ports['fcgi', name] = free_port()
            self.start(name, command + [
                '--threads', '16' if name == 'textbook' else threads,
                '--listen', 'unix:%s,mode=0666' % self.path(name + '.sock'),
                '--listen', '127.0.0.1:%d' % self.ports['fcgi', name]])
            wait_path(self.path(name + '.sock'))

    def start_servers(self):
        os.mkdir(self.path('www'))
        with open(self.path('www', 'hello.txt'), 'w', encoding='ascii') as out:
            out.write('hello!\n')
        for server in self.servers:
            for variant in self.variants_of(server):
                self.ports[server, variant] = free_port()
        self.start('nginx', ['/usr/sbin/nginx', '-c', self.write(
            'nginx.conf', self.nginx_conf()), '-g', 'daemon off;'])
        self.start('lighttpd', ['/usr/sbin/lighttpd', '-D', '-f', self.write(
            'lighttpd.conf', self.lighttpd_conf())])
        if 'apache' in self.servers:
            self.start('apache', ['/usr/sbin/apache2', '-DFOREGROUND', '-f',
                                  self.write('apache.conf',
                                             self.apache_conf())])
        for server in self.servers:
            for variant in self.variants_of(server):
                wait_port(self.ports[server, variant])

    def nginx_conf(self):
        blocks = []
        for variant in self.variants_of('nginx'):
            auth = '' if variant == 'open' else '''
    location = /_auth { internal; fastcgi_pass unix:%s;
      fastcgi_pass_request_body off; fastcgi_pass_request_headers %s;
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param REQUEST_URI $request_uri;
      fastcgi_param REMOTE_ADDR $remote_addr;
      fastcgi_param HTTP_HOST $http_host;
      fastcgi_param HTTP_AUTHORIZATION $http_authorization;
      fastcgi_param HTTP_COOKIE $http_cookie;
      fastcgi_param HTTP_ACCEPT $http_accept;
      fastcgi_param HTTP_SEC_FETCH_MODE $http_sec_fetch_mode;
      fastcgi_param HTTP_ORIGIN $http_origin;
      fastcgi_param HTTP_ACCESS_CONTROL_REQUEST_METHOD
          $http_access_control_request_method;
      fastcgi_param AUTHGEAR_POLICY default;
      fastcgi_buffer_size 16k; fastcgi_buffers 4 16k; }
    auth_request /_auth;''' % (
                self.path(DAEMONS.get(variant, variant) + '.sock'),
                'off' if variant == 'listed' else 'on')
            blocks.append('''  server { listen 127.0.0.1:%d reuseport;
    root %s; %s }''' % (self.ports['nginx', variant], self.path('www'), auth))
        user = 'user root;' if os.getuid() == 0 else ''
        temp = ' '.join('%s_temp_path %s;' % (kind, self.path('t_' + kind))
                        for kind in ('client_body', 'proxy', 'fastcgi',
                                     'uwsgi', 'scgi'))
        return '''%s worker_processes 2; pid %s; error_log %s warn;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 1000000; %s
%s
}
''' % (user, self.path('nginx.pid'), self.path('nginx.err'), temp,
            '\n'.join(blocks))

    def lighttpd_conf(self):
        text = '''server.modules = ("mod_setenv", "mod_fastcgi")
server.feature-flags = ("server.h2proto" => "disable")
server.document-root = "%s"
server.bind = "127.0.0.1"
server.port = %d
server.max-keep-alive-requests = 1000000
server.max-worker = 2
server.errorlog = "%s"
mimetype.assign = (".txt" => "text/plain")
setenv.set-environment = ("AUTHGEAR_POLICY" => "default")
''' % (self.path('www'), self.ports['lighttpd', 'open'],
            self.path('lighttpd.err'))
        for variant in self.variants[1:]:
            text += '''$SERVER["socket"] == "127.0.0.1:%d" {
  fastcgi.server = ("/" => ((
    "socket" => "%s", "mode" => "authorizer", "check-local" => "disable")))
}
''' % (self.ports['lighttpd', variant], self.path(variant + '.sock'))
        return text

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

    # measuring

    def cpu_ticks(self, name):
        with open('/proc/%d/stat' % self.pids[name], encoding='ascii') as stat:
            fields = stat.read().rsplit(')', 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def wrk(self, server, variant, tokens='tokens', field='Authorization',
            before='Bearer ', connections=64, browser=None):
        daemon = DAEMONS.get(variant, variant)
        ticks = self.cpu_ticks(daemon) if daemon else 0
        out = subprocess.run(
            ['wrk', '-t1', '-c%d' % connections,
             '-d%ds' % self.options.seconds, '-s',
             os.path.join(HERE, 'tokens.lua'), 'http://127.0.0.1:%d/hello.txt'
             % self.ports[server, variant]],
            env=dict(os.environ, TOKENS=self.path(tokens), FIELD=field,
                     BEFORE=before, **({'BROWSER': browser} if browser
                                       else {})), check=True,
            capture_output=True, text=True).stdout
        numbers = [int(word) for word in
                   re.search(r'RESULT (.*)', out).group(1).split()]
        ticks = self.cpu_ticks(daemon) - ticks if daemon else 0
        requests, duration, bad, broken, p50, p99 = numbers
        return {'rate': requests * 1e6 / duration, 'bad': bad + broken,
                'cpu': ticks * 1e6 / TICK / max(requests, 1),
                'p50': p50, 'p99': p99}

    def once(self, server, variant):
        return self.wrk(server, variant, browser='1')

    def rounds(self):
        results = {(server, variant): [] for server in self.servers
                   for variant in self.variants_of(server)}
        for number in range(self.options.rounds):
            for server in self.servers:
                variants = self.variants_of(server)
                for variant in random.sample(variants, len(variants)):
                    results[server, variant].append(self.once(server, variant))
            print('round %d of %d' % (number + 1, self.options.rounds),
                  file=sys.stderr)
        return results

    # instructions

    def instructions(self, conf, credentials):
        """Of one decision: the difference of two runs under callgrind.
        `credentials` are pairs of a parameter and its value."""
        totals = []
        for count in (200, 1200):
            sock = self.path('callgrind.sock')
            out = self.path('callgrind.%d' % count)
            child = subprocess.Popen(
                ['valgrind', '--tool=callgrind', '--callgrind-out-file=' + out,
                 os.path.join(BUILD, '.libs', 'authgear-fcgi')
                 if os.path.exists(os.path.join(BUILD, '.libs',
                                                'authgear-fcgi'))
                 else os.path.join(BUILD, 'authgear-fcgi'),
                 '--config', conf, '--threads', '1', '--listen',
                 'unix:' + sock], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                wait_path(sock, 60)
                for index in range(count):
                    self.grant(sock, credentials[index % len(credentials)])
            finally:
                child.send_signal(signal.SIGTERM)
                child.wait(60)
            totals.append(self.annotate(out))
        names = set(totals[0]) | set(totals[1])
        return {name: (totals[1].get(name, 0) - totals[0].get(name, 0)) / 1000
                for name in names}

    @staticmethod
    def grant(address, credential, client='127.0.0.1'):
        """Ask the daemon itself, which must let it in."""
        answer = fastcgi.ask(address, {
            'AUTHGEAR_POLICY': 'default', 'REQUEST_METHOD': 'GET',
            'REQUEST_URI': '/', 'REMOTE_ADDR': client,
            credential[0]: credential[1]})
        assert answer.status == 200, answer

    @staticmethod
    def annotate(path):
        """Self cost by object file."""
        cost = {}
        names = {}
        current = ''
        skip = False
        with open(path, encoding='utf-8', errors='replace') as text:
            for line in text:
                if line.startswith('ob='):
                    match = re.match(r'ob=(\(\d+\))(?: (.*))?', line)
                    if match.group(2):
                        names[match.group(1)] = os.path.basename(
                            match.group(2).strip())
                    current = names.get(match.group(1), '?')
                elif line.startswith('cob='):
                    match = re.match(r'cob=(\(\d+\))(?: (.*))?', line)
                    if match.group(2):
                        names[match.group(1)] = os.path.basename(
                            match.group(2).strip())
                elif line.startswith('calls='):
                    skip = True
                elif line[:1] in '+-*0123456789':
                    if skip:
                        skip = False
                        continue
                    fields = line.split()
                    if len(fields) >= 2:
                        cost[current] = cost.get(current, 0) + int(fields[1])
        return cost


def spread(values):
    return '%.2f (%.2f-%.2f)' % (statistics.median(values), min(values),
                                 max(values))


def report(results, instructions, options):
    lines = ['# Results of `make bench`', '',
             '%d interleaved rounds of %d s, wrk with 64 connections, every '
             'request another valid RS256' % (options.rounds, options.seconds),
             'token, all on %d cores. Ratios are medians of ratios of the '
             'same round, with their' % (os.cpu_count() or 0),
             'range. nginx and lighttpd over unix sockets, Apache over TCP. '
             'Requests have the headers of a',
             'browser; `listed` is the no-op behind nginx that hands on those '
             'that are named, not all.', '', '| server | variant | req/s median (range) | / open | '
             '/ no-op | / textbook | daemon CPU us | p50 ms | p99 ms | failed |',
             '|---|---|---|---|---|---|---|---|---|---|']
    for server in SERVERS:
        for variant in VARIANTS + EXTRA.get(server, ()):
            runs = results[server, variant]
            rates = [run['rate'] for run in runs]

            def ratio(other):
                return spread([run['rate'] / base['rate'] for run, base in
                               zip(runs, results[server, other])])
            lines.append('| %s | %s | %.0f (%.0f-%.0f) | %s | %s | %s | %s | '
                         '%.1f | %.1f | %d |' % (
                             server, variant, statistics.median(rates),
                             min(rates), max(rates), ratio('open'),
                             ratio('noop'), ratio('textbook'),
                             '-' if variant == 'open' else '%.1f' %
                             statistics.median([run['cpu'] for run in runs]),
                             statistics.median([run['p50'] for run in runs])
                             / 1000,
                             statistics.median([run['p99'] for run in runs])
                             / 1000, sum(run['bad'] for run in runs)))
    if instructions:
        total = sum(instructions.values())
        lines += ['', 'Instructions of one decision (callgrind, difference of '
                  '1,200 and 200 requests): %.0f k' % (total / 1000), '',
                  '| object | instructions, thousands |', '|---|---|']
        for name, cost in sorted(instructions.items(), key=lambda x: -x[1]):
            if cost > 500:
                lines.append('| %s | %.1f |' % (name, cost / 1000))
    return '\n'.join(lines) + '\n'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--rounds', type=int, default=9)
    parser.add_argument('--seconds', type=int, default=2)
    parser.add_argument('--output')
    parser.add_argument('--no-callgrind', action='store_true')
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix='authgear-bench.')
    os.chmod(folder, 0o755)
    bench = Bench(folder, options)
    try:
        bench.start_daemons()
        bench.start_servers()
        results = bench.rounds()
        instructions = {} if options.no_callgrind else bench.instructions(
            bench.conf, [('HTTP_AUTHORIZATION', 'Bearer ' + token)
                         for token in bench.tokens])
        text = report(results, instructions, options)
    finally:
        bench.stop()
        if getattr(bench, 'sim', None):
            bench.sim.stop()
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(text)
    if options.output:
        with open(options.output, 'w', encoding='utf-8') as out:
            out.write(text)
    return 0


if __name__ == '__main__':
    sys.exit(main())
