#ifndef CREDENTIAL_H_
#define CREDENTIAL_H_

#include <stddef.h>

#include "ground/error.h"
#include "ground/hash.h"
#include "ground/reason.h"

/*
 * What somebody brings to prove who he is.
 * The kind is told by content, not by carrier: two dots are a JWT, 32
 * alphanumerics an opaque token (or the app_session cookie, by its name),
 * uuid "." 32 a session cookie.
 * Anything else is no credential and is sent nowhere.  Threads: one at a time.
 */
enum credential_kind {
	CREDENTIAL_NONE = 0,
	CREDENTIAL_JWT,
	CREDENTIAL_OPAQUE_TOKEN,
	CREDENTIAL_APP_SESSION,
	CREDENTIAL_SESSION_COOKIE
};

struct credential {
	enum credential_kind kind;
	char *text;		/* owned, wiped when cleared; NULL for NONE */
	size_t len;
	char *account;		/* owned, wiped: the account it was brought
				   for; NULL: for whichever is its user's */
	char hash[HASH_HEX_SIZE]; /* SHA-256 of the text, for the log */
};

/*
 * The text becomes the credential, as of this kind: for a face that knows the
 * kind by the name it came under.  *credential is written over.  0, or -1 with
 * OUT_OF_MEMORY.
 */
int credential_take(struct credential *credential, enum credential_kind kind,
    const char *text, size_t len, enum reason *reason_out);

/*
 * What somebody types or hands over, by its shape alone (shape.h): a JWT, an
 * opaque token or the value of the cookie `session`.  0, or -1 with
 * *reason_out MALFORMED (another shape, or empty), OVER_LIMIT (over `max`
 * bytes, which error says), TRUNCATED (begins as a JWT and has fewer than two
 * dots) or OUT_OF_MEMORY; kind is NONE then but `hash` may be set for the log.
 * *credential is written over.
 */
int credential_from_password(struct credential *credential, const char *text,
    size_t len, size_t max, enum reason *reason_out, struct error *error);

/*
 * 0, or -1 with *reason_out OVER_LIMIT and error: a credential of so many bytes
 * is none that may be looked at.
 */
int credential_check_length(size_t len, size_t max, enum reason *reason_out,
    struct error *error);

void credential_clear(struct credential *credential);

/* "jwt", "opaque-token", "app-session", "session-cookie", "none". */
const char *credential_kind_name(enum credential_kind kind);

#endif /* !CREDENTIAL_H_ */
