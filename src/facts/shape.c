/* Tells credentials apart by their characters. */
#include "facts/shape.h"

#include <string.h>

#define OPAQUE_LENGTH 32	/* characters of Authgear's random texts */
#define UUID_LENGTH 36

/* Of a credential: base64url, and the dots between its parts. */
static const unsigned char is_ours[256] = {
	['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1,
	['G'] = 1, ['H'] = 1, ['I'] = 1, ['J'] = 1, ['K'] = 1, ['L'] = 1,
	['M'] = 1, ['N'] = 1, ['O'] = 1, ['P'] = 1, ['Q'] = 1, ['R'] = 1,
	['S'] = 1, ['T'] = 1, ['U'] = 1, ['V'] = 1, ['W'] = 1, ['X'] = 1,
	['Y'] = 1, ['Z'] = 1, ['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1,
	['e'] = 1, ['f'] = 1, ['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1,
	['k'] = 1, ['l'] = 1, ['m'] = 1, ['n'] = 1, ['o'] = 1, ['p'] = 1,
	['q'] = 1, ['r'] = 1, ['s'] = 1, ['t'] = 1, ['u'] = 1, ['v'] = 1,
	['w'] = 1, ['x'] = 1, ['y'] = 1, ['z'] = 1, ['0'] = 1, ['1'] = 1,
	['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1, ['7'] = 1,
	['8'] = 1, ['9'] = 1, ['-'] = 1, ['_'] = 1, ['.'] = 1,
};

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

	if (len != OPAQUE_LENGTH)
		return 0;
	for (i = 0; i < len; i++)
		if (!is_alphanumeric(text[i]))
			return 0;
	return 1;
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

/* Four at a time: it is done with every credential that comes. */
static int
has_foreign(const char *text, size_t len)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t i;

	for (i = 0; i + 4 <= len; i += 4)
		if ((is_ours[at[i]] & is_ours[at[i + 1]] &
		    is_ours[at[i + 2]] & is_ours[at[i + 3]]) == 0)
			return 1;
	for (; i < len; i++)
		if (!is_ours[at[i]])
			return 1;
	return 0;
}

/* Three stand for more, too. */
static int
count_dots(const char *text, size_t len)
{
	const char *end = text + len;
	int dots = 0;

	while (dots < 3 && (text = memchr(text, '.', (size_t)(end - text))) !=
	    NULL) {
		dots++;
		text++;
	}
	return dots;
}

enum shape
shape_of(const char *text, size_t len)
{
	int dots;

	if (has_foreign(text, len))
		return SHAPE_OTHER;
	dots = count_dots(text, len);
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
