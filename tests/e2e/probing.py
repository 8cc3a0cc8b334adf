"""Runs authgear-fcgi --probe and looks at what it says.

    probing.expect('a public page', probing.probe(url), 'open', 'nobody')
"""

import json
import os
import subprocess

import tap

ASKINGS = 23
FEW = 3         # without an answer, and the rest is not asked


def run(*arguments, environment=None):
    """(exit status, stdout, stderr)"""
    done = subprocess.run(
        [tap.program('authgear-fcgi')] + list(arguments), check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, timeout=300,
        env=dict(os.environ, **(environment or {})))
    return (done.returncode, done.stdout.decode('ascii'),
            done.stderr.decode('ascii'))


def probe(*urls, config=None, environment=None):
    """(exit status, the probes of --json)"""
    more = ['--config', config] if config else []
    status, out, error = run('--json', *more, '--probe', *urls,
                             environment=environment)
    try:
        return status, json.loads(out)['probes']
    except ValueError:
        return status, [{'verdict': '%r %r' % (out, error), 'cause': '',
                         'code': '', 'askings': []}]


def expect(name, got, verdict, code, words='', askings=ASKINGS):
    """`got`: what probe() gave for one address."""
    status, probes = got
    one = probes[0]
    held = (status == (0 if verdict == 'closed' else 1) and
            one['verdict'] == verdict and one['code'] == code and
            words in one['cause'] and
            (askings is None or len(one['askings']) == askings))
    return tap.ok(held, '%s: %s, %s' % (name, verdict, code), '%s %s\n%s' % (
        status, {key: one[key] for key in one if key != 'askings'},
        '\n'.join(str(asking) for asking in one['askings'])))


def verdicts(one, brings=None, method=None):
    """Those of the askings that bring this and ask by that."""
    return {asking['verdict'] for asking in one['askings']
            if (brings is None or asking['brings'].startswith(brings)) and
            (method is None or asking['method'] == method)}
