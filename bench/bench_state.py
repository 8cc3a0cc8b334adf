#!/usr/bin/python3
"""How the state grows: a decision, the start of a daemon and `revoke` by the
number of revocations, before and after the first writer since the start; a
hit, a miss and the start by the number of sessions.

usage: bench_state.py [--rows N,N...] [--sessions N,N...] [--requests N]
                      [--before DIRECTORY] [--append FILE] [--svg DIRECTORY]

--before: a build of an earlier release (authgear-fcgi and authgear-cache in
it), measured in the same rounds.  What does not start with so many threads is
left out of larger states.  Needs root: the installed layout, with a daemon of
its own user.  Nothing passes or fails here.
"""

import contextlib
import os
import random
import statistics
import sys
import time

import harness
import rows
from harness import head, product, row, spread

import installed

REVOKES = 20
ROUNDS = 5
THREADS = 64
REVOKED = 100000        # revocations beside the sessions
MISSES = 200            # a round
SETTINGS = {'validate': 'hybrid', 'session_ttl': '3600', 'absent_ttl': '1'}


class Release(installed.Site):
    """One build and its state."""

    def daemon(self, name='fcgi', threads=2, **options):
        return super().daemon(name, arguments=['--threads', str(threads)],
                              **options)

    def revoked(self, count):
        rows.revocations(self.trust, count)
        # the index of the log, for readers of earlier releases
        self.cache('init')

    def known(self, tokens, count):
        """So many sessions; old ones of the simulator's besides."""
        with self.daemon(threads=1):
            pass
        self.old = self.sim.tokens(MISSES * ROUNDS, kind='opaque',
                                   lifetime=36000)
        rows.sessions(self.status, self.endpoint, tokens,
                      count - len(tokens) - len(self.old))
        rows.sessions(self.status, self.endpoint, self.old, age=4000)


def cpu(pid):
    """Seconds of processor of all its threads."""
    total = 0
    for task in os.listdir('/proc/%d/task' % pid):
        with open('/proc/%d/task/%s/schedstat' % (pid, task),
                  encoding='ascii') as file:
            total += int(file.read().split()[0])
    return total / 1e9


def settle(daemon):
    """The check of the whole is no part of a hit."""
    def is_idle():
        begun = cpu(daemon.pid)
        time.sleep(1)
        return cpu(daemon.pid) - begun < 0.02
    time.sleep(2)
    product.until(is_idle, 'an idle daemon', 600)


def hits(daemon, tokens):
    """Microseconds of the daemon's processor for each."""
    begun = cpu(daemon.pid)
    for token in tokens:
        got = installed.say(daemon, token)
        if got != installed.GRANTED:
            raise ValueError('%r: %s' % (got, daemon.log()[-500:]))
    return (cpu(daemon.pid) - begun) / len(tokens) * 1e6


def timed(run):
    begun = time.monotonic()
    result = run()
    return (time.monotonic() - begun) * 1000, result


class Rounds:
    """Figures of releases that are measured in turn."""

    def __init__(self, sites):
        self.sites = sites
        self.figures = {name: {} for name in sites}

    def add(self, title, measure, rounds=ROUNDS):
        """`measure` gets a release's name and the number of the round."""
        for number in range(rounds):
            for name in random.sample(list(self.sites), len(self.sites)):
                try:
                    got = measure(name, number)
                except (ChildProcessError, TimeoutError):
                    continue
                self.figures[name].setdefault(title, []).append(got)

    def starts(self, name, _):
        if self.figures[name].get('fails'):
            raise ChildProcessError
        try:
            taken, daemon = timed(
                lambda: self.sites[name].daemon(threads=THREADS))
        except (ChildProcessError, TimeoutError):
            self.figures[name]['fails'] = True
            raise
        daemon.end()
        return taken


def measure_trust(sites, requests):
    rounds = Rounds(sites)
    rounds.add('start', rounds.starts)
    with contextlib.ExitStack() as stack:
        daemons, tokens = {}, {}
        for name, site in sites.items():
            daemons[name] = stack.enter_context(site.daemon())
            tokens[name] = [site.token('known')] * (requests // ROUNDS)
            installed.warm(daemons[name], tokens[name][0])
        for daemon in daemons.values():
            settle(daemon)

        def hit(name, _):
            return hits(daemons[name], tokens[name])
        rounds.add('before', hit)
        rounds.add('revoke', lambda name, number: timed(
            lambda: sites[name].cache('block', 'user', 'user-%d' % number))[0],
            REVOKES)
        rounds.add('after', hit)
    return rounds.figures


def measure_sessions(sites, tokens):
    rounds = Rounds(sites)
    rounds.add('start', rounds.starts)
    step = len(tokens) // ROUNDS
    with contextlib.ExitStack() as stack:
        daemons = {}
        for name, site in sites.items():
            daemons[name] = stack.enter_context(site.daemon(threads=1))
            settle(daemons[name])
        rounds.add('hit', lambda name, number: hits(
            daemons[name], tokens[number * step:(number + 1) * step]))
        rounds.add('miss', lambda name, number: hits(
            daemons[name], sites[name].old[number * MISSES:
                                           (number + 1) * MISSES]))
    return rounds.figures


TRUST = (('start', 'start, %d threads, ms' % THREADS, '%.0f'),
         ('revoke', '`block`, ms', '%.1f'),
         ('before', 'hit before a writer, CPU us', '%.0f'),
         ('after', 'hit after it, CPU us', '%.0f'),
         ('size', 'bytes a row', '%.0f'))
SESSIONS = (('start', 'start, %d threads, ms' % THREADS, '%.0f'),
            ('hit', 'hit, another session each time, CPU us', '%.0f'),
            ('miss', 'miss, CPU us', '%.0f'),
            ('size', 'bytes a row', '%.0f'))


def ratio(now, then):
    if not now or not then:
        return '-'
    return spread([one / other for one, other in zip(now, then)])


def table(results, columns, what):
    lines = head('release', what, *(title for _, title, _ in columns))
    for count, figures in results.items():
        for name, figure in figures.items():
            lines.append(row(name, count, *(
                form % statistics.median(figure[key]) if key in figure
                else 'does not start' for key, _, form in columns)))
        if len(figures) > 1:
            lines.append(row('this / before', count, *(
                ratio(figures['this'].get(key), figures['before'].get(key))
                for key, _, _ in columns)))
    return '\n'.join(lines) + '\n'


def draw(results, columns, title, path):
    """Each figure over the number of rows, 1 for its smallest number."""
    colours = ('#1b6ca8', '#b3541e', '#3a7d44', '#7a4b9a', '#555')
    sizes = list(results)
    lines = [(key, [statistics.median(results[size]['this'][key])
                    for size in sizes]) for key, _, _ in columns]
    top = max(2.0, max(max(values) / values[0] for _, values in lines))
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="480" height="260" '
           'font-family="sans-serif" font-size="12">',
           '<text x="50" y="18">%s: times the figure at %d</text>' % (
               title, sizes[0])]
    for mark in range(int(top) + 1):
        y = 220 - mark * 180 / top
        out.append('<path d="M50 %.0fH400" stroke="#ddd"/>'
                   '<text x="20" y="%.0f">%d</text>' % (y, y + 4, mark))
    for number, (key, values) in enumerate(lines):
        points = ' '.join('%.0f,%.0f' % (
            50 + 350 * place / max(len(sizes) - 1, 1),
            220 - value / values[0] * 180 / top)
            for place, value in enumerate(values))
        out.append('<polyline fill="none" stroke-width="2" stroke="%s" '
                   'points="%s"/><text x="410" y="%d" fill="%s">%s</text>' % (
                       colours[number], points, 60 + 20 * number,
                       colours[number], key))
    for place, size in enumerate(sizes):
        out.append('<text x="%.0f" y="240" text-anchor="middle">%d</text>' % (
            50 + 350 * place / max(len(sizes) - 1, 1), size))
    with open(path, 'w', encoding='ascii') as file:
        file.write('\n'.join(out + ['</svg>', '']))


def grow(who, builds, sizes, measure, what, settings=None):
    """For each size the figures of each release that still starts."""
    results, left = {}, dict(builds)
    for size in sorted(int(word) for word in sizes.split(',')):
        with contextlib.ExitStack() as stack:
            sites = {}
            for name, build in left.items():
                more = dict(settings or {})
                # a setting that the earlier release does not know
                if settings and name == 'this':
                    more['max_sessions'] = '10000000'
                sites[name] = stack.enter_context(
                    Release(who, more, build=build))
            results[size] = measure(sites, size)
        left = {name: build for name, build in left.items()
                if not results[size][name].pop('fails', False)}
        print('%d %s: %r' % (size, what, results[size]), file=sys.stderr)
    return results


def bytes_a_row(paths, count):
    return {name: {'size': [os.path.getsize(path) / count]}
            for name, path in paths.items()}


def merged(figures, more):
    return {name: dict(figures[name], **more[name]) for name in figures}


def main():
    parser = harness.parser(requests=10000)
    parser.add_argument('--rows', default='10000,100000,1000000')
    parser.add_argument('--sessions', default='10000,100000,1000000,10000000')
    parser.add_argument('--before')
    parser.add_argument('--svg')
    options = parser.parse_args()
    who = installed.user()
    if who is None:
        sys.stdout.write('bench_state.py: needs root, nothing measured\n')
        return
    builds = {'this': harness.tap.BUILD}
    if options.before:
        builds['before'] = os.path.abspath(options.before)
    tokens = [os.urandom(16).hex() for _ in range(options.requests // 2)]

    def trust(sites, size):
        for site in sites.values():
            site.revoked(size)
        sizes = bytes_a_row({name: site.trust for name, site in
                             sites.items()}, size)
        return merged(measure_trust(sites, options.requests), sizes)

    def sessions(sites, size):
        for site in sites.values():
            site.revoked(REVOKED)
            site.known(tokens, size)
        sizes = bytes_a_row({name: site.status for name, site in
                             sites.items()}, size)
        return merged(measure_sessions(sites, tokens), sizes)

    grown = (('trust.db', 'revocations', TRUST,
              grow(who, builds, options.rows, trust, 'revocations')
              if options.rows else {}),
             ('status.db', 'sessions', SESSIONS,
              grow(who, builds, options.sessions, sessions, 'sessions',
                   SETTINGS) if options.sessions else {}))
    text = ''
    for title, what, columns, results in grown:
        if not results:
            continue
        text += '\n## %s by its rows\n\n' % title
        if what == 'sessions':
            text += 'Beside %s revocations.\n\n' % format(REVOKED, ',')
        text += table(results, columns, what)
        if options.svg:
            draw(results, columns, title, os.path.join(
                options.svg, title.replace('.db', '_rows.svg')))
    harness.publish(text, options.append)


if __name__ == '__main__':
    main()
