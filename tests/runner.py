#!/usr/bin/python3
"""Runs test programs that speak TAP and adds up what they say.

usage: runner.py [--jobs N] [--retry N] [--log-dir DIR] [--total FILE]
                 [--times FILE] [--skips FILE] [--timeout SECONDS] PROGRAM...

A program counts what its TAP lines say; one that does not start, ends with
another status than 0, is killed, runs out of time, or whose plan does not fit
its lines counts one failure more.  No program at all is a failure.  A skip says why, behind SKIP or (cmocka cannot) in a
line "# skip: WHY" before it; without it, it is a failure.
--jobs N runs so many at a time.
--retry N runs a failed program again, in the end and with nothing beside it,
and says so.
Appended: to --total "passed failed skipped", to --times "SECONDS PROGRAM CPU"
for each (of N at a time, the Nth part of its seconds; CPU is what it and all
that it waited for used), to --skips "PROGRAM: TEST: WHY" for each skip.
"""

import argparse
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import threading
import time

LINE = re.compile(r'^(not )?ok\b\s*\d*\s*(?:-\s*)?(.*)$')
PLAN = re.compile(r'^1\.\.(\d+)\s*(?:#\s*skip\S*\s*(.*))?$', re.IGNORECASE)
SKIP = re.compile(r'\s*#\s*skip\S*\s*', re.IGNORECASE)


class Result:
    def __init__(self, program):
        self.program = program
        self.name = os.path.splitext(os.path.basename(program))[0]
        self.passed = 0
        self.failed = []
        self.skipped = []
        self.notes = []
        self.seconds = 0.0
        self.cpu = 0.0
        self.log = ''
        self.is_retried = False


def read_skip(result, text, why):
    """`text`: NAME # SKIP WHY; of cmocka # SKIP NAME, and why stood before."""
    name, behind = SKIP.split(text, 1)
    if not name:
        name, behind = behind, why
    if behind:
        result.skipped.append('%s: %s' % (name, behind))
    else:
        result.failed.append('skipped without a reason: ' + name)


def read_tap(result, text):
    """Count the lines; a plan that is missing or off is a failure."""
    planned = 0
    plans = 0
    lines = 0
    why = ''
    for line in text.splitlines():
        plan = PLAN.match(line)
        if plan:
            planned += int(plan.group(1))
            plans += 1
            if plan.group(2):
                result.skipped.append('all: ' + plan.group(2))
            continue
        match = LINE.match(line)
        if match is None:
            if line.startswith('# note:'):
                result.notes.append(line[7:].strip())
            elif line.startswith('# skip:'):
                why = line[7:].strip()
            continue
        lines += 1
        if SKIP.search(match.group(2)):
            read_skip(result, match.group(2), why)
            why = ''
        elif match.group(1):
            result.failed.append(match.group(2) or 'unnamed')
        else:
            result.passed += 1
    if plans == 0:
        result.failed.append('no plan: it ended early')
    elif planned != lines:
        result.failed.append('planned %d, saw %d' % (planned, lines))
    elif lines == 0 and not result.skipped:
        result.failed.append('no test at all')


def command_of(program):
    if program.endswith('.py'):
        return ['/usr/bin/python3', program]
    if program.endswith('.sh'):
        return ['/bin/sh', program]
    return [program]


def end_group(leader):
    """Nothing that a program started outlives it."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def wait(child, timeout):
    """Its status, None when it ran out of time, and its CPU seconds."""
    late = threading.Event()

    def end_late():
        late.set()
        end_group(child.pid)
    timer = threading.Timer(timeout, end_late)
    timer.start()
    _, status, used = os.wait4(child.pid, 0)
    timer.cancel()
    child.returncode = os.waitstatus_to_exitcode(status)
    return (None if late.is_set() else child.returncode,
            used.ru_utime + used.ru_stime)


def run(program, options):
    result = Result(program)
    result.log = os.path.join(options.log_dir, result.name + '.log')
    environment = dict(os.environ, CMOCKA_MESSAGE_OUTPUT='TAP')
    begun = time.monotonic()
    with open(result.log, 'wb') as log, open(result.log + '.tap', 'wb') as out:
        try:
            child = subprocess.Popen(command_of(program), stdout=out,
                                     stderr=log, stdin=subprocess.DEVNULL,
                                     env=environment, start_new_session=True)
        except OSError as error:
            result.failed.append('it does not start: %s' % error)
            return result
        status, result.cpu = wait(child, options.timeout)
        end_group(child.pid)
    result.seconds = time.monotonic() - begun
    with open(result.log + '.tap', 'rb') as out:
        read_tap(result, out.read().decode('utf-8', 'replace'))
    if status is None:
        result.failed.append('no end within %d s' % options.timeout)
    elif status != 0 and not result.failed:
        result.failed.append('ended with status %d' % status)
    return result


def say_failures(result):
    for failed in result.failed[:20]:
        print('    FAILED: %s' % failed)
    for path in (result.log + '.tap', result.log):
        with open(path, 'rb') as log:
            tail = log.read()[-8000:].decode('utf-8', 'replace')
        for text in tail.splitlines()[-60:]:
            if not text.startswith('ok '):
                print('    | %s' % text)


def say(result):
    line = '%-34s %6d passed' % (result.name, result.passed)
    if result.failed:
        line += ', %d FAILED' % len(result.failed)
    if result.skipped:
        line += ', %d skipped' % len(result.skipped)
    print('%s  (%.1f s, %.1f of CPU)%s' % (
        line, result.seconds, result.cpu,
        '  RETRIED' if result.is_retried else ''))
    for note in result.notes:
        print('    %s' % note)
    for skip in result.skipped:
        print('    skipped: %s' % skip)
    if result.failed:
        say_failures(result)
    sys.stdout.flush()


def run_all(options):
    """One result of each, the last one that it had."""
    results = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for result in pool.map(lambda program: run(program, options),
                               options.programs):
            say(result)
            note_time(options, result, options.jobs)
            results.append(result)
    return [run_again(options, result) for result in results]


def run_again(options, result):
    for _ in range(options.retry):
        if not result.failed:
            break
        print('running %s again, alone' % result.name)
        result = run(result.program, options)
        result.is_retried = True
        say(result)
        note_time(options, result, 1)
    return result


def note_time(options, result, jobs):
    append(options.times, '%.1f %s %.1f' % (
        result.seconds / jobs, result.program, result.cpu))


def append(path, line):
    if path:
        with open(path, 'a', encoding='utf-8') as file:
            file.write(line + '\n')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--jobs', type=int, default=1)
    parser.add_argument('--retry', type=int, default=0)
    parser.add_argument('--timeout', type=int, default=900)
    parser.add_argument('--log-dir', default='.')
    parser.add_argument('--total')
    parser.add_argument('--times')
    parser.add_argument('--skips')
    parser.add_argument('programs', nargs='*')
    options = parser.parse_args()
    os.makedirs(options.log_dir, exist_ok=True)

    results = run_all(options)
    for result in results:
        for skip in result.skipped:
            append(options.skips, '%s: %s' % (result.name, skip))
    passed = sum(result.passed for result in results)
    failed = sum(len(result.failed) for result in results)
    skipped = sum(len(result.skipped) for result in results)
    if not results:
        print('    FAILED: no program at all')
        failed = 1
    append(options.total, '%d %d %d' % (passed, failed, skipped))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
