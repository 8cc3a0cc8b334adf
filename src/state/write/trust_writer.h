#ifndef TRUST_WRITER_H_
#define TRUST_WRITER_H_

#include <stddef.h>
#include <stdint.h>

#include "facts/revocation.h"
#include "ground/error.h"
#include "ground/moment.h"

/*
 * Changes to trust.db, by the owner of the state directory alone.  Each is
 * one transaction with its row in the audit, on disk (synchronous=FULL) when
 * the function returns: from then on every decision of every daemon sees it.
 * It is then in trust.db itself, so that a copy of that file alone has it; if
 * another process is in the way for TRUST_WRITER_BUSY_MS, trust_writer_lacks()
 * tells, and the next change makes up for it.
 *
 * While it is under way nobody serves an answer that was kept, and once the
 * function returned nobody serves one from before (trust_epoch.h): where that
 * cannot be said, nothing is changed.
 *
 * A process that is killed meanwhile leaves nothing behind that anybody waits
 * for; one that should not end between the change and its word about it holds
 * its signals back.
 *
 * Threads: one at a time for a writer.
 */

struct trust_writer;

/* Who does it and why, for the row and the audit; borrowed. */
struct trust_note {
	const char *actor;
	const char *reason;	/* "" for none */
	const char *source;	/* "cli" */
	const struct trust_token *token; /* that was handed over, for
				   trust_writer_add(); NULL: none */
};

/* Of a token that is revoked: what else is known of it. */
struct trust_token {
	const char *hash;	/* SHA-256 of its text as hex; 16 digits of it
				   are kept, as the log tells them */
	int64_t expires;	/* `exp`, or REVOCATION_NO_TIME */
};

enum trust_write {
	TRUST_WRITTEN = 0,
	TRUST_HELD,		/* another process has held the file for
				   TRUST_WRITER_BUSY_MS: error names it; try
				   again or give up, nothing was written */
	TRUST_FAILED		/* error; nothing was written */
};

#define TRUST_WRITER_BUSY_MS 2000
#define TRUST_WRITER_MAX_VALUE 2048	/* bytes, as of a claim */
#define TRUST_WRITER_MAX_REASON 512	/* bytes */

/* What trust_open() looks at, but not how far the file was seen; for writing.
 * NULL and error. */
struct trust_writer *trust_writer_open(const char *directory,
    const char *endpoint, struct error *error);

/* The same for trust_writer_accept(): a file of an earlier release is
 * migrated, if it is of this endpoint. */
struct trust_writer *trust_writer_open_old(const char *directory,
    const char *endpoint, struct error *error);

void trust_writer_free(struct trust_writer *writer);

/* Why a copy of trust.db alone would lack what was changed last; NULL: it
 * does not. */
const char *trust_writer_lacks(const struct trust_writer *writer);

/* Why nobody keeps answers, though what was changed last is in force; NULL:
 * the page by which they do (trust_epoch.h) says that it changed. */
const char *trust_writer_unkept(const struct trust_writer *writer);

/*
 * The file that is there is to be believed as it is, though a newer one was
 * seen: it gets a lineage that nobody has seen yet.  The whole of it is checked
 * first; *number_out is the change that says so.
 */
enum trust_write trust_writer_accept(struct trust_writer *writer,
    const struct trust_note *note, const struct moment *now,
    int64_t *number_out, struct error *error);

/* Keys that daemons fetched until now are due; *number_out is the change that
 * says so. */
enum trust_write trust_writer_keys_due(struct trust_writer *writer,
    const struct trust_note *note, const struct moment *now,
    int64_t *number_out, struct error *error);

/*
 * What a backup has into trust.db, which gets a new lineage.  Nothing that is
 * revoked here is let in again, and an account that is taken here stays so;
 * what was lifted since is revoked again.  `is_exact`: revocations of a number
 * up to `last` that the backup lacks are dropped, and the account map is the
 * backup's.
 */
struct trust_backup;
struct trust_restore_wish {
	struct trust_backup *backup;
	int is_exact;
	int64_t last;
	void (*step)(void *context);	/* for each row; NULL: nobody asks */
	void *context;
};
struct trust_restored {
	int64_t number;		/* the change that says so */
	int64_t added;		/* revocations */
	int64_t same;		/* that were there */
	int64_t dropped;
	int64_t accounts;	/* that were set */
	int64_t kept;		/* where user or account has another one */
};
enum trust_write trust_writer_restore(struct trust_writer *writer,
    const struct trust_restore_wish *wish, const struct trust_note *note,
    const struct moment *now, struct trust_restored *restored,
    struct error *error);

/* What a source tells (trust_import.h), by the same rules, but without a new
 * lineage: nothing is let in.  Where nothing is new nothing is written, and
 * the number is 0. */
struct trust_source;
enum trust_write trust_writer_import(struct trust_writer *writer,
    const struct trust_source *source, const struct trust_note *note,
    const struct moment *now, struct trust_restored *restored,
    struct error *error);

/*
 * Drop what refuses nobody any more: tokens whose `exp` is of before
 * ended_before; tokens and hashes of which none is known, that were revoked
 * before added_before; audit rows of before audit_before, but for the last
 * (all Unix seconds; 0: none).  Users, clients, keys and all stay.  Where there
 * is nothing, nothing is written.  `step`, if there is one, is called on the
 * caller's thread, each time that SQLite's machine made a thousand steps.
 */
struct trust_prune_wish {
	int64_t ended_before;
	int64_t added_before;
	int64_t audit_before;
	void (*step)(void *context);
	void *context;
};
struct trust_pruned {
	int64_t number;		/* the change that says so; 0: none */
	int64_t ended;		/* rows of each kind */
	int64_t endless;
	int64_t audit;
};
enum trust_write trust_writer_prune(struct trust_writer *writer,
    const struct trust_prune_wish *wish, const struct trust_note *note,
    const struct moment *now, struct trust_pruned *pruned,
    struct error *error);

/* How many those would be: 0, or -1 and error. */
int trust_writer_prunable(struct trust_writer *writer,
    const struct trust_prune_wish *wish, struct trust_pruned *pruned,
    struct error *error);

/*
 * Add a revocation.  Refused: what revocation_check() refuses, a T of signed
 * out that is in the future, a block that is over already, values and reasons
 * that are too long, have control characters or are not UTF-8.
 */
struct trust_added {
	int64_t id;		/* names it from now on, never used again */
	int is_new;		/* 0: the same `revoked` row was there, of
				   this id */
};
enum trust_write trust_writer_add(struct trust_writer *writer,
    const struct revocation *revocation, const struct trust_note *note,
    const struct moment *now, struct trust_added *added,
    struct error *error);

/* Which ones to lift: the one of an id, or all of a kind and value. */
struct trust_choice {
	int64_t id;			/* 0: by kind and value */
	enum revocation_kind kind;
	const char *value;		/* borrowed */
};

/* Take them away; *count_out of them, which may be none. */
enum trust_write trust_writer_lift(struct trust_writer *writer,
    const struct trust_choice *choice, const struct trust_note *note,
    const struct moment *now, int *count_out, struct error *error);

#define TRUST_WRITER_MAX_ACCOUNT 255	/* bytes */

/*
 * Give a user an account, or another one.  Refused: an account that another
 * user has (one account, one person), that is empty, too long, no UTF-8, has
 * control characters or blanks at its ends.
 */
enum trust_write trust_writer_map(struct trust_writer *writer,
    const char *user_id, const char *account, const struct trust_note *note,
    const struct moment *now, struct error *error);

/* Many, all or none, each with its row in the audit; refused likewise, and
 * error names the line.  No user and no account is there twice. */
struct trust_pair {
	const char *user_id;	/* both borrowed */
	const char *account;
	int64_t line;		/* where it was told */
};
struct trust_mapping {
	const struct trust_pair *pairs;
	size_t count;
	int64_t set;		/* told: how many were new or changed */
	void (*step)(void *context);	/* for each pair; NULL: nobody asks */
	void *context;
};
enum trust_write trust_writer_map_all(struct trust_writer *writer,
    struct trust_mapping *mapping, const struct trust_note *note,
    const struct moment *now, struct error *error);

/* Whether trust_writer_map() could: 0, or -1 and error. */
int trust_writer_mappable(const struct trust_pair *pair,
    struct error *error);

/* Take it away; *count_out 0: there was none. */
enum trust_write trust_writer_unmap(struct trust_writer *writer,
    const char *user_id, const struct trust_note *note,
    const struct moment *now, int *count_out, struct error *error);

#endif /* !TRUST_WRITER_H_ */
