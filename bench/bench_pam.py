#!/usr/bin/python3
"""Bench of pam_authgear.so: a whole PAM transaction (start, phases, end) that
asks the daemon, against the same with pam_permit, and the hash alone that
pam_unix computes of a default Debian password.  Then, as root, without the
daemon: one question to authgear-check, from its start to its end.

usage: bench_pam.py [--rounds N] [--count N] [--append FILE]

Interleaved; the ratios are of the same round.  With 10 and with 100,000
sessions and revocations.  Nothing passes or fails here.
"""

import crypt
import os
import pwd
import socket
import statistics
import subprocess
import time

import harness
import rows
from harness import head, product, row, spread, tap

import asking
import fastcgi
import sessions

MODULE = tap.program('.libs/pam_authgear.so')
HOST = tap.program('tests/e2e/pam_host')
CHECK = tap.program('authgear-check')
POLICIES = {'default': {}, 'mail': {'remote_user': 'map'}}
SETTINGS = {'validate': 'hybrid', 'session_ttl': '3600',
            'lookup_rate': '60000'}
SIZES = (10, 100000)
PHASES = {'auth': ('auth',), 'auth and account': ('auth', 'account')}


def service(site, name, module):
    folder = os.path.join(site.folder, 'pam.d')
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), 'w', encoding='ascii') as file:
        for kind in ('auth', 'account'):
            file.write('%s required %s\n' % (kind, module))
    return folder


def run(folder, name, phases, password, count):
    """Milliseconds of one transaction."""
    begun = time.monotonic()
    done = subprocess.run(
        [HOST, '-n', str(count), folder, name, 'alice', *phases],
        input=password, stdout=subprocess.PIPE, check=True, text=True)
    spent = time.monotonic() - begun
    for phase in phases:
        if '%s 0 x%d' % (phase, count) not in done.stdout:
            raise ChildProcessError('%s: %s' % (name, done.stdout))
    return spent / count * 1000


def check_once(site, **question):
    """Milliseconds of one question to the helper."""
    asked = fastcgi.request(asking.params(**question))
    begun = time.monotonic()
    ours, theirs = socket.socketpair()
    ours.send(asked)
    child = os.posix_spawn(
        CHECK, [CHECK, '--config', site.config], {},
        file_actions=[(os.POSIX_SPAWN_DUP2, theirs.fileno(), 0)])
    theirs.close()
    answer = ours.recv(65536)
    os.waitpid(child, 0)
    ours.close()
    spent = time.monotonic() - begun
    if b'Variable-REMOTE_USER: ' + question['account'].encode() not in answer:
        raise ChildProcessError('authgear-check: %r' % answer)
    return spent * 1000


def measure_check(options, site, world, times):
    """Without the daemon; the hash in the same rounds."""
    world.daemon.end()
    for _ in range(options.rounds):
        for kind in world.kinds:
            for phase in PHASES['auth and account']:
                for _ in range(20):
                    times.setdefault('authgear-check, %s, %s' % (
                        kind, phase), []).append(check_once(
                            site, account='alice', phase=phase,
                            credential=world.alice.text[kind]))
        for _ in range(20):
            times.setdefault("the hash of pam_unix, then", []).append(
                hash_once())


def hash_once():
    salt = crypt.crypt('a password', '$y$j9T$0123456789abcdefghij01$')
    begun = time.monotonic()
    crypt.crypt('a password', salt)
    return (time.monotonic() - begun) * 1000


def fill(site, size):
    rows.revocations(site.trust, size)
    site.cache('init')      # the index of the log
    sessions.adopt(site, [asking.guess() for _ in range(size)])


def measure(options, size):
    """{what: [ratio to pam_permit, ..]} and {what: [milliseconds, ..]}"""
    ratios, times = {}, {}
    with product.Site(SETTINGS, POLICIES) as site, asking.World(site) as world:
        user = pwd.getpwuid(os.geteuid()).pw_name
        service(site, 'ours', '%s policy=mail socket=%s daemon_user=%s' % (
            MODULE, world.path, user))
        folder = service(site, 'permit', 'pam_permit.so')
        passwords = {kind: world.alice.text[kind] for kind in world.kinds}
        for text in passwords.values():
            asking.ask(world.path, account='alice', credential=text)
        sessions.forget_recent()
        fill(site, size)
        for _ in range(options.rounds):
            for name, phases in PHASES.items():
                base = run(folder, 'permit', phases, 'x', options.count)
                times.setdefault('pam_permit, ' + name, []).append(base)
                for kind, text in passwords.items():
                    spent = run(folder, 'ours', phases, text, options.count)
                    what = '%s, %s' % (kind, name)
                    times.setdefault(what, []).append(spent)
                    ratios.setdefault(what, []).append(spent / base)
            times.setdefault("the hash of pam_unix", []).append(hash_once())
        if os.geteuid() == 0:
            measure_check(options, site, world, times)
    return ratios, times


def report(size, ratios, times):
    lines = ['', '%s sessions and revocations:' % format(size, ','), '']
    lines += head('a transaction', 'ms, median', 'times pam_permit (spread)')
    for what, values in times.items():
        found = ratios.get(what)
        lines.append(row(what, '%.3f' % statistics.median(values),
                         spread(found, to=' to ') if found else ''))
    return '\n'.join(lines) + '\n'


def main():
    options = harness.parser(rounds=7, count=2000).parse_args()
    text = '\n## PAM\n' + ''.join(
        report(size, *measure(options, size)) for size in SIZES)
    harness.publish(text, options.append)


if __name__ == '__main__':
    main()
