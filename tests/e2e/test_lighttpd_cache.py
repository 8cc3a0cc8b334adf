"""What lighttpd's Lua keeps (AUTHGEAR_CACHE): grants alone, of the very bytes
that were asked about, for as long as the daemon says and while both pages say
what they said.  The daemon and the pages here say what they are told to."""
# beside others: every process, folder and port is its own

import calendar
import concurrent.futures
import contextlib
import os
import subprocess
import tempfile
import threading
import time

import backend
import checker
import epoch_pages
import lighttpd
import servers
import tap
from checker import values
from process import eventually

CLOCK = os.path.join(tap.BUILD, 'tests/e2e/.libs/wall_clock.so')
LONG = '300 @'
# what the daemon says of keeping, by the policy it is said of; @: both pages,
# >: its own
SAID = {
    'default': LONG, 'kept': LONG, 'other': LONG, 'slow': LONG,
    'short': '1 @', 'none': None,
    'zero': '0 @', 'zeros': '00 @', 'empty': '', 'minus': '-1 @',
    'plus': '+5 @', 'word': '5s @', 'hex': '0x5 @', 'part': '5.5 @',
    'list': '5, 5 @', 'much': '9999999999 @', 'bare': '@',
    # of no page, of another daemon's, and what is not quite this one's
    'pageless': '5', 'pages': '5 @ @', 'another': '5 ' + '5a' * 32,
    'state': '5 %s>' % ('5a' * 16), 'rootless': '5 >',
    'longer': '5 @0', 'cut': '5 <', 'pass': LONG, 'refused': LONG,
}
NEVER = ('none', 'zero', 'zeros', 'empty', 'minus', 'plus', 'word', 'hex',
         'part', 'list', 'much', 'bare', 'pageless', 'pages', 'another',
         'state', 'rootless', 'longer', 'cut', 'pass', 'refused')
COOKIE = 'app_session=1b4e28ba-2fa1-41d2-883f-0016d3cca427.' \
    'IY73tucWDUyBWEFTvRiOHNth4qZVw0I%s'
GRANTED = '''Status: 200 OK\r
Variable-AUTHGEAR_DECISION: granted\r
Variable-AUTHGEAR_POLICY: %s\r
Variable-AUTHGEAR_USER_ID: id-%s\r
Variable-REMOTE_USER: %s\r
Variable-AUTHGEAR_CLAIM_SEEN: %d\r
'''
POLICY = '''$HTTP["url"] =~ "^/%s/" {
setenv.set-environment = ( "AUTHGEAR_POLICY" => "%s" )
proxy.server = ( "" => (( "host" => "127.0.0.1", "port" => @HTTP@ )) )
}
'''
SITE = '''setenv.add-environment += ( "AUTHGEAR_CACHE" => "%s %s" )
'''


class Daemon(backend.Listener):
    """Grants whoever is not in `revoked`; `asked`: the questions."""

    def __init__(self, path, pages):
        self.pages = pages
        self.asked, self.revoked = [], set()
        self.lock = threading.Lock()
        self.go = threading.Event()     # what `slow` waits for
        super().__init__(path)

    def serve(self, stream):
        asked = dict(backend.read_params(stream))
        with self.lock:
            self.asked.append(asked)
            count = len(self.asked)
        policy = asked['AUTHGEAR_POLICY']
        name = asked.get('HTTP_AUTHORIZATION', 'Bearer nobody')[7:].strip()
        if policy == 'refused' or name in self.revoked:
            text = 'Status: 401 Unauthorized\r\n'
        elif policy == 'pass':
            text = 'Status: 200 OK\r\nVariable-AUTHGEAR_DECISION: pass\r\n'
        else:
            text = GRANTED % (policy, name, name, count)
        if asked.get('AUTHGEAR_NOTE') and SAID[policy] is not None:
            page = self.pages.hex()
            text += 'Variable-AUTHGEAR_KEEP: %s\r\n' % SAID[policy].replace(
                '@', page).replace('<', page[:-1]).replace('>', page[32:])
        if policy == 'slow':
            self.go.wait(30)
        backend.write_answer(stream, (text + '\r\n').encode())


class World:
    def __init__(self, site, daemon, pages, server, clock):
        self.site, self.daemon, self.pages = site, daemon, pages
        self.server, self.clock = server, clock
        self.count = 0

    def ask(self, policy, name='alice', path='x', **more):
        return checker.ask(self.server.port, '/%s/%s' % (policy, path), name,
                           **more)

    def name(self, policy, name='alice', **more):
        """Whom the application was told, or the status."""
        answer = self.ask(policy, name, **more)
        shown = answer.shown()
        return answer.status if shown is None else values(
            shown, 'Remote-User')

    def asked(self):
        with self.daemon.lock:
            return len(self.daemon.asked)

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
    shown = again[0].shown()
    seen = [name.lower() for name, _ in
            shown['headers'] + again[0].headers]
    tap.ok('x-authgear-claim-seen' in seen and 'authorization' not in seen and
           not [name for name in seen if 'keep' in name or 'note' in name],
           'how long is told to nobody; the credential is taken out', seen)
    variables = [checker.ask(world.server.port, '/kept.cgi', 'cgi').shown()
                 for _ in range(3)]
    tap.ok(values(variables[0], 'REMOTE_USER') == ['cgi'] and
           variables[1]['env'] and not [
               name for shown in variables for name, _ in shown['env']
               if name in ('AUTHGEAR_NOTE', 'AUTHGEAR_KEEP',
                           'AUTHGEAR_CACHE', 'HTTP_AUTHORIZATION')] and
           [sorted(pair for pair in shown['env'] if 'AUTHGEAR' in pair[0] or
                   pair[0] == 'REMOTE_USER') for shown in variables] ==
           [sorted(pair for pair in variables[0]['env']
                   if 'AUTHGEAR' in pair[0] or
                   pair[0] == 'REMOTE_USER')] * 3,
           'variables too: the same of a kept grant, and none of ours',
           variables[:2])
    tap.equal([world.name('kept', name) for name in
               ('bob', 'carol', 'bob', 'alice', 'alicf', 'alic', 'Alice')],
              [['bob'], ['carol'], ['bob'], ['alice'], ['alicf'], ['alic'],
               ['Alice']], 'each is told who it is')


def key(world):
    cookie = ('Cookie', COOKIE % 'Q')
    port = world.server.port
    world.ask('kept')
    for what, call, wanted in (
            ('another policy', lambda: world.ask('other'), 1),
            ('a blank more', lambda: checker.ask(
                port, '/kept/x', None,
                headers=[('Authorization', 'Bearer  alice')]), 1),
            ('a scheme in other letters', lambda: world.ask(
                'kept', None, headers=[('Authorization', 'bearer alice')]), 1),
            ('a cookie of ours', lambda: world.ask(
                'kept', headers=[cookie]), 1),
            ('the same cookie, before another of the site\'s', lambda:
             world.ask('kept', headers=[('Cookie', cookie[1] + '; a=1')]), 0),
            ('another cookie of ours', lambda: world.ask(
                'kept', headers=[('Cookie', COOKIE % 'R')]), 1),
            ('both', lambda: world.ask('kept', headers=[
                ('Cookie', COOKIE % 'R' + '; ' + COOKIE % 'Q')]), 1),
            ('the cookie alone', lambda: world.ask(
                'kept', None, headers=[cookie]), 1),
            ('cookies of the site\'s', lambda: world.ask(
                'kept', headers=[('Cookie', 'a=b; c=d')]), 0),
            ('another method, path and header', lambda: checker.ask(
                port, '/kept/y?z=1', 'alice', 'POST',
                [('Accept', 'text/html'), ('Origin', 'http://o')], b'x'), 0),
            ('another host', lambda: lighttpd.raw(port, '/kept/x', 'alice'),
             1),
            ('a forged name', lambda: world.ask(
                'kept', headers=[('Remote-User', 'x')]), 1),
            ('and once more', lambda: world.ask(
                'kept', headers=[('Remote-User', 'x')]), 1),
            ('a forged decision', lambda: world.ask(
                'kept', headers=[('X-Authgear-Decision', 'granted')]), 1),
            ('a note of the client\'s', lambda: world.ask(
                'kept', headers=[('Authgear-Note', 'x')]), 0),
            ('nobody', lambda: world.ask('kept', None), 1),
            ('nobody, once more', lambda: world.ask('kept', None), 1),
            ('the first one', lambda: world.ask('kept'), 0)):
        tap.equal(world.questions(call), wanted, 'the key: %s: %d' % (
            what, wanted))
    tap.equal([world.questions(*[lambda: world.ask(policy)] * 3)
               for policy in NEVER], [3] * len(NEVER),
              'never kept: ' + ' '.join(NEVER))


def expiry(world):
    got = world.questions(*[lambda: world.ask('short')] * 2)
    tap.equal(got, 1, 'kept for a second')
    tap.ok(eventually(lambda: world.questions(
        lambda: world.ask('short')) == 1, 30), 'and not for ever')


def wall_clock(world):
    """Set back and forth; lighttpd sees it, what is kept does not.  Of half
    an hour lighttpd makes a reload of itself."""
    world.ask('kept')
    seen, kept_ones, gone = [], [], []
    for seconds in (1200, -500, 0):
        with open(world.clock, 'w') as file:
            file.write(str(seconds))
        seen.append(eventually(lambda: abs(calendar.timegm(time.strptime(
            checker.ask(world.server.port, '/public/page.txt').header('Date'),
            '%a, %d %b %Y %H:%M:%S GMT')) - time.time() - seconds) < 60, 10))
        kept_ones.append(world.questions(lambda: world.ask('kept')))
        world.ask('short')
        gone.append(eventually(lambda: world.questions(
            lambda: world.ask('short')) == 1, 30))
    tap.equal((seen, kept_ones, gone), ([True] * 3, [0] * 3, [True] * 3),
              'the wall clock set forth, back and right: kept for as long')


def bad_pages(world):
    # lighttpd looks once a second, and tells Lua nothing of other names
    epoch_pages.bad_pages(
        world, late=('the group may write', 'others may write',
                     'somebody else\'s', 'too long'),
        unseen=('of two names', 'a symbolic link'))
    log = world.server.log()
    tap.ok('nothing is kept: no page that counts in' in log and
           'grants are kept' in log, 'the log says so', log[-500:])


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
            if 'ask' in order:          # Lua has seen the page
                world.ask('kept')
            world.daemon.go.set()
            got = [first.result()]
            world.daemon.revoked.add(name)
            got.append(world.name('slow', name))
            tap.equal(got, [[name], 401], 'an answer of before the change is '
                      'not kept: ' + ', '.join(order))


def pipelined(world):
    """Many requests in one piece, of whoever is kept and who is not."""
    world.daemon.revoked.add('revoked')
    names = [('p%d' % (number % 7), 'revoked', 'new%d' % number)[number % 3]
             for number in range(300)]
    lines = ''.join(
        'GET /kept/%d HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n'
        '%s\r\n' % (number, name, 'Connection: close\r\n' * (number == 299))
        for number, name in enumerate(names))
    got = checker.exchange(world.server.port, lines.encode())
    told = []
    for piece in got.split(b'HTTP/1.1 ')[1:]:
        told.append(piece[:3].decode() if piece[:3] != b'200' else next(
            value for name, value in checker.json.loads(
                piece.partition(b'\r\n\r\n')[2])['headers']
            if name == 'Remote-User'))
    wanted = ['401' if name == 'revoked' else name for name in names]
    tap.equal(told, wanted, 'pipelined: to each its own')


def chunked(world, body):
    at = '127.0.0.1:%d' % world.server.port
    return subprocess.run(
        ['curl', '-s', '-H', 'Expect: 100-continue', '-H',
         'Transfer-Encoding: chunked', '-H', 'Authorization: Bearer bodies',
         '--data-binary', '@-', 'http://%s/kept/x' % at],
        input=body, stdout=subprocess.PIPE, check=False).stdout


def bodies(world):
    """Sent at once, in pieces and on demand, of who is kept."""
    world.ask('kept', 'bodies')
    before, bad = world.asked(), []
    for size in (0, 1, 1000, 70000, 3000000):
        body = os.urandom(size)
        digest = backend.hashlib.sha256(body).hexdigest()
        answer = world.ask('kept', 'bodies', method='POST', body=body)
        more = digest.encode()
        if size > 0:    # curl ends no empty one
            more = chunked(world, body)
        shown = answer.shown() or {}
        if not (shown.get('sha256') == digest and digest.encode() in more):
            bad.append((size, str(answer), more[:200]))
    tap.ok(not bad and world.asked() == before, 'bodies of who is kept',
           (bad[:1], world.asked() - before))


QUERY = '''local r = lighty.r
local token = r.req_attr["uri.query"]
if token and token ~= "" then
	r.req_header["Authorization"] = "Bearer " .. token
end
return 0
'''


def another_credential(world):
    """A script of the site's gives the request another one behind ours: what
    that lets in is not kept for who has only what the client sent."""
    for headers in ([], [('Cookie', COOKIE % 'Q')]):
        got = [values(checker.ask(world.server.port, '/kept/x' + query,
                                  headers=headers).shown(), 'Remote-User')
               for query in ('?mary', '?john', '')]
        tap.equal(got, [['mary'], ['john'], ['nobody']],
                  'a script of the site\'s gives the credential%s' % (
                      ', beside a cookie' if headers else ''))


@contextlib.contextmanager
def running(behind='', change=None):
    site = servers.Site()
    with contextlib.ExitStack() as stack:
        stack.callback(site.stop)
        path = site.path('daemon.sock')
        pages = epoch_pages.Pages(site.dir)
        daemon = Daemon(path, pages)
        stack.callback(lambda: world.daemon.socket.close())
        clock = site.path('clock')
        text = SITE % tuple(os.path.dirname(pages.at[which])
                            for which in ('root', 'daemon'))
        text += ''.join(POLICY % (policy, policy) for policy in SAID
                        if policy != 'default')
        text += '$HTTP["url"] == "/kept.cgi" { setenv.set-environment = ' \
            '( "AUTHGEAR_POLICY" => "kept" ) }\n' + behind
        backend.write_cgi(os.path.join(site.www, 'kept.cgi'), site.runs_file)
        variant = lighttpd.Variant(None, behind=text, address=path)
        variant.world = type('', (), {'site': site})

        def made(of, at, *more):
            conf, command = lighttpd.Variant.made(variant, of, at, *more)
            if change:
                change(at + '/share/20-authgear.conf')
            return conf, ['/usr/bin/env', 'LD_PRELOAD=' + CLOCK,
                          'WALL_CLOCK_FILE=' + clock] + command

        server = servers.start('lighttpd', site, path, made)
        stack.callback(server.stop)
        world = World(site, daemon, pages, server, clock)
        yield world


if __name__ == '__main__':
    if os.geteuid() != 0:
        tap.skip('what lighttpd keeps', 'a page of root\'s needs root')
        tap.done()
    with running() as here:
        for case in (kept, key, expiry, wall_clock, bad_pages,
                     epoch_pages.revoked, overtaken, pipelined, bodies):
            case(here)
        tap.ok(') lua: ' not in here.server.log(), 'no error of Lua in the log',
               here.server.log()[-1000:])
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        with open(folder + '/query.lua', 'w') as file:
            file.write(QUERY)
        with running('magnet.attract-raw-url-to += ( "%s/query.lua" )\n' %
                     folder) as here:
            another_credential(here)
    tap.done()
