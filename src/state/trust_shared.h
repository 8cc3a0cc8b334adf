#ifndef TRUST_SHARED_H_
#define TRUST_SHARED_H_

#include <sys/types.h>

#include "ground/error.h"
#include "ground/notices.h"
#include "state/database_view.h"
#include "state/trust_marks.h"

/*
 * What all threads of a process know of trust.db together: how far it was
 * seen, and what takes too long to be found out while a request waits, which
 * an upkeep thread (trust_upkeep.h) finds out.  May be used by all threads.
 */

struct trust_shared;

struct trust_shared *trust_shared_new(void);	/* NULL: memory */
void trust_shared_free(struct trust_shared *shared);

struct notices *trust_shared_notices(struct trust_shared *shared);
struct trust_marks *trust_shared_marks(struct trust_shared *shared);

/*
 * 0 if the group may be the directory's (trust_place.h), -1 and error.
 * Without an upkeep thread, or the first time, it is looked up here (NSS,
 * which may hang); later what was found last counts, and of another group
 * nothing is held against it until the upkeep thread has looked.
 */
int trust_shared_group(struct trust_shared *shared, gid_t group,
    struct error *error);

/* For the upkeep thread: there is one; look at the last group again. */
void trust_shared_attend(struct trust_shared *shared, int is_attended);
void trust_shared_look_at_group(struct trust_shared *shared);

/*
 * No question is answered, and why: said at once, and again while it lasts
 * once a minute of boottime.  NULL: it is read; what was said is taken back.
 */
void trust_shared_refused(struct trust_shared *shared,
    const struct error *why, int64_t boottime);

/* -1 and error if the whole of this file was checked and found damaged. */
int trust_shared_whole(struct trust_shared *shared,
    const struct database_identity *file, struct error *error);

/* For the upkeep thread: so it was found (NULL: sound). */
void trust_shared_judge_whole(struct trust_shared *shared,
    const struct database_identity *file, const struct error *damage);

#endif /* !TRUST_SHARED_H_ */
