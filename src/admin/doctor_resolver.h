#ifndef DOCTOR_RESOLVER_H_
#define DOCTOR_RESOLVER_H_

#include "admin/doctor.h"

/* The caller's token, put to Authgear's resolver itself by the daemon's user:
 * no row of status.db answers in its stead. */
void doctor_resolver(struct doctor *doctor, const char *token);

#endif /* !DOCTOR_RESOLVER_H_ */
