#ifndef DOCTOR_SOCKET_H_
#define DOCTOR_SOCKET_H_

#include "admin/doctor.h"

/* Where a process listens, and who may connect there. */
void doctor_socket(struct doctor *doctor, long pid);

#endif /* !DOCTOR_SOCKET_H_ */
