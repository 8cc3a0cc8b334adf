#ifndef DOCTOR_STATE_H_
#define DOCTOR_STATE_H_

#include "admin/doctor.h"

/* The state directory and what is in it: owners, modes, the group, whether it
 * can be read, the epoch page; it finds the daemon's user. */
void doctor_state(struct doctor *doctor);

#endif /* !DOCTOR_STATE_H_ */
