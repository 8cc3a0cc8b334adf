#ifndef TRUST_PLACE_H_
#define TRUST_PLACE_H_

#include <sys/types.h>

#include "ground/error.h"

/* Shared by trust*.c alone.  Threads: no state, any thread. */

/* PATH of trust.db in the directory, malloc'd; NULL: memory. */
char *trust_place_path(const char *directory);

/*
 * The state directory as this process may trust it: a directory, no symbolic
 * link; either the caller's own and closed to everybody else, or root's, of
 * mode 2750 at most, and of a group with one member, which is the caller
 * unless the caller is root.  0, or -1 and what to do.
 */
int trust_place_check(const char *directory, struct error *error);

#define TRUST_PLACE_NO_GROUP ((gid_t)-1)

/* The same but for the members of the group, which a directory service may
 * have to tell: *group_out, TRUST_PLACE_NO_GROUP if it does not matter. */
int trust_place_look(const char *directory, gid_t *group_out,
    struct error *error);

/*
 * 0 if the group has exactly one member and that is `uid`; (uid_t)-1: any
 * one.  Members are those of the group's entry (NSS) and the users of
 * /etc/passwd whose own group it is.  -1 and error.
 */
int trust_place_group(gid_t gid, uid_t uid, struct error *error);

#endif /* !TRUST_PLACE_H_ */
