#include "settings/settings_table.h"

#include <stddef.h>
#include <string.h>

#include "settings/settings_value.h"

#define MEMBER(name) offsetof(struct settings, name)
#define RULE(name) offsetof(struct policy, name)

static const char authgear[] = "authgear";
static const char policy[] = "policy";

static const struct settings_row rows[] = {
	{ { authgear, "endpoint", "required",
	    "Authgear's origin, as in its tokens' iss" },
	    NULL, MEMBER(endpoint), 0, 0,
	    settings_value_set_origin, settings_value_print_string },
	{ { authgear, "resolver_url", "endpoint/_resolver/resolve",
	    "where Authgear's resolver is asked" },
	    NULL, MEMBER(resolver_url), 0, 0,
	    settings_value_set_url, settings_value_print_string },
	{ { authgear, "ca_file", "the system's",
	    "certificates to trust, in PEM" },
	    NULL, MEMBER(ca_file), 0, 0,
	    settings_value_set_path, settings_value_print_string },
	{ { authgear, "proxy", "none",
	    "the HTTP proxy for requests to Authgear" },
	    NULL, MEMBER(proxy), 0, 0,
	    settings_value_set_proxy, settings_value_print_string },
	{ { authgear, "validate", "hybrid", "how credentials are checked" },
	    "hybrid", MEMBER(validate), 0, 0,
	    settings_value_set_validate, settings_value_print_validate },
	{ { authgear, "session_ttl", "30",
	    "seconds that the resolver's answer is kept" },
	    "30", MEMBER(session_ttl), 1, 3600,
	    settings_value_set_number, settings_value_print_number },
	{ { authgear, "absent_ttl", "5, or session_ttl if that is less",
	    "seconds that a session not found is kept, at most" },
	    "5", MEMBER(absent_ttl), 1, 300,
	    settings_value_set_number, settings_value_print_number },
	{ { authgear, "stale_if_error", "0",
	    "seconds that a live answer serves while Authgear is down" },
	    "0", MEMBER(stale_if_error), 0, 300,
	    settings_value_set_number, settings_value_print_number },
	{ { authgear, "keys_ttl", "3600, or keys_max_stale if that is less",
	    "seconds until the keys are fetched anew" },
	    "3600", MEMBER(keys_ttl), 1, 604800,
	    settings_value_set_number, settings_value_print_number },
	{ { authgear, "keys_cooldown", "10",
	    "seconds between two fetches of the keys, at least" },
	    "10", MEMBER(keys_cooldown), 1, 3600,
	    settings_value_set_number, settings_value_print_number },
	{ { authgear, "keys_max_stale", "86400, or keys_ttl if that is more",
	    "seconds that keys serve while Authgear is down" },
	    "86400", MEMBER(keys_max_stale), 1, 2592000,
	    settings_value_set_number, settings_value_print_number },
	{ { authgear, "leeway", "60",
	    "seconds that clocks may differ" },
	    "60", MEMBER(leeway), 0, 300,
	    settings_value_set_number, settings_value_print_number },
	{ { authgear, "connect_timeout", "1",
	    "seconds to connect to Authgear" },
	    "1", MEMBER(connect_timeout), 1, 30,
	    settings_value_set_number, settings_value_print_number },
	{ { authgear, "total_timeout", "2",
	    "seconds for a decision with all its requests to Authgear" },
	    "2", MEMBER(total_timeout), 1, 60,
	    settings_value_set_number, settings_value_print_number },
	{ { authgear, "max_lookups", "8",
	    "requests to the resolver at a time" },
	    "8", MEMBER(max_lookups), 1, 256,
	    settings_value_set_number, settings_value_print_number },
	{ { authgear, "lookup_rate", "600",
	    "requests to the resolver a minute for unknown credentials" },
	    "600", MEMBER(lookup_rate), 1, 60000,
	    settings_value_set_number, settings_value_print_number },
	{ { authgear, "max_sessions", "100000",
	    "sessions that are remembered, the latest ones" },
	    "100000", MEMBER(max_sessions), 1, 10000000,
	    settings_value_set_number, settings_value_print_number },
	{ { authgear, "max_credential", "16384",
	    "bytes of the longest credential" },
	    "16384", MEMBER(max_credential), 1024, 49152,
	    settings_value_set_number, settings_value_print_number },
	{ { authgear, "cookie_prefix", "empty",
	    "Authgear's http.cookie_prefix" },
	    "", MEMBER(cookie_prefix), 0, 0,
	    settings_value_set_cookie_prefix, settings_value_print_string },
	{ { authgear, "state", "/var/lib/authgear", "the state directory" },
	    "/var/lib/authgear", MEMBER(state), 0, 0,
	    settings_value_set_path, settings_value_print_string },
	{ { authgear, "insecure_allow_http", "no",
	    "allow plain http to Authgear beyond loopback" },
	    "no", MEMBER(insecure_allow_http), 0, 0,
	    settings_value_set_boolean, settings_value_print_boolean },
	{ { authgear, "log_grants", "no", "log granted requests too" },
	    "no", MEMBER(log_grants), 0, 0,
	    settings_value_set_boolean, settings_value_print_boolean },

	{ { policy, "audience", "the endpoint",
	    "the token's aud must hold one of these" },
	    NULL, RULE(audience), 0, 16,
	    settings_value_set_list, settings_value_print_list },
	{ { policy, "clients", "any client of the project",
	    "the token's client_id must be one of these" },
	    NULL, 0, 0, 256,
	    settings_value_set_clients, settings_value_print_clients },
	{ { policy, "require_role", "none",
	    "the user must have one of these roles" },
	    NULL, RULE(require_role), 0, 64,
	    settings_value_set_list, settings_value_print_list },
	{ { policy, "require_all_roles", "none",
	    "the user must have all of these roles" },
	    NULL, RULE(require_all_roles), 0, 64,
	    settings_value_set_list, settings_value_print_list },
	{ { policy, "require_scope", "none",
	    "the token must have all of these scopes" },
	    NULL, RULE(require_scope), 0, 64,
	    settings_value_set_list, settings_value_print_list },
	{ { policy, "verified_only", "no", "only verified users" },
	    "no", RULE(verified_only), 0, 0,
	    settings_value_set_boolean, settings_value_print_boolean },
	{ { policy, "anonymous_users", "deny", "anonymous users" },
	    "deny", RULE(anonymous_users), 0, 0,
	    settings_value_set_allow, settings_value_print_allow },
	{ { policy, "max_authentication_age", "none",
	    "seconds since the login, at most" },
	    NULL, RULE(max_authentication_age), 1, 31536000,
	    settings_value_set_number, settings_value_print_number },
	{ { policy, "unauthenticated", "deny",
	    "requests without any credential" },
	    "deny", RULE(unauthenticated), 0, 0,
	    settings_value_set_pass, settings_value_print_pass },
	{ { policy, "remote_user", "sub",
	    "what REMOTE_USER is: sub, map or claim:NAME" },
	    "sub", 0, 0, 0,
	    settings_value_set_remote_user,
	    settings_value_print_remote_user },
	{ { policy, "export", "none",
	    "claims that the application is told" },
	    NULL, RULE(export), 0, 16,
	    settings_value_set_export, settings_value_print_list },
	{ { policy, "accept_basic", "no",
	    "accept an access token as the password of Basic" },
	    "no", RULE(accept_basic), 0, 0,
	    settings_value_set_boolean, settings_value_print_boolean },
	{ { policy, "login_client", "none",
	    "client_id with which browsers are sent to log in" },
	    NULL, RULE(login_client), 0, 0,
	    settings_value_set_word, settings_value_print_string },
	{ { policy, "login_return", "none",
	    "URL of this site to which a login comes back" },
	    NULL, RULE(login_return), 0, 0,
	    settings_value_set_url, settings_value_print_string },
	{ { policy, "cors_preflight", "deny",
	    "CORS preflight requests, which carry no credential" },
	    "deny", RULE(cors_preflight), 0, 0,
	    settings_value_set_pass, settings_value_print_pass },
	{ { policy, "client_identity", "refuse",
	    "identity headers that the client sends" },
	    "refuse", RULE(client_identity), 0, 0,
	    settings_value_set_ignore, settings_value_print_ignore },
};

static const size_t row_count = sizeof(rows) / sizeof(rows[0]);

const struct settings_row *
settings_table_at(size_t index)
{
	return index < row_count ? &rows[index] : NULL;
}

const struct settings_key *
settings_key_at(size_t index)
{
	return index < row_count ? &rows[index].key : NULL;
}

const struct settings_row *
settings_table_find(const char *section, const char *name)
{
	size_t i;

	for (i = 0; i < row_count; i++) {
		if (strcmp(rows[i].key.section, section) == 0 &&
		    strcmp(rows[i].key.name, name) == 0)
			return &rows[i];
	}
	return NULL;
}

int
settings_table_defaults(const char *section, void *target)
{
	const char *value;
	size_t i;

	for (i = 0; i < row_count; i++) {
		if (strcmp(rows[i].key.section, section) != 0)
			continue;
		value = rows[i].default_value;
		if (value != NULL &&
		    rows[i].set(target, &rows[i], value, NULL) == -1)
			return -1;
	}
	return 0;
}
