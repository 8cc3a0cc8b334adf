#ifndef NOTICES_H_
#define NOTICES_H_

#include "ground/error.h"

/*
 * What the gate and all below it, which have no log, want an operator to know,
 * until the face takes it into its log.
 * Threads: all of a process; it has a lock of its own.
 */

enum notice_level {
	NOTICE_INFO = 0,
	NOTICE_WARNING,
	NOTICE_ERROR
};

#define NOTICES_MAX 16		/* that wait; more are dropped */

struct notices;

struct notices *notices_new(void);	/* NULL: memory */
void notices_free(struct notices *notices);

/* Called whenever there is one more, from any thread. */
void notices_serve(struct notices *notices, void (*wake)(void *context),
    void *context);

/* One sentence; NULL `notices` is allowed. */
void notices_add(struct notices *notices, enum notice_level level,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The oldest: 1, or 0 if there is none. */
int notices_take(struct notices *notices, enum notice_level *level_out,
    struct error *text_out);

#endif /* !NOTICES_H_ */
