#ifndef COOKIE_TEXT_H_
#define COOKIE_TEXT_H_

#include <stddef.h>

#include "facts/credential.h"

/*
 * The text of a Cookie header, and which of its cookies are Authgear's: by
 * their names and shapes alone.  Needs no library, so that a web server's
 * process looks at the same cookies as the daemon.  No state: any thread.
 */

/* Authgear's names, behind whatever prefix, in the order in which they win. */
enum cookie_text_name {
	COOKIE_TEXT_APP_SESSION = 0,
	COOKIE_TEXT_APP_ACCESS_TOKEN,
	COOKIE_TEXT_SESSION,
	COOKIE_TEXT_NAMES	/* how many */
};

/* One piece of the header; all borrowed from it. */
struct cookie_text {
	const char *name;	/* without blanks around it */
	size_t name_len;
	const char *value;	/* likewise; NULL: there is no "=" */
	size_t value_len;
	const char *piece;	/* with its blanks */
	size_t piece_len;
};

/* The next piece, *header behind it and its separator: ";", or the ", " by
 * which Apache joins two lines.  0 at the end. */
int cookie_text_next(const char **header, struct cookie_text *cookie);

/* Bytes in front of the name, if the cookie's name ends in it; else -1. */
long cookie_text_prefix(const struct cookie_text *cookie,
    enum cookie_text_name name);

/* The value without one pair of double quotes. */
void cookie_text_unquote(struct cookie_text *cookie);

/* What an unquoted value is under this name; CREDENTIAL_NONE: it is another
 * application's. */
enum credential_kind cookie_text_kind(const struct cookie_text *cookie,
    enum cookie_text_name name);

#endif /* !COOKIE_TEXT_H_ */
