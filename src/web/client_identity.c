#include "web/client_identity.h"

#include <string.h>

static const struct name {
	const char *text;
	int is_prefix;
} names[] = {
	{ "HTTP_X_AUTHGEAR_", 1 },
	{ "HTTP_REMOTE_USER", 0 },
	{ "HTTP_X_REMOTE_USER", 0 },
	{ "HTTP_X_FORWARDED_USER", 0 },
	{ CLIENT_IDENTITY_MARK, 0 },
};

#define NAMES (sizeof(names) / sizeof(names[0]))

/* Of ASCII alone, whatever the locale is. */
static char
fold(char c)
{
	if (c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return c;
	return '_';
}

static int
has_name(const char *param, size_t param_len, const struct name *name,
    size_t len)
{
	size_t i;

	/* most differ in their length, and nearly all others soon */
	if (name->is_prefix ? param_len < len : param_len != len)
		return 0;
	for (i = 0; i < len; i++)
		if (fold(param[i]) != name->text[i])
			return 0;
	return 1;
}

static int
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

int
client_identity_is_header(const char *name, size_t len)
{
	static const char before[] = "HTTP_";
	struct name header;
	size_t i;

	for (i = 0; i < NAMES; i++) {
		if (strncmp(names[i].text, before, sizeof(before) - 1) != 0)
			continue;
		header = names[i];
		header.text += sizeof(before) - 1;
		if (has_name(name, len, &header, strlen(header.text)))
			return 1;
	}
	return 0;
}

int
client_identity_is_listed(const char *value, size_t len)
{
	const char *end = value + len, *next, *last;

	for (; value < end; value = next + 1) {
		next = memchr(value, ',', (size_t)(end - value));
		if (next == NULL)
			next = end;
		for (last = next; value < last && is_blank(*value); value++)
			;
		while (last > value && is_blank(last[-1]))
			last--;
		if (client_identity_is_header(value, (size_t)(last - value)))
			return 1;
	}
	return 0;
}

static int
is_listing(const char *param, size_t name_len, const char *value)
{
	static const struct name connection = { "HTTP_CONNECTION", 0 };

	return has_name(param, name_len, &connection,
	    sizeof("HTTP_CONNECTION") - 1) &&
	    client_identity_is_listed(value, strlen(value));
}

const char *
client_identity_find(char *const *params)
{
	const char *equals;
	size_t lens[NAMES], i;

	if (params == NULL)
		return NULL;
	for (i = 0; i < NAMES; i++)
		lens[i] = strlen(names[i].text);
	for (; *params != NULL; params++) {
		equals = strchr(*params, '=');
		if (equals == NULL || equals[1] == '\0')
			continue;
		for (i = 0; i < NAMES; i++)
			if (has_name(*params, (size_t)(equals - *params),
			    &names[i], lens[i]))
				return *params;
		if (is_listing(*params, (size_t)(equals - *params),
		    equals + 1))
			return *params;
	}
	return NULL;
}
