#include "settings/settings.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <ini_configobj.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ground/origin.h"
#include "settings/settings_scan.h"
#include "settings/settings_table.h"

void
settings_free(struct settings *settings)
{
	size_t i;

	if (settings == NULL)
		return;
	free(settings->endpoint);
	free(settings->resolver_url);
	free(settings->ca_file);
	free(settings->proxy);
	free(settings->cookie_prefix);
	free(settings->state);
	for (i = 0; i < settings->policy_count; i++)
		policy_free(settings->policies[i]);
	free(settings->policies);
	word_list_clear(&settings->warnings);
	free(settings);
}

static int
check_file(int fd, const char *path, struct error *error)
{
	struct stat st;

	if (fstat(fd, &st) == -1) {
		error_set(error, "%s: %s", path, strerror(errno));
		return -1;
	}
	if (!S_ISREG(st.st_mode)) {
		error_set(error, "%s: is not a regular file", path);
		return -1;
	}
	if (st.st_uid != 0 && st.st_uid != geteuid()) {
		error_set(error, "%s: belongs to uid %lu; it must belong to "
		    "root or to the user who runs this (chown root)", path,
		    (unsigned long)st.st_uid);
		return -1;
	}
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		error_set(error, "%s: can be written by others; run: chmod "
		    "go-w %s", path, path);
		return -1;
	}
	if (st.st_size > SETTINGS_MAX_FILE) {
		error_set(error, "%s: is larger than %d bytes", path,
		    SETTINGS_MAX_FILE);
		return -1;
	}
	return 0;
}

/* The whole file, with a newline at its end.  0 or -1. */
static int
read_file(const char *path, struct buffer *text, struct error *error)
{
	char chunk[8192];
	ssize_t got;
	int fd;
	int ret = -1;

	/* NONBLOCK: a FIFO in its place must not hold us up */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1) {
		error_set(error, "%s: %s%s", path, strerror(errno),
		    errno == ENOENT ? "; make it, see authgear.conf(5), or "
		    "name another with --config" : errno == EACCES ? "; the "
		    "daemon's user must be able to read it: run 'chmod 0644' "
		    "on it" : "");
		return -1;
	}
	if (check_file(fd, path, error) == -1)
		goto done;
	while ((got = read(fd, chunk, sizeof(chunk))) > 0) {
		if (buffer_append(text, chunk, (size_t)got) == -1)
			break;
	}
	if (got == -1) {
		error_set(error, "%s: %s", path, strerror(errno));
		goto done;
	}
	if (text->failed || (text->len > 0 &&
	    text->data[text->len - 1] != '\n' &&
	    buffer_append(text, "\n", 1) == -1)) {
		error_set(error, "%s: is larger than %d bytes", path,
		    SETTINGS_MAX_FILE);
		goto done;
	}
	ret = 0;
done:
	close(fd);
	return ret;
}

static struct ini_cfgobj *
parse_ini(const char *path, const struct buffer *text, struct error *error)
{
	struct ini_cfgfile *file = NULL;
	struct ini_cfgobj *ini = NULL;
	char **messages = NULL;

	if (ini_config_create(&ini) != 0 ||
	    ini_config_file_from_mem(text->data, (uint32_t)text->len,
	    &file) != 0) {
		error_set(error, "%s: out of memory", path);
		goto failed;
	}
	if (ini_config_parse(file, INI_STOP_ON_ANY,
	    INI_MS_ERROR | INI_MV1S_ERROR | INI_MV2S_ERROR,
	    INI_PARSE_NOWRAP | INI_PARSE_NO_C_COMMENTS, ini) != 0) {
		if (ini_config_get_errors(ini, &messages) == 0 &&
		    messages != NULL && messages[0] != NULL)
			error_set(error, "%s: %s", path, messages[0]);
		ini_config_free_errors(messages);
		error_set(error, "%s: cannot be read as settings", path);
		goto failed;
	}
	ini_config_file_destroy(file);
	return ini;
failed:
	ini_config_file_destroy(file);
	ini_config_destroy(ini);
	return NULL;
}

/* The value as libini_config read it; NULL: not there. */
static char *
value_of(struct ini_cfgobj *ini, const struct settings_entry *entry)
{
	struct value_obj *object = NULL;
	int failed = 0;
	char *value;

	if (ini_get_config_valueobj(entry->section, entry->key, ini,
	    INI_GET_FIRST_VALUE, &object) != 0 || object == NULL)
		return NULL;
	value = ini_get_string_config_value(object, &failed);
	if (failed != 0) {
		free(value);
		return NULL;
	}
	return value;
}

static struct policy *
add_policy(struct settings *settings, const char *name)
{
	struct policy **policies;
	struct policy *policy;

	policies = reallocarray(settings->policies,
	    settings->policy_count + 1, sizeof(struct policy *));
	if (policies == NULL)
		return NULL;
	settings->policies = policies;
	if ((policy = calloc(1, sizeof(*policy))) == NULL)
		return NULL;
	if ((policy->name = strdup(name)) == NULL ||
	    settings_table_defaults("policy", policy) == -1) {
		policy_free(policy);
		return NULL;
	}
	policies[settings->policy_count++] = policy;
	return policy;
}

static const struct policy *
find_policy(const struct settings *settings, const char *name)
{
	size_t i;

	for (i = 0; i < settings->policy_count; i++) {
		if (strcmp(settings->policies[i]->name, name) == 0)
			return settings->policies[i];
	}
	return NULL;
}

/* Where the keys of a section go: *kind_out "authgear" or "policy". */
static void *
section_target(struct settings *settings, const char *path,
    const struct settings_entry *entry, const char **kind_out,
    struct error *error)
{
	static const char prefix[] = "policy ";
	const char *name = entry->section + sizeof(prefix) - 1;
	struct policy *policy;

	*kind_out = "authgear";
	if (strcmp(entry->section, "authgear") == 0)
		return settings;
	*kind_out = "policy";
	if (strncmp(entry->section, prefix, sizeof(prefix) - 1) != 0) {
		error_set(error, "%s:%d: [%s]: is no section; there are "
		    "[authgear] and [policy NAME]", path, entry->line,
		    entry->section);
		return NULL;
	}
	if (name[0] == '\0' || strchr(name, ' ') != NULL ||
	    strlen(name) > POLICY_MAX_NAME) {
		error_set(error, "%s:%d: [%s]: the policy's name must be 1 to "
		    "%d of a-z, 0-9, _ and -", path, entry->line,
		    entry->section, POLICY_MAX_NAME);
		return NULL;
	}
	if (settings->policy_count == POLICY_MAX) {
		error_set(error, "%s:%d: [%s]: more than %d policies", path,
		    entry->line, entry->section, POLICY_MAX);
		return NULL;
	}
	if ((policy = add_policy(settings, name)) == NULL)
		error_set(error, "%s: out of memory", path);
	return policy;
}

static int
apply_key(void *target, const char *kind, const char *path,
    const struct settings_entry *entry, struct ini_cfgobj *ini,
    struct error *error)
{
	const struct settings_row *row;
	struct error why = { "" };
	char *value;
	int ret = -1;

	if ((row = settings_table_find(kind, entry->key)) == NULL) {
		error_set(error, "%s:%d: %s: is no setting of [%s]; see "
		    "authgear.conf(5)", path, entry->line, entry->key,
		    entry->section);
		return -1;
	}
	if ((value = value_of(ini, entry)) == NULL) {
		error_set(error, "%s:%d: %s: cannot be read", path,
		    entry->line, entry->key);
		return -1;
	}
	if (row->set(target, row, value, &why) == -1)
		error_set(error, "%s:%d: %s: %s", path, entry->line,
		    entry->key, error_text(&why));
	else
		ret = 0;
	free(value);
	return ret;
}

static int
apply(struct settings *settings, const char *path,
    const struct settings_scan *scan, struct ini_cfgobj *ini,
    struct error *error)
{
	const struct settings_entry *entry;
	const char *kind = NULL;
	void *target = NULL;
	size_t i;

	for (i = 0; i < scan->count; i++) {
		entry = &scan->entries[i];
		if (entry->key == NULL) {
			target = section_target(settings, path, entry, &kind,
			    error);
			if (target == NULL)
				return -1;
		} else if (apply_key(target, kind, path, entry, ini,
		    error) == -1)
			return -1;
	}
	return 0;
}

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

/* `where`: a key of [authgear], or "[policy NAME]". */
static int
warn(struct settings *settings, const char *where, const char *what)
{
	struct buffer text;
	int ret;

	buffer_init(&text, 1024);
	(void)buffer_append_format(&text, "%s: %s", where, what);
	ret = text.failed ? -1 :
	    word_list_add(&settings->warnings, text.data, text.len);
	buffer_clear(&text);
	return ret;
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

/* What follows from the endpoint; -1: memory. */
static int
complete_authgear(struct settings *settings)
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

static int
is_audience_of_its_own(const struct policy *policy, const char *endpoint)
{
	return policy->audience.count > 1 || (policy->audience.count == 1 &&
	    strcmp(policy->audience.words[0], endpoint) != 0);
}

/* The endpoint, unless the file says another. */
static int
complete_audience(struct policy *policy, const char *endpoint)
{
	policy->has_audience = is_audience_of_its_own(policy, endpoint);
	if (policy->audience.count > 0)
		return 0;
	return word_list_add(&policy->audience, endpoint, strlen(endpoint));
}

/* What an opaque token or a cookie can never satisfy. */
static int
needs_claims(const struct settings *settings, const struct policy *policy)
{
	return is_audience_of_its_own(policy, settings->endpoint) ||
	    policy->clients.count > 0 ||
	    policy->require_scope.count > 0 ||
	    policy->remote_user == POLICY_REMOTE_USER_CLAIM;
}

/* What is allowed and yet seldom what was meant; -1: memory. */
static int
warn_of_policy(struct settings *settings, const struct policy *policy)
{
	char name[sizeof("[policy ]") + POLICY_MAX_NAME];

	snprintf(name, sizeof(name), "[policy %s]", policy->name);
	if (policy->clients.count == 0 && !policy->any_client &&
	    warn(settings, name, policy->login_client != NULL || settings->validate ==
	    SETTINGS_VALIDATE_RESOLVER ?
	    "names no clients, so tokens of every client of the project pass, "
	    "third-party applications included; clients = any says that it "
	    "is meant" :
	    "names no clients, so tokens of every client of the project pass, "
	    "third-party applications included; set clients to narrow it "
	    "(opaque tokens and cookies, which name none, are refused then), "
	    "or clients = any if that is meant") == -1)
		return -1;
	if (settings->validate != SETTINGS_VALIDATE_JWT &&
	    needs_claims(settings, policy) && warn(settings, name,
	    "asks for what only a JWT tells (audience, clients, "
	    "require_scope, a claim), so opaque tokens and cookies are "
	    "refused as not-evaluable") == -1)
		return -1;
	if (policy->unauthenticated && warn(settings, name,
	    "lets requests without a credential through; the application "
	    "must look at AUTHGEAR_DECISION, which is \"pass\" then") == -1)
		return -1;
	if (policy->accept_basic && warn(settings, name,
	    "takes tokens as Basic passwords, which clients store and send "
	    "with every request; use it over https only") == -1)
		return -1;
	if (policy->login_return != NULL &&
	    origin_is_placeholder(policy->login_return) && warn(settings,
	    name, "login_return is still a name for examples, to which no "
	    "browser comes back; set this site's own") == -1)
		return -1;
	return 0;
}

/* What was copied from an example and not changed; -1: memory. */
static int
warn_of_placeholders(struct settings *settings)
{
	if (origin_is_placeholder(settings->endpoint) && warn(settings,
	    "endpoint", "is still a name for examples, where no Authgear "
	    "answers, so nobody is let in; set your project's origin") == -1)
		return -1;
	if (!origin_is_placeholder(settings->endpoint) &&
	    origin_is_placeholder(settings->resolver_url) && warn(settings,
	    "resolver_url", "is a name for examples, where no Authgear "
	    "answers; set your resolver's, or take the line out") == -1)
		return -1;
	return 0;
}

static int
complete_policies(struct settings *settings)
{
	size_t i;

	for (i = 0; i < settings->policy_count; i++)
		if (complete_audience(settings->policies[i],
		    settings->endpoint) == -1 ||
		    warn_of_policy(settings, settings->policies[i]) == -1)
			return -1;
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
	} else if (needs_claims(settings, policy)) {
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

/* The settings of sessions and logins that must fit each other. */
static int
check_sessions(const struct settings *settings, const char *path,
    const struct settings_scan *scan, struct error *error)
{
	size_t i;

	if (settings->resolver_url != NULL &&
	    !is_allowed_url(settings, settings->resolver_url)) {
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

/* What no single key can tell. */
static int
check_whole(struct settings *settings, const char *path,
    const struct settings_scan *scan, struct error *error)
{
	if (settings->endpoint == NULL) {
		error_set(error, "%s:%d: endpoint: is missing; set it to "
		    "Authgear's origin below [authgear], for example "
		    "https://accounts.example.com", path,
		    line_of(scan, "endpoint"));
		return -1;
	}
	if (!origin_is_https(settings->endpoint) &&
	    !origin_is_loopback(settings->endpoint) &&
	    !settings->insecure_allow_http) {
		error_set(error, "%s:%d: endpoint: plain http lets anybody on "
		    "the way replace Authgear's keys; use https, or set "
		    "insecure_allow_http = yes for a test", path,
		    line_of(scan, "endpoint"));
		return -1;
	}
	follow(settings, scan);
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
	if (settings->policy_count == 0) {
		error_set(error, "%s:%d: policy: there is none; add a section "
		    "[policy default]", path, line_of(scan, "policy"));
		return -1;
	}
	if (check_sessions(settings, path, scan, error) == -1)
		return -1;
	if (complete_authgear(settings) == -1 ||
	    warn_of_placeholders(settings) == -1 ||
	    complete_policies(settings) == -1) {
		error_set(error, "%s: out of memory", path);
		return -1;
	}
	return 0;
}

struct settings *
settings_load(const char *path, struct error *error)
{
	struct settings_scan scan = { NULL, 0 };
	struct settings *settings = NULL;
	struct ini_cfgobj *ini = NULL;
	struct buffer text;
	int good = 0;

	buffer_init(&text, SETTINGS_MAX_FILE + 1);
	if (read_file(path, &text, error) == -1)
		goto done;
	settings_scan_outdent(text.data, &text.len);
	if (settings_scan(&scan, path, text.data, text.len, error) == -1)
		goto done;
	if ((settings = calloc(1, sizeof(*settings))) == NULL ||
	    settings_table_defaults("authgear", settings) == -1) {
		error_set(error, "%s: out of memory", path);
		goto done;
	}
	/* the library refuses an empty file with a message nobody needs */
	if (scan.count > 0 &&
	    ((ini = parse_ini(path, &text, error)) == NULL ||
	    apply(settings, path, &scan, ini, error) == -1))
		goto done;
	if (check_whole(settings, path, &scan, error) == -1)
		goto done;
	good = 1;
done:
	ini_config_destroy(ini);
	settings_scan_clear(&scan);
	buffer_clear(&text);
	if (good)
		return settings;
	settings_free(settings);
	return NULL;
}

const struct policy *
settings_policy(const struct settings *settings, const char *name,
    int *unknown_out)
{
	*unknown_out = 0;
	if (name != NULL && name[0] != '\0') {
		*unknown_out = 1;
		return find_policy(settings, name);
	}
	if (settings->policy_count != 1)
		return NULL;
	return find_policy(settings, "default");
}
