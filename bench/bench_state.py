#!/usr/bin/python3
"""How trust.db grows: a decision, the start of a daemon and `revoke` by the
number of revocations, before and after the first writer since the start.

usage: bench_state.py [--rows N,N...] [--requests N] [--before DIRECTORY]
                      [--append FILE] [--svg FILE]

--before: a build of an earlier release (authgear-fcgi and authgear-cache in
it), measured in turn with this one.  Needs root: the installed layout, with
a daemon of its own user.  Nothing passes or fails here.
"""

import argparse
import os
import sqlite3
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'tests', 'e2e'))

import installed  # noqa: E402
import tap  # noqa: E402

TICK = os.sysconf('SC_CLK_TCK')
REVOKES = 20
STARTS = 5
THREADS = 64


class Release(installed.Site):
    """One build and its state."""

    def __init__(self, who, build):
        self.build = build
        super().__init__(who)

    def command(self, *arguments):
        made = super().command(*arguments)
        return [os.path.join(self.build, 'authgear-cache')] + made[1:]

    def daemon(self, name='fcgi', **options):
        program, tap.BUILD = tap.BUILD, self.build
        try:
            return super().daemon(name, **options)
        finally:
            tap.BUILD = program

    def fill(self, count):
        """So many revoked tokens, in whatever schema it has."""
        file = sqlite3.connect(self.trust)
        columns = [row[1] for row in file.execute(
            'PRAGMA table_info(revocation)')]
        has_state = 'credential' in columns
        with file:
            last = file.execute('SELECT max(id) FROM audit').fetchone()[0]
            file.executemany(
                'INSERT INTO revocation (id, kind, value, rule, reason, actor,'
                " source, time) VALUES (?, 'token', ?, 'revoked', '', 'bench',"
                " 'cli', 1)", ((last + 1 + number, os.urandom(32) if has_state
                                else os.urandom(32).hex())
                               for number in range(count)))
            file.executemany(
                'INSERT INTO audit (id, time, actor, action, detail) '
                "VALUES (?, 1, 'bench', 'revoke', '')",
                ((last + 1 + number,) for number in range(count)))
            if has_state:
                file.execute('UPDATE state SET number = number + ?, '
                             'tag = zeroblob(8)', (count,))
        file.execute('PRAGMA wal_checkpoint(TRUNCATE)')
        file.close()
        # the index of the log, for readers of earlier releases
        self.cache('init')


def cpu(pid):
    with open('/proc/%d/stat' % pid, encoding='ascii') as file:
        words = file.read().rsplit(')', 1)[1].split()
    return (int(words[11]) + int(words[12])) / TICK


def hits(daemon, token, requests):
    """Microseconds of the daemon's processor for each."""
    for _ in range(200):
        installed.say(daemon, token)
    begun = cpu(daemon.pid)
    for _ in range(requests):
        got = installed.say(daemon, token)
        if got != installed.GRANTED:
            raise ValueError('%r: %s' % (got, daemon.log()[-500:]))
    return (cpu(daemon.pid) - begun) / requests * 1e6


def timed(run):
    begun = time.monotonic()
    result = run()
    return (time.monotonic() - begun) * 1000, result


def measure(site, token, requests):
    starts, revokes, before, after = [], [], [], []
    for _ in range(STARTS):
        taken, daemon = timed(lambda: site.daemon(
            arguments=['--threads', str(THREADS)]))
        starts.append(taken)
        with daemon:
            os.unlink(daemon.err)
    with site.daemon(arguments=['--threads', '2']) as daemon:
        installed.warm(daemon, token)
        time.sleep(3)           # the check of the whole is no part of a hit
        before.append(hits(daemon, token, requests))
        for number in range(REVOKES):
            revokes.append(timed(lambda n=number: site.cache(
                'block', 'user', 'user-%d' % n))[0])
        after.append(hits(daemon, token, requests))
        os.unlink(daemon.err)
    return {'start': statistics.median(starts),
            'revoke': statistics.median(revokes),
            'before': statistics.median(before),
            'after': statistics.median(after),
            'bytes': os.path.getsize(site.trust)}


COLUMNS = (('start', 'start, %d threads, ms' % THREADS, '%.0f'),
           ('revoke', '`block`, ms', '%.1f'),
           ('before', 'hit before a writer, CPU us', '%.0f'),
           ('after', 'hit after it, CPU us', '%.0f'),
           ('size', 'bytes a row', '%.0f'))


def table(results):
    lines = ['| release | revocations | ' + ' | '.join(
        title for _, title, _ in COLUMNS) + ' |',
        '|---|---|' + '---|' * len(COLUMNS)]
    for (name, rows), result in sorted(results.items(),
                                       key=lambda item: item[0][1]):
        result['size'] = result['bytes'] / max(rows, 1)
        lines.append('| %s | %d | %s |' % (name, rows, ' | '.join(
            form % result[column] for column, _, form in COLUMNS)))
    return '\n'.join(lines) + '\n'


def draw(results, path):
    """Each figure over the number of rows, 1 for its smallest number."""
    colours = {'start': '#1b6ca8', 'revoke': '#b3541e', 'after': '#3a7d44'}
    sizes = sorted({rows for name, rows in results if name == 'this'})
    base = {key: results['this', sizes[0]][key] for key in colours}
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="480" height="260" '
           'font-family="sans-serif" font-size="12">',
           '<text x="50" y="18">trust.db: times the figure at %d '
           'revocations</text>' % sizes[0]]
    top = max(2.0, max(results['this', rows][key] / base[key]
                       for rows in sizes for key in colours))
    for mark in range(int(top) + 1):
        y = 220 - mark * 180 / top
        out.append('<path d="M50 %.0fH400" stroke="#ddd"/>'
                   '<text x="20" y="%.0f">%d</text>' % (y, y + 4, mark))
    for number, (key, colour) in enumerate(colours.items()):
        points = ' '.join('%.0f,%.0f' % (
            50 + 350 * place / max(len(sizes) - 1, 1),
            220 - results['this', rows][key] / base[key] * 180 / top)
            for place, rows in enumerate(sizes))
        out.append('<polyline fill="none" stroke-width="2" stroke="%s" '
                   'points="%s"/><text x="410" y="%d" fill="%s">%s</text>' % (
                       colour, points, 60 + 20 * number, colour,
                       {'after': 'hit'}.get(key, key)))
    for place, rows in enumerate(sizes):
        out.append('<text x="%.0f" y="240" text-anchor="middle">%d</text>' % (
            50 + 350 * place / max(len(sizes) - 1, 1), rows))
    with open(path, 'w', encoding='ascii') as file:
        file.write('\n'.join(out + ['</svg>', '']))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--rows', default='10000,100000,1000000')
    parser.add_argument('--requests', type=int, default=10000)
    parser.add_argument('--before')
    parser.add_argument('--append')
    parser.add_argument('--svg')
    options = parser.parse_args()
    who = installed.user()
    if who is None:
        sys.stdout.write('bench_state.py: needs root, nothing measured\n')
        return
    builds = {'this': tap.BUILD}
    if options.before:
        builds['before'] = os.path.abspath(options.before)
    results = {}
    for rows in sorted(int(word) for word in options.rows.split(',')):
        for name, build in builds.items():
            with Release(who, build) as site:
                site.fill(rows)
                try:
                    results[name, rows] = measure(
                        site, site.token('known'), options.requests)
                except (ChildProcessError, TimeoutError) as error:
                    print('%s, %d rows: %s' % (
                        name, rows, str(error).splitlines()[-1]),
                        file=sys.stderr)
                    continue
            print('%s, %d rows' % (name, rows), file=sys.stderr)
    text = '\n## trust.db by its rows\n\n' + table(results)
    sys.stdout.write(text)
    if options.append:
        with open(options.append, 'a', encoding='utf-8') as file:
            file.write(text)
    if options.svg:
        draw(results, options.svg)


main()
