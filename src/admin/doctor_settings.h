#ifndef DOCTOR_SETTINGS_H_
#define DOCTOR_SETTINGS_H_

#include "admin/doctor.h"

/* The settings file; `error` is why it cannot be read, where it cannot. */
void doctor_settings(struct doctor *doctor, const struct error *error);

#endif /* !DOCTOR_SETTINGS_H_ */
