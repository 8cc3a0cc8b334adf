#ifndef DOCTOR_ASK_H_
#define DOCTOR_ASK_H_

#include "admin/doctor.h"
#include "pam/pam_options.h"

/* Who listens where a service asks, and does it answer?  Said once of each
 * socket. */
void doctor_ask(struct doctor *doctor, const struct pam_options *options);

#endif /* !DOCTOR_ASK_H_ */
