"""`revoke` returned, then no later request is granted: each kind of
revocation, each kind of credential that it can hit, two daemons with lighttpd
and nginx, by its module too, which keeps what was granted; under load, in
hybrid mode.

AUTHGEAR_TEST_REQUESTS: requests of each combination after the command
returned (2000)."""

import contextlib
import os
import time
import types

import checker
import fastcgi
import gate
import load
import nginx_module
import nginx_site
import servers
import sessions
import tap

REQUESTS = int(os.environ.get('AUTHGEAR_TEST_REQUESTS') or 2000)
SETTINGS = {'validate': 'hybrid', 'lookup_rate': '60000',
            'session_ttl': '300', 'keys_cooldown': '1'}
SERVERS = ('lighttpd', 'nginx')
ALL = sessions.KINDS
JWTS = sessions.JWTS

# What is said to authgear-cache, to whom it applies, and the refusal.  An
# opaque token and a cookie name no client and no key: not applicable there,
# and must go on being granted.
ROWS = (
    ('token', ALL, 'revoke', 401, 'revoked'),
    ('user', ALL, 'revoke', 401, 'signed-out'),
    ('user', ALL, 'block', 403, 'user-blocked'),
    ('all', ALL, 'revoke', 401, 'signed-out'),
    ('client', JWTS, 'revoke', 401, 'client-revoked'),
    ('client', JWTS, 'block', 401, 'client-revoked'),
    ('key', JWTS, 'revoke', 401, 'key-revoked'),
)


class World:
    def __init__(self, site, daemons, webs):
        self.site, self.daemons, self.webs = site, daemons, webs
        self.control = site.sim.control
        self.kid = site.sim.mint()['kid']

    def cache(self, *arguments, stdin=''):
        """When it was done."""
        self.site.cache(*arguments, stdin=stdin)
        return time.monotonic()

    def subject(self, what, who, kind):
        """Arguments and stdin of the command."""
        if what == 'token':
            return ['token'], who.text[kind]
        if what == 'all':
            return ['all'], ''
        return [what, {'user': who.name, 'client': 'jwtclient',
                       'key': self.kid}[what]], ''

    def askers(self, said):
        """Each way to ask: two daemons in both roles, two web servers.
        Daemons answer a reason as well."""
        ways = []
        for daemon in self.daemons:
            for role, where in ((fastcgi.AUTHORIZER, daemon.path),
                                (fastcgi.RESPONDER,
                                 ('127.0.0.1', daemon.port))):
                ways.append(lambda r=role, w=where: sessions.say(
                    w, said, role=r))
        headers = [pair for pair in zip(('Authorization', 'Cookie'), said)
                   if pair[1]]

        def through(web):
            try:
                return checker.ask(web.port, '/page.txt',
                                   headers=headers).status, None
            except OSError as error:
                return 0, 'broken: %s' % error
        for web in self.webs:
            ways.append(lambda w=web: through(w))
        return ways

    def everywhere(self, said):
        return {ask() for ask in self.askers(said)}


GRANTED = {sessions.LIVE, (200, None)}


def combination(world, what, verb, kind, target):
    name = '%s %s, %s' % (verb, what, kind)
    who = sessions.Person(world.control, kinds=(kind,))
    arguments, stdin = world.subject(what, who, kind)
    # so that a lift lets in again what was granted before
    if world.everywhere(who.way[kind]) != GRANTED:
        tap.ok(False, name + ': granted before',
               world.everywhere(who.way[kind]))
    with load.Load(world.askers(who.way[kind])) as asked:
        asked.since(0, 20)
        done = world.cache(verb, *arguments, stdin=stdin)
        after = asked.since(done, REQUESTS)
        lifted = world.cache('lift', *arguments, stdin=stdin)
        again = asked.since(lifted, 20)
    if len(after) < REQUESTS:
        raise ValueError('only %d requests began' % len(after))
    tap.equal(set(after) - {target, (target[0], None)}, set(),
              '%s: %d requests after it, none granted' % (name, REQUESTS))
    tap.equal(set(again) - GRANTED, set(), name + ': lifted')


def not_applicable(world, what, verb, kind):
    """It names no client or key: nothing is said of it."""
    who = sessions.Person(world.control, kinds=(kind,))
    arguments, stdin = world.subject(what, who, kind)
    world.cache(verb, *arguments, stdin=stdin)
    tap.equal(world.everywhere(who.way[kind]), GRANTED,
              '%s %s, %s: not applicable, granted' % (verb, what, kind))
    world.cache('lift', *arguments, stdin=stdin)


def test_new_ones(world):
    """What is made after it."""
    refused = {(401, 'client-revoked'), (401, None)}
    for kind in JWTS:
        who = sessions.Person(world.control, kinds=(kind,))
        world.cache('block', 'client', 'jwtclient')
        tap.equal(world.everywhere(who.log_in(kind)), refused,
                  'blocked client, a newly minted token: ' + kind)
        world.cache('lift', 'client', 'jwtclient')
        world.cache('revoke', 'key', world.kid)
        tap.equal(world.everywhere(who.log_in(kind)),
                  {(401, 'key-revoked'), (401, None)},
                  'revoked key, a newly signed token: ' + kind)
        world.cache('lift', 'key', world.kid)
    for kind in ALL:
        who = sessions.Person(world.control, kinds=(kind,))
        world.cache('block', 'user', who.name)
        tap.equal(world.everywhere(who.log_in(kind)),
                  {(403, 'user-blocked'), (403, None)},
                  'blocked user, a new login: ' + kind)
        world.cache('lift', 'user', who.name)
        tap.equal(world.everywhere(who.way[kind]), GRANTED,
                  'blocked user, lifted: ' + kind)


def test_others(world):
    """What it does not name goes on."""
    for kind in ALL:
        who = sessions.Person(world.control, kinds=(kind,))
        old = who.way[kind]
        world.cache('revoke', 'token', stdin=who.text[kind])
        tap.equal(world.everywhere(sessions.Person(
            world.control, kinds=(kind,)).way[kind]), GRANTED,
                  'another user: ' + kind)
        tap.equal(world.everywhere(who.log_in(kind)), GRANTED,
                  "another token of the user: " + kind)
        tap.equal(world.everywhere(old), {(401, 'revoked'), (401, None)},
                  'the revoked one: ' + kind)


KEEPING = '''server { @LISTEN@ root @WWW@;
authgear_socket unix:%s; authgear_cache %s %s; authgear default;
location /public/ { authgear off; } }
'''


@contextlib.contextmanager
def keeping(site, pages, daemon, page):
    """What it keeps counts by root's page, so for root alone."""
    if not nginx_module.is_built() or os.geteuid() != 0:
        tap.skip('the nginx module that keeps', 'it is not built, or this is '
                 'not root')
        yield []
        return
    around = types.SimpleNamespace(site=pages,
                                   addresses={'nginx': daemon.path})
    with nginx_site.running(around, KEEPING % (
            daemon.path, site.state + '.epoch', page),
                            face='module') as nginx:
        yield [nginx]


def main():
    with contextlib.ExitStack() as stack:
        site = stack.enter_context(gate.Site(settings=SETTINGS))
        page = os.path.join(site.folder, 'daemon.epoch')
        os.mkdir(page)
        os.chmod(page, 0o755)
        one = stack.enter_context(site.daemon('one', arguments=[
            '--epoch', page]))
        two = stack.enter_context(site.daemon('two'))
        os.chmod(one.path, 0o666)
        os.chmod(two.path, 0o666)
        for daemon in (one, two):
            sessions.warm(daemon, site.sim.control)
        pages = servers.Site()
        webs = []
        try:
            for name, daemon in zip(SERVERS, (one, two)):
                webs.append(servers.start(name, pages, daemon.path))
            webs += stack.enter_context(keeping(site, pages, one, page))
            world = World(site, (one, two), webs)
            for what, applies, verb, status, reason in ROWS:
                for kind in ALL:
                    if kind in applies:
                        combination(world, what, verb, kind,
                                    (status, reason))
                    else:
                        not_applicable(world, what, verb, kind)
            test_new_ones(world)
            test_others(world)
        finally:
            for web in webs:
                web.stop()
            stack.close()
            pages.stop()
    tap.done()


main()
