#ifndef DOCTOR_AUTHGEAR_H_
#define DOCTOR_AUTHGEAR_H_

#include "admin/doctor.h"

/* Authgear as the daemon's user sees it: metadata, keys, its clock. */
void doctor_authgear(struct doctor *doctor);

#endif /* !DOCTOR_AUTHGEAR_H_ */
