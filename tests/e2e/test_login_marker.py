"""The marker of a login at the daemon's own sockets: what it is over https,
who is believed, for how long, and once only."""

import os
import subprocess
import time

import fastcgi
import gate
import login_world
import nginx_module
import tap
from login_browser import Browser

NONCE = '0123456789abcdef'
PLAIN, HTTPS = 'authgear-login', '__Host-authgear-login'
BACK = {'https': 'https://www.example.test/authgear-login',
        'http': 'http://127.0.0.1:8/authgear-login'}
ROLES = {'authorizer': fastcgi.AUTHORIZER, 'responder': fastcgi.RESPONDER}


class Asker:
    """Asks one daemon about a page, as one role, under one policy."""

    def __init__(self, site, daemon, policy, role):
        self.site, self.daemon = site, daemon
        self.policy, self.role = policy, role
        self.name = '%s, %s' % (policy, role)
        self.cookie = HTTPS if policy == 'https' else PLAIN

    def ask(self, cookie='', more=''):
        return fastcgi.ask(self.daemon.path, {
            'AUTHGEAR_POLICY': self.policy, 'REQUEST_METHOD': 'GET',
            'REQUEST_URI': '/a?b=1', 'HTTP_ACCEPT': 'text/html',
            'HTTP_COOKIE': '; '.join(part for part in (more, cookie) if
                                     part)}, ROLES[self.role])

    def login_at(self, answer):
        """Where the answer sends to log in, or ''."""
        if self.role == 'responder':
            return answer.headers.get('x-authgear-login', '')
        return answer.headers.get('location', '') if \
            answer.status == 302 else ''

    def sentence(self, answer):
        if answer.status != 401:
            return ''
        if self.role == 'responder':
            return answer.headers.get('x-authgear-login-failed', '')
        return answer.body.decode().partition('<p>')[2].partition('</p>')[0]

    def marker(self, nonce=None, age=0, rounds=0, name=None):
        return '%s=%s.%d.%d' % (name or self.cookie,
                                nonce or os.urandom(8).hex(),
                                time.time() - age, rounds)

    def expect(self, what, login, *cookies):
        """Sent to log in, or explained, under these cookies."""
        answer = self.ask('; '.join(cookies))
        tap.ok(bool(self.login_at(answer)) == login and
               bool(self.sentence(answer)) != login,
               '%s: %s %s' % (self.name, what, 'begins anew' if login else
                              'is explained'), repr(answer)[:600])


def come_back(asker, login):
    """(path, Set-Cookie) of login_return for the state of an address."""
    state = login.partition('&state=')[2].partition('&')[0]
    answer = fastcgi.ask(asker.daemon.path + '.login', {
        'REQUEST_METHOD': 'GET', 'QUERY_STRING': 'state=' + state},
        fastcgi.RESPONDER)
    return answer.headers.get('location'), answer.headers.get('set-cookie',
                                                              '')


def test_round(asker):
    login = asker.login_at(asker.ask())
    path, cookie = come_back(asker, login)
    first, _, rest = cookie.partition('; ')
    tap.ok(path == '/a?b=1' and first.startswith(asker.cookie + '=') and
           rest == ('Max-Age=60; Path=/; Secure; HttpOnly; SameSite=Lax' if
                    asker.policy == 'https' else
                    'Max-Age=60; Path=/; HttpOnly; SameSite=Lax'),
           asker.name + ': the cookie of login_return', cookie)
    # a line cannot end in a header of its own
    sentence = asker.sentence(asker.ask(first))
    tap.ok('cookie domain' in sentence, asker.name + ': and what it says',
           sentence)
    asker.expect('a reload', True, first)
    session = asker.site.sim.token(kind='cookie', sub='alice')
    _, cookie = come_back(asker, asker.login_at(asker.ask()))
    first = cookie.partition(';')[0]
    answer = asker.ask(first, 'session=' + session)
    tap.equal(answer.status, 200, asker.name + ': granted under a marker')
    asker.expect('what comes after the grant', True, first)
    return sentence


def test_believed(asker):
    other = PLAIN if asker.cookie == HTTPS else HTTPS
    asker.expect('a marker', False, asker.marker())
    asker.expect('one of the same minute', False, asker.marker(age=45))
    asker.expect('an old one', True, asker.marker(age=62))
    asker.expect('one of yesterday', True, asker.marker(age=86400))
    asker.expect('one of the future', True, asker.marker(age=-30))
    asker.expect('one of another age', True, asker.marker(age=time.time()))
    asker.expect('the other name', True, asker.marker(name=other))
    asker.expect('another prefix', True,
                 asker.marker(name='__Secure-' + PLAIN))
    asker.expect('both names', False, asker.marker(name=other),
                 asker.marker())
    asker.expect('garbage and one', False, asker.cookie + '=x',
                 asker.marker())
    twice = [asker.marker(), asker.marker()]
    asker.expect('two of them', False, *twice)
    asker.expect('the same two again', True, *twice)
    many = ['%s=%s' % (asker.cookie, 'a' * 40)] * 100
    asker.expect('a hundred that are none', True, *many)
    many = [asker.marker() for _ in range(400)]
    asker.expect('four hundred', False, *many)
    for value in ('', '1', '2', NONCE, NONCE + '.', NONCE + '..0', '"',
                  NONCE + '.%d.4' % time.time(), '.%d.0' % time.time(),
                  NONCE + '.%d.0.0' % time.time(), 'a' * 30000,
                  NONCE + '.' + '1' * 30000 + '.0', '0' * 30000,
                  '%s.%d.0' % (NONCE.upper(), time.time()), '\x7f\xff',
                  NONCE + '.-1.0', NONCE + '.1e9.0'):
        asker.expect('%r' % value[:30], True,
                     '%s=%s' % (asker.cookie, value))


def test_forged_states(asker):
    """They bring nothing that the policy's own cookie is not."""
    for tail, cookie in (('s' + NONCE + '.0', HTTPS),
                         ('p' + NONCE + '.3', PLAIN)):
        got = come_back(asker, '&state=/x%23' + tail)
        tap.ok(got[0] == '/x' and got[1].startswith(cookie + '='),
               '%s: a state of %s sets that cookie' % (asker.name, cookie),
               got)
    for tail in ('', '%23', '%23s', '%23s' + NONCE, '%23s' + NONCE + '.4',
                 '%23p' + NONCE + '.0.0', '%23x' + NONCE + '.0',
                 '%23again', '%23p' + 'a' * 3000 + '.0',
                 '%23p' + NONCE + '.0%0d%0aX:y', '&state=/x'):
        tap.equal(come_back(asker, '&state=/x' + tail)[1], '',
                  '%s: a state with %r sets none' % (asker.name, tail[:30]))


def test_restart(site, start):
    with start('before') as daemon:
        asker = Asker(site, daemon, 'https', 'authorizer')
        marker = asker.marker()
        asker.expect('a marker', False, marker)
        asker.expect('and again', True, marker)
    with start('after') as daemon:
        asker = Asker(site, daemon, 'https', 'authorizer')
        asker.expect('after a restart', False, marker)
        asker.expect('and again', True, marker)


def test_pass(site, daemon):
    """unauthenticated = pass is for no credential alone, and what
    --print-policies says of it is so."""
    def ask(cookie='', method='GET', server='nginx/1.22'):
        return fastcgi.ask(daemon.path, {
            'AUTHGEAR_POLICY': 'open', 'REQUEST_METHOD': method,
            'REQUEST_URI': '/login-page', 'HTTP_ACCEPT': 'text/html',
            'HTTP_COOKIE': cookie, 'SERVER_SOFTWARE': server})
    live = site.sim.token(kind='cookie', sub='alice')
    dead = 'session=aaaaaaaa-1111-4222-8333-bbbbbbbbbbbb.' + 'x' * 32
    tap.equal(ask().status, 200, 'pass: no credential passes')
    got = ask('session=' + live)
    tap.equal((got.status, got.headers.get('variable-authgear_decision')),
              (200, 'granted'), 'pass: a good one is granted')
    tap.equal(ask(dead).status, 302, 'pass: a dead one is sent to log in')
    tap.equal(ask(dead, 'POST').status, 401, 'pass: or refused')
    tap.equal(ask(server='Apache/2.4').status, 302,
              'pass: with Apache no credential is sent to log in')
    tap.equal(ask(server='Apache/2.4', method='POST').status, 401,
              'pass: or refused')
    said = subprocess.run(
        [tap.program('authgear-fcgi'), '--print-policies', '--config',
         site.config], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        timeout=60, check=True).stdout.decode().partition('policy open')[2]
    tap.ok('no credential at all (not with Apache)' in said and
           'with a cookie that does not hold are sent to log in as web '
           '(with Apache those without one too)' in said and
           'bad, expired or logged out' in said,
           'pass: --print-policies says all of it', said)


def test_tls(name):
    """From end to end, TLS before a server."""
    with login_world.World(name, tls=True) as world:
        browser = Browser()
        first = browser.ask(world.url + '/page.txt')
        answer, hops = browser.follow(browser.log_in(first.location))
        tap.equal((answer.status, answer.text, hops),
                  (200, 'page of /\n', 2), name + ', https: logged in')
        kept = browser.jar[login_world.APPLICATION]
        tap.ok(list(kept) == [HTTPS] and kept[HTTPS][1],
               name + ', https: the marker is Secure and of this host '
               'alone', kept)
        world.log_out()
        out = gate.until(lambda: [answer for answer in [browser.ask(
            world.url + '/page.txt')] if answer.status != 200], 'logout',
            15)[0]
        tap.equal(out.status, 302, name + ', https: logged out, log in again')
        world.sim.control('resolver', cookie_domain=None)
        browser.forget('session')
        answer, hops = browser.follow(browser.log_in(out.location))
        tap.ok(answer.status == 401 and 'cookie domain' in answer.text,
               name + ', https: a login that does not reach the site is '
               'explained',
               '%d %s' % (answer.status, answer.text))


def main():
    login = {name: {'login_client': 'web', 'login_return': back}
             for name, back in BACK.items()}
    login['open'] = dict(login['https'], unauthenticated='pass')
    with gate.Site({'validate': 'hybrid', 'insecure_allow_http': 'yes'},
                   login) as site:
        def start(name):
            return site.daemon(name, arguments=[
                '--listen', 'unix:%s.sock.login,serve=login' % os.path.join(
                    site.folder, name)])

        said = set()
        with start('fcgi') as daemon:
            gate.until(lambda: 'keys fetched' in daemon.log(), 'the keys')
            for policy in BACK:
                for role in ROLES:
                    asker = Asker(site, daemon, policy, role)
                    said.add(test_round(asker))
                    test_believed(asker)
                    test_forged_states(asker)
            test_pass(site, daemon)
            tap.ok(daemon.alive(), 'the daemon lives')
        tap.equal(len(said), 1, 'page and header say the same')
        test_restart(site, start)
    for name in ('nginx',) + nginx_module.names():
        test_tls(name)
    tap.done()


main()
