"""sshd: password, keyboard-interactive, and the OpenSSH client."""

import pam_root

# beside others: it has namespaces of its own
pam_root.enter()

import socket

import paramiko

import gate
import pam_cases
import pam_site
import pam_ssh
import tap
from pam_cases import NOTICE, Lines, has

KINDS = ['accept=session']


def connect(host):
    transport = paramiko.Transport(socket.create_connection(
        ('127.0.0.1', host.port), gate.PATIENCE))
    transport.banner_timeout = transport.auth_timeout = gate.PATIENCE
    transport.start_client(timeout=gate.PATIENCE)
    return transport


def attempt(transport, user, password):
    try:
        transport.auth_interactive(user, lambda title, text, prompts: [
            password] * len(prompts))
        return True
    except paramiko.AuthenticationException:
        return False


def test_again(site, host):
    """Several attempts in one connection, also when the daemon was away."""
    site.pam('sshd', drop=KINDS, add=pam_site.FAIL)
    transport = connect(host)
    lines = Lines(site, 'sshd')
    got = [attempt(transport, 'alice', site.bob['session'])]
    site.daemon_down()
    got.append(attempt(transport, 'alice', site.alice['session']))
    site.daemon_up()
    got.append(attempt(transport, 'alice', site.alice['session']))
    tap.ok(got == [False, False, True] and has(lines.all(), [
        (NOTICE, 'auth', 'wrong-account'),
        (pam_cases.WARNING, 'auth', 'nobody answers')] + pam_cases.GRANTED),
        'three attempts in one connection', (got, lines.all()))
    transport.close()


def test_huge(site, host):
    """keyboard-interactive hands over whatever comes."""
    for size in (8000, 16384, 16385, 250000):
        transport = connect(host)
        lines = Lines(site, 'sshd')
        got = attempt(transport, 'alice', '~' * size)
        tap.ok(not got and not lines.all() and not lines.asked(),
               '%d bytes that are no credential' % size, (got, lines.all()))
        transport.close()


def test_environment(site, host):
    """env=: what is exported crosses from the process that asked."""
    site.pam('sshd', drop=KINDS, add='env=AUTHGEAR_USER_ID,AUTHGEAR_POLICY')
    for way in host.ways[:2]:
        way.shell = 'printenv AUTHGEAR_USER_ID AUTHGEAR_POLICY'
        got = way.login('alice', site.alice['session'])
        tap.ok(got.ok and got.wire.endswith(
            b'%s\nshell\n' % site.alice.name.encode()), pam_cases.name(
                way, 'exported facts'), got.wire)
        way.shell = 'printenv'
        got = way.login('alice', site.alice['session'])
        tap.ok(site.alice['session'].encode() not in got.wire,
               pam_cases.name(way, 'never the credential'), got.wire)
        way.shell = 'id -un'


def main():
    with pam_site.Site() as site:
        host = pam_ssh.Sshd(site)
        test_again(site, host)
        test_huge(site, host)
        test_environment(site, host)
        pam_cases.run(site, host)
        pam_site.finish(site)
    tap.done()


main()
