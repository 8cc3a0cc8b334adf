"""No fault of ours, and no mistake in the line, locks root out: by console,
key, cron and su, with the daemon, its settings and its state each missing,
and with a wrong option.  Others are refused then, so that the fault is one."""

import pam_root

# beside others: it has namespaces of its own
pam_root.enter()

import os
import shutil

import gate
import pam_cases
import pam_site
import pam_ssh
import tap
from pam_helper import PROGRAM

AUTH = ('auth [success=done authinfo_unavail=die default=ignore] '
        'pam_authgear.so policy=shell accept=session\n')
ACCOUNT = ('account required pam_authgear.so policy=shell '
           'account_without_auth=ignore\n')
SERVICES = ('login', 'cron', 'sshd', 'su')
FLAG = '/root/cron-was-here'


def stacks(site, options):
    """Our lines in front of Debian's own, in the services of root."""
    for name in SERVICES:
        if name in ('sshd', 'su'):
            site.pam(name, add=options)
            continue
        with open(os.path.join(pam_root.BASE, 'etc/pam.d', name),
                  encoding='utf-8') as file:
            text = file.read()
        site.machine.write('/etc/pam.d/' + name, text.replace(
            '@include common-auth', AUTH.replace('\n', ' %s\n' % options) +
            '@include common-auth').replace(
                '@include common-account',
                ACCOUNT.replace('\n', ' %s\n' % options) +
                '@include common-account'))


def console(site):
    return site.machine.terminal(
        ['login'], [('login: ', 'root'), ('Password: ',
                                          pam_root.ROOT_PASSWORD),
                    ('# ', 'id -un; exit')])


def by_key(site, user, key='/root/.ssh/id_ed25519'):
    return site.machine.run(
        ['ssh', '-F', 'none', '-p', str(site.sshd.port), '-i', key, '-o',
         'BatchMode=yes', '-o', 'StrictHostKeyChecking=no', '-o',
         'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR',
         user + '@127.0.0.1', 'id -un'], check=False)


def cron(site, user, flag):
    """A job of that user, at cron's start; False if it ends without it."""
    machine = site.machine
    for name in ('/run/crond.reboot', flag):
        if machine.exists(name):
            machine.remove(name)
    machine.write('/etc/cron.d/tests', '@reboot %s touch %s\n' % (user, flag))
    mark = site.log.mark()
    started = machine.start('cron', ['cron', '-f'])
    try:
        gate.until(lambda: machine.exists(flag) or any(
            priority & 7 == 3 for priority, _ in
            site.log.since(mark, 'CRON[')), 'the job or its refusal')
        return machine.exists(flag)
    finally:
        machine.stop(started)


def ways(site):
    machine = site.machine
    password = [('Password: ', pam_root.ROOT_PASSWORD)]
    yield 'console', lambda: 'root' in console(site)[1].splitlines()[-2:]
    yield 'su with the password', lambda: machine.terminal(
        ['su', '-c', 'id -un'], password, 'alice')[1].split()[-1:] == ['root']
    yield 'su from root', lambda: machine.terminal(
        ['su', '-', '-c', 'id -un'])[1].split() == ['root']
    yield 'key', lambda: by_key(site, 'root') == (0, 'root\n')
    yield 'the password over ssh', lambda: site.sshd.ways[0].login(
        'root', pam_root.ROOT_PASSWORD).ok
    yield 'cron', lambda: cron(site, 'root', FLAG)


def root_logs_in(site, what, fault):
    """And whoever is not root is told so."""
    for name, way in ways(site):
        lines = pam_cases.Lines(site, name)
        got = way()
        said = site.log.since(lines.mark)
        tap.ok(got, '%s: root by %s' % (what, name), said)
        account = [line for _, line in said if 'pam_authgear(' in line and
                   ':account)' in line]
        tap.ok(not account, '%s: root by %s: no line about account' % (
            what, name), account)
    mark = site.log.mark()
    status, said = by_key(site, 'alice', '/root/.ssh/id_ed25519')
    lines = [line for _, line in site.log.since(mark, 'pam_authgear(')]
    if fault is None:
        tap.ok(status == 0 and not lines, what + ': alice by key too',
               (said, lines))
        tap.ok(cron(site, 'alice', '/home/alice/was-here'),
               what + ': and by cron')
        return
    tap.ok(status != 0 and len(lines) == 1 and fault in lines[0],
           what + ': others are refused, and why', (status, said, lines))
    tap.ok(not cron(site, 'alice', '/home/alice/was-here'),
           what + ': by cron too')


def faults(site):
    root_logs_in(site, 'nothing is wrong', None)
    stacks(site, 'polcy=shell')
    root_logs_in(site, 'a wrong option', 'unknown option "polcy=shell"')
    stacks(site, '')
    site.daemon_down()
    root_logs_in(site, 'no daemon', None)
    program = site.machine.path(PROGRAM)
    os.rename(program, program + '.away')
    root_logs_in(site, 'neither daemon nor helper', 'nobody answers')
    os.rename(program + '.away', program)
    site.daemon_up()
    stacks(site, 'deadline=1 ' + pam_site.FAIL)
    # the manager holds the socket of one that cannot start
    site.daemon_stop()
    site.machine.remove(pam_site.SETTINGS)
    status, said = site.machine.run(['authgear-fcgi'], 'authgear',
                                    check=False)
    tap.ok(status != 0, 'no settings: the daemon does not start', said)
    root_logs_in(site, 'no settings', 'deadline')
    site.configure()
    site.daemon_up()
    shutil.rmtree(site.machine.path('/var/lib/authgear'))
    root_logs_in(site, 'no state', 'state-unreadable')


def main():
    with pam_site.Site() as site:
        stacks(site, '')
        site.sshd = pam_ssh.Sshd(site)
        faults(site)
        pam_site.finish(site)
    tap.done()


if __name__ == '__main__':
    main()
