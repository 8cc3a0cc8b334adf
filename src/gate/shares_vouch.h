#ifndef SHARES_VOUCH_H_
#define SHARES_VOUCH_H_

#include <stdint.h>

#include "gate/shares_who.h"

/*
 * Which address each credential vouches for: the latest, for an hour.
 *
 * Size: 4,096 credentials (status_session_key()); of a full set the one that
 * vouched longest ago gives way.
 * Times: those of shares.c, which never go back.
 * Threads: one at a time; the lock of shares.c holds it.
 */

struct shares_vouch;

/* NULL: out of memory. */
struct shares_vouch *shares_vouch_new(void);
void shares_vouch_free(struct shares_vouch *vouch);

void shares_vouch_put(struct shares_vouch *vouch, const char *credential,
    const struct shares_key *address, int64_t now);

/* Does it vouch for that address? */
int shares_vouch_is_for(const struct shares_vouch *vouch,
    const char *credential, const struct shares_key *address, int64_t now);

#endif /* !SHARES_VOUCH_H_ */
