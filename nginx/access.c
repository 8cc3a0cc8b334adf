#include "nginx/access.h"

#include "nginx/asking.h"
#include "nginx/collection.h"
#include "nginx/conf.h"
#include "nginx/destination.h"
#include "nginx/grant.h"
#include "nginx/question.h"
#include "nginx/refusal.h"
#include "nginx/state.h"
#include "nginx/telling.h"
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

static void
on_answer(void *context, const struct answer *answer)
{
	struct pass *pass = context;
	enum grant grant;

	pass->step = PASS_ANSWERED;
	pass->asking = NULL;
	if (answer != NULL) {
		grant = grant_read(answer, (const char *)pass->asked->data,
		    pass->asked->len);
		pass->is_in = grant == GRANT_GIVEN || grant == GRANT_PASS;
		if (grant != GRANT_UNCLEAR)
			pass->told = told_new(pass->r->pool, answer);
		else
			ngx_log_error(NGX_LOG_ERR, pass->r->connection->log,
			    0, "authgear: an answer with status %d that is "
			    "none about policy \"%V\"", answer->status,
			    pass->asked);
	}
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

/* Meanwhile only the client's going away counts. */
static ngx_int_t
hold(ngx_http_request_t *r)
{
	r->read_event_handler = ngx_http_test_reading;
	r->write_event_handler = ngx_http_request_empty_handler;
	if (r->stream == NULL &&
	    ngx_handle_read_event(r->connection->read, 0) != NGX_OK)
		return NGX_ERROR;
	return NGX_AGAIN;
}

/* NGX_AGAIN once it is asked; NGX_DECLINED: it cannot be. */
static ngx_int_t
start(struct pass *pass, struct kept *kept, ngx_msec_t deadline,
    const ngx_str_t *question, asking_done *done)
{
	const struct asking_call call = {
		.kept = kept,
		.deadline = deadline,
		.question = *question,
		.is_once = done == on_login,
		.pool = pass->r->pool,
		.log = pass->r->connection->log,
		.done = done,
		.context = pass
	};

	pass->told = NULL;
	pass->is_in = 0;
	pass->asking = asking_start(&call);
	if (pass->asking == NULL)
		return NGX_DECLINED;
	pass->step = PASS_ASKING;
	return hold(pass->r);
}

static ngx_int_t
ask(struct pass *pass, const struct conf_server *server,
    const ngx_str_t *policy)
{
	static const ngx_str_t nothing = ngx_null_string;
	const struct state *state = pass->state;
	const struct question question = {
		.policy = policy,
		.authorization = state->authorization != NULL ?
		    state->authorization->value : nothing,
		.cookies = state->cookies,
		.markers = state->markers,
		.is_forged = state->is_forged,
		.method = &pass->r->method_name
	};
	ngx_str_t records;
	ngx_int_t rc;

	pass->asked = policy;
	rc = question_compose(state->main, &question, &records);
	if (rc != NGX_OK)
		return rc == NGX_DECLINED ?
		    NGX_HTTP_REQUEST_HEADER_TOO_LARGE : rc;
	return start(pass, server->socket, server->deadline, &records,
	    on_answer);
}

/* Once the answer is there: NGX_OK, or what ends the request. */
static ngx_int_t
judge(struct pass *pass)
{
	struct state *state = pass->state;

	pass->step = PASS_IDLE;
	if (pass->told == NULL)
		return refusal_unavailable(pass->r, state);
	if (!pass->is_in)
		return refusal_send(pass->r, state, pass->told);
	if (telling_identity(pass->r, state, pass->told) != NGX_OK)
		return NGX_HTTP_INTERNAL_SERVER_ERROR;
	pass->granted = pass->asked;
	if (pass->r == state->main)
		state->is_let_in = state->is_taken = 1;
	return NGX_OK;
}

static int
is_same(const ngx_str_t *one, const ngx_str_t *other)
{
	return one != NULL && one->len == other->len &&
	    ngx_memcmp(one->data, other->data, one->len) == 0;
}

/* NGX_OK if this policy lets it in; NGX_AGAIN while it is asked. */
static ngx_int_t
require(struct pass *pass, const struct access_conf *conf,
    const ngx_str_t *policy)
{
	ngx_int_t rc;

	if (pass->step == PASS_ASKING)
		return NGX_AGAIN;
	if (pass->step == PASS_ANSWERED) {
		rc = judge(pass);
		if (rc != NGX_OK)
			return rc;
	}
	if (is_same(pass->granted, policy))
		return NGX_OK;
	rc = ask(pass, conf->server, policy);
	if (rc == NGX_DECLINED)
		return refusal_unavailable(pass->r, pass->state);
	return rc == NGX_ERROR ? NGX_HTTP_INTERNAL_SERVER_ERROR : rc;
}

static struct pass *
pass_of(ngx_http_request_t *r)
{
	struct state *state = state_of(r);

	return state != NULL ? state_pass(state, r) : NULL;
}

static ngx_int_t
know_path(struct pass *pass, const struct conf_server *server)
{
	if (pass->is_path_known)
		return NGX_OK;
	pass->path = pass->r->uri;
	if (guarded_policies(server->paths, pass->r->pool, &pass->path,
	    pass->path_policies) != NGX_OK)
		return NGX_ERROR;
	pass->is_path_known = 1;
	return NGX_OK;
}

/* Whoever comes back from a login; the path is nothing else. */
static ngx_int_t
serve_login(struct pass *pass, const struct conf_server *server)
{
	ngx_str_t records;
	ngx_int_t rc;

	if (pass->step == PASS_ASKING)
		return NGX_AGAIN;
	if (pass->step == PASS_ANSWERED) {
		pass->step = PASS_IDLE;
		return pass->told != NULL ?
		    refusal_login(pass->r, pass->state, pass->told) :
		    refusal_unavailable(pass->r, pass->state);
	}
	rc = question_of_login(pass->r, &records);
	if (rc == NGX_OK)
		rc = start(pass, server->login, server->deadline, &records,
		    on_login);
	if (rc == NGX_DECLINED)
		return refusal_unavailable(pass->r, pass->state);
	return rc == NGX_ERROR ? NGX_HTTP_INTERNAL_SERVER_ERROR : rc;
}

ngx_int_t
access_begin(ngx_http_request_t *r, const struct access_conf *conf)
{
	const struct conf_server *server = conf->server;
	struct pass *pass = pass_of(r);

	if (pass == NULL)
		return NGX_HTTP_INTERNAL_SERVER_ERROR;
	if (server->login_path.data != NULL &&
	    is_same(&server->login_path, &r->uri))
		return serve_login(pass, server);
	return know_path(pass, server) == NGX_OK ? NGX_DECLINED :
	    NGX_HTTP_INTERNAL_SERVER_ERROR;
}

ngx_int_t
access_pass(ngx_http_request_t *r, const struct access_conf *conf)
{
	struct pass *pass = pass_of(r);

	if (pass == NULL || know_path(pass, conf->server) != NGX_OK)
		return NGX_HTTP_INTERNAL_SERVER_ERROR;
	return NGX_DECLINED;
}

/* Another pass of the same request is another question. */
static void
begin_pass(struct pass *pass)
{
	if (pass->step == PASS_IDLE)
		pass->granted = NULL;
}

static int
is_guarded(const struct conf_location *location)
{
	return location->policy.len > 0;
}

/* The policies of the path, that of the path as it is last, and of a subrequest
 * the location's; each once its turn has come. */
static ngx_int_t
require_path(struct pass *pass, const struct access_conf *conf)
{
	const ngx_str_t *policies[GUARDED_MAX + 1];
	ngx_uint_t count = 0, i;
	ngx_int_t rc = NGX_OK;

	if (pass->r != pass->r->main && is_guarded(conf->location))
		policies[count++] = &conf->location->policy;
	for (i = 0; pass->path_policies[i] != NULL; i++)
		policies[count++] = pass->path_policies[i];
	i = count;
	if (pass->step != PASS_IDLE)
		while (i > 0 && policies[i - 1] != pass->asked)
			i--;
	if (i == 0)	/* an answer about something else */
		i = count;
	for (; rc == NGX_OK && i > 0; i--)
		rc = require(pass, conf, policies[i - 1]);
	return rc;
}

ngx_int_t
access_path(ngx_http_request_t *r, const struct access_conf *conf)
{
	struct pass *pass = pass_of(r);
	ngx_int_t rc;
	int is_probe;

	if (pass == NULL)
		return NGX_HTTP_INTERNAL_SERVER_ERROR;
	is_probe = destination_is_probe(pass);
	pass->is_guarded = is_guarded(conf->location) != 0;
	begin_pass(pass);
	rc = require_path(pass, conf);
	if (rc == NGX_DONE)	/* it is over, and may be freed */
		return rc;
	if (is_probe && rc != NGX_AGAIN)
		return destination_end(pass, rc == NGX_OK);
	if (rc == NGX_OK && r == r->main) {
		telling_auth_basic(r, pass->state);
		/* read before by a $remote_user, it was a mere word */
		ngx_str_null(&r->headers_in.user);
		rc = collection_check(pass, conf->server);
	}
	if (rc == NGX_OK && r == r->main)
		rc = destination_check(r, pass->state, conf->server);
	if (rc == NGX_ERROR)
		return NGX_HTTP_INTERNAL_SERVER_ERROR;
	return rc == NGX_OK ? NGX_DECLINED : rc;
}

ngx_int_t
access_location(ngx_http_request_t *r, const struct access_conf *conf)
{
	struct pass *pass = pass_of(r);

	if (pass == NULL)
		return NGX_HTTP_INTERNAL_SERVER_ERROR;
	return is_guarded(conf->location) ?
	    require(pass, conf, &conf->location->policy) : NGX_DECLINED;
}

ngx_int_t
access_end(ngx_http_request_t *r)
{
	struct pass *pass = pass_of(r);

	if (pass == NULL || (pass->granted == NULL &&
	    telling_nobody(r, pass->state) != NGX_OK))
		return NGX_HTTP_INTERNAL_SERVER_ERROR;
	return NGX_DECLINED;
}
