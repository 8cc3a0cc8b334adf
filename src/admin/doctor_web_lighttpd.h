#ifndef DOCTOR_WEB_LIGHTTPD_H_
#define DOCTOR_WEB_LIGHTTPD_H_

#include "admin/doctor.h"

/* What `lighttpd -p' prints, read line by line: the text is changed. */
void doctor_web_lighttpd(struct doctor *doctor, char *text);

#endif /* !DOCTOR_WEB_LIGHTTPD_H_ */
