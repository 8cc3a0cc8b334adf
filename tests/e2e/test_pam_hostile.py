"""The daemon's user has turned hostile: it grants everything, to everybody,
under every name.  No account of uid 0 opens, none but the one asked for, and
nothing of root's files is touched."""

import pam_root

# beside others: it has namespaces of its own
pam_root.enter()

import contextlib
import os
import signal

import pam_cases
import pam_hosts
import pam_site
import pam_ssh
import pam_world
import tap
from pam_cases import NOTICE, WARNING
from pam_hosts import UNAVAIL

# what logins write
OWN = ('/var/log/', '/run/', '/home/')
BELIEVED = 'it is not believed'


@contextlib.contextmanager
def hostile(site, answer):
    """A process of the daemon's user at the socket that the service manager
    holds.  `answer` makes bytes of what is asked."""
    uid, gid = site.machine.ids('authgear')
    site.daemon_stop()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        site.held.setblocking(True)     # as the daemon does not want it
        listener = pam_world.Listener(None, site.held)
        listener.answer = answer
        signal.pause()
        os._exit(0)
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def yes(asked):
    return pam_world.granted(asked['AUTHGEAR_ACCOUNT'])


def yes_as(name):
    return lambda _: pam_world.granted(name)


def test_names(site, way):
    credential = site.alice['session']
    refused = [(WARNING, 'auth', BELIEVED)]
    for name in ('bob', 'root', 'toor', 'ALICE', 'alice ', ''):
        with hostile(site, yes_as(name)):
            lines = pam_cases.Lines(site, way.host.service)
            got = way.login('alice', credential)
            pam_cases.check(way, got, 'granted as %r' % name, False,
                            lines.all(), refused, text=UNAVAIL)


def test_root(site, way):
    with hostile(site, yes):
        lines = pam_cases.Lines(site, way.host.service)
        got = way.login('alice', site.alice['session'])
        pam_cases.check(way, got, 'the account asked for', True, lines.all(),
                        pam_cases.GRANTED)
        lines = pam_cases.Lines(site, way.host.service)
        got = way.login('root', site.alice['session'])
        pam_cases.check(way, got, 'root', False, lines.all(), [], 'root')
        lines = pam_cases.Lines(site, way.host.service)
        got = way.login('toor', site.alice['session'])
        pam_cases.check(way, got, 'another account of uid 0', False,
                        lines.all(), [(NOTICE, 'auth', 'refused: the '
                                       'account has uid 0')], 'toor')
        lines = pam_cases.Lines(site, way.host.service)
        got = way.login('alice', pam_root.UNIX_PASSWORD)
        pam_cases.check(way, got, 'a grant of what had no credential', False,
                        lines.all(), [(WARNING, 'account', BELIEVED)],
                        text=UNAVAIL)


def main():
    with pam_site.Site() as site:
        site.pam('su')
        site.pam('sshd', add='root=deny')
        sshd = pam_ssh.Sshd(site)
        ways = pam_hosts.Su(site).ways + sshd.ways[:2]
        before = site.machine.files(OWN)
        for way in ways:
            test_root(site, way)
        test_names(site, ways[0])
        after = site.machine.files(OWN)
        tap.equal({name: value for name, value in after.items()
                   if before.get(name) != value and
                   not name.startswith('/var/lib/authgear/daemon/')}, {},
                  "nothing of root's is touched")
        site.daemon_up()
        pam_site.finish(site)
    tap.done()


main()
