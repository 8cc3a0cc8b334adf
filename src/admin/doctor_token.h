#ifndef DOCTOR_TOKEN_H_
#define DOCTOR_TOKEN_H_

#include "admin/doctor.h"

/* The caller's token, from a file or (NULL) from stdin if something is there:
 * is it known to the resolver, and taken by each policy? */
void doctor_token(struct doctor *doctor, const char *file);

#endif /* !DOCTOR_TOKEN_H_ */
