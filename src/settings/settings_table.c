#include "settings/settings_table.h"

#include <stddef.h>
#include <string.h>

#include "settings/settings.h"
#include "settings/settings_value.h"
#include "settings/settings_value_list.h"

#define MEMBER(name) offsetof(struct settings, name)
#define RULE(name) offsetof(struct policy, name)

static const char authgear[] = "authgear";
static const char policy[] = "policy";

static const struct settings_row rows[] = {
	{ { authgear, "endpoint", "required" },
	    NULL, MEMBER(endpoint), 0, 0, &settings_value_origin },
	{ { authgear, "resolver_url", "endpoint/_resolver/resolve" },
	    NULL, MEMBER(resolver_url), 0, 0, &settings_value_url },
	{ { authgear, "ca_file", "the system's" },
	    NULL, MEMBER(ca_file), 0, 0, &settings_value_path },
	{ { authgear, "proxy", "none" },
	    NULL, MEMBER(proxy), 0, 0, &settings_value_proxy },
	{ { authgear, "validate", "hybrid" },
	    "hybrid", MEMBER(validate), 0, 0, &settings_value_validate },
	{ { authgear, "session_ttl", "30" },
	    "30", MEMBER(session_ttl), 1, 3600, &settings_value_number },
	{ { authgear, "absent_ttl", "5, or session_ttl if that is less" },
	    "5", MEMBER(absent_ttl), 1, 300, &settings_value_number },
	{ { authgear, "stale_if_error", "0" },
	    "0", MEMBER(stale_if_error), 0, 300, &settings_value_number },
	{ { authgear, "keys_ttl", "3600, or keys_max_stale if that is less" },
	    "3600", MEMBER(keys_ttl), 1, 604800, &settings_value_number },
	{ { authgear, "keys_cooldown", "10" },
	    "10", MEMBER(keys_cooldown), 1, 3600, &settings_value_number },
	{ { authgear, "keys_max_stale", "86400, or keys_ttl if that is more" },
	    "86400", MEMBER(keys_max_stale), 1, 2592000,
	    &settings_value_number },
	{ { authgear, "leeway", "60" },
	    "60", MEMBER(leeway), 0, 300, &settings_value_number },
	{ { authgear, "connect_timeout", "1" },
	    "1", MEMBER(connect_timeout), 1, 30, &settings_value_number },
	{ { authgear, "total_timeout", "2" },
	    "2", MEMBER(total_timeout), 1, 60, &settings_value_number },
	{ { authgear, "max_lookups", "8" },
	    "8", MEMBER(max_lookups), 1, 256, &settings_value_number },
	{ { authgear, "lookup_rate", "600" },
	    "600", MEMBER(lookup_rate), 1, 60000, &settings_value_number },
	{ { authgear, "max_sessions", "100000" },
	    "100000", MEMBER(max_sessions), 1, 10000000,
	    &settings_value_number },
	{ { authgear, "max_credential", "16384" },
	    "16384", MEMBER(max_credential), 1024, 49152,
	    &settings_value_number },
	{ { authgear, "cookie_prefix", "empty" },
	    "", MEMBER(cookie_prefix), 0, 0, &settings_value_cookie_prefix },
	{ { authgear, "state", "/var/lib/authgear" },
	    "/var/lib/authgear", MEMBER(state), 0, 0, &settings_value_path },
	{ { authgear, "insecure_allow_http", "no" },
	    "no", MEMBER(insecure_allow_http), 0, 0, &settings_value_boolean },
	{ { authgear, "log_grants", "no" },
	    "no", MEMBER(log_grants), 0, 0, &settings_value_boolean },

	{ { policy, "audience", "the endpoint" },
	    NULL, RULE(audience), 0, 16, &settings_value_list_words },
	{ { policy, "clients", "any client of the project" },
	    NULL, 0, 0, 256, &settings_value_list_clients },
	{ { policy, "require_role", "none" },
	    NULL, RULE(require_role), 0, 64, &settings_value_list_words },
	{ { policy, "require_all_roles", "none" },
	    NULL, RULE(require_all_roles), 0, 64, &settings_value_list_words },
	{ { policy, "require_scope", "none" },
	    NULL, RULE(require_scope), 0, 64, &settings_value_list_words },
	{ { policy, "verified_only", "no" },
	    "no", RULE(verified_only), 0, 0, &settings_value_boolean },
	{ { policy, "anonymous_users", "deny" },
	    "deny", RULE(anonymous_users), 0, 0, &settings_value_allow },
	{ { policy, "max_authentication_age", "none" },
	    NULL, RULE(max_authentication_age), 1, 31536000,
	    &settings_value_number },
	{ { policy, "unauthenticated", "deny" },
	    "deny", RULE(unauthenticated), 0, 0, &settings_value_pass },
	{ { policy, "remote_user", "sub" },
	    "sub", 0, 0, 0, &settings_value_remote_user },
	{ { policy, "identity_roles", "all" },
	    "all", RULE(identity_roles), 0, 0, &settings_value_roles },
	{ { policy, "export", "none" },
	    NULL, RULE(export), 0, 16, &settings_value_list_export },
	{ { policy, "accept_basic", "no" },
	    "no", RULE(accept_basic), 0, 0, &settings_value_boolean },
	{ { policy, "login_client", "none" },
	    NULL, RULE(login_client), 0, 0, &settings_value_word },
	{ { policy, "login_return", "none" },
	    NULL, RULE(login_return), 0, 0, &settings_value_url },
	{ { policy, "cors_preflight", "deny" },
	    "deny", RULE(cors_preflight), 0, 0, &settings_value_pass },
	{ { policy, "client_identity", "refuse" },
	    "refuse", RULE(client_identity), 0, 0, &settings_value_ignore },
};

static const size_t row_count = sizeof(rows) / sizeof(rows[0]);

const struct settings_row *
settings_table_at(size_t index)
{
	return index < row_count ? &rows[index] : NULL;
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
settings_table_set(void *target, const struct settings_row *row,
    const char *value, struct error *error)
{
	return row->type->set((char *)target + row->offset, row, value,
	    error);
}

void
settings_table_print(const void *target, const struct settings_row *row,
    struct buffer *text)
{
	row->type->print((const char *)target + row->offset, row, text);
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
		    settings_table_set(target, &rows[i], value, NULL) == -1)
			return -1;
	}
	return 0;
}
