"""The few words of TAP that the end-to-end tests speak.

    import tap
    tap.ok(1 + 1 == 2, 'sums add up')
    tap.skip('mode of the socket', 'not root')
    tap.done()

Lines go to stdout as they happen; done() writes the plan and ends the
program, with status 1 if anything failed.  A program that dies before has
no plan, which the runner counts as a failure.

BUILD is the directory of the build ($AUTHGEAR_BUILD, else the current one),
SRC the top of the source tree, PYTHON the interpreter that the tests use.
"""

import os
import re
import sys

SRC = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get('AUTHGEAR_BUILD') or os.getcwd())
PYTHON = '/usr/bin/python3'

_counts = {'run': 0, 'failed': 0}


def _clean(text):
    """One line, and nothing that TAP would take for a directive."""
    text = ' '.join(str(text).split()).replace('#', '.')
    return text.encode('ascii', 'backslashreplace').decode('ascii')


def _say(line):
    sys.stdout.write(line + '\n')
    sys.stdout.flush()


def ok(cond, name, detail=None):
    """One test; `detail` is shown when it fails. Returns whether it held."""
    _counts['run'] += 1
    if cond:
        _say('ok %d - %s' % (_counts['run'], _clean(name)))
        return True
    _counts['failed'] += 1
    _say('not ok %d - %s' % (_counts['run'], _clean(name)))
    if detail is not None:
        note(detail)
    return False


def equal(got, wanted, name):
    """ok(), showing both sides when they differ."""
    return ok(got == wanted, name, 'got %r, wanted %r' % (got, wanted))


def skip(name, why):
    """One test that cannot be run here."""
    _counts['run'] += 1
    _say('ok %d - %s # SKIP %s' % (_counts['run'], _clean(name),
                                   _clean(why)))


def note(text):
    """Lines for whoever reads the log of a failure."""
    for line in str(text).splitlines() or ['']:
        _say('# ' + line.encode('ascii', 'backslashreplace').decode('ascii'))


def begin():
    """Nothing is counted yet: in a child, whose lines another one takes."""
    _counts.update(run=0, failed=0)


def take(text):
    """Tests that a child of ours ran, under our numbers; how many."""
    count = 0
    for line in text.splitlines():
        match = re.match(r'(not )?ok \d+ - (.*)', line)
        if match is None:
            _say(line)
            continue
        count += 1
        _counts['run'] += 1
        _counts['failed'] += bool(match.group(1))
        _say('%sok %d - %s' % (match.group(1) or '', _counts['run'],
                               match.group(2)))
    return count


def done():
    """The plan; ends the program."""
    _say('1..%d' % _counts['run'])
    sys.exit(1 if _counts['failed'] or not _counts['run'] else 0)


def program(name):
    """Path of a built program, as libtool left it in the build."""
    return os.path.join(BUILD, name)


def binary(name, build=BUILD):
    """Behind the script that libtool leaves in a build with shared parts."""
    real = os.path.join(build, '.libs', name)
    return real if os.path.exists(real) else os.path.join(build, name)
