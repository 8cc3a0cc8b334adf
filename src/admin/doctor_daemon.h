#ifndef DOCTOR_DAEMON_H_
#define DOCTOR_DAEMON_H_

#include "admin/doctor.h"

/* The daemons that read these settings: whose they are, whether what they run
 * by is what lies on the disk, and where they listen. */
void doctor_daemon(struct doctor *doctor);

#endif /* !DOCTOR_DAEMON_H_ */
