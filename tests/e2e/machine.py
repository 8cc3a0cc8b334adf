"""A systemd of its own, for the units of examples/systemd: PID 1 of new
namespaces over a root in memory, with the programs of the build.

    why = machine.missing()             # None, or why there can be none
    with machine.Machine() as booted:
        booted.run('systemctl', 'start', 'x.service').stdout
        booted.path('/etc/x.conf')      # the same file, from outside

/usr is the machine's, read only; /etc is a few files of it; everything else
is empty and goes away with it.  Of the network there is lo.
"""

import json
import os
import shutil
import subprocess
import tempfile

import gate
import process
import tap

SYSTEMD = '/usr/lib/systemd/systemd'
ETC = ('passwd', 'group', 'shadow', 'gshadow', 'nsswitch.conf', 'ld.so.cache',
       'ld.so.conf', 'ld.so.conf.d', 'alternatives', 'login.defs', 'ssl')
# what a machine does and this one must not
MASKED = ('systemd-udevd.service', 'systemd-udev-trigger.service',
          'systemd-sysctl.service', 'systemd-modules-load.service',
          'systemd-binfmt.service', 'systemd-random-seed.service',
          'systemd-hwdb-update.service', 'systemd-timesyncd.service',
          'systemd-networkd.service', 'systemd-resolved.service',
          'systemd-tmpfiles-setup-dev.service', 'systemd-pstore.service',
          'systemd-firstboot.service', 'systemd-machine-id-commit.service',
          'systemd-remount-fs.service')
# A cgroup of its own, so that nothing of it stays in the one of the tests.
OUTER = '''
mount --make-rprivate /
mkdir -p "$1/cgroup" "$1/root"
mount -t cgroup2 cgroup2 "$1/cgroup"
own=$1/cgroup/authgear-machine-$$
mkdir "$own"
( echo 0 >"$own/cgroup.procs" && exec unshare --pid --fork --cgroup --uts \
    --ipc --net --mount --kill-child sh -ec "$2" inner "$1" "$3" "$4" ) &
child=$!
trap 'kill -9 $child' TERM INT HUP
echo $child >"$1/child"
wait $child || :
wait $child || :	# the first one ends with a signal too
tries=0
until find "$own" -depth -type d -exec rmdir {} + 2>/dev/null; do
	tries=$((tries + 1))
	[ $tries -lt 50 ] || exit 1
	sleep 0.1
done
'''
INNER = '''
root=$1/root
mount -t tmpfs -o mode=755 tmpfs "$root"
cd "$root"
mkdir -p usr etc dev proc sys run var/lib var/log tmp root mnt/src mnt/build
mkdir home srv opt
ln -s usr/bin usr/sbin usr/lib .
[ ! -e /usr/lib64 ] || ln -s usr/lib64 .
for place in /usr:usr "$2:mnt/src" "$3:mnt/build"; do
	mount --bind "${place%%:*}" "${place#*:}"
	mount -o remount,bind,ro "${place#*:}"
done
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
mount -t tmpfs -o mode=755 tmpfs run
for node in null zero full random urandom tty; do
	: >dev/$node
	mount --bind /dev/$node dev/$node
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
cp -a "$1/etc/." etc
exec env -i container=authgear-test PATH=/usr/sbin:/usr/bin \
    chroot . /usr/lib/systemd/systemd --system --unit=basic.target \
    --log-target=journal --show-status=no
'''
PROBE = '''
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt && mkdir /mnt/c && mount -t cgroup2 cgroup2 /mnt/c
mkdir /mnt/c/authgear-probe-$$ && rmdir /mnt/c/authgear-probe-$$
'''


def missing():
    """Why there can be no machine here, or None."""
    if os.geteuid() != 0:
        return 'needs root'
    if not os.path.exists(SYSTEMD):
        return 'no systemd here'
    probe = subprocess.run(
        ['unshare', '--mount', '--pid', '--fork', '--cgroup', '--uts',
         '--ipc', '--net', 'sh', '-ec', PROBE], check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE)
    if probe.returncode != 0:
        return 'no namespaces or cgroups of its own: ' + \
            probe.stderr.decode(errors='replace').strip()
    return None


class Machine:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='authgear-machine-')
        self.outer = None
        self.init = None

    def __enter__(self):
        try:
            self._boot()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.outer:
            self.outer.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _etc(self):
        etc = os.path.join(self.folder, 'etc')
        os.makedirs(etc + '/systemd/system')
        for name in ETC:
            if os.path.isdir('/etc/' + name):
                shutil.copytree('/etc/' + name, etc + '/' + name,
                                symlinks=True)
            elif os.path.exists('/etc/' + name):
                shutil.copy('/etc/' + name, etc)
        for name in MASKED:
            os.symlink('/dev/null', etc + '/systemd/system/' + name)
        with open(etc + '/machine-id', 'w', encoding='ascii') as ident:
            ident.write(os.urandom(16).hex() + '\n')

    def _boot(self):
        self._etc()
        self.outer = gate.Process(
            'machine', ['unshare', '--mount', 'sh', '-ec', OUTER, 'outer',
                        self.folder, INNER, tap.SRC, tap.BUILD], self.folder,
            preexec_fn=process.end_with_parent)
        child = self.folder + '/child'
        gate.until(lambda: gate.read(child).endswith('\n') or
                   not self.outer.alive(), 'the child')
        if not self.outer.alive():
            raise ChildProcessError(self.outer.log())
        unshare = int(gate.read(child))
        children = '/proc/%d/task/%d/children' % (unshare, unshare)
        self.init = int(gate.until(
            lambda: gate.read(children).strip() or not self.outer.alive() and
            self._fail(), 'PID 1'))

        def is_up():
            if not self.outer.alive():
                self._fail()
            return self.run('systemctl', 'is-active', 'basic.target',
                            check=False).stdout.strip() == 'active'
        gate.until(is_up, 'systemd')

    def _fail(self):
        raise ChildProcessError('systemd did not start:\n' + self.outer.log())

    def path(self, path):
        return '/proc/%d/root%s' % (self.init, path)

    def run(self, *command, check=True, **options):
        """A command inside: its status and what it said."""
        done = subprocess.run(
            ['nsenter', '--target', str(self.init), '--mount', '--pid',
             '--uts', '--ipc', '--net', '--cgroup', '--root', '--wd=/', 'env',
             '-i', 'PATH=/usr/sbin:/usr/bin', *command], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=gate.PATIENCE, check=False,
            **options)
        if check and done.returncode != 0:
            raise ChildProcessError('%s: %s' % (' '.join(command),
                                                done.stdout))
        return done

    def write(self, path, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        with open(self.path(path), 'w', encoding='ascii') as file:
            file.write(text)
        os.chmod(self.path(path), mode)

    def said(self, *which):
        """What the daemon wrote to the journal, as (priority, text)."""
        self.run('journalctl', '--sync', check=False)
        lines = self.run('journalctl', '-u', 'authgear-fcgi', '-o', 'json',
                         '_COMM=authgear-fcgi', *which, check=False).stdout
        rows = [json.loads(line) for line in lines.splitlines()
                if line.startswith('{')]
        return [(int(row['PRIORITY']), row['SYSLOG_IDENTIFIER'],
                 row['MESSAGE']) for row in rows]

    def wait_said(self, text):
        if not process.eventually(lambda: any(
                text in row[2] for row in self.said()), gate.PATIENCE):
            raise TimeoutError('%r is not in the journal:\n%s' % (
                text, '\n'.join(row[2] for row in self.said()[-20:])))
