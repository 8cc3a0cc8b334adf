"""Hosts of mail and files: dovecot, Postfix, saslauthd, vsftpd.

    host = pam_mail.Dovecot(site)
"""

import base64
import imaplib
import os
import socket
import struct

import gate
import pam_hosts
import pam_machine
from pam_hosts import ALL, SHORT

DOVECOT = '''
protocols = %(protocols)s
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
auth_verbose = yes
auth_cache_size = 1M
mail_location = maildir:~/Maildir
passdb {
  driver = pam
  args = session=yes setcred=yes max_requests=100 dovecot
}
userdb {
  driver = passwd
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
'''
IMAP = '''
service imap-login {
  inet_listener imap {
    port = %d
  }
  inet_listener imaps {
    port = 0
  }
}
'''
FOR_POSTFIX = '''
service auth {
  unix_listener /var/spool/postfix/private/auth {
    mode = 0660
    user = postfix
    group = postfix
  }
}
'''


class Imap(imaplib.IMAP4):
    """Keeps every byte that came."""

    def open(self, *arguments, **options):
        self.wire = b''
        super().open(*arguments, **options)

    def read(self, size):
        data = super().read(size)
        self.wire += data
        return data

    def readline(self):
        data = super().readline()
        self.wire += data
        return data


class ImapWay(pam_hosts.Way):
    NO = rb'\w+ NO \[AUTHENTICATIONFAILED\] Authentication failed\.\r\n'
    OK = rb'\* CAPABILITY [^\r]+\r\n\w+ OK Logged in\r\n' \
        rb'\* BYE Logging out\r\n'
    BYE = rb'\* BYE Input buffer full, aborting\r\n'
    GREETING = rb'\* OK \[CAPABILITY [^\]]+\] Dovecot \(Debian\) ready\.\r\n' \
        rb'\* CAPABILITY [^\r]+\r\n\w+ OK Pre-login capabilities listed, ' \
        rb'post-login capabilities have more\.\r\n'
    ASKED = {'LOGIN': b'', 'AUTHENTICATE PLAIN': rb'\+ \r\n',
             'AUTHENTICATE LOGIN': rb'\+ VXNlcm5hbWU6\r\n'
             rb'\+ UGFzc3dvcmQ6\r\n'}

    def wire(self, ok, user, _):
        return self.GREETING + self.ASKED[self.name] + (
            self.OK if ok else self.NO)

    def cut(self, user):
        return self.GREETING + self.BYE

    def attempt(self, user, password):
        answers = {b'': '\0%s\0%s' % (user, password), b'Username:': user,
                   b'Password:': password}
        client = Imap('127.0.0.1', self.host.port, gate.PATIENCE)
        try:
            if self.name == 'LOGIN':
                client.login(user, password)
            else:
                client.authenticate(self.name.split()[1], answers.get)
            client.logout()
            return True, client.wire
        except imaplib.IMAP4.error:
            client.shutdown()
            return False, client.wire


class Dovecot(pam_hosts.Host):
    service, policy = 'dovecot', 'mail'

    def __init__(self, site, change=('', '')):
        super().__init__(site)
        text = DOVECOT % {'protocols': 'imap'} + IMAP % self.port
        self.machine.write('/etc/dovecot/dovecot.conf',
                           text.replace(*change))
        self.process = self.machine.start('dovecot', ['dovecot', '-F'])
        self.ready()
        self.ways = (ImapWay(self, 'LOGIN', SHORT),
                     ImapWay(self, 'AUTHENTICATE PLAIN', ALL),
                     ImapWay(self, 'AUTHENTICATE LOGIN', ALL))


class Lines:
    """A conversation in lines, each answered by a reply like "250 OK"."""

    def __init__(self, port):
        self.socket = socket.create_connection(('127.0.0.1', port),
                                               gate.PATIENCE)
        self.stream, self.wire = self.socket.makefile('rb'), b''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()

    def reply(self):
        """The code of the next one; '' at the end."""
        while True:
            line = self.stream.readline()
            self.wire += line
            if not line or line[3:4] != b'-':
                return line[:3].decode()

    def say(self, text):
        self.socket.sendall(text.encode() + b'\r\n')
        return self.reply()


def encoded(text):
    return base64.b64encode(text.encode()).decode()


# --- Postfix, whose passwords dovecot looks at

MAIN = '''
compatibility_level = 3.6
myhostname = mail.test
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
'''
MASTER = '''
%d inet n - n - - smtpd
proxymap unix - - n - - proxymap
'''


class SmtpWay(pam_hosts.Way):
    ASKED = {'AUTH PLAIN': b'', 'AUTH LOGIN': rb'334 VXNlcm5hbWU6\r\n'
             rb'334 UGFzc3dvcmQ6\r\n'}

    def wire(self, ok, user, _):
        return rb'220 mail\.test ESMTP Postfix\r\n' \
            rb'(250[- ][A-Za-z0-9. ]+\r\n)+' + self.ASKED[self.name] + (
                rb'235 2\.7\.0 Authentication successful\r\n' if ok else
                rb'535 5\.7\.8 Error: authentication failed: '
                rb'\(reason unavailable\)\r\n') + \
            rb'221 2\.0\.0 Bye\r\n'

    def attempt(self, user, password):
        with Lines(self.host.port) as lines:
            lines.reply()
            lines.say('EHLO client.test')
            if self.name == 'AUTH PLAIN':
                got = lines.say('AUTH PLAIN ' + encoded('\0%s\0%s' % (
                    user, password)))
            else:
                lines.say('AUTH LOGIN')
                lines.say(encoded(user))
                got = lines.say(encoded(password))
            lines.say('QUIT')
            return got == '235', lines.wire


class Postfix(pam_hosts.Host):
    service, policy = 'dovecot', 'mail'

    def __init__(self, site):
        super().__init__(site)
        self.machine.write('/etc/dovecot/dovecot.conf', DOVECOT % {
            'protocols': ''} + FOR_POSTFIX)
        self.machine.write('/etc/postfix/main.cf', MAIN)
        self.machine.write('/etc/postfix/master.cf', MASTER % self.port)
        self.dovecot = self.machine.start('dovecot', ['dovecot', '-F'])
        gate.until(lambda: self.machine.exists(
            '/var/spool/postfix/private/auth'), "dovecot's socket")
        self.process = self.machine.start('postfix', ['postfix', 'start-fg'])
        self.ready()
        self.ways = (SmtpWay(self, 'AUTH PLAIN', ALL),
                     SmtpWay(self, 'AUTH LOGIN', ALL))


# --- saslauthd, as Cyrus SASL asks it

class SaslWay(pam_hosts.Way):
    tells_code = False

    def wire(self, ok, user, _):
        return b'OK' if ok else b'NO PAM a(uth|cct) error'

    def cut(self, user):
        return b'NO '

    def attempt(self, user, password):
        words = (user, password, self.host.service, '')
        with socket.socket(socket.AF_UNIX) as made:
            made.settimeout(gate.PATIENCE)
            pam_machine.connect(made, self.host.mux)
            made.sendall(b''.join(struct.pack('>H', len(word)) +
                                  word.encode() for word in words))
            data = b''
            while True:
                more = made.recv(4096)
                if not more:
                    break
                data += more
        if struct.unpack('>H', data[:2])[0] != len(data) - 2:
            raise ValueError('saslauthd: %r' % data)
        return data[2:] == b'OK', data[2:]


class Saslauthd(pam_hosts.Host):
    """It ends with a SIGTERM to its whole process group: start() gives it one
    of its own."""

    service, policy, address = 'smtp', 'mail', '-'

    def __init__(self, site, options=()):
        super().__init__(site)
        folder = '/run/saslauthd'
        self.mux = self.machine.path(folder + '/mux')
        os.makedirs(os.path.dirname(self.mux), exist_ok=True)
        self.process = self.machine.start(
            'saslauthd', ['saslauthd', '-d', '-a', 'pam', '-m', folder, '-n',
                          '2', *options])
        gate.until(lambda: os.path.exists(self.mux), 'its socket')
        self.ways = (SaslWay(self, 'saslauthd', SHORT),)


# --- vsftpd

VSFTPD = '''
listen=YES
listen_address=127.0.0.1
listen_port=%d
background=NO
anonymous_enable=NO
local_enable=YES
delay_failed_login=0
secure_chroot_dir=/run/vsftpd/empty
pam_service_name=vsftpd
'''


class FtpWay(pam_hosts.Way):
    tells_code = False

    def wire(self, ok, user, _):
        return rb'220 \(vsFTPd 3\.0\.3\)\r\n' \
            rb'331 Please specify the password\.\r\n' + (
                rb'230 Login successful\.\r\n' if ok else
                rb'530 Login incorrect\.\r\n') + rb'221 Goodbye\.\r\n'

    def attempt(self, user, password):
        with Lines(self.host.port) as lines:
            lines.reply()
            lines.say('USER ' + user)
            got = lines.say('PASS ' + password)
            lines.say('QUIT')
            return got == '230', lines.wire


class Vsftpd(pam_hosts.Host):
    service, policy = 'vsftpd', 'files'

    def __init__(self, site):
        super().__init__(site)
        os.makedirs(self.machine.path('/run/vsftpd/empty'), exist_ok=True)
        self.machine.write('/etc/vsftpd-tests.conf', VSFTPD % self.port)
        self.process = self.machine.start('vsftpd', [
            'vsftpd', '/etc/vsftpd-tests.conf'])
        self.ready()
        self.ways = (FtpWay(self, 'FTP', SHORT),)
