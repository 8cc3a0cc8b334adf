"""Services of PAM for test_doctor.py, as libpam goes through them: what ends a
substack ends no more than that, and a reset forgets a denial."""

import tap

SERVICE = '/etc/pam.d/sshd'
ACCOUNT = 'account required                                           ' \
    'pam_authgear'
PLACE = '/etc/pam.d/common-more'

# what stands above the account line and behind it, the control that it has,
# what is included; a part of what a bad line says, '' where all is good
ROWS = (
    ('a substack above that suffices', 'account substack common-more', '',
     'required', 'account sufficient pam_localuser.so', ''),
    ('a jump in it', 'account substack common-more', '', 'required',
     'account [success=9 default=ignore] pam_localuser.so', ''),
    ('a jump over it', 'account [success=1 default=ignore] pam_localuser.so\n'
     'account substack common-more', '', 'required',
     'account required pam_permit.so\naccount required pam_permit.so', ''),
    ('a jump over it and ours', 'account [success=2 default=ignore] '
     'pam_localuser.so\naccount substack common-more', '', 'required',
     'account required pam_permit.so\naccount required pam_permit.so',
     'stands behind pam_localuser.so'),
    ('the same included', 'account include common-more', '', 'required',
     'account sufficient pam_localuser.so', 'stands behind pam_localuser.so'),
    ('the same by @include', '@include common-more', '', 'required',
     'account sufficient pam_localuser.so', 'stands behind pam_localuser.so'),
    ('a reset behind it', '', 'account [default=reset] pam_permit.so',
     'required', '', 'behind its account line pam_permit.so may say reset'),
    ('a reset of one value behind it', '',
     'account [success=ok new_authtok_reqd=reset default=bad] pam_permit.so',
     'requisite', '', ''),
    ('a reset that is included behind it', '', '@include common-more',
     'required', 'account [success=ok user_unknown=reset] pam_permit.so',
     'may say reset'),
    ('a reset in a substack behind it', '', 'account substack common-more',
     'required', 'account [success=ok user_unknown=reset] pam_permit.so', ''),
    ('a reset above it', 'account [default=reset] pam_permit.so', '',
     'required', '', ''),
    ('reset by itself', '', '', '[success=ok default=reset]', '',
     'loses a denial'),
    ('a denial that is the answer', '', '', '[default=ok]', '', ''),
    ('done before others', '', '', '[success=done default=bad]', '',
     'ends the phase or its substack'),
)


def test(site, changed, show):
    for name, above, behind, control, more, text in ROWS:
        line = '%s\naccount %s pam_authgear' % (above, control)
        site.machine.write(PLACE, more + '\n')
        before = site.machine.read(SERVICE)
        ours = [row for row in before.splitlines()
                if row.startswith(ACCOUNT)][0]
        after = before.replace(ours, ours.replace(ACCOUNT, line) + '\n' +
                               behind)
        with changed(site, SERVICE, text=after):
            status, lines = site.doctor()
        bad = [row for row in lines if row['finding'] == 'bad']
        tap.ok(all(row['subject'] == 'pam sshd' and text in row['text']
                   for row in bad) and len(bad) == (text != '') == status,
               '%s: %s' % ('bad' if text else 'good', name), show(bad))
    site.machine.remove(PLACE)
