#ifndef PAM_HOST_H_
#define PAM_HOST_H_

#include <security/pam_modules.h>

#include <stddef.h>

/*
 * What is read of the host's transaction, and its log.  Nothing is printed,
 * openlog() is never called (the host's next line would go through an unloaded
 * module), no locale, no environment.
 * Threads: one at a time for each transaction.
 */

#define HOST_NAME_SIZE 256	/* of an account, with its NUL */

struct host {
	pam_handle_t *pamh;
	const char *user;		/* PAM_USER, unchanged; never NULL */
	const char *service;		/* PAM_SERVICE or NULL */
	const char *address;		/* PAM_RHOST if it is an IP address */
	int is_called_here;		/* by a user but root (PAM_RUSER), from
					   nowhere else: su, sudo */
	char user_text[65];		/* for the log */
};

/*
 * Asks for the name if it is not set.
 * PAM_SUCCESS, PAM_AUTH_ERR for a name that is none or too long, or what the
 * host said.
 */
int host_read(struct host *host, pam_handle_t *pamh);

/* One line to the system log (authpriv); `priority` of syslog(3). */
void host_log(const struct host *host, int priority, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * 1: uid 0; 0: another, or there is no such account; -1: could not tell.
 * `other` becomes what the system calls the account if that is another
 * spelling than `user`, else "".
 */
int host_is_root(const char *user, char other[HOST_NAME_SIZE]);

#endif /* !PAM_HOST_H_ */
