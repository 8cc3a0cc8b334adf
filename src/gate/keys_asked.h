#ifndef KEYS_ASKED_H_
#define KEYS_ASKED_H_

#include <stdint.h>

#include "ground/moment.h"

/* When a set is due that an administrator may have asked for anew. */
struct keys_asked {
	const struct moment *started;	/* its fetch */
	int64_t due;		/* boottime, by its age */
	int64_t asked_at;	/* Unix seconds; 0: never */
};

/* Boottime: the earlier of both.  By a clock that was ahead when it was asked
 * it would be due for ever, so that counts for nothing. */
int64_t keys_asked_due(const struct keys_asked *asked,
    const struct moment *now);

#endif /* !KEYS_ASKED_H_ */
