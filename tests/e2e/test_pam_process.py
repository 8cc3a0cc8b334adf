"""pam_authgear.so and the real daemon in processes of every kind: masks,
limits, closed descriptors, another root, threads; and a daemon that is killed
while it answers."""

import os
import re
import threading
import time

import gate
import pam_world
import sessions
import tap
from pam_world import AUTH_ERR, SUCCESS, UNAVAIL

SETTINGS = {'validate': 'hybrid', 'lookup_rate': '60000', 'session_ttl': '60'}
PHASES = ('auth', 'account')
IN = {'auth': SUCCESS, 'account': SUCCESS}
LOGINS, THREADS = 1000, 8
# kB that a process may grow by in all those logins: what malloc keeps
GROWTH = 1024


def start(site, world, name='fcgi', **options):
    return site.daemon(name, arguments=[
        '--listen', 'unix:%s,serve=ask,mode=0666' % world.socket], **options)


def held(out):
    """[(RSS in kB, descriptors, threads)]"""
    return [tuple(map(int, line)) for line in
            re.findall(r'^held=(\d+),(\d+),(\d+)$', out, re.MULTILINE)]


def descriptors(pid):
    return len(os.listdir('/proc/%d/fd' % pid))


def test_masks(world, who):
    world.run('web', 'alice', who.text['session'], PHASES)
    before = sorted(os.listdir(world.dir))
    for mask in ('077', '022', '000'):
        got = world.run('web', 'alice', who.text['session'], PHASES,
                        wrapper=['sh', '-c', 'umask %s; exec "$@"' % mask,
                                 'sh'])
        tap.ok(got.codes == IN and 'mask=%s\n' % mask in got.out,
               'umask %s: the same, and it stays' % mask, got)
    tap.equal(sorted(os.listdir(world.dir)), before, 'no file is made')


def test_bare(world, who):
    for kind, text in who.text.items():
        got = world.run('web', 'alice', text, PHASES,
                        wrapper=['prlimit', '--as=%d' % (16 << 20)])
        tap.equal(got.codes, IN, 'an address space of 16 MB: ' + kind)
        got = world.run('web', 'alice', text, PHASES, arguments=('-x',))
        tap.equal(got.codes, IN, 'descriptors 0 to 2 are closed: ' + kind)
    for name, more in (('an address space of 16 MB', {
            'wrapper': ['prlimit', '--as=%d' % (16 << 20)]}),
                       ('descriptors 0 to 2 are closed', {
                           'arguments': ('-x',)})):
        got = world.run('web', 'bob', who.text['session'], PHASES[:1], **more)
        tap.equal(got.codes, {'auth': AUTH_ERR}, name + ': somebody else')
    # no descriptor for the socket
    got = world.run('web', 'alice', who.text['session'], PHASES,
                    wrapper=['sh', '-c', 'ulimit -n 5; exec "$@"', 'sh'])
    tap.ok(got.codes.get('auth') in (SUCCESS, UNAVAIL) and
           got.status == 0, 'hardly a descriptor left', got)


def test_no_low_descriptor():
    """What the module opens is above 2 even where those are free: what the
    host prints there would go to the daemon."""
    seen = []
    with pam_world.World() as world:
        def answer(_):
            for name in os.listdir('/proc'):
                try:
                    with open('/proc/%s/comm' % name) as comm:
                        if comm.read() == 'pam_host\n':
                            seen.append(os.listdir('/proc/%s/fd' % name))
                except OSError:
                    continue
            return pam_world.granted('alice')
        world.listener.answer = answer
        got = world.run(world.module(), phases=PHASES, arguments=('-x',))
    tap.equal(got.codes, IN, 'closed descriptors, a listener that looks')
    low = [fd for fds in seen for fd in fds if int(fd) <= 2]
    tap.ok(seen and not low, 'none of 0 to 2 is opened', seen)


def test_other_root(world, who):
    """A host that has gone into a root where no socket is."""
    if os.geteuid() != 0:
        tap.skip('another root', 'only root can')
        return
    root = os.path.join(world.dir, 'root')
    os.makedirs(root + world.dir)
    got = world.run('web', 'alice', who.text['session'], PHASES[:1],
                    arguments=('-C', root))
    with open(root + world.log, encoding='utf-8') as file:
        said = file.read()
    tap.equal(got.codes, {'auth': UNAVAIL}, 'a root without the socket')
    tap.ok('undecided: nobody answers at ' + world.socket in said and
           'No such file' in said, 'in words', said)


def test_killed(site, world, daemon, who):
    """The daemon is killed while the module waits for its answer."""
    site.sim.fault('hang', sessions.RESOLVER)
    who.add('opaque')
    password = who.text['opaque']
    before = sessions.lookups(site)
    result = {}

    def log_in():
        begun = time.monotonic()
        result['got'] = world.run('patient', 'alice', password, PHASES[:1])
        result['time'] = time.monotonic() - begun
    worker = threading.Thread(target=log_in)
    worker.start()
    gate.until(lambda: sessions.lookups(site) > before, 'the lookup')
    daemon.kill()
    worker.join()
    got = result['got']
    tap.ok(got.codes == {'auth': UNAVAIL} and
           'closed before its answer was whole' in got.log,
           'killed in the middle of an answer', got)
    tap.ok(result['time'] < 50, 'seen at once, not at the deadline (60 s)',
           result)
    got = world.run('web', 'alice', who.text['session'], PHASES[:1])
    tap.ok(got.codes == {'auth': UNAVAIL} and 'nobody answers' in got.log and
           'refused' in got.log, 'its socket is left: refused', got)
    site.sim.fault('none')


def test_many(world, daemon, who):
    """8 threads, 1,000 logins each, in one process."""
    world.run('web', 'alice', who.text['JWT'], PHASES)
    before = descriptors(daemon.pid), daemon.threads()
    got = world.run('web', 'alice', who.text['JWT'], PHASES, timeout=600,
                    arguments=('-m', '-t', str(THREADS), '-n', str(LOGINS)))
    count = THREADS * LOGINS
    tap.ok('auth 0 x%d\naccount 0 x%d\n' % (count, count) in got.out,
           '%d threads, %d logins each' % (THREADS, LOGINS), got.out)
    sizes = held(got.out)
    if tap.ok(len(sizes) == 2, 'measured', got.out):
        tap.note('note: %d logins: %d kB, then %d kB' % (
            count, sizes[0][0], sizes[1][0]))
        tap.ok(sizes[1][0] - sizes[0][0] <= GROWTH, 'memory is flat', sizes)
        tap.equal(sizes[1][1:], sizes[0][1:],
                  'descriptors and threads are the same')
    gate.until(lambda: descriptors(daemon.pid) <= before[0],
               'descriptors of the daemon')
    tap.equal(daemon.threads(), before[1], 'threads of the daemon too')


def main():
    world = pam_world.World()
    try:
        for name, options in (('web', ''), ('patient', ' deadline=60')):
            world.service(name, ['%s required MODULE policy=default%s' % (
                phase, options) for phase in ('auth', 'account')])
        with gate.Site(settings=dict(
                SETTINGS, total_timeout='60')) as site:
            with start(site, world) as daemon:
                sessions.warm(daemon, site.sim.control)
                who = sessions.Person(site.sim.control, 'alice',
                                      ('opaque', 'session', 'JWT'))
                test_masks(world, who)
                test_bare(world, who)
                test_no_low_descriptor()
                test_other_root(world, who)
                test_many(world, daemon, who)
                test_killed(site, world, daemon, who)
            with start(site, world, 'next') as daemon:
                got = world.run('web', 'alice', who.text['session'], PHASES)
                tap.equal(got.codes, IN, 'and again')
    finally:
        world.__exit__()
    tap.done()


main()
