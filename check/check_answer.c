#include "config.h"

#include "check/check_answer.h"

#include <sys/random.h>

#include <stdio.h>
#include <string.h>

#include "check/check_load.h"
#include "check/check_wire.h"
#include "face/runner.h"
#include "fcgi/ask_question.h"
#include "gate/gate_account.h"
#include "gate/gate_helper.h"
#include "transport/clock.h"

#define FIRST_SHARE 2	/* of the time, which the keys may take */

/* One question under way. */
struct work {
	const struct check_answer *answer;
	struct ask_call call;
	struct decision decision;	/* where no gate is needed */
	struct credential credential;
	struct gate_helper *helper;
	struct check_load http;
	struct runner runner;
};

int
check_answer_id(char id[REPLY_ID_SIZE])
{
	unsigned char random[(REPLY_ID_SIZE - 1) / 2];
	size_t i;

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -1;
	for (i = 0; i < sizeof(random); i++)
		(void)snprintf(id + 2 * i, 3, "%02x", random[i]);
	return 0;
}

void
check_answer_refuse(const struct check_answer *answer,
    const struct ask_call *call, enum reason reason, const char *detail)
{
	struct moment now = { .wall = 0 };
	struct reply reply;

	ask_answer_refusal(call, reason, detail, answer->log, &now, &reply);
	(void)check_wire_answer(answer->fd, &reply);
}

static void
refuse(const struct work *work, enum reason reason, const char *detail)
{
	check_answer_refuse(work->answer, &work->call, reason, detail);
}

static void
send_decision(struct work *work, const struct decision *decision)
{
	const struct check_answer *answer = work->answer;
	struct reply reply;

	ask_answer(&work->call, decision, answer->settings->log_grants,
	    answer->log, &work->runner.now, &reply);
	(void)check_wire_answer(answer->fd, &reply);
}

/* No timer fetches the keys when they are due, so a token may have to.  What
 * comes of it is told by the question that follows. */
static void
refresh_keys(struct work *work)
{
	struct runner *runner = &work->runner;
	const int64_t deadline = runner->deadline;
	struct gate_task *task;
	int64_t next;

	if (work->credential.kind != CREDENTIAL_JWT ||
	    work->call.ask.is_account ||
	    work->answer->settings->validate == SETTINGS_VALIDATE_RESOLVER)
		return;
	task = gate_refresh(runner->gate, &runner->now, &next);
	if (task == NULL)
		return;
	runner->deadline = runner->now.boottime +
	    (deadline - runner->now.boottime) / FIRST_SHARE;
	(void)runner_run(runner, task, GATE_EXCHANGE);
	runner->deadline = deadline;
	gate_task_free(task);
}

static enum gate_step
begin(struct work *work, const struct policy *policy,
    struct gate_task **task_out)
{
	const struct ask *ask = &work->call.ask;
	struct runner *runner = &work->runner;
	const struct gate_asker asker = {
		.address = ask->address,
		.manner = ask->is_account ? GATE_MAY_NOT_ASK : GATE_LOGIN,
		.is_program = 1,
		.uid = work->call.uid,
		.deadline = runner->deadline
	};

	if (work->credential.kind == CREDENTIAL_NONE)
		return gate_account_start(runner->gate, policy, ask->account,
		    &runner->now, task_out);
	return gate_start(runner->gate, policy, &work->credential, &asker,
	    &runner->now, task_out);
}

static void
decide(struct work *work)
{
	struct gate_task *task;
	enum gate_step step;

	refresh_keys(work);
	step = begin(work, work->decision.policy, &task);
	if (task == NULL) {
		refuse(work, REASON_OUT_OF_MEMORY, "");
		return;
	}
	if (runner_run(&work->runner, task, step) == 0)
		send_decision(work, gate_task_decision(task));
	else
		refuse(work, REASON_BUSY, "the time of the question is over");
	gate_task_free(task);
}

static void
tell(const struct work *work)
{
	enum notice_level level;
	struct error text;

	while (gate_helper_notice(work->helper, &level, &text))
		log_notice(work->answer->log, level, error_text(&text));
}

static void
open_and_decide(struct work *work)
{
	const struct check_answer *answer = work->answer;
	struct runner *runner = &work->runner;
	struct error error = { "" };

	work->helper = gate_helper_new(answer->settings,
	    work->credential.kind != CREDENTIAL_NONE, &error);
	if (work->helper == NULL) {
		refuse(work, REASON_STATE_UNREADABLE, error_text(&error));
		return;
	}
	if (answer->is_held_up)
		gate_helper_is_held_up(work->helper);
	work->http.settings = answer->settings;
	runner->gate = gate_helper_gate(work->helper);
	runner->perform = check_load_perform;
	runner->context = &work->http;
	runner->deadline = runner->now.boottime + answer->msecs;
	decide(work);
	gate_helper_write(work->helper, &runner->now);
	tell(work);
}

void
check_answer_all(const struct check_answer *answer, char *const *params)
{
	struct work work = { .answer = answer };
	struct error error = { "" };
	enum reason reason;

	if (check_answer_id(work.call.id) == -1)
		return;
	if (ask_read(&work.call.ask, params, &reason, &error) == -1) {
		refuse(&work, reason, error_text(&error));
		return;
	}
	if (clock_now(&work.runner.now) == -1) {
		refuse(&work, REASON_STATE_UNREADABLE, "no clock");
		return;
	}
	if (ask_question(&work.call.ask, answer->settings, &work.credential,
	    &work.decision) == -1)
		send_decision(&work, &work.decision);
	else
		open_and_decide(&work);
	credential_clear(&work.credential);
}
