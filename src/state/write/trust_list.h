#ifndef TRUST_LIST_H_
#define TRUST_LIST_H_

#include <stddef.h>
#include <stdint.h>

#include "facts/revocation.h"
#include "ground/error.h"

/* Revocations, the account map, the audit: one by one, as of the moment of the
 * first.  Threads: one at a time. */

#define TRUST_LIST_DIGITS 16	/* the first ones of a SHA-256 */

struct trust_list;

struct trust_list_row {
	int64_t id;
	struct revocation revocation;
	const char *reason;	/* these, and the value: borrowed until the
				   next row */
	const char *actor;
	const char *source;
	int64_t time;		/* Unix seconds, when it was added */
	char credential[TRUST_LIST_DIGITS + 1]; /* of a token, as far as it is
				   known: how the log names it; else "" */
	int64_t expires;	/* its `exp`, or REVOCATION_NO_TIME */
};

/* Which rows; one that is {0} wants all of them.  Borrowed as long as the
 * list. */
struct trust_list_filter {
	const char *kind;	/* of the revocation; NULL: any */
	const char *value;	/* and of which, a text; NULL: any */
	int64_t since;		/* Unix seconds: no row of before */
	int64_t active_at;	/* what may refuse something then: no block
				   that is over or has not begun, no token that
				   ended `leeway` before; 0: all */
	int64_t leeway;		/* seconds */
	int64_t limit;		/* the newest so many; 0: all */
	int64_t after;		/* of the audit: rows of a higher number */
};

/* As trust_open().  `filter` NULL: all revocations.  NULL and error. */
struct trust_list *trust_list_open(const char *directory,
    const char *endpoint, const struct trust_list_filter *filter,
    struct error *error);

/* All of them once, in an order that does not depend on their numbers but
 * where one value has several; with trust_list_next(). */
struct trust_list *trust_list_open_export(const char *directory,
    const char *endpoint, struct error *error);
void trust_list_free(struct trust_list *list);

/* Keys fetched until then are due (trust_keys_due()). */
int64_t trust_list_keys_due(const struct trust_list *list);

/* By id.  1 and the row; 0 after the last; -1 and error. */
int trust_list_next(struct trust_list *list, struct trust_list_row *row,
    struct error *error);

struct trust_list_account {
	const char *user_id;	/* all borrowed until the next row */
	const char *account;
	const char *reason;
	const char *actor;
	int64_t time;		/* Unix seconds, when it was set */
};

/* The account map, by account, with trust_list_next_account() only.  Of a
 * filter `value` counts alone: the user. */
struct trust_list *trust_list_open_map(const char *directory,
    const char *endpoint, const struct trust_list_filter *filter,
    struct error *error);
int trust_list_next_account(struct trust_list *list,
    struct trust_list_account *row, struct error *error);

/* How much there is, of one moment: 0, or -1 and error. */
struct trust_list_counts {
	int64_t schema;
	int64_t revocations;
	int64_t accounts;
	int64_t changes;	/* rows of the audit */
	int64_t number;		/* of the last change */
	int64_t changed;	/* Unix seconds, when that was; 0: never */
	int64_t keys_due;	/* trust_list_keys_due() */
};
int trust_list_count(const char *directory, const char *endpoint,
    struct trust_list_counts *counts, struct error *error);

/* Of the last change, which is read alone; -1 and error. */
int64_t trust_list_number(const char *directory, const char *endpoint,
    struct error *error);

/* Is the whole file sound, and makes each of its revocations sense?  0, -1 and
 * error.  `stop` as in database_check_whole(). */
int trust_list_verify(const char *directory, const char *endpoint,
    int (*stop)(void *context), void *context, struct error *error);

/* All bytes of it, of one moment and sound, as trust.db by itself is a backup;
 * NULL and error.  `stop` likewise. */
struct trust_backup;
struct trust_backup *trust_list_copy(const char *directory,
    const char *endpoint, int (*stop)(void *context), void *context,
    struct error *error);

struct trust_list_change {
	int64_t number;
	int64_t time;		/* Unix seconds */
	const char *actor;	/* these: borrowed until the next row */
	const char *action;	/* "init", "revoke", "block", "lift" ... */
	const char *detail;
};

/* The audit, by number, with trust_list_next_change() only.  Of a filter
 * `since`, `limit` and `after` count alone. */
struct trust_list *trust_list_open_audit(const char *directory,
    const char *endpoint, const struct trust_list_filter *filter,
    struct error *error);
int trust_list_next_change(struct trust_list *list,
    struct trust_list_change *row, struct error *error);

#endif /* !TRUST_LIST_H_ */
