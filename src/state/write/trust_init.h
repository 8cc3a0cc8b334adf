#ifndef TRUST_INIT_H_
#define TRUST_INIT_H_

#include "ground/error.h"
#include "ground/moment.h"

/*
 * Make a state directory for `endpoint` (authgear-cache init): the directory
 * (2750), trust.db (0640) with the endpoint, audit row of `actor`, daemon/
 * (0700).  `daemon_user` NULL: a private installation, everything belongs to
 * the caller (0700).  Otherwise the caller must be root: directory root:<group
 * of daemon_user>, daemon/ owned by that user; the group must have that one
 * member only.  An existing state directory of the same endpoint is completed
 * (*made_out THERE): trust.db of an earlier release is migrated (MIGRATED), its
 * whole checked before that counts; with `daemon_user` owners and modes become
 * as said; an empty root/ of an earlier release goes.  One of another endpoint
 * is refused, and left as it is, as are network file systems and an existing
 * directory with anything else in it.  0, and a note in error if a reader keeps
 * the change from the file itself (trust_writer_lacks()), or -1 and error.
 */
#define TRUST_THERE 0		/* *made_out */
#define TRUST_MADE 1
#define TRUST_MIGRATED 2
struct trust_init {
	const char *directory;
	const char *endpoint;
	const char *daemon_user;
	const char *actor;
};
int trust_init(const struct trust_init *init, const struct moment *now,
    int *made_out, struct error *error);

#endif /* !TRUST_INIT_H_ */
