"""The demonstration behind ./quickstart --pam: PostgreSQL and dovecot in a
private Debian, logged into with the credentials of a simulated Authgear.

usage: demo_pam.py [--once]

The root is made below the build directory and kept there; all else is in
namespaces and on a file system in memory, which end with this program.  The
network is the machine's own, so that one may try.  Exit status 0 if every
login came out as expected; 130 if it was stopped before.
"""

import os
import re
import signal
import subprocess
import sys
import time

import pam_root
import tap

pam_root.HOSTS = ['dovecot-imapd', 'postgresql-15', 'login']

import pam_hosts
import pam_mail
import pam_site
import process
from pam_site import RESOLVER

ENTRY = 'AUTHGEAR_DEMO_ENTRY'   # a process of the namespaces
STOPPED = 130           # as the shell says it of Ctrl-C
TTL = 2                 # session_ttl: nobody wants to wait 30 s here
SETTINGS = {'validate': 'hybrid', 'session_ttl': str(TTL),
            'stale_if_error': '60', 'absent_ttl': '1', 'total_timeout': '2',
            'connect_timeout': '1', 'log_grants': 'yes'}
OURS = re.compile(r'pam_authgear\((\w+:\w+)\): (.*)$', re.DOTALL)


class Demo:
    def __init__(self, site):
        self.site, self.logins, self.wrong = site, 0, 0
        self.database = pam_hosts.Postgres(site)
        self.mail = pam_mail.Dovecot(site)
        self.imap = self.mail.ways[1]

    def psql(self, user, password):
        """Who one is there; '' if refused."""
        status, said = self.site.machine.run(
            ['psql', '-w', '-h', '127.0.0.1', '-p', str(self.database.port),
             '-U', user, '-At', '-c', 'SELECT current_user', 'postgres'],
            'postgres', environment=['PGPASSWORD=' + password], check=False)
        return status == 0 and said.strip() == user

    def log_in(self, password, ok, reason='', user='alice', hosts='both'):
        """Both hosts, and the lines of the module; each as expected?"""
        for name, login in (('psql', self.psql), (
                'IMAP', lambda *words: self.imap.attempt(*words)[0])):
            if hosts not in ('both', name):
                continue
            mark = self.site.log.mark()
            got = login(user, password)
            lines = list(ours(self.site, mark))
            right = got == ok and reason in ''.join(lines)
            print('  %s as %-5s -> %s%s' % (
                name, user, 'logged in' if got else 'refused', '' if right
                else '   <- expected %s %s' % ('yes' if ok else 'no', reason)))
            for line in lines:
                print('      ' + line)
            self.logins += 1
            self.wrong += not right

    def verdict(self):
        print('\n%d logins: %s.' % (
            self.logins, '%d did NOT end as they should' % self.wrong if
            self.wrong else 'each ended as it should'))

    def cache(self, *arguments, data=''):
        print('\n$ authgear-cache ' + ' '.join(arguments))
        print('  ' + self.site.cache(*arguments, data=data).strip())


def ours(site, mark):
    """What the module said, without what is the same each time."""
    for _, line in site.log.since(mark, 'pam_authgear'):
        match = OURS.search(line)
        if match is None:
            yield line
            continue
        text, _, facts = match.group(2).partition(' phase=')
        yield ' '.join([match.group(1) + ':', text] + [
            word for word in facts.split() if word.startswith('by=')])


def show(demo):
    """Good, wrong account, revoked; Authgear away, the daemon away."""
    site = demo.site
    print('\nThe whole of /etc/pam.d/postgresql:\n')
    print(''.join('  %s\n' % line for line in
                  site.example('postgresql').splitlines()
                  if not line.startswith('#')), end='')
    print("\nalice logs in with an opaque access token as the password. "
          "dovecot's file\nleaves those out, since Unix passwords may look "
          "like them.")
    demo.log_in(site.alice['opaque'], True, 'granted', hosts='psql')
    demo.log_in(site.alice['opaque'], False, hosts='IMAP')
    print("\nWith the value of her browser's cookie.")
    cookie = site.alice.log_in('session')
    demo.log_in(cookie, True, 'granted')
    print('\nWith a JWT of %d bytes, which not every host carries.' %
          len(site.alice['jwt']))
    demo.log_in(site.alice['jwt'], True, 'granted')
    print("\nA Unix password is left to pam_unix; nobody is asked about it.")
    demo.log_in(pam_root.UNIX_PASSWORD, True, hosts='IMAP')
    print("\nbob's credential does not open alice's account.")
    demo.log_in(site.bob['session'], False, 'wrong-account')
    print("\nNo credential opens root's.")
    demo.log_in(site.alice['session'], False, user='root')
    demo.cache('revoke', 'token', '--reason', 'lost', data=cookie)
    print('\nThe cookie that was good a moment ago:')
    demo.log_in(cookie, False, 'revoked')
    show_outage(demo)
    show_no_daemon(demo)


def show_outage(demo):
    site = demo.site
    known, new = site.alice.log_in('session'), site.bob.log_in('session')
    print('\nA fresh session; then Authgear goes down.')
    demo.log_in(known, True, 'granted')
    site.sim.fault('drop', RESOLVER)
    time.sleep(TTL + 0.2)
    print('\nIt keeps opening for a while (stale_if_error).')
    demo.log_in(known, True, 'granted')
    print('\nA session that nobody here knows cannot be judged: neither yes '
          'nor no.')
    demo.log_in(new, False, 'undecided', 'bob')
    site.sim.fault('none')
    print('\nAuthgear is up again.')
    pam_hosts.gate.until(lambda: demo.psql('bob', new), 'recovery')
    demo.log_in(new, True, 'granted', 'bob')


def show_no_daemon(demo):
    site = demo.site
    known = site.alice.log_in('session')
    print('\nA fresh session; then the daemon is stopped.')
    demo.log_in(known, True, 'granted')
    site.daemon_down()
    print('\nPostgreSQL, which is not root, cannot be told; '
          'dovecot asks a helper.')
    demo.log_in(known, False, 'nobody answers', hosts='psql')
    demo.log_in(known, True, 'granted', hosts='IMAP')
    site.daemon_up()
    print('\nIt is started again.')
    demo.log_in(known, True, 'granted')


def hint(demo):
    inside = 'nsenter -t %s -m chroot %s ' % (os.environ[ENTRY],
                                              demo.site.machine.top)
    print('\nTry it, in another terminal of root:')
    print('  %spsql -h 127.0.0.1 -p %d -U alice postgres' % (
        inside, demo.database.port))
    print('  curl -u alice imap://127.0.0.1:%d/' % demo.mail.port)
    print("  alice's cookie as password: " +
          demo.site.alice.log_in('session'))
    print('  of bob (-U bob, -u bob):    ' + demo.site.bob.log_in('session'))
    print('  Unix password, of dovecot:  ' + pam_root.UNIX_PASSWORD)
    print('  %sauthgear-cache block user %s' % (
        inside, demo.site.alice.name))
    print('  %sauthgear-cache lift user %s' % (
        inside, demo.site.alice.name))


def stay(site):
    """Until the end; shows what the module says meanwhile."""
    print('\nWhat the module says to the system log comes here. Ctrl-C ends '
          'it all.', flush=True)
    mark = site.log.mark()
    while site.daemon.alive():
        time.sleep(0.5)
        for line in ours(site, mark):
            print('  ' + line, flush=True)
        mark = site.log.mark()
    print('authgear-fcgi ended:\n' + site.daemon.log())
    return 1


def end(*_):
    raise KeyboardInterrupt


def inside(is_once):
    tap.BUILD = pam_root.WORK       # where the simulator was built
    signal.signal(signal.SIGTERM, end)
    try:
        with pam_site.Site(**SETTINGS) as site:
            demo = Demo(site)
            show(demo)
            demo.verdict()
            if not is_once:
                hint(demo)
                return stay(site)
            return 1 if demo.wrong else 0
    except KeyboardInterrupt:
        print('\nEnding.')
        return STOPPED if is_once else 0


def outside(arguments):
    """Makes what is missing, and goes in."""
    why = pam_root.obstacle()
    if why:
        raise RuntimeError('namespaces of its own cannot be made: ' + why)
    print('Building, and making a Debian with PostgreSQL and dovecot in\n'
          '%s (some two minutes the first time) ...' % pam_root.BASE,
          flush=True)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    pam_root.make()
    # unshare itself hears no SIGTERM; what it started dies with it
    command = ['sh', '-c', ENTRY + '=$$ exec "$@"', 'sh'] + \
        pam_root.UNSHARE + [sys.executable, __file__] + arguments
    with subprocess.Popen(command, preexec_fn=lambda: process.LIBC.prctl(
            1, signal.SIGKILL)) as child:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: child.kill())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        status = child.wait()
    if status < 0:      # by a signal
        status = STOPPED if '--once' in arguments else 0
    return status


def main():
    try:
        if ENTRY in os.environ:
            return inside('--once' in sys.argv)
        return outside(sys.argv[1:])
    except KeyboardInterrupt:
        print('\nStopped. What is half made is made anew the next time.')
        return STOPPED
    except (ChildProcessError, RuntimeError, TimeoutError, OSError) as error:
        print('quickstart: %s' % error, file=sys.stderr)
        return 1


if __name__ == '__main__':
    sys.exit(main())
