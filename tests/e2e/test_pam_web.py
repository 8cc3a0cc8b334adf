"""nginx, lighttpd, Apache and CUPS, with the credentials of Authgear as the
passwords of HTTP's Basic."""

import pam_root

pam_root.enter()

import pam_cases
import pam_site
import pam_web
import tap


def main():
    with pam_site.Site() as site:
        for host in (pam_web.Nginx, pam_web.Lighttpd, pam_web.Apache,
                     pam_web.Cups):
            pam_cases.run(site, host(site))
        pam_site.finish(site)
    tap.done()


main()
