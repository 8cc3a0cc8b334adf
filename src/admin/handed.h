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

/* `file` NULL or "-": stdin, to its end.  0, or -1 and error. */
int handed_read(struct handed *handed, const char *file,
    const struct settings *settings, struct error *error);
void handed_clear(struct handed *handed);

/* 1 if an argument has the shape of a JWT, which belongs to stdin. */
int handed_is_token(const char *argument);

#endif /* !HANDED_H_ */
