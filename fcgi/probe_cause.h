#ifndef PROBE_CAUSE_H_
#define PROBE_CAUSE_H_

#include "fcgi/probe.h"
#include "ground/buffer.h"
#include "settings/settings.h"

/*
 * The likely cause of what one address answered.
 * Threads: no state; any thread.
 */
enum probe_cause {
	/* open */
	PROBE_CAUSE_NOBODY = 0,	/* no answer at all is ours */
	PROBE_CAUSE_PARTLY,	/* GET is answered, others are refused */
	PROBE_CAUSE_CACHE,
	PROBE_CAUSE_PASS,	/* unauthenticated = pass */
	PROBE_CAUSE_PREFLIGHT,	/* cors_preflight = pass */
	PROBE_CAUSE_FORGED,	/* only with forged identity */
	PROBE_CAUSE_BAD,	/* only with a bad credential */
	PROBE_CAUSE_METHOD,	/* some methods, and not GET */
	PROBE_CAUSE_TRACE,	/* TRACE alone */
	PROBE_CAUSE_UNKNOWN,	/* the unknown method alone */
	PROBE_CAUSE_OTHER,	/* something else refuses */
	PROBE_CAUSE_REDIRECT,
	PROBE_CAUSE_HTTPS,
	PROBE_CAUSE_BROKEN,
	/* not told */
	PROBE_CAUSE_DAEMON,
	PROBE_CAUSE_UNHEARD,
	PROBE_CAUSE_NO_READING,
	/* closed */
	PROBE_CAUSE_GUARDED,
	PROBE_CAUSE_SILENT	/* closed, and no answer is ours */
};

enum probe_cause probe_cause_of(const struct probe_report *report);
const char *probe_cause_name(enum probe_cause cause);	/* for JSON */

/* The sentence for the operator.  `settings` NULL if they cannot be read;
 * else the policies that let pass are named. */
void probe_cause_say(const struct probe_report *report,
    const struct settings *settings, struct buffer *text);

#endif /* !PROBE_CAUSE_H_ */
