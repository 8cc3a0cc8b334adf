#ifndef GRANT_H_
#define GRANT_H_

#include "face/answer.h"

/*
 * What an answer of the daemon means for a request.  Built without nginx.
 * No state: any thread.
 */

enum grant {
	GRANT_UNCLEAR = 0,	/* none of the answers there are: undecided */
	GRANT_REFUSED,		/* as the answer says */
	GRANT_PASS,		/* let in, as nobody */
	GRANT_GIVEN		/* let in, and who it is */
};

/*
 * Given: status 200, the word "granted", a name, and the very policy that was
 * asked about.  Pass: the same with "pass" and no name.
 * Refused: 400 to 599, and a decision that is no grant.
 */
enum grant grant_read(const struct answer *answer, const char *policy,
    size_t policy_len);

#endif /* !GRANT_H_ */
