"""The demonstration behind ./quickstart: a simulator of Authgear,
authgear-fcgi, lighttpd and nginx with the files of examples/, asked in turn.

usage: demo.py [--once] [--endpoint URL [--resolver URL] [--ca FILE]
               [--insecure-allow-http]]

Everything runs on free loopback ports below temporary directories and ends
with this program.  Exit status 0 if every answer was the expected one.
"""

import argparse
import http.client
import json
import os
import signal
import sys
import time
import urllib.parse

import fastcgi
import gate
import process
import servers

NAMES = ('lighttpd', 'nginx')
DAY = 86400
TTL = 2                 # session_ttl: nobody wants to wait 30 s here
USER, PASSWORD = 'alice', 'wonderland'
CLIENT = 'demo'
API = 'https://api.example.com'


class Demo:
    def __init__(self, site, running):
        self.site = site
        self.running = running
        self.wrong = 0

    def ask(self, server, path, headers):
        """(status, reason, name the application saw or Location)"""
        link = http.client.HTTPConnection('127.0.0.1', server.port,
                                          timeout=20)
        try:
            link.request('GET', path, headers=headers)
            answer = link.getresponse()
            body = answer.read()
        finally:
            link.close()
        user = answer.getheader('Location')
        if answer.status == 200:
            user = dict(json.loads(body)['env']).get('REMOTE_USER')
        reason = answer.getheader('X-Authgear-Reason')
        return answer.status, reason, user

    def show(self, what, path, credential, status, reason=None, user=None):
        """Ask both servers; say what came and whether it was expected.
        `credential`: a token, or headers."""
        headers = credential if isinstance(credential, dict) else \
            {'Authorization': 'Bearer ' + credential} if credential else {}
        print('\n%s' % what)
        for server in self.running:
            got = self.ask(server, path, headers)
            said = '%d' % got[0]
            if got[1]:
                said += ', ' + got[1]
            if got[2]:
                said += (', the application sees REMOTE_USER=' if
                         got[0] == 200 else ', to ') + got[2]
            self.say('%-9s GET %-16s' % (server.name, path), said,
                     got[0] == status and
                     (not reason or got[1] in (reason, None)) and
                     (not user or got[2] == user),
                     '%d %s' % (status, reason or user or ''))

    def say(self, asked, said, right, expected):
        if not right:
            self.wrong += 1
            said += '   <- expected ' + expected
        print('  %s -> %s' % (asked, said))

    def cache(self, *arguments, stdin=''):
        """authgear-cache, and what it says."""
        print('\n$ authgear-cache %s' % ' '.join(arguments))
        run = self.site.cache(*arguments, check=False, stdin=stdin)
        print('  ' + run.text.strip().replace('\n', '\n  '))
        if run.returncode != 0:
            self.wrong += 1


def cookie(text):
    return {'Cookie': 'session=' + text}


def show_sessions(demo, sim):
    """Opaque tokens, a cookie, a logout, a disabled user, a revocation."""
    opaque = sim.mint(kind='opaque', sub='opaque-user')
    browser = sim.mint(kind='cookie', sub='cookie-user')
    demo.show('An opaque token says nothing by itself: Authgear is asked '
              'whether its session is live.', '/show.cgi', opaque['token'],
              200, user='opaque-user')
    demo.show("So it is with a browser's cookie.", '/show.cgi',
              cookie(browser['token']), 200, user='cookie-user')
    sim.control('logout', session=opaque['session'])
    sim.control('user', id='cookie-user', disabled=True)
    print('\nThe first logs out, the second is disabled; %d seconds later '
          '(session_ttl):' % TTL)
    time.sleep(TTL + 0.2)
    demo.show('The token is refused.', '/show.cgi', opaque['token'], 401,
              'not-live')
    demo.show('The cookie too.', '/show.cgi', cookie(browser['token']), 401,
              'not-live')
    lost = sim.token(kind='opaque', sub='lost-user')
    demo.show('A token that will be lost.', '/show.cgi', lost, 200)
    demo.cache('revoke', 'token', '--reason', 'lost', stdin=lost)
    demo.show('What is revoked here is refused at once.', '/show.cgi', lost,
              401, 'revoked')


def show_machine(demo, sim, path):
    """A machine's token, and the machine cut off."""
    token = sim.token(kind='m2m', client_id='robot', resource=API)

    def ask():
        answer = fastcgi.ask(path, {
            'AUTHGEAR_POLICY': 'machines', 'REQUEST_METHOD': 'GET',
            'REQUEST_URI': '/api', 'HTTP_AUTHORIZATION': 'Bearer ' + token})
        return answer.status, answer.headers.get('x-authgear-reason')

    print('\nThe token of a machine, under a policy that names its client '
          '(asked at the socket).')
    got = ask()
    demo.say('policy machines ', '%d' % got[0], got[0] == 200, '200')
    demo.cache('block', 'client', 'robot')
    got = ask()
    demo.say('policy machines ', '%d, %s' % got,
             got == (401, 'client-revoked'), '401 client-revoked')


def fetch(port, address, headers, form=None):
    """One page as a browser gets it; (status, Location, cookie, text)."""
    link = http.client.HTTPConnection('127.0.0.1', port, timeout=20)
    try:
        link.request('POST' if form else 'GET', address,
                     urllib.parse.urlencode(form) if form else None, headers)
        answer = link.getresponse()
        text = answer.read().decode('latin-1').strip()
    finally:
        link.close()
    kept = (answer.getheader('Set-Cookie') or '').split(';')[0]
    return answer.status, answer.getheader('Location') or '', kept, text


def show_login(demo, sim):
    """A browser logs in; login_return is at the last server."""
    server = demo.running[-1]
    page = {'Accept': 'text/html'}
    demo.show('A browser without a credential is sent to log in.',
              '/show.cgi?page=1', page, 302)
    _, to, _, _ = fetch(server.port, '/page.txt', page)
    status, to, kept, _ = fetch(
        sim.port, to.partition(str(sim.port))[2],
        {'Content-Type': 'application/x-www-form-urlencoded'},
        {'username': USER, 'password': PASSWORD})
    print('\nHe does, and Authgear sends him back with its cookie.')
    back = to.partition(str(server.port))[2]
    demo.say('%-9s as %-17s' % ('Authgear', USER), '%d, to %s' % (
        status, to.partition('?')[0]), status == 303 and back, '303')
    page['Cookie'] = kept
    status, to, _, _ = fetch(server.port, back or '/', page)
    demo.say('%-9s GET %-16s' % (server.name, back.partition('?')[0]),
             '%d, to %s' % (status, to), status == 303, '303')
    status, _, _, text = fetch(server.port, to or '/', page)
    demo.say('%-9s GET %-16s' % (server.name, to), '%d, %s' % (status, text),
             status == 200, '200')
    print('  Try it: http://127.0.0.1:%d/page.txt, user %s, password %s.' % (
        server.port, USER, PASSWORD))


def show_outage(demo, sim, user):
    """Sessions and keys while Authgear is down."""
    known = sim.token(kind='opaque', sub=user)
    new = sim.token(kind='opaque', sub='stranger')
    demo.show('A session that is known.', '/show.cgi', known, 200, user=user)
    print('\nNow Authgear goes down.')
    sim.fault('drop')
    time.sleep(TTL + 0.2)
    demo.show('It keeps serving for a while (stale_if_error).', '/show.cgi',
              known, 200, user=user)
    demo.show('A session that nobody here knows cannot be judged: neither '
              'yes nor no.', '/show.cgi', new, 503)
    sim.rotate()
    demo.show('Nor can a token of a new key.', '/show.cgi',
              sim.token(sub=user, session=True), 503)
    sim.fault('none')
    print('\nAuthgear is up again.')
    gate.until(lambda: demo.ask(demo.running[0], '/show.cgi',
               {'Authorization': 'Bearer ' + new})[0] == 200, 'recovery')
    demo.show('And so is everything else, by itself.', '/show.cgi', new, 200,
              user='stranger')
    sim.reset_counts()


def show_simulated(demo, sim):
    """What the gate says to good and bad tokens; a token to play with."""
    user = 'aaaaaaaa-1111-4222-8333-bbbbbbbbbbbb'
    boss = 'cccccccc-1111-4222-8333-dddddddddddd'
    good = sim.token(sub=user, lifetime=DAY, session=True)
    admin = sim.token(sub=boss, roles=['admin'], lifetime=DAY, session=True)
    demo.show('Without a credential nothing is let in.', '/show.cgi', None,
              401, 'no-credential')
    demo.show('With a good access token the application is told who it is.',
              '/show.cgi', good, 200, user=user)
    demo.show('An expired one is refused.', '/show.cgi',
              sim.token(claims={'iat': int(time.time()) - 900,
                                'exp': int(time.time()) - 600}),
              401, 'expired')
    demo.show('A forged one is refused.', '/show.cgi',
              sim.token(tamper='signature'), 401, 'bad-signature')
    demo.show('An ID token is no access token.', '/show.cgi',
              sim.token(kind='id'), 401, 'wrong-type')
    demo.show('The folder /admin asks for the role "admin"; this user lacks '
              'it.', '/admin/show.cgi', good, 403, 'role-missing')
    demo.show('This one has it.', '/admin/show.cgi', admin, 200, user=boss)
    return good


def show_real(demo):
    demo.show('Without a credential nothing is let in.', '/show.cgi', None,
              401, 'no-credential')
    demo.show('Something that is no token is refused.', '/show.cgi',
              'hello', 401, 'malformed')


def say_resolver(demo, daemon):
    """Whether the resolver of a real Authgear could be asked."""
    status, reason, _ = demo.ask(demo.running[0], '/show.cgi', {
        'Authorization': 'Bearer ' + os.urandom(16).hex()})
    if (status, reason) == (401, 'not-live'):
        print('\nIts resolver was asked about a random token, and knows '
              'none.')
        return
    lines = [line for line in daemon.log().splitlines()
             if 'reason=resolver-' in line]
    print('\nIts resolver could not be asked, so that no user\'s credential '
          'will pass:\n  %s' % (lines[-1] if lines else reason))
    print('Look at --resolver.')
    demo.wrong += 1


def say_keys(demo, daemon, endpoint):
    """Whether the keys of a real Authgear could be fetched."""
    process.eventually(lambda: 'fetched' in daemon.log(), 20)
    lines = [line for line in daemon.log().splitlines()
             if 'keys not fetched' in line]
    if not lines:
        print('\nThe keys of %s were fetched.' % endpoint)
        return
    print('\nThe keys of %s could not be fetched, so that no token will '
          'pass:\n  %s' % (endpoint, lines[0]))
    print('Look at the URL and the network; --ca names certificates to '
          'trust.')
    demo.wrong += 1


def hint(running, token):
    for server in running:
        base = 'http://127.0.0.1:%d' % server.port
        print('\n%s guards %s/' % (server.name, base))
        print('  curl -i %s/public/page.txt' % base)
        print('  curl -i %s/page.txt' % base)
        print('  curl -i -H "Authorization: Bearer %s" %s/show.cgi' % (
            token or '$TOKEN', base))


def settings(options):
    values = {'validate': 'hybrid', 'keys_cooldown': '2',
              'total_timeout': '2', 'connect_timeout': '1'}
    if not options.endpoint:
        values.update({'session_ttl': str(TTL), 'absent_ttl': '1',
                       'stale_if_error': '60'})
    if options.resolver:
        values['resolver_url'] = options.resolver
    if options.ca:
        values['ca_file'] = os.path.abspath(options.ca)
    if options.insecure_allow_http:
        values['insecure_allow_http'] = 'yes'
    return values


def stay(daemon):
    print('\nThe log of authgear-fcgi is %s. Ctrl-C ends it all.' %
          daemon.err)
    sys.stdout.flush()
    while daemon.alive():
        time.sleep(0.5)
    print('authgear-fcgi ended:\n' + daemon.log())
    return 1


def policies(login_return):
    login = {'login_client': CLIENT, 'login_return': login_return}
    return {'default': login, 'admin': {'require_role': 'admin'},
            'machines': {'audience': API, 'clients': 'robot'}}


def show(demo, site, daemon, options):
    if options.endpoint:
        show_real(demo)
        say_keys(demo, daemon, options.endpoint)
        say_resolver(demo, daemon)
        return None
    token = show_simulated(demo, site.sim)
    show_sessions(demo, site.sim)
    show_machine(demo, site.sim, daemon.path)
    show_login(demo, site.sim)
    show_outage(demo, site.sim, 'known-user')
    return token


def run(options):
    group = ',group=www-data' if os.getuid() == 0 else ''
    running = []
    with gate.Site(settings(options), {'default': {}},
                   sim=not options.endpoint,
                   endpoint=options.endpoint) as site:
        pages = servers.Site()
        path = os.path.join(site.folder, 'web.sock')
        try:
            for name in NAMES:
                running.append(servers.start(name, pages, path))
            back = 'http://127.0.0.1:%d/authgear-login' % running[-1].port
            site.configure(settings(options), policies(back) if
                           not options.endpoint else
                           {'default': {}, 'admin': {'require_role':
                                                     'admin'}})
            if site.sim:
                site.sim.control('client', id=CLIENT, redirect_uris=[back])
                site.sim.control('user', id=USER, password=PASSWORD)
            with gate.Daemon(site.folder, site.config, arguments=[
                    '--listen', 'unix:%s,mode=0660%s' % (path, group),
                    '--listen', 'unix:%s,serve=login,mode=0660%s' %
                    (pages.login_socket, group)]) as daemon:
                demo = Demo(site, running)
                token = show(demo, site, daemon, options)
                hint(running, token)
                sys.stdout.flush()
                if options.once:
                    return 1 if demo.wrong else 0
                return stay(daemon)
        finally:
            for server in running:
                server.stop()
            pages.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--once', action='store_true')
    parser.add_argument('--endpoint')
    parser.add_argument('--resolver')
    parser.add_argument('--ca')
    parser.add_argument('--insecure-allow-http', action='store_true')
    options = parser.parse_args()

    def end(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
    try:
        return run(options)
    except KeyboardInterrupt:
        print('\nEnding.')
        return 130 if options.once else 0
    except (ChildProcessError, RuntimeError, TimeoutError, OSError) as error:
        print('quickstart: %s' % error, file=sys.stderr)
        return 1


if __name__ == '__main__':
    sys.exit(main())
