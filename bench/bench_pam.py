#!/usr/bin/python3
"""Bench of pam_authgear.so: a whole PAM transaction (start, phases, end) that
asks the daemon, against the same with pam_permit, and the hash alone that
pam_unix computes of a default Debian password.

usage: bench_pam.py [--rounds N] [--count N] [--append FILE]

Interleaved; the ratios are of the same round.  With 10 and with 100,000
sessions and revocations.  Nothing passes or fails here.
"""

import argparse
import crypt
import os
import pwd
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                '..', 'tests', 'e2e'))

import asking
import bench_state
import gate
import sessions
import tap

MODULE = tap.program('.libs/pam_authgear.so')
HOST = tap.program('tests/e2e/pam_host')
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


def hash_once():
    salt = crypt.crypt('a password', '$y$j9T$0123456789abcdefghij01$')
    begun = time.monotonic()
    crypt.crypt('a password', salt)
    return (time.monotonic() - begun) * 1000


def fill(world, size):
    site = world.site
    site.trust = os.path.join(site.state, 'trust.db')
    site.cache = world.cache
    bench_state.Release.fill(site, size)
    sessions.adopt(site, [asking.guess() for _ in range(size)])


def measure(options, size):
    """{what: [ratio to pam_permit, ..]} and {what: [milliseconds, ..]}"""
    ratios, times = {}, {}
    with gate.Site(SETTINGS, POLICIES) as site, asking.World(site) as world:
        user = pwd.getpwuid(os.geteuid()).pw_name
        service(site, 'ours', '%s policy=mail socket=%s daemon_user=%s' % (
            MODULE, world.path, user))
        folder = service(site, 'permit', 'pam_permit.so')
        passwords = {kind: world.alice.text[kind] for kind in world.kinds}
        for text in passwords.values():
            asking.ask(world.path, account='alice', credential=text)
        sessions.forget_recent()
        fill(world, size)
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
    return ratios, times


def report(size, ratios, times):
    yield '\n%s sessions and revocations:\n\n' % format(size, ',')
    yield '| a transaction | ms, median | times pam_permit (spread) |\n'
    yield '|---|---|---|\n'
    for what, values in times.items():
        found = ratios.get(what)
        yield '| %s | %.3f | %s |\n' % (
            what, statistics.median(values), '%.2f (%.2f to %.2f)' % (
                statistics.median(found), min(found), max(found))
            if found else '')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--rounds', type=int, default=7)
    parser.add_argument('--count', type=int, default=2000)
    parser.add_argument('--append')
    options = parser.parse_args()
    text = '\n## PAM\n'
    for size in SIZES:
        text += ''.join(report(size, *measure(options, size)))
    print(text)
    if options.append:
        with open(options.append, 'a', encoding='utf-8') as file:
            file.write(text)


if __name__ == '__main__':
    main()
