#ifndef TESTS_UNIT_FAILING_PLACES_H_
#define TESTS_UNIT_FAILING_PLACES_H_

#include <stddef.h>

/*
 * Which allocations of something that is done again and again differ.  One is
 * known by the calls that lead to it:
 *
 * - Our own differ all.
 * - A library's differ by the place in our code that called it: of each the
 *   1st, 2nd, 4th, 8th... are worth a failure, so the second row of a loop is.
 * - And by the way to it, the library's calls and the last three of ours: each
 *   way once in the life of the program, whatever it is that is done.
 *
 * With AUTHGEAR_TEST_ALLOCATIONS=all every one is worth it.
 */

/* Something else is done from now on; `salt`: it fails in another manner. */
void failing_places_begin(unsigned int salt);

/* The next allocation, while it is asked for. */
void failing_places_note(int is_own);

/* The `nth` of those that were noted; ask once, and in their order. */
int failing_places_is_worth(size_t nth);

#endif /* !TESTS_UNIT_FAILING_PLACES_H_ */
