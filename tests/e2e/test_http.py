"""src/transport/http.c against servers that speak raw bytes: what counts as an
answer, what is refused, what is said, and that nothing of the environment
is obeyed."""
# beside others: it mostly waits

import os
import shutil
import socket
import subprocess
import tempfile
import time

import http_server
import tap
from http_server import Server, answer

OK = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'
HOME = tempfile.mkdtemp(prefix='authgear-http-')


class Got:
    def __init__(self, line):
        words = line.split(' ', 4)
        self.outcome = words[0]
        self.status = int(words[1])
        self.milliseconds = int(words[2])
        self.length = int(words[3])
        self.error = words[4]
        self.kept = []
        self.line = line


def gets(arguments, urls, environment=None):
    """One process; a Got for each URL."""
    environment = dict(os.environ, HOME=HOME, **(environment or {}))
    run = subprocess.run([tap.program('tests/e2e/http_get')] +
                         list(arguments) + list(urls), env=environment,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         timeout=120, check=True)
    lines = run.stdout.decode('utf-8', 'replace').splitlines()
    all_got = []
    for line in lines:
        if line.startswith('\t'):
            all_got[-1].kept.append(line[1:])
        else:
            all_got.append(Got(line))
    return all_got


def get(url, *arguments, environment=None):
    return gets(arguments, [url], environment)[0]


def expect(name, got, outcome, said=None, status=None):
    held = got.outcome == outcome
    if said is not None:
        held = held and said.lower() in got.error.lower()
    if status is not None:
        held = held and got.status == status
    tap.ok(held, name, 'wanted %s %s %s, got: %s' % (outcome, status, said,
                                                     got.line))


def headers(*lines, status=b'HTTP/1.1 200 OK', body=b'{}'):
    return b'\r\n'.join((status,) + lines) + b'\r\n\r\n' + body


# name, bytes of the answer, outcome, part of what is said
ANSWERS = [
    ('plain answer', OK, 'answered', None),
    ('HTTP/1.0 answer', OK.replace(b'1.1', b'1.0'), 'answered', None),
    ('chunked answer', headers(b'Transfer-Encoding: chunked',
                               body=b'2\r\n{}\r\n0\r\n\r\n'),
     'answered', None),
    ('status without phrase', OK.replace(b'200 OK', b'200'), 'answered',
     None),
    ('interim answer first', b'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n' +
     OK, 'answered', None),
    ('no body, 204', headers(status=b'HTTP/1.1 204 No Content', body=b''),
     'answered', None),
    ('connection closed without a byte', b'', 'closed', None),
    ('status line of letters', OK.replace(b'200 OK', b'abc OK'), 'faulty',
     None),
    ('status of two digits', OK.replace(b'200 OK', b'20 OK'), 'faulty',
     None),
    ('status of four digits', OK.replace(b'200 OK', b'2000 OK'), 'faulty',
     None),
    ('status 099', OK.replace(b'200 OK', b'099 OK'), 'faulty', None),
    ('no status line', b'Content-Length: 2\r\n\r\n{}', None, None),
    ('HTTP/0.9 body', b'{"keys":[]}', None, None),
    ('HTTP/3.7', OK.replace(b'1.1', b'3.7'), None, None),
    ('HTTP/1.2', OK.replace(b'1.1', b'1.2'), None, None),
    ('SSH banner', b'SSH-2.0-OpenSSH_9.2\r\n', None, None),
    ('cut in the status line', b'HTTP/1.1 20', None, None),
    ('cut in the head', b'HTTP/1.1 200 OK\r\nContent-Le', 'faulty', None),
    ('cut before the blank line', b'HTTP/1.1 200 OK\r\n'
     b'Content-Length: 0\r\n', 'faulty', None),
    ('cut body', headers(b'Content-Length: 900'), 'faulty', None),
    ('cut chunk', headers(b'Transfer-Encoding: chunked', body=b'9\r\n{}'),
     'faulty', None),
    ('no last chunk', headers(b'Transfer-Encoding: chunked',
                              body=b'2\r\n{}\r\n'), 'faulty', None),
    ('chunk length of letters', headers(b'Transfer-Encoding: chunked',
                                        body=b'zz\r\n{}\r\n0\r\n\r\n'),
     'faulty', None),
    ('no length at all', headers(b'X: y'), 'faulty', 'no length'),
    ('two equal lengths', headers(b'Content-Length: 2',
                                  b'Content-Length: 2'), 'faulty',
     'two Content-Length'),
    ('two different lengths', headers(b'Content-Length: 2',
                                      b'content-length: 1'), 'faulty',
     'two Content-Length'),
    ('length of letters', headers(b'Content-Length: two'), 'faulty', None),
    ('negative length', headers(b'Content-Length: -2'), 'faulty', None),
    ('list of lengths', headers(b'Content-Length: 2, 2'), 'faulty', None),
    ('enormous length', headers(b'Content-Length: ' + b'9' * 30), 'faulty',
     None),
    ('empty length', headers(b'Content-Length:'), 'faulty', None),
    ('length and chunks', headers(b'Content-Length: 2',
                                  b'Transfer-Encoding: chunked',
                                  body=b'2\r\n{}\r\n0\r\n\r\n'), 'faulty',
     None),
    ('folded header', headers(b'Content-Length: 2', b' 3'), 'faulty', None),
    ('header without a name', headers(b': x', b'Content-Length: 2'),
     'faulty', None),
    ('header without a colon', headers(b'nonsense', b'Content-Length: 2'),
     'faulty', None),
    ('blank in a header name', headers(b'X Y: z', b'Content-Length: 2'),
     'faulty', None),
    ('NUL in a header', headers(b'X: a\0b', b'Content-Length: 2'), 'faulty',
     None),
    ('endless header', headers(b'X: ' + b'y' * 200000,
                               b'Content-Length: 2'), 'faulty', None),
    ('thousands of headers', headers(*([b'X: yyyyyyyyyyyyyyyy'] * 9000),
                                     b'Content-Length: 2'), 'faulty',
     '64 kB'),
    ('body over the cap, told', headers(b'Content-Length: 70000',
                                        body=b'x' * 70000), 'faulty',
     'more than 65536'),
    ('body over the cap, chunked', headers(b'Transfer-Encoding: chunked',
                                           body=b'186a0\r\n' + b'x' * 100000 +
                                           b'\r\n0\r\n\r\n'), 'faulty',
     'more than 65536'),
    ('only an interim answer', b'HTTP/1.1 103 Early Hints\r\n\r\n', None,
     None),
    ('404', OK.replace(b'200 OK', b'404 Not Found'), 'answered', None),
    ('500', OK.replace(b'200 OK', b'500 No'), 'answered', None),
]


def test_answers():
    for name, data, outcome, said in ANSWERS:
        with Server(answer(data)) as server:
            got = get(server.url())
        if outcome is None:
            tap.ok(got.outcome in ('faulty', 'unreachable', 'closed'), name,
                   got.line)
        else:
            expect(name, got, outcome, said)
        if got.outcome != 'answered':
            tap.ok(got.length == 0 and got.error != 'no error' and
                   got.status == 0,
                   name + ': no body and no status kept, reason said',
                   got.line)


def test_slow():
    def drip(server, connection):
        server.request(connection)
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n')
        while not server.over.wait(0.05):
            connection.sendall(b'x')

    def drip_head(server, connection):
        server.request(connection)
        connection.sendall(b'HTTP/1.1 200 OK\r\n')
        while not server.over.wait(0.05):
            connection.sendall(b'X: y\r\n')

    cases = [
        ('silence after the request', answer(b'', True)),
        ('silence after half a head', answer(b'HTTP/1.1 200 OK\r\nX', True)),
        ('silence in the body',
         answer(headers(b'Content-Length: 9'), True)),
        ('dripping body', drip),
        ('dripping head', drip_head),
    ]
    for name, script in cases:
        with Server(script) as server:
            got = get(server.url(), '-d', '700')
        expect(name + ': over at the deadline', got, 'unreachable')
        tap.ok(650 <= got.milliseconds < 15000, name + ': in time', got.line)


def test_connecting():
    free = socket.socket()
    free.bind(('127.0.0.1', 0))
    got = get('http://127.0.0.1:%d/' % free.getsockname()[1])
    expect('nobody listens', got, 'unreachable', 'connect')
    free.listen(0)
    # A full backlog swallows the first packet: connecting hangs.
    fill = []
    for _ in range(8):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(free.getsockname())
        fill.append(one)
    got = get('http://127.0.0.1:%d/' % free.getsockname()[1], '-t', '1',
              '-d', '20000')
    expect('connect_timeout bounds the connection', got, 'unreachable')
    tap.ok(got.milliseconds < 18000, 'before the deadline', got.line)
    for one in fill:
        one.close()
    free.close()
    expect('name that does not exist', get('https://nowhere.invalid/'),
           'unreachable')
    for url in ('http://192.0.2.1/', 'http://example.com/',
                'http://127.0.0.1.example.com/', 'http://10.0.0.1/'):
        got = get(url)
        expect('refused before any packet: ' + url, got, 'unreachable',
               'refused')
        tap.ok(got.milliseconds < 10000, 'at once: ' + url, got.line)
    for url in ('ftp://127.0.0.1/', 'file:///etc/passwd', 'gopher://x/',
                '127.0.0.1', '', 'https://user:pw@127.0.0.1/', 'http:///x',
                'HTTP://127.0.0.1/'):
        expect('no address: ' + url, get(url), 'unreachable')
    with Server(answer(OK)) as server:
        expect('http to localhost', get(server.url(host='localhost')),
               'answered', status=200)


def test_environment():
    with Server(answer(OK)) as proxy, Server(answer(OK)) as server:
        trap = 'http://127.0.0.1:%d' % proxy.port
        with open(os.path.join(HOME, '.netrc'), 'w',
                  encoding='ascii') as netrc:
            netrc.write('machine 127.0.0.1 login who password secret\n')
        os.chmod(netrc.name, 0o600)
        with open(os.path.join(HOME, '.curlrc'), 'w',
                  encoding='ascii') as curlrc:
            curlrc.write('proxy = %s\n' % trap)
        log = os.path.join(HOME, 'keylog')
        got = get(server.url(), environment={
            'http_proxy': trap, 'HTTP_PROXY': trap, 'https_proxy': trap,
            'ALL_PROXY': trap, 'all_proxy': trap, 'NO_PROXY': '',
            'NETRC': netrc.name, 'SSLKEYLOGFILE': log})
        expect('proxies of the environment', got, 'answered')
        tap.equal((server.accepted, proxy.accepted), (1, 0),
                  'the environment names no proxy')
        head = server.requests[0].lower()
        tap.ok(b'authorization' not in head, '.netrc is not read', head)
        tap.ok(b'accept-encoding' not in head, 'no compression is accepted',
               head)
        tap.ok(b'cookie' not in head and b'referer' not in head,
               'nothing else is sent', head)
        tap.ok(head.startswith(b'get / http/1.1\r\n'), 'a GET of HTTP/1.1',
               head)
    with Server(answer(OK)) as proxy:
        got = get('http://127.0.0.1:9/x', '-p',
                  'http://127.0.0.1:%d' % proxy.port,
                  environment={'no_proxy': '*'})
        expect('the configured proxy is used, whatever no_proxy says', got,
               'answered')
        tap.equal(proxy.accepted, 1, 'the proxy was asked')
    tap.ok(not os.path.exists(log), 'SSLKEYLOGFILE is not written')


def test_headers_and_redirect():
    with Server(answer(OK)) as server:
        get(server.url('/a/../b?c=d'), '-H', 'Accept:application/json')
        head = server.requests[0]
        tap.ok(b'Accept: application/json\r\n' in head, 'own header', head)
        tap.ok(head.startswith(b'GET /a/../b?c=d '), 'path as given', head)
    with Server(answer(OK)) as other:
        for status in (301, 302, 303, 307, 308):
            data = headers(b'Location: ' + other.url().encode(),
                           b'Content-Length: 2',
                           status=b'HTTP/1.1 %d Over There' % status)
            with Server(answer(data)) as server:
                expect('redirect %d is an answer, not followed' % status,
                       get(server.url()), 'answered', status=status)
        tap.equal(other.accepted, 0, 'no redirect was followed')
    packed = headers(b'Content-Encoding: gzip', b'Content-Length: 4',
                     body=b'\x1f\x8b\x08\x00')
    with Server(answer(packed)) as server:
        got = get(server.url())
        tap.ok(got.outcome == 'answered' and got.length == 4,
               'a compressed body stays as it is', got.line)


EMPTY = b'Content-Length: 0'
KEPT = [
    # name, bytes of the answer, outcome, what is kept
    ('any case, in order', headers(
        b'x-authgear-b:1', b'Date: x', b'X-AUTHGEAR-A: \t 2 3 \t', EMPTY,
        body=b''), 'answered', ['x-authgear-b[1]', 'X-AUTHGEAR-A[2 3]']),
    ('twice stays twice', headers(b'X-Authgear-A: 1', b'X-Authgear-A: 1',
                                  EMPTY, body=b''), 'answered',
     ['X-Authgear-A[1]'] * 2),
    ('an empty one', headers(b'X-Authgear-Amr:', b'X-Authgear-B:  ', EMPTY,
                             body=b''), 'answered',
     ['X-Authgear-Amr[]', 'X-Authgear-B[]']),
    ('other names not', headers(b'X-Authgea: 1', b'Authgear-A: 1',
                                b'XX-Authgear-A: 1', b'X-Authgear: 1',
                                EMPTY, body=b''), 'answered', []),
    ('in a value not', headers(b'Link: x-authgear-a: 1', EMPTY, body=b''),
     'answered', []),
    ('of an interim head not', b'HTTP/1.1 103 Early Hints\r\n'
     b'X-Authgear-Session-Valid: true\r\n\r\n' +
     headers(b'X-Authgear-A: 1', EMPTY, body=b''), 'answered',
     ['X-Authgear-A[1]']),
    ('of trailers not', headers(
        b'Transfer-Encoding: chunked', b'Trailer: X-Authgear-A',
        body=b'2\r\n{}\r\n0\r\nX-Authgear-A: 1\r\n\r\n'), 'answered', []),
    ('of an error too', headers(b'X-Authgear-A: 1', EMPTY, body=b'',
                                status=b'HTTP/1.1 500 No'), 'answered',
     ['X-Authgear-A[1]']),
    ('thirty-two of them', headers(*[b'X-Authgear-A: 1'] * 32, EMPTY,
                                   body=b''), 'answered',
     ['X-Authgear-A[1]'] * 32),
    ('one more', headers(*[b'X-Authgear-A: 1'] * 33, EMPTY, body=b''),
     'faulty', []),
    ('a large one', headers(b'X-Authgear-A: ' + b'a' * 30000, EMPTY,
                            body=b''), 'answered',
     ['X-Authgear-A[%s]' % ('a' * 30000)]),
    ('of a cut head', b'HTTP/1.1 200 OK\r\nX-Authgear-A: 1\r\n', 'faulty',
     []),
    ('of a cut body', headers(b'X-Authgear-A: 1', b'Content-Length: 9'),
     'faulty', []),
    ('beside a body too large', headers(b'X-Authgear-A: 1',
                                        b'Content-Length: 70000',
                                        body=b'x' * 70000), 'faulty', []),
    ('beside a broken line', headers(b'X-Authgear-A: 1', b'nonsense', EMPTY,
                                     body=b''), 'faulty', []),
    ('folded', headers(b'X-Authgear-A: 1', b' 2', EMPTY, body=b''),
     'faulty', []),
    ('with a NUL', headers(b'X-Authgear-A: 1\0', EMPTY, body=b''), 'faulty',
     []),
    ('with blanks before the colon', headers(b'X-Authgear-A : 1', EMPTY,
                                             body=b''), 'faulty', []),
    ('without a length', headers(b'X-Authgear-A: 1', body=b''), 'faulty',
     []),
]


def test_kept():
    for name, data, outcome, kept in KEPT:
        with Server(answer(data)) as server:
            got = get(server.url(), '-k', 'x-authgear-')
        tap.ok(got.outcome == outcome and got.kept == kept, 'kept: ' + name,
               '%s\n%s' % (got.line, '\n'.join(got.kept)[:500]))
    with Server(answer(headers(b'X-Authgear-A: 1', EMPTY, body=b''))) as \
            server:
        tap.equal(get(server.url()).kept, [], 'kept: nothing unasked')


def test_methods():
    """What is sent for a method, and that the answer ends where it does."""
    for method in ('GET', 'HEAD', 'OPTIONS', 'PROPFIND', 'TRACE', 'NOSUCH'):
        body = b'' if method == 'HEAD' else b'{}'
        with Server(answer(headers(b'Content-Length: 2', body=body))) as \
                server:
            expect('method ' + method, get(server.url(), '-x', method),
                   'answered', status=200)
            line = server.requests[0].split(b'\r\n')[0].decode()
        tap.equal(line, method + ' / HTTP/1.1', 'method: %s is sent' % method)
    with Server(answer(OK)) as server:
        for bad in ('', 'get', 'G T', 'GET / HTTP/1.1\r\nX: y', 'A' * 17):
            run = subprocess.run(
                [tap.program('tests/e2e/http_get'), '-x', bad, server.url()],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                timeout=120, check=False)
            tap.equal(run.returncode, 1, 'method: refused: %.20r' % bad)
        tap.equal(server.accepted, 0, 'method: nothing was asked with these')


# What is an answer where only its head is wanted.
HEADS = [
    ('plain', OK, 'answered', 200),
    ('without a length', headers(b'X: y'), 'answered', 200),
    ('a body over the cap', headers(b'Content-Length: 70000',
                                    body=b'x' * 70000), 'answered', 200),
    ('a cut body', headers(b'Content-Length: 900'), 'answered', 200),
    ('a broken chunk', headers(b'Transfer-Encoding: chunked', body=b'zz\r\n'),
     'answered', 200),
    ('behind an interim head', b'HTTP/1.1 103 Early Hints\r\n\r\n' +
     headers(status=b'HTTP/1.1 401 No'), 'answered', 401),
    ('only an interim head', b'HTTP/1.1 103 Early Hints\r\n\r\n', 'faulty',
     0),
    ('two lengths', headers(b'Content-Length: 2', b'Content-Length: 1'),
     'faulty', 0),
    ('a cut head', b'HTTP/1.1 401 No\r\nX: y\r\n', 'faulty', 0),
    ('a broken line', headers(b'nonsense'), 'faulty', 0),
    ('no HTTP', b'SSH-2.0-OpenSSH_9.2\r\n', 'faulty', 0),
    ('thousands of headers', headers(*([b'X: yyyyyyyyyyyyyyyy'] * 9000)),
     'faulty', 0),
    ('nothing', b'', 'closed', 0),
]


def test_heads():
    for method in ('GET', 'HEAD', 'TRACE'):
        for name, data, outcome, status in HEADS:
            with Server(answer(data)) as server:
                expect('head, %s: %s' % (method, name),
                       get(server.url(), '-o', '-x', method), outcome,
                       status=status)

    def endless(server, connection):
        server.request(connection)
        connection.sendall(b'HTTP/1.1 200 OK\r\n\r\n')
        while not server.over.wait(0.05):
            connection.sendall(b'x')

    def reset(server, connection):
        server.request(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                              b'\1\0\0\0\0\0\0\0')

    with Server(endless) as server:
        got = get(server.url(), '-o', '-d', '20000')
        expect('head: of an endless body', got, 'answered', status=200)
        tap.ok(got.milliseconds < 15000, 'head: at once', got.line)
    with Server(reset) as server:
        expect('reset after the request', get(server.url()), 'closed')
    with Server(answer(headers(b'Location: /x', b'X-Authgear-A: 1', EMPTY,
                               body=b''))) as server:
        got = get(server.url(), '-o', '-k', 'x-authgear-')
        tap.equal(got.kept, ['X-Authgear-A[1]'], 'head: headers are kept')


OPAQUE = 'abcdefghijklmnopqrstuvwxyz012345'
COOKIE = 'a5a97625-40ac-4d85-9207-0ad798b5a68f.' + OPAQUE
LIVE = headers(b'X-Authgear-Session-Valid: true', b'X-Authgear-User-Id: u',
               b'X-Authgear-Session-Amr: ', EMPTY, body=b'')


def test_resolver():
    """Every byte that the resolver is sent."""
    for kind, prefix, text, line in (
            (1, '-', 'eyJh.eyJi.c', 'Authorization: Bearer eyJh.eyJi.c'),
            (2, 'p_', OPAQUE, 'Authorization: Bearer ' + OPAQUE),
            (3, '-', OPAQUE, 'Cookie: app_session=' + OPAQUE),
            (3, 'p_', OPAQUE, 'Cookie: p_app_session=' + OPAQUE),
            (4, 'p_', COOKIE, 'Cookie: p_session=' + COOKIE)):
        with Server(answer(LIVE)) as server:
            got = get(server.url('/_resolver/resolve'), '-r',
                      'https://a.example:8443 %d %s %s' % (kind, prefix,
                                                           text))
            sent = server.requests[0].decode('ascii').split('\r\n')
        agent = [one for one in sent if one.startswith('User-Agent: ')]
        tap.equal(sorted(one for one in sent if one not in agent), sorted([
            'GET /_resolver/resolve HTTP/1.1', 'Host: a.example:8443',
            'X-Forwarded-Host: a.example:8443', 'X-Forwarded-Proto: https',
            'Accept: */*', line, '', '']), 'resolver: what is sent, ' + line)
        tap.equal(len(agent), 1, 'resolver: one User-Agent, ' + line)
        tap.ok(got.outcome == 'answered' and got.kept[-1] == '= 1',
               'resolver: live, ' + line, '%s %s' % (got.line, got.kept))
    question = 'http://a.example 2 - ' + OPAQUE
    with Server(answer(LIVE)) as other:
        for name, data, number in (
                ('redirect', headers(b'Location: ' + other.url().encode(),
                                     EMPTY, body=b'',
                                     status=b'HTTP/1.1 307 No'), 0),
                ('facts of an interim head',
                 LIVE.replace(b'200 OK', b'103 Hints') +
                 headers(EMPTY, body=b''), 3),
                ('a body', LIVE.replace(b'Length: 0', b'Length: 2') + b'{}',
                 0),
                ('a large body', LIVE.replace(b'Length: 0', b'Length: 9999') +
                 b'x' * 9999, 0),
                ('a 500', headers(b'Content-Length: 2',
                                  status=b'HTTP/1.1 500 No'), 4),
                ('nothing', b'', 5)):
            with Server(answer(data)) as server:
                got = get(server.url(), '-r', question)
            tap.ok(got.kept[-1] == '= %d' % number, 'resolver: ' + name,
                   '%s %s' % (got.line, got.kept))
        tap.equal(other.accepted, 0, 'resolver: no redirect was followed')


def test_reuse():
    def many(server, connection):
        while server.request(connection):
            connection.sendall(OK)

    with Server(many) as server:
        got = gets([], [server.url('/%d' % i) for i in range(20)])
        tap.ok(all(one.outcome == 'answered' for one in got),
               'twenty exchanges')
        tap.equal(server.accepted, 1, 'on one connection')
        tap.equal(len(server.requests), 20, 'each asked once')
    with Server(answer(OK)) as server:
        got = gets([], [server.url('/%d' % i) for i in range(5)])
        tap.ok(all(one.outcome == 'answered' for one in got),
               'a connection that was closed is made again',
               '\n'.join(one.line for one in got))


def test_tls():
    ours = http_server.Certificates(tempfile.mkdtemp(dir=HOME))
    other = http_server.Certificates(tempfile.mkdtemp(dir=HOME), 'other')
    good = http_server.context(ours.sign('good'))
    with Server(answer(OK), good) as server:
        expect('TLS with our CA', get(server.url(), '-c', ours.ca),
               'answered', status=200)
        expect('TLS by name', get(server.url(host='localhost'), '-c',
                                  ours.ca), 'answered', status=200)
        expect('TLS with our CA beside the system\'s', get(
            server.url(), '-s', '-c', ours.ca), 'answered', status=200)
        expect('unknown CA, beside the system\'s', get(
            server.url(), '-s', '-c', other.ca), 'unreachable',
            'certificate')
        expect('unknown CA', get(server.url(), '-c', other.ca),
               'unreachable', 'certificate')
        expect('unknown CA, the system\'s', get(server.url()), 'unreachable',
               'certificate')
        tap.equal(len(server.requests), 3, 'nothing was asked over them')
        expect('CA file that is not there', get(
            server.url(), '-c', ours.ca + '.none'), 'unreachable')
        expect('CA by the environment is not obeyed', get(
            server.url(), environment={
                'SSL_CERT_FILE': ours.ca, 'CURL_CA_BUNDLE': ours.ca,
                'SSL_CERT_DIR': os.path.dirname(ours.ca)}),
            'unreachable', 'certificate')
    for name, pair, said in (
            ('wrong name', ours.sign('wrong', 'DNS:example.com'), 'name'),
            ('wrong address', ours.sign('address', 'IP:127.0.0.2'), 'name'),
            ('expired', ours.sign('expired', expired=True), 'expired')):
        with Server(answer(OK), http_server.context(pair)) as server:
            expect('TLS, ' + name, get(server.url(), '-c', ours.ca),
                   'unreachable', said)
            tap.equal(len(server.requests), 0, name + ': nothing was asked')
    with Server(answer(b'no TLS here\r\n')) as server:
        expect('no TLS on the other side', get(
            server.url(scheme='https'), '-c', ours.ca), 'unreachable')
    with Server(lambda server, connection: None) as server:
        expect('closed in the handshake', get(
            server.url(scheme='https'), '-c', ours.ca), 'unreachable')
    with Server(answer(b''), good) as server:
        expect('closed behind TLS', get(server.url(), '-c', ours.ca),
               'closed')
    with Server(lambda server, connection: server.hold()) as server:
        got = get(server.url(scheme='https'), '-c', ours.ca, '-t', '1')
        expect('silence in the handshake', got, 'unreachable')
        tap.ok(got.milliseconds < 18000, 'bounded by connect_timeout',
               got.line)


def main():
    begun = time.monotonic()
    try:
        test_answers()
        test_slow()
        test_connecting()
        test_environment()
        test_headers_and_redirect()
        test_kept()
        test_methods()
        test_heads()
        test_resolver()
        test_reuse()
        test_tls()
    finally:
        shutil.rmtree(HOME, ignore_errors=True)
    tap.note('%.1f s' % (time.monotonic() - begun))
    tap.done()


if __name__ == '__main__':
    main()
