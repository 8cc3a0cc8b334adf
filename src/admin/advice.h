#ifndef ADVICE_H_
#define ADVICE_H_

#include "ground/reason.h"

/* What changes a refusal: the keys of authgear.conf(5) that it goes by, and the
 * commands that show or end its cause. */
struct advice {
	enum reason reason;
	const char *settings;	/* of [authgear], by blanks; "" for none */
	const char *rules;	/* of the policy, likewise */
	const char *command;	/* words of authgear-cache; "" for
				   none.  %u is the user */
};

/* NULL: it is no refusal. */
const struct advice *advice_find(enum reason reason);

#endif /* !ADVICE_H_ */
