"""Cases of one test that wait side by side.

    beside.run(('name', case, argument), ('other', case), ...)

Each is a process of its own, with a site, ports and folders of its own; its
TAP lines come in the order of the cases, once it is over.  A case that dies
is a failure.
"""

import os
import sys
import tempfile
import traceback

import process
import tap


def _work(out, case, arguments):
    """In the child: its lines go to a file of its own."""
    status = 1
    process.end_with_parent()
    try:
        os.dup2(out.fileno(), sys.stdout.fileno())
        tap.begin()
        case(*arguments)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def run(*cases):
    """No thread runs yet and no site is open."""
    started = []
    for name, case, *arguments in cases:
        out = tempfile.TemporaryFile('w+', encoding='ascii')
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            _work(out, case, arguments)
        started.append((name, child, out))
    for name, child, out in started:
        _, status = os.waitpid(child, 0)
        with out:
            out.seek(0)
            lines = tap.take(out.read())
        if status != 0 or lines == 0:
            tap.ok(False, name + ': it ran to its end',
                   'status %d, %d tests' % (status, lines))
