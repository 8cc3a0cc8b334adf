#ifndef STATUS_HELPER_H_
#define STATUS_HELPER_H_

#include <stddef.h>
#include <stdint.h>

#include "ground/moment.h"
#include "ground/reason.h"
#include "state/status.h"

/*
 * What processes that answer one question each and end must know of each
 * other: what a daemon holds in its memory (lookups.h, logins.h).
 *
 * Keys: those of status_session_key().  Times: boottime of one boot; rows of
 * another one count for nothing.
 * Each call is one transaction and waits for other processes no longer than
 * any write (DATABASE_BUSY_MS).
 * Rows: few, and whoever writes takes out what is over.
 *
 * Threads: as a struct status.
 */
#define STATUS_HELPER_TABLES \
	"CREATE TABLE helper_told (" \
	" key TEXT NOT NULL PRIMARY KEY," \
	" boot_id TEXT NOT NULL," \
	" result INTEGER NOT NULL," \
	" reason TEXT NOT NULL," \
	" at INTEGER NOT NULL," \
	" until INTEGER NOT NULL," \
	" absent_at INTEGER NOT NULL," \
	" absent_until INTEGER NOT NULL) STRICT, WITHOUT ROWID;" \
	"CREATE TABLE helper_place (" \
	" key TEXT NOT NULL PRIMARY KEY," \
	" boot_id TEXT NOT NULL," \
	" until INTEGER NOT NULL," \
	" share BLOB) STRICT, WITHOUT ROWID;" /* NULL: known */ \
	"CREATE TABLE helper_minute (" \
	" share BLOB NOT NULL PRIMARY KEY," /* empty: all of them */ \
	" boot_id TEXT NOT NULL," \
	" since INTEGER NOT NULL," \
	" taken INTEGER NOT NULL) STRICT, WITHOUT ROWID;" \
	"CREATE TABLE helper_until (" \
	" key TEXT NOT NULL PRIMARY KEY," /* empty: no login waits */ \
	" boot_id TEXT NOT NULL," \
	" until INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

#define STATUS_HELPER_TOLD_MAX 4096	/* rows; the first to end give way */

/* What a lookup brought that makes no row of a session; `result` is the
 * caller's own number. */
struct status_helper_told {
	int result;
	enum reason reason;
	int64_t at;
	int64_t until;
	int64_t absent_at;
	int64_t absent_until;
};

/* 1 and it, 0 if there is none, -1. */
int status_helper_told(struct status *status, const char *key,
    const struct moment *now, struct status_helper_told *told_out);

/* In place of what is there (NULL: nothing is any more).  0, or -1. */
int status_helper_tell(struct status *status, const char *key,
    const struct status_helper_told *told, const struct moment *now);

/* One asker at one of its levels; more of a heavy one. */
#define STATUS_HELPER_SHARE_SIZE 40
struct status_helper_share {
	unsigned char key[STATUS_HELPER_SHARE_SIZE];
	size_t len;
	int weight;
};

/* A lookup that would begin; how much there may be with it. */
struct status_helper_wish {
	const char *key;
	int64_t until;		/* its place is free then at the latest */
	int places;		/* at a time */
	const struct status_helper_share *shares;	/* of who asks of an
				   unknown one, the narrowest last */
	size_t share_count;	/* 0: it is known.  Of unknown ones: */
	int unknown;		/* places; one asker has half */
	int minute;		/* in vain in a minute; one more of a share
				   while what it has * divisor is less than what
				   nobody has * weight */
	int divisor;
};

enum status_helper_turn {
	STATUS_HELPER_FAILED = 0,	/* status_is_busy(), or worse */
	STATUS_HELPER_GO,	/* it has a place, until its end */
	STATUS_HELPER_RUNNING,	/* another one looks the key up */
	STATUS_HELPER_FULL,	/* there is no place */
	STATUS_HELPER_SPENT,	/* the minute of all, until *until_out */
	STATUS_HELPER_SPENT_HERE	/* what one asker may have of it */
};

/* *is_counted: it took its part of the minute, which it does once. */
enum status_helper_turn status_helper_begin(struct status *status,
    const struct status_helper_wish *wish, const struct moment *now,
    int *is_counted, int64_t *until_out);

/* The lookup of the key is over: its place is free; so is, if it was not in
 * vain, what these took of the minute (count 0: nothing).  0, or -1. */
int status_helper_end(struct status *status, const char *key,
    const struct status_helper_share *shares, size_t count);

/* Likewise of a lookup that never had a place. */
int status_helper_give(struct status *status,
    const struct status_helper_share *shares, size_t count);

/* Until when something holds of a key, or of all ("").  0, or -1; the moment,
 * 0 if there is none. */
int status_helper_keep(struct status *status, const char *key, int64_t until,
    const struct moment *now);
int64_t status_helper_kept(struct status *status, const char *key,
    const struct moment *now);

#endif /* !STATUS_HELPER_H_ */
