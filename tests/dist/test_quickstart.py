"""./quickstart as a new user calls it: --once, without a terminal, ended by
a signal, and what it leaves behind."""

import glob
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                '..', 'e2e'))
import pam_root  # noqa: E402
import tap  # noqa: E402

QUICKSTART = os.path.join(tap.SRC, 'quickstart')


def call(arguments, temp, **options):
    environment = dict(os.environ, TMPDIR=temp)
    environment.pop('AUTHGEAR_BUILD', None)
    return subprocess.Popen([QUICKSTART] + arguments, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            env=environment, start_new_session=True, **options)


def group_of(pgid):
    """Living processes of a session's group."""
    found = []
    for stat in glob.glob('/proc/[0-9]*/stat'):
        try:
            with open(stat, encoding='ascii', errors='replace') as file:
                fields = file.read().rsplit(')', 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == pgid and fields[0] != 'Z':
            found.append(stat.split('/')[2])
    return found


def plain_http():
    """What is plain http beyond this machine, and so is refused at once."""
    hosts = ('x', 'x:8080', '192.0.2.1', 'localhost.x', '127.0.0.1.x',
             '127.x:80', '[::2]', 'localhostx', '[2001:db8::1]:3000')
    cases = [['--endpoint', 'http://' + host] for host in hosts]
    cases += [['--endpoint', 'https://x', '--resolver',
               'http://%s/resolve' % host] for host in hosts]
    return tuple((case, '--insecure-allow-http') for case in cases)


def test_insecure(temp):
    """Allowed by the option: everything starts; nobody answers at .invalid,
    which is said, and no setting is refused."""
    url = 'http://authgear.invalid'
    child = call(['--once', '--endpoint', url, '--insecure-allow-http'], temp)
    text = child.communicate(timeout=600)[0].decode()
    tap.ok(child.returncode == 1 and
           'The keys of %s could not be fetched' % url in text and
           'lighttpd guards' in text, 'plain http, allowed: it starts', text)
    for host in ('127.0.0.1:9', '127.8.9.1', 'localhost:9', 'localhost',
                 '[::1]', '[::1]:9'):
        for words in (['--endpoint', 'http://' + host],
                      ['--endpoint', 'https://x', '--resolver',
                       'http://%s/resolve' % host]):
            child = call(words + ['--ca', '/nonexistent'], temp)
            text = child.communicate(timeout=60)[0].decode()
            tap.ok(child.returncode == 1 and '/nonexistent' in text and
                   'plain' not in text, 'on this machine it needs nothing: ' +
                   words[-1], text)


def ask_to_end(child, seen=b''):
    """Once it stays up; False if it does not."""
    end = time.monotonic() + 300
    while b'Ctrl-C' not in seen and time.monotonic() < end:
        line = child.stdout.readline()
        if not line:
            break
        seen += line
    os.killpg(child.pid, signal.SIGINT)
    child.communicate(timeout=60)
    end = time.monotonic() + 30
    while group_of(child.pid) and time.monotonic() < end:
        time.sleep(0.1)
    return b'Ctrl-C' in seen


def test_pam(temp):
    """Logins at PostgreSQL and dovecot."""
    why = pam_root.obstacle()
    if why and os.environ.get('AUTHGEAR_TEST_HOSTS') != 'require':
        tap.skip('--pam', why)
        return
    child = call(['--pam', '--once'], temp)
    text = child.communicate(timeout=900)[0].decode()
    tap.ok(child.returncode == 0, '--pam --once ends with 0', text)
    for host, times in (('psql', 13), ('IMAP', 14)):
        lines = re.findall(r'^ +%s as .* -> .*$' % host, text, re.M)
        tap.equal(len(lines), times, '%s: %d logins' % (host, times))
    for word in ('wrong-account', 'refused: revoked', 'undecided: resolver-',
                 'undecided: nobody answers', 'psql as root  -> refused'):
        tap.ok(word in text, 'it shows ' + word)
    tap.ok('expected' not in text and
           '27 logins: each ended as it should' in text,
           'no login came out otherwise', text)
    child = call(['--pam', '--once'], temp)
    text = child.stdout.readline()
    ask_to_end(child, b'Ctrl-C')
    tap.ok(child.returncode == 130 and b'Building' in text,
           'stopped before its end it does not say that all was well',
           child.returncode)
    child = call(['--pam'], temp)
    tap.ok(ask_to_end(child), '--pam without --once stays up')
    tap.equal((group_of(child.pid), os.listdir(temp)), ([], []),
              'it leaves no process and no file behind')
    with open('/proc/self/mounts', encoding='utf-8') as mounts:
        tap.ok('pam-mnt' not in mounts.read(), 'and no mount')


def main():
    temp = tempfile.mkdtemp(prefix='authgear-quickstart-')
    os.chmod(temp, 0o755)
    try:
        shown = subprocess.run([QUICKSTART, '--help'], stdout=subprocess.PIPE,
                               check=False).stdout.decode()
        for option in ('--yes', '--once', '--endpoint', '--resolver',
                       '--ca', '--insecure-allow-http', '--pam'):
            tap.ok(option in shown, '--help names ' + option)
        for words, said in ((['--nonsense'], '--nonsense'),
                            (['--endpoint'], '--endpoint needs'),
                            (['--endpoint', 'ftp://x'], 'https://'),
                            (['--once', '--ca'], '--ca needs'),
                            (['--ca', '/dev/null'], '--endpoint'),
                            (['--resolver', 'http://x/y'], '--endpoint'),
                            (['--endpoint', 'https://x', '--resolver',
                              'ftp://x/'], '--resolver needs'),
                            (['--insecure-allow-http'], '--endpoint'),
                            (['--pam', '--endpoint', 'https://x'],
                             'simulator')) + \
                plain_http():
            run = subprocess.run([QUICKSTART] + words, check=False,
                                 stdin=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE)
            tap.ok(run.returncode == 2 and said in run.stderr.decode(),
                   'wrong usage: ' + ' '.join(words), run.stderr)

        child = call(['--once'], temp)
        text = child.communicate(timeout=600)[0].decode()
        tap.ok(child.returncode == 0, '--once ends with 0', text)
        for server, times in (('lighttpd', 19), ('nginx', 21)):
            lines = re.findall(r'^ +%s +GET.*$' % server, text, re.M)
            tap.equal(len(lines), times,
                      '%s was asked %d times' % (server, times))
        for word in ('no-credential', 'expired', 'bad-signature',
                     'role-missing', 'wrong-type', '503', 'REMOTE_USER=',
                     'not-live', 'revoked', 'client-revoked',
                     '/oauth2/authorize?', '200, page of /', 'curl -i'):
            tap.ok(word in text, 'it shows ' + word)
        tap.ok('expected' not in text, 'no answer was another than expected')
        tap.equal(os.listdir(temp), [], 'it leaves no file behind')
        tap.equal(group_of(child.pid), [], 'it leaves no process behind')

        test_insecure(temp)

        child = call([], temp)
        tap.ok(ask_to_end(child), 'without --once it stays up')
        tap.equal(group_of(child.pid), [], 'Ctrl-C ends every process')
        tap.equal(os.listdir(temp), [], 'Ctrl-C leaves no file behind')
        test_pam(temp)
    finally:
        subprocess.run(['rm', '-rf', temp], check=False)
    tap.done()


if __name__ == '__main__':
    main()
