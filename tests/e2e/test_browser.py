"""A real browser logs in, through each of the three servers."""

import gate
import login_world
import servers
import tap
import webdriver

FORM = 'input[name=password]'


def log_in(browser, user=login_world.USER):
    browser.fill('input[name=username]', user)
    browser.fill(FORM, login_world.PASSWORD)
    browser.click('#go')


def test_login(world):
    name = world.name
    with webdriver.Browser() as browser:
        wanted = world.url + '/page.txt?a=1&b=%2F'
        browser.go(wanted)
        tap.ok(browser.url().startswith(world.authgear) and
               browser.has(FORM), name + ': no cookie, the form of Authgear',
               browser.url())
        log_in(browser)
        gate.until(lambda: browser.url() == wanted or None,
                   'the page asked for, not ' + browser.url(), 20)
        tap.equal(browser.text(), 'page of /',
                  name + ': back at the page asked for, with its query')
        browser.go(world.url + '/')
        tap.equal(browser.text(), 'index of /',
                  name + ': and every other page is granted')
        world.cache('revoke', 'user', login_world.USER)
        # beyond the margin of "signed out"
        world.sim.control('clock', offset=10)
        browser.go(wanted)
        tap.ok(browser.has(FORM) and 'prompt=login' in browser.url(),
               name + ': signed out here, asked for the password again',
               browser.url())
        log_in(browser)
        gate.until(lambda: browser.url() == wanted or None,
                   'the page after the second login', 20)
        tap.equal(browser.text(), 'page of /', name + ': and granted again')
        for state in ('%2F%2Fevil.localhost%2F', 'http%3A%2F%2Fevil.localhost',
                      '%2F%5Cevil.localhost'):
            browser.go(world.url + '/authgear-login?state=' + state)
            tap.equal((browser.url(), browser.text()),
                      (world.url + '/', 'index of /'),
                      '%s: hostile state %s lands on /' % (name, state))


def test_log_out(world):
    """Within the minute in which the browser keeps the marker."""
    name, wanted = world.name, world.url + '/page.txt'
    with webdriver.Browser() as browser:
        for user in (login_world.USER, login_world.OTHER):
            browser.go(wanted)
            tap.ok(browser.has(FORM), '%s: %s sees the form to log in' % (
                name, user), browser.text())
            log_in(browser, user)
            gate.until(lambda: browser.url() == wanted or None,
                       'the page after the login', 20)
            tap.equal(browser.text(), 'page of /',
                      '%s: %s is let in' % (name, user))
            world.log_out(user)

            def is_out():
                browser.go(wanted)
                return browser.text() != 'page of /'
            gate.until(is_out, 'the end of the session', 20)
        tap.ok(browser.has(FORM), name + ': and out again, to the form',
               browser.text())


def test_uncovered(name, tls=False):
    with login_world.World(name, 'auth.site.localhost', tls) as world:
        if tls:
            name = 'https'
        with webdriver.Browser() as browser:
            browser.go(world.url + '/page.txt')
            log_in(browser)
            gate.until(lambda: browser.url() == world.url + '/page.txt' or
                       None, 'the end of the redirects', 20)
            tap.ok('You have logged in' in browser.text() and
                   'cookie domain' in browser.text(),
                   name + ': a login that does not reach the site is '
                   'explained, once', browser.text())
            asked = world.sim.counts().get('/oauth2/authorize', 0)
            tap.equal(asked, 2, name + ': and no loop (form and login)')
            browser.go(world.url + '/page.txt')
            tap.ok('You have logged in' in browser.text(),
                   name + ': a reload starts anew and ends there',
                   browser.text())
            asked = world.sim.counts().get('/oauth2/authorize', 0)
            tap.equal(asked, 3, name + ': after one round')


def main():
    for name in servers.NAMES:
        with login_world.World(name) as world:
            test_login(world)
            test_log_out(world)
        test_uncovered(name)
    with login_world.World('nginx', tls=True) as world:
        world.name = 'https'
        test_log_out(world)
    test_uncovered('nginx', tls=True)
    tap.done()


main()
