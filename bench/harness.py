"""What the benches share: daemons and web servers in front of them, rounds
that are interleaved, tables, and instructions counted by callgrind.

    with harness.Bench(options) as run:
        run.daemon('noop', program)
        run.gate('gate', {'validate': 'jwt'}, arguments=['--threads', '2'])
        run.start_servers()
        run.wrk('nginx', 'noop')
"""

import argparse
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'tests', 'e2e'))

import fastcgi  # noqa: E402
import gate as product  # noqa: E402
import nginx_module  # noqa: E402
import process  # noqa: E402
import sim  # noqa: E402
import tap  # noqa: E402

TICK = os.sysconf('SC_CLK_TCK')
FEW, MANY = 200, 1200   # decisions under callgrind
# a daemon that is behind a variant of another name
DAEMONS = {'open': None, 'listed': 'noop', 'module': 'gate', 'off': None}
# of nginx's module in place of auth_request
MODULE = ('module', 'off')


def cores():
    return os.cpu_count() or 2


class Bench(process.Together):
    """Each server of `servers` has a port for each of its variants: `open`,
    and a daemon each."""

    servers = ('nginx', 'lighttpd')
    variants = ('open', 'noop')     # the first is always open
    extra = {}

    def __init__(self, options):
        super().__init__()
        self.options = options
        self.folder = tempfile.mkdtemp(prefix='authgear-bench.')
        self.stack.callback(shutil.rmtree, self.folder, True)
        os.chmod(self.folder, 0o755)
        self.ports, self.running, self.sites = {}, {}, {}

    def start(self):
        self.sim = self.stack.enter_context(sim.Sim(self.folder))
        self.start_daemons()
        self.start_servers()

    def variants_of(self, server):
        return self.variants + self.extra.get(server, ())

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text):
        with open(self.path(name), 'w', encoding='utf-8') as out:
            out.write(text)
        return self.path(name)

    # daemons

    def run(self, name, *command):
        self.running[name] = self.stack.enter_context(process.Process(
            name, command, self.folder, start_new_session=True))

    def listen(self, name):
        """Where a daemon does."""
        self.ports['fcgi', name] = process.free_port()
        return ['unix:%s,mode=0666' % self.path(name + '.sock'),
                '127.0.0.1:%d' % self.ports['fcgi', name]]

    def daemon(self, name, *command):
        """One that needs no state."""
        for address in self.listen(name):
            command += ('--listen', address)
        self.run(name, *command)
        process.until(lambda: os.path.exists(self.path(name + '.sock')), name)

    def gate(self, name, settings, arguments=(), build=tap.BUILD):
        """authgear-fcgi, with settings and a state of its own."""
        site = self.stack.enter_context(product.Site(
            dict({'insecure_allow_http': 'yes', 'total_timeout': None,
                  'connect_timeout': None}, **settings), sim=False,
            endpoint=self.sim.origin, build=build))
        self.sites[name] = site
        self.running[name] = self.stack.enter_context(site.daemon(
            name, listen=self.listen(name), arguments=arguments))

    def cpu_ticks(self, name):
        return ticks(self.running[name].pid)

    # web servers

    def start_servers(self):
        os.mkdir(self.path('www'))
        self.write('www/hello.txt', 'hello!\n')
        for server in self.servers:
            for variant in self.variants_of(server):
                self.ports[server, variant] = process.free_port()
        self.run('nginx', '/usr/sbin/nginx', '-c', self.write(
            'nginx.conf', self.nginx_conf()), '-g', 'daemon off;')
        self.run('lighttpd', '/usr/sbin/lighttpd', '-D', '-f', self.write(
            'lighttpd.conf', self.lighttpd_conf()))
        self.start_more()
        for server in self.servers:
            for variant in self.variants_of(server):
                address = '127.0.0.1', self.ports[server, variant]
                process.until(lambda to=address: answers(to), server)

    def start_more(self):
        """Other servers than these two."""

    def nginx_module(self, variant):
        """What asks, or only takes names out, by nginx's module."""
        return 'authgear_socket unix:%s; authgear %s;' % (
            self.path('%s.sock' % (DAEMONS[variant] or 'nobody')),
            'default' if variant == 'module' else 'off')

    def nginx_conf(self):
        blocks = []
        for variant in self.variants_of('nginx'):
            auth = '' if variant == 'open' else self.nginx_module(variant) \
                if variant in MODULE else '''
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
        if set(MODULE) & set(self.variants_of('nginx')):
            user = nginx_module.loading() + user
        return '''%s worker_processes 2; pid %s; error_log %s warn;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 1000000; %s
%s
}
''' % (user, self.path('nginx.pid'), self.path('nginx.error'), temp,
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
            self.path('lighttpd.error'))
        for variant in self.variants[1:]:
            text += '''$SERVER["socket"] == "127.0.0.1:%d" {
  fastcgi.server = ("/" => ((
    "socket" => "%s", "mode" => "authorizer", "check-local" => "disable")))
}
''' % (self.ports['lighttpd', variant], self.path(variant + '.sock'))
        return text

    # measuring

    def wrk(self, server, variant, tokens='tokens', field='Authorization',
            before='Bearer ', connections=64, browser=None, daemon=''):
        """One run; `daemon`: that is behind it, None if there is none."""
        if daemon == '':
            daemon = DAEMONS.get(variant, variant)
        used = self.cpu_ticks(daemon) if daemon else 0
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
        used = self.cpu_ticks(daemon) - used if daemon else 0
        requests, duration, bad, broken, p50, p99 = numbers
        return {'rate': requests * 1e6 / duration, 'bad': bad + broken,
                'cpu': used * 1e6 / TICK / max(requests, 1),
                'requests': max(requests, 1), 'p50': p50, 'p99': p99}

    def instructions(self, name, credentials):
        """Of one decision of that gate, by object: the difference of two
        runs under callgrind.  `credentials`: pairs of a parameter and its
        value."""
        site, totals = self.sites[name], []
        for count in (FEW, MANY):
            out = self.path('callgrind.%d' % count)
            with site.daemon('callgrind', arguments=['--threads', '1'],
                             program=tap.binary('authgear-fcgi', site.build),
                             wrapper=['valgrind', '--tool=callgrind',
                                      '--callgrind-out-file=' + out]
                             ) as daemon:
                for index in range(count):
                    grant(daemon.path, credentials[index % len(credentials)])
                daemon.stop()
            totals.append(self_cost(out))
        few, many = totals
        return {each: (many.get(each, 0) - few.get(each, 0)) / (MANY - FEW)
                for each in set(few) | set(many)}


def ticks(pid):
    """Processor time of a process so far."""
    with open('/proc/%d/stat' % pid, encoding='ascii') as stat:
        fields = stat.read().rsplit(')', 1)[1].split()
    return int(fields[11]) + int(fields[12])


def answers(address):
    try:
        fastcgi.connect(address, 1).close()
        return True
    except OSError:
        return False


def grant(address, credential, client='127.0.0.1'):
    """Ask the daemon itself, which must let it in."""
    answer = fastcgi.ask(address, {
        'AUTHGEAR_POLICY': 'default', 'REQUEST_METHOD': 'GET',
        'REQUEST_URI': '/', 'REMOTE_ADDR': client,
        credential[0]: credential[1]})
    assert answer.status == 200, answer


def self_cost(path):
    """What callgrind counted, by object file."""
    cost, names, current, is_call = {}, {}, '', False
    with open(path, encoding='utf-8', errors='replace') as text:
        for line in text:
            match = re.match(r'(c?)ob=(\(\d+\))(?: (.*))?', line)
            if match:
                if match.group(3):
                    names[match.group(2)] = os.path.basename(
                        match.group(3).strip())
                if not match.group(1):
                    current = names.get(match.group(2), '?')
            elif line.startswith('calls='):
                is_call = True
            elif line[:1] in '+-*0123456789':
                fields = line.split()
                if len(fields) >= 2 and not is_call:
                    cost[current] = cost.get(current, 0) + int(fields[1])
                is_call = False
    return cost


def interleaved(rounds, groups, once, what):
    """{name: its runs}: in each round the names of a group in turn, by
    chance; `once(*name)` is one run."""
    results = {name: [] for group in groups for name in group}
    for number in range(rounds):
        for group in groups:
            for name in random.sample(group, len(group)):
                results[name].append(once(*name))
        print('%s, round %d of %d' % (what, number + 1, rounds),
              file=sys.stderr)
    return results


# tables

def median(runs, name, divisor=1):
    return statistics.median(run[name] for run in runs) / divisor


def spread(values, digits=2, to='-'):
    return '%.*f (%.*f%s%.*f)' % (
        digits, statistics.median(values), digits, min(values), to, digits,
        max(values))


def rates(runs):
    return spread([run['rate'] for run in runs], 0)


def failed(runs):
    return sum(run['bad'] for run in runs)


def ratios(now, then, name='rate'):
    """Of the same round, median and range."""
    return spread([one[name] / max(other[name], 0.1)
                   for one, other in zip(now, then)])


def latency(runs, digits=1):
    """p50 and p99 in ms."""
    return ['%.*f' % (digits, median(runs, name, 1000))
            for name in ('p50', 'p99')]


def row(*cells):
    return '|' + ''.join(' %s |' % cell if cell != '' else ' |'
                         for cell in cells)


def head(*cells):
    return [row(*cells), '|---|' + '---|' * (len(cells) - 1)]


# the command line

def parser(**numbers):
    """Options with these defaults; --append FILE."""
    made = argparse.ArgumentParser()
    for name, number in numbers.items():
        made.add_argument('--' + name, type=int, default=number)
    made.add_argument('--append')
    return made


def publish(text, path, mode='a'):
    sys.stdout.write(text)
    if path:
        with open(path, mode, encoding='utf-8') as out:
            out.write(text)
