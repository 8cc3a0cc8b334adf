#ifndef TRUST_UPKEEP_H_
#define TRUST_UPKEEP_H_

#include "ground/error.h"
#include "state/trust_shared.h"

/*
 * What is found out about trust.db beside the requests, by a thread of its
 * own: whether the whole of it is sound (integrity_check), once after the
 * start and after each replacement, be it in place: that is whatever does not
 * count on from the last change; and of one found damaged after each change.
 * And the members of its group.  Tells trust_shared.h.
 *
 * Threads: check and look_at_group each by one, at the same time if need be.
 */

struct trust_upkeep;

/* Borrows shared, and attends to it.  NULL: memory. */
struct trust_upkeep *trust_upkeep_new(const char *directory,
    struct trust_shared *shared);
void trust_upkeep_free(struct trust_upkeep *upkeep);

/*
 * Once a second or so; takes as long as reading the file whole where that is
 * due.  `stop` as in database_check_whole().  A file that was written to
 * meanwhile is checked again at the next call.
 */
void trust_upkeep_check(struct trust_upkeep *upkeep,
    int (*stop)(void *context), void *context);

/* Once in ten seconds or so; may hang as long as a directory service does. */
void trust_upkeep_look_at_group(struct trust_upkeep *upkeep);

#endif /* !TRUST_UPKEEP_H_ */
