"""root's logins where no daemon answers: a host of the tests' own in the
private root, and programs in the place of authgear-check.

    with pam_helper.Logins() as logins:
        logins.run('alice', TOKEN).codes        # {'auth': 0, 'account': 0}
        logins.replace('#!/bin/sh\nsleep 100\n')
"""

import collections
import os
import re
import shutil

import pam_site
import tap

PROGRAM = '/usr/libexec/authgear-gate/authgear-check'
HTTP = '/usr/libexec/authgear-gate/authgear-check-http.so'
SERVICE = '/etc/pam.d/helped'
HOST = '/usr/local/sbin/pam_host'
BY = 'by=authgear-check'

Got = collections.namedtuple('Got', 'codes lines out')


class Logins(pam_site.Site):
    """The site, with its daemon down, and a service of the module alone."""

    addresses = 0

    def start(self):
        super().start()
        self.machine.copy(tap.program('tests/e2e/pam_host'), HOST)
        self.options()
        self.elsewhere()
        self.keep = os.path.join(self.machine.top, 'kept')
        shutil.copy2(self.machine.path(PROGRAM), self.keep)
        self.daemon_down()

    def options(self, words='', between=''):
        line = 'required pam_authgear.so policy=shell %s\n' % words
        self.machine.write(SERVICE, 'auth %s%saccount %s' % (
            line, between, line))

    def elsewhere(self):
        """Clients come from another address, with a budget of its own."""
        self.addresses += 1
        self.address = '192.0.2.%d' % self.addresses

    def run(self, user, password, phases=('auth', 'account'), arguments=(),
            as_user=None, wrapper=()):
        """One run of the host: codes, (priority, text) of what the module
        said, and what the host printed."""
        mark = self.log.mark()
        out = self.machine.run(
            list(wrapper) + [HOST, '-r', self.address] + list(arguments) +
            ['/etc/pam.d', 'helped', user] + list(phases), as_user,
            data=password)[1]
        codes = dict((word, int(number)) for word, number in
                     re.findall(r'^(auth|account) (\d+)', out, re.MULTILINE))
        lines = [(priority & 7, line) for priority, line in
                 self.log.since(mark, 'pam_authgear(')]
        return Got(codes, lines, out)

    def replace(self, text, mode=0o755):
        """Another program in its place."""
        self.machine.write(PROGRAM, text, mode)

    def restore(self):
        path = self.machine.path(PROGRAM)
        if os.path.lexists(path):
            os.unlink(path)
        shutil.copy2(self.keep, path)

    def left(self):
        """Processes of the private root that outlived the login, by name."""
        found = []
        for pid in os.listdir('/proc'):
            try:
                root = os.readlink('/proc/%s/root' % pid)
                with open('/proc/%s/stat' % pid, encoding='ascii') as file:
                    name = file.read()
            except (OSError, ValueError):
                continue
            if root == self.machine.top or name.split()[2] == 'Z':
                found.append(name[:40])
        return found
