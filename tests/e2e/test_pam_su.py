"""su, sudo and sudo -i, with the credentials of Authgear as passwords."""

import pam_root

# beside others: it has namespaces of its own
pam_root.enter()

import pam_cases
import pam_hosts
import pam_site
import tap


def main():
    with pam_site.Site() as site:
        for host in (pam_hosts.Su, pam_hosts.Sudo, pam_hosts.SudoLogin):
            pam_cases.run(site, host(site))
        pam_site.finish(site)
    tap.done()


main()
