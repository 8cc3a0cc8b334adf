#include "nginx/access.h"

#include "nginx/collection.h"
#include "nginx/conf.h"
#include "nginx/destination.h"
#include "nginx/inquiry.h"
#include "nginx/plain_path.h"
#include "nginx/refusal.h"
#include "nginx/state.h"
#include "nginx/telling.h"

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
	rc = inquiry_policy(pass, conf->server, policy);
	if (rc == NGX_OK)
		return judge(pass);
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

/* nginx takes a "#" for the end of a path, and hands all of it on: what stands
 * behind it would be judged by nobody, and read by applications. */
static void
cut_fragment(ngx_http_request_t *r)
{
	ngx_str_t *uri = &r->unparsed_uri;
	size_t i;

	for (i = 0; i < uri->len && uri->data[i] != '?'; i++)
		if (uri->data[i] == '#')
			uri->len = i;
}

/* Of a client's request that had no POST_READ: it is on its way to an error
 * page, but applications are told what was asked for. */
static ngx_int_t
read_original(ngx_http_request_t *r, ngx_str_t *path)
{
	const ngx_str_t *asked = &r->unparsed_uri;

	if (r != r->main || !r->internal || asked->len == 0)
		return NGX_OK;
	path->data = ngx_pnalloc(r->pool, asked->len + 1);
	if (path->data == NULL)
		return NGX_HTTP_INTERNAL_SERVER_ERROR;
	path->len = plain_path_destination(asked->data, asked->len,
	    path->data);
	return path->len > 0 ? NGX_OK : NGX_HTTP_BAD_REQUEST;
}

/* NGX_OK, or the status that ends the request. */
static ngx_int_t
know_path(struct pass *pass, const struct conf_server *server)
{
	ngx_int_t rc;

	if (pass->is_path_known)
		return NGX_OK;
	cut_fragment(pass->r);
	pass->path = pass->r->uri;
	rc = server->paths == NULL ? NGX_OK :
	    read_original(pass->r, &pass->path);
	if (rc != NGX_OK)
		return rc;
	if (guarded_policies(server->paths, pass->r->pool, &pass->path,
	    pass->path_policies) != NGX_OK)
		return NGX_HTTP_INTERNAL_SERVER_ERROR;
	pass->is_path_known = 1;
	return NGX_OK;
}

/* Whoever comes back from a login; the path is nothing else. */
static ngx_int_t
serve_login(struct pass *pass, const struct conf_server *server)
{
	ngx_int_t rc;

	if (pass->step == PASS_ASKING)
		return NGX_AGAIN;
	if (pass->step == PASS_ANSWERED) {
		pass->step = PASS_IDLE;
		return pass->told != NULL ?
		    refusal_login(pass->r, pass->state, pass->told) :
		    refusal_unavailable(pass->r, pass->state);
	}
	rc = inquiry_login(pass, server);
	if (rc == NGX_DECLINED)
		return refusal_unavailable(pass->r, pass->state);
	return rc == NGX_ERROR ? NGX_HTTP_INTERNAL_SERVER_ERROR : rc;
}

ngx_int_t
access_begin(ngx_http_request_t *r, const struct access_conf *conf)
{
	const struct conf_server *server = conf->server;
	struct pass *pass = pass_of(r);
	ngx_int_t rc;

	if (pass == NULL)
		return NGX_HTTP_INTERNAL_SERVER_ERROR;
	if (server->login_path.data != NULL &&
	    is_same(&server->login_path, &r->uri))
		return serve_login(pass, server);
	rc = know_path(pass, server);
	return rc == NGX_OK ? NGX_DECLINED : rc;
}

ngx_int_t
access_pass(ngx_http_request_t *r, const struct access_conf *conf)
{
	struct pass *pass = pass_of(r);
	ngx_int_t rc;

	if (pass == NULL)
		return NGX_HTTP_INTERNAL_SERVER_ERROR;
	rc = know_path(pass, conf->server);
	return rc == NGX_OK ? NGX_DECLINED : rc;
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

/* One more than the place of the one that is being asked about. */
static ngx_uint_t
turn(const struct pass *pass, const ngx_str_t *const *policies,
    ngx_uint_t count)
{
	ngx_uint_t i;

	if (pass->step == PASS_IDLE)
		return count;
	for (i = count; i > 0; i--)
		if (policies[i - 1] == pass->asked)
			return i;
	/* an answer about something else */
	return count;
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
	for (i = turn(pass, policies, count); rc == NGX_OK && i > 0; i--)
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
	/* an error page that is a named location has no SERVER_REWRITE */
	rc = know_path(pass, conf->server);
	if (rc != NGX_OK)
		return rc;
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
