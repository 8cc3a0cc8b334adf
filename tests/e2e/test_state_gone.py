"""status.db is only a cache: without it, or where it cannot be read, those who
are known are asked for again and go on, at every daemon; once it can be read
again all is as before.  Without the directory nobody can be let in, until the
moment it is back."""
# beside others: it mostly waits

import os
import shutil
import time

import gate
import installed
import sessions
import tap

KINDS = ('JWT', 'session', 'opaque')
SETTINGS = {'validate': 'hybrid', 'lookup_rate': '600', 'max_lookups': '16'}
PEOPLE = 4


class World:
    def __init__(self, site, daemons):
        self.daemons = daemons
        self.path = os.path.join(site.state, 'daemon', 'status.db')
        self.who = site.who
        people = [sessions.Person(site.sim.control, kinds=KINDS)
                  for _ in range(PEOPLE)]
        self.ways = [said for one in people for said in one.way.values()]
        self.gone = sessions.Person(site.sim.control, kinds=KINDS)

    def each(self, ways=None):
        """What is said of those who are known, anywhere."""
        return [sessions.say(daemon.path, said) for said in ways or self.ways
                for daemon in self.daemons]

    def say(self, ways=None):
        return set(self.each(ways))

    def own(self, path, mode):
        os.chown(path, self.who.pw_uid, self.who.pw_gid)
        os.chmod(path, mode)


def unlinked(world):
    os.unlink(world.path)


def log_unlinked(world):
    os.unlink(world.path + '-wal')


def log_cut(world):
    gate.until(lambda: os.path.exists(world.path + '-wal'), 'a log')
    os.truncate(world.path + '-wal', 0)


def folder_in_its_place(world):
    os.unlink(world.path)
    os.mkdir(world.path)
    return lambda: os.rmdir(world.path)


def open_to_others(world):
    os.chmod(world.path, 0o666)
    return lambda: os.chmod(world.path, 0o600)


def of_somebody_else(world):
    os.chown(world.path, 0, 0)
    return lambda: world.own(world.path, 0o600)


def folder_away(world):
    folder = os.path.dirname(world.path)
    os.rename(folder, folder + '-away')
    return lambda: os.rename(folder + '-away', folder)


def folder_made_anew(world):
    folder = os.path.dirname(world.path)
    shutil.rmtree(folder)
    os.mkdir(folder)
    world.own(folder, 0o700)


def harm(world, how):
    what = how.__name__.replace('_', ' ')
    tap.equal(world.say(), {sessions.LIVE}, what + ': known before')
    mend = how(world)
    got = []
    until = time.monotonic() + 3
    while time.monotonic() < until:
        got += world.each()
    wrong = [each for each in got if each != sessions.LIVE]
    # a thread may open it for the first time at that very moment
    tap.ok(len(wrong) <= 1 and len(got) > 50, what + ': and go on',
           (len(got), wrong[:5]))
    for kind in KINDS:
        world.gone.log_in(kind)
    tap.equal(world.say(world.gone.way.values()), {sessions.LIVE},
              what + ': a login')
    for kind in KINDS:
        world.gone.log_out(kind)
    gate.until(lambda: world.say(world.gone.way.values()) ==
               {sessions.NOT_LIVE}, 'the end of it')
    if mend is not None:
        mend()
    gate.until(lambda: os.path.isfile(world.path) and
               world.say() == {sessions.LIVE}, 'the file')
    tap.equal(world.say(world.gone.way.values()), {sessions.NOT_LIVE},
              what + ': who was logged out stays so')


def all_away(world, state):
    """What is revoked cannot be read; every thread has looked for it."""
    tap.equal(world.say(), {sessions.LIVE}, 'all away: known before')
    os.rename(state, state + '-away')
    until = time.monotonic() + 2
    got = []
    while time.monotonic() < until:
        got += world.each()
    os.rename(state + '-away', state)
    again = world.each() + world.each()
    # somebody in use is held for a moment
    tap.equal(set(got[len(got) // 2:]), {(503, 'state-unreadable')},
              'all away: nobody is let in')
    tap.equal(set(again), {sessions.LIVE}, 'all away: back at once')


def main():
    who = installed.required('status.db away, in the installed layout')
    with installed.Site(who, dict(SETTINGS, session_ttl='2',
                                  absent_ttl='2')) as site, \
            site.daemon('one') as one, site.daemon('two') as two:
        for daemon in (one, two):
            sessions.warm(daemon, site.sim.control)
        world = World(site, (one, two))
        for how in (unlinked, log_unlinked, log_cut, folder_in_its_place,
                    open_to_others, of_somebody_else, folder_away,
                    folder_made_anew):
            harm(world, how)
        all_away(world, site.state)
    tap.done()


main()
