"""Memory runs out in the daemon (injected: every Nth allocation fails):
whatever it answers is right or undecided, and never empty.  It ends of it
only where libfcgi does not get its memory, which aborts then; on the same
sockets the next daemon answers the next request."""

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


def judge(site, held, nth, spare):
    """Ask while every nth allocation fails, but for those of the library
    `spare`; whether it ended, and how often it was undecided."""
    switch = os.path.join(site.folder, 'no-memory')
    address = held.getsockname()
    good = site.sim.token(lifetime=3000)
    forged = site.sim.token(lifetime=3000, tamper='signature')
    wrong = []
    undecided = 0
    name = 'every %d%s' % (nth, ', not of ' + spare if spare else '')
    with test_activation.start(
            site, [held], '', 'starved-%d%s' % (nth, spare), (),
            {'LD_PRELOAD': LIBRARY, 'NO_MEMORY_FILE': switch,
             'NO_MEMORY_SPARE': spare}) as daemon:
        gate.until(lambda: 'ready:' in daemon.log(), 'the daemon')
        # with libfcgi spared it meets its first question in that state
        first = None if spare else fastcgi.ask(address, fastcgi.bearer(good))
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
            undecided += answer.status in (500, 503)
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
    tap.equal(wrong, [], name + ': nothing wrong is answered')
    if spare:
        tap.ok(not ended, name + ': it goes on')
        return ended, undecided
    tap.ok(first is not None and first.status == 200,
           name + ': before, a good token passed', repr(first))
    with test_activation.start(site, [held], '', 'fed-%d' % nth) as daemon:
        gate.until(lambda: 'ready:' in daemon.log(), 'the next daemon')
        for token, status in ((good, 200), (forged, 401)):
            answer = fastcgi.ask(address, fastcgi.bearer(token), timeout=60)
            tap.ok(answer is not None and answer.status == status,
                   name + ': the next daemon answers %d' % status,
                   repr(answer))
    return ended, undecided


def main():
    if not os.path.exists(LIBRARY):
        tap.ok(False, 'tests/e2e/no_memory.la is built')
        tap.done()
    with gate.Site() as site, socket.socket(socket.AF_UNIX) as held:
        held.bind(os.path.join(site.folder, 'held.sock'))
        held.listen(1024)
        # the keys are in the state before memory ends
        with test_activation.start(site, [held], '', 'before') as daemon:
            gate.until(lambda: 'ready:' in daemon.log(), 'the daemon')
            answer = fastcgi.ask(held.getsockname(),
                                 fastcgi.bearer(site.sim.token()))
            tap.equal(answer.status, 200, 'a daemon that has memory')
            daemon.stop()
        for spare in ('libfcgi', ''):
            ran = [judge(site, held, nth, spare)
                   for nth in (1, 2, 3, 5, 7, 10, 20, 40, 80, 150)]
            tap.note('note: memory ran out in %d daemons, %d of them ended' %
                     (len(ran), sum(ended for ended, _ in ran)))
            tap.ok(sum(undecided for _, undecided in ran) > 10,
                   'requests met the end of memory', ran)
    tap.done()


if __name__ == '__main__':
    main()
