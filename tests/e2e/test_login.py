"""Browser login over plain HTTP, through lighttpd, nginx and Apache."""

import re
import urllib.parse

import fastcgi
import login_world
import servers
import tap
from login_browser import PAGE, Browser, query

def test_round(world):
    browser, name = Browser(), world.name
    wanted = world.url + '/page.txt?a=1&b=%2F%20x'
    first = browser.ask(wanted)
    tap.equal(first.status, 302, name + ': a page load is sent to log in')
    asked = query(first.location)
    tap.ok(first.location.startswith(world.authgear + '/oauth2/authorize?') and
           asked.get('response_type') == 'none' and
           asked.get('scope') == 'openid' and
           asked.get('client_id') == login_world.CLIENT and
           asked.get('redirect_uri') == world.url + '/authgear-login' and
           asked.get('x_page') == 'login' and 'prompt' not in asked,
           name + ': at the authorization endpoint', first.location)
    tap.ok(re.fullmatch(re.escape('/page.txt?a=1&b=%2F%20x') +
                        r'#p[0-9a-f]{16}\.0', asked.get('state', '')),
           name + ': state is the path asked for, and an attempt',
           asked.get('state'))
    again = query(browser.ask(wanted).location).get('state')
    tap.ok(again != asked.get('state'), name + ': each attempt its own',
           again)
    tap.ok(first.getheader('Cache-Control') == 'no-store' and
           (name == 'nginx' or
            first.getheader('X-Authgear-Reason') == 'no-credential'),
           name + ': the redirect is not stored')
    form = browser.ask(first.location)
    tap.ok(form.status == 200 and '<h1>Log in</h1>' in form.text and
           'name="password"' in form.text,
           name + ': a new browser sees the form to log in', form.text)
    unasked = first.location.replace('x_page=login', 'x_page=')
    tap.ok('Create an account' in browser.ask(unasked).text and
           'Create an account' in browser.ask(
               unasked + '&prompt=login').text and
           'Create an account' in browser.log_in(unasked).text,
           name + ': which would be one to sign up, without x_page')
    tap.equal(browser.log_in(first.location, 'wrong').status, 200,
              name + ': a wrong password is no login')
    back = browser.log_in(first.location)
    tap.equal(back.status, 303, name + ': Authgear sends back')
    here = browser.ask(back.location)
    tap.ok(here.status == 303 and urllib.parse.urljoin(
        back.location, here.location) == wanted,
           name + ': and the site to the page, with its query',
           '%d %s' % (here.status, here.location))
    tap.ok(re.fullmatch(r'authgear-login=[0-9a-f]{16}\.[0-9]{10}\.0; '
                        'Max-Age=60; Path=/; HttpOnly; SameSite=Lax',
                        here.getheader('Set-Cookie')),
           name + ': the marker ends by itself', here.getheader('Set-Cookie'))
    browser.forget('session')
    tap.ok('<h1>Log in</h1>' in browser.ask(unasked).text,
           name + ': the browser that has logged in is known as such')
    back = browser.log_in(first.location)
    browser.ask(back.location)
    last = browser.ask(wanted)
    tap.equal((last.status, last.text), (200, 'page of /\n'),
              name + ': which is granted')
    return browser


def test_forbidden(world, browser):
    tap.equal(browser.ask(world.url + '/admin/page.txt').status, 403,
              world.name + ': forbidden is never a redirect')


def test_no_page(world):
    name = world.name
    for what, method, headers in (
            ('an API client', 'GET', {'Accept': 'application/json'}),
            ('a fetch', 'GET', {'Accept': 'text/html',
                                'Sec-Fetch-Mode': 'cors'}),
            ('a POST', 'POST', PAGE),
            ('a bad bearer', 'GET', dict(PAGE, Authorization='Bearer x'))):
        got = Browser().ask(world.url + '/page.txt', method,
                            '' if method == 'POST' else None, headers)
        tap.ok(got.status == 401 and not got.location and
               got.getheader('WWW-Authenticate'),
               '%s: %s gets 401' % (name, what), got.status)


STATES = ['//evil.example/', '/\\evil.example', 'http://evil.example/',
          'https:evil', 'evil', '', '/%0d%0aSet-Cookie: a=b', '/a\0b',
          '/a b', '/\x7f', '/é', '%2f%2fevil.example', '/' + 'a' * 3000,
          'javascript:alert(1)', '\t/x', '/"onload="', '/<x>']


def test_states(world):
    root = ('/', world.url + '/')
    for state in STATES:
        for text in (urllib.parse.quote(state, safe=''),
                     urllib.parse.quote(state, safe='%/:'),
                     urllib.parse.quote(state + '#p0123456789abcdef.0',
                                        safe='')):
            got = Browser().ask(world.url + '/authgear-login?state=' + text)
            # a server may refuse the request itself
            tap.ok((got.status == 303 and got.location in root) or
                   (got.status in (400, 404, 414, 431) and not got.location),
                   '%s: state %r lands on /' % (world.name, text[:40]),
                   '%d %s' % (got.status, got.location))


def test_face(world):
    """At the socket itself."""
    def at(**params):
        wanted = {'REQUEST_METHOD': 'GET', 'QUERY_STRING': ''}
        wanted.update(params)
        return fastcgi.ask(world.pages.login_socket, wanted,
                           fastcgi.RESPONDER)
    got = at(QUERY_STRING='state=/x%3Fy=1')
    tap.equal((got.status, got.headers.get('location')), (303, '/x?y=1'),
              'a path goes through')
    tap.equal(at(QUERY_STRING='state=/x&state=/y').headers.get('location'),
              '/', 'two states are none')
    tap.equal(at(QUERY_STRING='state=/x%2').headers.get('location'), '/',
              'half an escape is none')
    tap.equal(at(QUERY_STRING='state=%252f%252fe').headers.get('location'),
              '/', 'decoded once only')
    tap.equal(at(REQUEST_METHOD='POST').status, 405, 'POST is refused')
    got = at(QUERY_STRING='error=access_denied&error_description=%3Cb%3E')
    tap.ok(got.status == 403 and 'Authgear refused' in got.body.decode() and
           '<b>' not in got.body.decode() and
           'access_denied' not in got.body.decode(),
           'an error is told without its text', got.body)


def main():
    for name in servers.NAMES:
        with login_world.World(name) as world:
            browser = test_round(world)
            test_forbidden(world, browser)
            test_no_page(world)
            test_states(world)
            if name == 'nginx':
                test_face(world)
    tap.done()


main()
