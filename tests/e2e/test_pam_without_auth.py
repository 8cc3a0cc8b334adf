"""Logins that came in without a credential of ours: a key of ssh, a job of
cron, sudo without a password.  Who was once signed out gets in, who is
blocked does not."""

import pam_root

# beside others: it has namespaces of its own
pam_root.enter()

import os

import pam_site
import pam_ssh
import tap
from pam_cases import NOTICE, WARNING, Lines, has
from pam_helper import PROGRAM
from test_pam_root_login import by_key, cron, stacks

FLAG = '/home/alice/was-here'


def sudo(site):
    """carol's sudoers line says NOPASSWD."""
    return site.machine.run(['sudo', '-n', 'id', '-un'], 'carol',
                            check=False) == (0, 'root\n')


def ways(site):
    yield 'a key over ssh', 'sshd', site.alice, lambda: by_key(
        site, 'alice') == (0, 'alice\n')
    yield 'a job of cron', 'cron', site.alice, lambda: cron(
        site, 'alice', FLAG)
    yield 'sudo without a password', 'sudo', site.carol, lambda: sudo(site)


def expect(site, service, log_in, what, ok, wanted=()):
    lines = Lines(site, service)
    got = log_in()
    said = lines.all()
    tap.ok(got == ok and has(said, wanted), what, (got, said))
    tap.equal(lines.asked(), 0, what + ': Authgear is not asked')


def test_way(site, name, service, who, log_in):
    def after(what, ok, wanted=()):
        expect(site, service, log_in, '%s: %s' % (name, what), ok, wanted)
    after('nothing is known against her', True)
    site.cache('revoke', 'user', who.name)
    after('once signed out', True)
    site.cache('lift', 'user', who.name)
    site.cache('block', 'user', who.name)
    after('blocked', False, [(NOTICE, 'account', 'refused: user-blocked')])
    site.cache('lift', 'user', who.name)
    after('lifted', True)
    site.cache('map', 'remove', who.name)
    site.cache('block', 'user', who.name)
    after('the account is nobody\'s any more', True)
    site.cache('lift', 'user', who.name)
    site.cache('map', 'add', who.name, who.account)
    site.daemon_down()
    after('no daemon', True)
    site.cache('block', 'user', who.name)
    after('blocked, no daemon', False,
          [(NOTICE, 'account', 'refused: user-blocked')])
    site.cache('lift', 'user', who.name)
    program = site.machine.path(PROGRAM)
    os.rename(program, program + '.away')
    after('neither daemon nor helper', False,
          [(WARNING, 'account', 'nobody answers')])
    os.rename(program + '.away', program)
    site.daemon_up()


def main():
    site = pam_site.Site()
    site.people += ('carol',)
    with site:
        site.sshd = pam_ssh.Sshd(site)
        stacks(site, '')
        for way in ways(site):
            test_way(site, *way)
        for name in ('sshd', 'sudo'):
            site.pam(name, drop=['account_without_auth=ignore'])
        for name, service, _, log_in in ways(site):
            if service != 'cron':
                expect(site, service, log_in, name + ': account_without_auth='
                       'deny', False, [(NOTICE, 'account',
                                        'account_without_auth=ignore')])
        pam_site.finish(site)
    tap.done()


main()
