#ifndef TRUST_H_
#define TRUST_H_

#include "error.h"
#include "facts.h"
#include "moment.h"
#include "reason.h"

/*
 * trust.db: what the administrator said.  Written by the owner of the state
 * directory alone, read by the daemon.  A state directory belongs to one
 * endpoint, recorded when it is made.  A corrupt or unreadable trust.db is
 * "state-unreadable", never "nothing revoked".
 */

struct trust;

/*
 * Make a state directory for `endpoint` (authgear-cache init): the directory
 * (2750), trust.db (0640) with the endpoint, audit row of `actor`, daemon/
 * and root/ (0700).  `daemon_user` NULL: a private installation, everything
 * belongs to the caller (0700).  Otherwise the caller must be root: directory
 * root:<group of daemon_user>, daemon/ owned by that user; the group must
 * have that one member only.  An existing state directory of the same
 * endpoint is completed and left as it is (*made_out 0); one of another
 * endpoint is refused, as are network file systems and an existing
 * directory with anything else in it.  0 or -1 and error.
 */
int trust_init(const char *directory, const char *endpoint,
    const char *daemon_user, const char *actor, const struct moment *now,
    int *made_out, struct error *error);

/* Open for reading.  Another endpoint, another schema, wrong owner or mode
 * of file or directory, group of more than one member: NULL and error. */
struct trust *trust_open(const char *directory, const char *endpoint,
    struct error *error);
void trust_free(struct trust *trust);

/*
 * Before every decision: 0 if trust.db can be read and still is this
 * endpoint's, else -1 and error.  Cheap: data_version and that the open files
 * are those at their paths each time; owner and mode at most once a second of
 * boottime.  Reopens by itself when the file was replaced (restore); where
 * only -wal or -shm was removed beside it, it fails until the process ends.
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

/*
 * The account that the account map gives to a user: 1 and it (malloc'd), 0
 * if it has none, -1 and error.  trust_check() is done.
 */
int trust_account(struct trust *trust, const char *user_id,
    const struct moment *now, char **account_out, struct error *error);

#endif /* !TRUST_H_ */
