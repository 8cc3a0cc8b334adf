"""Memory runs out in authgear-cache, at one allocation of a command after the
other: it does what it says, or says that it failed; it writes nothing else,
and never dies of it.

AUTHGEAR_TEST_ALLOCATIONS: of each command at least so many are tried (400),
evenly, from another one in each run."""

import concurrent.futures
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess

import gate
import jose
import process
import tap

LIBRARY = os.path.join(tap.BUILD, 'tests/e2e/.libs/no_memory.so')
ISSUER = 'http://127.0.0.1:9'
# Before anything is done, glibc's look-ups of users, the reader of settings
# and OpenSSL's start die of it themselves; what OpenSSL does later is looked
# at in tests/unit/test_gate_memory.c.
SPARED = ('libc.so,libini_config,libcollection,libref_array,libbasicobjects,'
          'libpath_utils,libcrypto')
FALSE_CAUSES = (b'makes no sense', b'(null)', b'larger than', b'too large',
                b'too long')
TRIED = int(os.environ.get('AUTHGEAR_TEST_ALLOCATIONS') or 400)
USER = '5c9d0f3a-7be1-4f5e-9d55-0f9e8f1b7a11'


def token():
    """What looks like a token; nobody signed it."""
    header = {'alg': 'RS256', 'kid': 'one', 'typ': 'at+jwt'}
    payload = {'iss': ISSUER, 'sub': USER, 'jti': 'jti-0123456789',
               'exp': 4000000000}
    return '.'.join([jose.encode(json.dumps(header).encode()),
                     jose.encode(json.dumps(payload).encode()),
                     jose.encode(b'\xff' * 256)])


class Command:
    """One command on a state of its own, which is put back each time."""

    def __init__(self, site, name, *arguments, stdin=''):
        self.site = site
        self.name = name
        self.arguments = arguments
        self.stdin = stdin
        self.folder = os.path.join(site.folder, name.replace(' ', '-'))
        self.before = os.path.join(site.folder, 'before')
        self.state = os.path.join(self.folder, 'state')
        self.config = os.path.join(self.folder, 'authgear.conf')
        os.makedirs(self.folder)
        text = process.read(site.config).replace(site.state, self.state)
        with open(self.config, 'w', encoding='utf-8') as file:
            file.write(text)
        os.chmod(self.config, 0o600)

    def put_back(self):
        shutil.rmtree(self.state, ignore_errors=True)
        shutil.copytree(self.before, self.state)

    def run(self, at, arguments=None):
        command = self.site.command(*(arguments or self.arguments))
        command[command.index(self.site.config)] = self.config
        environment = dict(
            os.environ, LD_PRELOAD=LIBRARY, NO_MEMORY_AT=str(at),
            NO_MEMORY_SPARE=SPARED,
            NO_MEMORY_COUNT=os.path.join(self.folder, 'count'))
        return subprocess.run(
            command, input=self.stdin.encode(), env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
            timeout=process.PATIENCE * 2)

    @staticmethod
    def said(run):
        return re.sub(rb'"time":[0-9]+', b'"time":0', run.stdout)

    def count(self):
        return int(process.read(os.path.join(self.folder, 'count')))

    def rows(self):
        """What is revoked, blocked and mapped now, and who did it."""
        database = sqlite3.connect(os.path.join(self.state, 'trust.db'))
        try:
            return [database.execute(sql).fetchall() for sql in (
                'SELECT kind, value, rule, reason, actor FROM revocation'
                ' ORDER BY kind, value',
                'SELECT user_id, account, reason, actor FROM account',
                'SELECT id, actor, action, detail FROM audit ORDER BY id')]
        finally:
            database.close()

    def check(self):
        """Each allocation in turn; what was wrong, how often it failed."""
        self.put_back()
        before = self.rows()
        right = self.run(0)
        after = rows = self.rows()
        total = self.count()
        wrong = []
        failed = 0
        if right.returncode != 0:
            wrong.append(right.stderr)
        said = self.said(right)
        # what libraries take before the program begins, and its version
        self.run(0, ['--version'])
        spared = self.count() - 1
        apart = max(1, (total - spared) // TRIED)
        first = spared + random.randint(1, apart)
        for at in range(first, total + 1, apart):
            if rows != before:
                self.put_back()
            run = self.run(at)
            rows = self.rows()
            if run.returncode == 0:
                if rows != after or self.said(run) != said:
                    wrong.append((at, 'said to be done', rows, run.stdout))
                continue
            failed += 1
            if run.returncode not in (1, 2, 3) or (
                    not run.stderr and not run.stdout):
                wrong.append((at, run.returncode, run.stdout, run.stderr))
            if rows not in (before, after):
                wrong.append((at, 'neither nor', rows))
            if any(words in run.stderr for words in FALSE_CAUSES):
                wrong.append((at, run.stderr))
        return '%d, each %d. from %d' % (total, apart, first), failed, wrong


def main():
    if not os.path.exists(LIBRARY):
        tap.ok(False, 'tests/e2e/no_memory.la is built')
        tap.done()
    # thousands of changes are synced: not on a disk, if that may be
    if os.access('/dev/shm', os.W_OK):
        os.environ.setdefault('TMPDIR', '/dev/shm')
    with gate.Site({'endpoint': ISSUER}, sim=False) as site:
        site.cache('block', 'user', 'mallory', '--reason', 'x')
        site.cache('map', 'add', 'ann', 'ann')
        backup = os.path.join(site.folder, 'all.backup')
        site.cache('block', 'user', 'gone')
        site.cache('backup', backup)
        moved = os.path.join(site.folder, 'moved')
        with open(moved, 'wb') as file:
            file.write(site.cache('export').stdout)
        site.cache('lift', 'user', 'gone')
        site.cache('block', 'user', 'late')
        shutil.copytree(site.state, os.path.join(site.folder, 'before'))
        commands = [
            Command(site, 'init', 'init', '--json'),
            Command(site, 'revoke token', 'revoke', 'token', '--json',
                    stdin=token()),
            Command(site, 'block', 'block', 'user', 'eve', '--reason', 'y'),
            Command(site, 'map add', 'map', 'add', 'bob', 'bob', '--json'),
            Command(site, 'lift', 'lift', 'user', 'mallory'),
            Command(site, 'accept', 'accept', '--reason', 'z'),
            Command(site, 'list', 'list', 'revocations', '--json'),
            Command(site, 'list map', 'list', 'map', '--json'),
            Command(site, 'list audit', 'list', 'audit', '--json'),
            Command(site, 'backup', 'backup', '--json', backup + '.copy'),
            Command(site, 'restore', 'restore', backup, '--exact', '--yes'),
            Command(site, 'import', 'import', moved),
            Command(site, 'check', '--check-config'),
            Command(site, 'check JSON', '--check-config', '--json'),
        ]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for command, (total, failed, wrong) in zip(
                    commands, pool.map(Command.check, commands)):
                tap.note('note: %s: %s allocations, failed at %d' % (
                    command.name, total, failed))
                tap.equal(wrong, [], command.name + ': right, or failed')
                tap.ok(failed > 10, command.name + ': memory ran out',
                       failed)
    tap.done()


if __name__ == '__main__':
    main()
