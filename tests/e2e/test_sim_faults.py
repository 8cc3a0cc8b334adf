"""Every fault of the simulator, seen as its --help promises: byte by byte,
on a raw socket."""
# beside others: it mostly waits

import http.client
import json
import socket
import time

import process
import sim
import tap

JWKS = '/oauth2/jwks'
DISCOVERY = '/.well-known/openid-configuration'
PATIENCE = 30


class Raw:
    """One connection, nothing between the test and its bytes."""

    def __init__(self, authgear, path=JWKS, send=True):
        self.socket = socket.create_connection(
            (authgear.host, authgear.port), timeout=PATIENCE)
        if send:
            self.send(path)

    def send(self, path=JWKS):
        self.socket.sendall(b'GET %s HTTP/1.1\r\nHost: sim\r\n\r\n' %
                            path.encode('ascii'))

    def some(self):
        """What comes next; b'' at the end, however it ends."""
        try:
            return self.socket.recv(65536)
        except ConnectionError:
            return b''

    def rest(self):
        parts = []
        while True:
            part = self.some()
            if not part:
                return b''.join(parts)
            parts.append(part)

    def answer(self):
        """(status, headers, body) as Content-Length has it."""
        data = b''
        while b'\r\n\r\n' not in data:
            part = self.some()
            if not part:
                return None
            data += part
        status, headers, body = divided(data)
        while len(body) < int(dict(headers)['content-length']):
            part = self.some()
            if not part:
                return None
            body += part
        return status, headers, body

    def silent(self, seconds):
        """No byte and no end for so long."""
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(1, socket.MSG_PEEK) is None
        except socket.timeout:
            return True
        finally:
            self.socket.settimeout(PATIENCE)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def divided(data):
    head, _, body = data.partition(b'\r\n\r\n')
    lines = head.decode('latin-1').split('\r\n')
    headers = []
    for line in lines[1:]:
        name, _, value = line.partition(':')
        headers.append((name.lower(), value.strip()))
    return int(lines[0].split()[1]), headers, body


def good(authgear, path=JWKS):
    """The true document, as bytes."""
    with Raw(authgear, path) as raw:
        status, _, body = raw.answer()
    return body if status == 200 else None


def test_complete(authgear):
    """Faults with an answer that is whole."""
    truth = good(authgear)
    table = [
        ('status', {}, 500, 'text/plain; charset=utf-8', b'fault\n'),
        ('status', {'status': 503}, 503, 'text/plain; charset=utf-8',
         b'fault\n'),
        ('status', {'status': 404}, 404, 'text/plain; charset=utf-8',
         b'fault\n'),
        ('malformed', {}, 200, 'application/json', b'{"keys":['),
        ('empty', {}, 200, 'application/json', b'{"keys":[]}'),
        ('redirect', {}, 307, 'text/html', b''),
        ('redirect', {'location': 'http://other.example/x'}, 307,
         'text/html', b''),
        ('wrong-type', {}, 200, 'text/html',
         b'<html>sign in to the network</html>'),
        ('delay', {'seconds': 0}, 200, 'application/json', truth),
        ('none', {}, 200, 'application/json', truth),
    ]
    for fault, members, status, kind, body in table:
        authgear.fault(fault, JWKS, **members)
        for _ in range(2):
            with Raw(authgear) as raw:
                got = raw.answer()
            name = '%s %s' % (fault, members)
            if not tap.ok(got is not None, name + ': an answer'):
                continue
            headers = dict(got[1])
            tap.equal((got[0], headers['content-type'], got[2]),
                      (status, kind, body), name)
            if fault == 'redirect':
                tap.equal(headers['location'],
                          members.get('location', '/elsewhere'),
                          name + ': location')
        tap.ok(good(authgear, DISCOVERY), name + ': other paths are well')


def test_huge(authgear):
    authgear.fault('huge', JWKS, count=1)
    with Raw(authgear) as raw:
        status, headers, body = raw.answer()
    tap.equal((status, len(body), dict(headers)['content-length']),
              (200, 3 << 20, str(3 << 20)), 'huge: 3 MiB')
    tap.equal(json.loads(body), {}, 'huge: JSON all the same')


def test_broken(authgear):
    """Faults whose bytes no honest server sends, then the end."""
    truth = good(authgear)
    whole = b'Content-Length: %d\r\n\r\n' % len(truth)
    table = [
        ('drop', lambda data: data == b''),
        ('bad-status-line', lambda data:
         data.startswith(b'HTTP/1.1 two hundred\r\n') and
         data.endswith(whole + truth)),
        ('cut-head', lambda data: data.startswith(b'HTTP/1.1 200 OK\r\n')
         and b'\r\n\r\n' not in data and not data.endswith(b'\r\n')),
        ('cut-body', lambda data: whole in data and
         0 < len(data.partition(b'\r\n\r\n')[2]) < len(truth) and
         truth.startswith(data.partition(b'\r\n\r\n')[2])),
        ('double-length', lambda data:
         data.endswith(b'Content-Length: 2\r\n' + whole + truth)),
        ('drip', lambda data: data.endswith(whole + truth)),
        ('hang', lambda data: data == b''),
    ]
    for fault, holds in table:
        authgear.fault(fault, JWKS, count=2, seconds=0.001)
        for _ in range(2):
            with Raw(authgear) as raw:
                data = raw.rest()
            tap.ok(holds(data), fault + ': as promised, then the end', data)
        tap.equal(good(authgear), truth, fault + ': twice and no more')
    authgear.fault('cut-body', DISCOVERY, count=1)
    with Raw(authgear, DISCOVERY) as raw:
        tap.ok(b'authorization_endpoint' in raw.rest(),
               'cut-body: of the document that was asked for')


def test_slow(authgear):
    truth = good(authgear)
    authgear.fault('delay', JWKS, seconds=0.5, count=1)
    began = time.monotonic()
    with Raw(authgear) as raw:
        got = raw.answer()
    tap.ok(time.monotonic() - began >= 0.5 and got[2] == truth,
           'delay: late, but true')

    authgear.fault('hang', JWKS)
    with Raw(authgear) as raw, Raw(authgear) as other:
        tap.ok(raw.silent(0.3) and other.silent(0.1),
               'hang: neither answer nor end')
        tap.ok(good(authgear, DISCOVERY), 'hang: other paths are well')
        authgear.no_fault()
        tap.equal((raw.rest(), other.rest()), (b'', b''),
                  'hang: ends when the fault does')
    tap.equal(good(authgear), truth, 'hang: over')

    authgear.fault('hang', JWKS, seconds=0.3, count=1)
    began = time.monotonic()
    with Raw(authgear) as raw:
        tap.ok(raw.rest() == b'' and time.monotonic() - began >= 0.3,
               'hang: for so many seconds')

    authgear.fault('drip', JWKS, seconds=0.02, count=1)
    began = time.monotonic()
    with Raw(authgear) as raw:
        data = b''
        while len(data) < 20:
            data += raw.socket.recv(1)
        tap.ok(time.monotonic() - began >= 0.02 * 18 and
               data == b'HTTP/1.1 200 OK\r\nCon', 'drip: slowly')
    tap.equal(good(authgear), truth, 'drip: left before its end')


def test_kept(authgear):
    """Connections that were there before the fault."""
    for fault in ('status', 'hang', 'cut-head'):
        with Raw(authgear) as used, Raw(authgear, send=False) as fresh:
            tap.equal(used.answer()[0], 200, 'kept: one answer, ' + fault)
            authgear.reset_counts()
            authgear.fault(fault, JWKS, seconds=1)
            tap.equal(used.rest(), b'',
                      'kept: closed when %s is set' % fault)
            try:
                fresh.send()
                data = fresh.rest()
            except ConnectionError:
                data = b''
            tap.ok(b'"keys"' not in data,
                   'connected before %s: never the true answer' % fault,
                   data)
        authgear.no_fault()
    with Raw(authgear) as raw:
        first = raw.answer()
        raw.send()
        tap.equal(raw.answer()[2], first[2], 'kept: without a fault it stays')


def test_paths(authgear):
    authgear.fault('status', JWKS, status=501)
    authgear.fault('status', DISCOVERY, status=502)
    got = [Raw(authgear, path) for path in (JWKS, DISCOVERY)]
    tap.equal([raw.answer()[0] for raw in got], [501, 502],
              'each path its own fault')
    for raw in got:
        raw.close()
    authgear.fault('status', JWKS, status=503)
    with Raw(authgear) as raw:
        tap.equal(raw.answer()[0], 503, 'a fault takes the place of another')
    authgear.fault('none', JWKS)
    with Raw(authgear) as raw, Raw(authgear, DISCOVERY) as other:
        tap.equal((raw.answer()[0], other.answer()[0]), (200, 502),
                  'none: for one path')
    authgear.fault('status', '*', status=504)
    for path in (JWKS, DISCOVERY, '/anything'):
        with Raw(authgear, path) as raw:
            tap.equal(raw.answer()[0], 504, 'every document: ' + path)
    tap.ok(authgear.token(), 'every document: not the control')
    authgear.no_fault()
    with Raw(authgear) as raw, Raw(authgear, DISCOVERY) as other:
        tap.equal((raw.answer()[0], other.answer()[0]), (200, 200),
                  'none: for all')


def test_count(authgear):
    authgear.reset_counts()
    authgear.fault('status', JWKS, status=503, count=3)
    seen = []
    for _ in range(5):
        with Raw(authgear) as raw:
            seen.append(raw.answer()[0])
    tap.equal(seen, [503, 503, 503, 200, 200], 'count: so many times')
    authgear.fault('drop', JWKS, count=1)
    with Raw(authgear) as raw:
        raw.rest()
    tap.equal(authgear.count(JWKS), 6, 'counts: faults are requests too')
    authgear.fault('hang', JWKS)
    with Raw(authgear) as raw:
        process.eventually(lambda: authgear.count(JWKS) >= 7)
        tap.equal(authgear.count(JWKS), 7, 'counts: while it hangs')
    authgear.no_fault()


def test_refusals(authgear):
    table = [
        {'path': JWKS, 'fault': 'nothing'}, {'path': JWKS},
        {'fault': 'drop'}, {'path': 5, 'fault': 'drop'}, {},
        {'path': JWKS, 'fault': 'status', 'status': 100},
        {'path': JWKS, 'fault': 'status', 'status': 600},
        {'path': JWKS, 'fault': 'delay', 'seconds': -1},
        {'path': JWKS, 'fault': 'delay', 'seconds': 1e9},
        {'path': JWKS, 'fault': 'drop', 'count': -1},
    ]
    for body in table:
        try:
            authgear.control('fault', **body)
            tap.ok(False, 'refused: %s' % body)
        except RuntimeError as error:
            tap.ok('error' in str(error), 'refused: %s' % body)
    for number in range(16):
        authgear.fault('drop', '/%d' % number)
    try:
        authgear.fault('drop', '/16')
        tap.ok(False, 'refused: a 17th fault')
    except RuntimeError:
        tap.ok(True, 'refused: a 17th fault')
    authgear.no_fault()
    tap.ok(good(authgear), 'and nothing was set')


def test_end():
    """SIGTERM while everything hangs; what is asked then, refused."""
    with sim.Sim() as authgear:
        authgear.fault('hang', JWKS)
        authgear.fault('drip', DISCOVERY, seconds=5)
        hanging = [Raw(authgear, path)
                   for path in (JWKS, DISCOVERY, JWKS, DISCOVERY)]
        process.until(lambda: authgear.count(JWKS) == 2, 'two who hang')
        tap.equal(authgear.stop(), 0, 'ends while it hangs')
        for raw in hanging:
            raw.rest()
            raw.close()
        try:
            Raw(authgear).close()
            tap.ok(False, 'nobody listens any more')
        except ConnectionError:
            tap.ok(True, 'nobody listens any more')


def test_tls_refused(authgear):
    """Plain HTTP has no TLS: a hello is closed, not answered with JSON."""
    with Raw(authgear, send=False) as raw:
        raw.socket.sendall(b'\x16\x03\x01\x00\x05hello\r\n\r\n')
        tap.ok(b'"keys"' not in raw.rest(), 'a hello of TLS')
    connection = http.client.HTTPConnection(authgear.host, authgear.port,
                                            timeout=PATIENCE)
    connection.request('GET', JWKS)
    tap.equal(connection.getresponse().status, 200, 'and it goes on')
    connection.close()


def main():
    with sim.Sim() as authgear:
        test_complete(authgear)
        test_huge(authgear)
        test_broken(authgear)
        test_slow(authgear)
        test_kept(authgear)
        test_paths(authgear)
        test_count(authgear)
        test_refusals(authgear)
        test_tls_refused(authgear)
    test_end()


main()
tap.done()
