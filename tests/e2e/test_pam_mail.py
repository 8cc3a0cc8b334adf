"""dovecot, Postfix, saslauthd and vsftpd, with the credentials of Authgear as
passwords."""

import pam_root

# beside others: it has namespaces of its own
pam_root.enter()

import pam_cases
import pam_mail
import pam_site
import tap


def main():
    with pam_site.Site() as site:
        dovecot = pam_mail.Dovecot(site)
        pam_cases.run(site, dovecot)
        # Postfix comes with one of its own
        site.machine.stop(dovecot.process)
        for host in (pam_mail.Postfix, pam_mail.Saslauthd, pam_mail.Vsftpd):
            pam_cases.run(site, host(site))
        pam_site.finish(site)
    tap.done()


main()
