/* Finds the one credential of a web request. */
#include "web/web_credential.h"

#include <string.h>

#include "web/authorization.h"
#include "web/cookies.h"

int
web_credential_find(struct credential *credential,
    const struct web_credential_rules *rules, const char *authorization,
    const char *cookie, enum reason *reason_out, struct error *error)
{
	int taken;

	memset(credential, 0, sizeof(*credential));
	taken = authorization_read(credential, rules, authorization,
	    reason_out, error);
	if (taken != 0)
		return taken == 1 ? 0 : -1;
	*reason_out = REASON_NO_CREDENTIAL;
	if (cookie == NULL)
		return 0;
	return cookies_read(credential, rules, cookie, reason_out, error);
}
