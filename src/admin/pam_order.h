#ifndef PAM_ORDER_H_
#define PAM_ORDER_H_

#include "admin/pam_service.h"

/*
 * In which order libpam asks the lines of a phase, and what is left of an
 * answer: `done', `die' and jumps stay within their substack, and `reset' goes
 * back to what held where that began.  Lines go by their index.
 * No state: any thread.
 */

#define PAM_ORDER_NONE PAM_SERVICE_LINES

/* 1 if success of `from' has `to', a later one of its phase, not asked. */
int pam_order_passes(const struct pam_service *service, size_t from,
    size_t to);

/* 1 if its success has a later line of its phase not asked, by `done'. */
int pam_order_ends(const struct pam_service *service, size_t index);

/* 1 if its control makes a denial count: with `ok' and `done' it is what the
 * phase ends with, as nothing but success gives way. */
int pam_order_keeps(const struct pam_line *line);

/* The first line that may forget its denial again, or NONE. */
size_t pam_order_forgets(const struct pam_service *service, size_t index);

#endif /* !PAM_ORDER_H_ */
