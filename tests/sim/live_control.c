#include "live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *
read_token(struct sim_live *live, const json_t *token,
    const char *session_id, int64_t now)
{
	int64_t until = sim_integer(token, "until", now + 1800);
	const char *text = sim_string(token, "token");
	const char *jti = sim_string(token, "jti");
	char key[65];

	if (text == NULL && jti == NULL)
		return "a token of the session has neither token nor jti";
	if (text != NULL)
		sim_hash(text, key);
	sim_token_add(live, text != NULL ? key : jti, session_id, until,
	    sim_flag(token, "app", 0));
	return NULL;
}

static json_t *
shown(const json_t *session)
{
	json_t *copy = json_deep_copy(session);

	json_object_del(copy, "secret");
	return copy;
}

static json_t *
change_session(struct sim *sim, const json_t *body, const char **why)
{
	const json_t *token, *tokens = json_object_get(body, "tokens");
	const char *id = sim_string(body, "id");
	int64_t now = sim_now(sim);
	json_t *session, *result;
	size_t i;

	if (sim_flag(body, "delete", 0)) {
		if (id != NULL && json_object_del(sim->live->sessions,
		    id) == 0)
			return json_pack("{s:s}", "deleted", id);
		*why = "no such session";
		return NULL;
	}
	session = sim_session_change(sim->live, body, now, why);
	if (session == NULL)
		return NULL;
	result = shown(session);
	json_array_foreach(tokens, i, token) {
		*why = read_token(sim->live, token, sim_string(session, "id"),
		    now);
		if (*why != NULL) {
			json_decref(result);
			return NULL;
		}
	}
	return result;
}

static json_t *
logout(struct sim *sim, const json_t *body, const char **why)
{
	const char *session = sim_string(body, "session");
	const char *user = sim_string(body, "user_id");

	if (session != NULL &&
	    json_object_get(sim->live->sessions, session) != NULL)
		sim_session_end(sim->live, session);
	else if (session == NULL && sim_user_get(sim->live, user) != NULL)
		sim_sessions_end_of(sim->live, user);
	else {
		*why = "no such session or user";
		return NULL;
	}
	return json_pack("{s:b}", "ended", 1);
}

static json_t *
settings(struct sim *sim, const json_t *body, const char **why)
{
	static const char *const members[] = { "trust_proxy", "hosts",
	    "cookie_prefix", "cookie_domain", "amr", NULL };
	const json_t *host, *hosts = json_object_get(body, "hosts");
	size_t i;

	json_array_foreach(hosts, i, host) {
		if (!json_is_string(host)) {
			*why = "hosts must be names";
			return NULL;
		}
	}
	sim_take_members(sim->live->settings, body, members);
	return json_deep_copy(sim->live->settings);
}

/* As if another server worked on the session. */
static json_t *
lock(struct sim *sim, const json_t *body)
{
	const char *id = sim_string(body, "session");

	if (id != NULL && sim_flag(body, "held", 1))
		json_object_set_new(sim->live->busy, id, json_true());
	else if (id != NULL)
		json_object_del(sim->live->busy, id);
	return json_pack("{s:O}", "locked", sim->live->busy);
}

static json_t *
flush(struct sim *sim)
{
	json_object_clear(sim->live->sessions);
	json_object_clear(sim->live->tokens);
	return json_pack("{s:b}", "flushed", 1);
}

static json_t *
answer(struct sim *sim, const char *name, const json_t *body,
    const char **why)
{
	if (strcmp(name, "user") == 0)
		return sim_user_change(sim->live, body, sim_now(sim), why);
	if (strcmp(name, "session") == 0)
		return change_session(sim, body, why);
	if (strcmp(name, "logout") == 0)
		return logout(sim, body, why);
	if (strcmp(name, "resolver") == 0)
		return settings(sim, body, why);
	if (strcmp(name, "lock") == 0)
		return lock(sim, body);
	if (strcmp(name, "client") == 0)
		return sim_client_change(sim->live, body, why);
	if (strcmp(name, "flush") == 0)
		return flush(sim);
	return NULL;
}

json_t *
sim_live_control(struct sim *sim, const char *name, const json_t *body,
    int *status)
{
	const char *why = NULL;
	json_t *result, *own;

	pthread_mutex_lock(&sim->live->lock);
	result = answer(sim, name, body, &why);
	own = json_deep_copy(result);	/* it may change after the lock */
	json_decref(result);
	pthread_mutex_unlock(&sim->live->lock);
	if (own == NULL) {
		*status = why != NULL ? 400 : 404;
		own = json_pack("{s:s}", "error", why != NULL ? why :
		    "no such control");
	}
	return own;
}

void
sim_revoke(struct sim *sim, const char *token)
{
	const char *dot = strchr(token, '.');
	const char *secret;
	char id[80], key[65];
	json_t *session;

	sim_hash(token, key);
	pthread_mutex_lock(&sim->live->lock);
	if (dot == NULL)
		sim_token_end(sim->live, key);
	else if ((size_t)(dot - token) < sizeof(id)) {
		/* so a JWT is taken for a refresh token, and nothing happens */
		snprintf(id, sizeof(id), "%.*s", (int)(dot - token), token);
		session = json_object_get(sim->live->sessions, id);
		secret = sim_string(session, "secret");
		if (secret != NULL && strcmp(secret, key) == 0 &&
		    strcmp(sim_string(session, "kind"), "grant") == 0)
			sim_session_end(sim->live, id);
	}
	pthread_mutex_unlock(&sim->live->lock);
}
