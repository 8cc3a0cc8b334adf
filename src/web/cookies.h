#ifndef WEB_COOKIES_H_
#define WEB_COOKIES_H_

#include "web/web_credential.h"

/*
 * The credential of a Cookie header (web_credential.h says which): 0 and it,
 * kind NONE with REASON_NO_CREDENTIAL if there is none, or -1 and the reason.
 * No state: any thread.
 */
int cookies_read(struct credential *credential,
    const struct web_credential_rules *rules, const char *cookie,
    enum reason *reason_out, struct error *error);

#endif /* !WEB_COOKIES_H_ */
