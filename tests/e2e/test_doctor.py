"""authgear-cache doctor: a good host is nothing but good, and of each thing
that was broken the line names the fault and what mends it."""

import pam_root

# beside others: it has namespaces of its own
pam_root.enter()

import contextlib
import json
import os
import re
import shutil
import socket
import stat

import doctor_pam
import http_server
import pam_site
import tap

CLOCK = os.path.join(tap.BUILD, 'tests/e2e/.libs/wall_clock.so')


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


@contextlib.contextmanager
def changed(site, path, old='', new='', text=None, mode=None):
    """A file of the private root with another text, then as it was."""
    real = site.machine.path(path)
    before, status = site.machine.read(path), os.stat(real)
    after = before.replace(old, new) if text is None else text
    assert after != before or mode is not None, path
    with open(real, 'w', encoding='utf-8') as file:
        file.write(after)
    if mode is not None:
        os.chmod(real, mode)
    try:
        yield
    finally:
        with open(real, 'w', encoding='utf-8') as file:
            file.write(before)
        os.chmod(real, stat.S_IMODE(status.st_mode))


@contextlib.contextmanager
def settings(site, old, new):
    """Other settings, which a daemon that is new has read."""
    with changed(site, pam_site.SETTINGS, old, new):
        site.daemon_stop()
        site.daemon_up()
        yield


@contextlib.contextmanager
def mode(site, path, number, owner=None):
    real = site.machine.path(path)
    status = os.lstat(real)
    if owner is not None:
        os.chown(real, owner, -1)
    os.chmod(real, number)
    try:
        yield
    finally:
        os.chown(real, status.st_uid, -1)
        os.chmod(real, stat.S_IMODE(status.st_mode))


@contextlib.contextmanager
def members(site):
    site.machine.run(['usermod', '-a', '-G', 'authgear', 'bob'])
    try:
        yield
    finally:
        site.machine.run(['gpasswd', '-d', 'bob', 'authgear'])


@contextlib.contextmanager
def no_daemon(site):
    site.daemon_stop()
    try:
        yield
    finally:
        site.daemon_up()


@contextlib.contextmanager
def no_socket(site):
    site.daemon_down()
    try:
        yield
    finally:
        site.daemon_up()


@contextlib.contextmanager
def foreign(site):
    """Another user listens where PAM asks."""
    site.daemon_down()
    bob = site.machine.ids('bob')[0]
    with socket.socket(socket.AF_UNIX) as listener:
        with inside(site.machine.top):
            listener.bind(pam_site.ASK)
        os.seteuid(bob)
        listener.listen(9)
        os.seteuid(0)
        yield
    site.machine.remove(pam_site.ASK)
    site.daemon_up()


@contextlib.contextmanager
def second(site, *options):
    """A daemon more with these settings."""
    started = site.machine.start('second', [
        '/usr/sbin/authgear-fcgi', '--config', pam_site.SETTINGS] +
        list(options), 'authgear')
    started.wait_for('ready: listening on')
    try:
        yield
    finally:
        site.machine.stop(started)


@contextlib.contextmanager
def stranger(site):
    """A program of that name and with these settings, and no daemon."""
    site.daemon_stop()
    path = site.machine.copy(os.path.realpath('/bin/sh'),
                             '/home/bob/authgear-fcgi')
    script = site.machine.write('/home/bob/script', 'echo up\nsleep 1000\n')
    started = site.machine.start('stranger', [path, script, '--config',
                                              pam_site.SETTINGS], 'bob')
    started.wait_for('up', started.out)
    try:
        yield
    finally:
        site.machine.stop(started)
        site.daemon_up()


@contextlib.contextmanager
def saslauthd(site):
    started = site.machine.start('saslauthd', [
        '/usr/sbin/saslauthd', '-a', 'pam', '-d', '-c', '-m', '/run'])
    started.wait_for('master')
    try:
        yield
    finally:
        site.machine.stop(started)


@contextlib.contextmanager
def new_program(site):
    """A package puts another file there under a daemon that runs."""
    real = site.machine.path('/usr/sbin/authgear-fcgi')
    shutil.copy2(real, real + '.new')
    os.rename(real + '.new', real)
    try:
        yield
    finally:
        site.daemon_stop()
        site.daemon_up()


@contextlib.contextmanager
def no_authgear(site):
    site.authgear_down()
    try:
        yield
    finally:
        site.authgear_up()


def pam(old, new):
    return lambda site: changed(site, '/etc/pam.d/sshd', old, new)


AUTH = '[success=done authinfo_unavail=die default=ignore] pam_authgear.so'
ACCOUNT = 'account required                                           '
STATE = '/var/lib/authgear'
SUDOERS = '/etc/sudoers.d/tests'

# what is broken, how, and what a bad line then says: its subject, a part of
# the text, and of what mends it
BROKEN = (
    ('a warning of the settings',
     lambda site: settings(site, '\nclients = any', ''),
     'settings', 'names no clients', 'authgear.conf(5)'),
    ('settings that the daemon cannot read',
     lambda site: mode(site, pam_site.SETTINGS, 0o600),
     'state', 'cannot read it', 'chmod a+r'),
    ('settings that make no sense',
     lambda site: changed(site, pam_site.SETTINGS, '[authgear]',
                          '[authgear]\nnonsense = 1'),
     'settings', 'nonsense', '--check-config'),
    ('settings newer than the daemon',
     lambda site: changed(site, pam_site.SETTINGS, '[authgear]',
                          '[authgear]\n'),
     'daemon', 'was changed since', 'systemctl restart authgear-fcgi'),
    ('an endpoint that Authgear does not say it is',
     lambda site: changed(site, pam_site.SETTINGS, '= http://127.0.0.1',
                          '= http://localhost'),
     'authgear', 'issuer', 'endpoint'),
    ('a state of another endpoint',
     lambda site: changed(site, pam_site.SETTINGS, '= http://127.0.0.1',
                          '= http://localhost'),
     'state', 'endpoint', ''),
    ('the state directory open to others',
     lambda site: mode(site, STATE, 0o755),
     'state', 'mode 0755', 'chmod 2750'),
    ('a group of two', members, 'group', 'has 2 members', 'gpasswd -d'),
    ('trust.db that others read',
     lambda site: mode(site, STATE + '/trust.db', 0o644),
     'state', 'trust.db', 'chmod 0640'),
    ('daemon/ open to others',
     lambda site: mode(site, STATE + '/daemon', 0o755),
     'state', 'mode 0755', 'chmod 0700'),
    ("root's status.db",
     lambda site: mode(site, STATE + '/daemon/status.db', 0o600, 0),
     'state', 'status.db belongs to uid 0', 'chown -h'),
    ('status.db that others read',
     lambda site: mode(site, STATE + '/daemon/status.db', 0o644),
     'state', 'status.db', 'setpriv --reuid'),
    ("an epoch page of everybody's",
     lambda site: mode(site, STATE + '.epoch/trust', 0o666),
     'epoch', 'no good page', 'authgear-cache init'),
    ('a resolver that is none',
     lambda site: settings(site, '[authgear]', '[authgear]\nresolver_url = '
                           'http://127.0.0.1:%d/nothing' % site.port),
     'resolver', '/nothing', 'resolver_url'),
    ('a socket of everybody',
     lambda site: mode(site, pam_site.ASK, 0o666),
     'socket', 'everybody may connect', 'chmod 0660'),
    ("a socket's folder of everybody",
     lambda site: mode(site, '/run/authgear', 0o777),
     'socket', 'others can write /run/authgear', 'chmod 0755'),
    ('no daemon', no_daemon, 'daemon', 'no authgear-fcgi',
     'systemctl start authgear-fcgi'),
    ('no daemon: who grants', no_daemon, 'daemon',
     "authgear-check's; the last lookup was ", ''),
    ('no daemon, but its socket', no_daemon, 'ask socket', 'no answer',
     'systemctl restart authgear-fcgi'),
    ('no socket', no_socket, 'ask socket', 'nobody listens',
     'authgear-fcgi-ask.socket'),
    ("another user's program of that name", stranger, 'daemon',
     'their state is of uid', 'User='),
    ('that program in place of the daemon', stranger, 'daemon',
     'no authgear-fcgi', 'systemctl start authgear-fcgi'),
    ("another user's socket", foreign, 'ask socket', 'listens at',
     'daemon_user'),
    ('a port that anybody may take',
     lambda site: second(site, '--listen', '127.0.0.1:2970'),
     'socket', 'port 2970', 'below 1024'),
    ('another program than the installed one', new_program, 'daemon',
     'another /usr/sbin/authgear-fcgi', 'systemctl restart'),
    ('an option that there is not', pam('policy=shell', 'policy=shell nope'),
     'pam sshd', 'unknown option "nope"', 'pam_authgear(8)'),
    ('a policy that there is not', pam('policy=shell', 'policy=absent'),
     'pam sshd', 'policy=absent is no policy', '--print-policies'),
    ('another daemon_user', pam('policy=shell',
                                'policy=shell daemon_user=bob'),
     'pam sshd', "not the daemon's user", 'daemon_user='),
    ('auth behind pam_unix.so',
     pam('auth ', 'auth sufficient pam_unix.so\nauth '),
     'pam sshd', 'stands behind pam_unix.so', 'above'),
    ('auth behind common-auth',
     lambda site: changed(site, '/etc/pam.d/sshd', 'auth    ' + AUTH,
                          '@include common-auth\nauth    ' + AUTH),
     'pam sshd', 'stands behind pam_unix.so', '@include common-auth'),
    ('account behind one that suffices',
     pam(ACCOUNT + 'pam_authgear', 'account sufficient pam_unix.so\n' +
         ACCOUNT + 'pam_authgear'),
     'pam sshd', 'ends the phase before a denial', 'common-account'),
    ('account that is sufficient',
     pam(ACCOUNT + 'pam_authgear', 'account sufficient pam_authgear'),
     'pam sshd', 'loses a denial', 'account required'),
    ('account that is jumped over',
     pam(ACCOUNT + 'pam_authgear', 'account [success=1 default=ignore] '
         'pam_localuser.so\n' + ACCOUNT + 'pam_authgear'),
     'pam sshd', 'stands behind pam_localuser.so', 'above'),
    ('account that ignores',
     pam(ACCOUNT + 'pam_authgear', 'account [success=ok default=ignore] '
         'pam_authgear'),
     'pam sshd', 'loses a denial', 'account required'),
    ('no account line',
     pam(ACCOUNT + 'pam_authgear', '#'),
     'pam sshd', 'no account line', 'account_without_auth=ignore'),
    ("saslauthd's cache",
     lambda site: changed(site, '/etc/default/saslauthd', '"-m', '"-c -m'),
     'saslauthd', '(-c)', 'OPTIONS'),
    ('a saslauthd that caches', saslauthd, 'saslauthd', '(-c)',
     'systemctl restart saslauthd'),
    ("dovecot's cache",
     lambda site: changed(
         site, '/etc/dovecot/dovecot.conf', text=site.machine.read(
             '/etc/dovecot/dovecot.conf') + 'auth_cache_size = 1M\n'
         'passdb {\n driver = pam\n args = cache_key=%u dovecot\n}\n'),
     'dovecot', 'auth_cache_size', 'auth_cache_size = 0'),
    ("sudo's timestamp",
     lambda site: changed(site, SUDOERS, 'timestamp_timeout=0',
                          'timestamp_timeout=15'),
     'sudo', '15.0 minutes', 'timestamp_timeout=0'),
    ("sudo's timestamp of one user",
     lambda site: changed(site, SUDOERS, 'Defaults:dave rootpw',
                          'Defaults:dave rootpw, timestamp_timeout=5'),
     'sudo', 'of their own', 'timestamp_timeout=0'),
)


def says(lines, subject, text, remedy):
    return any(line['finding'] == 'bad' and line['subject'] == subject and
               text in line['text'] and
               remedy in line['text'] + (line['remedy'] or '')
               for line in lines)


def test_broken(site, name, broken, subject, text, remedy):
    with broken(site):
        status, lines = site.doctor()
    tap.ok(status == 1 and says(lines, subject, text, remedy),
           'bad: ' + name, show(lines))


def test_good(site, when=''):
    status, lines = site.doctor()
    tap.ok(status == 0 and len(lines) > 25 and
           all(line['finding'] == 'good' for line in lines),
           'a good host: nothing but good' + when, show(lines))


def test_people(site):
    """A line each, and no token is no good one."""
    status, out = site.machine.run(['authgear-cache', 'doctor'], check=False)
    lines = out.splitlines()
    tap.ok(status == 0 and len(lines) > 25 and
           all(line.startswith(('good: ', 'cannot be looked at: '))
               for line in lines), 'for people a line each', out)
    tap.ok(any(line.startswith('cannot be looked at: token: ')
               for line in lines), 'no token: that is said, and not good',
           out)


def test_epoch(site):
    """The daemon's own page of answers."""
    folder = '/run/pages'
    os.mkdir(site.machine.path(folder), 0o755)
    os.chown(site.machine.path(folder), *site.machine.ids('authgear'))
    with second(site, '--listen', '127.0.0.1:2970', '--epoch', folder):
        lines = site.doctor()[1]
        tap.ok(any(line['finding'] == 'good' and line['subject'] == 'epoch' and
                   line['text'] == folder + '/daemon' for line in lines),
               "the daemon's page is good", show(lines))
        with mode(site, folder, 0o777):
            status, lines = site.doctor()
    tap.ok(status == 1 and says(lines, 'epoch', folder + '/daemon is no good',
                                'systemctl restart authgear-fcgi'),
           "bad: a folder of pages of everybody's", show(lines))


def test_by_hand(site):
    """A socket that the daemon makes itself has another name for the kernel."""
    folder = '/run/by-hand'
    os.mkdir(site.machine.path(folder), 0o750)
    os.chown(site.machine.path(folder), *site.machine.ids('authgear'))
    with second(site, '--listen', 'unix:%s/nginx.sock' % folder):
        lines = site.doctor()[1]
    tap.ok(any(line['finding'] == 'good' and line['subject'] == 'socket' and
               line['text'].endswith(' may connect to %s/nginx.sock' % folder)
               for line in lines) and not any(
                   'no socket lies there' in line['text'] for line in lines),
           'a socket that was made by hand is good', show(lines))


def test_no_state(site):
    with changed(site, pam_site.SETTINGS, '[authgear]',
                 '[authgear]\nstate = /var/lib/nowhere'):
        status, lines = site.doctor()
    told = [line['subject'] for line in lines]
    tap.ok(status == 1 and told.count('state') == 1 and not
           {'authgear', 'clock'} & set(told) and says(
        lines, 'state', '/var/lib/nowhere: No such file', 'init --user'),
           'no state: one line, and Authgear is not blamed', show(lines))


def test_forged(site):
    """A path with a line end in it reads like another socket's line."""
    inode = next(words[6] for words in map(str.split, site.machine.read(
        '/proc/net/unix').splitlines()) if words[-1] == pam_site.ASK)
    bob = site.machine.ids('bob')[0]
    for of in (inode, '1'):
        text = '\n0: 2 0 00010000 1 01 %s /home/bob;x' % of
        with socket.socket(socket.AF_UNIX) as listener:
            with inside(site.machine.top):
                os.chdir('/home/bob')
                os.makedirs(os.path.dirname(text), exist_ok=True)
                listener.bind(text)
                os.seteuid(bob)
                listener.listen(9)
                os.seteuid(0)
            status, lines = site.doctor()
        tap.ok('bob' not in show(lines) and status == 0,
               "another user's line of sockets is not repeated", show(lines))
        tap.ok(any(line['finding'] == 'unknown' and line['subject'] == 'socket'
                   for line in lines) == (of == inode),
               'but that there are two of one', show(lines))
        site.machine.remove('/home/bob/' + text)


def test_others(site):
    """Who is not root is told so."""
    status, out = site.machine.run(['authgear-cache', 'doctor'], 'alice',
                                   check=False)
    tap.ok(status == 0 and 'cannot be looked at: state, Authgear: ' in out and
           'run this as root' in out, 'another user is told to be root', out)


def test_tokens(site):
    token = site.alice.log_in('session')
    site.alice.log_out('session')
    status, lines = site.doctor(token=token)
    tap.ok(status == 1 and says(lines, 'resolver', 'does not know',
                                'resolver_url'),
           'bad: a session that the resolver does not know', show(lines))
    with settings(site, 'clients = any',
                  'clients = any\naudience = https://elsewhere.example.org'):
        status, lines = site.doctor(token=site.alice['jwt'])
    tap.ok(status == 1 and says(lines, 'policy mail', 'audience',
                                'set audience of [policy mail]'),
           'bad: an audience that no policy takes', show(lines))
    status, lines = site.doctor(token='nonsense')
    tap.ok(any(line['finding'] == 'unknown' for line in lines),
           'a token that is none is not good', show(lines))


def test_clock(site):
    library = site.machine.copy(CLOCK, '/usr/local/lib/wall_clock.so')
    site.machine.write('/run/wall', '3600\n')
    out = site.machine.run(
        ['authgear-cache', 'doctor', '--json'], check=False, environment=[
            'LD_PRELOAD=' + library, 'WALL_CLOCK_FILE=/run/wall'])[1]
    lines = [json.loads(line) for line in out.splitlines() if
             line.startswith('{')]
    tap.ok(says(lines, 'clock', "ahead of Authgear's", 'timedatectl'),
           'bad: a clock an hour ahead', out)


def test_away(site):
    with no_authgear(site):
        status, lines = site.doctor()
    tap.ok(status == 1 and says(lines, 'authgear', '127.0.0.1', 'endpoint'),
           'bad: Authgear that does not answer', show(lines))
    tap.ok(any(line['subject'] == 'clock' and line['finding'] == 'unknown'
               for line in lines), 'its clock cannot be looked at',
           show(lines))


def refuse(_, connection):
    """As authgear-fcgi does, each time with an id of its own."""
    text = b''
    while b'\r\n\r\n' not in text:
        text += connection.recv(65536) or b'\r\n\r\n'
    connection.sendall(
        b'HTTP/1.1 401 No\r\nX-Authgear-Request-Id: %s\r\n'
        b'X-Authgear-Reason: no-credential\r\nContent-Length: 0\r\n'
        b'Connection: close\r\n\r\n' % os.urandom(8).hex().encode())


def test_probe(site):
    with http_server.Server(refuse) as server:
        url, other = server.url(), server.url('/other')
        status, lines = site.doctor('--probe', url, other)
    tap.ok(status == 0 and [line['subject'] for line in lines[-2:]] ==
           ['probe ' + url, 'probe ' + other] and
           all(line['finding'] == 'good' for line in lines),
           'addresses that are closed are good', show(lines))
    status, lines = site.doctor('--probe', url)
    tap.ok(lines[-1]['finding'] == 'unknown' and
           lines[-1]['subject'] == 'probe ' + url,
           'an address that nobody answers at is not', show(lines))
    with http_server.Server(http_server.answer(
            b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')) as server:
        status, lines = site.doctor('--probe', server.url())
    tap.ok(status == 1 and says(lines, 'probe ' + server.url(), 'open: ',
                                'authgear-fcgi --probe'),
           'bad: an address that is open', show(lines))
    status, lines = site.doctor('--probe', 'http://u:secret@127.0.0.1/')
    tap.ok(any(line['finding'] == 'unknown' and line['subject'] ==
               'probe (an address)' for line in lines) and
           'secret' not in show(lines), 'an address with a password is not '
           'asked, nor repeated', show(lines))


def test_log(site):
    """Each change is in the system's log, by its number and who made it."""
    def said(*arguments):
        mark = site.machine.log.mark()
        status, out = site.machine.run(['authgear-cache'] + list(arguments),
                                       check=False)
        return status, [text for _, text in site.machine.log.since(
            mark, 'authgear-cache')], out

    for what, arguments in (
            ('revoke user log-one', ('revoke', 'user', 'log-one')),
            ('block user log-two', ('block', 'user', 'log-two')),
            ('lift', ('lift', 'user', 'log-two')),
            ('map log-three log-three', ('map', 'add', 'log-three',
                                         'log-three')),
            ('unmap log-three', ('map', 'remove', 'log-three')),
            ('keys', ('keys', 'refresh')),
            ('accept', ('accept',))):
        status, lines, out = said(*arguments)
        tap.ok(status == 0 and len(lines) == 1 and ' by root: ' in lines[0] and
               what in lines[0] and re.search(r'change \d+ by', lines[0]),
               'in the log: ' + ' '.join(arguments), (status, lines, out))
    status, lines, out = said('revoke', 'user', 'a\nb', '--reason', 'x\ny')
    tap.ok(not any('\n' in line for line in lines),
           'no line of the log is made by what somebody types', (lines, out))
    said('lift', 'user', 'log-one')


def main():
    with Site() as site:
        site.machine.write('/etc/default/saslauthd', 'MECHANISMS="pam"\n'
                           'OPTIONS="-m /var/run/saslauthd"\n')
        test_good(site)
        test_people(site)
        for row in BROKEN:
            test_broken(site, *row)
        doctor_pam.test(site, changed, show)
        test_epoch(site)
        test_by_hand(site)
        test_forged(site)
        test_others(site)
        test_tokens(site)
        test_clock(site)
        test_no_state(site)
        site.daemon_stop()
        site.daemon_up()
        test_good(site, ' in the end')
        test_probe(site)
        test_log(site)
        test_away(site)
        pam_site.finish(site)
    tap.done()


main()
