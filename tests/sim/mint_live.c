#include "live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIFETIME 1800

int
sim_mints_credential(const char *kind)
{
	return strcmp(kind, "opaque") == 0 || strcmp(kind, "cookie") == 0 ||
	    strcmp(kind, "app-session") == 0 || strcmp(kind, "refresh") == 0;
}

/* The session that the body asks for, made if it is not there; borrowed. */
static json_t *
session_of(struct sim_live *live, const json_t *body, const char *kind,
    int64_t now, const char **why)
{
	static const char *const members[] = { "client_id", "scope", "sso",
	    "created_at", "authenticated_at", "lifetime", "idle", "amr",
	    NULL };
	const json_t *roles = json_object_get(body, "roles");
	const char *user_id = sim_string(body, "sub");
	json_t *session, *wanted, *user;

	wanted = json_pack("{s:s*, s:s*}", "id", sim_string(body,
	    "session_id"), "user_id", user_id);
	if (sim_string(body, "session_id") == NULL ||
	    json_object_get(live->sessions, sim_string(body, "session_id")) ==
	    NULL)
		json_object_set_new(wanted, "kind", json_string(kind));
	sim_take_members(wanted, body, members);
	/* of a mint it is the token's lifetime */
	json_object_del(wanted, "lifetime");
	session = sim_session_change(live, wanted, now, why);
	json_decref(wanted);
	user = sim_user_get(live, sim_string(session, "user_id"));
	if (user != NULL && json_is_array(roles))
		json_object_set_new(user, "roles", json_deep_copy(roles));
	return session;
}

static json_t *
told(const char *token, const json_t *session)
{
	return json_pack("{s:s, s:s, s:s}", "token", token, "session",
	    sim_string(session, "id"), "user_id", sim_string(session,
	    "user_id"));
}

/* <session>.<32 characters>: the cookie or refresh token of the session */
static json_t *
mint_secret(struct sim_live *live, const json_t *body, const char *kind,
    int64_t now, const char **why)
{
	const char *member = kind[0] == 'i' ? "cookie" : "refresh_token";
	char secret[33], token[160];
	json_t *session, *change;

	session = session_of(live, body, kind, now, why);
	if (session == NULL)
		return NULL;
	if (strcmp(sim_string(session, "kind"), kind) != 0) {
		*why = "the session is of the other kind";
		return NULL;
	}
	sim_random_text(secret, 32);
	snprintf(token, sizeof(token), "%.100s.%s", sim_string(session,
	    "id"), secret);
	change = json_pack("{s:O, s:s}", "id", json_object_get(session, "id"),
	    member, token);
	session = sim_session_change(live, change, now, why);
	json_decref(change);
	return session != NULL ? told(token, session) : NULL;
}

static json_t *
mint_opaque(struct sim_live *live, const json_t *body, int app, int64_t now,
    const char **why)
{
	int64_t until = now + sim_integer(body, "lifetime", LIFETIME);
	char token[33], key[65];
	json_t *session;

	session = session_of(live, body, "grant", now, why);
	if (session == NULL)
		return NULL;
	if (app && strcmp(sim_string(session, "kind"), "grant") != 0) {
		*why = "an app session belongs to a grant";
		return NULL;
	}
	sim_random_text(token, 32);
	sim_hash(token, key);
	sim_token_add(live, key, sim_string(session, "id"), until, app);
	return told(token, session);
}

json_t *
sim_mint_credential(struct sim *sim, const json_t *body, const char **why)
{
	const char *kind = sim_string(body, "kind");
	struct sim_live *live = sim->live;
	int64_t now = sim_now(sim);
	json_t *result;

	pthread_mutex_lock(&live->lock);
	if (strcmp(kind, "cookie") == 0)
		result = mint_secret(live, body, "idp", now, why);
	else if (strcmp(kind, "refresh") == 0)
		result = mint_secret(live, body, "grant", now, why);
	else
		result = mint_opaque(live, body,
		    strcmp(kind, "app-session") == 0, now, why);
	pthread_mutex_unlock(&live->lock);
	return result;
}

static void
tell_user(const json_t *user, const json_t *session, json_t *claims)
{
	static const char *const names[][2] = {
		{ "can_reauthenticate", "can_reauthenticate" },
		{ "anonymous", "is_anonymous" },
		{ "verified", "is_verified" },
		{ "roles", "roles" },
	};
	char name[100];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(name, sizeof(name),
		    "https://authgear.com/claims/user/%s", names[i][1]);
		json_object_set_new(claims, name, json_deep_copy(
		    json_object_get(user, names[i][0])));
	}
	json_object_set(claims, "sub", json_object_get(session, "user_id"));
	json_object_set(claims, "auth_time", json_object_get(session,
	    "authenticated_at"));
}

json_t *
sim_mint_session(struct sim *sim, const json_t *body, json_t *claims,
    const char **why)
{
	json_t *session, *id = NULL;

	pthread_mutex_lock(&sim->live->lock);
	session = session_of(sim->live, body, "grant", sim_now(sim), why);
	if (session != NULL) {
		tell_user(sim_user_get(sim->live, sim_string(session,
		    "user_id")), session, claims);
		id = json_string(sim_string(session, "id"));
	}
	pthread_mutex_unlock(&sim->live->lock);
	return id;
}

void
sim_mint_known(struct sim *sim, const json_t *claims, const char *session_id)
{
	const char *jti = sim_string(claims, "jti");

	if (jti == NULL)
		return;
	pthread_mutex_lock(&sim->live->lock);
	sim_token_add(sim->live, jti, session_id, sim_integer(claims, "exp",
	    sim_now(sim) + LIFETIME), 0);
	pthread_mutex_unlock(&sim->live->lock);
}
