"""authgear-cache doctor: a good host is nothing but good, and of each thing
that was broken the line names the fault and what mends it."""

import pam_root

# beside others: it has namespaces of its own
pam_root.enter()

import contextlib
import json
import os
import socket
import sys

import gate
import pam_machine
import pam_site
import tap

SERVICES = ('sshd', 'sudo', 'su', 'dovecot', 'smtp')


@contextlib.contextmanager
def inside(top):
    """This process in the private root, for paths as others see them."""
    outside, here = os.open('/', os.O_RDONLY), os.open('.', os.O_RDONLY)
    try:
        os.chroot(top)
        os.chdir('/')
        yield
    finally:
        os.fchdir(outside)
        os.chroot('.')
        os.fchdir(here)
        os.close(outside)
        os.close(here)


class Site(pam_site.Site):
    settings = dict(pam_site.Site.settings, session_ttl='30')
    people = ('alice',)

    def configure(self):
        super().configure()
        text = self.machine.read(pam_site.SETTINGS)
        self.machine.write(pam_site.SETTINGS, text.replace(
            'remote_user = map', 'remote_user = map\nclients = any'))

    def hold(self):
        """At the path that the daemon is asked at, as systemd names it."""
        self.held = socket.socket(socket.AF_UNIX)
        group = self.machine.group('authgear-ask')
        with inside(self.machine.top):
            self.held.bind(pam_site.ASK)
            os.chmod(pam_site.ASK, 0o660)
            os.chown(pam_site.ASK, 0, group)
        self.held.listen(1024)

    def doctor(self, *arguments, token=None):
        """Exit status and lines."""
        if token is None:
            token = self.alice['opaque']
        status, out = self.machine.run(
            ['authgear-cache', 'doctor', '--json'] + list(arguments),
            data=token, check=False)
        return status, [json.loads(line) for line in out.splitlines()]


def show(lines):
    return '\n'.join('%(finding)s: %(subject)s: %(text)s; %(remedy)s' % line
                     for line in lines)


def test_good(site):
    status, lines = site.doctor()
    tap.ok(status == 0 and len(lines) > 15 and
           all(line['finding'] == 'good' for line in lines),
           'a good host: nothing but good', show(lines))


def main():
    with Site() as site:
        test_good(site)
    tap.done()


main()
