#ifndef DIGITS_H_
#define DIGITS_H_

#include "ground/error.h"
#include "ground/hash.h"
#include "settings/settings.h"

/* A credential by what the log tells of it. */

#define DIGITS_COUNT 16		/* the first ones of its SHA-256 */

/* 1 if they are such digits. */
int digits_are(const char *text);

/* The whole of the SHA-256, where exactly one session that the daemon knows
 * begins so.  Nobody but the daemon's user says so, which a note on stderr
 * tells, and what its file has of that session.  0, or -1 and error. */
int digits_find(const struct settings *settings, const char *digits,
    char hash[HASH_HEX_SIZE], struct error *error);

#endif /* !DIGITS_H_ */
