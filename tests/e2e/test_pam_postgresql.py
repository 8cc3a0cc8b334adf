"""PostgreSQL, with the credentials of Authgear as passwords of its roles."""

import pam_root

# beside others: it has namespaces of its own
pam_root.enter()

import pam_cases
import pam_hosts
import pam_site
import process
import tap
from pam_cases import Lines, has

BY_LIBPAM = (3, 'auth', 'conversation failed')


def psql(site, host, *environment):
    return site.machine.run(
        ['psql', '-w', '-h', '127.0.0.1', '-p', str(host.port), '-U', 'alice',
         '-At', '-c', 'SELECT current_user', 'postgres'], 'alice',
        environment=environment, check=False)


def test_client(site, host):
    """psql itself."""
    for kind in ('opaque', 'session', 'jwt'):
        got = psql(site, host, 'PGPASSWORD=' + site.alice[kind])
        tap.equal(got, (0, 'alice\n'), 'psql: ' + kind)
    lines = Lines(site, 'postgresql')
    status, said = psql(site, host)
    tap.ok(status != 0 and 'no password supplied' in said, 'psql without a '
           'password', said)
    # psql does not wait for the server's end of it
    tap.ok(process.eventually(lambda: has(lines.all(), [BY_LIBPAM])) and
           not lines.asked(), 'PAM is called all the same: nobody is asked',
           lines.all())


def test_group(site, host):
    """A server that may not connect to the socket is told so."""
    site.machine.run(['gpasswd', '-d', 'postgres', 'authgear-ask'])
    site.machine.stop(host.process)
    host = pam_hosts.Postgres(site)
    lines = Lines(site, 'postgresql')
    got = host.ways[0].login('alice', site.alice['session'])
    pam_cases.check(host.ways[0], got, 'not a member of authgear-ask', False,
                    lines.all(), [(pam_cases.WARNING, 'auth',
                                   'Permission denied')],
                    text=pam_hosts.UNAVAIL)


def main():
    with pam_site.Site() as site:
        host = pam_hosts.Postgres(site)
        test_client(site, host)
        pam_cases.run(site, host)
        test_group(site, host)
        pam_site.finish(site)
    tap.done()


main()
