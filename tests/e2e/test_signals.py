"""Signals: what log rotation and other daemons' habits send does not end the
daemon; SIGTERM and SIGINT end it after the requests at hand."""
# beside others: it mostly waits

import signal
import threading

import fastcgi
import gate
import load
import tap

KEPT = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
ENDING = (signal.SIGTERM, signal.SIGINT)
SAID = ' changes nothing: settings are read at the start'


def test_kept(site, daemon, token):
    with load.Client(lambda: fastcgi.ask(
            daemon.path, fastcgi.bearer(token), timeout=60)) as client:
        for number in KEPT:
            for times in (1, 2):
                daemon.send(number)
                gate.until(lambda: daemon.log().count(
                    number.name + SAID) == times or not daemon.alive(),
                    number.name)
                client.some()
            tap.ok(daemon.alive() and
                   daemon.log().count(number.name + SAID) == 2,
                   '%s: a line in the log each time, and no more' %
                   number.name, daemon.log())
    tap.equal(client.wrong, [], 'every request meanwhile was granted')


class Held(threading.Thread):
    """One request that waits for Authgear."""

    def __init__(self, path, token):
        super().__init__(daemon=True)
        self.arguments = path, fastcgi.bearer(token)
        self.answer = None

    def run(self):
        self.answer = fastcgi.ask(*self.arguments, timeout=60)


def test_ending(site, number):
    """A request that waits is answered, whatever else is sent meanwhile."""
    with site.daemon(name='end-%d' % number) as daemon:
        token = site.sim.token(kind='opaque', sub='held')
        site.sim.reset_counts()
        site.sim.fault('delay', path='/_resolver/resolve', seconds=3, count=1)
        held = Held(daemon.path, token)
        held.start()
        gate.until(lambda: site.sim.counts().get('/_resolver/resolve'),
                   'the lookup')
        for kept in KEPT:
            daemon.send(kept)
        gate.until(lambda: daemon.log().count(SAID) == len(KEPT), 'lines')
        tap.ok(held.answer is None, '%s: a request is at hand' % number.name,
               held.answer)
        daemon.send(number)
        for kept in KEPT:
            daemon.send(kept)
        held.join(60)
        tap.equal(getattr(held.answer, 'status', None), 200,
                  '%s: it is answered' % number.name)
        tap.equal(daemon.wait(), 0, '%s: then the daemon ends with 0' %
                  number.name)


def main():
    with gate.Site({'validate': 'hybrid', 'total_timeout': '15'}) as site:
        with site.daemon() as daemon:
            token = site.sim.token(lifetime=3000, session=True)
            gate.until(lambda: fastcgi.ask(daemon.path, fastcgi.bearer(
                token)).status == 200, 'a grant')
            test_kept(site, daemon, token)
        for number in ENDING:
            test_ending(site, number)
    tap.done()


if __name__ == '__main__':
    main()
