#ifndef STATUS_SESSION_H_
#define STATUS_SESSION_H_

#include "facts/facts.h"
#include "ground/hash.h"
#include "ground/moment.h"

/*
 * What Authgear's resolver last said of a credential that was live at least
 * once.  Facts, never decisions.  It owns its facts: whoever has the struct
 * clears it.
 *
 * Threads: one at a time.
 */

struct status_session {
	int is_live;		/* the last completed answer; 0: no facts */
	int64_t doubted_at;	/* boottime of an answer that came since, which
				   is to be asked for again: until then the row
				   serves nobody, but a live one in an outage;
				   0: none */
	int is_before;		/* it lies where schema 2 put it */
	int is_alone;		/* what this process said; the file, which could
				   not be read, may say otherwise */
	struct facts facts;	/* as resolver_read() fills them in; owned */
	struct moment started;	/* when that lookup began; without `wall`.  Of
				   one that is not live: what began until then
				   serves nobody */
	char verified_by[HASH_HEX_SIZE]; /* thumbprint of the key that this very
				   JWT's signature was verified with; "": it
				   was not, or is no JWT */
};
void status_session_init(struct status_session *session);
void status_session_clear(struct status_session *session);
/* *to is written over.  0, or -1 (memory) and *to empty. */
int status_session_copy(struct status_session *to,
    const struct status_session *from);

#define STATUS_SESSION_MAX_TEXT 32768 /* bytes of roles or amr, joined, that a
				   row holds */

/* The key of a row, SHA-256 of the credential's text and its kind, as text:
 * 64 hex digits and one for the kind. */
#define STATUS_KEY_SIZE (HASH_HEX_SIZE + 1)
void status_session_key(const struct credential *credential,
    char key[STATUS_KEY_SIZE]);

#endif /* !STATUS_SESSION_H_ */
