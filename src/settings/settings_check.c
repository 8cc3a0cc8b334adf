#include "settings/settings_check.h"

#include <stdio.h>
#include <string.h>

#include "ground/buffer.h"
#include "ground/origin.h"

/* The line of a key of a section, or of the section, for an error. */
static int
line_in(const struct settings_scan *scan, const char *section,
    const char *key)
{
	int line = 1;
	size_t i;

	for (i = 0; i < scan->count; i++) {
		if (strcmp(scan->entries[i].section, section) != 0)
			continue;
		if (scan->entries[i].key == NULL)
			line = scan->entries[i].line;
		else if (strcmp(scan->entries[i].key, key) == 0)
			return scan->entries[i].line;
	}
	return line;
}

static int
is_said(const struct settings_scan *scan, const char *key)
{
	size_t i;

	for (i = 0; i < scan->count; i++)
		if (strcmp(scan->entries[i].section, "authgear") == 0 &&
		    scan->entries[i].key != NULL &&
		    strcmp(scan->entries[i].key, key) == 0)
			return 1;
	return 0;
}

/* Of the first key, of the second where only that is in the file. */
static int
line_of_either(const struct settings_scan *scan, const char *key,
    const char *other)
{
	return line_in(scan, "authgear", is_said(scan, key) ? key : other);
}

static int
line_of(const struct settings_scan *scan, const char *key)
{
	return line_in(scan, "authgear", key);
}

static int
lesser(int a, int b)
{
	return a < b ? a : b;
}

/* Nobody is refused for a default that he did not write: it follows what he
 * wrote.  Not total_timeout: the web servers' own are set by it. */
static void
follow(struct settings *settings, const struct settings_scan *scan)
{
	if (!is_said(scan, "absent_ttl"))
		settings->absent_ttl = lesser(settings->absent_ttl,
		    settings->session_ttl);
	if (!is_said(scan, "keys_ttl"))
		settings->keys_ttl = lesser(settings->keys_ttl,
		    settings->keys_max_stale);
	if (!is_said(scan, "keys_max_stale") &&
	    settings->keys_max_stale < settings->keys_ttl)
		settings->keys_max_stale = settings->keys_ttl;
}

/* Authgear's own, unless the file says another. */
static int
complete_resolver(struct settings *settings)
{
	struct buffer url;
	int ret = -1;

	if (settings->resolver_url != NULL)
		return 0;
	buffer_init(&url, SETTINGS_MAX_VALUE);
	(void)buffer_append_format(&url, "%s/_resolver/resolve",
	    settings->endpoint);
	if (!url.failed)
		settings->resolver_url = strdup(url.data);
	if (settings->resolver_url != NULL)
		ret = 0;
	buffer_clear(&url);
	return ret;
}

/* The endpoint is the audience, unless the file says another. */
static int
complete_audience(struct policy *policy, const char *endpoint)
{
	policy->has_audience = policy->audience.count > 1 ||
	    (policy->audience.count == 1 &&
	    strcmp(policy->audience.words[0], endpoint) != 0);
	if (policy->audience.count > 0)
		return 0;
	return word_list_add(&policy->audience, endpoint, strlen(endpoint));
}

static int
complete(struct settings *settings, const struct settings_scan *scan)
{
	size_t i;

	follow(settings, scan);
	if (complete_resolver(settings) == -1)
		return -1;
	for (i = 0; i < settings->policy_count; i++) {
		if (complete_audience(settings->policies[i],
		    settings->endpoint) == -1)
			return -1;
	}
	return 0;
}

/* Plain http is for this machine and for tests. */
static int
is_allowed_url(const struct settings *settings, const char *url)
{
	char origin[ORIGIN_MAX + 1];
	size_t len = strcspn(url, ":");

	if (url[len] == ':')
		len += 3 + strcspn(url + len + 3, "/?");
	if (len > ORIGIN_MAX)
		return 0;
	memcpy(origin, url, len);
	origin[len] = '\0';
	return origin_is_https(origin) || origin_is_loopback(origin) ||
	    settings->insecure_allow_http;
}

/* A login leaves a cookie, which must be good for the policy. */
static int
check_login(const struct settings *settings, const struct policy *policy,
    const char *path, const struct settings_scan *scan, struct error *error)
{
	char section[sizeof("policy ") + POLICY_MAX_NAME];
	const char *key = "login_client", *wrong;

	if (policy->login_client == NULL && policy->login_return == NULL)
		return 0;
	if (policy->login_client == NULL || policy->login_return == NULL) {
		wrong = "login_client and login_return go together; set both "
		    "or none";
		if (policy->login_client == NULL)
			key = "login_return";
	} else if (!is_allowed_url(settings, policy->login_return)) {
		wrong = "plain http lets anybody on the way read the cookie; "
		    "use https, or set insecure_allow_http = yes for a test";
		key = "login_return";
	} else if (settings->validate == SETTINGS_VALIDATE_JWT) {
		wrong = "browsers come back with a cookie, which validate = "
		    "jwt refuses; set validate = hybrid";
	} else if (policy_needs_claims(policy)) {
		wrong = "browsers come back with a cookie, which tells no "
		    "audience, client, scope or claim; take those rules out, "
		    "or make a policy of its own for browsers";
	} else {
		return 0;
	}
	snprintf(section, sizeof(section), "policy %s", policy->name);
	error_set(error, "%s:%d: %s: %s", path, line_in(scan, section, key),
	    key, wrong);
	return -1;
}

static int
check_endpoint(const struct settings *settings, const char *path,
    const struct settings_scan *scan, struct error *error)
{
	if (settings->endpoint == NULL) {
		error_set(error, "%s:%d: endpoint: is missing; set it to "
		    "Authgear's origin below [authgear], for example "
		    "https://accounts.example.com", path,
		    line_of(scan, "endpoint"));
		return -1;
	}
	if (!is_allowed_url(settings, settings->endpoint)) {
		error_set(error, "%s:%d: endpoint: plain http lets anybody on "
		    "the way replace Authgear's keys; use https, or set "
		    "insecure_allow_http = yes for a test", path,
		    line_of(scan, "endpoint"));
		return -1;
	}
	return 0;
}

static int
check_times(const struct settings *settings, const char *path,
    const struct settings_scan *scan, struct error *error)
{
	if (settings->connect_timeout > settings->total_timeout) {
		error_set(error, "%s:%d: connect_timeout: is %d and must not "
		    "be more than total_timeout (%d%s)", path,
		    line_of_either(scan, "connect_timeout", "total_timeout"),
		    settings->connect_timeout, settings->total_timeout,
		    is_said(scan, "total_timeout") ? "" : " by default");
		return -1;
	}
	if (settings->keys_max_stale < settings->keys_ttl) {
		error_set(error, "%s:%d: keys_max_stale: is %d and must not "
		    "be less than keys_ttl (%d), or keys would be too old to "
		    "serve before they are fetched anew", path,
		    line_of_either(scan, "keys_max_stale", "keys_ttl"),
		    settings->keys_max_stale, settings->keys_ttl);
		return -1;
	}
	return 0;
}

/* The settings of sessions and logins that must fit each other. */
static int
check_sessions(const struct settings *settings, const char *path,
    const struct settings_scan *scan, struct error *error)
{
	size_t i;

	if (!is_allowed_url(settings, settings->resolver_url)) {
		error_set(error, "%s:%d: resolver_url: plain http lets anybody "
		    "on the way read credentials; use https, or set "
		    "insecure_allow_http = yes for a test", path,
		    line_of(scan, "resolver_url"));
		return -1;
	}
	if (settings->absent_ttl > settings->session_ttl) {
		error_set(error, "%s:%d: absent_ttl: is %d and must not be "
		    "more than session_ttl (%d%s); set it lower", path,
		    line_of_either(scan, "absent_ttl", "session_ttl"),
		    settings->absent_ttl, settings->session_ttl,
		    is_said(scan, "session_ttl") ? "" : " by default");
		return -1;
	}
	for (i = 0; i < settings->policy_count; i++) {
		if (check_login(settings, settings->policies[i], path, scan,
		    error) == -1)
			return -1;
	}
	return 0;
}

int
settings_check(struct settings *settings, const char *path,
    const struct settings_scan *scan, struct error *error)
{
	if (check_endpoint(settings, path, scan, error) == -1)
		return -1;
	if (complete(settings, scan) == -1) {
		error_set(error, "%s: out of memory", path);
		return -1;
	}
	if (check_times(settings, path, scan, error) == -1)
		return -1;
	if (settings->policy_count == 0) {
		error_set(error, "%s:%d: policy: there is none; add a section "
		    "[policy default]", path, line_of(scan, "policy"));
		return -1;
	}
	return check_sessions(settings, path, scan, error);
}
