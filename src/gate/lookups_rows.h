#ifndef LOOKUPS_ROWS_H_
#define LOOKUPS_ROWS_H_

#include "gate/lookups.h"
#include "gate/lookups_memory.h"

/*
 * What lookups.h promises of a process, among processes that answer one
 * question each: by rows of status.db (status_helper.h).
 *
 * As there: one lookup a key, the places in all, what was answered, and what
 * may be asked in vain in a minute, of which they have the half that nobody
 * need be vouched for.
 * Otherwise: of the places of unknown ones one address has half, whoever
 * waits; and who waits is in no turn, since each does so in a process of its
 * own.
 *
 * Threads: one at a time; the lock of lookups.c holds it.
 */

struct status;

/* Of this key: from the rows into the memory, and back. */
void lookups_rows_read(struct status *status, struct lookups_memory *memory,
    const char *key, const struct moment *now);
void lookups_rows_write(struct status *status,
    const struct lookups_memory *memory, const char *key,
    const struct moment *now);

/* As lookups_begin(), of what is in no memory. */
enum lookups_answer lookups_rows_begin(struct status *status,
    const struct settings *settings, const struct lookups_wish *wish,
    struct lookups_turn *turn, const struct moment *now,
    struct shares_refusal *refusal);

/* It waits no longer: what was counted of it, if it was, is given back, for it
 * asked nothing.  NULL: there are no rows. */
void lookups_rows_leave(struct status *status, struct lookups_turn *turn);

/* It is over; whose it was, if it was unknown and not asked in vain. */
void lookups_rows_end(struct status *status, const char *key,
    const struct shares_who *who);

#endif /* !LOOKUPS_ROWS_H_ */
