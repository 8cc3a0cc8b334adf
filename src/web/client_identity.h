#ifndef CLIENT_IDENTITY_H_
#define CLIENT_IDENTITY_H_

#include <stddef.h>

/*
 * Identity that a client claims for itself.  Backends believe X-Authgear-*,
 * Remote-User, X-Remote-User and X-Forwarded-User, which only the web server
 * may set behind the authorizer.  No state: any thread.
 */

/* A web server's own mark: there was such a header, and it took it away or
 * does not hand it over.  No client can produce a name without HTTP_. */
#define CLIENT_IDENTITY_MARK "AUTHGEAR_FORGED_IDENTITY"

/* The user name of HTTP Basic, from a web server that will tell it to the
 * application whoever verified it (nginx's lists have $remote_user). */
#define CLIENT_IDENTITY_BASIC "AUTHGEAR_BASIC_USER"

/*
 * The first such parameter ("NAME=value", borrowed), or NULL.
 * Names are compared as backends may read them: any case, and every character
 * but letters and digits for "_".
 * One with an empty value is none.
 */
const char *client_identity_find(char *const *params);

/* 1 if a request header of this name is one, compared in the same way; for who
 * has headers, not parameters. */
int client_identity_is_header(const char *name, size_t len);

/* 1 if the value of a Connection header names one, which a proxy behind us
 * would take away then (RFC 9110, 7.6.1): HTTP_CONNECTION is one too. */
int client_identity_is_listed(const char *value, size_t len);

#endif /* !CLIENT_IDENTITY_H_ */
