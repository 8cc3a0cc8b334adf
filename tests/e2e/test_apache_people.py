"""Several people at one Apache: on connections that are kept, in threads,
over HTTP/2, with redirects, errors, malformed and broken off requests,
nobody is ever taken for somebody else."""
# beside others: it mostly waits

import http.client
import os
import random
import re
import socket
import subprocess
import threading

import apache
import backend
import checker
import tap

SITE = apache.GUARD + r'''
Protocols h2c http/1.1
MaxKeepAliveRequests 0
RewriteEngine On
RewriteRule ^/route /front.cgi [PT]
ErrorDocument 400 /error.cgi
ErrorDocument 403 /error.cgi
ErrorDocument 404 /error.cgi
ErrorDocument 405 /error.cgi
ErrorDocument 413 /error.cgi
ErrorDocument 414 /error.cgi
ErrorDocument 417 /error.cgi
ErrorDocument 431 /error.cgi
ErrorDocument 501 /error.cgi
ErrorDocument 505 /error.cgi
Action acted /front.cgi
<Location /action>
    SetHandler acted
</Location>
<Location /app/>
    ProxyPass http://{http}/app/
</Location>
<Location /ssi>
    SetOutputFilter INCLUDES
</Location>
'''
PATHS = ('/show.cgi', '/route/x', '/action/x', '/app/x', '/missing',
         '/front.cgi/info', '/index/', '/ssi/page.html', '/pretty/x')
PEOPLE = ('ann', 'ben', 'cyd')
ROUNDS = 60

# What Apache answers before it has read a request, or without asking.
MALFORMED = (
    'GET /page.txt HTTP/1.1\r\nHost: x\r\nNo colon\r\n%s\r\n',
    'GET /page.txt HTTP/1.1\r\nHost: x\r\n%sBad header: x\r\n\r\n',
    'GET /page.txt HTTP/1.1\r\nHost: x y\r\n%s\r\n',
    'GET /page.txt HTTP/1.1\r\n%s\r\n',
    'GET /page.txt HTTP/7.7\r\nHost: x\r\n%s\r\n',
    'GET /pa ge.txt HTTP/1.1\r\nHost: x\r\n%s\r\n',
    'GE\x01T /page.txt HTTP/1.1\r\nHost: x\r\n%s\r\n',
    'GET /%%zz HTTP/1.1\r\nHost: x\r\n%s\r\n',
    'GET /../../x HTTP/1.1\r\nHost: x\r\n%s\r\n',
    'GET /a%%2fb HTTP/1.1\r\nHost: x\r\n%s\r\n',
    'GET /%%00 HTTP/1.1\r\nHost: x\r\n%s\r\n',
    'GET /page.txt HTTP/1.1\r\nHost: x\r\n%sX: ' + 'x' * 20000 + '\r\n\r\n',
    'GET /' + 'x' * 9000 + ' HTTP/1.1\r\nHost: x\r\n%s\r\n',
    'TRACE /page.txt HTTP/1.1\r\nHost: x\r\n%s\r\n',
    'GET /page.txt HTTP/1.1\r\nHost: x\r\n%sExpect: wonders\r\n\r\n',
    'POST /x HTTP/1.1\r\nHost: x\r\n%sTransfer-Encoding: x\r\n\r\n',
    'POST /x HTTP/1.1\r\nHost: x\r\n%sContent-Length: -1\r\n\r\n',
    'POST /show.cgi HTTP/1.1\r\nHost: x\r\n%sTransfer-Encoding: chunked\r\n'
    '\r\nzz\r\n',
    'OPTIONS * HTTP/1.1\r\nHost: x\r\n%s\r\n',
    'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n%s\r\n',
    '\r\n\r\n\r\n',
)


def build(site):
    for name in ('front.cgi', 'error.cgi', 'index/index.cgi',
                 'pretty/index.cgi'):
        at = os.path.join(site.www, name)
        os.makedirs(os.path.dirname(at), exist_ok=True)
        backend.write_cgi(at, site.runs_file)
    site.write('index', '.htaccess', 'DirectoryIndex no.html index.cgi\n')
    site.write('pretty', '.htaccess', 'RewriteEngine On\n'
               'RewriteCond %{REQUEST_FILENAME} !-f\n'
               'RewriteRule ^(.*)$ index.cgi/$1 [L]\n')
    os.makedirs(os.path.join(site.www, 'ssi'))
    site.write('ssi', 'page.html', '<!--#include virtual="/show.cgi" -->\n'
               '<!--#include virtual="/public/show.cgi" -->\n'
               '<!--#include virtual="/app/x" -->\n')


def seen(body):
    """Who is named in it."""
    return {name.decode() for name in
            re.findall(rb'(?:login|id)-([a-z]+)', body)}


class Person(threading.Thread):
    """Asks and asks; `wrong` is what should not have come."""

    def __init__(self, world, name):
        super().__init__(daemon=True)
        self.port = world.servers['apache'].port
        self.name, self.wrong, self.good, self.link = name, [], 0, None
        self.token = world.token(name) if name != 'nobody' else None
        self.bad = world.token(name, tamper='signature')
        self.random = random.Random(name + str(id(self)))

    def say(self, method, path, headers, body):
        if self.link is None:
            self.link = http.client.HTTPConnection('127.0.0.1', self.port,
                                                   timeout=60)
        self.link.request(method, path, body, dict(headers))
        answer = self.link.getresponse()
        text = answer.read()
        if answer.will_close:
            self.link = None
        return answer.status, text

    def break_off(self, headers):
        """Gone before the answer, or in the middle of the request."""
        text = 'POST /show.cgi HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n'
        text += ''.join('%s: %s\r\n' % each for each in headers) + '\r\nabc'
        with socket.create_connection(('127.0.0.1', self.port), 60) as link:
            link.sendall(text[:self.random.randrange(20, len(text))].encode())

    def once(self):
        path = self.random.choice(PATHS)
        kind = self.random.choice(('bearer', 'cookie', 'bad', 'none',
                                   'forged', 'broken'))
        headers = []
        if kind in ('bearer', 'forged', 'broken') and self.token:
            headers = [('Authorization', 'Bearer ' + self.token)]
        elif kind == 'cookie' and self.token:
            headers = [('Cookie', 'a=1; app_access_token=' + self.token)]
        elif kind == 'bad':
            headers = [('Authorization', 'Bearer ' + self.bad)]
        if kind == 'forged':
            headers.append(('X_Authgear-User-Id', 'id-' + PEOPLE[0]))
        if kind == 'broken':
            return self.break_off(headers)
        method = self.random.choice(('GET', 'POST'))
        status, text = self.say(method, path, headers,
                                b'x' if method == 'POST' else None)
        mine = kind in ('bearer', 'cookie') and self.token
        wanted = 200 if mine else 400 if kind == 'forged' else 401
        if status != wanted or seen(text) != ({self.name} if mine else
                                              set()):
            self.wrong.append((kind, method, path, status, text[:300]))
        self.good += bool(mine)

    def run(self):
        for _ in range(ROUNDS):
            try:
                self.once()
            except (OSError, http.client.HTTPException) as error:
                self.wrong.append(repr(error))
                self.link = None


def at_once(world):
    people = [Person(world, name) for name in
              PEOPLE * 3 + ('nobody', 'nobody')]
    for each in people:
        each.start()
    for each in people:
        each.join()
    for each in people:
        tap.ok(not each.wrong and (each.good > 5 or each.name == 'nobody'),
               '%s is never anybody else' % each.name,
               (each.good, each.wrong[:3]))


def read_all(link):
    data = b''
    while True:
        try:
            more = link.recv(65536)
        except (ConnectionResetError, socket.timeout):
            return data
        if not more:
            return data
        data += more


def request(path, token=None, more=''):
    text = 'GET %s HTTP/1.1\r\nHost: x\r\n%s' % (path, more)
    if token:
        text += 'Authorization: Bearer %s\r\n' % token
    return (text + '\r\n').encode()


def pipelined(world):
    """All at once on one connection, one after the other."""
    ann, ben = world.token('ann'), world.token('ben')
    port = world.servers['apache'].port
    who = [(ann, 'ann'), (None, ''), (ben, 'ben'), (None, ''), (ann, 'ann'),
           (ben, 'ben'), (None, '')]
    for path in PATHS:
        with socket.create_connection(('127.0.0.1', port), 60) as link:
            link.sendall(b''.join(request(path, token) for token, _ in who) +
                         request('/public/page.txt', None,
                                 'Connection: close\r\n'))
            parts = read_all(link).split(b'HTTP/1.1 ')[1:]
        got = [(part[:3], seen(part)) for part in parts[:-1]]
        tap.equal(got, [(b'200', {name}) if name else (b'401', set())
                        for _, name in who], 'pipelined: ' + path)


def malformed(world):
    """Behind Ann's request on her connection, an error page knows Ben if it
    knows anybody: it never has what was hers."""
    ann, ben = world.token('ann'), world.token('ben')
    port = world.servers['apache'].port
    for text in MALFORMED:
        for token in (None, ben):
            head = 'Authorization: Bearer %s\r\n' % token if token else ''
            bad = (text % head if '%s' in text else text).encode('latin-1')
            with socket.create_connection(('127.0.0.1', port), 10) as link:
                link.settimeout(10)
                link.sendall(request('/show.cgi', ann) + bad +
                             request('/show.cgi', None,
                                     'Connection: close\r\n'))
                parts = read_all(link).split(b'HTTP/1.1 ')[1:]
            names = [seen(part) for part in parts]
            tap.ok(names and names[0] == {'ann'} and
                   all(each <= ({'ben'} if token else set())
                       for each in names[1:]),
                   'behind Ann: %s, %s' % (bad[:40], 'Ben' if token else
                                           'nobody'), (names, parts[1:]))


def unread(world):
    """What is refused before anybody is asked does not come to an error page
    that is an application and not public: it is told what was asked for."""
    head = 'Authorization: Bearer %s\r\nConnection: close\r\n\r\n' % \
        world.token('ben')
    for line, is_run in (
            ('TRACE /admin/x HTTP/1.1\r\nHost: x\r\n', False),
            ('GET /admin/x HTTP/1.1\r\n', False),
            ('GET /admin/%zz HTTP/1.1\r\nHost: x\r\n', False),
            ('GET /admin/x HTTP/1.1\r\nHost: x y\r\n', False),
            ('GET /admin/x HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n',
             False),
            ('GET /admin/%s HTTP/1.1\r\nHost: x\r\n' % ('x' * 300), False),
            # the control: it was asked about
            ('GET /missing HTTP/1.1\r\nHost: x\r\n', True)):
        with socket.create_connection(
                ('127.0.0.1', world.servers['apache'].port), 10) as link:
            link.settimeout(10)
            link.sendall((line + head).encode())
            got = read_all(link)
        tap.ok(got.startswith(b'HTTP/1.1 ') and
               (b'X-Backend' in got) == is_run,
               'unread: ' + line[:40].split('\r')[0], got)


def streams(world):
    """Many streams of one HTTP/2 connection."""
    folder = world.site.path('streams')
    os.mkdir(folder)
    tokens = {name: world.token(name) for name in PEOPLE}
    config, wanted = [], {}
    for number in range(240):
        name = random.choice(PEOPLE + ('',))
        path = random.choice(PATHS)
        out = os.path.join(folder, str(number))
        wanted[out] = (name, path)
        config.append('url = "http://127.0.0.1:%d%s"\noutput = "%s"\n' % (
            world.servers['apache'].port, path, out))
        if name:
            config.append('header = "authorization: Bearer %s"\n' %
                          tokens[name])
        config.append('next\n')
    run = subprocess.run(
        ['curl', '-s', '-Z', '--parallel-max', '20', '--http2-prior-knowledge',
         '-K', '-'], input=''.join(config[:-1]), text=True, timeout=300,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    wrong = []
    for out, (name, path) in wanted.items():
        try:
            with open(out, 'rb') as file:
                names = seen(file.read())
        except FileNotFoundError:
            names = None
        if names != ({name} if name else set()):
            wrong.append((name, path, names))
    tap.ok(run.returncode == 0 and not wrong, '240 streams of HTTP/2',
           (run.stdout, wrong[:5]))


def endless(world):
    """A connection that never ends is ended before its interpreter's stack
    does, after an answer."""
    port = world.servers['apache'].port
    asked, served, closed = 0, 0, False
    with socket.create_connection(('127.0.0.1', port), 60) as link:
        stream = link.makefile('rb')
        while not closed and asked < 30000:
            link.sendall(request('/public/page.txt') * 50)
            asked += 50
            for _ in range(50):
                line = stream.readline()
                if not line:
                    closed = True
                    break
                served += line.startswith(b'HTTP/1.1 200 ')
                length = 0
                while line not in (b'\r\n', b''):
                    line = stream.readline()
                    if line.lower().startswith(b'content-length:'):
                        length = int(line.split(b':')[1])
                    closed = closed or line.lower() == b'connection: close\r\n'
                stream.read(length)
                if closed:
                    break
    tap.ok(closed and 19000 < served < 21000,
           'a connection is ended after 20,000 passes', (asked, served))
    log = world.servers['apache'].log()
    tap.ok('exit signal' not in log, 'and nothing crashed', log[-2000:])


def main():
    with checker.World(()) as world:
        build(world.site)
        world.servers['apache'] = apache.start(
            world, SITE, ['actions', 'cgid', 'http2', 'include', 'proxy_http',
                          'rewrite'])
        at_once(world)
        pipelined(world)
        malformed(world)
        unread(world)
        streams(world)
        endless(world)
    tap.done()


main()
