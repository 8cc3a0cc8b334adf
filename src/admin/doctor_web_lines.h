#ifndef DOCTOR_WEB_LINES_H_
#define DOCTOR_WEB_LINES_H_

#include "admin/doctor.h"

/* What `apache2 -t -D DUMP_CONFIG' prints, read line by line: the text is
 * changed. */
void doctor_web_lines_apache(struct doctor *doctor, char *text);

/* The next line without its indentation; NULL: no more. */
char *doctor_web_lines_next(char **text);

/* 1 if it begins so, in letters of either case. */
int doctor_web_lines_begins(const char *line, const char *with);

#endif /* !DOCTOR_WEB_LINES_H_ */
