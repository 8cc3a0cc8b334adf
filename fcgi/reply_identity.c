#include "config.h"

#include "fcgi/reply_identity.h"

#include <ctype.h>
#include <string.h>

#include "web/identity.h"

/* X-Authgear-Remote-User of REMOTE_USER, X-Authgear-User-Id of
 * AUTHGEAR_USER_ID.  0, or -1: too long. */
static int
header_name(const char *name, char header[REPLY_MAX])
{
	static const char ours[] = "AUTHGEAR_", first[] = "X-Authgear-";
	size_t at = sizeof(first) - 1;
	int at_word = 1;

	if (strncmp(name, ours, sizeof(ours) - 1) == 0)
		name += sizeof(ours) - 1;
	if (strlen(name) >= REPLY_MAX - sizeof(first))
		return -1;
	memcpy(header, first, sizeof(first));
	for (; *name != '\0'; name++) {
		header[at] = *name;
		if (*name == '_')
			header[at] = '-';
		else if (!at_word)
			header[at] = (char)tolower((unsigned char)*name);
		at++;
		at_word = *name == '_';
	}
	header[at] = '\0';
	return 0;
}

/* One line of what is told, under the name that its role gives it. */
static void
add_fact(struct reply_draft *draft, const char *name, const char *value)
{
	char header[REPLY_MAX];

	if (draft->role == REPLY_AUTHORIZER) {
		reply_draft_add(draft, "Variable-%s: %s\r\n", name, value);
		return;
	}
	if (header_name(name, header) == -1)
		draft->is_failed = 1;
	else
		reply_draft_add(draft, "%s: %s\r\n", header, value);
}

/* Of identity_tell(). */
static void
add_told(void *context, const char *name, const char *value)
{
	struct reply_draft *draft = context;

	/* these two nginx alone is told, as by Authgear's own resolver */
	if (draft->role == REPLY_AUTHORIZER &&
	    (strcmp(name, "AUTHGEAR_SESSION_VALID") == 0 ||
	    strcmp(name, "AUTHGEAR_SESSION_AMR") == 0))
		return;
	if (value[0] != '\0' && !reply_draft_is_sendable(value))
		draft->is_failed = 1;
	else
		add_fact(draft, name, value);
}

static void
end(struct reply_draft *draft)
{
	add_fact(draft, "AUTHGEAR_REQUEST_ID", draft->request_id);
	reply_draft_add(draft, "\r\n");
}

void
reply_identity_granted(struct reply_draft *draft,
    const struct decision *decision)
{
	reply_draft_add(draft, "Status: 200 OK\r\n");
	if (identity_tell(decision, add_told, draft) == -1)
		draft->is_failed = 1;
	end(draft);
}

void
reply_identity_pass(struct reply_draft *draft,
    const struct decision *decision)
{
	if (decision->reason != REASON_NO_CREDENTIAL ||
	    decision->policy == NULL || decision->facts != NULL ||
	    decision->remote_user != NULL) {
		draft->is_failed = 1;
		return;
	}
	reply_draft_add(draft, "Status: 200 OK\r\n");
	add_fact(draft, "AUTHGEAR_DECISION", "pass");
	add_fact(draft, "AUTHGEAR_POLICY", decision->policy->name);
	end(draft);
	draft->reply->is_pass = 1;
}

void
reply_identity_not_blocked(struct reply_draft *draft,
    const struct decision *decision)
{
	if (decision->reason != REASON_NOT_BLOCKED ||
	    decision->remote_user != NULL) {
		draft->is_failed = 1;
		return;
	}
	reply_draft_add(draft, "Status: 200 OK\r\n");
	add_fact(draft, "AUTHGEAR_DECISION",
	    verdict_name(VERDICT_NOT_BLOCKED));
	end(draft);
}
