#include "config.h"

#include "fcgi/authorize.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "fcgi/reply_page.h"
#include "gate/decision_log.h"
#include "ground/params.h"
#include "web/client_identity.h"
#include "web/login.h"

#define RETRY_BUSY 1	/* seconds */

int
authorize_begin(struct authorize *authorize, enum reply_role role,
    struct authorize_ids *ids)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *random;
	size_t i;

	memset(authorize, 0, sizeof(*authorize));
	authorize->role = role;
	if (ids->left == 0) {
		if (getrandom(ids->random, sizeof(ids->random), 0) !=
		    (ssize_t)sizeof(ids->random))
			return -1;
		ids->left = AUTHORIZE_IDS;
	}
	random = ids->random[--ids->left];
	for (i = 0; i < sizeof(ids->random[0]); i++) {
		authorize->id[2 * i] = digits[random[i] >> 4];
		authorize->id[2 * i + 1] = digits[random[i] & 0xf];
	}
	return 0;
}

/* For the log: letters, digits and what addresses and methods need. */
static void
copy_plain(char *to, size_t size, const char *from)
{
	size_t i;

	for (i = 0; from != NULL && from[i] != '\0' && i + 1 < size; i++) {
		to[i] = '?';
		if ((from[i] >= '0' && from[i] <= '9') ||
		    (from[i] >= 'A' && from[i] <= 'Z') ||
		    (from[i] >= 'a' && from[i] <= 'z') ||
		    from[i] == '.' || from[i] == ':' || from[i] == '-')
			to[i] = from[i];
	}
	to[i] = '\0';
}

/* Header values that a browser sends before the real request (Fetch 3.2.2). */
static int
is_preflight(const char *method, const char *origin,
    const char *requested)
{
	return method != NULL && strcmp(method, "OPTIONS") == 0 &&
	    origin != NULL && origin[0] != '\0' && requested != NULL &&
	    requested[0] != '\0';
}

/* 1, and error: the client names itself, and the policy minds. */
static int
is_forged(const struct web_question *question,
    const struct settings *settings, char *const *params, struct error *error)
{
	const char *param = client_identity_find(params);
	const struct policy *policy = NULL;
	char name[64];
	int is_unknown;

	if (param == NULL)
		return 0;
	if (!question->policy_name_twice)
		policy = settings_policy(settings, question->policy_name,
		    &is_unknown);
	if (policy != NULL && policy->client_identity)
		return 0;
	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(param, "="),
	    param);
	error_set(error, "it came as %s", name);
	return 1;
}

/* The parameters that are read. */
enum {
	POLICY, AUTHORIZATION, COOKIE, URI, HOST, ADDRESS, METHOD, SOFTWARE,
	ORIGIN, REQUESTED_METHOD, PARAMS
};

/* All but the policy's name may occur once: 0, or -1 and error. */
static int
check_once(const struct params_wanted *wanted, struct error *error)
{
	size_t i;

	for (i = POLICY + 1; i < PARAMS; i++) {
		if (wanted[i].answer != PARAMS_TWICE)
			continue;
		error_set(error, "the web server sends %s twice; look at its "
		    "configuration", wanted[i].name);
		return -1;
	}
	return 0;
}

int
authorize_question(struct authorize *authorize,
    const struct settings *settings, char *const *params,
    struct web_question *question, enum reason *reason_out,
    struct error *error)
{
	struct params_wanted wanted[PARAMS] = {
		[POLICY] = { .name = "AUTHGEAR_POLICY" },
		[AUTHORIZATION] = { .name = "HTTP_AUTHORIZATION" },
		[COOKIE] = { .name = "HTTP_COOKIE" },
		[URI] = { .name = "REQUEST_URI" },
		[HOST] = { .name = "HTTP_HOST" },
		[ADDRESS] = { .name = "REMOTE_ADDR" },
		[METHOD] = { .name = "REQUEST_METHOD" },
		[SOFTWARE] = { .name = "SERVER_SOFTWARE" },
		[ORIGIN] = { .name = "HTTP_ORIGIN" },
		[REQUESTED_METHOD] = {
		    .name = "HTTP_ACCESS_CONTROL_REQUEST_METHOD" },
	};
	const char *software;

	params_find_all(params, wanted, PARAMS);
	memset(question, 0, sizeof(*question));
	question->policy_name = wanted[POLICY].value;
	question->policy_name_twice = wanted[POLICY].answer == PARAMS_TWICE;
	question->authorization = wanted[AUTHORIZATION].value;
	question->cookie = wanted[COOKIE].value;
	question->client_address = wanted[ADDRESS].value;
	copy_plain(authorize->address, sizeof(authorize->address),
	    question->client_address);
	copy_plain(authorize->method, sizeof(authorize->method),
	    wanted[METHOD].value);
	software = wanted[SOFTWARE].value;
	authorize->is_apache = software != NULL &&
	    strncmp(software, "Apache", strlen("Apache")) == 0;
	question->is_preflight = is_preflight(wanted[METHOD].value,
	    wanted[ORIGIN].value, wanted[REQUESTED_METHOD].value);
	*reason_out = REASON_FORGED_IDENTITY;
	if (is_forged(question, settings, params, error))
		return -1;
	*reason_out = REASON_REPLY_UNSENDABLE;
	return check_once(wanted, error);
}

static void
say_decision(const struct authorize *authorize,
    const struct decision *decision, int is_limited, struct log *log,
    const struct moment *now)
{
	char line[1280], whole[1456];

	decision_log_line(decision, authorize->id, line, sizeof(line));
	snprintf(whole, sizeof(whole), "%s client_address=%s method=%s", line,
	    authorize->address[0] != '\0' ? authorize->address : "-",
	    authorize->method[0] != '\0' ? authorize->method : "-");
	if (is_limited)
		log_refusal(log, decision->reason, now->boottime, whole);
	else
		log_say(log, LOG_LEVEL_INFO, "%s", whole);
}

/* For the log; what is there stays in front. */
static void
add_detail(struct decision *decision, const char *text)
{
	struct error before = decision->detail;

	error_set(&decision->detail, "%.300s%s%s", before.text,
	    before.text[0] == '\0' ? "" : "; ", text);
}

/* Attempts to log in that are over count no longer. */
static void
sift_attempts(struct login_page *page, struct login_attempts *attempts)
{
	size_t i, kept = 0;

	for (i = 0; i < page->marker_count; i++)
		if (!login_attempts_is_over(attempts, page->markers[i].nonce))
			page->markers[kept++] = page->markers[i];
	page->marker_count = kept;
}

static void
end_attempts(const struct login_page *page,
    struct login_attempts *attempts)
{
	size_t i;

	for (i = 0; i < page->marker_count; i++)
		login_attempts_end(attempts, page->markers[i].nonce);
}

/* The refusal as a browser needs it, and so in the decision's detail; 0 if it
 * is none that may log in. */
static int
answer_browser(const struct authorize *authorize,
    struct decision *decision, const struct login_page *page,
    const struct authorize_with *with, struct reply *reply)
{
	char url[LOGIN_URL_MAX];

	switch (login_decide(page, decision, with->endpoint, authorize->id,
	    url)) {
	case LOGIN_REDIRECT:
		reply_page_login(reply, authorize->role, decision, url,
		    authorize->id);
		add_detail(decision, "sent to log in");
		return 1;
	case LOGIN_EXPLAIN:
		end_attempts(page, with->attempts);
		reply_page_login_failed(reply, authorize->role, decision,
		    login_sentence(decision->reason), authorize->id);
		add_detail(decision, decision->reason ==
		    REASON_NO_CREDENTIAL ?
		    "came back from a login without a cookie that is "
		    "Authgear's; its cookie domain must cover this host, and "
		    "cookie_prefix be Authgear's own" :
		    "came back from a login and was refused again");
		return 1;
	case LOGIN_NOTHING:
	default:
		if (login_is_answered(page, decision))
			end_attempts(page, with->attempts);
		return 0;
	}
}

/* 0 if the answer is what it is for everybody. */
static int
answer_login(const struct authorize *authorize, struct decision *decision,
    const struct authorize_with *with, struct reply *reply)
{
	struct login_page page;

	if (decision->policy == NULL || decision->policy->login_client == NULL)
		return 0;
	login_page_read(&page, decision->policy, with->params,
	    with->now->wall);
	sift_attempts(&page, with->attempts);
	return answer_browser(authorize, decision, &page, with, reply);
}

static int
has_param(char *const *params, const char *name)
{
	const char *value = NULL;

	return params_find(params, name, &value) == PARAMS_TWICE ||
	    (value != NULL && value[0] != '\0');
}

/* By what; a request with a name of the client's own is another question than
 * the same credential without.  What takes its variables from an answer hands
 * this one on as well, unless it asked for it. */
static void
limit_keeping(struct decision *decision, enum reply_role role,
    const struct authorize_with *with)
{
	decision->keep_page = with->page;
	if (with->page == NULL || client_identity_find(with->params) != NULL ||
	    has_param(with->params, CLIENT_IDENTITY_BASIC) ||
	    (role == REPLY_AUTHORIZER &&
	    !has_param(with->params, AUTHORIZE_NOTE)))
		decision->keep = 0;
}

/* What would be let in while the application is told a name that the client
 * chose: refused, unless the policy verifies it or does not mind. */
static void
refuse_name(struct decision *decision, char *const *params)
{
	if ((decision->verdict != VERDICT_GRANTED && !decision->may_pass) ||
	    decision->policy == NULL || decision->policy->accept_basic ||
	    decision->policy->client_identity)
		return;
	if (!has_param(params, CLIENT_IDENTITY_BASIC))
		return;
	decision->verdict = VERDICT_DENIED;
	decision->reason = REASON_FORGED_IDENTITY;
	decision->may_pass = 0;
	error_set(&decision->detail, "it came as the user name of HTTP Basic, "
	    "which this location would hand on; one of nginx's includes for "
	    "applications in it takes it away");
}

void
authorize_answer(const struct authorize *authorize,
    const struct decision *decision, const struct authorize_with *with,
    struct reply *reply)
{
	struct decision sent = *decision;
	int is_good;

	/* it takes an answer without a user for an error */
	if (authorize->is_apache)
		sent.may_pass = 0;
	refuse_name(&sent, with->params);
	limit_keeping(&sent, authorize->role, with);
	if (!answer_login(authorize, &sent, with, reply))
		reply_decision(reply, authorize->role, &sent, authorize->id);
	is_good = reply->reason == REASON_GRANTED || reply->is_pass;
	reply_say_omitted(reply, &sent.detail);
	if (is_good && !with->log_grants && reply->omitted == 0)
		return;
	/* The log says what the client was told. */
	sent.may_pass = reply->is_pass;
	if (reply->reason != sent.reason) {
		sent.reason = reply->reason;
		sent.verdict = reason_verdict(reply->reason);
		error_set(&sent.detail, "a name, role or scope of the token "
		    "cannot be put into a header, or its user's name is too "
		    "long");
	}
	say_decision(authorize, &sent, !is_good || !with->log_grants,
	    with->log, with->now);
}

void
authorize_refuse(const struct authorize *authorize, enum reason reason,
    const char *detail, struct log *log, const struct moment *now,
    struct reply *reply)
{
	struct decision decision = {
		.verdict = reason_verdict(reason),
		.reason = reason,
		.retry_after = RETRY_BUSY
	};

	reply_refusal(reply, reason, decision.retry_after, authorize->id);
	if (detail[0] != '\0')
		error_set(&decision.detail, "%s", detail);
	say_decision(authorize, &decision, 1, log, now);
}
