"""sshd, and each way to log in there.

    host = pam_ssh.Sshd(site)
"""

import socket

import paramiko

import gate
import pam_hosts
from pam_hosts import ALL, SHORT

SSHD = '''
Port %d
ListenAddress 127.0.0.1
UsePAM yes
PasswordAuthentication yes
KbdInteractiveAuthentication yes
PermitRootLogin yes
PidFile none
MaxStartups 200
LogLevel DEBUG1
'''


class ParamikoWay(pam_hosts.Way):
    """What a client without the OpenSSH client's limits may send."""

    shell = 'id -un'

    def wire(self, ok, user, _):
        asked = rb'(Password: \n)?' if self.name == 'password' else \
            rb'Password: \n'
        return asked + (b'%s\n' % user.encode() if ok else b'')

    def attempt(self, user, password):
        wire = []

        def answer(title, text, prompts):
            wire.extend([title, text] + [prompt + '\n' for prompt, _ in
                                         prompts])
            return [password] * len(prompts)
        with socket.create_connection(('127.0.0.1', self.host.port),
                                      gate.PATIENCE) as made:
            transport = paramiko.Transport(made)
            transport.banner_timeout = transport.auth_timeout = gate.PATIENCE
            try:
                transport.start_client(timeout=gate.PATIENCE)
                if self.name == 'password':
                    transport.auth_password(user, password, fallback=False)
                else:
                    transport.auth_interactive(user, answer)
                wire.append(self.command(transport))
                return True, ''.join(wire).encode()
            except paramiko.SSHException:
                wire.append((transport.get_banner() or b'').decode())
                return False, ''.join(wire).encode()
            finally:
                transport.close()

    def command(self, transport):
        channel = transport.open_session(timeout=gate.PATIENCE)
        channel.settimeout(gate.PATIENCE)
        channel.set_combine_stderr(True)
        channel.exec_command(self.shell)
        said = b''
        while True:
            data = channel.recv(65536)
            if not data:
                return said.decode()
            said += data


class OpensshWay(pam_hosts.Way):
    asks_of_cut = True
    told_of_cut = ((5, 'auth', 'refused: '), (
        5, 'auth', 'credential is 1023 bytes of a longer token: the OpenSSH '
        'client cuts passwords at 1023; use an opaque token or a session '
        'cookie value'))

    def wire(self, ok, user, _):
        prompt = rb"\r%s@127\.0\.0\.1's password: \r\n" % user.encode()
        # after a denial in account sshd hangs up
        return prompt + (b'%s\r\n' % user.encode() if ok else
                         rb'(%s@127\.0\.0\.1: Permission denied '
                         rb'\([a-z,-]+\)\.\r\r\n)?' % user.encode())

    def attempt(self, user, password):
        status, shown = self.host.machine.terminal(
            ['ssh', '-F', 'none', '-p', str(self.host.port), '-o',
             'StrictHostKeyChecking=no', '-o',
             'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR', '-o',
             'PreferredAuthentications=password', '-o',
             'NumberOfPasswordPrompts=1', '%s@127.0.0.1' % user, 'id -un'],
            [('password: ', password)], 'carol')
        return status == 0, shown.encode()


class Sshd(pam_hosts.Host):
    service, policy, hides_unknown = 'sshd', 'shell', True

    def __init__(self, site, settings=''):
        super().__init__(site)
        self.machine.write('/etc/ssh/tests.conf', SSHD % self.port + settings)
        self.machine.run(['mkdir', '-p', '/run/sshd'])
        self.process = self.machine.start(
            'sshd', ['/usr/sbin/sshd', '-D', '-f', '/etc/ssh/tests.conf'])
        self.ready()
        self.ways = (ParamikoWay(self, 'password', SHORT),
                     ParamikoWay(self, 'keyboard-interactive', ALL),
                     OpensshWay(self, 'the OpenSSH client', SHORT))
