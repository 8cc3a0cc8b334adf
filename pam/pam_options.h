#ifndef PAM_OPTIONS_H_
#define PAM_OPTIONS_H_

#include <stddef.h>

#include "facts/shape.h"

/*
 * The words behind pam_authgear.so in a pam.d line.  Nothing is read from the
 * environment.
 * Threads: no state; any thread.
 */

#define PAM_OPTIONS_SOCKET "/run/authgear/ask.sock"
#define PAM_OPTIONS_ENV_MAX 16		/* names */
#define PAM_OPTIONS_ENV_VALUE_MAX 256	/* bytes */

enum pam_options_number {
	PAM_OPTIONS_DEADLINE_MAX = 60,		/* seconds */
	PAM_OPTIONS_FAIL_DELAY_MAX = 60		/* seconds */
};

struct pam_options {
	const char *policy;		/* never NULL once read */
	const char *socket;
	const char *daemon_user;
	const char *prompt;		/* NULL: the host's */
	unsigned int accept;		/* bits 1 << enum shape */
	int use_first_pass;
	int deadline;			/* seconds for one question */
	int fail_delay;			/* seconds; 0: none of ours */
	int ignore_without_auth;	/* account_without_auth = ignore */
	int allow_root;			/* root = allow */
	const char *env;		/* names, with commas; or NULL */
	int fail_without_daemon;	/* without_daemon = fail */
	const char *config;		/* authgear-check's; NULL: its own */
};

/*
 * 0, or -1 and one line for the log: an unknown word, one given twice, a value
 * that makes no sense, no policy.  Borrows argv, which libpam keeps.
 */
int pam_options_read(struct pam_options *options, int argc,
    const char *const argv[], char *why, size_t size);

/* 1 if the list of names (env) has this one. */
int pam_options_has_env(const struct pam_options *options, const char *name);

#endif /* !PAM_OPTIONS_H_ */
