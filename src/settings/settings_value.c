#include "settings/settings_value.h"

#include <stdlib.h>
#include <string.h>

#include "ground/origin.h"
#include "settings/settings.h"

static int
set_number(void *member, const struct settings_row *row, const char *value,
    struct error *error)
{
	long number;
	char *end;

	if (strlen(value) <= 9 &&
	    strspn(value, "0123456789") == strlen(value)) {
		number = strtol(value, &end, 10);
		if (number >= row->minimum && number <= row->maximum) {
			*(int *)member = (int)number;
			return 0;
		}
	}
	error_set(error, "must be a whole number from %ld to %ld, without a "
	    "unit", row->minimum, row->maximum);
	return -1;
}

static void
print_number(const void *member, const struct settings_row *row,
    struct buffer *text)
{
	(void)row;
	(void)buffer_append_format(text, "%d", *(const int *)member);
}

const struct settings_type settings_value_number = {
	set_number, print_number, NULL
};

static int
set_choice(void *member, const struct settings_row *row, const char *value,
    struct error *error)
{
	const char *const *words = row->type->words;
	int i;

	for (i = 0; words[i] != NULL; i++) {
		if (strcmp(value, words[i]) == 0) {
			*(int *)member = i;
			return 0;
		}
	}
	if (i == 2)
		error_set(error, "must be %s or %s", words[1], words[0]);
	else
		error_set(error, "must be %s, %s or %s", words[2], words[1],
		    words[0]);
	return -1;
}

static void
print_choice(const void *member, const struct settings_row *row,
    struct buffer *text)
{
	(void)buffer_append_string(text,
	    row->type->words[*(const int *)member]);
}

const struct settings_type settings_value_boolean = {
	set_choice, print_choice,
	(const char *const[]){ "no", "yes", NULL }
};

const struct settings_type settings_value_allow = {
	set_choice, print_choice,
	(const char *const[]){ "deny", "allow", NULL }
};

const struct settings_type settings_value_pass = {
	set_choice, print_choice,
	(const char *const[]){ "deny", "pass", NULL }
};

const struct settings_type settings_value_ignore = {
	set_choice, print_choice,
	(const char *const[]){ "refuse", "ignore", NULL }
};

const struct settings_type settings_value_validate = {
	set_choice, print_choice, (const char *const[]){
		[SETTINGS_VALIDATE_JWT] = "jwt",
		[SETTINGS_VALIDATE_RESOLVER] = "resolver",
		[SETTINGS_VALIDATE_HYBRID] = "hybrid",
		NULL
	}
};

const struct settings_type settings_value_roles = {
	set_choice, print_choice, (const char *const[]){
		[POLICY_IDENTITY_ALL] = "all",
		[POLICY_IDENTITY_REQUIRED] = "required",
		[POLICY_IDENTITY_NONE] = "none",
		NULL
	}
};

static int
set_string(void *member, const struct settings_row *row, const char *value,
    struct error *error)
{
	char **string = member;
	char *copy;

	(void)row;
	if ((copy = strdup(value)) == NULL) {
		error_set(error, "out of memory");
		return -1;
	}
	free(*string);
	*string = copy;
	return 0;
}

static void
print_string(const void *member, const struct settings_row *row,
    struct buffer *text)
{
	const char *const *string = member;

	(void)row;
	if (*string != NULL)
		(void)buffer_append_string(text, *string);
}

static int
set_path(void *member, const struct settings_row *row, const char *value,
    struct error *error)
{
	size_t len = strlen(value);

	if (value[0] != '/') {
		error_set(error, "must be an absolute path");
		return -1;
	}
	if (strstr(value, "/../") != NULL || strstr(value, "/./") != NULL ||
	    (len >= 3 && strcmp(value + len - 3, "/..") == 0) ||
	    (len >= 2 && strcmp(value + len - 2, "/.") == 0)) {
		error_set(error, "must not go through . or ..");
		return -1;
	}
	return set_string(member, row, value, error);
}

const struct settings_type settings_value_path = {
	set_path, print_string, NULL
};

static int
set_origin(void *member, const struct settings_row *row, const char *value,
    struct error *error)
{
	if (origin_check(value, error) == -1)
		return -1;
	return set_string(member, row, value, error);
}

const struct settings_type settings_value_origin = {
	set_origin, print_string, NULL
};

/* Visible ASCII without what would end a header or an HTML attribute. */
static int
is_plain(const char *value)
{
	const char *p;

	for (p = value; *p != '\0'; p++) {
		if (*p <= ' ' || *p >= 0x7f ||
		    strchr("\"'<>\\^`{|}", *p) != NULL)
			return 0;
	}
	return 1;
}

/* origin "/" path, and a query perhaps: what origin_check() likes in front,
 * no fragment. */
static int
set_url(void *member, const struct settings_row *row, const char *value,
    struct error *error)
{
	char origin[ORIGIN_MAX + 1];
	const char *host = strstr(value, "://");
	size_t len = 0;

	if (host != NULL)
		len = (size_t)(host + 3 - value) + strcspn(host + 3, "/?#");
	if (host == NULL || len > ORIGIN_MAX || strlen(value) > 1024 ||
	    value[len] != '/' || strchr(value, '#') != NULL ||
	    !is_plain(value))
		goto refused;
	memcpy(origin, value, len);
	origin[len] = '\0';
	if (origin_check(origin, NULL) == 0)
		return set_string(member, row, value, error);
refused:
	error_set(error, "must be a URL like https://www.example.com/path: "
	    "host in lower case, no default port, a path, no fragment");
	return -1;
}

const struct settings_type settings_value_url = {
	set_url, print_string, NULL
};

static int
set_word(void *member, const struct settings_row *row, const char *value,
    struct error *error)
{
	if (value[0] == '\0' || strlen(value) > 255 || !is_plain(value)) {
		error_set(error, "must be one word of at most 255 letters, "
		    "digits and signs");
		return -1;
	}
	return set_string(member, row, value, error);
}

const struct settings_type settings_value_word = {
	set_word, print_string, NULL
};

static int
set_proxy(void *member, const struct settings_row *row, const char *value,
    struct error *error)
{
	if (origin_check(value, NULL) == -1) {
		error_set(error, "must be http://HOST:PORT or "
		    "https://HOST:PORT, nothing else");
		return -1;
	}
	return set_string(member, row, value, error);
}

const struct settings_type settings_value_proxy = {
	set_proxy, print_string, NULL
};

static int
set_cookie_prefix(void *member, const struct settings_row *row,
    const char *value, struct error *error)
{
	if (strlen(value) > 64 || strspn(value,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "_-.") != strlen(value)) {
		error_set(error, "must be at most 64 letters, digits, _, - "
		    "and .; the same as Authgear's http.cookie_prefix");
		return -1;
	}
	return set_string(member, row, value, error);
}

const struct settings_type settings_value_cookie_prefix = {
	set_cookie_prefix, print_string, NULL
};

/*
 * People choose their own e-mail, name and nickname: only a claim that the
 * operator's own hook makes, which is a URI outside Authgear's, may name the
 * user.
 */
static int
is_own_claim(const char *name)
{
	static const char authgear[] = "https://authgear.com/";
	size_t scheme;

	if (strncmp(name, authgear, sizeof(authgear) - 1) == 0 ||
	    strlen(name) > 255)
		return 0;
	scheme = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789+.-");
	return scheme > 0 && name[scheme] == ':' && name[scheme + 1] != '\0' &&
	    strpbrk(name, " \t\"<>\\^`{|}") == NULL;
}

static int
set_remote_user(void *member, const struct settings_row *row,
    const char *value, struct error *error)
{
	struct policy *policy = member;
	char *claim;

	(void)row;
	if (strcmp(value, "sub") == 0) {
		policy->remote_user = POLICY_REMOTE_USER_SUB;
		return 0;
	}
	if (strcmp(value, "map") == 0) {
		policy->remote_user = POLICY_REMOTE_USER_MAP;
		return 0;
	}
	if (strncmp(value, "claim:", 6) != 0 || !is_own_claim(value + 6)) {
		error_set(error, "must be sub, map, or claim:NAME with the "
		    "absolute URI of a claim that your own hook adds (people "
		    "choose their e-mail and names themselves; claims below "
		    "https://authgear.com/ are refused)");
		return -1;
	}
	if ((claim = strdup(value + 6)) == NULL) {
		error_set(error, "out of memory");
		return -1;
	}
	free(policy->remote_user_claim);
	policy->remote_user_claim = claim;
	policy->remote_user = POLICY_REMOTE_USER_CLAIM;
	return 0;
}

static void
print_remote_user(const void *member, const struct settings_row *row,
    struct buffer *text)
{
	const struct policy *policy = member;

	(void)row;
	if (policy->remote_user == POLICY_REMOTE_USER_CLAIM)
		(void)buffer_append_format(text, "claim:%s",
		    policy->remote_user_claim);
	else if (policy->remote_user == POLICY_REMOTE_USER_MAP)
		(void)buffer_append_string(text, "map");
	else
		(void)buffer_append_string(text, "sub");
}

const struct settings_type settings_value_remote_user = {
	set_remote_user, print_remote_user, NULL
};
