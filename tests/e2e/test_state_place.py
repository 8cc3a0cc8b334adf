"""A state that the daemon's service may not write or see: the daemon names
the place and what helps, and not only what the kernel said."""

import os
import shutil
import subprocess
import tempfile

import gate
import installed
import tap

READ_ONLY = 'mount --bind {0} {0}; mount -o remount,bind,ro {0}'
HIDDEN = 'mount -t tmpfs -o mode={1} tmpfs {0}'
DROP_IN = "run 'systemctl edit authgear-fcgi' and add the lines " \
    "'[Service]' and 'ReadWritePaths=%s/daemon'"


class Place:
    """A state at `state` of a user's daemon; settings at another place."""

    def __init__(self, user, folder, state):
        self.user = user
        self.folder = folder
        self.state = state
        self.config = os.path.join(folder, 'authgear.conf')
        with open(self.config, 'w', encoding='ascii') as config:
            config.write('[authgear]\nendpoint = http://127.0.0.1:9\n'
                         'state = %s\n[policy default]\nclients = c\n' %
                         state)
        os.chmod(self.config, 0o644)

    def init(self):
        subprocess.run(
            [tap.program('authgear-cache'), 'init', '--config', self.config,
             '--user', self.user.pw_name], check=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def start(self, mounts):
        """The daemon; `mounts` made before it starts."""
        return gate.Process('fcgi', installed.as_user(
            self.user, [tap.program('authgear-fcgi'), '--config', self.config,
                        '--listen', '127.0.0.1:0'], mounts), self.folder)

    def refused(self, name, mounts, *said):
        daemon = self.start(mounts)
        try:
            status = daemon.wait()
        finally:
            daemon.end()
        lines = [line for line in daemon.log().splitlines()
                 if 'error: ' in line]
        tap.ok(status == 1 and len(lines) == 1 and
               all(text in lines[0] for text in said), name, '%s\n%s' % (
                   status, daemon.log()))

    def starts(self, name, mounts):
        with self.start(mounts) as daemon:
            daemon.wait_for('ready: listening')
            tap.equal(daemon.stop(), 0, name)


def test_place(place):
    state = place.state
    place.refused('no state: init is named', ':', state,
                  "run 'authgear-cache init'")
    place.init()
    place.starts('a state that may be written: it starts', ':')
    daemon = state + '/daemon'
    place.refused('all of it read only: the drop-in is named',
                  READ_ONLY.format(state), daemon, 'Read-only',
                  DROP_IN % state)
    place.refused('its own folder read only: the drop-in is named',
                  READ_ONLY.format(daemon), daemon, 'Read-only',
                  DROP_IN % state)
    place.starts('what the drop-in does: it starts', READ_ONLY.format(
        state) + '; mount --bind {0} {0}; mount -o remount,bind,rw {0}'.format(
            daemon))
    place.refused('a folder above it closed: told', HIDDEN.format(
        os.path.dirname(state), '0'), state, 'cannot be reached',
        'ProtectHome=')
    place.refused('another /tmp: told', HIDDEN.format('/tmp', '1777'), state,
                  'does not exist', 'PrivateTmp=')


def main():
    user = installed.lone_user() if os.geteuid() == 0 else None
    if user is None or not installed.can_mount():
        tap.skip('states that a service may not write',
                 'needs root and a mount namespace of its own')
        tap.done()
    folder = tempfile.mkdtemp(prefix='authgear-place-', dir='/var/tmp')
    outer = tempfile.mkdtemp(prefix='authgear-place-', dir='/tmp')
    os.chmod(folder, 0o755)
    os.chmod(outer, 0o755)
    try:
        test_place(Place(user, folder, os.path.join(outer, 'state')))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(outer, ignore_errors=True)
    tap.done()


if __name__ == '__main__':
    main()
