#include "config.h"

#include "fcgi/service.h"

#include <stdlib.h>
#include <string.h>

#include "fcgi/ask_answer.h"
#include "fcgi/ask_question.h"
#include "fcgi/authorize.h"
#include "fcgi/layer/server_request.h"
#include "fcgi/login_return.h"
#include "gate/gate_account.h"
#include "gate/gate_shared.h"
#include "gate/shares_words.h"
#include "transport/clock.h"

struct service_thread {
	struct service *service;
	struct gate *gate;
	struct moment now;
	struct authorize_ids ids;
};

/* Who waits for the answer: a web server, or a PAM module. */
struct caller {
	int is_ask;
	struct authorize authorize;
	struct ask_call call;	/* if is_ask */
	struct shares_who who;	/* asks */
};

/* A parked request. */
struct session {
	struct caller caller;
	struct parked *parked;
	struct fetcher *fetcher;	/* that has it; borrowed */
	struct shares *shares;	/* likewise */
	struct shares_hold seat;
};

static void
free_session(struct session *session)
{
	shares_give(session->shares, &session->seat);
	free(session);
}

static void
thread_end(void *context)
{
	struct service_thread *thread = context;

	if (thread == NULL)
		return;
	gate_free(thread->gate);
	free(thread);
}

static void *
thread_begin(void *context, unsigned int index)
{
	struct service *service = context;
	struct service_thread *thread;
	struct error error = { "" };

	thread = calloc(1, sizeof(*thread));
	if (thread == NULL)
		return NULL;
	thread->service = service;
	thread->gate = gate_new(service->settings, service->shared, &error);
	if (thread->gate != NULL && clock_now(&thread->now) == 0)
		return thread;
	error_set(&error, "no boot id: is /proc mounted?");
	log_say(service->log, LOG_LEVEL_ERROR, "thread %u: %s", index,
	    error_text(&error));
	thread_end(thread);
	return NULL;
}

static enum server_step
send_reply(struct server_request *request, const struct reply *reply)
{
	/* What the layer does not take it answers with its own 500. */
	(void)server_request_reply(request, reply->text, reply->len);
	return SERVER_ANSWERED;
}

static enum server_step
refuse(struct service_thread *thread, struct server_request *request,
    const struct caller *caller, enum reason reason, const char *detail)
{
	struct reply reply;

	if (caller->is_ask)
		ask_answer_refusal(&caller->call, reason, detail,
		    thread->service->log, &thread->now, &reply);
	else
		authorize_refuse(&caller->authorize, reason, detail,
		    thread->service->log, &thread->now, &reply);
	return send_reply(request, &reply);
}

static enum server_step
answer(struct service_thread *thread, struct server_request *request,
    const struct caller *caller, const struct decision *decision)
{
	const struct service *service = thread->service;
	struct authorize_with with = {
		.params = server_request_params(request),
		.attempts = service->attempts,
		.now = &thread->now,
		.log = service->log,
		.log_grants = service->settings->log_grants
	};
	char page[EPOCH_SHOWN_SIZE];
	struct reply reply;

	if (caller->is_ask) {
		ask_answer(&caller->call, decision,
		    service->settings->log_grants, service->log,
		    &thread->now, &reply);
		return send_reply(request, &reply);
	}
	/* it is looked up only for who may be sent there */
	if (decision->verdict == VERDICT_DENIED && decision->policy != NULL &&
	    decision->policy->login_client != NULL)
		with.endpoint = gate_authorization_endpoint(thread->gate);
	if (epoch_shown_text(&service->shown, page))
		with.page = page;
	authorize_answer(&caller->authorize, decision, &with, &reply);
	return send_reply(request, &reply);
}

/* The request is answered; an exchange of its task goes on. */
static void
go_on(struct service_thread *thread, struct gate_task *task,
    enum gate_step step)
{
	struct parked *parked = NULL;

	if (step == GATE_EXCHANGE)
		parked = parked_new(task, step, NULL);
	if (parked != NULL)
		fetcher_park(thread->service->fetcher, parked);
	else
		gate_task_free(task);
}

/* No place for the request; a fetch whose lease it holds goes on. */
static enum server_step
refuse_busy(struct service_thread *thread, struct server_request *request,
    const struct caller *caller, struct gate_task *task,
    enum gate_step step, const char *detail)
{
	go_on(thread, task, step);
	return refuse(thread, request, caller, REASON_BUSY, detail);
}

static enum server_step
refuse_seat(struct service_thread *thread, struct server_request *request,
    const struct caller *caller, struct gate_task *task,
    enum gate_step step, const struct shares_refusal *refusal)
{
	struct error detail = { "" };

	shares_words_seat(refusal, caller->is_ask, &detail);
	return refuse_busy(thread, request, caller, task, step,
	    error_text(&detail));
}

static enum server_step
park(struct service_thread *thread, struct server_request *request,
    const struct caller *caller, struct gate_task *task,
    enum gate_step step)
{
	const struct service *service = thread->service;
	struct shares *shares = gate_shared_shares(service->shared);
	struct shares_hold seat = { .count = 0 };
	struct shares_refusal refusal = { .limit = SHARES_LIMIT_ALL };
	struct session *session;

	if (!server_request_may_park(request) || shares_take_seat(shares,
	    &caller->who, service->seats, &seat, &refusal) != SHARES_TAKEN)
		return refuse_seat(thread, request, caller, task, step,
		    &refusal);
	session = calloc(1, sizeof(*session));
	if (session != NULL)
		session->parked = parked_new(task, step, request);
	if (session == NULL || session->parked == NULL) {
		shares_give(shares, &seat);
		free(session);
		return refuse_busy(thread, request, caller, task, step,
		    "out of memory");
	}
	session->caller = *caller;
	session->fetcher = service->fetcher;
	session->shares = shares;
	session->seat = seat;
	server_request_attach(request, session);
	fetcher_park(thread->service->fetcher, session->parked);
	return SERVER_PARKED;
}

/* Where a login comes back to: no credential, no decision. */
static enum server_step
serve_login(struct service_thread *thread, struct server_request *request)
{
	struct reply reply;

	/* Should the clock fail now, the earlier moment is good enough. */
	(void)clock_advance(&thread->now);
	login_return_reply(&reply, server_request_params(request),
	    thread->now.wall);
	return send_reply(request, &reply);
}

/* The gate has begun with it. */
static enum server_step
follow(struct service_thread *thread, struct server_request *request,
    const struct caller *caller, enum gate_step step,
    struct gate_task *task)
{
	enum server_step answered;

	if (task == NULL)
		return refuse(thread, request, caller,
		    REASON_OUT_OF_MEMORY, "");
	if (step != GATE_DONE)
		return park(thread, request, caller, task, step);
	answered = answer(thread, request, caller,
	    gate_task_decision(task));
	/* it is free, or asks on for the next request of its session */
	go_on(thread, task, gate_go_on(thread->gate, task, &thread->now));
	return answered;
}

/* A web server's question. */
static enum server_step
serve_web(struct service_thread *thread, struct server_request *request,
    struct caller *caller)
{
	const struct settings *settings = thread->service->settings;
	struct gate_asker asker = { .manner = GATE_MAY_ASK };
	struct web_question question;
	struct credential credential;
	struct decision decision;
	struct error error = { "" };
	struct gate_task *task;
	enum reason reason;
	enum gate_step step;

	if (authorize_question(&caller->authorize, settings,
	    server_request_params(request), &question, &reason, &error) == -1)
		return refuse(thread, request, caller, reason,
		    error_text(&error));
	if (clock_advance(&thread->now) == -1)
		return refuse(thread, request, caller,
		    REASON_STATE_UNREADABLE, "no clock");
	if (web_question_read(&question, settings, &credential,
	    &decision) == -1)
		return answer(thread, request, caller, &decision);
	asker.address = question.client_address;
	shares_who_client(&caller->who, asker.address);
	step = gate_start(thread->gate, decision.policy, &credential, &asker,
	    &thread->now, &task);
	return follow(thread, request, caller, step, task);
}

/* The gate's question of a PAM module. */
static enum gate_step
begin_ask(struct service_thread *thread, const struct ask_call *call,
    const struct policy *policy, struct credential *credential,
    struct gate_task **task_out)
{
	struct gate_asker asker = { .manner = call->ask.is_account ?
	    GATE_MAY_NOT_ASK : GATE_LOGIN, .is_program = 1, .uid = call->uid,
	    .address = call->ask.address };

	if (credential->kind == CREDENTIAL_NONE)
		return gate_account_start(thread->gate, policy,
		    call->ask.account, &thread->now, task_out);
	return gate_start(thread->gate, policy, credential, &asker,
	    &thread->now, task_out);
}

/* A PAM module's. */
static enum server_step
serve_ask(struct service_thread *thread, struct server_request *request,
    struct caller *caller)
{
	const struct settings *settings = thread->service->settings;
	struct credential credential;
	struct decision decision;
	struct error error = { "" };
	struct gate_task *task;
	enum reason reason;
	enum gate_step step;

	if (server_request_role(request) != SERVER_AUTHORIZER)
		return refuse(thread, request, caller,
		    REASON_REPLY_UNSENDABLE, "what asks here is no "
		    "authorizer's request");
	if (ask_read(&caller->call.ask, server_request_params(request),
	    &reason, &error) == -1)
		return refuse(thread, request, caller, reason,
		    error_text(&error));
	if (clock_advance(&thread->now) == -1)
		return refuse(thread, request, caller,
		    REASON_STATE_UNREADABLE, "no clock");
	if (ask_question(&caller->call.ask, settings, &credential,
	    &decision) == -1)
		return answer(thread, request, caller, &decision);
	shares_who_program(&caller->who, caller->call.uid,
	    caller->call.ask.address);
	step = begin_ask(thread, &caller->call, decision.policy,
	    &credential, &task);
	return follow(thread, request, caller, step, task);
}

static enum server_step
serve(void *context, struct server_request *request)
{
	struct service_thread *thread = context;
	struct caller caller = { .is_ask = server_request_serve(request) ==
	    LISTENER_SERVE_ASK };

	if (server_request_serve(request) == LISTENER_SERVE_LOGIN)
		return serve_login(thread, request);
	if (authorize_begin(&caller.authorize,
	    server_request_role(request) == SERVER_AUTHORIZER ?
	    REPLY_AUTHORIZER : REPLY_RESPONDER, &thread->ids) == -1)
		return SERVER_ANSWERED;
	memcpy(caller.call.id, caller.authorize.id, sizeof(caller.call.id));
	/* a system call, and web servers are not told apart */
	if (caller.is_ask)
		caller.call.uid = server_request_peer_uid(request);
	if (server_request_is_too_large(request))
		return refuse(thread, request, &caller,
		    REASON_HEADERS_TOO_LARGE, "");
	return caller.is_ask ? serve_ask(thread, request, &caller) :
	    serve_web(thread, request, &caller);
}

static enum server_step
resume(void *context, struct server_request *request)
{
	struct service_thread *thread = context;
	struct session *session = server_request_attached(request);
	enum server_step answered;

	/* Should the clock fail now, the earlier moment is good enough. */
	(void)clock_advance(&thread->now);
	answered = answer(thread, request, &session->caller,
	    gate_task_decision(session->parked->task));
	server_request_attach(request, NULL);
	parked_free(session->parked);
	free_session(session);
	return answered;
}

static void
abandon(void *context, struct server_request *request)
{
	struct session *session = server_request_attached(request);

	(void)context;
	if (session == NULL)
		return;
	if (!fetcher_forget(session->fetcher, session->parked))
		parked_free(session->parked);
	free_session(session);
}

void
service_handler(struct service *service, struct server_handler *handler)
{
	memset(handler, 0, sizeof(*handler));
	handler->context = service;
	handler->thread_begin = thread_begin;
	handler->serve = serve;
	handler->resume = resume;
	handler->abandon = abandon;
	handler->thread_end = thread_end;
}
