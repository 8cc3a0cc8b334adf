#ifndef DOCTOR_PAM_H_
#define DOCTOR_PAM_H_

#include "admin/doctor.h"

/* The services that name pam_authgear.so, and who answers at their sockets. */
void doctor_pam(struct doctor *doctor);

#endif /* !DOCTOR_PAM_H_ */
