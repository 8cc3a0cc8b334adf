#ifndef PAM_SERVICE_H_
#define PAM_SERVICE_H_

#include <stddef.h>

#include "ground/error.h"

/*
 * The lines of a service of /etc/pam.d, as libpam reads them (pam.d(5)):
 * phases auth and account, with what it includes in its place.  Before a
 * substack stands a mark, which libpam counts as a line too.
 * Threads: no state; any thread.
 */

#define PAM_SERVICE_LINES 128
#define PAM_SERVICE_WORDS 64

enum pam_service_phase {
	PAM_SERVICE_AUTH = 0,
	PAM_SERVICE_ACCOUNT
};

struct pam_line {
	enum pam_service_phase phase;
	int level;		/* how many substacks it is in */
	int is_mark;		/* a substack follows, one level deeper; it is
				   no module */
	char *text;		/* owned; the words are in it */
	const char *control;	/* without brackets around it */
	int has_actions;	/* it had them: "success=done default=bad" */
	const char *module;	/* without folders */
	const char *words[PAM_SERVICE_WORDS];	/* behind the module */
	int count;
};

struct pam_service {
	struct pam_line lines[PAM_SERVICE_LINES];
	size_t count;
};

/* The service is empty.  0, or -1 and error: a line that libpam would not take
 * either, a file that cannot be read, more than the limits. */
int pam_service_read(struct pam_service *service, const char *folder,
    const char *name, struct error *error);
void pam_service_clear(struct pam_service *service);

/* What the line's control says of a value of pam.d(5), "perm_denied": "done",
 * "die", "ok", "bad", "ignore", "reset", or a number. */
const char *pam_service_action(const struct pam_line *line,
    const char *value, char text[16]);

/* 1 if that is "reset" for any value. */
int pam_service_resets(const struct pam_line *line);

#endif /* !PAM_SERVICE_H_ */
