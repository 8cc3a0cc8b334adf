"""Authgear goes and comes back; sessions end, change and begin again: how
long what was known serves, and how soon what is new counts.

Rows are made older in status.db where waiting would only take time."""
# beside others: it mostly waits

import os
import resource
import socket
import threading
import time

import beside
import fastcgi
import gate
import process
import sessions
import tap

UNREACHABLE, FAULT = sessions.ERRORS
LOCAL = (503, 'local-fault')
SLACK = 3               # seconds that a busy machine may take
SIGNED_OUT = (401, 'signed-out')
POLICIES = {'default': {}, 'admins': {'require_role': 'admin'}}


class Road:
    """A port that leads to another one; down() is what it says."""

    def __init__(self, port):
        self.to = port
        self.listener = None
        self.pairs = []
        self.port = 0
        self.up()

    def up(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(('127.0.0.1', self.port))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, args=(self.listener,),
                         daemon=True).start()

    def down(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for one in self.pairs:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.pairs = []

    def serve(self, listener):
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(('127.0.0.1', self.to))
            except OSError:
                return
            self.pairs += [near, far]
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self.carry, args=pair,
                                 daemon=True).start()

    @staticmethod
    def carry(source, sink):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class World(process.Together):
    def __init__(self, **settings):
        super().__init__()
        self.values = dict({'validate': 'hybrid', 'lookup_rate': '60000',
                            'total_timeout': '2', 'connect_timeout': '1',
                            'keys_cooldown': '1'}, **settings)

    def start(self):
        enter = self.stack.enter_context
        self.site = enter(gate.Site(policies=POLICIES))
        self.control = self.site.sim.control
        self.road = Road(self.site.sim.port)
        self.values['resolver_url'] = 'http://127.0.0.1:%d%s' % (
            self.road.port, sessions.RESOLVER)
        self.site.configure(self.values, POLICIES)
        self.daemon = enter(self.site.daemon())
        sessions.warm(self.daemon, self.control)

    def say(self, said, policy='default'):
        return sessions.say(self.daemon.path, said, policy=policy)

    def people(self, **members):
        """One for each kind, granted."""
        made = []
        for kind in sessions.KINDS:
            who = sessions.Person(self.control, kinds=(kind,), **members)
            if self.say(who.way[kind]) != sessions.LIVE:
                raise ValueError('not granted: ' + kind)
            made.append((kind, who))
        return made

    def all_say(self, people, target, name, policy='default'):
        for kind, who in people:
            tap.equal(self.say(who.way[kind], policy), target,
                      '%s: %s' % (name, kind))

    def becomes(self, people, target, seconds, name, policy='default'):
        """Everybody's answer, so many seconds from now at the latest."""
        begun = time.monotonic()
        for kind, who in people:
            gate.until(lambda w=who, k=kind: self.say(
                w.way[k], policy) == target, name + ': ' + kind)
        took = time.monotonic() - begun
        tap.ok(took <= seconds + SLACK, '%s within %d s' % (name, seconds),
               '%.2f s' % took)


def test_stale(world):
    """stale_if_error is 30, session_ttl 5."""
    people = world.people()
    new = sessions.Person(world.control)
    sim = world.site.sim

    def fault(name, **more):
        return lambda: sim.fault(name, sessions.RESOLVER, **more)
    for what, down, up, target in (
            ('nobody listens', world.road.down, world.road.up, UNREACHABLE),
            ('503', fault('status', status=503), None, UNREACHABLE),
            ('500', fault('outage'), None, UNREACHABLE),
            ('a page', fault('wrong-type'), None, FAULT),
            ('302', fault('redirect'), None, FAULT),
            ('403', fault('status', status=403), None, FAULT),
            ('404', fault('status', status=404), None, FAULT),
            ('429', fault('status', status=429), None, FAULT)):
        down()
        sessions.set_age(world.site, 20)
        sessions.no_backoff(world.site)
        world.all_say(people, sessions.LIVE, what + ', 20 s old')
        sessions.set_age(world.site, 30.001)
        world.all_say(people, target, what + ', older than 30 s')
        sessions.no_backoff(world.site)
        world.all_say(people, target, what + ', and asked in vain')
        for kind in sessions.KINDS:
            tap.equal(world.say(new.way[kind]), target,
                      '%s, unknown: %s' % (what, kind))
        (up or sim.no_fault)()
        world.becomes(people, sessions.LIVE, 8, what + ': known again')
    sessions.set_age(world.site, 20)
    people[0][1].log_out(people[0][0])
    world.all_say(people[:1], sessions.NOT_LIVE, 'logged out')
    world.road.down()
    world.becomes(people[:1], UNREACHABLE, 1, 'not live last: never stale')
    world.road.up()


def no_room(pid):
    """No descriptor more, of that process; what it might have before."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    free = 0
    while os.path.lexists('/proc/%d/fd/%d' % (pid, free)):
        free += 1
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (free, before[1]))
    return before


def test_local_fault(world):
    """The daemon has no descriptor left to ask with: that is no outage."""
    people = world.people()
    new = sessions.Person(world.control)
    mark = len(world.daemon.log())
    with fastcgi.connect(world.daemon.path, gate.PATIENCE) as peer:

        def say(way):
            peer.sendall(fastcgi.request(sessions.params(way), keep=True))
            answer = fastcgi.receive(peer)
            return answer.status, answer.headers.get('x-authgear-reason')
        # no connection of before is left
        world.road.down()
        sessions.set_age(world.site, 20)
        tap.equal(say(people[0][1].way[people[0][0]]), (200, None),
                  'an outage, 20 s old')
        world.road.up()
        sessions.no_backoff(world.site)
        world.site.sim.reset_counts()
        before = no_room(world.daemon.pid)
        for _ in range(3):
            for kind, who in people:
                tap.equal(say(who.way[kind]), LOCAL,
                          'no descriptor, 20 s old: ' + kind)
            for kind in sessions.KINDS:
                tap.equal(say(new.way[kind]), LOCAL,
                          'no descriptor, unknown: ' + kind)
    tap.equal(sessions.lookups(world.site), 0, 'Authgear was not asked')
    resource.prlimit(world.daemon.pid, resource.RLIMIT_NOFILE, before)
    world.all_say(people, sessions.LIVE, 'at once when there are some')
    for kind in sessions.KINDS:
        tap.equal(world.say(new.way[kind]), sessions.LIVE,
                  'and of those that were unknown: ' + kind)
    said = world.daemon.log()[mark:]
    tap.ok('local-fault' in said and 'Too many open files' in said and
           'less often' not in said,
           'the log says what it was, and of no outage', said[:500])


def test_stale_limits(world):
    """Never past exp, never over a revocation."""
    people = world.people()
    short = [(kind, who) for kind, who in people if kind in sessions.JWTS]
    for kind, who in short:
        who.add(kind, lifetime=5)
    world.all_say(short, sessions.LIVE, 'lives 5 s')
    world.road.down()
    end = time.monotonic() + 6
    sessions.set_age(world.site, 10)
    for kind, who in people[:3]:
        # the session may have authenticated again since it was looked up
        world.site.cache('revoke', 'user', who.name)
        tap.equal(world.say(who.way[kind]), UNREACHABLE,
                  'stale, signed out here: not granted, ' + kind)
        world.site.cache('block', 'user', who.name)
        tap.equal(world.say(who.way[kind]), (403, 'user-blocked'),
                  'stale, blocked here: ' + kind)
    for kind, who in short:
        world.site.cache('revoke', 'user', who.name)
        tap.equal(world.say(who.way[kind])[0], 401,
                  'stale, a JWT signed out here: ' + kind)
    time.sleep(max(0, end - time.monotonic()))
    world.all_say(short, (401, 'expired'), 'stale, past exp')
    world.road.up()
    gate.until(lambda: world.say(people[3][1].way['session']) ==
               sessions.LIVE, 'the resolver again')


def test_backoff(world):
    """When the simulator was asked while it answered 503."""
    who = sessions.Person(world.control, kinds=('JWT',))
    world.site.sim.fault('status', sessions.RESOLVER, status=503)

    def times():
        return [one['at'] for one in world.site.sim.requests()
                if one['path'] == sessions.RESOLVER]

    def ask_until(count):
        asked = 0
        sessions.no_backoff(world.site)
        world.site.sim.reset_counts()
        while sessions.lookups(world.site) < count:
            asked += 1
            if world.say(who.way['JWT']) != UNREACHABLE:
                tap.ok(False, 'back-off: undecided all the time')
            time.sleep(0.005)
        return asked, [b - a for a, b in zip(times(), times()[1:])]
    asked, gaps = ask_until(7)
    # after the third failure 250 ms, doubled; jitter takes away half at most
    least = [0, 0, 0.125, 0.25, 0.5, 1]
    tap.ok(all(gap >= low - 0.002 for gap, low in zip(gaps, least)),
           'back-off: each wait is at least half of the one said', gaps)
    tap.ok(asked > 20, 'back-off: requests between were answered', asked)
    waits = [ask_until(4)[1][2] for _ in range(10)]
    tap.ok(max(waits) - min(waits) > 0.01, 'back-off: with jitter', waits)
    world.site.sim.fault('none')
    world.becomes([('JWT', who)], sessions.LIVE, 8, 'back-off: over')


def test_total_timeout(world):
    """total_timeout is 2; whatever Authgear does."""
    for fault, more in (('hang', {}), ('drip', {'seconds': 0.2}),
                        ('delay', {'seconds': 1.5}), ('outage', {}),
                        ('drop', {})):
        world.site.sim.fault(fault, sessions.RESOLVER, **more)
        sessions.no_backoff(world.site)
        for kind in ('opaque', 'JWT'):
            who = sessions.Person(world.control, kinds=(kind,))
            begun, got = time.monotonic(), world.say(who.way[kind])
            took = time.monotonic() - begun
            tap.ok(took <= 2 + SLACK, 'total_timeout: %s, %s' % (
                fault, kind), '%.2f s, %r' % (took, got))
            tap.ok(got[0] == 503 or fault == 'delay',
                   'undecided: %s, %s' % (fault, kind), got)
    world.site.sim.fault('none')
    sessions.no_backoff(world.site)


ENDS = (('logged out', lambda kind, who: who.log_out(kind)),
        ('disabled', lambda kind, who: who.change(disabled=True)),
        ('deleted', lambda kind, who: who.change(delete=True)))


def test_ends(world):
    """session_ttl is 5."""
    everybody = []
    for what, end in ENDS:
        people = world.people()
        for kind, who in people:
            end(kind, who)
        everybody += people
    world.becomes(everybody, sessions.NOT_LIVE, 5,
                  'logged out, disabled or deleted: refused')
    again = everybody[6:]
    for kind, who in again:
        who.control('user', id=who.name, disabled=False)
        who.log_in(kind)
    world.becomes(again, sessions.LIVE, 5, 'enabled and logged in again')
    kept = world.people()
    for _, who in kept:
        who.change(disabled=True, keep_sessions=True)
    sessions.set_age(world.site, 5)
    world.all_say(kept, sessions.NOT_LIVE, 'disabled, older than 5 s')
    before = sessions.lookups(world.site)
    world.all_say(kept, sessions.NOT_LIVE, 'and once more')
    tap.equal(sessions.lookups(world.site), before,
              'what is not live is kept for absent_ttl')
    for kind, who in kept:
        who.change(disabled=False)
    world.becomes(kept, sessions.LIVE, 5, 'absent_ttl heals')


def test_roles(world):
    """What a new role opens, and one taken away closes."""
    people = world.people()
    world.all_say(people, (403, 'role-missing'), 'no role', 'admins')
    for _, who in people:
        who.change(roles=['admin'])
    world.becomes(people, sessions.LIVE, 5, 'a role granted', 'admins')
    for _, who in people:
        who.change(roles=[])
    world.becomes(people, (403, 'role-missing'), 5, 'a role taken away',
                  'admins')


def test_signed_out(world):
    """Signed out here: only a later authentication gets in again."""
    old = int(time.time()) - 200
    for kind in sessions.KINDS:
        who = sessions.Person(world.control, kinds=())
        who.log_in(kind, authenticated_at=old)
        tap.equal(world.say(who.way[kind]), sessions.LIVE,
                  'signed out: before, ' + kind)
        world.site.cache('revoke', 'user', who.name, '--at', '-60s')
        tap.equal(world.say(who.way[kind]), SIGNED_OUT,
                  'signed out: at once, ' + kind)
        tap.equal(world.say(who.add(kind)), SIGNED_OUT,
                  'signed out: a new token of the old login, ' + kind)
        tap.equal(world.say(who.log_in(kind, authenticated_at=old)),
                  SIGNED_OUT,
                  'signed out: the old authentication time, ' + kind)
        last = who.way[kind]
        tap.equal((world.say(who.log_in(kind)), world.say(last)),
                  (sessions.LIVE, SIGNED_OUT),
                  'signed out: a new login does, the old one not, ' + kind)
    who = sessions.Person(world.control, kinds=())
    who.log_in('session', authenticated_at=old)
    world.say(who.way['session'])
    world.site.cache('revoke', 'user', who.name, '--at', '-60s')
    world.control('session', id=who.session['session'],
                  authenticated_at=int(time.time()))
    world.becomes([('session', who)], sessions.LIVE, 5,
                  'the same session, authenticated again')


def alone(settings, *tests):
    """In a world of their own."""
    with World(**settings) as world:
        for test in tests:
            test(world)


def main():
    stale = {'session_ttl': '5', 'stale_if_error': '30', 'leeway': '0',
             'absent_ttl': '1'}
    beside.run(
        ('local fault, stale', alone, stale, test_local_fault, test_stale),
        ('limits', alone, stale, test_stale_limits, test_backoff),
        ('total_timeout', alone, stale, test_total_timeout),
        ('ends', alone, {'session_ttl': '5'}, test_ends),
        ('signed out', alone, {'session_ttl': '60'}, test_signed_out),
        ('roles', alone, {'session_ttl': '5'}, test_roles))
    tap.done()


main()
