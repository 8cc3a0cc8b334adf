"""Memory runs out in the daemon (injected: every Nth allocation fails):
whatever it answers is no wrong yes and never empty; libfcgi may end the
process; on the same sockets the next daemon answers the next request."""

import os
import socket

import fastcgi
import gate
import process
import tap
import test_activation

LIBRARY = os.path.join(tap.BUILD, 'tests/e2e/.libs/no_memory.so')


def ask(address, token, role):
    """The answer; None if the connection broke, 'silence' after a while:
    the socket is held, so a connection to a dead daemon is just not
    answered."""
    try:
        return fastcgi.ask(address, fastcgi.bearer(token), role, timeout=5)
    except TimeoutError:
        return 'silence'
    except (OSError, ValueError):
        return None


def is_ended(daemon, patience):
    """Whether it has ended, or does within some seconds."""
    return process.eventually(lambda: not daemon.alive(), patience)


def judge(site, held, nth):
    """Ask while every nth allocation fails; what was answered."""
    switch = os.path.join(site.folder, 'no-memory')
    address = held.getsockname()
    good = site.sim.token(lifetime=3000)
    forged = site.sim.token(lifetime=3000, tamper='signature')
    wrong = []
    with test_activation.start(
            site, [held], '', 'starved-%d' % nth, (),
            {'LD_PRELOAD': LIBRARY, 'NO_MEMORY_FILE': switch}) as daemon:
        gate.until(lambda: 'ready:' in daemon.log(), 'the daemon')
        first = fastcgi.ask(address, fastcgi.bearer(good))
        with open(switch, 'w', encoding='ascii') as file:
            file.write('%d\n' % nth)
        for at in range(16):
            token = (good, forged, 'nonsense', good)[at % 4]
            if not daemon.alive():
                break
            answer = ask(address, token, 1 + at % 2)
            if answer is None:
                is_ended(daemon, 0.2)
                continue
            if answer == 'silence':
                if not is_ended(daemon, 20):
                    wrong.append('silence')
                continue
            if answer.ended and not answer.raw:
                wrong.append('empty answer')
            elif answer.status == 200 and token != good:
                wrong.append('let in')
            elif answer.raw and answer.status not in (200, 401, 500, 503):
                wrong.append(answer.raw[:80])
            elif answer.status == 401 and token == good:
                wrong.append('refused for good')
        os.unlink(switch)
        ended = not daemon.alive()
        daemon.kill()
    tap.ok(first is not None and first.status == 200,
           'every %d: before, a good token passes' % nth, repr(first))
    tap.equal(wrong, [], 'every %d: nothing wrong is answered' % nth)
    with test_activation.start(site, [held], '', 'fed-%d' % nth) as daemon:
        gate.until(lambda: 'ready:' in daemon.log(), 'the next daemon')
        for token, status in ((good, 200), (forged, 401)):
            answer = fastcgi.ask(address, fastcgi.bearer(token), timeout=60)
            tap.ok(answer is not None and answer.status == status,
                   'every %d: the next daemon answers %d' % (nth, status),
                   repr(answer))
    return ended


def main():
    if not os.path.exists(LIBRARY):
        tap.ok(False, 'tests/e2e/no_memory.la is built')
        tap.done()
    with gate.Site() as site, socket.socket(socket.AF_UNIX) as held:
        held.bind(os.path.join(site.folder, 'held.sock'))
        held.listen(1024)
        ends = [judge(site, held, nth)
                for nth in (1, 2, 3, 5, 7, 10, 20, 40, 80, 150)]
        tap.note('note: memory ran out in %d daemons, %d of them ended' % (
            len(ends), sum(ends)))
        tap.ok(any(ends), 'some daemon met the end of memory')
    tap.done()


if __name__ == '__main__':
    main()
