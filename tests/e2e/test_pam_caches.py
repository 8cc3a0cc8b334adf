"""What README warns of: caches above PAM, and connections that stay, let
whoever was revoked in.  Nothing here can change that; without them, he is
refused at once."""

import pam_root

# beside others: it has namespaces of its own
pam_root.enter()

import imaplib

import gate
import pam_cases
import pam_hosts
import pam_mail
import pam_site
import pam_web
import tap
from pam_cases import NOTICE

# in place of what: what
DOVECOT = ('args = ', 'args = cache_key=%u ')
LIGHTTPD = ('auth.backend = ', 'auth.cache = ("max-age" => "600")\n'
            'auth.backend = ')
APACHE = ('AuthBasicProvider PAM', 'AuthBasicProvider socache PAM\n'
          'AuthnCacheProvideFor PAM')
SUDO = 'Defaults timestamp_timeout=15, timestamp_type=global\n'


class CachingSudo(pam_hosts.Sudo):
    def __init__(self, site):
        super().__init__(site)
        self.machine.write('/etc/sudoers.d/zz-cache', SUDO, 0o440)


HOSTS = (
    ('saslauthd -c', lambda site: pam_mail.Saslauthd(site, ['-c'])),
    ('dovecot: cache_key', lambda site: pam_mail.Dovecot(site, DOVECOT)),
    ('lighttpd: auth.cache', lambda site: pam_web.Lighttpd(site, LIGHTTPD)),
    ('Apache: AuthnCacheProvideFor', lambda site: pam_web.Apache(
        site, APACHE)),
    ("sudo's timestamp", CachingSudo),
)


def test_cache(site, name, make):
    host = make(site)
    way = host.ways[0]
    password = site.alice.log_in('session')
    tap.ok(way.login('alice', password).ok, name + ': a login')
    site.revoke(password)
    lines = pam_cases.Lines(site, host.service)
    if host.service == 'sudo':
        ok = site.machine.run(['sudo', '-n', 'id', '-un'], 'alice',
                              check=False) == (0, 'root\n')
    else:
        ok = way.login('alice', password).ok
    said = lines.all()
    tap.ok(ok and not said, name + ': revoked, and in all the same; PAM is '
           'not asked', (ok, said))
    if host.process:
        site.machine.stop(host.process)


def test_connections(site):
    """Who is in stays in, until he logs in again."""
    imap = pam_mail.Dovecot(site)
    password = site.alice.log_in('session')
    client = imaplib.IMAP4('127.0.0.1', imap.port, gate.PATIENCE)
    client.login('alice', password)
    site.revoke(password)
    site.cache('block', 'user', site.alice.name)
    tap.equal(client.select()[0], 'OK', 'IMAP: blocked, and the mailbox of '
              'a connection that was there opens')
    client.logout()
    t = pam_cases.Trial(site, imap.ways[0])
    t.expect('the next one is refused', password, False,
             [(NOTICE, 'auth', 'refused: ')])
    site.cache('lift', 'user', site.alice.name)


def main():
    with pam_site.Site() as site:
        for name, make in HOSTS:
            test_cache(site, name, make)
        test_connections(site)
        pam_site.finish(site)
    tap.done()


main()
