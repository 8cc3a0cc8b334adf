"""The installed layout for tests that run as root: a user of the daemon's own,
and what such a process sees of the file system.

    user = installed.lone_user()
    installed.as_user(user, command, 'mount --bind ...')
"""

import grp
import pwd
import subprocess


def lone_user():
    """A system user whose group has no other member, or None."""
    users = pwd.getpwall()
    for user in users:
        group = [other for other in users if other.pw_gid == user.pw_gid]
        try:
            members = set(grp.getgrgid(user.pw_gid).gr_mem)
        except KeyError:
            continue
        if (user.pw_uid and user.pw_gid and len(group) == 1 and
                members <= {user.pw_name}):
            return user
    return None


def can_mount():
    """Whether this process may have mounts of its own."""
    return subprocess.run(['unshare', '--mount', 'true'], check=False,
                          stdin=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def as_user(user, command, mounts=':'):
    """A command that runs `command` as the user, with mounts of its own made
    by the shell text `mounts`.  The program may be hidden by them."""
    return ['unshare', '--mount', 'sh', '-ec',
            'program=$1; shift; exec 9<"$program"; cd /; ' + mounts +
            '; exec setpriv --reuid=%d --regid=%d --clear-groups '
            '/proc/self/fd/9 "$@"' % (user.pw_uid, user.pw_gid),
            'as_user'] + list(command)
