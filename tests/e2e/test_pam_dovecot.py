"""dovecot, with the credentials of Authgear as IMAP passwords."""

import pam_root

pam_root.enter()

import pam_cases
import pam_mail
import pam_site
import tap


def main():
    with pam_site.Site() as site:
        pam_cases.run(site, pam_mail.Dovecot(site))
        pam_site.finish(site)
    tap.done()


main()
