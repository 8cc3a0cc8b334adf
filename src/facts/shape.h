#ifndef SHAPE_H_
#define SHAPE_H_

#include <stddef.h>

/*
 * What the text of a credential looks like, before anybody is asked: by its
 * characters and their number alone.  Needs no library, so that a host's
 * process can tell a password from a credential.  No state: any thread.
 */

enum shape {
	SHAPE_OTHER = 0,
	SHAPE_JWT,		/* letters, digits, "-", "_" and two dots */
	SHAPE_RANDOM,		/* 32 letters and digits: an opaque token, or
				   the cookie app_session */
	SHAPE_SESSION,		/* uuid "." 32: the cookie session, and a
				   refresh token just so */
	SHAPE_CUT_JWT		/* begins as a JWT and has fewer dots */
};

enum shape shape_of(const char *text, size_t len);

/* The same of what a person typed: a JWT begins as all of them do, since
 * passwords have two dots now and then. */
enum shape shape_of_typed(const char *text, size_t len);

/* 1 if a name must not be logged: it is a credential, or has one in it. */
int shape_is_in_name(const char *name);

#endif /* !SHAPE_H_ */
