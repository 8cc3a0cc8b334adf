#ifndef DOCTOR_WEB_H_
#define DOCTOR_WEB_H_

#include "admin/doctor.h"

/* nginx's configuration, where nginx is there: which locations ask, and what
 * is around the asking.  Runs `nginx -T`. */
void doctor_web(struct doctor *doctor);

#endif /* !DOCTOR_WEB_H_ */
