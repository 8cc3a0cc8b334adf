#ifndef PAM_LOGIN_H_
#define PAM_LOGIN_H_

#include "pam/host.h"

/*
 * The credential of phase auth, kept in the transaction until phase account
 * has asked about it again; wiped then, and by libpam's end of the
 * transaction.
 * Threads: one at a time for each transaction.
 */

/* Somebody logs in: what another user was granted before in this transaction
 * is forgotten, as if there had been no auth. */
void login_begin(const struct host *host);

/* PAM_SUCCESS or PAM_BUF_ERR. */
int login_keep(const struct host *host, const char *credential);

/* 1 if auth granted in this transaction; *credential_out is borrowed, NULL
 * once forgotten. */
int login_find(pam_handle_t *pamh, const char **credential_out);

void login_forget(pam_handle_t *pamh);

#endif /* !PAM_LOGIN_H_ */
