#include "config.h"

#include "fcgi/reply_challenge.h"

static const char *
phrase(int status)
{
	switch (status) {
	case 400:
		return "Bad Request";
	case 401:
		return "Unauthorized";
	case 403:
		return "Forbidden";
	case 503:
		return "Service Unavailable";
	default:
		return "Internal Server Error";
	}
}

/* RFC 6750 section 3: what may stand between the quotes of scope=. */
static int
is_scope(const char *word)
{
	for (; *word != '\0'; word++) {
		if (*word < '!' || *word > '~' || *word == '"' ||
		    *word == '\\')
			return 0;
	}
	return 1;
}

static void
add_scope(struct reply_draft *draft, const struct policy *policy)
{
	size_t i;

	if (policy == NULL || policy->require_scope.count == 0)
		return;
	reply_draft_add(draft, ", scope=\"");
	for (i = 0; i < policy->require_scope.count; i++) {
		if (!is_scope(policy->require_scope.words[i]))
			draft->is_failed = 1;
		reply_draft_add(draft, "%s%s", i > 0 ? " " : "",
		    policy->require_scope.words[i]);
	}
	reply_draft_add(draft, "\"");
}

void
reply_challenge_add(struct reply_draft *draft, enum reason reason,
    const struct policy *policy)
{
	const char *error = reason_challenge_error(reason);

	if (reason_http_status(reason) != 401 && error == NULL)
		return;
	/* the one scheme that such a client knows */
	if (policy != NULL && policy->accept_basic) {
		if (reason_http_status(reason) == 401)
			reply_draft_add(draft, "WWW-Authenticate: Basic "
			    "realm=\"authgear\", charset=\"UTF-8\"\r\n");
		return;
	}
	reply_draft_add(draft, "WWW-Authenticate: Bearer realm=\"authgear\"");
	if (error != NULL)
		reply_draft_add(draft, ", error=\"%s\"", error);
	if (reason == REASON_SCOPE_MISSING)
		add_scope(draft, policy);
	if (reason == REASON_AUTHENTICATION_TOO_OLD && policy != NULL)
		reply_draft_add(draft, ", max_age=\"%d\"",
		    policy->max_authentication_age);
	reply_draft_add(draft, "\r\n");
}

void
reply_challenge_refusal(struct reply_draft *draft, enum reason reason,
    const struct policy *policy, int retry_after, const char *more)
{
	int status = reason_http_status(reason);
	const char *error = reason_challenge_error(reason);

	if (reason_verdict(reason) == VERDICT_GRANTED || status < 400) {
		draft->is_failed = 1;
		return;
	}
	reply_draft_add(draft, "Status: %d %s\r\n", status, phrase(status));
	reply_challenge_add(draft, reason, policy);
	if (status == 503)
		reply_draft_add(draft, "Retry-After: %d\r\n",
		    retry_after > 0 ? retry_after : 1);
	reply_draft_add(draft, "Content-Type: application/json\r\n"
	    "Cache-Control: no-store\r\n"
	    "X-Authgear-Decision: %s\r\n"
	    "X-Authgear-Reason: %s\r\n"
	    "X-Authgear-Request-Id: %s\r\n"
	    "%s\r\n"
	    "{\"error\":\"%s\",\"reason\":\"%s\",\"request_id\":\"%s\"}\n",
	    verdict_name(reason_verdict(reason)), reason_name(reason),
	    draft->request_id, more,
	    error != NULL ? error : verdict_name(reason_verdict(reason)),
	    reason_name(reason), draft->request_id);
}
