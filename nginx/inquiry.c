#include "nginx/inquiry.h"

#include "nginx/asking.h"
#include "nginx/conf.h"
#include "nginx/flight.h"
#include "nginx/grant.h"
#include "nginx/keeping.h"
#include "nginx/kept.h"
#include "nginx/question.h"
#include "nginx/state.h"
#include "nginx/told.h"

/* The request goes on where it waited. */
static void
go_on(ngx_http_request_t *r)
{
	ngx_connection_t *client = r->connection;

	ngx_http_set_log_request(client->log, r);
	r->read_event_handler = ngx_http_block_reading;
	r->write_event_handler = ngx_http_core_run_phases;
	ngx_http_core_run_phases(r);
	ngx_http_run_posted_requests(client);
}

/* Meanwhile only the client's going away counts. */
static ngx_int_t
hold(struct pass *pass)
{
	ngx_http_request_t *r = pass->r;

	pass->step = PASS_ASKING;
	r->read_event_handler = ngx_http_test_reading;
	r->write_event_handler = ngx_http_request_empty_handler;
	if (r->stream == NULL &&
	    ngx_handle_read_event(r->connection->read, 0) != NGX_OK)
		return NGX_ERROR;
	return NGX_AGAIN;
}

/* What a policy's answer is. */
static void
take(struct pass *pass, const struct answer *answer)
{
	const enum grant grant = grant_read(answer,
	    (const char *)pass->asked->data, pass->asked->len);

	pass->is_in = grant == GRANT_GIVEN || grant == GRANT_PASS;
	if (grant == GRANT_GIVEN && pass->is_noted)
		(void)keeping_put(pass->server->keeping, &pass->note, answer);
	if (grant != GRANT_UNCLEAR)
		pass->told = told_new(pass->r->pool, answer);
	else
		ngx_log_error(NGX_LOG_ERR, pass->r->connection->log, 0,
		    "authgear: an answer with status %d that is none about "
		    "policy \"%V\"", answer->status, pass->asked);
}

static void
on_answer(void *context, const struct answer *answer)
{
	struct pass *pass = context;

	pass->step = PASS_ANSWERED;
	pass->asking = NULL;
	if (answer != NULL)
		take(pass, answer);
	go_on(pass->r);
}

/* A login's, whatever it is. */
static void
on_login(void *context, const struct answer *answer)
{
	struct pass *pass = context;

	pass->step = PASS_ANSWERED;
	pass->asking = NULL;
	if (answer != NULL)
		pass->told = told_new(pass->r->pool, answer);
	go_on(pass->r);
}

static ngx_int_t
start(struct pass *pass, struct kept *kept, const ngx_str_t *records,
    asking_done *done)
{
	const struct asking_call call = {
		.kept = kept,
		.deadline = pass->server->deadline,
		.question = *records,
		.is_once = done == on_login,
		.pool = pass->r->pool,
		.log = pass->r->connection->log,
		.done = done,
		.context = pass
	};

	pass->asking = asking_start(&call);
	return pass->asking != NULL ? hold(pass) : NGX_DECLINED;
}

static ngx_str_t
authorization_of(const struct state *state)
{
	static const ngx_str_t nothing = ngx_null_string;

	return state->authorization != NULL ? state->authorization->value :
	    nothing;
}

static ngx_int_t
compose(const struct pass *pass, ngx_str_t *records)
{
	const struct state *state = pass->state;
	const struct question question = {
		.policy = pass->asked,
		.authorization = authorization_of(state),
		.cookies = state->cookies,
		.markers = state->markers,
		.is_forged = state->is_forged,
		.method = &pass->r->method_name
	};
	const ngx_int_t rc = question_compose(state->main, &question, records);

	return rc == NGX_DECLINED ? NGX_HTTP_REQUEST_HEADER_TOO_LARGE : rc;
}

/* 1 if its answer may be, or become, a kept one. */
static int
note(struct pass *pass)
{
	const struct state *state = pass->state;
	const struct keeping_question question = {
		.policy = pass->asked,
		.socket = &kept_peer(pass->server->socket)->name,
		.authorization = authorization_of(state),
		.cookies = state->cookies
	};

	return pass->server->keeping != NULL && !state->is_forged &&
	    question.authorization.len + question.cookies.len > 0 &&
	    keeping_note(pass->server->keeping, &question, &pass->note);
}

/* NGX_OK if it is let in by what is kept; NGX_DECLINED; NGX_ERROR. */
static ngx_int_t
recall(struct pass *pass)
{
	const char *text;
	size_t len;

	text = keeping_find(pass->server->keeping, &pass->note, &len);
	if (text == NULL)
		return NGX_DECLINED;
	pass->told = told_kept(pass->r->pool, text, len);
	if (pass->told == NULL)
		return NGX_ERROR;
	pass->is_in = 1;
	pass->step = PASS_ANSWERED;
	return NGX_OK;
}

/* Another's question has no answer for this one. */
static void
ask_alone(struct pass *pass)
{
	ngx_str_t records;

	if (compose(pass, &records) == NGX_OK && start(pass,
	    pass->server->socket, &records, on_answer) == NGX_AGAIN)
		return;
	asking_stop(pass->asking);
	pass->asking = NULL;
	pass->step = PASS_ANSWERED;
	go_on(pass->r);
}

static void
on_flight(void *context, const struct answer *answer, enum flight_end end)
{
	struct pass *pass = context;

	/* what is kept of it is kept already */
	pass->is_noted = end == FLIGHT_ASK_ALONE;
	if (end == FLIGHT_ASK_ALONE)
		ask_alone(pass);
	else
		on_answer(pass, answer);
}

/* In another's question, or in one that others may join. */
static ngx_int_t
fly(struct pass *pass)
{
	const struct flight_call call = {
		.keeping = pass->server->keeping,
		.note = &pass->note,
		.kept = pass->server->socket,
		.deadline = pass->server->deadline,
		.policy = pass->asked
	};
	ngx_str_t records;
	ngx_int_t rc;

	pass->seat.done = on_flight;
	pass->seat.context = pass;
	rc = flight_join(&call, &pass->seat);
	if (rc == NGX_DECLINED) {
		rc = compose(pass, &records);
		if (rc == NGX_OK) {
			rc = flight_start(&call, &records, &pass->seat);
			explicit_bzero(records.data, records.len);
		}
	}
	return rc == NGX_OK ? hold(pass) : rc;
}

static void
begin(struct pass *pass, const struct conf_server *server)
{
	pass->server = server;
	pass->told = NULL;
	pass->is_in = 0;
	pass->is_noted = 0;
}

ngx_int_t
inquiry_policy(struct pass *pass, const struct conf_server *server,
    const ngx_str_t *policy)
{
	ngx_str_t records;
	ngx_int_t rc;

	begin(pass, server);
	pass->asked = policy;
	pass->is_noted = note(pass) != 0;
	if (pass->is_noted) {
		rc = recall(pass);
		return rc == NGX_DECLINED ? fly(pass) : rc;
	}
	rc = compose(pass, &records);
	return rc == NGX_OK ? start(pass, server->socket, &records,
	    on_answer) : rc;
}

ngx_int_t
inquiry_login(struct pass *pass, const struct conf_server *server)
{
	ngx_str_t records;
	ngx_int_t rc;

	begin(pass, server);
	rc = question_of_login(pass->r, &records);
	return rc == NGX_OK ? start(pass, server->login, &records,
	    on_login) : rc;
}

void
inquiry_stop(struct pass *pass)
{
	if (pass->step == PASS_ASKING)
		asking_stop(pass->asking);
	flight_leave(&pass->seat);
	pass->asking = NULL;
	pass->step = PASS_IDLE;
}
