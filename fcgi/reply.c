#include "config.h"

#include "fcgi/reply.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/identity.h"

/* A reply under construction; `failed` stays set. */
struct draft {
	struct reply *reply;
	enum reply_role role;
	int failed;
};

static void __attribute__((format(printf, 2, 3)))
draft_add(struct draft *draft, const char *format, ...)
{
	struct reply *reply = draft->reply;
	va_list arguments;
	size_t room;
	int len;

	if (draft->failed)
		return;
	room = sizeof(reply->text) - reply->len;
	va_start(arguments, format);
	len = vsnprintf(reply->text + reply->len, room, format, arguments);
	va_end(arguments);
	if (len < 0 || (size_t)len >= room) {
		draft->failed = 1;
		return;
	}
	reply->len += (size_t)len;
}

/*
 * 1 if every server hands the value on as it is: no control bytes, nothing
 * empty, no blanks at the ends, which a server would take off (and so turn
 * one name into another).
 */
static int
reply_is_sendable(const char *value)
{
	size_t len = strlen(value), i;

	if (len == 0 || value[0] == ' ' || value[len - 1] == ' ')
		return 0;
	for (i = 0; i < len; i++) {
		if ((value[i] >= 0 && value[i] < ' ') || value[i] == 0x7f)
			return 0;
	}
	return 1;
}

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
draft_fact(struct draft *draft, const char *name, const char *value)
{
	char header[REPLY_MAX];

	if (draft->role == REPLY_AUTHORIZER) {
		draft_add(draft, "Variable-%s: %s\r\n", name, value);
		return;
	}
	if (header_name(name, header) == -1)
		draft->failed = 1;
	else
		draft_add(draft, "%s: %s\r\n", header, value);
}

/* Of identity_tell(). */
static void
draft_told(void *context, const char *name, const char *value)
{
	struct draft *draft = context;

	/* these two nginx alone is told, as by Authgear's own resolver */
	if (draft->role == REPLY_AUTHORIZER &&
	    (strcmp(name, "AUTHGEAR_SESSION_VALID") == 0 ||
	    strcmp(name, "AUTHGEAR_SESSION_AMR") == 0))
		return;
	if (value[0] != '\0' && !reply_is_sendable(value))
		draft->failed = 1;
	else
		draft_fact(draft, name, value);
}

static void
draft_grant(struct draft *draft, const struct decision *decision,
    const char *request_id)
{
	draft_add(draft, "Status: 200 OK\r\n");
	if (identity_tell(decision, draft_told, draft) == -1)
		draft->failed = 1;
	draft_fact(draft, "AUTHGEAR_REQUEST_ID", request_id);
	draft_add(draft, "\r\n");
}

/* No credential, and none is needed: nothing that names anybody. */
static void
draft_pass(struct draft *draft, const struct decision *decision,
    const char *request_id)
{
	if (decision->reason != REASON_NO_CREDENTIAL ||
	    decision->policy == NULL || decision->facts != NULL ||
	    decision->remote_user != NULL) {
		draft->failed = 1;
		return;
	}
	draft_add(draft, "Status: 200 OK\r\n");
	draft_fact(draft, "AUTHGEAR_DECISION", "pass");
	draft_fact(draft, "AUTHGEAR_POLICY", decision->policy->name);
	draft_fact(draft, "AUTHGEAR_REQUEST_ID", request_id);
	draft_add(draft, "\r\n");
	draft->reply->is_pass = 1;
}

static const char *
reply_phrase(int status)
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
reply_is_scope(const char *word)
{
	for (; *word != '\0'; word++) {
		if (*word < '!' || *word > '~' || *word == '"' ||
		    *word == '\\')
			return 0;
	}
	return 1;
}

static void
draft_scope(struct draft *draft, const struct policy *policy)
{
	size_t i;

	if (policy == NULL || policy->require_scope.count == 0)
		return;
	draft_add(draft, ", scope=\"");
	for (i = 0; i < policy->require_scope.count; i++) {
		if (!reply_is_scope(policy->require_scope.words[i]))
			draft->failed = 1;
		draft_add(draft, "%s%s", i > 0 ? " " : "",
		    policy->require_scope.words[i]);
	}
	draft_add(draft, "\"");
}

static void
draft_challenge(struct draft *draft, enum reason reason,
    const struct policy *policy)
{
	const char *error = reason_challenge_error(reason);

	if (reason_http_status(reason) != 401 && error == NULL)
		return;
	/* the one scheme that such a client knows */
	if (policy != NULL && policy->accept_basic) {
		if (reason_http_status(reason) == 401)
			draft_add(draft, "WWW-Authenticate: Basic "
			    "realm=\"authgear\", charset=\"UTF-8\"\r\n");
		return;
	}
	draft_add(draft, "WWW-Authenticate: Bearer realm=\"authgear\"");
	if (error != NULL)
		draft_add(draft, ", error=\"%s\"", error);
	if (reason == REASON_SCOPE_MISSING)
		draft_scope(draft, policy);
	if (reason == REASON_AUTHENTICATION_TOO_OLD && policy != NULL)
		draft_add(draft, ", max_age=\"%d\"",
		    policy->max_authentication_age);
	draft_add(draft, "\r\n");
}

/* `more`: header lines, "" for none. */
static void
draft_refusal(struct draft *draft, enum reason reason,
    const struct policy *policy, int retry_after, const char *request_id,
    const char *more)
{
	int status = reason_http_status(reason);
	const char *error = reason_challenge_error(reason);

	if (reason_verdict(reason) == VERDICT_GRANTED || status < 400) {
		draft->failed = 1;
		return;
	}
	draft_add(draft, "Status: %d %s\r\n", status, reply_phrase(status));
	draft_challenge(draft, reason, policy);
	if (status == 503)
		draft_add(draft, "Retry-After: %d\r\n",
		    retry_after > 0 ? retry_after : 1);
	draft_add(draft, "Content-Type: application/json\r\n"
	    "Cache-Control: no-store\r\n"
	    "X-Authgear-Decision: %s\r\n"
	    "X-Authgear-Reason: %s\r\n"
	    "X-Authgear-Request-Id: %s\r\n"
	    "%s\r\n"
	    "{\"error\":\"%s\",\"reason\":\"%s\",\"request_id\":\"%s\"}\n",
	    verdict_name(reason_verdict(reason)), reason_name(reason),
	    request_id, more,
	    error != NULL ? error : verdict_name(reason_verdict(reason)),
	    reason_name(reason), request_id);
}

/* Looks once more at what was composed: the last guard before the wire. */
static int
reply_is_whole(const struct reply *reply)
{
	static const char first[] = "Status: ";
	const char *blank;

	if (reply->len == 0 || reply->len > REPLY_MAX ||
	    strlen(reply->text) != reply->len ||
	    strncmp(reply->text, first, sizeof(first) - 1) != 0)
		return 0;
	blank = strstr(reply->text, "\r\n\r\n");
	if (blank == NULL || strstr(reply->text, "\r\nStatus:") != NULL)
		return 0;
	return blank[4] == '\0' || blank[4] == '{' || blank[4] == '<';
}

static void
reply_canned(struct reply *reply)
{
	static const char canned[] = "Status: 500 Internal Server Error\r\n"
	    "Content-Type: application/json\r\n"
	    "Cache-Control: no-store\r\n"
	    "X-Authgear-Decision: undecided\r\n"
	    "X-Authgear-Reason: reply-unsendable\r\n"
	    "\r\n"
	    "{\"error\":\"undecided\",\"reason\":\"reply-unsendable\"}\n";

	reply->reason = REASON_REPLY_UNSENDABLE;
	reply->is_pass = 0;
	reply->len = sizeof(canned) - 1;
	memcpy(reply->text, canned, sizeof(canned));
}

static void
reply_begin(struct reply *reply, enum reason reason)
{
	reply->reason = reason;
	reply->is_pass = 0;
	reply->len = 0;
	reply->text[0] = '\0';
}

void
reply_decision(struct reply *reply, enum reply_role role,
    const struct decision *decision, const char *request_id)
{
	struct draft draft = { .reply = reply, .role = role };

	reply_begin(reply, decision->reason);
	if (decision->verdict == VERDICT_GRANTED)
		draft_grant(&draft, decision, request_id);
	else if (decision->may_pass)
		draft_pass(&draft, decision, request_id);
	else
		draft_refusal(&draft, decision->reason, decision->policy,
		    decision->retry_after, request_id, "");
	if (!draft.failed && reply_is_whole(reply))
		return;
	reply_refusal(reply, REASON_REPLY_UNSENDABLE, 0, request_id);
}

void
reply_refusal(struct reply *reply, enum reason reason, int retry_after,
    const char *request_id)
{
	struct draft draft = { .reply = reply };

	reply_begin(reply, reason);
	draft_refusal(&draft, reason, NULL, retry_after, request_id, "");
	if (draft.failed || !reply_is_whole(reply))
		reply_canned(reply);
}

static void
draft_not_blocked(struct draft *draft, const struct decision *decision,
    const char *request_id)
{
	if (decision->reason != REASON_NOT_BLOCKED ||
	    decision->remote_user != NULL) {
		draft->failed = 1;
		return;
	}
	draft_add(draft, "Status: 200 OK\r\n");
	draft_fact(draft, "AUTHGEAR_DECISION",
	    verdict_name(VERDICT_NOT_BLOCKED));
	draft_fact(draft, "AUTHGEAR_REQUEST_ID", request_id);
	draft_add(draft, "\r\n");
}

void
reply_ask(struct reply *reply, const struct decision *decision,
    const char *meaning, const char *request_id)
{
	struct draft draft = { .reply = reply, .role = REPLY_AUTHORIZER };
	char line[REPLY_MAX];

	reply_begin(reply, decision->reason);
	(void)snprintf(line, sizeof(line), "X-Authgear-Meaning: %s\r\n",
	    meaning);
	if (decision->verdict == VERDICT_GRANTED)
		draft_grant(&draft, decision, request_id);
	else if (decision->verdict == VERDICT_NOT_BLOCKED)
		draft_not_blocked(&draft, decision, request_id);
	else if (!reply_is_sendable(meaning))
		draft.failed = 1;
	else
		draft_refusal(&draft, decision->reason, NULL,
		    decision->retry_after, request_id, line);
	if (draft.failed || !reply_is_whole(reply))
		reply_refusal(reply, REASON_REPLY_UNSENDABLE, 0, request_id);
}

static void
draft_page(struct draft *draft, const char *paragraph)
{
	draft_add(draft, "Content-Type: text/html; charset=utf-8\r\n"
	    "Cache-Control: no-store\r\n"
	    "Content-Security-Policy: default-src 'none'\r\n"
	    "\r\n"
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<title>Login</title>\n"
	    "<h1>Login</h1>\n<p>%s</p>\n</html>\n", paragraph);
}

/* The same lines for all of a decision's answers to browsers. */
static void
draft_why(struct draft *draft, const struct decision *decision,
    const char *request_id)
{
	draft_add(draft, "X-Authgear-Decision: %s\r\n"
	    "X-Authgear-Reason: %s\r\n"
	    "X-Authgear-Request-Id: %s\r\n",
	    verdict_name(decision->verdict), reason_name(decision->reason),
	    request_id);
}

/* For nginx, which makes the answer of it: the refusal with one more line. */
static void
draft_login_header(struct draft *draft, const struct decision *decision,
    const char *name, const char *value, const char *request_id)
{
	char line[REPLY_MAX];

	if (!reply_is_sendable(value))
		draft->failed = 1;
	(void)snprintf(line, sizeof(line), "%s: %s\r\n", name, value);
	draft_refusal(draft, decision->reason, decision->policy, 0,
	    request_id, line);
}

void
reply_login(struct reply *reply, enum reply_role role,
    const struct decision *decision, const char *url, const char *request_id)
{
	struct draft draft = { .reply = reply, .role = role };

	reply_begin(reply, decision->reason);
	if (role == REPLY_RESPONDER) {
		draft_login_header(&draft, decision, "X-Authgear-Login", url,
		    request_id);
	} else {
		draft_add(&draft, "Status: 302 Found\r\nLocation: %s\r\n"
		    "Cache-Control: no-store\r\n", url);
		draft_why(&draft, decision, request_id);
		draft_add(&draft, "\r\n");
	}
	if (draft.failed || !reply_is_whole(reply))
		reply_decision(reply, role, decision, request_id);
}

void
reply_login_failed(struct reply *reply, enum reply_role role,
    const struct decision *decision, const char *sentence,
    const char *request_id)
{
	struct draft draft = { .reply = reply, .role = role };

	reply_begin(reply, decision->reason);
	if (role == REPLY_RESPONDER) {
		draft_login_header(&draft, decision, "X-Authgear-Login-Failed",
		    sentence, request_id);
	} else {
		draft_add(&draft, "Status: 401 Unauthorized\r\n");
		draft_challenge(&draft, decision->reason, decision->policy);
		draft_why(&draft, decision, request_id);
		draft_page(&draft, sentence);
	}
	if (draft.failed || !reply_is_whole(reply))
		reply_decision(reply, role, decision, request_id);
}

void
reply_page(struct reply *reply, const char *status, const char *header,
    const char *paragraph)
{
	struct draft draft = { .reply = reply };

	reply_begin(reply, REASON_NO_CREDENTIAL);
	draft_add(&draft, "Status: %s\r\n%s%s", status,
	    header != NULL ? header : "", header != NULL ? "\r\n" : "");
	draft_page(&draft, paragraph);
	if (draft.failed || !reply_is_whole(reply))
		reply_canned(reply);
}

void
reply_redirect(struct reply *reply, const char *status, const char *location,
    const char *cookie)
{
	struct draft draft = { .reply = reply };

	reply_begin(reply, REASON_NO_CREDENTIAL);
	draft_add(&draft, "Status: %s\r\nLocation: %s\r\n"
	    "Cache-Control: no-store\r\n", status, location);
	if (cookie != NULL)
		draft_add(&draft, "Set-Cookie: %s\r\n", cookie);
	draft_add(&draft, "\r\n");
	if (draft.failed || !reply_is_whole(reply))
		reply_canned(reply);
}
