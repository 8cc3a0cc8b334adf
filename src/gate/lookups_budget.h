#ifndef LOOKUPS_BUDGET_H_
#define LOOKUPS_BUDGET_H_

#include <stdint.h>

#include "settings/settings.h"

/*
 * What unknown credentials may take of lookups (lookups.h): of the places, of
 * a minute, and of the room for those that wait.
 *
 * Addresses: text, as in shares.h; 2,048 of them at a time, of which the
 * oldest give way that neither run nor wait.
 * Times: boottime.
 * Threads: one at a time; the lock of lookups.c holds it.
 */

struct lookups_budget;
struct lookups_part;		/* of one client address */

/* Borrows settings.  NULL: out of memory. */
struct lookups_budget *lookups_budget_new(const struct settings *settings);
void lookups_budget_free(struct lookups_budget *budget);

/*
 * The part of an address in the minute of now; NULL: others that run or wait
 * have all places.  Good until the next one is asked for, and while something
 * of it runs.
 */
struct lookups_part *lookups_budget_part(struct lookups_budget *budget,
    const char *address, int64_t now);

/* One more in this minute; 1, or 0 and when the minute is over. */
int lookups_budget_count(struct lookups_budget *budget,
    struct lookups_part *part, const char *address, int64_t now,
    int64_t *until_out);

/* May one more run, as far as others that are unknown leave a place? */
int lookups_budget_has_room(const struct lookups_budget *budget,
    const struct lookups_part *part);
void lookups_budget_begin(struct lookups_budget *budget,
    struct lookups_part *part);
void lookups_budget_end(struct lookups_budget *budget,
    struct lookups_part *part);

/* One more waits; 1, or 0 if that were too many. */
int lookups_budget_wait(struct lookups_budget *budget,
    struct lookups_part *part);
void lookups_budget_leave(struct lookups_budget *budget, const char *address);

#endif /* !LOOKUPS_BUDGET_H_ */
