#include "config.h"

#include "fcgi/reply_page.h"

#include <stdio.h>

#include "fcgi/reply_challenge.h"
#include "fcgi/reply_draft.h"

static void
add_page(struct reply_draft *draft, const char *paragraph)
{
	reply_draft_add(draft, "Content-Type: text/html; charset=utf-8\r\n"
	    "Cache-Control: no-store\r\n"
	    "Content-Security-Policy: default-src 'none'\r\n"
	    "\r\n"
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<title>Login</title>\n"
	    "<h1>Login</h1>\n<p>%s</p>\n</html>\n", paragraph);
}

/* The same lines for all of a decision's answers to browsers. */
static void
add_why(struct reply_draft *draft, const struct decision *decision)
{
	reply_draft_add(draft, "X-Authgear-Decision: %s\r\n"
	    "X-Authgear-Reason: %s\r\n"
	    "X-Authgear-Request-Id: %s\r\n",
	    verdict_name(decision->verdict), reason_name(decision->reason),
	    draft->request_id);
}

/* For nginx, which makes the answer of it: the refusal with one more line. */
static void
add_login_header(struct reply_draft *draft, const struct decision *decision,
    const char *name, const char *value)
{
	char line[REPLY_MAX];

	if (!reply_draft_is_sendable(value))
		draft->is_failed = 1;
	(void)snprintf(line, sizeof(line), "%s: %s\r\n", name, value);
	reply_challenge_refusal(draft, decision->reason, decision->policy, 0,
	    line);
}

void
reply_page_login(struct reply *reply, enum reply_role role,
    const struct decision *decision, const char *url, const char *request_id)
{
	struct reply_draft draft;

	reply_draft_begin(&draft, reply, role, decision->reason, request_id);
	if (role == REPLY_RESPONDER) {
		add_login_header(&draft, decision, "X-Authgear-Login", url);
	} else {
		reply_draft_add(&draft, "Status: 302 Found\r\nLocation: %s\r\n"
		    "Cache-Control: no-store\r\n", url);
		add_why(&draft, decision);
		reply_draft_add(&draft, "\r\n");
	}
	if (!reply_draft_is_whole(&draft))
		reply_decision(reply, role, decision, request_id);
}

void
reply_page_login_failed(struct reply *reply, enum reply_role role,
    const struct decision *decision, const char *sentence,
    const char *request_id)
{
	struct reply_draft draft;

	reply_draft_begin(&draft, reply, role, decision->reason, request_id);
	if (role == REPLY_RESPONDER) {
		add_login_header(&draft, decision, "X-Authgear-Login-Failed",
		    sentence);
	} else {
		reply_draft_add(&draft, "Status: 401 Unauthorized\r\n");
		reply_challenge_add(&draft, decision->reason,
		    decision->policy);
		add_why(&draft, decision);
		add_page(&draft, sentence);
	}
	if (!reply_draft_is_whole(&draft))
		reply_decision(reply, role, decision, request_id);
}

void
reply_page(struct reply *reply, const char *status, const char *header,
    const char *paragraph)
{
	struct reply_draft draft;

	reply_draft_begin(&draft, reply, REPLY_AUTHORIZER,
	    REASON_NO_CREDENTIAL, NULL);
	reply_draft_add(&draft, "Status: %s\r\n%s%s", status,
	    header != NULL ? header : "", header != NULL ? "\r\n" : "");
	add_page(&draft, paragraph);
	if (!reply_draft_is_whole(&draft))
		reply_draft_canned(reply);
}

void
reply_page_redirect(struct reply *reply, const char *status,
    const char *location, const char *cookie)
{
	struct reply_draft draft;

	reply_draft_begin(&draft, reply, REPLY_AUTHORIZER,
	    REASON_NO_CREDENTIAL, NULL);
	reply_draft_add(&draft, "Status: %s\r\nLocation: %s\r\n"
	    "Cache-Control: no-store\r\n", status, location);
	if (cookie != NULL)
		reply_draft_add(&draft, "Set-Cookie: %s\r\n", cookie);
	reply_draft_add(&draft, "\r\n");
	if (!reply_draft_is_whole(&draft))
		reply_draft_canned(reply);
}
