"""A daemon that asks the resolver at the port of a relay.

    with network.World(stale_if_error='60') as world:
        world.front             # the relay
        world.say(said)         # status and reason
"""

import threading

import gate
import process
import relay
import sessions
import tap

SETTINGS = {'validate': 'hybrid', 'lookup_rate': '60000',
            'max_lookups': '8', 'total_timeout': '5', 'connect_timeout': '1',
            'session_ttl': '60', 'stale_if_error': '0'}


class World(process.Together):
    def __init__(self, host='127.0.0.1', wrapper=(), tls=None, **settings):
        super().__init__()
        self.values = dict(SETTINGS, **settings)
        self.host, self.wrapper, self.tls = host, wrapper, tls

    def start(self):
        enter = self.stack.enter_context
        self.site = enter(gate.Site(settings=self.values, tls=self.tls))
        self.front = enter(relay.Relay(self.site.sim.port))
        self.values['resolver_url'] = '%s://%s:%d%s' % (
            'https' if self.tls else 'http', self.host, self.front.port,
            sessions.RESOLVER)
        self.site.configure(self.values)
        self.daemon = enter(self.site.daemon(wrapper=self.wrapper))
        sessions.warm(self.daemon, self.site.sim.control)

    def people(self, count):
        """What so many new people say, each with a good JWT."""
        return [sessions.Person(self.site.sim.control,
                                kinds=('JWT',)).way['JWT']
                for _ in range(count)]

    def say(self, said):
        return sessions.say(self.daemon.path, said)

    def at_once(self, people):
        """The answers of all, asked together."""
        got = [None] * len(people)

        def one(index):
            got[index] = self.say(people[index])
        threads = [threading.Thread(target=one, args=(index,))
                   for index in range(len(people))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return got

    def fill(self):
        """As many idle connections as there may be lookups."""
        got = set()
        self.front.delay = 0.5
        for _ in range(10):
            got |= set(self.at_once(self.people(8)))
            if self.front.idle() >= 8:
                break
        self.front.delay = 0
        tap.equal(got, {sessions.LIVE}, 'eight at a time are granted')
        tap.ok(self.front.idle() >= 8, 'eight connections are idle',
               self.front.idle())
