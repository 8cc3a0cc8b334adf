#ifndef LOGIN_ATTEMPTS_H_
#define LOGIN_ATTEMPTS_H_

/*
 * The attempts to log in that are over: a page under them was answered.
 *
 * - What a marker of such a one says no longer counts, so that whoever logs
 *   out is sent to log in again, however soon.
 * - The oldest of LOGIN_ATTEMPTS_MAX is forgotten, a restart forgets all: then
 *   a marker's age ends it.
 *
 * One per process.  May be used by all threads.
 */

#define LOGIN_ATTEMPTS_MAX 4096

struct login_attempts;

/* NULL: out of memory. */
struct login_attempts *login_attempts_new(void);
void login_attempts_free(struct login_attempts *attempts);

/* A nonce is 16 hex digits (login_marker.h). */
void login_attempts_end(struct login_attempts *attempts, const char *nonce);
int login_attempts_is_over(struct login_attempts *attempts,
    const char *nonce);

#endif /* !LOGIN_ATTEMPTS_H_ */
