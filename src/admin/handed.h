#ifndef HANDED_H_
#define HANDED_H_

#include <stdint.h>

#include "facts/credential.h"
#include "ground/error.h"
#include "settings/settings.h"

/*
 * A credential that an operator hands over: from stdin or a file, never an
 * argument (others read command lines), and what it names.  Nothing of it is
 * verified; the text is wiped.
 */
struct handed {
	enum credential_kind kind;
	char *token_id;		/* what revokes it: jti, or SHA-256 as hex */
	char *user_id;		/* `sub`; NULL unless a JWT */
	char hash[HASH_HEX_SIZE]; /* SHA-256 of the text, as the log tells it */
	int64_t expires;	/* `exp`; -1: not told */
};

/* What stands there, "" if it is empty; `file` NULL or "-": stdin, to its end.
 * Whoever clears the buffer wipes it.  0, or -1 and error: also what is too
 * long for a credential, or has a NUL in it. */
struct buffer;
#define HANDED_LIMIT 65536	/* bytes, more than any max_credential */
int handed_read_text(const char *file, struct buffer *buffer,
    struct error *error);

/* Of stdin, which nobody named: an error too if it has not ended in GIVEN_MS
 * (given.h). */
int handed_read_soon(struct buffer *buffer, struct error *error);

/* Without blanks around it, in place. */
char *handed_trim(struct buffer *buffer);

/* The credential that stands there; empty is an error.  0, or -1 and error. */
int handed_read(struct handed *handed, const char *file,
    const struct settings *settings, struct error *error);
void handed_clear(struct handed *handed);

/* 1 if an argument has the shape of a JWT, which belongs to stdin. */
int handed_is_token(const char *argument);

#endif /* !HANDED_H_ */
