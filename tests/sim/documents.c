#include "sim.h"

#include <stdio.h>
#include <string.h>

static json_t *
strings(const char *const *list)
{
	json_t *array = json_array();

	for (; *list != NULL; list++)
		json_array_append_new(array, json_string(*list));
	return array;
}

static json_t *
url(const struct sim *sim, const char *path)
{
	return json_sprintf("%s%s", sim->origin, path);
}

/* The members and their order are those of the recording. */
static json_t *
metadata(const struct sim *sim)
{
	static const char *const claims[] = { "iss", "aud", "iat", "exp",
	    "sub", "email", "email_verified", "phone_number",
	    "phone_number_verified", "preferred_username", "family_name",
	    "given_name", "middle_name", "name", "nickname", "picture",
	    "profile", "website", "gender", "birthdate", "zoneinfo", "locale",
	    "address", "updated_at", NULL };
	static const char *const challenge[] = { "S256", NULL };
	static const char *const dpop[] = { "ES256", "RS256", NULL };
	static const char *const grants[] = { "authorization_code",
	    "refresh_token", "client_credentials", NULL };
	static const char *const algorithms[] = { "RS256", NULL };
	static const char *const modes[] = { "query", "fragment",
	    "form_post", NULL };
	static const char *const types[] = { "code",
	    "urn:authgear:params:oauth:response-type:settings-action", "none",
	    NULL };
	static const char *const scopes[] = { "offline_access", "device_sso",
	    "openid", "profile", "email", "address", "phone",
	    "https://authgear.com/scopes/full-access",
	    "https://authgear.com/scopes/full-userinfo",
	    "https://authgear.com/scopes/pre-authenticated-url", NULL };
	static const char *const subjects[] = { "public", NULL };
	static const char *const methods[] = { "none", "client_secret_post",
	    "client_secret_basic", NULL };
	json_t *document = json_object();

	json_object_set_new(document, "authorization_endpoint",
	    url(sim, "/oauth2/authorize"));
	json_object_set_new(document, "claims_supported", strings(claims));
	json_object_set_new(document, "code_challenge_methods_supported",
	    strings(challenge));
	json_object_set_new(document, "dpop_signing_alg_values_supported",
	    strings(dpop));
	json_object_set_new(document, "end_session_endpoint",
	    url(sim, "/oauth2/end_session"));
	json_object_set_new(document, "grant_types_supported",
	    strings(grants));
	json_object_set_new(document, "id_token_signing_alg_values_supported",
	    strings(algorithms));
	json_object_set_new(document, "issuer", url(sim, ""));
	json_object_set_new(document, "jwks_uri", url(sim, "/oauth2/jwks"));
	json_object_set_new(document, "response_modes_supported",
	    strings(modes));
	json_object_set_new(document, "response_types_supported",
	    strings(types));
	json_object_set_new(document, "revocation_endpoint",
	    url(sim, "/oauth2/revoke"));
	json_object_set_new(document, "scopes_supported", strings(scopes));
	json_object_set_new(document, "subject_types_supported",
	    strings(subjects));
	json_object_set_new(document, "token_endpoint",
	    url(sim, "/oauth2/token"));
	json_object_set_new(document, "token_endpoint_auth_methods_supported",
	    strings(methods));
	json_object_set_new(document, "userinfo_endpoint",
	    url(sim, "/oauth2/userinfo"));
	return document;
}

static int
is_metadata(const char *path)
{
	return strcmp(path, "/.well-known/openid-configuration") == 0 ||
	    strcmp(path, "/.well-known/oauth-authorization-server") == 0;
}

int
sim_has_document(const char *path)
{
	return is_metadata(path) || strcmp(path, "/oauth2/jwks") == 0;
}

json_t *
sim_document(struct sim *sim, const char *path)
{
	if (!sim_has_document(path))
		return NULL;
	return is_metadata(path) ? metadata(sim) : sim_keys_jwks(&sim->keys);
}
