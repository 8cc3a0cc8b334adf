/*
 * A text into jansson's tree, by our own reading.  jansson's own is not used:
 * out of memory it drops bytes, and reads and writes beyond what it has.
 */
#include "ground/json_parse.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "ground/json_scan.h"

struct reading {
	const char *at;
	const char *end;
	char *scratch;		/* room for the rest of the text and a NUL */
	int has_twice;		/* a name stood twice in its object */
	enum json_refusal refusal;
};

static json_t *read_value(struct reading *reading, int depth);

static json_t *
refuse(struct reading *reading, enum json_refusal refusal)
{
	reading->refusal = refusal;
	return NULL;
}

/* What jansson does not make, it has no memory for. */
static json_t *
made(struct reading *reading, json_t *value)
{
	return value != NULL ? value : refuse(reading, JSON_NO_MEMORY);
}

/* Whether a value was put where it belongs; else it is wiped here. */
static int
keep(struct reading *reading, json_t *value, int is_put)
{
	if (is_put) {
		json_decref(value);
		return 0;
	}
	json_free((struct json *)value);
	(void)refuse(reading, JSON_NO_MEMORY);
	return -1;
}

static int
skip_blanks(struct reading *reading)
{
	while (reading->at < reading->end && (*reading->at == ' ' ||
	    *reading->at == '\t' || *reading->at == '\n' ||
	    *reading->at == '\r'))
		reading->at++;
	return reading->at < reading->end ? (unsigned char)*reading->at : -1;
}

static json_t *
read_string(struct reading *reading)
{
	size_t len;

	if (json_scan_string(&reading->at, reading->end, reading->scratch,
	    &len) == -1)
		return refuse(reading, JSON_NOT_STRICT);
	return made(reading, json_stringn_nocheck(reading->scratch, len));
}

static json_t *
read_number(struct reading *reading)
{
	int64_t integer;
	double real;

	switch (json_scan_number(&reading->at, reading->end, reading->scratch,
	    &integer, &real)) {
	case JSON_SCAN_INTEGER:
		return made(reading, json_integer(integer));
	case JSON_SCAN_REAL:
		return made(reading, json_real(real));
	case JSON_SCAN_LARGE:
		return json_null();	/* nobody reads one */
	case JSON_SCAN_ENDLESS:
		return refuse(reading, JSON_NUMBER_TOO_LARGE);
	case JSON_SCAN_NONE:
	default:
		return refuse(reading, JSON_NOT_STRICT);
	}
}

static json_t *
read_word(struct reading *reading, const char *word, json_t *value)
{
	const size_t len = strlen(word);

	if ((size_t)(reading->end - reading->at) < len ||
	    memcmp(reading->at, word, len) != 0)
		return refuse(reading, JSON_NOT_STRICT);
	reading->at += len;
	return value;
}

/* Behind the opening bracket: 1 if there is an element, 0 if none. */
static int
read_opening(struct reading *reading, int close)
{
	reading->at++;
	if (skip_blanks(reading) != close)
		return 1;
	reading->at++;
	return 0;
}

/* Behind an element: 1 if another follows, 0 if it was the last, -1. */
static int
read_separator(struct reading *reading, int close)
{
	const int next = skip_blanks(reading);

	if (next != ',' && next != close) {
		(void)refuse(reading, JSON_NOT_STRICT);
		return -1;
	}
	reading->at++;
	return next == ',';
}

static int
read_element(struct reading *reading, json_t *array, int depth)
{
	json_t *value = read_value(reading, depth);

	return value == NULL ? -1 :
	    keep(reading, value, json_array_append(array, value) == 0);
}

/* The name waits in the scratch while its value is read behind it: decoded and
 * with its NUL it is no longer than with its quotes in the text. */
static int
read_member(struct reading *reading, json_t *object, int depth)
{
	char *const name = reading->scratch;
	json_t *value;
	size_t len;

	if (skip_blanks(reading) != '"' || json_scan_string(&reading->at,
	    reading->end, name, &len) == -1 || skip_blanks(reading) != ':') {
		(void)refuse(reading, JSON_NOT_STRICT);
		return -1;
	}
	reading->at++;
	reading->scratch += len + 1;
	value = read_value(reading, depth);
	reading->scratch = name;
	if (value == NULL)
		return -1;
	if (json_object_get(object, name) != NULL) {
		json_free((struct json *)value);
		reading->has_twice = 1;
		return 0;
	}
	return keep(reading, value,
	    json_object_set_nocheck(object, name, value) == 0);
}

/* What stands between the brackets, into what is to hold it. */
static json_t *
read_elements(struct reading *reading, json_t *parent, int close, int depth)
{
	int more, ret;

	if (made(reading, parent) == NULL)
		return NULL;
	more = read_opening(reading, close);
	while (more == 1) {
		ret = close == '}' ? read_member(reading, parent, depth) :
		    read_element(reading, parent, depth);
		more = ret == -1 ? -1 : read_separator(reading, close);
	}
	if (more == 0)
		return parent;
	json_free((struct json *)parent);
	return NULL;
}

/* The value at hand, or NULL and the refusal: no further. */
static json_t *
read_value(struct reading *reading, int depth)
{
	switch (skip_blanks(reading)) {
	case '{':
	case '[':
		/* each is some frames of a thread's stack */
		if (++depth > JSON_MAX_DEPTH)
			return refuse(reading, JSON_TOO_DEEP);
		return *reading->at == '{' ?
		    read_elements(reading, json_object(), '}', depth) :
		    read_elements(reading, json_array(), ']', depth);
	case '"':
		return read_string(reading);
	case 't':
		return read_word(reading, "true", json_true());
	case 'f':
		return read_word(reading, "false", json_false());
	case 'n':
		return read_word(reading, "null", json_null());
	default:
		return read_number(reading);
	}
}

static struct json *
read_text(struct reading *reading)
{
	struct json *json;

	if (skip_blanks(reading) != '{')
		return (struct json *)refuse(reading, JSON_NOT_STRICT);
	if ((json = (struct json *)read_value(reading, 0)) == NULL)
		return NULL;
	if (skip_blanks(reading) != -1)
		reading->refusal = JSON_NOT_STRICT;
	else if (reading->has_twice)
		reading->refusal = JSON_MEMBER_TWICE;
	else
		return json;
	json_free(json);
	return NULL;
}

struct json *
json_parse(const char *text, size_t len, enum json_refusal *refusal_out)
{
	struct reading reading = { .at = text, .end = text + len,
	    .refusal = JSON_NO_MEMORY };
	char *const scratch = malloc(len + 1);
	struct json *json = NULL;

	if (scratch != NULL) {
		reading.scratch = scratch;
		reading.refusal = JSON_NOT_REFUSED;
		json = read_text(&reading);
		explicit_bzero(scratch, len + 1);
		free(scratch);
	}
	if (refusal_out != NULL)
		*refusal_out = reading.refusal;
	return json;
}

const char *
json_parse_refusal_text(enum json_refusal refusal)
{
	switch (refusal) {
	case JSON_NO_MEMORY:
		return "out of memory";
	case JSON_TOO_DEEP:
		return "JSON that is nested too deep (over 32)";
	case JSON_NUMBER_TOO_LARGE:
		return "JSON with a number that is too large (over 1.8e308)";
	case JSON_MEMBER_TWICE:
		return "JSON with the same member twice";
	case JSON_NOT_REFUSED:
	case JSON_NOT_STRICT:
	default:
		return "not strict JSON";
	}
}
