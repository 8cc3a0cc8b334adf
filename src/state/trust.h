#ifndef TRUST_H_
#define TRUST_H_

#include "facts/facts.h"
#include "ground/error.h"
#include "ground/moment.h"
#include "ground/reason.h"

/*
 * trust.db: what the administrator said.  Written by the owner of the state
 * directory alone, read by the daemon.  A state directory belongs to one
 * endpoint, recorded when it is made.  A corrupt or unreadable trust.db is
 * "state-unreadable", never "nothing revoked".
 *
 * Threads: one at a time; each opens its own, over one trust_shared.
 */

struct trust;

/*
 * Open for reading, in place and without a lock that a writer would wait for
 * (database_view.h).  A schema of an earlier release is read too, a newer one
 * is not; another endpoint, wrong owner or mode of file or directory, a group
 * of more than one member, a file that went back (trust_marks.h): NULL and
 * error.
 */
struct trust *trust_open(const char *directory, const char *endpoint,
    struct error *error);

/*
 * The same for one thread of a process (trust_shared.h, borrowed); how far
 * the file was seen counts from trust_use_status() on, whose status.db
 * (borrowed) knows it, and is written to where no other thread does that.
 */
struct trust_shared;
struct status;
struct trust *trust_open_shared(const char *directory, const char *endpoint,
    struct trust_shared *shared, struct error *error);
void trust_use_status(struct trust *trust, struct status *status);
void trust_free(struct trust *trust);

/*
 * Before every decision: 0 if trust.db can be read and is to be believed,
 * else -1 and error.  Cheap while nothing changed; what changed is read anew,
 * be it another file at the path, another schema or a -wal that is gone, and
 * whatever a writer that was killed left behind.  A directory that
 * was good is looked at once a second of boottime at most.
 */
int trust_check(struct trust *trust, const struct moment *now,
    struct error *error);

/*
 * trust_check(), and whether a revocation hits a credential of which these
 * facts hold (`hash`: SHA-256 of its text): 0 if none does, 1 and *reason_out
 * (REVOKED, SIGNED_OUT, CLIENT_REVOKED, KEY_REVOKED, USER_BLOCKED), -1 and
 * error if that cannot be read (*reason_out is STATE_UNREADABLE).  What was
 * committed before the call is seen, by all processes; so this is the last
 * step before somebody is let in.
 */
int trust_revoked(struct trust *trust, const struct facts *facts,
    const char *hash, const struct moment *now, enum reason *reason_out,
    struct error *error);

/* Of the last trust_revoked() that could be read: the Unix second in which the
 * next block of these facts begins or ends; REVOCATION_NO_TIME: none does. */
int64_t trust_edge(const struct trust *trust);

/* Another number once what the file says was read anew: it was changed or
 * replaced, whoever did it, or could not be read for a while. */
uint64_t trust_readings(const struct trust *trust);

/* Keys that were fetched until then are due, whatever their age; 0: nobody
 * said so.  trust_check() is done. */
int64_t trust_keys_due(const struct trust *trust);

/*
 * trust_revoked(), for who tells why: each row that was looked at, and whether
 * it hits.  A row that is NULL: begin anew, the file was changed meanwhile.
 */
struct revocation;
struct trust_told {
	void (*tell)(void *context, const struct revocation *row, int hits);
	void *context;
};
struct trust_asked {
	const struct facts *facts;
	const char *hash;	/* as in trust_revoked() */
};
int trust_revoked_told(struct trust *trust, const struct trust_asked *asked,
    const struct moment *now, const struct trust_told *told,
    enum reason *reason_out, struct error *error);

/*
 * The account that the account map gives to a user: 1 and it (malloc'd), 0
 * if it has none, -1 and error.  trust_check() is done.
 */
int trust_account(struct trust *trust, const char *user_id,
    const struct moment *now, char **account_out, struct error *error);

/*
 * The map the other way: whose account it is.  1 and the user (malloc'd), 0
 * if nobody's, -1 and error.  trust_check() is done.
 */
int trust_user(struct trust *trust, const char *account,
    const struct moment *now, char **user_id_out, struct error *error);

#endif /* !TRUST_H_ */
