#ifndef PAM_PASSWORD_H_
#define PAM_PASSWORD_H_

#include "pam/host.h"
#include "pam/pam_options.h"

/*
 * Is what somebody typed a credential at all?  Looked at before anything else:
 * what is none never leaves the process and costs no line in the log but at
 * debug level, since in a stack before pam_unix every ordinary login passes
 * here.
 * Threads: one at a time for each transaction.
 */

#define PASSWORD_MAX 16384	/* bytes */

/* PAM_SUCCESS and the password, borrowed; PAM_AUTH_ERR, or PAM_BUF_ERR. */
int password_get(const struct host *host, const struct pam_options *options,
    const char **password_out);

/*
 * A sentence if the credential was probably cut on its way, by its length
 * alone, or the name's and its: a limit of a client or a host; else NULL.
 */
const char *password_cut(const char *user, size_t len);

#endif /* !PAM_PASSWORD_H_ */
