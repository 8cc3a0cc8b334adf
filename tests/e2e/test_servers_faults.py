"""The daemon in trouble behind lighttpd, nginx and Apache: closed, never
open; and when it is well again, so is the site."""
# beside others: it mostly waits

import concurrent.futures
import glob
import http.client
import signal
import subprocess

import checker
import servers
import tap
from process import eventually

FAILURES = (500, 502, 503, 504)


def attempt(world, name, path, token):
    """The status, or None when the server said nothing."""
    try:
        return world.ask(name, path, token, timeout=90).status
    except (OSError, http.client.HTTPException):
        return None


def closed(world, what, token, statuses=FAILURES):
    """No server lets anybody in, whatever he carries."""
    asked = [(name, path, who) for name in world.names
             for path in ('/show.cgi', '/app/x') for who in (token, None)]
    before = world.site.runs()
    with concurrent.futures.ThreadPoolExecutor(len(asked)) as pool:
        got = list(pool.map(lambda each: attempt(world, *each), asked))
    said = [(each[:2], status) for each, status in zip(asked, got)]
    tap.ok(all(status is None or status in statuses for status in got) and
           world.site.runs() == before,
           '%s: closed' % what, '%s, ran %d' % (
               said, world.site.runs() - before))


def comes_back(world, what, token):
    for name in world.names:
        tap.ok(eventually(lambda: world.is_open(name, token), 60),
               '%s: %s is open again' % (what, name),
               world.said()[-2000:] + world.servers[name].log()[-1000:])


def stopped(world, token):
    status = world.fcgi.stop()
    tap.equal(status, 0, 'stopped: exit status of the daemon')
    closed(world, 'stopped', token)
    for name in world.names:
        if not name.startswith('nginx'):
            continue
        answer = world.ask(name, '/page.txt', token)
        tap.ok(answer.status == 503 and answer.header('Retry-After'),
               'stopped: %s says 503 and Retry-After' % name, answer)
    world.start_daemon()
    comes_back(world, 'stopped', token)


def hanging(world, token):
    world.fcgi.send(signal.SIGSTOP)
    try:
        closed(world, 'hanging', token)
    finally:
        world.fcgi.send(signal.SIGCONT)
    comes_back(world, 'hanging', token)


def killed_while_asked(world, token):
    world.fcgi.send(signal.SIGSTOP)
    asked = [(name, '/show.cgi') for name in world.names for _ in range(4)]
    before = world.site.runs()
    with concurrent.futures.ThreadPoolExecutor(len(asked)) as pool:
        futures = [pool.submit(attempt, world, name, path, token)
                   for name, path in asked]
        # Whether they have all got through to it does not matter.
        concurrent.futures.wait(futures, timeout=1)
        world.fcgi.kill()
        got = [future.result() for future in futures]
    tap.ok(all(status is None or status in FAILURES for status in got) and
           world.site.runs() == before, 'killed while asked: closed', got)
    world.start_daemon()
    comes_back(world, 'killed while asked', token)


def killed_again_and_again(world, token):
    """Whatever is answered meanwhile is a refusal, a failure, or right."""
    bad = world.token(tamper='signature')
    before = world.site.runs()
    got = []
    for _ in range(5):
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            futures = [pool.submit(attempt, world, name, '/show.cgi', bad)
                       for name in world.names for _ in range(8)]
            world.fcgi.kill()
            got += [future.result() for future in futures]
        world.start_daemon()
    tap.ok(all(status is None or status == 401 or status in FAILURES
               for status in got) and world.site.runs() == before,
           'killed again and again: a forged token never passes', got)
    comes_back(world, 'killed again and again', token)


def limited(world, what, option, token):
    """Under a limit that no work fits in: not open for a forger."""
    pid = str(world.fcgi.pid)
    bad = world.token(tamper='signature')
    subprocess.run(['prlimit', '--pid', pid, option], check=True,
                   stdin=subprocess.DEVNULL)
    closed(world, what, bad, FAILURES + (401,))
    if world.fcgi.alive():
        subprocess.run(['prlimit', '--pid', pid, option.split('=')[0] +
                        ('=4096' if 'nofile' in option else '=unlimited')],
                       stdin=subprocess.DEVNULL)
    else:
        world.fcgi.stop()
        world.start_daemon()
    comes_back(world, what, token)


def out_of_descriptors(world, token):
    limited(world, 'out of descriptors', '--nofile=4:4096', token)


def out_of_memory(world, token):
    limited(world, 'out of memory', '--as=1048576:unlimited', token)


def spoil(path):
    for each in glob.glob(path + '*'):
        with open(each, 'r+b') as file:
            file.truncate(0)
            file.write(b'this is no database ' * 500)


def broken_status(world, token):
    world.fcgi.stop()
    spoil(world.status)
    bad = world.token(tamper='signature')
    world.start_daemon()
    closed(world, 'broken status.db', bad, FAILURES + (401,))
    comes_back(world, 'broken status.db', token)


def broken_trust(world, token):
    spoil(world.trust)
    bad = world.token(tamper='signature')
    closed(world, 'broken trust.db', bad, FAILURES + (401,))
    world.fcgi.stop()
    try:
        world.start_daemon()
    except ChildProcessError:
        pass		# a daemon that will not start is closed too
    closed(world, 'broken trust.db', token)


with checker.World(servers.NAMES) as here:
    good = here.token(lifetime=3600)
    comes_back(here, 'at first', good)
    for case in (stopped, hanging, killed_while_asked,
                 killed_again_and_again, out_of_descriptors, out_of_memory,
                 broken_status, broken_trust):
        case(here, good)
tap.done()
