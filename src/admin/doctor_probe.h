#ifndef DOCTOR_PROBE_H_
#define DOCTOR_PROBE_H_

#include "admin/doctor.h"

/* What 'authgear-fcgi --probe', the one beside this program, finds at an
 * address. */
void doctor_probe(struct doctor *doctor, const char *url);

#endif /* !DOCTOR_PROBE_H_ */
