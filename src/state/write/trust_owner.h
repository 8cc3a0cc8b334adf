#ifndef TRUST_OWNER_H_
#define TRUST_OWNER_H_

#include <sys/types.h>

#include "ground/error.h"

/* Whose a state directory and what is in it is to be; shared by trust*.c
 * alone.  Threads: no state, any thread. */
struct trust_owner {
	int is_private;		/* everything the caller's */
	uid_t uid;		/* of daemon/ */
	gid_t gid;		/* of the directory, trust.db and daemon/ */
};

/* `daemon_user` NULL: the caller's own; else there must be such a user, not
 * root, alone in its group, and the caller must be root.  0, -1 and error. */
int trust_owner_find(const char *daemon_user, struct trust_owner *owner,
    struct error *error);

/*
 * Give the directory, trust.db with what SQLite keeps beside it, and daemon/
 * with its files the owners and modes that they are made with; only files of
 * one name.  0, -1 and error.
 */
int trust_owner_mend(const char *directory, const struct trust_owner *owner,
    struct error *error);

#endif /* !TRUST_OWNER_H_ */
