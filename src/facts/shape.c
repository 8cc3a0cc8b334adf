/* Tells credentials apart by their characters. */
#include "facts/shape.h"

#include <string.h>

#define OPAQUE_LENGTH 32	/* characters of Authgear's random texts */
#define UUID_LENGTH 36

static int
is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9');
}

static int
is_hexadecimal(char c)
{
	return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ||
	    (c >= '0' && c <= '9');
}

static int
is_random(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!is_alphanumeric(text[i]))
			return 0;
	return len == OPAQUE_LENGTH;
}

static int
is_uuid(const char *text)
{
	static const char dashes[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	size_t i;

	for (i = 0; i < UUID_LENGTH; i++) {
		if (dashes[i] == '-' ? text[i] != '-' :
		    !is_hexadecimal(text[i]))
			return 0;
	}
	return 1;
}

static int
is_session(const char *text, size_t len)
{
	return len == UUID_LENGTH + 1 + OPAQUE_LENGTH && is_uuid(text) &&
	    text[UUID_LENGTH] == '.' &&
	    is_random(text + UUID_LENGTH + 1, OPAQUE_LENGTH);
}

/* {" in base64url begins every JWT header. */
static int
begins_as_jwt(const char *text, size_t len)
{
	return len >= 3 && memcmp(text, "eyJ", 3) == 0;
}

enum shape
shape_of(const char *text, size_t len)
{
	size_t i, dots = 0;

	for (i = 0; i < len; i++) {
		if (text[i] == '.')
			dots++;
		else if (!is_alphanumeric(text[i]) &&
		    text[i] != '-' && text[i] != '_')
			return SHAPE_OTHER;
	}
	if (dots == 2)
		return SHAPE_JWT;
	if (is_random(text, len))
		return SHAPE_RANDOM;
	if (is_session(text, len))
		return SHAPE_SESSION;
	if (dots < 2 && begins_as_jwt(text, len))
		return SHAPE_CUT_JWT;
	return SHAPE_OTHER;
}

enum shape
shape_of_typed(const char *text, size_t len)
{
	enum shape shape = shape_of(text, len);

	return shape == SHAPE_JWT && !begins_as_jwt(text, len) ? SHAPE_OTHER :
	    shape;
}

int
shape_is_in_name(const char *name)
{
	size_t i, run = 0;

	/* pasted with a blank, or with what stands around it in a header */
	for (i = 0; name[i] != '\0' && run < OPAQUE_LENGTH; i++)
		run = is_alphanumeric(name[i]) ? run + 1 : 0;
	return run == OPAQUE_LENGTH || shape_of_typed(name, i) != SHAPE_OTHER;
}
