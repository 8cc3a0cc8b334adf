"""A private Debian for the hosts of pam_authgear.so.

    pam_root.enter()        # goes on in namespaces of this program's own
    with pam_machine.Machine() as machine: ...

The root is made once, below the build directory, from the machine's own apt
sources; the product is built as a package would be (no coverage, no
sanitizers) and installed beside it.  Nothing else of the machine is changed:
all mounts, processes and addresses are those of namespaces that end with the
program.

Where namespaces cannot be made the program is one skipped test that says so;
with AUTHGEAR_TEST_HOSTS=require it is a failure.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys

import tap

# the hosts, and their clients; a demonstration has fewer
HOSTS = [
    'openssh-server', 'openssh-client', 'dovecot-imapd', 'postfix',
    'postgresql-15', 'sasl2-bin', 'vsftpd', 'cups-daemon', 'nginx',
    'libnginx-mod-http-auth-pam', 'lighttpd', 'lighttpd-mod-authn-pam',
    'apache2', 'libapache2-mod-authnz-pam', 'sudo', 'cron', 'login',
    'util-linux', 'libpam-modules',
    # one that links json-c
    'libjson-c5',
]
PACKAGES = [
    # what the product links
    'libcurl4', 'libfcgi0ldbl', 'libjansson4', 'libini-config5',
    'libsqlite3-0', 'libpam0g',
    # reads the example files for users and folders
    'systemd-standalone-sysusers', 'systemd-standalone-tmpfiles',
]
LEFT_OUT = ('/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*',
            '/usr/share/info/*')
INSIDE = 'AUTHGEAR_PAM_INSIDE'
ENTERED = []
PATIENCE = 900          # seconds, to fetch and unpack on a busy machine
BASE = os.path.join(tap.BUILD, 'pam-root')
WORK = os.path.join(tap.BUILD, 'pam-build')
INSTALLED = os.path.join(tap.BUILD, 'pam-install')
MOUNTED = os.path.join(tap.BUILD, 'pam-mnt')
UNSHARE = ['unshare', '--mount', '--pid', '--ipc', '--uts', '--fork',
           '--kill-child', '--mount-proc', '--propagation', 'private']
# 32 letters and digits: nobody can tell it from an opaque token
UNIX_PASSWORD = 'Unix0Password0Of0Letters0Digits7'
ROOT_PASSWORD = 'the root password, with blanks'
USERS = ('alice', 'bob', 'carol', 'dave')

# In the new root, as root: accounts, keys, roles.  toor is a second name of
# uid 0; dave's sudo asks for root's password, carol's for none.
FURNISH = r'''
set -eu
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
for user in %(users)s; do
    useradd --create-home --shell /bin/sh $user
    echo "$user:%(unix)s"
done >/root/passwords
useradd --non-unique --uid 0 --gid 0 --home-dir /root --shell /bin/sh toor
printf 'root:%(root)s\ntoor:%(root)s\n' >>/root/passwords
chpasswd </root/passwords
rm /root/passwords
echo 'FAIL_DELAY 0' >>/etc/login.defs
if command -v ssh-keygen >/dev/null; then
    mkdir -m 700 /root/.ssh
    ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
    for home in /root /home/alice /home/bob; do
        mkdir -p -m 700 $home/.ssh
        cp /root/.ssh/id_ed25519.pub $home/.ssh/authorized_keys
        chown -R $(stat -c %%u:%%g $home) $home/.ssh
    done
fi
if [ -d /etc/sudoers.d ]; then
    cat >/etc/sudoers.d/tests <<'END'
Defaults lecture=never, timestamp_timeout=0, passwd_tries=1
Defaults:dave rootpw
alice, bob, dave ALL=(ALL) ALL
carol ALL=(ALL) NOPASSWD: ALL
END
    chmod 440 /etc/sudoers.d/tests
fi
echo '127.0.0.1 localhost hosts-of-pam' >/etc/hosts
for role in alice bob carol root toor; do
    echo "CREATE ROLE $role LOGIN;"
done | runuser -u postgres -- /usr/lib/postgresql/15/bin/postgres --single \
    -D /var/lib/postgresql/15/main \
    -c config_file=/etc/postgresql/15/main/postgresql.conf postgres \
    >/dev/null
'''


def furnish():
    return FURNISH % {'users': ' '.join(USERS), 'unix': UNIX_PASSWORD,
                      'root': ROOT_PASSWORD}


def sources():
    """The machine's own sources, Debian's alone."""
    run = subprocess.run(
        ['apt-get', 'indextargets', '--format',
         '$(ORIGIN) $(SITE) $(RELEASE) $(COMPONENT)', 'Created-By: Packages'],
        stdout=subprocess.PIPE, text=True, check=True)
    lines = {}
    for line in run.stdout.splitlines():
        words = line.split()
        if len(words) == 4 and words[0] == 'Debian':
            lines['deb %s %s %s\n' % tuple(words[1:])] = True
    if not lines:
        raise RuntimeError('apt has no sources of Debian; apt-get update?')
    return ''.join(lines)


def proxies():
    """How apt reaches them."""
    run = subprocess.run(['apt-config', 'dump'], stdout=subprocess.PIPE,
                         text=True, check=True)
    return [line for line in run.stdout.splitlines() if
            line.startswith('Acquire::') and 'roxy' in line.split(' ')[0] and
            not line.endswith(' "";')]


def codename():
    with open('/etc/os-release', encoding='ascii') as file:
        for line in file:
            if line.startswith('VERSION_CODENAME='):
                return line.split('=')[1].strip().strip('"')
    raise RuntimeError('/etc/os-release names no release')


def tail(path):
    with open(path, encoding='utf-8', errors='replace') as file:
        return file.read()[-3000:]


def logged(command, log, **options):
    """A command that must succeed; its output goes to a file."""
    with open(log, 'ab') as out:
        run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out,
                             stderr=out, timeout=PATIENCE, check=False,
                             **options)
    if run.returncode != 0:
        raise RuntimeError('%s: status %d\n%s' % (
            command[0], run.returncode, tail(log)))


def make_root():
    """The root, unless a whole one is there of the same recipe."""
    text = sources()
    stamp = os.path.join(BASE, '.recipe')
    recipe = hashlib.sha256(repr(
        (text, HOSTS, PACKAGES, LEFT_OUT, furnish())).encode()).hexdigest()
    if os.path.exists(stamp) and tail(stamp) == recipe:
        return
    new = BASE + '.new'
    for old in (BASE, new):
        shutil.rmtree(old, ignore_errors=True)
    listed, script = BASE + '.list', BASE + '.furnish'
    for path, content in ((listed, text), (script, furnish())):
        with open(path, 'w', encoding='ascii') as file:
            file.write(content)
    command = UNSHARE + [
        'mmdebstrap', '--mode=root', '--variant=minbase', '--format=directory',
        '--include=' + ','.join(HOSTS + PACKAGES), '--dpkgopt=force-unsafe-io',
        '--customize-hook=chroot "$1" sh <"%s"' % script]
    command += ['--dpkgopt=path-exclude=' + name for name in LEFT_OUT]
    command += ['--aptopt=' + line for line in proxies()]
    environment = dict(os.environ, LC_ALL='C')
    logged(command + [codename(), new, listed], BASE + '.log',
           env=environment)
    with open(os.path.join(new, '.recipe'), 'w', encoding='ascii') as file:
        file.write(recipe)
    os.rename(new, BASE)


def newest(paths):
    return max(os.stat(path).st_mtime for path in paths)


def make_installed():
    """The product as a package would build and install it, for the root."""
    log = WORK + '.log'
    os.makedirs(WORK, exist_ok=True)
    status = os.path.join(WORK, 'config.status')
    configure = os.path.join(tap.SRC, 'configure')
    if not os.path.exists(status) or newest([configure]) > newest([status]):
        arch = subprocess.run(['gcc', '-print-multiarch'], text=True,
                              stdout=subprocess.PIPE, check=True)
        logged([configure, '--prefix=/usr', '--sysconfdir=/etc',
                '--localstatedir=/var', 'CFLAGS=-g -O2',
                '--libdir=/usr/lib/' + arch.stdout.strip()], log, cwd=WORK)
    make = ['make', '-j%d' % (os.cpu_count() or 1)]
    logged(make + ['all'], log, cwd=WORK)
    built = [os.path.join(WORK, name) for name in
             ('authgear-fcgi', 'authgear-cache', 'authgear-check',
              '.libs/authgear-check-http.so', '.libs/pam_authgear.so')]
    for folder, _, names in os.walk(os.path.join(tap.SRC, 'examples')):
        built += [os.path.join(folder, name) for name in names]
    stamp = INSTALLED + '.stamp'
    if os.path.exists(stamp) and newest(built) <= newest([stamp]):
        return
    shutil.rmtree(INSTALLED, ignore_errors=True)
    logged(['make', 'install', 'DESTDIR=' + INSTALLED], log, cwd=WORK)
    with open(stamp, 'w', encoding='ascii'):
        pass


def make():
    with open(os.path.join(tap.BUILD, 'pam-root.lock'), 'w',
              encoding='ascii') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        make_root()
        make_installed()
        os.makedirs(MOUNTED, exist_ok=True)


def obstacle():
    """Why this machine cannot run the hosts; None if it can."""
    if os.geteuid() != 0:
        return 'only root can'
    probe = ('mount -t tmpfs none "$0" && cd "$0" && mkdir low up work at && '
             'mount -t overlay none at '
             '-o lowerdir=low,upperdir=up,workdir=work && '
             'ip link set lo up')
    os.makedirs(MOUNTED, exist_ok=True)
    try:
        run = subprocess.run(
            UNSHARE + ['--net', 'sh', '-c', probe, MOUNTED],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if run.returncode == 0 else run.stdout.strip() or \
        'unshare: status %d' % run.returncode


def enter():
    """Returns in the namespaces, or ends the program as skipped."""
    if ENTERED:
        return      # a test that a test takes from
    if os.environ.pop(INSIDE, None):
        ENTERED.append(True)
        subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
        return
    why = obstacle()
    name = 'PAM hosts in namespaces of their own'
    if why and os.environ.get('AUTHGEAR_TEST_HOSTS') != 'require':
        tap.skip(name, why)
        tap.done()
    if why:
        tap.ok(False, name, why)
        tap.done()
    make()
    os.environ[INSIDE] = '1'
    sys.stdout.flush()
    os.execvp('unshare', UNSHARE + ['--net', tap.PYTHON] + sys.argv)
