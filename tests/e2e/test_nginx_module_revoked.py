"""Revocations past what the nginx module keeps, by the real command, the real
daemon and their pages; and what shows that this test can fail.

AUTHGEAR_TEST_AFTER: requests after the commands, in all (50000)."""
# beside others: every process, folder and port is its own

import os
import time

import checker
import nginx_module
import nginx_site
import tap
from process import eventually

REAL = '''server { include @INCLUDES@/authgear-server.conf; @LISTEN@
authgear_cache %(root)s %(daemon)s;
location /public/ { root @WWW@; }
location / { authgear default; proxy_pass http://@HTTP@; } }
server { include @INCLUDES@/authgear-server.conf; @LISTEN@
authgear_cache %(frozen)s %(frozen)s;
location / { authgear default; proxy_pass http://@HTTP@; } }
'''
# Of each user so many: by then what was kept of him would be old.
AFTER, AT_ONCE = 2500, 500
USERS = int(os.environ.get('AUTHGEAR_TEST_AFTER') or 50000) // AFTER


class Real(checker.World):
    """With the real pages, and copies that do not change."""

    def more_arguments(self):
        self.pages = {'root': self.state + '.epoch'}
        for name in ('daemon', 'frozen'):
            self.pages[name] = os.path.join(self.folder, name + '.epoch')
            os.makedirs(self.pages[name], exist_ok=True)
            os.chmod(self.pages[name], 0o755)
        for page in ('/trust', '/daemon'):
            write(self.pages['frozen'] + page, b'x' * 16)
        return ['--epoch', self.pages['daemon']]

    def daemons(self):
        with open(self.pages['daemon'] + '/daemon', 'rb') as file:
            return file.read()

    def freeze(self, roots=None):
        """Both pages as they are now, which answers name; or another root's,
        as of another state."""
        if roots is None:
            with open(self.pages['root'] + '/trust', 'rb') as file:
                roots = file.read()
        write(self.pages['frozen'] + '/trust', roots)
        write(self.pages['frozen'] + '/daemon', self.daemons())

    def settle(self):
        """The daemon's follows a revocation at its next look, once a second;
        that it has done so is seen by its staying as it is."""
        last, since = None, time.monotonic()
        while time.monotonic() - since < 2.5:
            now = self.daemons()
            if now != last or now == bytes(16):
                last, since = now, time.monotonic()
            time.sleep(0.05)


def write(path, data):
    with open(path, 'wb') as file:
        file.write(data)
    os.chmod(path, 0o644)


def statuses(port, token, count, path='/x'):
    """Of so many requests behind one another."""
    lines = 'GET ' + path + ' HTTP/1.1\r\nHost: x\r\n' \
        'Authorization: Bearer %s\r\n%s\r\n'
    data = lines % (token, '') * (count - 1) + lines % (
        token, 'Connection: close\r\n')
    got = checker.exchange(port, data.encode())
    return [got.count(b'HTTP/1.1 %d ' % status) for status in (200, 401)]


def control(world, port, number, path='/x', roots=None):
    """The same, by pages that stay as they are: let in before and after."""
    world.settle()
    world.freeze(roots)
    token = world.token('frozen%d' % number, lifetime=3600)
    before = statuses(port, token, 50, path)[0]
    world.cache('revoke', 'user', 'id-frozen%d' % number)
    return before, statuses(port, token, 10, path)[0]


def begun_block(world, nginx, number):
    """If one is let in right before, and what else but 403 right after."""
    token = world.token('later%d' % number, lifetime=3600)
    begins = int(time.time()) + 2
    world.cache('block', 'user', 'id-later%d' % number, '--from',
                '%d' % begins)
    before, after = 0, set()
    while time.time() < begins + 1.2:
        is_after = time.time() >= begins
        got = checker.ask(nginx.port, '/x', token).status
        if is_after and got != 403:
            after.add(got)
        before += not is_after and got == 200
        time.sleep(0.01)
    return before > 0, after


def real(world, nginx):
    """Revoked by the command: from its return on nobody is let in."""
    def status(name, token, port=0):
        return checker.ask(nginx.ports[port], '/' + name, token).status

    late = [0, 0]
    before = 0
    for number in range(USERS):
        token = world.token('gone%d' % number, lifetime=3600)
        before += statuses(nginx.port, token, 50)[0]
        world.cache('revoke', 'user', 'id-gone%d' % number)
        for _ in range(AFTER // AT_ONCE):
            got = statuses(nginx.port, token, AT_ONCE)
            late = [late[0] + got[0], late[1] + got[1]]
    tap.equal((before, late), (USERS * 50, [0, USERS * AFTER]),
              'the command: of %d requests after it none is let in' % (
                  USERS * AFTER))
    tap.equal([control(world, nginx.ports[1], number)
               for number in range(3)],
              [(50, 10)] * 3, 'the control: by pages that do not change all '
              'are')
    tap.equal(control(world, nginx.ports[1], 3, roots=b'x' * 16), (50, 0),
              "by root's page of another state nothing is kept")
    begun = [begun_block(world, nginx, number) for number in range(3)]
    tap.equal(begun, [(True, set())] * 3, 'a block that begins by itself: '
              'nobody is let in from its second on')
    kept_one, other = world.token('kept'), world.token('other')
    tap.ok(eventually(lambda: status('x', kept_one) == 200), 'let in')
    world.fcgi.kill()
    tap.equal([status('x', kept_one), status('x', other)], [200, 503],
              'a daemon that was killed: who is kept is let in')
    world.start_daemon()
    tap.ok(eventually(lambda: status('x', other) == 200), 'another daemon')
    world.fcgi.stop()
    tap.equal([status('x', kept_one), status('x', other)], [503, 503],
              'a daemon that ended: nothing is kept')


if __name__ == '__main__':
    if not nginx_module.is_built():
        tap.skip('the nginx module', 'it was not built: no nginx-dev')
        tap.done()
    if os.geteuid() != 0:
        tap.skip('what the nginx module keeps', 'a page of root\'s needs root')
        tap.done()
    with Real(('nginx',)) as whole, nginx_site.running(
            whole, REAL % whole.pages, face='module') as server:
        real(whole, server)
    tap.done()
