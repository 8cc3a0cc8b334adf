"""authgear-cache: init, --check-config, --print-policies, usage."""

import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import tempfile

import installed
import tap

PROGRAM = tap.program('authgear-cache')
ENDPOINT = 'https://login.example.com'


def run(*arguments, **options):
    return subprocess.run([PROGRAM] + list(arguments), text=True,
                          stdin=subprocess.DEVNULL, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False, **options)


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def write_config(path, state, endpoint=ENDPOINT):
    with open(path, 'w', encoding='ascii') as config:
        config.write('[authgear]\nendpoint = %s\nvalidate = jwt\n'
                     'state = %s\n\n[policy default]\n' % (endpoint, state))
    os.chmod(path, 0o600)


def said(answer):
    return 'status %d\nstdout: %s\nstderr: %s' % (
        answer.returncode, answer.stdout, answer.stderr)


def test_usage():
    for arguments in (['--help'], ['-h'], ['init', '--help'], ['--version']):
        answer = run(*arguments)
        tap.ok(answer.returncode == 0 and answer.stdout and
               not answer.stderr, 'says %s' % ' '.join(arguments),
               said(answer))
    for arguments in ([], ['--nonsense'], ['nonsense'], ['--json'],
                      ['--check-config', '--print-policies'],
                      ['--check-config', 'more'], ['--config'],
                      ['init', '--nonsense'], ['init', 'more'],
                      ['init', '--user'], ['init', '--user', '']):
        answer = run(*arguments)
        tap.ok(answer.returncode == 2 and not answer.stdout and
               "try 'authgear-cache" in answer.stderr,
               'usage for: %s' % (' '.join(arguments) or 'nothing'),
               said(answer))


def test_config(scratch):
    config = os.path.join(scratch, 'config.conf')
    write_config(config, os.path.join(scratch, 'unused'))
    answer = run('--config', config, '--check-config')
    tap.ok(answer.returncode == 0 and ENDPOINT in answer.stdout,
           '--check-config prints the endpoint', said(answer))
    tap.ok('warning: endpoint: is still a name for examples' in answer.stdout,
           'and says that it is nobody\'s', said(answer))
    answer = run('--config', config, '--check-config', '--json')
    try:
        parsed = json.loads(answer.stdout)
    except ValueError:
        parsed = None
    tap.ok(answer.returncode == 0 and isinstance(parsed, dict),
           '--check-config --json is JSON', said(answer))
    answer = run('-c', config, '--print-policies')
    tap.ok(answer.returncode == 0 and 'default' in answer.stdout,
           '--print-policies names the policy', said(answer))
    with open(config, 'a', encoding='ascii') as more:
        more.write('nonsense = 1\n')
    answer = run('--config', config, '--check-config')
    tap.ok(answer.returncode == 1 and 'nonsense' in answer.stderr,
           'a bad key is named', said(answer))
    answer = run('init', '--config', config)
    tap.ok(answer.returncode == 1 and 'nonsense' in answer.stderr and
           not os.path.exists(os.path.join(scratch, 'unused')),
           'init with a bad key makes nothing', said(answer))
    answer = run('init', '--config', os.path.join(scratch, 'absent.conf'))
    tap.ok(answer.returncode == 1 and 'absent.conf' in answer.stderr,
           'a missing settings file is named', said(answer))


def test_example(scratch):
    """examples/authgear.conf as it is: what must be changed is told."""
    config = os.path.join(scratch, 'example.conf')
    shutil.copyfile(os.path.join(tap.SRC, 'examples', 'authgear.conf'),
                    config)
    os.chmod(config, 0o644)
    answer = run('--config', config, '--check-config')
    tap.ok(answer.returncode == 0 and
           'warning: endpoint: is still a name for examples' in answer.stdout,
           'the example: its endpoint is told to be nobody\'s', said(answer))


def test_ca_file(scratch):
    """--check-config looks into it."""
    config = os.path.join(scratch, 'ca.conf')
    path = os.path.join(scratch, 'ca.pem')
    made = os.path.join(scratch, 'made.pem')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes',
                    '-subj', '/CN=test', '-keyout', '/dev/null', '-out',
                    made], check=True, stderr=subprocess.DEVNULL)
    with open(made, encoding='ascii') as file:
        good = file.read()
    write_config(config, os.path.join(scratch, 'unused'))
    with open(config, encoding='ascii') as file:
        text = file.read().replace('[policy', 'ca_file = %s\n[policy' % path)
    with open(config, 'w', encoding='ascii') as file:
        file.write(text)
    for what, content, wrong in (
            ('a certificate', good, None),
            ('two, and words between', good + 'of ours\n' + good, None),
            ('nothing', '', 'is empty'),
            ('a letter', 'Dear Sir\n', 'no certificate'),
            ('a key', '-----BEGIN PUBLIC KEY-----\nAAAA\n'
             '-----END PUBLIC KEY-----\n', 'no certificate'),
            ('one of which the end is missing', good[:-60], 'whole'),
            ('a good one, then a broken one',
             good + good.replace('MI', 'AA', 1), 'certificate 2')):
        with open(path, 'w', encoding='ascii') as file:
            file.write(content)
        answer = run('--config', config, '--check-config')
        tap.ok(answer.returncode == (1 if wrong else 0) and
               (wrong or '') in answer.stderr and
               ('ca_file ' + path in answer.stderr) == bool(wrong) and
               'ca_file = ' + path in answer.stdout,
               'ca_file holds ' + what, said(answer))
    os.unlink(path)
    os.mkdir(path)
    answer = run('--config', config, '--check-config')
    tap.ok(answer.returncode == 1 and path in answer.stderr,
           'ca_file is a folder', said(answer))
    os.rmdir(path)
    os.mkfifo(path)
    answer = run('--config', config, '--check-config')
    tap.ok(answer.returncode == 1 and path in answer.stderr,
           'ca_file is a FIFO', said(answer))


def test_readme(scratch):
    """README's sample, with the blanks that stand before it there."""
    with open(os.path.join(tap.SRC, 'README.md'), encoding='utf-8') as file:
        sample = re.search(r'(?m)^( +)\[authgear\]\n(?:\1\S.*\n|\n)+',
                           file.read()).group()
    config = os.path.join(scratch, 'readme.conf')
    with open(config, 'w', encoding='ascii') as file:
        file.write(sample)
    os.chmod(config, 0o644)
    answer = run('--config', config, '--check-config')
    tap.ok(answer.returncode == 0 and '[policy default]' in answer.stdout,
           'README: the sample is accepted as it is pasted',
           sample + said(answer))


def rows(path, sql):
    database = sqlite3.connect(path)
    try:
        return database.execute(sql).fetchall()
    finally:
        database.close()


def test_private(scratch):
    config = os.path.join(scratch, 'private.conf')
    state = os.path.join(scratch, 'state')
    trust = os.path.join(state, 'trust.db')
    write_config(config, state)
    answer = run('init', '--config', config)
    tap.ok(answer.returncode == 0 and 'made' in answer.stdout and
           trust in answer.stdout, 'makes a private state', said(answer))
    tap.equal(mode(state), 0o700, 'directory is 0700')
    tap.equal(mode(trust), 0o640, 'trust.db is 0640')
    tap.equal(mode(os.path.join(state, 'daemon')), 0o700, 'below it 0700')
    tap.ok(not os.path.exists(os.path.join(state, 'root')),
           'and no root/, which nothing uses')
    tap.equal(rows(trust, "SELECT value FROM meta"), [(ENDPOINT,)],
              'the endpoint is recorded')
    tap.equal(len(rows(trust, "SELECT * FROM audit")), 1,
              'the audit has one row')

    answer = run('init', '--config', config)
    tap.ok(answer.returncode == 0 and 'already there' in answer.stdout,
           'again: already there', said(answer))
    os.rmdir(os.path.join(state, 'daemon'))
    os.mkdir(os.path.join(state, 'root'), 0o700)
    answer = run('init', '--config', config, '--json')
    try:
        parsed = json.loads(answer.stdout)
    except ValueError:
        parsed = {}
    tap.ok(answer.returncode == 0 and parsed.get('made') is False and
           [place['path'] for place in parsed.get('places', [])] ==
           [state + name for name in ('', '/trust.db', '/daemon')] +
           [state + '.epoch'] * (os.geteuid() == 0) and
           os.path.isdir(os.path.join(state, 'daemon')),
           'completes it and says so in JSON', said(answer))
    tap.ok(not os.path.exists(os.path.join(state, 'root')),
           'the empty root/ of an earlier release goes')
    os.mkdir(os.path.join(state, 'root'), 0o700)
    with open(os.path.join(state, 'root', 'x'), 'w', encoding='ascii'):
        pass
    answer = run('init', '--config', config)
    tap.ok(answer.returncode == 0 and
           os.path.exists(os.path.join(state, 'root', 'x')),
           'one that is not empty stays', said(answer))
    tap.equal(len(rows(trust, "SELECT * FROM audit")), 1,
              'the audit still has one row')

    for name in ('trust.db-wal', 'trust.db-shm'):
        path = os.path.join(state, name)
        if os.path.exists(path):
            os.unlink(path)
    answer = run('init', '--config', config)
    tap.ok(answer.returncode == 0 and
           os.path.exists(trust + '-wal') and os.path.exists(trust + '-shm'),
           'makes the -wal and -shm again', said(answer))

    write_config(config, state, 'https://other.example.com')
    answer = run('init', '--config', config)
    tap.ok(answer.returncode == 1 and ENDPOINT in answer.stderr,
           'another endpoint is refused', said(answer))

    write_config(config, state)
    with open(trust, 'r+b') as damaged:
        damaged.truncate(0)
    answer = run('init', '--config', config)
    tap.ok(answer.returncode == 1 and 'lost' in answer.stderr,
           'an emptied trust.db is not replaced', said(answer))


def test_refused(scratch):
    config = os.path.join(scratch, 'refused.conf')
    used = os.path.join(scratch, 'used')
    os.mkdir(used, 0o700)
    with open(os.path.join(used, 'letter.txt'), 'w', encoding='ascii'):
        pass
    write_config(config, used)
    answer = run('init', '--config', config)
    tap.ok(answer.returncode == 1 and 'letter.txt' in answer.stderr and
           os.listdir(used) == ['letter.txt'],
           'a directory with other files is left alone', said(answer))

    link = os.path.join(scratch, 'link')
    os.mkdir(os.path.join(scratch, 'target'), 0o700)
    os.symlink('target', link)
    write_config(config, link)
    answer = run('init', '--config', config)
    tap.ok(answer.returncode == 1 and 'symbolic link' in answer.stderr,
           'a symbolic link is refused', said(answer))

    write_config(config, os.path.join(scratch, 'no', 'parent'))
    answer = run('init', '--config', config)
    tap.ok(answer.returncode == 1 and 'cannot be made' in answer.stderr,
           'a missing parent is named', said(answer))

    write_config(config, os.path.join(scratch, 'fresh'))
    answer = run('init', '--config', config, '--user',
                 'no-such-user-of-ours')
    tap.ok(answer.returncode == 1 and answer.stderr and
           not os.path.exists(os.path.join(scratch, 'fresh')),
           'an unknown user, or no root: nothing is made', said(answer))


def test_system(scratch):
    user = installed.lone_user() if os.geteuid() == 0 else None
    if user is None:
        tap.skip('state of a daemon with its own user', 'not root')
        return
    config = os.path.join(scratch, 'system.conf')
    state = os.path.join(scratch, 'system')
    write_config(config, state)
    answer = run('init', '--config', config, '--user', user.pw_name,
                 env=dict(os.environ, SUDO_USER='somebody'))
    tap.ok(answer.returncode == 0, 'makes it for a user', said(answer))
    place = os.lstat(state)
    tap.equal((place.st_uid, place.st_gid, mode(state)),
              (0, user.pw_gid, 0o2750), 'directory is 2750 root:group')
    place = os.lstat(os.path.join(state, 'trust.db'))
    tap.equal((place.st_uid, place.st_gid,
               mode(os.path.join(state, 'trust.db'))),
              (0, user.pw_gid, 0o640), 'trust.db is 0640 root:group')
    place = os.lstat(os.path.join(state, 'daemon'))
    tap.equal((place.st_uid, mode(os.path.join(state, 'daemon'))),
              (user.pw_uid, 0o700), 'daemon is 0700 of the user')
    tap.equal(rows(os.path.join(state, 'trust.db'),
                   'SELECT actor FROM audit'), [('somebody (by sudo)',)],
              'the audit names who used sudo')
    answer = run('init', '--config', config)
    tap.ok(answer.returncode == 0 and 'already there' in answer.stdout,
           'again, without the user', said(answer))


def main():
    scratch = tempfile.mkdtemp(prefix='authgear-init.')
    try:
        test_usage()
        test_config(scratch)
        test_example(scratch)
        test_readme(scratch)
        test_ca_file(scratch)
        test_private(scratch)
        test_refused(scratch)
        test_system(scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    tap.done()


main()
