#ifndef DOCTOR_CACHE_H_
#define DOCTOR_CACHE_H_

#include "admin/doctor.h"

/* What keeps logins above PAM, so that who was revoked is let in: saslauthd,
 * dovecot, sudo.  Looked at where a service names the module. */
void doctor_cache(struct doctor *doctor);

#endif /* !DOCTOR_CACHE_H_ */
