#ifndef TRUST_INIT_H_
#define TRUST_INIT_H_

#include "ground/error.h"
#include "ground/moment.h"

/*
 * Make a state directory, or complete one of the same endpoint (authgear-cache
 * init).  0, and a note in error if a reader keeps the change from the file
 * itself (trust_writer_lacks()) or the page stays zeros, or -1 and error.
 *
 * - It gets trust.db (0640) with the endpoint and an audit row of `actor`, and
 *   daemon/ (0700).
 * - Root gets the page for kept answers made or mended (trust_epoch.h), in
 *   DIRECTORY.epoch beside it.
 * - With `daemon_user` the caller is root: the directory (2750) is root's, of
 *   the group of that user, who is its one member; daemon/ is the user's.
 *   Owners and modes of what is there already become so.
 * - Without it the installation is private: everything belongs to the caller
 *   (0700).
 * - trust.db of an earlier release is migrated, its whole checked before that
 *   counts; an empty root/ of an earlier release goes.
 * - One of another endpoint is refused, and left as it is, as are network file
 *   systems and a directory with anything else in it.
 *
 * Threads: no state, any thread.
 */
struct trust_init {
	const char *directory;
	const char *endpoint;
	const char *daemon_user;	/* NULL: private */
	const char *actor;
};

#define TRUST_THERE 0		/* *made_out: completed, if it was not so */
#define TRUST_MADE 1
#define TRUST_MIGRATED 2
int trust_init(const struct trust_init *init, const struct moment *now,
    int *made_out, struct error *error);

#endif /* !TRUST_INIT_H_ */
