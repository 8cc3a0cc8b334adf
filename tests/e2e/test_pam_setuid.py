"""su, which runs as root in the environment of whoever calls it: nothing that
stands there makes a file, an access or another result."""

import pam_root

# beside others: it has namespaces of its own
pam_root.enter()

import socket
import threading

import pam_cases
import pam_hosts
import pam_machine
import pam_site
import tap

OUT = '/tmp/out'
PRELOADED = '/tmp/preload.so'
# what the daemon and su write each time
OWN = ('/var/lib/authgear/daemon/', '/var/log/btmp', '/var/log/wtmp',
       '/var/log/lastlog', '/run/utmp')


class Nobody:
    """A listener that only counts who comes."""

    def __init__(self, made):
        self.socket, self.came = made, 0
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self):
        while True:
            if self.socket.type == socket.SOCK_DGRAM:
                self.socket.recv(65536)
            else:
                self.socket.accept()[0].close()
            self.came += 1


def proxy():
    made = socket.socket()
    made.bind(('127.0.0.1', 0))
    made.listen(64)
    return Nobody(made), 'http://127.0.0.1:%d' % made.getsockname()[1]


def notified(machine, name):
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    pam_machine.bind(made, machine.path(name), 0o666)
    return Nobody(made)


def environment(address):
    """What has done harm in other modules, and what is named like ours."""
    files = ('SSLKEYLOGFILE', 'OPENSSL_CONF', 'OPENSSL_MODULES',
             'PAM_TEST_LOG', 'MALLOC_TRACE', 'GCONV_PATH', 'KRB5_CONFIG',
             'KRB5CCNAME', 'KRB5_TRACE', 'LOCPATH', 'SSL_CERT_FILE',
             'CURL_HOME', 'NETRC', 'LD_DEBUG_OUTPUT', 'AUTHGEAR_CONFIG',
             'AUTHGEAR_LOG', 'AUTHGEAR_SOCKET', 'AUTHGEAR_STATE',
             'HOSTALIASES', 'RESOLV_HOST_CONF')
    given = ['%s=%s/%s' % (name, OUT, name) for name in files]
    given += ['%s=%s' % (name, OUT) for name in
              ('SQLITE_TMPDIR', 'TMPDIR', 'HOME', 'XDG_CONFIG_HOME')]
    given += ['%s=%s' % (name, address) for name in
              ('http_proxy', 'https_proxy', 'HTTPS_PROXY', 'ALL_PROXY',
               'AUTHGEAR_ENDPOINT')]
    return given + [
        'LD_PRELOAD=' + PRELOADED, 'LD_AUDIT=' + PRELOADED, 'LD_DEBUG=all',
        'LD_LIBRARY_PATH=' + OUT, 'NOTIFY_SOCKET=%s/notify' % OUT,
        'AUTHGEAR_POLICY=anything', 'AUTHGEAR_ACCOUNT=root', 'AUTHGEAR_ASK=0',
        'AUTHGEAR_DECISION=granted', 'REMOTE_USER=root', 'LISTEN_FDS=3',
        'REMOTE_ADDR=203.0.113.1', 'PAM_TEST_FAIL=1', 'USER=root',
        'LOGNAME=root', 'LC_ALL=tlh', 'TZ=:%s/zone' % OUT]


class HostileWay(pam_hosts.SuWay):
    """su from carol's shell, with an environment of hers."""

    given = ()

    def attempt(self, user, password):
        status, shown = self.host.machine.terminal(
            ['su', user, '-c', 'id -un'], [('Password: ', password)],
            'carol', self.given)
        return status == 0, shown.encode()


def without(lines):
    """As they are but for what is new each time."""
    return [' '.join(word for word in line[2].split()
                     if not word.startswith('request=')) for line in lines]


def test_results(site, host, given, note=''):
    plain, hostile = pam_hosts.SuWay(host, 'su', {}), \
        HostileWay(host, 'su, hostile environment', {})
    hostile.given = given
    for user, password, ok, what in (
            ('alice', site.alice['session'], True, 'a good cookie'),
            ('alice', site.alice['jwt'], True, 'a good JWT'),
            ('alice', site.alice['opaque'], True, 'a good opaque token'),
            ('bob', site.alice['session'], False, "somebody else's"),
            ('root', site.root['session'], False, 'root'),
            ('toor', site.toor['session'], False, 'uid 0'),
            ('alice', pam_root.UNIX_PASSWORD, True, 'a Unix password'),
            ('alice', 'wrong', False, 'a wrong one')):
        got, said = [], []
        for way in (plain, hostile):
            lines = pam_cases.Lines(site, 'su')
            got.append(way.login(user, password))
            said.append(without(lines.all()))
        tap.ok(got[0].ok == got[1].ok == ok, '%s: the result%s' % (what, note), got)
        tap.equal(got[1].wire, got[0].wire, '%s: the terminal%s' % (what,
                                                             note))
        tap.equal(said[1], said[0], '%s: the log%s' % (what, note))


def test_control(machine):
    """What would be seen if the environment counted."""
    plain = machine.copy(tap.program('tests/e2e/pam_host'), '/tmp/pam_host')
    machine.run([plain, '/etc/pam.d', 'postgresql', 'alice', 'auth'], 'carol',
                pam_root.UNIX_PASSWORD, ['LD_PRELOAD=' + PRELOADED,
                                         'PAM_TEST_LOG=%s/control' % OUT])
    tap.ok(OUT + '/control' in machine.files(OWN),
           'a host that is not set-uid does make its file')


def main():
    with pam_site.Site() as site:
        machine = site.machine
        machine.run(['mkdir', '-m', '777', OUT])
        machine.copy(tap.program('tests/e2e/.libs/pam_preload.so'), PRELOADED)
        nobody, address = proxy()
        told = notified(machine, OUT + '/notify')
        # the recipe, with opaque tokens, and Unix passwords of another shape
        site.pam('su', drop=['accept=jwt,session'])
        host = pam_hosts.Su(site)
        host.machine.terminal(['su', 'bob', '-c', 'true'],
                              [('Password: ', 'x')], 'carol')
        before = machine.files(OWN)
        test_results(site, host, environment(address))
        site.daemon_down()
        test_results(site, host, environment(address), ', no daemon')
        made = {name: value for name, value in machine.files(OWN).items()
                if before.get(name) != value}
        tap.equal(made, {}, 'no file is made or changed')
        tap.equal(nobody.came, 0, 'no proxy is contacted')
        tap.equal(told.came, 0, 'nothing is sent to NOTIFY_SOCKET')
        test_control(machine)
        pam_site.finish(site)
    tap.done()


main()
