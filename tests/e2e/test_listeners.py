"""What --listen and --log make of the daemon: IPv6, mode and group of the
socket file, sockets that are taken, a start that fails without a syslog."""

import grp
import os
import socket
import stat
import subprocess

import fastcgi
import gate
import tap


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(('::1', 0))
        return True
    except OSError:
        return False


def start(site, name, *listen, arguments=()):
    command = [tap.program('authgear-fcgi'), '--config', site.config]
    for spec in listen:
        command += ['--listen', spec]
    daemon = gate.Process(name, command + list(arguments), site.folder)
    return daemon


def run(site, *arguments):
    """Of a start that fails: (status, what it said)"""
    done = subprocess.run(
        [tap.program('authgear-fcgi'), *arguments], check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, timeout=gate.PATIENCE, cwd=site.folder)
    return done.returncode, done.stderr.decode('utf-8', 'replace')


def ask_ipv6(port, wanted):
    with socket.socket(socket.AF_INET6) as peer:
        peer.settimeout(gate.PATIENCE)
        peer.connect(('::1', port))
        peer.sendall(fastcgi.request(wanted))
        return fastcgi.receive(peer)


def test_ipv6(site, token):
    if not has_ipv6():
        tap.skip('[::1]', 'no IPv6 here')
        return
    with start(site, 'ipv6', '[::1]:0') as daemon:
        daemon.wait_for('ready: listening on [::1]:')
        text = daemon.log().split('listening on [::1]:')[1]
        port = int(text.split()[0])
        gate.until(lambda: ask_ipv6(port, fastcgi.bearer(token)).status == 200,
                   'a grant')
        tap.ok(True, 'a grant over [::1]')
        tap.equal(ask_ipv6(port, fastcgi.bearer('x')).status, 401,
                  'a refusal over [::1]')
        tap.equal(daemon.stop(), 0, 'ends with 0')


def other_group():
    """One that we may give a file to, and are not in by default."""
    mine = os.getegid()
    if os.geteuid() == 0:
        groups = [entry.gr_gid for entry in grp.getgrall()]
    else:
        groups = os.getgroups()
    for number in groups:
        if number != mine:
            try:
                return grp.getgrgid(number)
            except KeyError:
                continue
    return None


def test_file(site, token):
    path = os.path.join(site.folder, 'mode.sock')
    group = other_group()
    spec = 'unix:%s,mode=0620' % path
    if group is None:
        tap.skip('group=', 'no second group to give a file to')
    else:
        spec += ',group=' + group.gr_name
    with start(site, 'mode', spec) as daemon:
        daemon.wait_for('ready: listening on')
        made = os.stat(path)
        tap.equal(stat.S_IMODE(made.st_mode), 0o620, 'the mode')
        if group is not None:
            tap.equal(made.st_gid, group.gr_gid, 'the group')
        gate.until(lambda: fastcgi.ask(
            path, fastcgi.bearer(token)).status == 200, 'a grant')
        status, said = run(site, '--config', site.config, '--listen',
                           'unix:' + path)
        tap.ok(status == 1 and 'another process listens' in said,
               'a second daemon is refused', said)
        tap.equal(fastcgi.ask(path, fastcgi.bearer(token)).status, 200,
                  'and the first one goes on')
        daemon.kill()
    tap.ok(os.path.exists(path), 'killed, it leaves the file')
    with start(site, 'again', spec) as daemon:
        daemon.wait_for('ready: listening on')
        gate.until(lambda: fastcgi.ask(
            path, fastcgi.bearer(token)).status == 200, 'a grant')
        tap.equal(daemon.stop(), 0, 'which the next one replaces')
    with open(path, 'wb'):
        pass
    status, said = run(site, '--config', site.config, '--listen',
                       'unix:' + path)
    tap.ok(status == 1 and 'no socket' in said and os.path.exists(path),
           'a file that is no socket is left alone', said)
    status, said = run(site, '--config', site.config, '--listen',
                       'unix:%s,group=no-such-group' % path)
    tap.ok(status != 0 and 'no group' in said, 'an unknown group', said)


def test_syslog(site):
    status, said = run(site, '--config', site.folder + '/none.conf',
                       '--log', 'syslog', '--listen', '127.0.0.1:0')
    tap.ok(status == 1 and 'none.conf' in said,
           'a start that fails says so on stderr too', said)


def main():
    with gate.Site() as site:
        token = site.sim.token(lifetime=3000)
        test_ipv6(site, token)
        test_file(site, token)
        test_syslog(site)
    tap.done()


if __name__ == '__main__':
    main()
