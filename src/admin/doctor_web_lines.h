#ifndef DOCTOR_WEB_LINES_H_
#define DOCTOR_WEB_LINES_H_

#include "admin/doctor.h"

/* What `apache2 -t -D DUMP_CONFIG` and `lighttpd -p` print, read line by line:
 * the text is changed. */
void doctor_web_lines_apache(struct doctor *doctor, char *text);
void doctor_web_lines_lighttpd(struct doctor *doctor, char *text);

#endif /* !DOCTOR_WEB_LINES_H_ */
