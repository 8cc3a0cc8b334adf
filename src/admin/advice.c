#include "admin/advice.h"

#include <stddef.h>

#define LIST "list revocations --active"

static const struct advice rows[] = {
	{ REASON_NO_CREDENTIAL, "",
	    "unauthenticated accept_basic cors_preflight login_client", "" },
	{ REASON_MALFORMED, "cookie_prefix", "accept_basic", "" },
	{ REASON_TRUNCATED, "max_credential", "", "" },
	{ REASON_OVER_LIMIT, "max_credential", "", "" },
	{ REASON_WRONG_TYPE, "", "", "" },
	{ REASON_MACHINE_TOKEN, "validate", "clients audience", "" },
	{ REASON_BAD_ALGORITHM, "", "", "" },
	{ REASON_BAD_SIGNATURE, "endpoint", "", "list keys" },
	{ REASON_UNKNOWN_KEY, "endpoint keys_ttl", "", "keys refresh" },
	{ REASON_WRONG_ISSUER, "endpoint", "", "" },
	{ REASON_WRONG_AUDIENCE, "endpoint", "audience", "" },
	{ REASON_MISSING_CLAIM, "", "", "" },
	{ REASON_EXPIRED, "leeway", "", "" },
	{ REASON_NOT_YET_VALID, "leeway", "", "" },
	{ REASON_NEEDS_RESOLVER, "validate", "", "" },
	{ REASON_NOT_LIVE, "session_ttl absent_ttl resolver_url", "",
	    "list sessions --limit 50" },
	{ REASON_USER_MISMATCH, "resolver_url endpoint", "", "" },
	{ REASON_REVOKED, "", "", LIST },
	{ REASON_SIGNED_OUT, "", "", LIST " --user %u" },
	{ REASON_CLIENT_REVOKED, "", "", LIST },
	{ REASON_KEY_REVOKED, "", "", LIST },
	{ REASON_AUTHENTICATION_TOO_OLD, "leeway", "max_authentication_age",
	    "" },
	{ REASON_FORGED_IDENTITY, "", "client_identity", "" },
	{ REASON_HEADERS_TOO_LARGE, "", "", "" },
	{ REASON_SCOPE_MISSING, "", "require_scope", "" },
	{ REASON_ROLE_MISSING, "session_ttl",
	    "require_role require_all_roles", "" },
	{ REASON_CLIENT_NOT_ALLOWED, "", "clients", "" },
	{ REASON_ANONYMOUS_USER, "", "anonymous_users", "" },
	{ REASON_UNVERIFIED_USER, "", "verified_only", "" },
	{ REASON_USER_BLOCKED, "", "", LIST " --user %u" },
	{ REASON_WRONG_ACCOUNT, "", "remote_user", "list map --user %u" },
	{ REASON_NOT_EVALUABLE, "", "audience clients anonymous_users "
	    "verified_only require_role require_scope "
	    "max_authentication_age remote_user", "" },
	{ REASON_POLICY_MISSING, "", "", "--print-policies" },
	{ REASON_POLICY_UNKNOWN, "", "", "--print-policies" },
	{ REASON_KEYS_UNREACHABLE, "endpoint ca_file proxy keys_max_stale", "",
	    "list keys" },
	{ REASON_KEY_UNSETTLED, "keys_cooldown", "", "list keys" },
	{ REASON_KEY_UNUSABLE, "keys_cooldown", "", "list keys" },
	{ REASON_RESOLVER_UNREACHABLE, "resolver_url ca_file proxy "
	    "connect_timeout total_timeout stale_if_error", "", "status" },
	{ REASON_RESOLVER_FAULT, "resolver_url", "", "status" },
	{ REASON_SESSION_UNSETTLED, "absent_ttl", "", "" },
	{ REASON_LOCAL_FAULT, "", "", "status" },
	{ REASON_BUSY, "max_lookups lookup_rate", "", "status" },
	{ REASON_NOT_ASKED, "session_ttl", "", "" },
	{ REASON_USER_UNTRACEABLE, "", "remote_user", "" },
	{ REASON_STATE_UNREADABLE, "state", "", "list audit --limit 5" },
	{ REASON_STATE_BUSY, "state", "", "status" },
	{ REASON_SETTINGS_INVALID, "", "", "--check-config" },
	{ REASON_REPLY_UNSENDABLE, "", "export remote_user", "" },
	{ REASON_OUT_OF_MEMORY, "", "", "" }
};

const struct advice *
advice_find(enum reason reason)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].reason == reason)
			return &rows[i];
	return NULL;
}
