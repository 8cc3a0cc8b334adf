#ifndef DOCTOR_H_
#define DOCTOR_H_

#include <sys/types.h>

#include "ground/error.h"
#include "ground/word_list.h"
#include "settings/settings.h"

/*
 * What the checks of `doctor` share.  A check is a function of a file of its
 * own, `void doctor_NAME(struct doctor *)`, that says one line for each thing
 * that it looked at.
 * Threads: one at a time.
 */

#define DOCTOR_USER_UNKNOWN ((uid_t)-1)

struct doctor {
	const char *config;		/* the settings file */
	const struct settings *settings;	/* NULL: they cannot be read */
	int json;
	uid_t user;			/* the daemon's, by the state directory;
					   DOCTOR_USER_UNKNOWN */
	struct word_list services;	/* of PAM, that name the module */
	struct word_list asked;		/* sockets that were looked at */
	struct word_list listens;	/* paths where our daemons listen */
	const char *web_user;		/* of the web server that is looked at;
					   NULL: not known */
	size_t counts[3];		/* by finding */
};

enum doctor_finding {
	DOCTOR_GOOD = 0,
	DOCTOR_BAD,
	DOCTOR_UNKNOWN		/* it cannot be looked at: the text says why */
};

/*
 * One line: what was looked at ("state", "pam sshd", "nginx /etc/..."), what
 * was found, and of a bad one the command or setting that mends it (NULL else).
 * What others wrote may stand in each of them: it is shown as printable ASCII,
 * and cut.
 */
void doctor_say(struct doctor *doctor, enum doctor_finding finding,
    const char *subject, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif /* !DOCTOR_H_ */
