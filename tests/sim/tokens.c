#include "live.h"

#include <stdio.h>
#include <string.h>

void
sim_token_add(struct sim_live *live, const char *key, const char *session_id,
    int64_t until, int app)
{
	json_object_set_new(live->tokens, key, json_pack("{s:s, s:I, s:b}",
	    "session", session_id, "until", (json_int_t)until, "app", app));
}

void
sim_token_end(struct sim_live *live, const char *key)
{
	json_object_del(live->tokens, key);
}

static int
has_audience(const json_t *claims, const char *origin)
{
	const json_t *one, *audience = json_object_get(claims, "aud");
	size_t i;

	if (json_is_string(audience))
		return strcmp(json_string_value(audience), origin) == 0;
	json_array_foreach(audience, i, one) {
		if (json_is_string(one) &&
		    strcmp(json_string_value(one), origin) == 0)
			return 1;
	}
	return 0;
}

int
sim_access_key(struct sim *sim, const char *text, const char *origin,
    char key_out[65])
{
	const char *jti;
	json_t *claims;
	int good;

	sim_hash(text, key_out);
	if (strncmp(text, "eyJ", 3) != 0)
		return 1;
	/* what is no JWT after all may still be an opaque token */
	if ((claims = sim_jwt_claims(sim, text)) == NULL)
		return 1;
	jti = sim_string(claims, "jti");
	good = jti != NULL && strlen(jti) < 65 && has_audience(claims, origin);
	if (good)
		snprintf(key_out, 65, "%s", jti);
	json_decref(claims);
	return good;
}

static int
has_full_access(const json_t *session)
{
	const char *scope = sim_string(session, "scope");

	return scope == NULL || strstr(scope,
	    "https://authgear.com/scopes/full-access") != NULL;
}

json_t *
sim_token_session(struct sim_live *live, const char *key, int app,
    int64_t now)
{
	json_t *token = json_object_get(live->tokens, key);
	json_t *session;

	if (token == NULL || sim_flag(token, "app", 0) != app)
		return NULL;
	if (now >= sim_integer(token, "until", 0)) {
		sim_token_end(live, key);
		return NULL;
	}
	session = sim_session_get(live, sim_string(token, "session"), now);
	return session == NULL || (app && !has_full_access(session)) ? NULL :
	    session;
}

json_t *
sim_cookie_session(struct sim_live *live, const char *text, int64_t now)
{
	const char *dot = strchr(text, '.');
	const char *secret, *kind;
	json_t *session;
	char id[80], hash[65];

	if (dot == NULL || strchr(dot + 1, '.') != NULL ||
	    (size_t)(dot - text) >= sizeof(id))
		return NULL;
	snprintf(id, sizeof(id), "%.*s", (int)(dot - text), text);
	if ((session = sim_session_get(live, id, now)) == NULL)
		return NULL;
	kind = sim_string(session, "kind");
	secret = sim_string(session, "secret");
	sim_hash(text, hash);
	if (kind == NULL || strcmp(kind, "idp") != 0 || secret == NULL ||
	    strcmp(secret, hash) != 0)
		return NULL;
	return session;
}
