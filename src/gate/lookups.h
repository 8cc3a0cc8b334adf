#ifndef LOOKUPS_H_
#define LOOKUPS_H_

#include <stdint.h>

#include "gate/lookups_turn.h"
#include "gate/shares.h"
#include "ground/moment.h"
#include "ground/reason.h"
#include "settings/settings.h"

/*
 * The lookups at Authgear's resolver that one process has under way.
 *
 * Keys: those of status_session_key(); of each one lookup at a time.
 * Places: max_lookups, for all; half of them, at least one, for unknown
 * credentials (neither verified here as a JWT nor with a row in status.db); of
 * two or more known ones leave that half to unknown ones who wait.
 * Of its kind one address gets at most half of the places while others wait
 * for one.
 * Unknown ones may be asked in vain lookup_rate times in any minute, and of
 * that one asker has a part (shares.h): so a flood of random tokens starves no
 * known session and nobody else's first login.
 * Waiting: of the unknown ones those that somebody vouches for go first, of the
 * known ones those that were live, and last those that were not; then those of
 * whom less waits or runs (of unknown ones: or was in vain), then who came
 * first.
 * Who waits for another lookup of the same key holds nothing here.
 * Remembered: "not live" for absent_ttl, failures for those who waited for
 * that key, the first of two "absent" answers; 4,096 keys, of which the ones
 * that end first give way.
 * Threads: all of a process; it has a lock of its own.
 */

struct lookups;

/* Borrows both.  NULL: out of memory. */
struct lookups *lookups_new(const struct settings *settings,
    struct shares *shares);
void lookups_free(struct lookups *lookups);

/* All of it is held among processes, by lookups_rows.h; borrows status, of the
 * one thread that looks up. */
struct status;
void lookups_use_rows(struct lookups *lookups, struct status *status);

struct lookups_wish {
	const char *key;
	int is_known;
	int was_live;		/* this or that was the last that is known */
	int was_not_live;
	const struct shares_who *who;	/* borrowed for the call */
	int64_t since;		/* boottime from which a failure of another
				   lookup of the key is this one's too */
	int64_t until;		/* boottime by which its lookup is over */
};

enum lookups_answer {
	LOOKUPS_REFUSED = 0,	/* too many unknown ones were in vain, or wait:
				   *refusal; busy */
	LOOKUPS_GO,		/* go, then lookups_end() in any case */
	LOOKUPS_WAIT,		/* the key is being looked up: ask again soon */
	LOOKUPS_QUEUED,		/* there is no place: likewise */
	LOOKUPS_NOT_LIVE,	/* so was answered a moment ago */
	LOOKUPS_FAILED,		/* the lookup of another met an outage:
				   *reason_out */
	LOOKUPS_UNSURE,		/* likewise, but it says nothing of other
				   keys: no outage */
	LOOKUPS_UNWRITTEN	/* with lookups_use_rows(): they take no write,
				   so nobody knows how many there are */
};

enum lookups_answer lookups_begin(struct lookups *lookups,
    const struct lookups_wish *wish, struct lookups_turn *turn,
    const struct moment *now, struct shares_refusal *refusal,
    enum reason *reason_out);

/* The key's lookup, whose place is held, asks once more: 1, or 0 if it may
 * not. */
int lookups_again(struct lookups *lookups, const char *key,
    const struct moment *now);

/* It waits no longer, if it did: to be called when a task ends, whatever its
 * turn. */
void lookups_leave(struct lookups *lookups, struct lookups_turn *turn);

/* 1 if all unknown ones that wait for a place are of this one client
 * address. */
int lookups_waits_alone(struct lookups *lookups,
    const struct shares_who *who);

/* The part of lookups_begin() that begins nothing: NOT_LIVE, FAILED, UNSURE,
 * or WAIT where nothing is remembered. */
enum lookups_answer lookups_recall(struct lookups *lookups,
    const struct lookups_wish *wish, const struct moment *now,
    enum reason *reason_out);

/* When "not live" was answered of this key, if that is remembered and young
 * enough to count (boottime), else -1. */
int64_t lookups_not_live_at(struct lookups *lookups, const char *key,
    const struct moment *now);

/* "Absent" was answered and is to be heard twice, of answers too near to each
 * other the first. */
void lookups_absent(struct lookups *lookups, const char *key,
    const struct moment *now);

/* When (boottime) the first came that a second one, of a lookup begun at
 * `begun`, is to be taken with; -1: none, or LIVE, NOT_LIVE or REJECTED came
 * since. */
int64_t lookups_absent_at(struct lookups *lookups, const char *key,
    int64_t begun);

/* How far apart the two may be: absent_ttl, but a client that was told to come
 * again in a second must not come too late. */
#define LOOKUPS_TWICE_MSECS 2000
int64_t lookups_twice_msecs(const struct settings *settings);

enum lookups_result {
	LOOKUPS_ENDED_UNASKED = -1, /* as the next, and what it was to ask at
				   last it did not: not in vain */
	LOOKUPS_ENDED = 0,	/* given up: nothing to remember */
	LOOKUPS_ENDED_LIVE,	/* likewise, and nothing of before counts */
	LOOKUPS_ENDED_NOT_LIVE,
	LOOKUPS_ENDED_ABSENT,	/* the same, but to who knows it better */
	LOOKUPS_ENDED_FAILED,	/* an outage, with the reason */
	LOOKUPS_ENDED_UNSURE,	/* likewise nothing was learned, but of this
				   key alone */
	LOOKUPS_ENDED_REJECTED	/* likewise, and it would be the same again:
				   also for who comes soon */
};

/* The place is free again; what was neither LIVE nor UNASKED was
 * asked in vain. */
void lookups_end(struct lookups *lookups, const char *key,
    enum lookups_result result, enum reason reason,
    const struct moment *now);

#endif /* !LOOKUPS_H_ */
