"""Who logs out and comes back must log in again, however soon, and nobody is
sent around in circles: through lighttpd, nginx and Apache."""
# beside others: it mostly waits

import html
import re
import time

import gate
import login_world
import servers
import tap
from login_browser import Browser, query

DEAD = 'aaaaaaaa-1111-4222-8333-bbbbbbbbbbbb.' + 'x' * 32


def enter(world, browser, user=login_world.USER, path='/page.txt'):
    """Log in for a page and get it; what the page answers."""
    first = browser.ask(world.url + path)
    back = browser.log_in(first.location, user)
    return browser.follow(back)[0]


def refused(world, browser):
    """The first answer that is no 200: what is known here of a session may
    be session_ttl old."""
    def ask():
        answer = browser.ask(world.url + '/page.txt')
        return answer if answer.status != 200 else None
    return gate.until(ask, 'the end of the session', 15)


def explained(answer):
    """The sentence of the page that explains, or ''."""
    if answer.status != 401 or answer.location:
        return ''
    found = re.search('<p>(.*)</p>', answer.text, re.S)
    text = html.unescape(found.group(1)) if found else answer.text
    return '' if text.startswith('{') else text.strip()


def is_login(world, answer):
    return (answer.status == 302 and not answer.asks_password and
            answer.location.startswith(world.authgear) and
            query(answer.location).get('x_page') == 'login')


def test_log_out(world):
    name = world.name
    for what, cleared, user in (
            ('without its cookie', True, login_world.USER),
            ('with the dead cookie', False, login_world.USER),
            ('as another account', False, login_world.OTHER)):
        browser = Browser()
        tap.equal(enter(world, browser).text, 'page of /\n',
                  '%s: logged in, %s next' % (name, what))
        world.log_out()
        if cleared:
            browser.forget('session')
        out = refused(world, browser)
        tap.ok(is_login(world, out) and
               'authgear-login' in browser.cookies(login_world.APPLICATION,
                                                   False),
               '%s: logged out, back %s within the minute: log in' % (
                   name, what), '%d %s %s' % (out.status, out.location,
                                              out.text))
        tap.ok('<h1>Log in</h1>' in browser.ask(out.location).text,
               name + ': by hand, at Authgear')
        last = browser.follow(browser.log_in(out.location, user))[0]
        tap.equal((last.status, last.text), (200, 'page of /\n'),
                  '%s: and in again, %s' % (name, what))
        log = [line for line in world.daemon.log().splitlines()
               if 'came back' in line]
        tap.equal(log, [], name + ': nothing had to be explained')


def test_forbidden(world):
    """403, then out, then another page: no login was in vain."""
    browser = Browser()
    tap.equal(enter(world, browser, path='/admin/page.txt').status, 403,
              world.name + ': logged in, and forbidden')
    world.log_out()
    browser.forget('session')
    out = browser.ask(world.url + '/page.txt')
    tap.ok(is_login(world, out), world.name + ': and out: log in again',
           '%d %s' % (out.status, out.text))


def test_signed_out(world):
    """By `revoke user`: a login of the next five seconds does not count."""
    name, browser = world.name, Browser()
    enter(world, browser)
    world.cache('revoke', 'user', login_world.USER)
    # however slow this is, it stays within the margin
    world.sim.control('clock', at=int(time.time()))
    said, answer = [], browser.ask(world.url + '/page.txt')
    for _ in range(3):
        tap.ok(answer.status == 302 and answer.asks_password,
               name + ': within the margin the password is asked again',
               '%d %s %s' % (answer.status, answer.location, answer.text))
        tap.ok('<h1>Log in</h1>' in browser.ask(answer.location).text,
               name + ': though there is a session')
        answer = browser.follow(browser.log_in(answer.location), 2)[0]
    said.append(explained(answer))
    tap.ok('signed you out' in said[0] and 'cookie' not in said[0],
           name + ': three times, then it says why', answer.text)
    answer = browser.ask(world.url + '/page.txt')
    tap.ok(answer.asks_password, name + ': a reload asks again',
           '%d %s' % (answer.status, answer.text))
    answer = browser.follow(browser.log_in(answer.location,
                                           login_world.OTHER))[0]
    tap.equal(answer.text, 'page of /\n',
              name + ': another account comes in at once')
    world.sim.control('clock', offset=6)
    browser = Browser()
    tap.equal(enter(world, browser).text, 'page of /\n',
              name + ': after the margin he too')
    # so that the login lies within the margin of the second one
    time.sleep(1.5)
    world.cache('revoke', 'user', login_world.USER)
    answer = browser.ask(world.url + '/page.txt')
    tap.ok(answer.asks_password,
           name + ': revoked again within the minute, asked again',
           '%d %s' % (answer.status, answer.text))
    world.sim.control('clock', offset=20)
    answer = browser.follow(browser.log_in(answer.location))[0]
    tap.equal(answer.text, 'page of /\n', name + ': and let in')
    return said[0]


def test_in_vain(world, what, prepare):
    """Log in for nothing: explained once, then anew, never a loop."""
    name, browser = world.name, Browser()
    first = browser.ask(world.url + '/page.txt')
    prepare(browser)
    last = browser.follow(browser.log_in(first.location))[0]
    said = explained(last)
    tap.ok(said and last.headers.get('Content-Type', '').startswith('text/'),
           '%s: %s is explained' % (name, what),
           '%d %s' % (last.status, last.text))
    tap.equal(last.getheader('Cache-Control'), 'no-store',
              name + ': on a page that is not stored')
    for _ in range(2):
        reload = browser.ask(world.url + '/page.txt')
        tap.ok(is_login(world, reload), name + ': a reload starts anew',
               '%d %s' % (reload.status, reload.text))
        last, hops = browser.follow(reload)
        tap.equal((explained(last), hops), (said, 3),
                  name + ': which single sign-on ends after one round')
    return said


def test_reasons(world):
    """(what, sentence) of each."""
    said = []
    def old_cookie(browser):
        browser.jar.setdefault(login_world.APPLICATION, {})[
            'session'] = DEAD, False

    world.sim.control('resolver', cookie_domain=login_world.AUTHGEAR)
    said.append(('no-credential', test_in_vain(
        world, 'a login that does not reach the site', lambda _: None)))
    said.append(('not-live', test_in_vain(
        world, 'an old cookie in its way', old_cookie)))
    world.sim.control('resolver', cookie_domain=world.domain)
    said.append(('malformed', test_in_vain(
        world, 'one of two cookies', old_cookie)))
    return said


def main():
    said = {}
    for name in servers.NAMES:
        with login_world.World(name) as world:
            test_log_out(world)
            test_forbidden(world)
            said[name] = test_reasons(world)
            log = world.daemon.log()
            tap.ok('sent to log in' in log and
                   'came back from a login without a cookie' in log and
                   'came back from a login and was refused again' in log,
                   name + ': the log tells who went and who came back', log)
            said[name].append(('signed-out', test_signed_out(world)))
    for reason in range(4):
        tap.equal(len({said[name][reason] for name in said}), 1,
                  'all servers say the same of ' +
                  said['nginx'][reason][0])
    tap.equal(len({sentence for _, sentence in said['nginx']}), 4,
              'and of each reason another thing')
    tap.ok('cookie domain' in said['nginx'][0][1] and not any(
        'cookie domain' in sentence for _, sentence in said['nginx'][1:]),
           'the cookie domain is named where it may be the cause', said)
    tap.done()


main()
