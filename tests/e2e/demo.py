"""The demonstration behind ./quickstart: a simulator of Authgear,
authgear-fcgi, lighttpd and nginx with the files of examples/, asked in turn.

usage: demo.py [--once] [--endpoint URL [--ca FILE]]

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

import gate
import servers

NAMES = ('lighttpd', 'nginx')
DAY = 86400


class Demo:
    def __init__(self, site, running):
        self.site = site
        self.running = running
        self.wrong = 0

    def ask(self, server, path, token):
        """(status, reason, name the application saw)"""
        link = http.client.HTTPConnection('127.0.0.1', server.port,
                                          timeout=20)
        headers = {'Authorization': 'Bearer ' + token} if token else {}
        try:
            link.request('GET', path, headers=headers)
            answer = link.getresponse()
            body = answer.read()
        finally:
            link.close()
        user = None
        if answer.status == 200:
            user = dict(json.loads(body)['env']).get('REMOTE_USER')
        reason = answer.getheader('X-Authgear-Reason')
        return answer.status, reason, user

    def show(self, what, path, token, status, reason=None, user=None):
        """Ask both servers; say what came and whether it was expected."""
        print('\n%s' % what)
        for server in self.running:
            got = self.ask(server, path, token)
            said = '%d' % got[0]
            if got[1]:
                said += ', ' + got[1]
            if got[2]:
                said += ', the application sees REMOTE_USER=' + got[2]
            right = got[0] == status and (not reason or got[1] == reason) \
                and (not user or got[2] == user)
            if not right:
                self.wrong += 1
                said += '   <- expected %d %s' % (status, reason or user or '')
            print('  %-9s GET %-16s -> %s' % (server.name, path, said))


def show_simulated(demo, sim):
    """What the gate says to good and bad tokens; a token to play with."""
    user = 'aaaaaaaa-1111-4222-8333-bbbbbbbbbbbb'
    good = sim.token(sub=user, lifetime=DAY)
    admin = sim.token(sub=user, roles=['admin'], lifetime=DAY)
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
    demo.show('This one has it.', '/admin/show.cgi', admin, 200, user=user)
    print('\nNow Authgear goes down.')
    sim.fault('drop')
    demo.show('Known keys keep serving.', '/show.cgi', good, 200, user=user)
    sim.rotate()
    demo.show('A token of a key that nobody here knows yet cannot be judged: '
              'neither yes nor no.', '/show.cgi', sim.token(sub=user), 503)
    sim.fault('none')
    sim.reset_counts()
    print('\nAuthgear is up again.')
    return good


def show_real(demo):
    demo.show('Without a credential nothing is let in.', '/show.cgi', None,
              401, 'no-credential')
    demo.show('Something that is no token is refused.', '/show.cgi',
              'hello', 401, 'malformed')


def say_keys(daemon, endpoint):
    """Whether the keys of a real Authgear could be fetched."""
    end = time.monotonic() + 20
    while time.monotonic() < end and 'fetched' not in daemon.log():
        time.sleep(0.1)
    lines = [line for line in daemon.log().splitlines()
             if 'keys not fetched' in line]
    if not lines:
        print('\nThe keys of %s were fetched.' % endpoint)
        return
    print('\nThe keys of %s could not be fetched, so that no token will '
          'pass:\n  %s' % (endpoint, lines[0]))
    print('Look at the URL and the network; --ca names certificates to '
          'trust.')


def hint(running, token):
    for server in running:
        base = 'http://127.0.0.1:%d' % server.port
        print('\n%s guards %s/' % (server.name, base))
        print('  curl -i %s/public/page.txt' % base)
        print('  curl -i %s/page.txt' % base)
        print('  curl -i -H "Authorization: Bearer %s" %s/show.cgi' % (
            token or '$TOKEN', base))


def settings(options):
    values = {'keys_cooldown': '2', 'total_timeout': '2',
              'connect_timeout': '1'}
    if options.ca:
        values['ca_file'] = os.path.abspath(options.ca)
    return values


def stay(daemon):
    print('\nThe log of authgear-fcgi is %s. Ctrl-C ends it all.' %
          daemon.err)
    sys.stdout.flush()
    while daemon.alive():
        time.sleep(0.5)
    print('authgear-fcgi ended:\n' + daemon.log())
    return 1


def run(options):
    policies = {'default': {}, 'admin': {'require_role': 'admin'}}
    group = ',group=www-data' if os.getuid() == 0 else ''
    running = []
    with gate.Site(settings(options), policies, sim=not options.endpoint,
                   endpoint=options.endpoint) as site:
        pages = servers.Site()
        path = os.path.join(site.folder, 'web.sock')
        try:
            with gate.Daemon(site.folder, site.config, arguments=[
                    '--listen', 'unix:%s,mode=0660%s' % (path, group)]
                    ) as daemon:
                for name in NAMES:
                    running.append(servers.start(name, pages, path))
                demo = Demo(site, running)
                token = None
                if options.endpoint:
                    show_real(demo)
                    say_keys(daemon, options.endpoint)
                else:
                    token = show_simulated(demo, site.sim)
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
    parser.add_argument('--ca')
    options = parser.parse_args()

    def end(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
    try:
        return run(options)
    except KeyboardInterrupt:
        print('\nEnding.')
        return 0
    except (ChildProcessError, RuntimeError, TimeoutError, OSError) as error:
        print('quickstart: %s' % error, file=sys.stderr)
        return 1


if __name__ == '__main__':
    sys.exit(main())
