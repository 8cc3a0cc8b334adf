#ifndef SETTINGS_H_
#define SETTINGS_H_

#include <stddef.h>

#include "ground/error.h"
#include "settings/policy.h"

/*
 * The settings file (authgear.conf(5)), read whole.  Member names are the
 * keys; policies are borrowed until settings_free().
 * Threads: constant once read; any thread.
 */

#define SETTINGS_MAX_FILE (256 * 1024)	/* bytes */
#define SETTINGS_MAX_VALUE 4096		/* bytes */

enum settings_validate {
	SETTINGS_VALIDATE_JWT = 0,	/* signature and claims, here */
	SETTINGS_VALIDATE_RESOLVER,	/* Authgear's resolver decides */
	SETTINGS_VALIDATE_HYBRID	/* a JWT must hold here first */
};

struct settings {
	char *endpoint;		/* an origin; what `iss` must be */
	char *resolver_url;	/* of Authgear's resolver, never NULL */
	char *ca_file;		/* NULL: the system's */
	char *proxy;		/* NULL: none, whatever the environment says */
	enum settings_validate validate;
	int session_ttl;	/* seconds, as all below */
	int absent_ttl;
	int stale_if_error;
	int keys_ttl;
	int keys_cooldown;
	int keys_max_stale;
	int leeway;
	int connect_timeout;
	int total_timeout;
	int max_lookups;	/* at the resolver at a time */
	int lookup_rate;	/* of unknown credentials, a minute */
	int max_sessions;	/* that are remembered */
	int max_credential;	/* bytes */
	char *cookie_prefix;	/* "" by default */
	char *state;		/* absolute path of the state directory */
	int insecure_allow_http;
	int log_grants;
	struct policy **policies;	/* owned, in the file's order */
	size_t policy_count;
	struct word_list warnings;	/* for a person, one sentence each */
};

/*
 * Read the file.  NULL and "FILE:LINE: KEY: what is wrong, what to do" in
 * error.  Freed by settings_free(), which takes NULL.
 * Refused of the file: not regular, not of root or the caller, writable by
 * group or others, over SETTINGS_MAX_FILE, and what settings_scan.h says.
 * Refused of its keys: unknown ones, unknown sections, values out of range;
 * connect_timeout over total_timeout, keys_max_stale under keys_ttl,
 * absent_ttl over session_ttl; no [policy] at all; login_client without
 * login_return or the reverse; an http endpoint or resolver_url that is
 * neither loopback nor allowed by insecure_allow_http.
 * What was not written follows what was, where the two must fit: absent_ttl,
 * keys_ttl, keys_max_stale.
 */
struct settings *settings_load(const char *path, struct error *error);
void settings_free(struct settings *settings);

/*
 * The policy that a web server named; `name` NULL or "" when it named none,
 * which is allowed only while "default" is the only policy.  NULL otherwise:
 * *unknown_out 0 (policy-missing) or 1 (policy-unknown).
 */
const struct policy *settings_policy(const struct settings *settings,
    const char *name, int *unknown_out);

#endif /* !SETTINGS_H_ */
