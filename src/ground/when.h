#ifndef WHEN_H_
#define WHEN_H_

#include <stdint.h>

/* Times as people write them.  No state: any thread. */

#define WHEN_SIZE 24	/* "2026-11-23T21:00:00Z" and NUL */

/*
 * "now", Unix seconds, RFC 3339 (Z or an offset, a fraction is dropped), or
 * what lies so far from `now`: "+1h", "-30m" (s, m, h, d, w).  Years 1970 to
 * 9999.  0 and Unix seconds, or -1.
 */
int when_parse(const char *text, int64_t now, int64_t *seconds_out);

/* What is said of a text that is none. */
#define WHEN_WRONG "this is no time: write 2026-11-23T21:00:00Z, Unix " \
    "seconds, or +1h or -1h from now"

/* As RFC 3339 in UTC; "-" if it is negative. */
void when_print(int64_t seconds, char text[WHEN_SIZE]);

#endif /* !WHEN_H_ */
