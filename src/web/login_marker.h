#ifndef LOGIN_MARKER_H_
#define LOGIN_MARKER_H_

#include <stddef.h>
#include <stdint.h>

/*
 * One attempt to log in, as it travels with the browser: as the tail of
 * `state` to Authgear and back to login_return, and from there on in a cookie,
 * the marker.  Both are the client's words.  They are read strictly, and
 * decide no more than whether a refused page is sent to log in or explained.
 * No state: any thread.
 */

#define LOGIN_NONCE_SIZE 17	/* 16 lower-case hex digits and NUL */
#define LOGIN_ROUNDS_MAX 3	/* passwords that one chain of attempts asks */

struct login_marker {
	char nonce[LOGIN_NONCE_SIZE];	/* of the attempt */
	int rounds;	/* passwords asked for until now, in its chain */
};

/* Behind `state`: "#", the kind of the cookie, nonce, rounds.  A fragment is
 * never part of a request's path. */
#define LOGIN_TAIL_SIZE 21
void login_marker_tail(const struct login_marker *marker, int is_https,
    char tail[LOGIN_TAIL_SIZE]);

/* Cut the tail off: 0, or -1 if there is none; state then stays as it is. */
int login_marker_cut(char *state, struct login_marker *marker,
    int *is_https);

/*
 * The cookie.
 * Where login_return is https its name has the prefix __Host- and it is Secure,
 * so that no other host and nobody on the way can set it; only that is read.
 * It holds the daemon's time: one older than LOGIN_MARKER_SECONDS is none, nor
 * is one that lies ahead by more than LOGIN_MARKER_AHEAD (two hosts' clocks).
 */
#define LOGIN_MARKER "authgear-login"
#define LOGIN_MARKER_SECONDS 60
#define LOGIN_MARKER_AHEAD 5
#define LOGIN_COOKIE_SIZE 160

/* The value of Set-Cookie; `now` in seconds of wall time. */
void login_marker_cookie(const struct login_marker *marker, int is_https,
    int64_t now, char cookie[LOGIN_COOKIE_SIZE]);

/* The first `max` markers of a Cookie header that count; how many. */
size_t login_marker_read(const char *cookies, int is_https, int64_t now,
    struct login_marker *markers, size_t max);

#endif /* !LOGIN_MARKER_H_ */
