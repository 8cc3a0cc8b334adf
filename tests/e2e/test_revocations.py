"""`revoke` returned, then no later request is granted: two daemons, each
kind, under load; lift lets in again.

AUTHGEAR_TEST_REQUESTS: requests of each combination after the command
returned (500)."""

import os
import sqlite3
import time

import fastcgi
import gate
import load
import sessions
import tap

REQUESTS = int(os.environ.get('AUTHGEAR_TEST_REQUESTS') or 500)
WORKERS = 2             # for each daemon
HOUR = 3600
POLICIES = {'default': {}, 'machines': {'clients': 'robot, portal'},
            'admins': {'require_role': 'admin'}}


def ask(address, token, policy='default', role=fastcgi.AUTHORIZER):
    return sessions.say(address, ('Bearer ' + token, None), policy=policy,
                        client='192.0.2.1', role=role)


def askers(daemons, token, policy):
    """Over both kinds of sockets, in both roles, of each daemon."""
    made = []
    for number in range(WORKERS):
        for daemon in daemons:
            address, role = ((daemon.path, fastcgi.AUTHORIZER) if number % 2
                             else (('127.0.0.1', daemon.port),
                                   fastcgi.RESPONDER))
            made.append(lambda a=address, r=role: ask(a, token, policy, r))
    return made


class World:
    def __init__(self, site, daemons):
        self.site, self.daemons = site, daemons
        self.addresses = [daemon.path for daemon in daemons]

    def cache(self, *arguments, stdin=''):
        """When it was done."""
        self.site.cache(*arguments, stdin=stdin)
        return time.monotonic()

    def everywhere(self, token, policy='default'):
        """What the daemons say, each once in each role."""
        return {ask(address, token, policy, role)
                for address in self.addresses
                for role in (fastcgi.AUTHORIZER, fastcgi.RESPONDER)}

    def granted(self, token, policy='default'):
        """Once the keys have been fetched."""
        return gate.until(lambda: self.everywhere(token, policy) ==
                          {(200, 'granted')}, 'a granted token')

    def mint(self, age=0, **wanted):
        now = int(time.time())
        wanted.setdefault('lifetime', 24 * HOUR)
        claims = dict(wanted.pop('claims', {}))
        if wanted.get('kind') == 'm2m':
            wanted.setdefault('resource', self.site.endpoint)
        else:
            claims.setdefault('auth_time', now - age)
        return self.site.sim.mint(claims=dict(claims, iat=now - age),
                                  **wanted)


def under_load(world, name, command, lift, token, policy, status, reason):
    """One combination."""
    world.granted(token, policy)
    with load.Load(askers(world.daemons, token, policy)) as asked:
        asked.since(0, 50)
        before = time.monotonic()
        done = world.cache(*command[0], stdin=command[1])
        after = asked.since(done, REQUESTS)
        if len(after) < REQUESTS:
            raise ValueError('only %d requests began' % len(after))
        early = [got for begun, got in list(asked.answers) if begun < before]
        tap.equal(set(early[:50]), {(200, 'granted')},
                  name + ': granted before')
        tap.equal(set(after), {(status, reason)},
                  '%s: %d requests after it, none granted' % (
                      name, REQUESTS))
        done = world.cache(*lift[0], stdin=lift[1])
        again = asked.since(done, 50)
        tap.equal(set(again), {(200, 'granted')}, name + ': lifted')


def test_kinds(world):
    user = world.mint(sub='user-1', client_id='portal')
    robot = world.mint(kind='m2m', client_id='robot')
    claims = user['claims']
    for what, minted, policy in (('user', user, 'default'),
                                 ('machine', robot, 'machines')):
        token, kid = minted['token'], minted['kid']
        client = minted['claims']['client_id']
        subject = minted['claims']['sub']
        rows = [
            ('token', (['revoke', 'token'], token), (['lift', 'token'],
             token), 401, 'revoked'),
            ('client', (['revoke', 'client', client], ''),
             (['lift', 'client', client], ''), 401, 'client-revoked'),
            ('client blocked', (['block', 'client', client], ''),
             (['lift', 'client', client], ''), 401, 'client-revoked'),
            ('key', (['revoke', 'key', kid], ''), (['lift', 'key', kid], ''),
             401, 'key-revoked'),
            ('all', (['revoke', 'all'], ''), (['lift', 'all'], ''), 401,
             'signed-out'),
            ('subject', (['revoke', 'user', subject], ''),
             (['lift', 'user', subject], ''), 401, 'signed-out'),
            ('subject blocked', (['block', 'user', subject], ''),
             (['lift', 'user', subject], ''), 403, 'user-blocked'),
        ]
        for kind, command, lift, status, reason in rows:
            under_load(world, '%s, %s' % (what, kind), command, lift, token,
                       policy, status, reason)
    tap.equal(claims['sub'], 'user-1', 'the token was for that user')


def test_by_token(world):
    """The user and the token from what an operator holds."""
    token = world.mint(sub='user-2')['token']
    other = world.mint(sub='user-2')['token']
    world.granted(token)
    world.cache('revoke', 'token', stdin=token + '\n')
    tap.equal(world.everywhere(token), {(401, 'revoked')}, 'that token')
    tap.equal(world.everywhere(other), {(200, 'granted')}, 'no other')
    world.cache('block', 'user', stdin=token)
    tap.equal(world.everywhere(other), {(403, 'user-blocked')},
              'the user of a token')
    tap.equal(world.everywhere(token), {(401, 'revoked')},
              'the token itself stays revoked')
    world.cache('lift', 'user', stdin=other)
    world.cache('lift', 'token', stdin=token)
    tap.equal(world.everywhere(token), {(200, 'granted')}, 'lifted')


def test_new_ones(world):
    """What is made after it."""
    name = 'user-3'
    old = world.mint(sub=name, age=100)['token']
    refreshed = world.mint(sub=name, claims={
        'auth_time': int(time.time()) - 100})['token']
    fresh = world.mint(sub=name)['token']
    world.granted(old)
    world.cache('revoke', 'user', name, '--at', '-60s')
    tap.equal([world.everywhere(token) for token in (old, refreshed, fresh)],
              [{(401, 'signed-out')}, {(401, 'signed-out')},
               {(200, 'granted')}],
              'signed out: a refreshed token no, a new login yes')
    world.cache('lift', 'user', name)
    world.cache('revoke', 'all', '--at', '-60s')
    tap.equal([world.everywhere(token) for token in (old, refreshed, fresh)],
              [{(401, 'signed-out')}, {(401, 'signed-out')},
               {(200, 'granted')}], 'all signed out: likewise')
    world.cache('lift', 'all')
    world.cache('block', 'user', name)
    tap.equal(world.everywhere(world.mint(sub=name)['token']),
              {(403, 'user-blocked')}, 'blocked: a new login neither')
    world.cache('lift', 'user', name)
    world.cache('block', 'client', 'robot')
    tap.equal(world.everywhere(world.mint(
        kind='m2m', client_id='robot')['token'], 'machines'),
              {(401, 'client-revoked')},
              'blocked client: a newly minted token neither')
    world.cache('lift', 'client', 'robot')
    world.cache('block', 'user', name, '--from', '+1h')
    tap.equal(world.everywhere(fresh), {(200, 'granted')},
              'a block that has not begun')
    world.cache('lift', 'user', name)
    world.cache('block', 'user', name)
    tap.equal(world.everywhere(world.mint(sub=name + '3')['token']),
              {(200, 'granted')}, 'another user is not concerned')
    world.cache('lift', 'user', name)


def test_policy(world):
    """It holds before the policy and whatever the policy says."""
    token = world.mint(sub='user-4')['token']
    world.granted(token)
    tap.equal(world.everywhere(token, 'admins'), {(403, 'role-missing')},
              'the policy refuses')
    world.cache('revoke', 'user', 'user-4')
    tap.equal(world.everywhere(token, 'admins'), {(401, 'signed-out')},
              'signed out is told first')
    world.cache('lift', 'user', 'user-4')


def test_key(world):
    """A stolen key: tokens that are signed with it anew, too."""
    kid = world.mint()['kid']
    world.cache('revoke', 'key', kid)
    tap.equal(world.everywhere(world.mint(key=kid)['token']),
              {(401, 'key-revoked')}, 'a token newly signed by it')
    world.site.sim.rotate()
    token = world.mint()['token']
    tap.ok(world.granted(token), 'the next key serves')
    tap.equal(world.everywhere(world.mint(key=kid)['token']),
              {(401, 'key-revoked')}, 'the revoked one still does not')
    world.cache('lift', 'key', kid)


def test_restart(world):
    """A daemon that starts later knows it; so does one whose table was
    spoilt and mended."""
    token = world.mint(sub='user-5')['token']
    world.granted(token)
    world.cache('block', 'user', 'user-5')
    with world.site.daemon('third') as third:
        tap.equal(ask(third.path, token), (403, 'user-blocked'),
                  'a daemon that starts later')
    database = sqlite3.connect(os.path.join(world.site.state, 'trust.db'))
    try:
        database.execute('ALTER TABLE revocation RENAME TO gone')
        tap.equal(world.everywhere(token), {(503, 'state-unreadable')},
                  'a table that cannot be read: 503')
        database.execute('ALTER TABLE gone RENAME TO revocation')
    finally:
        database.close()
    gate.until(lambda: world.everywhere(token) == {(403, 'user-blocked')},
               'the daemons to read it again')
    tap.ok(True, 'mended: blocked again')
    world.cache('lift', 'user', 'user-5')
    # each thread looks for itself, a second after it found it spoilt
    tap.ok(world.granted(token), 'and lifted')


def test_log(world):
    """The line of a refusal: who, and the hash, never the credential."""
    token = world.mint(sub='user-6')['token']
    world.granted(token)
    world.cache('revoke', 'token', stdin=token)
    world.everywhere(token)
    lines = [line for line in world.daemons[0].log().splitlines()
             if 'revoked' in line and 'user-6' in line]
    tap.ok(lines, 'the log says that user-6 came with a revoked token')
    tap.ok(token not in world.daemons[0].log() and
           token.split('.')[1] not in world.daemons[0].log(),
           'and not the token')
    world.cache('lift', 'token', stdin=token)


def main():
    settings = {'keys_cooldown': '1'}
    with gate.Site(settings=settings, policies=POLICIES) as site:
        with site.daemon('one') as one, site.daemon('two') as two:
            world = World(site, (one, two))
            test_log(world)
            test_by_token(world)
            test_new_ones(world)
            test_policy(world)
            test_kinds(world)
            test_key(world)
            test_restart(world)
    tap.done()


main()
