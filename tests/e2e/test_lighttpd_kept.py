"""What lighttpd's Lua keeps, where requests are at work together: streams of
HTTP/2, several workers; over a reload; how much memory it takes; and with the
real command and daemon."""
# beside others: every process, folder and port is its own

import hashlib
import json
import os
import signal
import socket
import struct
import threading

import checker
import lighttpd
import tap
from process import eventually
from test_lighttpd_cache import running
from test_nginx_module_revoked import Real, control, statuses

CACHE = 'setenv.add-environment += ( "AUTHGEAR_CACHE" => "%s %s" )\n'
PAGE = '/page.txt'
USERS, AFTER, AT_ONCE = 20, 2500, 500
# one after another, each asked about and kept; and how many there is room for
TOKENS, TOGETHER = 30000, 250
RSS_MAX = 64 * 1024     # kB; without a bound it is 240 MB


def http2(path):
    """Debian's lighttpd, with what the example switches off."""
    with open(path) as file:
        text = file.read()
    for name in ('h2proto', 'h2c'):
        text = text.replace('"server.%s" => "disable"' % name,
                            '"server.%s" => "enable"' % name)
    with open(path, 'w') as file:
        file.write(text)


def frame(kind, flags, stream, payload=b''):
    return struct.pack('>I', len(payload))[1:] + struct.pack(
        '>BBI', kind, flags, stream) + payload


def literal(text):
    """Of HPACK, less than 127 and 16511 bytes."""
    size = len(text)
    if size < 127:
        return bytes([size]) + text.encode()
    size -= 127
    return bytes([127, size & 127 | 128, size >> 7]) + text.encode()


def asking(stream, port, policy, name, body):
    head = b''.join(b'\0' + literal(key) + literal(value) for key, value in (
        (':method', 'POST' if body else 'GET'), (':scheme', 'http'),
        (':path', '/%s/%d' % (policy, stream)),
        (':authority', '127.0.0.1:%d' % port),
        ('authorization', 'Bearer ' + name),
        ('content-length', str(len(body)))))
    data = frame(1, 4 if body else 5, stream, head)
    for at in range(0, len(body), 10000):
        piece = body[at:at + 10000]
        data += frame(0, at + len(piece) == len(body), stream, piece)
    return data


def of_application(text):
    """Whom it was told and what it got; the text of who else answered."""
    if not text.startswith(b'{'):
        return text
    shown = json.loads(text)
    return dict(shown['headers'])['Remote-User'], shown['sha256']


def streams(world, asks):
    """Of (policy, name, body) each, all on one connection of HTTP/2: whom
    each was told, and the digest of the body that arrived."""
    told, over = {}, set()
    with socket.create_connection(('127.0.0.1', world.server.port),
                                  60) as link, link.makefile('rb') as got:
        link.sendall(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + frame(4, 0, 0) +
                     b''.join(asking(2 * number + 1, world.server.port, *ask)
                              for number, ask in enumerate(asks)))
        threading.Timer(1, world.daemon.go.set).start()
        while len(over) < len(asks):
            head = got.read(9)
            payload = got.read(int.from_bytes(head[:3], 'big'))
            kind, flags = head[3], head[4]
            stream = int.from_bytes(head[5:], 'big')
            if kind == 0:
                told[stream] = told.get(stream, b'') + payload
            if stream and (kind == 3 or kind < 2 and flags & 1):
                over.add(stream)
    return [of_application(told.get(2 * number + 1, b''))
            for number in range(len(asks))]


def interleaved(world):
    """HTTP/2: kept ones, misses that wait and refusals, all at once."""
    world.daemon.revoked.add('revoked')
    names = ['h%d' % number for number in range(5)]
    for name in names:
        world.ask('kept', name)
    asks = []
    for number in range(60):
        policy, name = (('kept', names[number % 5]), ('slow', 's%d' % number),
                        ('kept', 'revoked'), ('slow', names[number % 5])
                        )[number % 4]
        asks.append((policy, name, os.urandom(20000) if number in (0, 32)
                     else b''))
    wanted = [b'' if name == 'revoked' else
              (name, hashlib.sha256(body).hexdigest())
              for _, name, body in asks]
    world.daemon.go.clear()
    tap.equal(streams(world, asks), wanted,
              'HTTP/2: to each stream its own, and its body')
    before = world.asked()
    got = streams(world, [ask for ask in asks if ask[1] != 'revoked'])
    tap.equal((got, world.asked() - before), ([one for one in wanted if one],
                                              0),
              'and once more, of what was kept')


def workers(world):
    """Each keeps its own, and all see the page."""
    got = world.questions(*[lambda: world.name('kept', 'w')] * 60)
    tap.ok(got in (1, 2), 'two workers: a question each', got)
    world.daemon.revoked.add('w')
    world.pages.write('root')
    got = {world.name('kept', 'w') for _ in range(60)}
    tap.equal(got, {401}, 'two workers: revoked for both')


def reload(world):
    world.name('kept', 'reload')
    before = world.questions(lambda: world.name('kept', 'reload'))
    os.kill(world.server.pid, signal.SIGUSR1)
    tap.ok(before == 0 and eventually(lambda: world.questions(
        lambda: world.name('kept', 'reload')) == 1),
        'nothing is kept past a reload')
    got = world.questions(*[lambda: world.name('kept', 'reload')] * 5)
    tap.equal(got, 0, 'and then it keeps again')


def rss(pid):
    with open('/proc/%d/status' % pid) as file:
        return int(next(line.split()[1] for line in file
                        if line.startswith('VmRSS')))


def memory(world):
    """Many that are kept, each let in once."""
    first, before, granted = rss(world.server.pid), world.asked(), 0
    for at in range(0, TOKENS, TOGETHER):
        lines = ''.join(
            'GET /page.txt HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer '
            '%s%08d\r\n%s\r\n' % ('x' * 1000, at + number, 'Connection: '
                                 'close\r\n' * (number == TOGETHER - 1))
            for number in range(TOGETHER))
        granted += checker.exchange(world.server.port, lines.encode()).count(
            b'HTTP/1.1 200 ')
    now = rss(world.server.pid)
    tap.ok((granted, world.asked() - before) == (TOKENS, TOKENS) and
           now < RSS_MAX, '%d tokens: memory is bounded' % TOKENS,
           (granted, world.asked() - before, first, now))


def real(world):
    """Revoked by the command: from its return on nobody is let in."""
    with lighttpd.Variant(world, behind=CACHE % (
            world.pages['root'], world.pages['daemon'])) as kept, \
            lighttpd.Variant(world, behind=CACHE % (
                world.pages['frozen'], world.pages['frozen'])) as frozen:
        late, before = [0, 0], 0
        for number in range(USERS):
            token = world.token('gone%d' % number, lifetime=3600)
            before += statuses(kept.port, token, 50, PAGE)[0]
            world.cache('revoke', 'user', 'id-gone%d' % number)
            for _ in range(AFTER // AT_ONCE):
                got = statuses(kept.port, token, AT_ONCE, PAGE)
                late = [late[0] + got[0], late[1] + got[1]]
        tap.equal((before, late), (USERS * 50, [0, USERS * AFTER]),
                  'the command: of %d requests after it none is let in' % (
                      USERS * AFTER))
        tap.equal([control(world, frozen.port, number, PAGE)
                   for number in range(3)], [(50, 10)] * 3,
                  'the control: by pages that do not change all are')
        tap.equal(control(world, frozen.port, 3, PAGE, b'x' * 16), (50, 0),
                  "by root's page of another state nothing is kept")
        ended(world, kept)


def ended(world, server):
    def status(token):
        return checker.ask(server.port, '/page.txt', token).status

    world.settle()
    kept, other = world.token('kept'), world.token('other')
    tap.ok(eventually(lambda: status(kept) == 200), 'let in')
    world.fcgi.kill()
    tap.equal([status(kept), status(other)], [200, 503],
              'a daemon that was killed: who is kept is let in')
    world.start_daemon()
    tap.ok(eventually(lambda: status(other) == 200), 'another daemon')
    world.fcgi.stop()
    tap.equal([status(kept), status(other)], [503, 503],
              'a daemon that ended: nothing is kept')


if __name__ == '__main__':
    if os.geteuid() != 0:
        tap.skip('what lighttpd keeps', 'a page of root\'s needs root')
        tap.done()
    with running(change=http2) as here:
        interleaved(here)
    with running('server.max-worker = 2\n') as here:
        workers(here)
    with running() as here:
        reload(here)
        memory(here)
    with Real(('lighttpd',)) as whole:
        real(whole)
    tap.done()
