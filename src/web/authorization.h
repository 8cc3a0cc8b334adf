#ifndef WEB_AUTHORIZATION_H_
#define WEB_AUTHORIZATION_H_

#include "web/web_credential.h"

/*
 * The credential of an Authorization header (web_credential.h says which; NULL
 * or "": absent): 1 and it, 0 if there is none for us, -1 and the reason.
 * No state: any thread.
 */
int authorization_read(struct credential *credential,
    const struct web_credential_rules *rules, const char *authorization,
    enum reason *reason_out, struct error *error);

#endif /* !WEB_AUTHORIZATION_H_ */
