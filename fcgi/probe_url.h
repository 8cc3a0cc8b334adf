#ifndef PROBE_URL_H_
#define PROBE_URL_H_

#include "ground/error.h"

/*
 * An address that an operator writes for --probe.
 * Threads: no state; any thread.
 */

#define PROBE_URL_MAX 2000	/* bytes */

/*
 * As it is asked: scheme and host in lower case, no default port, "/" for no
 * path, the fragment left out; everything else as it was written.
 * Refused: no http or https, a name or password before the host (which the
 * error does not repeat), a host or port that is none, other bytes than
 * printable ASCII, more than PROBE_URL_MAX.
 * 0, or -1 and error.
 */
int probe_url_read(const char *text, char url_out[PROBE_URL_MAX + 1],
    struct error *error);

#endif /* !PROBE_URL_H_ */
