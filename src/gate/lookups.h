#ifndef LOOKUPS_H_
#define LOOKUPS_H_

#include <stdint.h>

#include "ground/moment.h"
#include "ground/reason.h"
#include "settings/settings.h"

/*
 * The lookups at Authgear's resolver that one process has under way.
 *
 * Keys: those of status_session_key(); of each one lookup at a time.
 * Places: max_lookups, for all.
 * Known credentials: one address gets at most half of the places while others
 * wait for one.
 * Unknown ones (neither verified here as a JWT nor with a row in status.db):
 * half of the places and lookup_rate a minute together; one client address
 * (of IPv6: one /64) a tenth of both, one asker that is not root
 * (UID/ADDRESS) half of the minute whatever addresses it names; at least one.
 * So a flood of random tokens starves no known session, and from one address
 * (with many places: from nine) nobody else's first login.
 * Waiting: few unknown ones, for their turn or for another lookup of their
 * key; they would take all places where requests wait.
 * Remembered: "not live" for absent_ttl, failures for those who waited for
 * that key, the first of two "absent" answers; 4,096 keys, of which the ones
 * that end first give way.
 * Threads: all of a process; it has a lock of its own.
 */

struct lookups;

#define LOOKUPS_WAITING 128		/* unknown ones at a time */
#define LOOKUPS_WAITING_ADDRESS 64	/* of one client address */

/* Borrows settings.  NULL: out of memory. */
struct lookups *lookups_new(const struct settings *settings);
void lookups_free(struct lookups *lookups);

struct lookups_wish {
	const char *key;
	int is_known;
	const char *client_address;	/* text; NULL: not known */
	int64_t since;		/* boottime from which a failure of another
				   lookup of the key is this one's too */
};

/* Where one that waits stands; {0} at first, then lookups.c's own. */
struct lookups_turn {
	int is_counted;		/* it took its part of the budget */
	int is_unknown;		/* it waits as one of the unknown ones */
	int is_queued;		/* all that it lacks is a place */
};

enum lookups_answer {
	LOOKUPS_REFUSED = 0,	/* the budget of unknown ones is used up, or too
				   many wait, until *until_out: busy */
	LOOKUPS_GO,		/* go, then lookups_end() in any case */
	LOOKUPS_WAIT,		/* the key is being looked up: ask again soon */
	LOOKUPS_QUEUED,		/* there is no place: likewise */
	LOOKUPS_NOT_LIVE,	/* so was answered a moment ago */
	LOOKUPS_FAILED,		/* the lookup of another met an outage:
				   *reason_out */
	LOOKUPS_UNSURE		/* likewise, but it says nothing of other
				   keys: no outage */
};

enum lookups_answer lookups_begin(struct lookups *lookups,
    const struct lookups_wish *wish, struct lookups_turn *turn,
    const struct moment *now, int64_t *until_out, enum reason *reason_out);

/* It waits no longer, if it did: to be called when a task ends, whatever its
 * turn. */
void lookups_leave(struct lookups *lookups, const char *client_address,
    struct lookups_turn *turn);

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
	LOOKUPS_ENDED = 0,	/* given up: nothing to remember */
	LOOKUPS_ENDED_LIVE,	/* likewise, and nothing of before counts */
	LOOKUPS_ENDED_NOT_LIVE,
	LOOKUPS_ENDED_FAILED,	/* an outage, with the reason */
	LOOKUPS_ENDED_UNSURE,	/* likewise nothing was learned, but of this
				   key alone */
	LOOKUPS_ENDED_REJECTED	/* likewise, and it would be the same again:
				   also for who comes soon */
};

/* The place is free again. */
void lookups_end(struct lookups *lookups, const char *key,
    enum lookups_result result, enum reason reason,
    const struct moment *now);

#endif /* !LOOKUPS_H_ */
