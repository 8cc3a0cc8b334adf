"""What the nginx module keeps (authgear_cache): grants alone, of the very bytes
that were asked about, for as long as the daemon says and while both pages say
what they said; one question for all who wait.  The daemon and the pages here
say what they are told to."""
# beside others: every process, folder and port is its own

import concurrent.futures
import contextlib
import os
import signal
import socket
import threading
import time
import types

import checker
import epoch_pages
import nginx_daemon
import nginx_module
import nginx_site
import servers
import tap
from checker import values
from nginx_daemon import HEAD, records
from process import eventually

CLOCK = os.path.join(tap.BUILD, 'tests/e2e/.libs/wall_clock.so')
LONG = 'X-Authgear-Keep: 300 @\r\n'
# what the daemon says of keeping, by the policy it is said of; @: both pages,
# >: its own
SAID = {
    'kept': LONG, 'other': LONG, 'slow': LONG,
    'short': 'X-Authgear-Keep: 1 @\r\n',
    'lower': 'x-authgear-keep: 300 @\r\n',
    'none': '', 'zero': 'X-Authgear-Keep: 0 @\r\n',
    'zeros': 'X-Authgear-Keep: 00 @\r\n', 'empty': 'X-Authgear-Keep:\r\n',
    'minus': 'X-Authgear-Keep: -1 @\r\n',
    'plus': 'X-Authgear-Keep: +5 @\r\n', 'bare': 'X-Authgear-Keep: @\r\n',
    'word': 'X-Authgear-Keep: 5s @\r\n',
    'blank': 'X-Authgear-Keep:  5 @\r\n',
    'hex': 'X-Authgear-Keep: 0x5 @\r\n',
    'part': 'X-Authgear-Keep: 5.5 @\r\n',
    'list': 'X-Authgear-Keep: 5, 5 @\r\n',
    'much': 'X-Authgear-Keep: 9999999999 @\r\n',
    # of no page, of another daemon's, and what is not quite this one's
    'pageless': 'X-Authgear-Keep: 5\r\n',
    'pages': 'X-Authgear-Keep: 5 @ @\r\n',
    'another': 'X-Authgear-Keep: 5 %s\r\n' % ('5a' * 32),
    'state': 'X-Authgear-Keep: 5 %s>\r\n' % ('5a' * 16),
    'rootless': 'X-Authgear-Keep: 5 >\r\n',
    'longer': 'X-Authgear-Keep: 5 @0\r\n',
    'wide': 'X-Authgear-Keep: 5  @\r\n',
    'cut': 'X-Authgear-Keep: 5 <\r\n', 'upper': 'X-Authgear-Keep: 5 A\r\n',
    'pass': LONG, 'refused': LONG, 'silent': LONG,
}
NEVER = ('lower', 'none', 'zero', 'zeros', 'empty', 'minus', 'plus', 'word',
         'bare', 'blank', 'hex', 'part', 'list', 'much', 'pageless', 'pages',
         'another', 'state', 'rootless', 'longer', 'wide', 'cut', 'upper',
         'pass', 'refused')
WAITERS = 64
COOKIE = 'app_session=1b4e28ba-2fa1-41d2-883f-0016d3cca427.' \
    'IY73tucWDUyBWEFTvRiOHNth4qZVw0I%s'


class Daemon(nginx_daemon.Daemon):
    """Grants whoever is not in `revoked`."""

    def __init__(self, path, pages):
        self.pages = pages
        self.revoked = set()
        self.go = threading.Event()     # what `slow` waits for
        super().__init__(path)

    def say(self, stream, number, asked, count):
        policy = asked['AUTHGEAR_POLICY']
        page = self.pages.hex()
        name = asked.get('HTTP_AUTHORIZATION', 'Bearer nobody')[7:].strip()
        text = HEAD % (policy, name, SAID[policy] +
                       'X-Authgear-Claim-Seen: %d\r\n' % count)
        if policy == 'refused' or name in self.revoked:
            text = 'Status: 401 Unauthorized\r\nX-Authgear-Decision: ' \
                'denied\r\n%s\r\n' % LONG
        if policy == 'pass':
            text = 'Status: 200 OK\r\nX-Authgear-Decision: pass\r\n' \
                'X-Authgear-Policy: pass\r\n%s\r\n' % LONG
        if policy == 'slow':
            self.go.wait(30)
        if policy == 'silent':
            stream.read(1)
            raise EOFError
        for sign, digits in (('@', page), ('<', page[:-1]),
                             ('>', page[32:]),
                             ('5 A', '5 ' + page.upper())):
            text = text.replace(sign, digits)
        stream.write(records(text.encode(), number))


class World:
    def __init__(self, site, daemon, pages, nginx):
        self.site, self.daemon, self.pages = site, daemon, pages
        self.nginx = nginx
        self.count = 0

    def ask(self, policy, name='alice', **more):
        return checker.ask(self.nginx.port, '/%s/x' % policy, name, **more)

    def name(self, policy, name='alice', **more):
        """Whom the application was told, or the status."""
        answer = self.ask(policy, name, **more)
        shown = answer.shown()
        return answer.status if shown is None else values(
            shown, 'Remote-User')

    def asked(self):
        with self.daemon.lock:
            return len(self.daemon.asks)

    def questions(self, *calls):
        """How many questions these took together."""
        before = self.asked()
        for call in calls:
            call()
        return self.asked() - before

    def keeps(self):
        """If what is granted is kept: a second time there is no question."""
        self.count += 1
        name = 'keeps%d' % self.count
        return self.questions(*[lambda: self.name('kept', name)] * 2) == 1


def kept(world):
    """A grant is everything that it was, and nobody else's."""
    first = world.ask('kept').shown()
    before = world.asked()
    again = [world.ask('kept') for _ in range(20)]
    tap.ok(world.asked() == before and all(
        answer.shown()['headers'] == first['headers'] for answer in again) and
        values(first, 'Remote-User') == ['alice'],
        'a grant is kept: twenty requests, and no question', again[0])
    seen = [name.lower() for name, _ in first['headers'] + again[0].headers +
            again[0].shown()['headers']]
    tap.ok('x-authgear-keep' not in seen and
           'x-authgear-claim-seen' in seen and 'authorization' not in seen,
           'how long is told to nobody; the credential is taken out', seen)
    tap.equal([world.name('kept', name) for name in
               ('bob', 'carol', 'bob', 'alice', 'alicf', 'alic', 'Alice')],
              [['bob'], ['carol'], ['bob'], ['alice'], ['alicf'], ['alic'],
               ['Alice']], 'each is told who it is')
    cookie = ('Cookie', COOKIE % 'Q')
    for what, call, wanted in (
            ('another policy', lambda: world.ask('other'), 1),
            ('a blank more', lambda: world.ask('kept', ' alice'), 1),
            ('a scheme in other letters', lambda: world.ask(
                'kept', None, headers=[('Authorization', 'bearer alice')]), 1),
            ('a cookie of ours', lambda: world.ask(
                'kept', headers=[cookie]), 1),
            ('the same cookie, in another of the site\'s', lambda: world.ask(
                'kept', headers=[('Cookie', 'a=1; ' + cookie[1])]), 0),
            ('another cookie of ours', lambda: world.ask(
                'kept', headers=[('Cookie', COOKIE % 'R')]), 1),
            ('the cookie alone', lambda: world.ask(
                'kept', None, headers=[cookie]), 1),
            ('a marker of a login', lambda: world.ask(
                'kept', headers=[('Cookie', 'authgear-login=x')]), 0),
            ('another method, path and header', lambda: checker.ask(
                world.nginx.port, '/kept/y?z=1', 'alice', 'POST',
                [('Accept', 'text/html'), ('Origin', 'http://o')], b'x'), 0),
            ('a forged name', lambda: world.ask(
                'kept', headers=[('Remote-User', 'x')]), 1),
            ('and once more', lambda: world.ask(
                'kept', headers=[('Remote-User', 'x')]), 1),
            ('the first one', lambda: world.ask('kept'), 0)):
        tap.equal(world.questions(call), wanted, 'the key: %s: %d' % (
            what, wanted))
    tap.equal([world.questions(*[lambda: world.ask(policy)] * 3)
               for policy in NEVER], [3] * len(NEVER),
              'never kept: ' + ' '.join(NEVER))
    tap.equal(world.questions(*[lambda: world.ask('kept', None)] * 3), 3,
              'never kept: nobody')
    got = [world.name('chain'), world.questions(lambda: world.ask('chain'))]
    tap.equal(got, [['alice'], 0], 'passes and two policies, from what is '
              'kept')


def expiry(world):
    got = world.questions(*[lambda: world.ask('short')] * 2)
    tap.equal(got, 1, 'kept for a second')
    tap.ok(eventually(lambda: world.questions(
        lambda: world.ask('short')) == 1, 30), 'and not for ever')


def wall_clock(world):
    """Set back and forth; nginx sees it, what is kept does not."""
    if not world.clock:
        tap.skip('the wall clock', 'a sanitized nginx takes no LD_PRELOAD')
        return
    world.ask('kept')
    years, kept_ones, gone = [], [], []
    for seconds in (400 * 86400, -400 * 86400, 0):
        with open(world.clock, 'w') as file:
            file.write(str(seconds))
        kept_ones.append(world.questions(lambda: world.ask('kept')))
        world.ask('short')
        gone.append(eventually(lambda: world.questions(
            lambda: world.ask('short')) == 1, 30))
        now = time.gmtime(time.time() + seconds).tm_year
        years.append(eventually(lambda: str(now) in world.ask(
            'kept').header('Date'), 10))
    tap.equal((years, kept_ones, gone), ([True] * 3, [0] * 3, [True] * 3),
              'the wall clock set forth, back and right: kept for as long')


def bad_pages(world):
    # who opened it before sees this when it looks again
    epoch_pages.bad_pages(world, late=('a symbolic link',))
    log = world.nginx.log()
    tap.ok('authgear_cache: nothing is kept' in log, 'the log says so',
           log[-500:])


def overtaken(world):
    """A question that was on its way while the page changed."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        for order in (('revoke',), ('revoke', 'ask')):
            name = 'over' + '-'.join(order)
            world.daemon.go.clear()
            before = world.asked()
            first = pool.submit(world.name, 'slow', name)
            eventually(lambda: world.asked() > before)
            world.pages.write('root')
            if 'ask' in order:          # the module has seen the page
                world.ask('kept')
            world.daemon.go.set()
            got = [first.result()]
            world.daemon.revoked.add(name)
            got.append(world.name('slow', name))
            tap.equal(got, [[name], 401], 'an answer of before the change is '
                      'not kept: ' + ', '.join(order))


def waiters(world):
    """One question for all who would ask the same."""
    def together(policy, name, count, during=lambda: None, wanted=1):
        world.daemon.go.clear()
        before = world.asked()
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            running = [pool.submit(world.name, policy, name)
                       for _ in range(count)]
            eventually(lambda: world.asked() - before >= wanted)
            time.sleep(0.3)             # until all of them wait
            during()
            world.daemon.go.set()
            return ([one.result() for one in running],
                    world.asked() - before)

    tap.equal(together('slow', 'w1', WAITERS), ([['w1']] * WAITERS, 1),
              'waiters: one question, and each is told')
    tap.equal(world.questions(lambda: world.name('slow', 'w1')), 0,
              'and what it said is kept')
    world.daemon.revoked.add('w2')
    tap.equal(together('slow', 'w2', WAITERS), ([401] * WAITERS, WAITERS),
              'waiters: a refusal is of who asked alone')
    gone = socket.create_connection(('127.0.0.1', world.nginx.port), 30)
    world.daemon.go.clear()
    before = world.asked()
    gone.sendall(b'GET /slow/x HTTP/1.1\r\nHost: x\r\nAuthorization: '
                 b'Bearer w3\r\n\r\n')
    eventually(lambda: world.asked() > before)
    tap.equal(together('slow', 'w3', 8, gone.close, 0), ([['w3']] * 8, 0),
              'waiters: who was first is gone, and it is one question')

    def new_page():
        world.pages.write('root')
        world.ask('kept')

    got = together('slow', 'w4', 8, new_page)
    tap.equal(got, ([['w4']] * 8, 2), 'waiters: of before the change')
    before = world.asked()
    for _ in range(50):
        with socket.create_connection(('127.0.0.1', world.nginx.port),
                                      30) as link:
            link.sendall(b'GET /silent/x HTTP/1.1\r\nHost: x\r\n'
                         b'Authorization: Bearer w5\r\n\r\n' * 2)
    statuses = together('silent', 'w5', 8)[0]
    tap.equal(set(statuses), {503}, 'waiters: no answer is nobody\'s')
    world.daemon.stop()
    tap.equal([world.name('kept', 'w6'), world.name('slow', 'w1')],
              [503, 503], 'the page has changed, nobody listens: 503')
    world.daemon = Daemon(world.daemon_path, world.pages)
    tap.equal(world.name('kept', 'w6'), ['w6'], 'and asked when one does')
    world.daemon.stop()
    tap.equal([world.name('kept', 'w6'), world.name('kept', 'w7')],
              [['w6'], 503], 'nobody listens: what is kept is served')
    world.daemon = Daemon(world.daemon_path, world.pages)


def workers(nginx):
    with open('/proc/%d/task/%d/children' % (nginx.pid, nginx.pid)) as file:
        return [int(word) for word in file.read().split()]


def survives(world):
    """Nothing outlives a worker."""
    for what, change in (
            ('a reload', lambda: os.kill(world.nginx.pid, signal.SIGHUP)),
            ('a killed worker', lambda: os.kill(workers(world.nginx)[0],
                                                signal.SIGKILL))):
        name = 'of ' + what
        world.name('kept', name)
        before = world.questions(lambda: world.name('kept', name))
        old = workers(world.nginx)
        change()
        eventually(lambda: workers(world.nginx) and not
                   set(old) & set(workers(world.nginx)))
        got = world.questions(*[lambda: world.name('kept', name)] * 2)
        tap.equal((before, got), (0, 1), 'nothing survives ' + what)


def bound(world):
    """64 kB of it: who was looked for longest ago is asked about again."""
    def ask(name, port=2):
        checker.ask(world.nginx.ports[port], '/kept/x', name)

    ask('first')
    for number in range(300):
        ask('user%d' % number)
    got = [world.questions(lambda: ask(name))
           for name in ('first', 'user299', 'user298', 'user0')]
    tap.equal(got, [1, 0, 0, 1], 'bounded: the latest are kept')
    got = [world.questions(lambda: ask('off', port)) for port in (1, 1, 0, 1)]
    tap.equal(got, [1, 1, 1, 1], 'a server that says off keeps nothing')


LOCATION = 'location /%s/ { authgear %s; proxy_pass http://@HTTP@; }\n'


def text_of(pages, path):
    folders = tuple(os.path.dirname(pages.at[which])
                    for which in ('root', 'daemon'))
    http = 'authgear_socket unix:%s deadline=4s;\n' % path
    http += 'authgear_cache %s %s;\n' % folders
    text = 'server { @LISTEN@\nerror_log @AT@/error.log notice;\n' \
        'location /public/ { root @WWW@; }\n' \
        'authgear_path /chain other;\nlocation /chain/ { authgear kept; ' \
        'try_files /none @chain; }\nlocation @chain { authgear kept; ' \
        'proxy_pass http://@HTTP@; }\n'
    for policy in SAID:
        text += LOCATION % (policy, policy)
    text += '}\nserver { @LISTEN@ authgear_cache off;\n%s}\n' % (
        LOCATION % ('kept', 'kept'))
    text += 'server { @LISTEN@ authgear_cache %s/. %s max=64k;\n%s}\n' % (
        folders + (LOCATION % ('kept', 'kept'),))
    return http, text


@contextlib.contextmanager
def running():
    site = servers.Site()
    with contextlib.ExitStack() as stack:
        stack.callback(site.stop)
        path = site.path('daemon.sock')
        pages = epoch_pages.Pages(site.dir)
        daemon = Daemon(path, pages)
        http, text = text_of(pages, path)
        around = types.SimpleNamespace(site=site, addresses={'nginx': path})
        clock = '' if nginx_module.sanitizers() else site.path('clock')
        nginx = stack.enter_context(nginx_site.running(
            around, text, http, face='module', environment=[
                'LD_PRELOAD=' + CLOCK, 'WALL_CLOCK_FILE=' + clock][
                    :2 * bool(clock)]))
        world = World(site, daemon, pages, nginx)
        world.clock = clock
        world.daemon_path = path
        stack.callback(lambda: world.daemon.stop())
        yield world


if __name__ == '__main__':
    if not nginx_module.is_built():
        tap.skip('the nginx module', 'it was not built: no nginx-dev')
        tap.done()
    if os.geteuid() != 0:
        tap.skip('what the nginx module keeps', 'a page of root\'s needs root')
        tap.done()
    with running() as here:
        for case in (kept, expiry, wall_clock, bad_pages,
                     epoch_pages.revoked, overtaken, waiters, survives, bound):
            case(here)
        alarming = [line for line in here.nginx.log().splitlines()
                    if '[alert]' in line and 'exited on signal 9' not in line]
        tap.equal(alarming, [], 'nothing alarming in the log')
    tap.done()
