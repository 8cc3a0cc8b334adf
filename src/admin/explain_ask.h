#ifndef EXPLAIN_ASK_H_
#define EXPLAIN_ASK_H_

#include "admin/explain_report.h"
#include "ground/buffer.h"
#include "settings/settings.h"

/*
 * The question of `explain`, put to a gate of its own in a child that is the
 * daemon's user.
 */
struct explain_ask {
	const struct settings *settings;
	const char *policy;	/* NULL: not named */
	const char *account;	/* NULL: as a web server asks, else as PAM */
	struct buffer *text;	/* what was handed over; changed in place */
	int may_ask;		/* Authgear, whatever is known here */
};

/* 0 and the report, or -1 and error. */
int explain_ask(struct explain_ask *ask, struct explain_report *report,
    struct error *error);

#endif /* !EXPLAIN_ASK_H_ */
