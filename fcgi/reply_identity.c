#include "config.h"

#include "fcgi/reply_identity.h"

#include <stdio.h>
#include <string.h>

#include "web/identity.h"

/* Room for what end(), add_keep() and add_omitted() add. */
#define END_SIZE 320

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
		else if (!at_word && *name >= 'A' && *name <= 'Z')
			header[at] = (char)(*name - 'A' + 'a');
		at++;
		at_word = *name == '_';
	}
	header[at] = '\0';
	return 0;
}

/* One line of what is told, under the name that its role gives it: 1, or 0 if
 * `spare` bytes are not left behind it. */
static int
put_fact(struct reply_draft *draft, size_t spare, const char *name,
    const char *value)
{
	const char *first = draft->role == REPLY_AUTHORIZER ? "Variable-" : "";
	char header[REPLY_MAX];

	if (draft->role != REPLY_AUTHORIZER) {
		if (header_name(name, header) == -1)
			return 0;
		name = header;
	}
	if (!reply_draft_has_room(draft, strlen(first) + strlen(name) +
	    strlen(": ") + strlen(value) + strlen("\r\n") + spare))
		return 0;
	reply_draft_put(draft, first);
	reply_draft_put(draft, name);
	reply_draft_put(draft, ": ");
	reply_draft_put(draft, value);
	reply_draft_put(draft, "\r\n");
	return 1;
}

static void
add_fact(struct reply_draft *draft, const char *name, const char *value)
{
	if (!put_fact(draft, 0, name, value))
		draft->is_failed = 1;
}

/* Of identity_tell(). */
static int
add_told(void *context, const char *name, const char *value)
{
	struct reply_draft *draft = context;

	/* these two nginx alone is told, as by Authgear's own resolver */
	if (draft->role == REPLY_AUTHORIZER &&
	    (strcmp(name, "AUTHGEAR_SESSION_VALID") == 0 ||
	    strcmp(name, "AUTHGEAR_SESSION_AMR") == 0))
		return 1;
	if (value[0] != '\0' && !reply_draft_is_sendable(value))
		return -1;
	return put_fact(draft, END_SIZE, name, value);
}

/* An absent header must not look like "none". */
static void
add_omitted(struct reply_draft *draft, unsigned int omitted)
{
	char others[IDENTITY_WORDS_SIZE];

	if (draft->role == REPLY_AUTHORIZER)
		omitted &= ~(unsigned int)IDENTITY_AMR;
	draft->reply->omitted = omitted;
	if ((omitted & IDENTITY_ROLES) != 0)
		add_fact(draft, "AUTHGEAR_USER_ROLES_OMITTED", "1");
	identity_words(omitted & ~(unsigned int)IDENTITY_ROLES, others);
	if (others[0] != '\0')
		add_fact(draft, "AUTHGEAR_OMITTED", others);
}

static void
add_keep(struct reply_draft *draft, int seconds, const char *page)
{
	char text[128];

	if (seconds <= 0 || page == NULL)
		return;
	(void)snprintf(text, sizeof(text), "%d %s", seconds, page);
	add_fact(draft, "AUTHGEAR_KEEP", text);
}

static void
end(struct reply_draft *draft)
{
	add_fact(draft, "AUTHGEAR_REQUEST_ID", draft->request_id);
	reply_draft_put(draft, "\r\n");
}

void
reply_identity_granted(struct reply_draft *draft,
    const struct decision *decision, int keep)
{
	unsigned int omitted;

	reply_draft_put(draft, "Status: 200 OK\r\n");
	if (identity_tell(decision, add_told, draft, &omitted) == -1)
		draft->is_failed = 1;
	add_omitted(draft, omitted);
	add_keep(draft, keep, decision->keep_page);
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
	reply_draft_put(draft, "Status: 200 OK\r\n");
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
	reply_draft_put(draft, "Status: 200 OK\r\n");
	add_fact(draft, "AUTHGEAR_DECISION",
	    verdict_name(VERDICT_NOT_BLOCKED));
	end(draft);
}
