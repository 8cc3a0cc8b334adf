#ifndef TESTS_UNIT_FAILING_MEMORY_H_
#define TESTS_UNIT_FAILING_MEMORY_H_

#include <stddef.h>

/*
 * Memory that runs out when it is told to: for our own code (the linker's
 * --wrap, Makefile.am), jansson, OpenSSL and SQLite.  One thread only.
 */

enum failing_memory {
	FAILING_MEMORY_ONCE = 0, /* one allocation */
	FAILING_MEMORY_FOR_GOOD	/* and all behind it */
};

/* Before the first use of any of the libraries. */
void failing_memory_install(void);

/* From now on count, from 1, and let the `nth` fail (0: none). */
void failing_memory_begin(size_t nth, enum failing_memory how);

/* Count, and note where each comes from: afterwards failing_places_is_worth()
 * says which of them are to fail. */
void failing_memory_learn(enum failing_memory how);

/* What is between them neither counts nor fails. */
void failing_memory_pause(void);
void failing_memory_go_on(void);

/* How many were counted; none fails any more. */
size_t failing_memory_end(void);

#endif /* !TESTS_UNIT_FAILING_MEMORY_H_ */
