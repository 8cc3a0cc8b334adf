#ifndef RETRY_AFTER_H_
#define RETRY_AFTER_H_

#include <stdint.h>

/*
 * The value of a Retry-After (RFC 9110 10.2.3): seconds, or a date as servers
 * write it today (IMF-fixdate), seen from `wall`.  Seconds from now, 0 for a
 * date that is past; -1 for anything else.
 * No state: any thread.
 */
int64_t retry_after_read(const char *value, int64_t wall);

#endif /* !RETRY_AFTER_H_ */
