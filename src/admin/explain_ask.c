#include "config.h"

#include "admin/explain_ask.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "admin/child.h"
#include "admin/handed.h"
#include "face/runner.h"
#include "gate/gate_account.h"
#include "gate/gate_explain.h"
#include "gate/gate_helper.h"
#include "transport/clock.h"
#include "transport/http.h"
#include "transport/http_library.h"
#include "web/web_question.h"

/* What parent and child know. */
struct work {
	struct explain_ask *ask;
	struct explain_report *report;
};

/* In the child. */
struct asking {
	const struct explain_ask *ask;
	FILE *out;
	struct credential credential;
	struct decision decision;	/* where no gate is needed */
	struct gate_helper *helper;
	struct http *http;
	struct runner runner;
};

/* The headers that a request would have. */
struct headers {
	const char *authorization;
	const char *cookie;
	char *made;			/* one of them, owned */
};

static void
say(void *context, const char *step, enum gate_explain_mark mark,
    const char *text)
{
	explain_report_step(context, step, mark, text);
}

static void
perform(void *context, struct exchange *exchange, int64_t msecs)
{
	http_perform(context, exchange, msecs);
}

/* The value of a header line, NULL if it is another one. */
static char *
value_of(char *line, const char *name)
{
	const size_t len = strlen(name);

	if (strncasecmp(line, name, len) != 0 || line[len] != ':')
		return NULL;
	return line + len + 1 + strspn(line + len + 1, " \t");
}

/* Lines as a browser shows them: 1 if they are such. */
static int
read_lines(struct headers *headers, char *text)
{
	char *line, *value, *saved = NULL;
	int found = 0;

	if (value_of(text, "Authorization") == NULL &&
	    value_of(text, "Cookie") == NULL)
		return 0;
	for (line = strtok_r(text, "\r\n", &saved); line != NULL;
	    line = strtok_r(NULL, "\r\n", &saved)) {
		if ((value = value_of(line, "Authorization")) != NULL)
			headers->authorization = value;
		else if ((value = value_of(line, "Cookie")) != NULL)
			headers->cookie = value;
		found = 1;
	}
	return found;
}

static int
has_scheme(const char *text)
{
	return strncasecmp(text, "Bearer ", 7) == 0 ||
	    strncasecmp(text, "Basic ", 6) == 0;
}

/* A credential by itself comes as a client would send it. */
static int
read_bare(struct headers *headers, const struct settings *settings,
    const char *text, enum credential_kind kind)
{
	struct buffer made;

	if (text[0] == '\0')
		return 0;
	if (has_scheme(text)) {
		headers->authorization = text;
		return 0;
	}
	buffer_init(&made, 2 * HANDED_LIMIT);
	if (kind == CREDENTIAL_SESSION_COOKIE)
		(void)buffer_append_format(&made, "%ssession=",
		    settings->cookie_prefix);
	else
		(void)buffer_append_string(&made, "Bearer ");
	(void)buffer_append_string(&made, text);
	headers->made = made.failed ? NULL : strdup(made.data);
	buffer_clear(&made);
	if (kind == CREDENTIAL_SESSION_COOKIE)
		headers->cookie = headers->made;
	else
		headers->authorization = headers->made;
	return headers->made == NULL ? -1 : 0;
}

static enum credential_kind
kind_of(const struct explain_ask *ask, const char *text)
{
	struct credential credential;
	enum credential_kind kind = CREDENTIAL_NONE;
	enum reason reason;

	if (credential_from_password(&credential, text, strlen(text),
	    (size_t)ask->settings->max_credential, &reason, NULL) == 0)
		kind = credential.kind;
	credential_clear(&credential);
	return kind;
}

/* As a web server asks: 0, -1: the decision is made. */
static int
ask_as_server(struct asking *asking, char *text)
{
	const struct explain_ask *ask = asking->ask;
	struct headers headers = { NULL, NULL, NULL };
	struct web_question question = { .policy_name = ask->policy };
	int ret;

	if (!read_lines(&headers, text) && read_bare(&headers, ask->settings,
	    text, kind_of(ask, text)) == -1)
		return gate_refuse(&asking->decision, REASON_OUT_OF_MEMORY);
	question.authorization = headers.authorization;
	question.cookie = headers.cookie;
	ret = web_question_read(&question, ask->settings,
	    &asking->credential, &asking->decision);
	if (headers.made != NULL)
		explicit_bzero(headers.made, strlen(headers.made));
	free(headers.made);
	return ret;
}

/* As pam_authgear.so asks; likewise. */
static int
ask_as_host(struct asking *asking, const char *text)
{
	const struct explain_ask *ask = asking->ask;
	struct credential *credential = &asking->credential;
	struct decision *decision = &asking->decision;
	enum reason reason = REASON_OUT_OF_MEMORY;
	int is_unknown = 0;

	decision->age = -1;
	decision->policy = settings_policy(ask->settings, ask->policy,
	    &is_unknown);
	if (decision->policy == NULL)
		return gate_refuse(decision, is_unknown ?
		    REASON_POLICY_UNKNOWN : REASON_POLICY_MISSING);
	if (text[0] == '\0')
		return 0;
	if (credential_from_password(credential, text, strlen(text),
	    (size_t)ask->settings->max_credential, &reason,
	    &decision->detail) == 0) {
		credential->account = strdup(ask->account);
		if (credential->account != NULL)
			return 0;
		reason = REASON_OUT_OF_MEMORY;
	}
	memcpy(decision->credential_hash, credential->hash,
	    sizeof(decision->credential_hash));
	credential_clear(credential);
	return gate_refuse(decision, reason);
}

/* Who named none that there is, is the caller here, and no server. */
static void
tell_policies(struct asking *asking)
{
	const struct settings *settings = asking->ask->settings;
	struct buffer names;
	size_t i;

	buffer_init(&names, 300);
	for (i = 0; i < settings->policy_count && !names.failed; i++)
		(void)buffer_append_format(&names, "%s%s", i == 0 ? "" : ", ",
		    settings->policies[i]->name);
	error_clear(&asking->decision.detail);
	error_set(&asking->decision.detail, "%s: %s", asking->ask->policy ==
	    NULL ? "--policy was not given; it is one of" :
	    "--policy names none of those that there are",
	    names.failed ? "see authgear-cache --print-policies" : names.data);
	buffer_clear(&names);
}

/* The decision without a gate: what made it is a step too. */
static void
tell_refusal(struct asking *asking, const char *step)
{
	const struct decision *decision = &asking->decision;

	explain_report_step(asking->out, step,
	    decision->verdict == VERDICT_UNDECIDED ? GATE_EXPLAIN_UNDECIDED :
	    GATE_EXPLAIN_REFUSED, reason_name(decision->reason));
	explain_report_decision(asking->out, decision);
}

static enum gate_step
begin(struct asking *asking, struct gate_task **task_out)
{
	struct runner *runner = &asking->runner;
	const struct explain_ask *ask = asking->ask;
	const struct policy *policy = asking->decision.policy;
	const struct gate_asker asker = {
		.manner = ask->may_ask ? GATE_MAY_ASK : GATE_MAY_NOT_ASK,
		.is_program = 1,
		.uid = (long)getuid(),
		.deadline = runner->deadline
	};

	if (asking->credential.kind == CREDENTIAL_NONE)
		return gate_account_start(runner->gate, policy, ask->account,
		    &runner->now, task_out);
	return gate_start(runner->gate, policy, &asking->credential, &asker,
	    &runner->now, task_out);
}

static int
run(struct asking *asking, struct error *error)
{
	struct runner *runner = &asking->runner;
	const struct gate_explain to = { say, asking->out };
	struct gate_task *task;
	enum gate_step step;
	int ret = -1;

	step = begin(asking, &task);
	if (task == NULL) {
		error_set(error, "out of memory");
		return -1;
	}
	if (runner_run(runner, task, step) == 0) {
		gate_explain(runner->gate, task, &runner->now, &to);
		explain_report_decision(asking->out,
		    gate_task_decision(task));
		ret = 0;
	}
	error_set(error, "the time of the question is over");
	gate_task_free(task);
	return ret;
}

static int
open_and_run(struct asking *asking, struct error *error)
{
	const struct settings *settings = asking->ask->settings;
	struct runner *runner = &asking->runner;
	int ret = -1;

	if (asking->ask->may_ask) {
		if (http_library_init() == -1) {
			error_set(error, "the HTTP library does not start");
			return -1;
		}
		asking->http = http_new(settings, error);
		if (asking->http == NULL)
			return -1;
	}
	error_clear(&asking->decision.detail);
	asking->helper = gate_helper_new(settings,
	    asking->credential.kind != CREDENTIAL_NONE,
	    &asking->decision.detail);
	if (asking->helper == NULL) {
		(void)gate_refuse(&asking->decision, REASON_STATE_UNREADABLE);
		tell_refusal(asking, "state");
		return 0;
	}
	if (clock_now(&runner->now) == 0) {
		runner->gate = gate_helper_gate(asking->helper);
		runner->perform = perform;
		runner->context = asking->http;
		runner->deadline = runner->now.boottime +
		    (int64_t)settings->total_timeout * 1000;
		ret = run(asking, error);
		if (asking->ask->may_ask)
			gate_helper_write(asking->helper, &runner->now);
	}
	error_set(error, "the kernel's boot id cannot be read");
	return ret;
}

/* The gate and what else is open end with the process. */
static int
work(void *context, FILE *out, struct error *error)
{
	const struct work *work = context;
	struct asking asking = { .ask = work->ask, .out = out };
	char *text = handed_trim(work->ask->text);
	int ret = 0;

	if ((work->ask->account != NULL ? ask_as_host(&asking, text) :
	    ask_as_server(&asking, text)) == -1) {
		if (asking.decision.policy == NULL)
			tell_policies(&asking);
		tell_refusal(&asking, asking.decision.policy == NULL ?
		    "policy" : "credential");
	} else {
		ret = open_and_run(&asking, error);
	}
	credential_clear(&asking.credential);
	return ret;
}

static int
take(void *context, const struct json *line, struct error *error)
{
	struct work *work = context;

	return explain_report_read(work->report, line) == 0 ? 0 :
	    child_lines_are_odd(error);
}

int
explain_ask(struct explain_ask *ask, struct explain_report *report,
    struct error *error)
{
	struct work both = { ask, report };
	const struct child child = {
		.state = ask->settings->state,
		.what = "",
		.silence_ms = (int64_t)ask->settings->total_timeout * 1000,
		.context = &both,
		.work = work,
		.take = take
	};

	if (child_run(&child, error) == -1)
		return -1;
	return report->is_whole ? 0 : child_lines_are_odd(error);
}
