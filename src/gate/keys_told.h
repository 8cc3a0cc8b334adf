#ifndef KEYS_TOLD_H_
#define KEYS_TOLD_H_

#include "facts/jwks.h"
#include "ground/notices.h"

/*
 * Which keys of Authgear's cannot serve, told to an operator: when that
 * changes, and once for a process.  For all its threads together.
 */

struct keys_told;

struct keys_told *keys_told_new(struct notices *notices); /* NULL: memory */
void keys_told_free(struct keys_told *told);

/* Of a set that was fetched or loaded; NULL for either: nothing is told. */
void keys_told_say(struct keys_told *told, const struct jwks *jwks);

#endif /* !KEYS_TOLD_H_ */
