#include "settings/settings_value.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ground/origin.h"

static void *
member(void *target, const struct settings_row *row)
{
	return (char *)target + row->offset;
}

static const void *
const_member(const void *target, const struct settings_row *row)
{
	return (const char *)target + row->offset;
}

int
settings_value_set_number(void *target, const struct settings_row *row,
    const char *value, struct error *error)
{
	long number;
	char *end;

	if (strlen(value) <= 9 &&
	    strspn(value, "0123456789") == strlen(value)) {
		number = strtol(value, &end, 10);
		if (number >= row->minimum && number <= row->maximum) {
			*(int *)member(target, row) = (int)number;
			return 0;
		}
	}
	error_set(error, "must be a whole number from %ld to %ld, without a "
	    "unit", row->minimum, row->maximum);
	return -1;
}

void
settings_value_print_number(const void *target,
    const struct settings_row *row, struct buffer *text)
{
	(void)buffer_append_format(text, "%d",
	    *(const int *)const_member(target, row));
}

static int
set_choice(void *target, const struct settings_row *row, const char *value,
    const char *one, const char *zero, struct error *error)
{
	int *choice = member(target, row);

	if (strcmp(value, one) == 0)
		*choice = 1;
	else if (strcmp(value, zero) == 0)
		*choice = 0;
	else {
		error_set(error, "must be %s or %s", one, zero);
		return -1;
	}
	return 0;
}

int
settings_value_set_boolean(void *target, const struct settings_row *row,
    const char *value, struct error *error)
{
	return set_choice(target, row, value, "yes", "no", error);
}

void
settings_value_print_boolean(const void *target,
    const struct settings_row *row, struct buffer *text)
{
	(void)buffer_append_string(text,
	    *(const int *)const_member(target, row) ? "yes" : "no");
}

int
settings_value_set_allow(void *target, const struct settings_row *row,
    const char *value, struct error *error)
{
	return set_choice(target, row, value, "allow", "deny", error);
}

void
settings_value_print_allow(const void *target,
    const struct settings_row *row, struct buffer *text)
{
	(void)buffer_append_string(text,
	    *(const int *)const_member(target, row) ? "allow" : "deny");
}

int
settings_value_set_pass(void *target, const struct settings_row *row,
    const char *value, struct error *error)
{
	return set_choice(target, row, value, "pass", "deny", error);
}

void
settings_value_print_pass(const void *target,
    const struct settings_row *row, struct buffer *text)
{
	(void)buffer_append_string(text,
	    *(const int *)const_member(target, row) ? "pass" : "deny");
}

int
settings_value_set_ignore(void *target, const struct settings_row *row,
    const char *value, struct error *error)
{
	return set_choice(target, row, value, "ignore", "refuse", error);
}

void
settings_value_print_ignore(const void *target,
    const struct settings_row *row, struct buffer *text)
{
	(void)buffer_append_string(text,
	    *(const int *)const_member(target, row) ? "ignore" : "refuse");
}

static int
set_string(void *target, const struct settings_row *row, const char *value,
    struct error *error)
{
	char **string = member(target, row);
	char *copy;

	if ((copy = strdup(value)) == NULL) {
		error_set(error, "out of memory");
		return -1;
	}
	free(*string);
	*string = copy;
	return 0;
}

int
settings_value_set_path(void *target, const struct settings_row *row,
    const char *value, struct error *error)
{
	size_t len = strlen(value);

	if (value[0] != '/') {
		error_set(error, "must be an absolute path");
		return -1;
	}
	if (strstr(value, "/../") != NULL || strstr(value, "/./") != NULL ||
	    (len >= 3 && strcmp(value + len - 3, "/..") == 0)) {
		error_set(error, "must not go through . or ..");
		return -1;
	}
	return set_string(target, row, value, error);
}

int
settings_value_set_origin(void *target, const struct settings_row *row,
    const char *value, struct error *error)
{
	if (origin_check(value, error) == -1)
		return -1;
	return set_string(target, row, value, error);
}

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
int
settings_value_set_url(void *target, const struct settings_row *row,
    const char *value, struct error *error)
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
		return set_string(target, row, value, error);
refused:
	error_set(error, "must be a URL like https://www.example.com/path: "
	    "host in lower case, no default port, a path, no fragment");
	return -1;
}

int
settings_value_set_word(void *target, const struct settings_row *row,
    const char *value, struct error *error)
{
	if (value[0] == '\0' || strlen(value) > 255 || !is_plain(value)) {
		error_set(error, "must be one word of at most 255 letters, "
		    "digits and signs");
		return -1;
	}
	return set_string(target, row, value, error);
}

int
settings_value_set_proxy(void *target, const struct settings_row *row,
    const char *value, struct error *error)
{
	if (origin_check(value, NULL) == -1) {
		error_set(error, "must be http://HOST:PORT or "
		    "https://HOST:PORT, nothing else");
		return -1;
	}
	return set_string(target, row, value, error);
}

int
settings_value_set_cookie_prefix(void *target,
    const struct settings_row *row, const char *value, struct error *error)
{
	if (strlen(value) > 64 || strspn(value,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "_-.") != strlen(value)) {
		error_set(error, "must be at most 64 letters, digits, _, - "
		    "and .; the same as Authgear's http.cookie_prefix");
		return -1;
	}
	return set_string(target, row, value, error);
}

void
settings_value_print_string(const void *target,
    const struct settings_row *row, struct buffer *text)
{
	const char *const *string = const_member(target, row);

	if (*string != NULL)
		(void)buffer_append_string(text, *string);
}

int
settings_value_set_list(void *target, const struct settings_row *row,
    const char *value, struct error *error)
{
	struct word_list *list = member(target, row);
	struct word_list words = { NULL, 0 };

	/* Nothing that Authgear names has one: it would never be met. */
	if (strpbrk(value, "\"';") != NULL) {
		error_set(error, "must be words without quotes or semicolons, "
		    "separated by commas or blanks");
		return -1;
	}
	if (word_list_split(&words, value, ", \t") == -1) {
		word_list_clear(&words);
		error_set(error, "out of memory");
		return -1;
	}
	if (words.count == 0 || words.count > (size_t)row->maximum) {
		word_list_clear(&words);
		error_set(error, "must be 1 to %ld words, separated by commas "
		    "or blanks", row->maximum);
		return -1;
	}
	word_list_clear(list);
	*list = words;
	return 0;
}

static int
is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9');
}

/* The next word of letters and digits; its length. */
static size_t
next_word(const char **name)
{
	size_t len;

	while (**name != '\0' && !is_letter_or_digit(**name))
		(*name)++;
	for (len = 0; is_letter_or_digit((*name)[len]); len++)
		;
	return len;
}

/* 1 if an application could not tell the two apart. */
static int
same_words(const char *a, const char *b)
{
	size_t len;

	for (;; a += len, b += len) {
		len = next_word(&a);
		if (next_word(&b) != len || strncasecmp(a, b, len) != 0)
			return 0;
		if (len == 0)
			return 1;
	}
}

int
settings_value_set_export(void *target, const struct settings_row *row,
    const char *value, struct error *error)
{
	const struct word_list *list = member(target, row);
	size_t i, j;

	if (settings_value_set_list(target, row, value, error) == -1)
		return -1;
	for (i = 0; i < list->count; i++) {
		if (same_words(list->words[i], "") ||
		    strlen(list->words[i]) > 255) {
			error_set(error, "must be names of claims");
			return -1;
		}
		for (j = 0; j < i; j++) {
			if (!same_words(list->words[i], list->words[j]))
				continue;
			error_set(error, "%.80s and %.80s would be one "
			    "variable; leave one out", list->words[j],
			    list->words[i]);
			return -1;
		}
	}
	return 0;
}

void
settings_value_print_list(const void *target,
    const struct settings_row *row, struct buffer *text)
{
	const struct word_list *list = const_member(target, row);
	size_t i;

	for (i = 0; i < list->count; i++)
		(void)buffer_append_format(text, "%s%s", i > 0 ? ", " : "",
		    list->words[i]);
}

int
settings_value_set_clients(void *target, const struct settings_row *row,
    const char *value, struct error *error)
{
	struct policy *policy = target;
	const struct settings_row list = { .minimum = row->minimum,
	    .maximum = row->maximum, .offset = 0 };

	if (strcmp(value, "any") == 0) {
		policy->any_client = 1;
		return 0;
	}
	if (settings_value_set_list(&policy->clients, &list, value,
	    error) == -1)
		return -1;
	if (word_list_has(&policy->clients, "any")) {
		error_set(error, "any stands for every client, so it stands "
		    "alone");
		return -1;
	}
	return 0;
}

void
settings_value_print_clients(const void *target,
    const struct settings_row *row, struct buffer *text)
{
	const struct policy *policy = target;
	const struct settings_row list = { .offset = 0 };

	(void)row;
	if (policy->any_client)
		(void)buffer_append_string(text, "any");
	else
		settings_value_print_list(&policy->clients, &list, text);
}

static const char *const validate_names[] = {
	[SETTINGS_VALIDATE_JWT] = "jwt",
	[SETTINGS_VALIDATE_RESOLVER] = "resolver",
	[SETTINGS_VALIDATE_HYBRID] = "hybrid"
};

int
settings_value_set_validate(void *target, const struct settings_row *row,
    const char *value, struct error *error)
{
	enum settings_validate *validate = member(target, row);
	int i;

	for (i = SETTINGS_VALIDATE_JWT; i <= SETTINGS_VALIDATE_HYBRID; i++) {
		if (strcmp(value, validate_names[i]) == 0) {
			*validate = (enum settings_validate)i;
			return 0;
		}
	}
	error_set(error, "must be hybrid, resolver or jwt");
	return -1;
}

void
settings_value_print_validate(const void *target,
    const struct settings_row *row, struct buffer *text)
{
	const enum settings_validate *validate = const_member(target, row);

	(void)buffer_append_string(text, validate_names[*validate]);
}

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

int
settings_value_set_remote_user(void *target,
    const struct settings_row *row, const char *value, struct error *error)
{
	struct policy *policy = target;
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

void
settings_value_print_remote_user(const void *target,
    const struct settings_row *row, struct buffer *text)
{
	const struct policy *policy = target;

	(void)row;
	if (policy->remote_user == POLICY_REMOTE_USER_CLAIM)
		(void)buffer_append_format(text, "claim:%s",
		    policy->remote_user_claim);
	else if (policy->remote_user == POLICY_REMOTE_USER_MAP)
		(void)buffer_append_string(text, "map");
	else
		(void)buffer_append_string(text, "sub");
}
