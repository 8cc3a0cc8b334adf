"""How the nginx module asks: over kept connections, past a daemon that is
started again, until one deadline; what it takes for an answer; what becomes of
a question whose client is gone.  The daemon here says what it is told to."""

import concurrent.futures
import contextlib
import os
import socket
import time
import types

import checker
import nginx_daemon
import nginx_module
import nginx_site
import process
import servers
import tap
from nginx_daemon import HEAD, records

DEADLINE = 1
POLICIES = ('good', 'split', 'slow', 'first-closed', 'closed', 'one-byte',
            'half', 'silent', 'garbage', 'two', 'late', 'other-policy',
            'overloaded', 'stderr', 'huge', 'empty', 'no-end', 'refused',
            'injected', 'other-id', 'before')


class Daemon(nginx_daemon.Daemon):
    def say(self, stream, number, asked, count):
        policy = asked['AUTHGEAR_POLICY']
        name = asked.get('HTTP_AUTHORIZATION', 'Bearer nobody')[7:]
        more = ''
        if policy == 'injected':
            more = 'X-Authgear-A: b\rX: y\r\n'
        text = (HEAD % ('good' if policy == 'other-policy' else policy, name,
                        more)).encode()
        if policy == 'refused':
            text = (b'Status: 403 Forbidden\r\nX-Authgear-Decision: '
                    b'forbidden\r\nX-Authgear-Reason: odd\r\n\r\nbody')
        if policy == 'huge':
            text = text[:-2] + b'X-Authgear-A: ' + b'x' * 20000 + b'\r\n\r\n'
        if policy == 'other-id':
            number += 1
        if policy == 'before':      # what was too late for it, and its own
            stream.write(records(text.replace(name.encode(), b'mallory'),
                                 number - 1))
        answer = records(text, number, policy)
        if policy == 'closed' or (policy == 'first-closed' and count == 1):
            raise EOFError
        if policy == 'silent':
            stream.read(1)
            raise EOFError
        if policy == 'slow':
            time.sleep(0.3)
        if policy == 'garbage':
            answer = b'HTTP/1.1 200 OK\r\n\r\n'
        if policy == 'two':
            answer += answer
        if policy in ('one-byte', 'half'):
            stream.write(answer[:1 if policy == 'one-byte' else 60])
            stream.flush()
            if policy == 'half':
                stream.read(1)
            raise EOFError
        if policy == 'split':
            for at in range(len(answer)):
                stream.write(answer[at:at + 1])
                stream.flush()
            return
        stream.write(answer)
        if policy == 'late':
            stream.flush()
            time.sleep(0.1)
            stream.write(records((HEAD % ('good', 'mallory', '')).encode(),
                                 number))


class World:
    def __init__(self, site, daemon, nginx, path):
        self.site, self.daemon, self.nginx = site, daemon, nginx
        self.path = path

    def ask(self, policy, name='alice', **more):
        return checker.ask(self.nginx.port, '/%s/x' % policy, name, **more)

    def name(self, policy, name='alice'):
        """Whom the application was told, or the status."""
        answer = self.ask(policy, name)
        shown = answer.shown()
        return answer.status if shown is None else checker.values(
            shown, 'Remote-User')

    def restart(self):
        self.daemon.stop()
        self.daemon = Daemon(self.path)

    def asked(self, policy):
        with self.daemon.lock:
            return sum(dict(pairs).get('AUTHGEAR_POLICY') == policy
                       for _, pairs in self.daemon.asks)


def question(world):
    """What is asked, and what is not told."""
    world.daemon.asks.clear()
    checker.ask(world.nginx.port, '/good/x?q=1', 'alice', headers=[
        ('Cookie', 'a=1; p_session=' + '1b4e28ba-2fa1-41d2-883f-0016d3cca427'
         '.IY73tucWDUyBWEFTvRiOHNth4qZVw0IQ; authgear-login=x'),
        ('Accept', 'text/html'), ('Sec-Fetch-Mode', 'navigate'),
        ('Origin', 'http://o'), ('X-Other', 'secret'),
        ('Access-Control-Request-Method', 'PUT')])
    (_, begin), params = world.daemon.asks[0]
    tap.equal((begin[:3], sorted(params)), (b'\0\1\1', sorted([
        ['AUTHGEAR_POLICY', 'good'], ['REQUEST_METHOD', 'GET'],
        ['REQUEST_URI', '/good/x?q=1'], ['REMOTE_ADDR', '127.0.0.1'],
        ['HTTP_HOST', '127.0.0.1:%d' % world.nginx.port],
        ['HTTP_AUTHORIZATION', 'Bearer alice'],
        ['HTTP_COOKIE', 'p_session=1b4e28ba-2fa1-41d2-883f-0016d3cca427.'
         'IY73tucWDUyBWEFTvRiOHNth4qZVw0IQ; authgear-login=x'],
        ['HTTP_ACCEPT', 'text/html'], ['HTTP_SEC_FETCH_MODE', 'navigate'],
        ['HTTP_ORIGIN', 'http://o'],
        ['HTTP_ACCESS_CONTROL_REQUEST_METHOD', 'PUT']])),
        'a responder is asked, kept, with this and no more')
    world.daemon.asks.clear()
    checker.ask(world.nginx.port, '/good/x', headers=[
        ('X_Authgear_User_Id', 'mallory')])
    names = [name for name, _ in world.daemon.asks[0][1]]
    tap.ok('AUTHGEAR_FORGED_IDENTITY' in names and not any(
        'mallory' in value for _, value in world.daemon.asks[0][1]),
        'a forged name is told by a mark', names)


def answers(world):
    """What lets in, and what does not."""
    for policy, wanted, asks in (
            ('good', ['alice'], 1), ('split', ['alice'], 1),
            ('slow', ['alice'], 1), ('first-closed', ['alice'], 2),
            ('closed', 503, 3), ('one-byte', 503, 1), ('half', 503, 1),
            ('silent', 503, 1), ('garbage', 503, 1), ('two', 503, 1),
            ('other-policy', 503, 1), ('overloaded', 503, 1),
            ('stderr', 503, 1), ('huge', 503, 1), ('empty', 503, 1),
            ('no-end', 503, 1), ('injected', 503, 1), ('other-id', 503, 1),
            ('before', 503, 1), ('refused', 403, 1)):
        before = world.site.runs()
        world.daemon.asks.clear()
        answer = world.ask(policy)
        shown = answer.shown()
        got = answer.status if shown is None else checker.values(
            shown, 'Remote-User')
        tap.ok((got, world.asked(policy)) == (wanted, asks) and (
            world.site.runs() - before == (wanted == ['alice'])) and (
                wanted != 503 or answer.header('Retry-After')),
            'an answer: %s is %s' % (policy, wanted),
            '%s, asked %d times' % (answer, world.asked(policy)))
    answer = world.ask('refused')
    tap.equal((answer.body, answer.header('X-Authgear-Reason')),
              (b'body', 'odd'), 'a refusal as it was told')
    got = [world.name('late', 'alice')]
    time.sleep(0.3)
    got += [world.name('good', name) for name in ('bob', 'carol')]
    tap.equal(got, [['alice'], ['bob'], ['carol']],
              'what comes behind an answer is of no other question')


def kept(world):
    world.restart()
    for _ in range(100):
        world.ask('good')
    tap.ok(world.daemon.made == 1 and len(world.daemon.asks) == 100,
           'a hundred questions over one connection',
           (world.daemon.made, len(world.daemon.asks)))
    tap.equal(world.daemon.numbers, list(range(1, 101)),
              'and each has an id of its own')
    with concurrent.futures.ThreadPoolExecutor(150) as pool:
        names = ['user%d' % number for number in range(150)]
        got = list(pool.map(lambda name: world.name('slow', name), names))
        tap.equal([name for name, told in zip(names, got) if told != [name]],
                  [], 'many at once: each is told who it is')
    tap.ok(process.eventually(lambda: world.daemon.open <= 64, 10) and
           world.daemon.made > 64, 'more than 64 at once, 64 are kept',
           (world.daemon.made, world.daemon.open))


def ended(world):
    """Connections that the daemon has ended meanwhile."""
    for what, change in (
            ('ended', lambda: world.daemon.end_all()),
            ('a daemon that was started again', world.restart)):
        got = []
        for number in range(20):
            change()
            got.append(world.name('good', 'user%d' % number))
        tap.equal(got, [['user%d' % number] for number in range(20)],
                  'kept connections, %s: nobody is refused' % what)
    world.daemon.stop()
    tap.equal([world.name('good') for _ in range(3)], [503] * 3,
              'nobody listens: 503')
    world.daemon = Daemon(world.path)
    tap.equal(world.name('good'), ['alice'], 'and is asked when one does')


def once(world):
    """What a login comes back with is of no use a second time."""
    for what, change in (('no connection is kept', world.restart),
                         ('one is kept', lambda: world.name('good')),
                         ('one is kept, and has ended',
                          lambda: world.daemon.end_all())):
        change()
        before = world.asked(None)
        answer = checker.ask(world.nginx.port, '/login?code=x')
        tap.equal((answer.status, world.asked(None) - before), (503, 1),
                  'the return of a login is asked about once: ' + what)


def deadline(world):
    begun = time.monotonic()
    status = world.ask('silent').status
    spent = time.monotonic() - begun
    tap.ok(status == 503 and DEADLINE - 0.1 < spent < 10 * DEADLINE,
           'silence until the deadline: 503', (status, spent))
    with concurrent.futures.ThreadPoolExecutor(33) as pool:
        silent = [pool.submit(world.ask, 'silent') for _ in range(32)]
        got = [world.name('good', 'user%d' % number) for number in range(20)]
        tap.equal((got, {each.result().status for each in silent}),
                  ([['user%d' % number] for number in range(20)], {503}),
                  'who waits in vain holds up nobody')


def full(world):
    """A daemon that for a moment takes no connection, and one that never
    does: its queue has room for one."""
    world.daemon.stop()
    os.remove(world.path)
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as queue:
        queue.bind(world.path)
        os.chmod(world.path, 0o666)
        queue.listen(0)
        names = ['user%d' % number for number in range(20)]
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            got = set(pool.map(lambda name: world.ask('good', name).status,
                               names))
            tap.ok(got == {503} and 'its queue was full' in
                   world.nginx.log(), 'the queue is full until the deadline: '
                   '503', got)
            asked = [pool.submit(world.name, 'good', name) for name in names]
            time.sleep(0.3)
            tap.equal([each.result() for each in asked if each.done()], [],
                      'the queue is full: nobody is refused at once')
            world.daemon = Daemon(world.path, queue.dup())
            tap.equal([each.result() for each in asked],
                      [[name] for name in names],
                      'nor when there is room in it')
    tap.ok('temporarily unavailable' not in world.nginx.log(),
           'nor does the log tell of each look', world.nginx.log()[-2000:])


def vanishing(world):
    """Clients that are gone while they are asked about."""
    world.restart()
    for number in range(200):
        with socket.create_connection(('127.0.0.1', world.nginx.port),
                                      30) as link:
            link.sendall(b'GET /%s/x HTTP/1.1\r\nHost: x\r\nAuthorization: '
                         b'Bearer gone\r\n\r\n' % (
                             b'silent' if number % 2 else b'slow'))
            if number % 3 == 0:
                time.sleep(0.005)
    tap.ok(process.eventually(lambda: world.daemon.open <= 64, 10),
           'clients gone: no question stays', world.daemon.open)
    got = [world.name('good', 'user%d' % number) for number in range(20)]
    tap.equal(got, [['user%d' % number] for number in range(20)],
              'and who comes next is told who it is')
    tap.ok(' [alert] ' not in world.nginx.log() and
           'exited on signal' not in world.nginx.log(),
           'nothing alarming in the log', world.nginx.log()[-2000:])


@contextlib.contextmanager
def running():
    site = servers.Site()
    with contextlib.ExitStack() as stack:
        stack.callback(site.stop)
        path = site.path('daemon.sock')
        daemon = Daemon(path)
        text = 'server { @LISTEN@ underscores_in_headers on;\n' \
            'authgear_socket unix:%s deadline=%ds;\n' \
            'authgear_login /login unix:%s;\n' \
            'location /public/ { root @WWW@; }\n' % (path, DEADLINE, path)
        for policy in POLICIES:
            text += 'location /%s/ { authgear %s; ' \
                'proxy_pass http://@HTTP@; }\n' % (policy, policy)
        around = types.SimpleNamespace(site=site, addresses={'nginx': path})
        nginx = stack.enter_context(nginx_site.running(
            around, text + '}', face='module'))
        world = World(site, daemon, nginx, path)
        stack.callback(lambda: world.daemon.stop())
        yield world


if __name__ == '__main__':
    if not nginx_module.is_built():
        tap.skip('the nginx module', 'it was not built: no nginx-dev')
        tap.done()
    with running() as here:
        for case in (question, answers, kept, ended, once, deadline, full,
                     vanishing):
            case(here)
    tap.done()
