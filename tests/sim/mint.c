#include "live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *
string_of(const json_t *body, const char *name, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(body, name));

	return text != NULL ? text : otherwise;
}

static json_t *
roles_of(const json_t *body)
{
	const json_t *roles = json_object_get(body, "roles");

	return roles != NULL ? json_deep_copy(roles) : json_array();
}

static json_t *
user_claims(const struct sim *sim, const json_t *body, int64_t now,
    int64_t lifetime)
{
	char jti[65], sub[37];

	sim_random_hex(jti, 64);
	sim_uuid(sub);
	return json_pack("{s:[s], s:I, s:s, s:I, s:b, s:b, s:b, s:o, s:I, s:s,"
	    " s:s, s:s, s:s}",
	    "aud", sim->origin,
	    "auth_time", (json_int_t)now,
	    "client_id", string_of(body, "client_id", "jwtclient"),
	    "exp", (json_int_t)(now + lifetime),
	    "https://authgear.com/claims/user/can_reauthenticate", 1,
	    "https://authgear.com/claims/user/is_anonymous", 0,
	    "https://authgear.com/claims/user/is_verified", 1,
	    "https://authgear.com/claims/user/roles", roles_of(body),
	    "iat", (json_int_t)now,
	    "iss", sim->origin,
	    "jti", jti,
	    "scope", string_of(body, "scope", "openid offline_access "
	    "https://authgear.com/scopes/full-access"),
	    "sub", string_of(body, "sub", sub));
}

static json_t *
m2m_claims(const struct sim *sim, const json_t *body, int64_t now,
    int64_t lifetime)
{
	const char *client = string_of(body, "client_id", "m2mclient");
	char jti[65], sub[300];

	sim_random_hex(jti, 64);
	snprintf(sub, sizeof(sub), "client_id_%s", client);
	return json_pack("{s:[s], s:s, s:I, s:I, s:s, s:s, s:s, s:s}",
	    "aud", string_of(body, "resource", "https://mail.example/api"),
	    "client_id", client,
	    "exp", (json_int_t)(now + lifetime),
	    "iat", (json_int_t)now,
	    "iss", sim->origin,
	    "jti", jti,
	    "scope", string_of(body, "scope", "read:mail"),
	    "sub", string_of(body, "sub", sub));
}

static json_t *
id_claims(const struct sim *sim, const json_t *body, int64_t now,
    int64_t lifetime)
{
	char sub[37], session[80];
	char grant[37];
	json_t *claims;
	char *sid;

	sim_uuid(sub);
	sim_uuid(grant);
	snprintf(session, sizeof(session), "offline_grant:%s", grant);
	sid = sim_base64url((const unsigned char *)session, strlen(session));
	claims = json_pack("{s:[s], s:I, s:I, s:b, s:b, s:b, s:o, s:I, s:s,"
	    " s:s, s:s}",
	    "aud", string_of(body, "client_id", "jwtclient"),
	    "auth_time", (json_int_t)now,
	    "exp", (json_int_t)(now + lifetime),
	    "https://authgear.com/claims/user/can_reauthenticate", 1,
	    "https://authgear.com/claims/user/is_anonymous", 0,
	    "https://authgear.com/claims/user/is_verified", 1,
	    "https://authgear.com/claims/user/roles", roles_of(body),
	    "iat", (json_int_t)now,
	    "iss", sim->origin,
	    "sid", sid,
	    "sub", string_of(body, "sub", sub));
	free(sid);
	return claims;
}

static void
change(json_t *object, const json_t *changes, const json_t *drops)
{
	json_t *copy;
	size_t i;

	if (changes != NULL) {
		copy = json_deep_copy(changes);
		json_object_update(object, copy);
		json_decref(copy);
	}
	for (i = 0; i < json_array_size(drops); i++)
		json_object_del(object,
		    json_string_value(json_array_get(drops, i)));
}

/* The session that the token belongs to, which the resolver knows. */
static json_t *
mint_session(struct sim *sim, const json_t *body, json_t *claims,
    const char **why)
{
	const char *kind = string_of(body, "kind", "user");

	if (strcmp(kind, "user") != 0) {
		*why = "only kind user has a session";
		return NULL;
	}
	return sim_mint_session(sim, body, claims, why);
}

static json_t *
mint_claims(struct sim *sim, const json_t *body, json_t **session_out,
    const char **why)
{
	const char *kind = string_of(body, "kind", "user");
	const json_t *number = json_object_get(body, "lifetime");
	int64_t lifetime = number ? json_integer_value(number) : 300;
	int64_t now = sim_now(sim) +
	    json_integer_value(json_object_get(body, "clock_offset"));
	json_t *claims;

	if (strcmp(kind, "user") == 0)
		claims = user_claims(sim, body, now, lifetime);
	else if (strcmp(kind, "m2m") == 0)
		claims = m2m_claims(sim, body, now, lifetime);
	else if (strcmp(kind, "id") == 0)
		claims = id_claims(sim, body, now, lifetime);
	else {
		*why = "kind must be user, m2m, id, opaque, cookie, "
		    "app-session or refresh";
		return NULL;
	}
	if (json_is_true(json_object_get(body, "session")) &&
	    (*session_out = mint_session(sim, body, claims, why)) == NULL) {
		json_decref(claims);
		return NULL;
	}
	change(claims, json_object_get(body, "claims"),
	    json_object_get(body, "drop"));
	return claims;
}

static json_t *
mint_header(const json_t *body, const char *kid)
{
	const char *alg = string_of(body, "alg", "RS256");
	int is_id = strcmp(string_of(body, "kind", "user"), "id") == 0;
	json_t *header;

	header = json_pack("{s:s%, s:s, s:s}", "alg", alg,
	    strcspn(alg, "-"), "kid", kid, "typ", is_id ? "JWT" : "at+jwt");
	change(header, json_object_get(body, "header"),
	    json_object_get(body, "drop_header"));
	return header;
}

static json_t *
mint_one(struct sim *sim, const json_t *body, const char **why)
{
	const char *raw = string_of(body, "raw_payload", NULL);
	json_t *claims, *header, *session = NULL, *result = NULL;
	char *header_text, *payload, *token;
	EVP_PKEY *pair;
	char kid[37];

	if (sim_mints_credential(string_of(body, "kind", "user")))
		return sim_mint_credential(sim, body, why);
	pair = sim_keys_get(&sim->keys, string_of(body, "key", NULL), kid);
	if (pair == NULL) {
		*why = "no such key";
		return NULL;
	}
	if ((claims = mint_claims(sim, body, &session, why)) == NULL) {
		EVP_PKEY_free(pair);
		return NULL;
	}
	header = mint_header(body, kid);
	header_text = json_dumps(header, JSON_COMPACT);
	payload = raw ? strdup(raw) : json_dumps(claims, JSON_COMPACT);
	token = sim_sign(pair, string_of(body, "alg", "RS256"), header_text,
	    payload, string_of(body, "tamper", ""), why);
	if (token != NULL)
		result = json_pack("{s:s, s:O, s:s}", "token", token,
		    "claims", claims, "kid", kid);
	if (result != NULL && session != NULL) {
		sim_mint_known(sim, claims, json_string_value(session));
		json_object_set(result, "session", session);
	}
	json_decref(session);
	free(token);
	free(payload);
	free(header_text);
	json_decref(header);
	json_decref(claims);
	EVP_PKEY_free(pair);
	return result;
}

json_t *
sim_mint(struct sim *sim, const json_t *body, const char **why)
{
	json_int_t count = json_integer_value(json_object_get(body, "count"));
	json_t *tokens, *one;
	json_int_t i;

	if (count == 0)
		return mint_one(sim, body, why);
	if (count < 0 || count > 10000) {
		*why = "count must be 1 to 10000";
		return NULL;
	}
	tokens = json_array();
	for (i = 0; i < count; i++) {
		if ((one = mint_one(sim, body, why)) == NULL) {
			json_decref(tokens);
			return NULL;
		}
		json_array_append(tokens, json_object_get(one, "token"));
		json_decref(one);
	}
	return json_pack("{s:o}", "tokens", tokens);
}
