#!/usr/bin/python3
"""What authgear-cache's commands take by the number of rows, time and memory:
those that look at sessions by sessions, those of trust.db by revocations; and
how often `revoke` waits for the disk.

usage: bench_admin.py [--rows N,N...] [--sessions N,N...] [--append FILE]

Ten million sessions (--sessions 10000000) are made only when asked for.  Needs
root: the installed layout.  Nothing passes or fails here.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time

import harness
import rows
from harness import head, row

import installed

ROUNDS = 3
SYNCS = 'fsync,fdatasync'
USER = rows.USER % 1


def run(site, *arguments, out=os.devnull):
    """Milliseconds and MB; GNU time measures what was not forked from here."""
    told = os.path.join(site.folder, 'time')
    with open(out, 'wb') as file:
        done = subprocess.run(
            ['/usr/bin/time', '-o', told, '-f', '%e %M'] +
            site.command(*arguments), stdin=subprocess.DEVNULL, stdout=file,
            stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise ChildProcessError('%r: %r' % (arguments, done.stderr))
    with open(told, encoding='ascii') as file:
        seconds, size = file.read().split()
    return float(seconds) * 1000, int(size) / 1024


def median(site, *arguments):
    got = [run(site, *arguments) for _ in range(ROUNDS)]
    return tuple(statistics.median(column) for column in zip(*got))


def with_token(site, *arguments):
    path = os.path.join(site.folder, 'token')
    with open(path, 'w', encoding='ascii') as file:
        file.write(site.bench_token)
    return median(site, *arguments, '--file', path)


def syncs(site):
    """How often `revoke` waits for the disk, by strace."""
    if shutil.which('strace') is None:
        return 'strace is not there'
    told = os.path.join(site.folder, 'strace')
    subprocess.run(['strace', '-f', '-y', '-o', told, '-e', 'trace=' + SYNCS] +
                   site.command('revoke', 'user', 'synced'), check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    with open(told, encoding='ascii', errors='replace') as file:
        names = [line.split('<', 1)[1].split('>', 1)[0].rsplit('/', 1)[-1]
                 for line in file if 'sync(' in line and '<' in line]
    return ', '.join(names) or 'none'


def trust(site, size):
    rows.revocations(site.trust, size)
    moved, backup = (os.path.join(site.folder, name)
                     for name in ('moved', 'backup'))
    figures = {
        'list --limit 50': median(site, 'list', 'revocations', '--limit',
                                  '50'),
        'list --user': median(site, 'list', 'revocations', '--user', USER),
        'list audit --limit 50': median(site, 'list', 'audit', '--limit',
                                        '50'),
        'explain': with_token(site, 'explain'),
        'revoke': median(site, 'revoke', 'user', USER),
        'verify': run(site, 'verify'),
        'prune --dry-run': run(site, 'prune', '--older-than', '-1d',
                               '--dry-run'),
        'backup': run(site, 'backup', backup),
        'restore, nothing new': run(site, 'restore', backup),
        'export': run(site, 'export', out=moved),
        'import, nothing new': run(site, 'import', moved)}
    for name, path in (('import', moved), ('restore', backup)):
        with installed.Site(site.who, sim=False,
                            endpoint=site.endpoint) as other:
            figures[name + ' to an empty state'] = run(other, name, path)
    figures['restore --exact, a tenth dropped'] = dropped(site, size, backup)
    figures['prune'] = run(site, 'prune', '--older-than', '-1d')
    return figures


def dropped(site, size, backup):
    rows.revocations(site.trust, size // 10)
    return run(site, 'restore', backup, '--exact', '--yes')


def sessions(site, size):
    with site.daemon():
        pass
    rows.sessions(site.status, site.endpoint, [site.bench_token], size - 1)
    return {'list --limit 50': median(site, 'list', 'sessions', '--limit',
                                      '50'),
            'list --user': run(site, 'list', 'sessions', '--user', USER,
                               '--limit', '50'),
            'explain': with_token(site, 'explain'),
            'status': run(site, 'status'),
            'verify': run(site, 'verify')}


def table(results, what):
    """A line for each command, a column for each size."""
    sizes = sorted(results)
    lines = head(what, *('%s: ms, MB' % format(size, ',') for size in sizes))
    for name in results[sizes[0]]:
        lines.append(row(name, *('%.0f, %.0f' % results[size][name]
                                 for size in sizes)))
    return '\n'.join(lines) + '\n'


def grow(who, sizes, measure):
    results = {}
    for size in sorted(int(word) for word in sizes.split(',') if word):
        begun = time.monotonic()
        with installed.Site(who, {'validate': 'hybrid',
                                  'max_sessions': '10000000'},
                            sim=False) as site:
            site.bench_token = os.urandom(16).hex()
            results[size] = measure(site, size)
            if measure is trust:
                syncs_of[size] = syncs(site)
        print('%d rows: %.0f s' % (size, time.monotonic() - begun),
              file=sys.stderr)
    return results


syncs_of = {}


def main():
    parser = harness.parser(requests=1)
    parser.add_argument('--rows', default='10000,1000000')
    parser.add_argument('--sessions', default='10000,1000000')
    options = parser.parse_args()
    who = installed.user()
    if who is None or not os.path.exists('/usr/bin/time'):
        sys.stdout.write('bench_admin.py: needs root and the package time, '
                         'nothing measured\n')
        return
    text = ''
    for title, what, sizes, measure in (
            ('trust.db', 'revocations', options.rows, trust),
            ('status.db', 'sessions', options.sessions, sessions)):
        results = grow(who, sizes, measure)
        if results:
            text += '\n## authgear-cache by %s\n\n' % what
            text += table(results, title)
    for size, names in syncs_of.items():
        text += '\n`revoke` beside %s revocations syncs: %s.\n' % (
            format(size, ','), names)
    harness.publish(text, options.append)


if __name__ == '__main__':
    main()
