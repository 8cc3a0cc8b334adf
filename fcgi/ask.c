#include "config.h"

#include "fcgi/ask.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "ground/params.h"

/* NULL if absent or empty; twice is an error. */
static const char *
find(char *const *params, const char *name, struct error *error)
{
	const char *value;

	if (params_find(params, name, &value) == PARAMS_TWICE)
		error_set(error, "the asker sends %s twice", name);
	return value != NULL && value[0] != '\0' ? value : NULL;
}

static int
is_address(const char *text)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, address) == 1 ||
	    inet_pton(AF_INET6, text, address) == 1;
}

/* Names of services are file names; for the log. */
static void
copy_service(struct ask *ask, const char *service)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_.@+";
	size_t i;

	for (i = 0; service != NULL && service[i] != '\0' &&
	    i < ASK_SERVICE_MAX; i++) {
		ask->service[i] = '?';
		if (strchr(plain, service[i]) != NULL)
			ask->service[i] = service[i];
	}
	ask->service[i] = '\0';
}

static int
read_phase(struct ask *ask, const char *phase)
{
	if (phase == NULL)
		return -1;
	ask->is_account = strcmp(phase, "account") == 0;
	return ask->is_account || strcmp(phase, "auth") == 0 ? 0 : -1;
}

static const char *
what_is_wrong(const struct ask *ask, const char *mark, const char *address)
{
	if (mark == NULL || strcmp(mark, "1") != 0)
		return "this socket answers pam_authgear.so, and what asks "
		    "here is something else";
	if (ask->policy == NULL)
		return "the asker names no policy";
	if (ask->account == NULL ||
	    strlen(ask->account) > ASK_ACCOUNT_MAX)
		return "the asker names no account, or too long a one";
	if (address != NULL && !is_address(address))
		return "REMOTE_ADDR is no IP address";
	return NULL;
}

int
ask_read(struct ask *ask, char *const *params, enum reason *reason_out,
    struct error *error)
{
	struct error twice = { "" };
	const char *mark, *address, *wrong;

	memset(ask, 0, sizeof(*ask));
	*reason_out = REASON_REPLY_UNSENDABLE;
	mark = find(params, "AUTHGEAR_ASK", &twice);
	ask->policy = find(params, "AUTHGEAR_POLICY", &twice);
	ask->credential = find(params, "AUTHGEAR_CREDENTIAL", &twice);
	ask->account = find(params, "AUTHGEAR_ACCOUNT", &twice);
	copy_service(ask, find(params, "AUTHGEAR_SERVICE", &twice));
	address = find(params, "REMOTE_ADDR", &twice);
	wrong = read_phase(ask, find(params, "AUTHGEAR_PHASE", &twice)) == -1 ?
	    "AUTHGEAR_PHASE is neither auth nor account" :
	    what_is_wrong(ask, mark, address);
	if (twice.text[0] != '\0')
		wrong = twice.text;
	if (wrong == NULL && ask->credential == NULL && !ask->is_account) {
		*reason_out = REASON_MALFORMED;
		wrong = "phase auth without a credential";
	}
	if (wrong != NULL) {
		error_set(error, "%s", wrong);
		return -1;
	}
	if (address != NULL)
		(void)snprintf(ask->address, sizeof(ask->address), "%s",
		    address);
	return 0;
}
