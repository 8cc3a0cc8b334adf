#include "web/client_identity.h"

#include <ctype.h>
#include <stddef.h>
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

static char
fold(char c)
{
	if (!isalnum((unsigned char)c))
		return '_';
	return (char)toupper((unsigned char)c);
}

/* The parameter's name may go on behind a prefix. */
static int
has_name(const char *param, const struct name *name)
{
	size_t i;

	for (i = 0; name->text[i] != '\0'; i++)
		if (param[i] == '=' || param[i] == '\0' ||
		    fold(param[i]) != name->text[i])
			return 0;
	return name->is_prefix || param[i] == '=';
}

static int
has_value(const char *param)
{
	const char *equals = strchr(param, '=');

	return equals != NULL && equals[1] != '\0';
}

const char *
client_identity_find(char *const *params)
{
	size_t i;

	if (params == NULL)
		return NULL;
	for (; *params != NULL; params++)
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (has_name(*params, &names[i]) && has_value(*params))
				return *params;
	return NULL;
}
