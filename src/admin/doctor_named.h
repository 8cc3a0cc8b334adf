#ifndef DOCTOR_NAMED_H_
#define DOCTOR_NAMED_H_

#include "admin/doctor.h"

struct web_nginx;

#define DOCTOR_BY_MODULE "by the module"

/*
 * What a web server's configuration names of ours, held against what is there.
 * Each says its own lines; the subject is that of doctor_say().
 * Threads: one at a time.
 */

/*
 * A policy, and how it is asked (DOCTOR_BY_MODULE).  `address` is where, as the
 * configuration says it; NULL where that is not known.
 */
void doctor_named_policy(struct doctor *doctor, const char *subject,
    const char *policy, const char *how, const char *address);

/* Where a daemon is asked: of unix:PATH whether anybody listens there, of
 * another address nothing. */
void doctor_named_socket(struct doctor *doctor, const char *subject,
    const char *address);

/* What a block of nginx's says by the module for all of it: pages, the path of
 * a login, policies of paths.  The policies are asked for at `address`. */
void doctor_named_directives(struct doctor *doctor,
    const struct web_nginx *block, const char *subject, const char *address);

/* The directories of the two pages by which grants are kept, as lighttpd's
 * AUTHGEAR_CACHE says them; "": none. */
void doctor_named_pages(struct doctor *doctor, const char *subject,
    const char *words);

#endif /* !DOCTOR_NAMED_H_ */
