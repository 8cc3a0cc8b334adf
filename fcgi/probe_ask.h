#ifndef PROBE_ASK_H_
#define PROBE_ASK_H_

#include <stddef.h>

#include "ground/exchange.h"

/*
 * What --probe asks of a guarded address, as a stranger would.  Nothing that
 * is sent is a credential of anybody, and no method changes anything.
 * Threads: no state; any thread.
 */

/* What an asking brings. */
enum probe_brings {
	PROBE_NOTHING = 0,
	PROBE_BEARER,		/* that is none of ours */
	PROBE_COOKIE,		/* of no session */
	PROBE_FORGED,		/* identity: X-Authgear-User-Id ... */
	PROBE_FORGED_UNDERSCORE,	/* X_Authgear_User_Id ... */
	PROBE_FORGED_DOT,	/* X.Authgear.User.Id ... */
	PROBE_FORGED_ALL	/* all three */
};

struct probe_asking {
	const char *method;
	enum probe_brings brings;
};

/* A method that nobody knows; it is asked first. */
#define PROBE_UNKNOWN "NOSUCH"

#define PROBE_ASKINGS 23
const struct probe_asking *probe_ask_at(size_t i);	/* NULL: the end */

/*
 * The exchange of an asking; OPTIONS is a CORS preflight request.
 * `cookie_prefix`: that of the settings, "" if not known.  NULL: out of
 * memory.
 */
struct exchange *probe_ask_exchange(const struct probe_asking *asking,
    const char *url, const char *cookie_prefix);

const char *probe_ask_brings_name(enum probe_brings brings);

#endif /* !PROBE_ASK_H_ */
