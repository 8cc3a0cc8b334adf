"""examples/systemd under a real systemd: a forgotten init, priorities in the
journal, a socket that is added, a restart while requests come in, a state
elsewhere; each by the commands that the files and messages name."""

import os
import re

import asking
import fastcgi
import gate
import load
import machine
import servers
import tap

UNIT = 'authgear-fcgi.service'
NGINX = '/run/authgear/nginx.sock'
LOGIN = '/run/authgear/login.sock'
ASK = '/run/authgear/ask.sock'
SETTINGS = '''[authgear]
endpoint = http://127.0.0.1:9
state = %s

[policy default]
login_client = web
login_return = http://127.0.0.1:9/authgear-login
'''


def install(booted):
    """As README tells, but for init; the programs stay in the build."""
    booted.write('/etc/authgear/authgear.conf', SETTINGS % '/var/lib/authgear')
    for name, place in (('sysusers', 'sysusers.d'),
                        ('tmpfiles', 'tmpfiles.d')):
        booted.write('/etc/%s/authgear.conf' % place, servers.example(
            'systemd/authgear.%s.conf' % name, []))
    booted.run('systemd-sysusers')
    booted.run('systemd-tmpfiles', '--create', 'authgear.conf')
    booted.write('/etc/systemd/system/' + UNIT, servers.example(
        'systemd/' + UNIT, [('/usr/sbin/authgear-fcgi',
                             '/mnt/build/authgear-fcgi', 1)]))
    put_socket(booted, 'nginx')


def put_socket(booted, name):
    """The unit; the commands that its comment names."""
    text = servers.example('systemd/authgear-fcgi-%s.socket' % name, [])
    booted.write('/etc/systemd/system/authgear-fcgi-%s.socket' % name, text)
    booted.run('systemctl', 'daemon-reload')
    return re.findall(r'(?m)^#   (systemctl .*)$', text)


def init(booted):
    booted.run('/mnt/build/authgear-cache', 'init', '--user', 'authgear',
               '--config', '/etc/authgear/authgear.conf')


def is_active(booted, unit=UNIT):
    return booted.run('systemctl', 'is-active', unit,
                      check=False).stdout.strip() == 'active'


def ask(booted, path, **params):
    return fastcgi.ask(booted.path(path), dict(
        params, REQUEST_METHOD='GET', AUTHGEAR_POLICY='default'),
        fastcgi.RESPONDER, timeout=gate.PATIENCE)


def main_pid(booted):
    return booted.run('systemctl', 'show', '-P', 'MainPID', UNIT).stdout


def test_forgotten_init(booted):
    started = booted.run('systemctl', 'enable', '--now',
                         'authgear-fcgi-nginx.socket', UNIT, check=False)
    tap.ok(started.returncode != 0, 'without init: the start fails')
    booted.wait_said("'authgear-cache init --user NAME'")
    found = [row for row in booted.said('-p', 'err')
             if '/var/lib/authgear' in row[2] and 'init' in row[2]]
    tap.ok(found, 'an error of the daemon itself names init', booted.said())
    init(booted)
    gate.until(lambda: is_active(booted), 'the daemon')
    tap.ok(True, 'after init it comes up by itself')


def test_journal(booted):
    tap.equal(ask(booted, NGINX).status, 401, 'a refusal')
    booted.wait_said('reason=no-credential')
    rows = booted.said()
    tap.equal({row[1] for row in rows}, {'authgear-fcgi'},
              'the name of each line')
    tap.ok(not any('authgear-fcgi[' in row[2] for row in rows),
           'and not once more in it', rows)
    for text, priority in (('ready: ', 6), ('reason=no-credential', 6),
                           ('warning: ', 4), ('error: ', 3)):
        tap.equal({row[0] for row in rows if text in row[2]}, {priority},
                  '%r has priority %d' % (text, priority))


def test_explained(booted):
    """Lines of the daemon, as the journal notes whose they are."""
    said = [re.search(r'request=([0-9a-f]{16})', row[2])
            for row in booted.said() if 'reason=no-credential' in row[2]]
    request = said[-1].group(1)
    explain = ['/mnt/build/authgear-cache', 'explain', '--config',
               '/etc/authgear/authgear.conf', '--request']
    run = booted.run(*explain, request, check=False)
    tap.ok(run.returncode == 0 and 'denied, no-credential' in run.stdout,
           'a refusal of the journal is explained', run.stdout)
    forged = '%016x' % (int(request, 16) ^ 1)
    booted.run('setpriv', '--reuid=1234', '--clear-groups', 'logger', '-t',
               'authgear-fcgi', '--', 'decision=denied reason=revoked '
               'request=%s' % forged)
    gate.until(lambda: forged in booted.run(
        'journalctl', '--identifier=authgear-fcgi').stdout, 'that line')
    run = booted.run(*explain, forged, check=False)
    tap.ok(run.returncode == 1 and 'no decision' in run.stdout,
           'and none of another user', run.stdout)


def test_signals(booted):
    pid = main_pid(booted)
    reload = booted.run('systemctl', 'reload', UNIT, check=False)
    tap.ok(reload.returncode != 0, 'there is no reload', reload.stdout)
    booted.run('systemctl', 'kill', '-s', 'HUP', UNIT)
    booted.wait_said('SIGHUP changes nothing')
    tap.ok(is_active(booted) and main_pid(booted) == pid,
           'SIGHUP does not end it')


def test_socket_added(booted):
    commands = put_socket(booted, 'login')
    tap.ok(commands, 'the socket says how it is added')
    for command in commands:
        done = booted.run('sh', '-c', command, check=False)
        tap.equal(done.returncode, 0, command)
    gate.until(lambda: is_active(booted), 'the daemon')
    tap.ok(is_active(booted, 'authgear-fcgi-login.socket'), 'it is there')
    tap.equal(ask(booted, LOGIN, QUERY_STRING='state=/').status // 100, 3,
              'and served: a browser that comes back is sent on')
    tap.equal(ask(booted, NGINX).status, 401, 'the other one too')


def test_ask_added(booted):
    """The socket of PAM modules, and whose it is."""
    for command in put_socket(booted, 'ask'):
        done = booted.run('sh', '-c', command, check=False)
        tap.equal(done.returncode, 0, command)
    gate.until(lambda: is_active(booted), 'the daemon')
    found = booted.run('stat', '-c', '%U %G %a', ASK).stdout.split()
    tap.equal(found, ['root', 'authgear-ask', '660'], 'whose socket it is')
    got = asking.ask(booted.path(ASK), policy='default', phase='account')
    tap.equal(asking.verdict(got), asking.NOT_BLOCKED,
              'and served: an account of nobody who is blocked')
    got = asking.ask(booted.path(ASK), policy='default')
    tap.equal(asking.verdict(got), ('denied', 401, 'malformed'),
              'phase auth without a credential')


def test_restart(booted):
    with load.Client(lambda: ask(booted, NGINX), 401) as client:
        for _ in range(3):
            pid = main_pid(booted)
            booted.run('systemctl', 'restart', UNIT)
            client.some()
            tap.ok(main_pid(booted) != pid, 'a restart')
    tap.equal(client.wrong, [], 'every request meanwhile was answered')


def test_elsewhere(booted):
    """The drop-in, word for word as the message has it."""
    booted.write('/etc/authgear/authgear.conf', SETTINGS % '/srv/authgear')
    init(booted)
    booted.run('systemctl', 'restart', UNIT, check=False)
    booted.wait_said('/srv/authgear/daemon cannot be written')
    said = [row[2] for row in booted.said('-p', 'err')
            if '/srv/authgear/daemon' in row[2]][-1]
    named = re.search(r"systemctl edit (\S+)' and add the lines '(.*)' and "
                      "'(.*)'", said)
    if not tap.ok(named, 'a state elsewhere: the drop-in is named', said):
        return
    booted.write('/etc/systemd/system/%s.service.d/override.conf' %
                 named.group(1), '%s\n%s\n' % named.groups()[1:])
    booted.run('systemctl', 'daemon-reload')
    booted.run('systemctl', 'restart', UNIT)
    tap.ok(is_active(booted) and os.path.exists(
        booted.path('/srv/authgear/daemon/status.db')), 'and it helps')
    tap.equal(ask(booted, NGINX).status, 401, 'requests are answered')


def main():
    why = machine.missing()
    if why is not None:
        tap.skip('the units under systemd', why)
        tap.done()
    with machine.Machine() as booted:
        install(booted)
        test_forgotten_init(booted)
        test_journal(booted)
        test_explained(booted)
        test_signals(booted)
        test_socket_added(booted)
        test_ask_added(booted)
        test_restart(booted)
        test_elsewhere(booted)
    tap.done()


if __name__ == '__main__':
    main()
