"""Browser login over plain HTTP, through lighttpd, nginx and Apache."""

import http.client
import urllib.parse

import fastcgi
import gate
import login_world
import tap

PAGE = {'Accept': 'text/html,application/xhtml+xml', 'Sec-Fetch-Mode':
        'navigate'}


class Browser:
    """Cookies by domain, and no redirect unless told."""

    def __init__(self):
        self.jar = {}

    def cookies(self, host):
        return '; '.join(
            '%s=%s' % pair for domain, pairs in self.jar.items()
            for pair in pairs.items()
            if host == domain or (domain[0] == '.' and
                                  ('.' + host).endswith(domain)))

    def keep(self, host, lines):
        for line in lines:
            first, *rest = [part.strip() for part in line.split(';')]
            name, value = first.split('=', 1)
            domain = host
            for part in rest:
                if part.lower().startswith('domain='):
                    domain = '.' + part[7:].lstrip('.')
            pairs = self.jar.setdefault(domain, {})
            if 'Expires=Thu, 01 Jan 1970' in line:
                pairs.pop(name, None)
            else:
                pairs[name] = value

    def ask(self, url, method='GET', body=None, headers=None):
        parts = urllib.parse.urlsplit(url)
        link = http.client.HTTPConnection('127.0.0.1', parts.port, timeout=20)
        sent = dict(PAGE if headers is None else headers)
        sent['Host'] = parts.netloc
        if self.cookies(parts.hostname):
            sent['Cookie'] = self.cookies(parts.hostname)
        if body is not None:
            sent['Content-Type'] = 'application/x-www-form-urlencoded'
        link.request(method, parts.path + ('?' + parts.query if parts.query
                                           else ''), body, sent)
        answer = link.getresponse()
        answer.text = answer.read().decode('latin-1')
        self.keep(parts.hostname,
                  answer.msg.get_all('Set-Cookie') or [])
        link.close()
        answer.location = answer.getheader('Location') or ''
        return answer

    def log_in(self, url, password=login_world.PASSWORD):
        """Fill in the form at `url`; what it answers."""
        return self.ask(url, 'POST', urllib.parse.urlencode(
            {'username': login_world.USER, 'password': password}))


def query(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))


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
           'prompt' not in asked, name + ': at the authorization endpoint',
           first.location)
    tap.equal(asked.get('state'), '/page.txt?a=1&b=%2F%20x',
              name + ': state is the path asked for')
    tap.ok(first.getheader('Cache-Control') == 'no-store' and
           (name == 'nginx' or
            first.getheader('X-Authgear-Reason') == 'no-credential'),
           name + ': the redirect is not stored')
    form = browser.ask(first.location)
    tap.ok(form.status == 200 and 'password' in form.text,
           name + ': the form of Authgear')
    tap.equal(browser.log_in(first.location, 'wrong').status, 200,
              name + ': a wrong password is no login')
    back = browser.log_in(first.location)
    tap.equal(back.status, 303, name + ': Authgear sends back')
    here = browser.ask(back.location)
    tap.ok(here.status == 303 and urllib.parse.urljoin(
        back.location, here.location) == wanted,
           name + ': and the site to the page, with its query',
           '%d %s' % (here.status, here.location))
    tap.ok('HttpOnly' in here.getheader('Set-Cookie') and
           'Max-Age=60' in here.getheader('Set-Cookie'),
           name + ': the marker ends by itself')
    last = browser.ask(wanted)
    tap.equal((last.status, last.text), (200, 'page of /\n'),
              name + ': which is granted')
    return browser


def test_again(world, browser):
    name = world.name
    tap.equal(browser.ask(world.url + '/admin/page.txt').status, 403,
              name + ': forbidden is never a redirect')
    world.cache('revoke', 'user', login_world.USER)
    # an authentication within the margin of "signed out" does not count
    world.sim.control('clock', {'offset': 10})
    out = browser.ask(world.url + '/page.txt')
    tap.ok(out.status == 302 and query(out.location).get('prompt') == 'login',
           name + ': signed out here, asked for the password again',
           '%d %s' % (out.status, out.location))
    form = browser.ask(out.location)
    tap.equal(form.status, 200, name + ': though Authgear has a session')
    back = browser.log_in(out.location)
    here = browser.ask(back.location)
    tap.ok(here.status == 303 and here.location.endswith('/page.txt'),
           name + ': back at the page', here.location)
    granted = gate.until(lambda: browser.ask(
        world.url + '/page.txt').status == 200 or None, 'the new login', 15)
    tap.ok(granted, name + ': the new login is granted')
    world.cache('revoke', 'user', login_world.USER, '--at', '+0s')
    page = browser.ask(world.url + '/page.txt')
    tap.ok(page.status == 200 or (page.status == 401 and not page.location) or
           query(page.location).get('prompt') == 'login',
           name + ': no loop', page.status)


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


def test_uncovered(name):
    """Authgear's cookie domain does not cover the site."""
    with login_world.World(name, domain='auth.site.localhost') as world:
        browser = Browser()
        first = browser.ask(world.url + '/page.txt')
        back = browser.log_in(first.location)
        here = browser.ask(back.location)
        last = browser.ask(urllib.parse.urljoin(back.location,
                                                here.location))
        tap.ok(last.status == 401 and not last.location and
               'cookie domain' in last.text and
               last.headers.get('Content-Type', '').startswith('text/'),
               name + ': a login that does not reach the site is explained',
               '%d %s %s' % (last.status, last.headers, last.text))
        log = world.daemon.log()
        tap.ok('sent to log in' in log and
               'came back from a login without' in log,
               name + ': and the log tells who went and who came back', log)


STATES = ['//evil.example/', '/\\evil.example', 'http://evil.example/',
          'https:evil', 'evil', '', '/%0d%0aSet-Cookie: a=b', '/a\0b',
          '/a b', '/\x7f', '/é', '%2f%2fevil.example', '/' + 'a' * 3000,
          'javascript:alert(1)', '\t/x', '/"onload="', '/<x>']


def test_states(world):
    root = ('/', world.url + '/')
    for state in STATES:
        for text in (urllib.parse.quote(state, safe=''),
                     urllib.parse.quote(state, safe='%/:')):
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
    for name in ('lighttpd', 'nginx', 'apache'):
        with login_world.World(name) as world:
            browser = test_round(world)
            test_again(world, browser)
            test_no_page(world)
            test_states(world)
            if name == 'nginx':
                test_face(world)
        test_uncovered(name)
    tap.done()


main()
