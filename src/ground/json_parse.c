/* A text into jansson's tree, which must be what the text says. */
#include "ground/json_parse.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "ground/json_scan.h"

/*
 * A reading of the text by our own rules, beside jansson's: it says what is no
 * strict JSON before jansson sees it, and afterwards whether the tree is what
 * the text says.  jansson goes on without a byte that it had no memory for.
 */
struct reading {
	const char *at;
	const char *end;
	const char *text;	/* where it began */
	char *scratch;		/* a byte longer than the text */
	char *copy;		/* of the text, to be blanked; or NULL */
	int has_large;		/* a number of over 64 bits was seen */
	int compares;
	enum json_refusal refusal;
};

static int read_value(struct reading *reading, const json_t *tree, int depth);

/* The first refusal counts. */
static int
refuse(struct reading *reading, enum json_refusal refusal)
{
	if (reading->refusal == JSON_NOT_REFUSED)
		reading->refusal = refusal;
	return -1;
}

/* What jansson should have read, and has not, it had no memory for. */
static void
expect(struct reading *reading, int holds)
{
	if (reading->compares && !holds)
		(void)refuse(reading, JSON_NO_MEMORY);
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

static int
read_string(struct reading *reading, const json_t *tree)
{
	const char *value = json_string_value(tree);
	size_t len;

	if (json_scan_string(&reading->at, reading->end, reading->scratch,
	    &len) == -1)
		return refuse(reading, JSON_NOT_STRICT);
	expect(reading, value != NULL && json_string_length(tree) == len &&
	    memcmp(value, reading->scratch, len) == 0);
	return 0;
}

/* jansson takes none of over 64 bits; nobody reads one, so it is null. */
static void
read_large(struct reading *reading, const char *start, const json_t *tree)
{
	static const char null[] = { 'n', 'u', 'l', 'l' };
	const size_t len = (size_t)(reading->at - start);
	char *copy;

	reading->has_large = 1;
	expect(reading, json_is_null(tree));
	if (reading->copy == NULL)
		return;
	copy = reading->copy + (start - reading->text);
	memset(copy, ' ', len);
	memcpy(copy, null, sizeof(null));
}

static int
read_number(struct reading *reading, const json_t *tree)
{
	const char *start = reading->at;
	int64_t integer;
	double real;

	switch (json_scan_number(&reading->at, reading->end, reading->scratch,
	    &integer, &real)) {
	case JSON_SCAN_INTEGER:
		expect(reading, json_is_integer(tree) &&
		    json_integer_value(tree) == integer);
		return 0;
	case JSON_SCAN_REAL:
		expect(reading, json_is_real(tree) &&
		    !(json_real_value(tree) < real) &&
		    !(json_real_value(tree) > real));
		return 0;
	case JSON_SCAN_LARGE:
		read_large(reading, start, tree);
		return 0;
	case JSON_SCAN_ENDLESS:
		return refuse(reading, JSON_NUMBER_TOO_LARGE);
	case JSON_SCAN_NONE:
	default:
		return refuse(reading, JSON_NOT_STRICT);
	}
}

static int
read_word(struct reading *reading, const char *word, int holds)
{
	const size_t len = strlen(word);

	if ((size_t)(reading->end - reading->at) < len ||
	    memcmp(reading->at, word, len) != 0)
		return refuse(reading, JSON_NOT_STRICT);
	reading->at += len;
	expect(reading, holds);
	return 0;
}

/* Behind an element: 1 if another follows, 0 if it was the last, -1. */
static int
read_separator(struct reading *reading, int close)
{
	const int next = skip_blanks(reading);

	if (next != ',' && next != close)
		return refuse(reading, JSON_NOT_STRICT);
	reading->at++;
	return next == ',';
}

static int
read_array(struct reading *reading, const json_t *tree, int depth)
{
	size_t count = 0;
	int more = 1;

	reading->at++;
	if (skip_blanks(reading) == ']') {
		reading->at++;
		more = 0;
	}
	for (; more == 1; count++) {
		if (read_value(reading, json_array_get(tree, count),
		    depth) == -1)
			return -1;
		more = read_separator(reading, ']');
	}
	expect(reading, json_is_array(tree) && json_array_size(tree) == count);
	return more;
}

/* A name and its value.  *is_found: the tree has that name. */
static int
read_member(struct reading *reading, const json_t *tree, int depth,
    int *is_found)
{
	const json_t *value;
	size_t len;

	if (skip_blanks(reading) != '"' || json_scan_string(&reading->at,
	    reading->end, reading->scratch, &len) == -1)
		return refuse(reading, JSON_NOT_STRICT);
	value = json_object_get(tree, reading->scratch);
	*is_found = value != NULL;
	if (skip_blanks(reading) != ':')
		return refuse(reading, JSON_NOT_STRICT);
	reading->at++;
	return read_value(reading, value, depth);
}

/* More names than the tree has, and it has each of them: one is there twice,
 * and of it the tree has one value only. */
static int
read_object(struct reading *reading, const json_t *tree, int depth)
{
	size_t count = 0, found = 0;
	int more = 1, is_found;

	reading->at++;
	if (skip_blanks(reading) == '}') {
		reading->at++;
		more = 0;
	}
	for (; more == 1; count++) {
		if (read_member(reading, tree, depth, &is_found) == -1)
			return -1;
		found += (size_t)is_found;
		more = read_separator(reading, '}');
	}
	if (reading->compares && found == count &&
	    count > json_object_size(tree))
		reading->refusal = JSON_MEMBER_TWICE;
	expect(reading, json_is_object(tree) && found == count &&
	    json_object_size(tree) == count);
	return more;
}

/* The value at hand, and the same of the tree (NULL: it has none).  0, or -1
 * and the refusal: no further. */
static int
read_value(struct reading *reading, const json_t *tree, int depth)
{
	switch (skip_blanks(reading)) {
	case '{':
	case '[':
		/* jansson would recurse 2,048 deep: too much for a thread */
		if (++depth > JSON_MAX_DEPTH)
			return refuse(reading, JSON_TOO_DEEP);
		return *reading->at == '{' ?
		    read_object(reading, tree, depth) :
		    read_array(reading, tree, depth);
	case '"':
		return read_string(reading, tree);
	case 't':
		return read_word(reading, "true", json_is_true(tree));
	case 'f':
		return read_word(reading, "false", json_is_false(tree));
	case 'n':
		return read_word(reading, "null", json_is_null(tree));
	default:
		return read_number(reading, tree);
	}
}

/* The whole text from its beginning. */
static enum json_refusal
read_text(struct reading *reading, const json_t *tree)
{
	reading->at = reading->text;
	reading->refusal = JSON_NOT_REFUSED;
	if (skip_blanks(reading) != '{')
		return JSON_NOT_STRICT;
	if (read_value(reading, tree, 0) == 0 && skip_blanks(reading) != -1)
		(void)refuse(reading, JSON_NOT_STRICT);
	return reading->refusal;
}

static void
release(char *text, size_t len)
{
	explicit_bzero(text, len);
	free(text);
}

/* As jansson reads it: what is beyond it is blanked out. */
static json_t *
load(struct reading *reading)
{
	const size_t len = (size_t)(reading->end - reading->text);
	json_t *tree;

	if (!reading->has_large)
		return json_loadb(reading->text, len, 0, NULL);
	if ((reading->copy = malloc(len)) == NULL)
		return NULL;
	memcpy(reading->copy, reading->text, len);
	(void)read_text(reading, NULL);
	tree = json_loadb(reading->copy, len, 0, NULL);
	release(reading->copy, len);
	reading->copy = NULL;
	return tree;
}

static struct json *
parse(struct reading *reading, enum json_refusal *refusal)
{
	json_t *tree;

	if ((*refusal = read_text(reading, NULL)) != JSON_NOT_REFUSED)
		return NULL;
	*refusal = JSON_NO_MEMORY;
	if ((tree = load(reading)) == NULL)
		return NULL;
	reading->compares = 1;
	*refusal = read_text(reading, tree);
	if (*refusal == JSON_NOT_REFUSED)
		return (struct json *)tree;
	json_free((struct json *)tree);
	return NULL;
}

struct json *
json_parse(const char *text, size_t len, enum json_refusal *refusal_out)
{
	struct reading reading = { .text = text, .end = text + len };
	enum json_refusal refusal = JSON_NO_MEMORY;
	struct json *json = NULL;

	if ((reading.scratch = malloc(len + 1)) != NULL) {
		json = parse(&reading, &refusal);
		release(reading.scratch, len + 1);
	}
	if (refusal_out != NULL)
		*refusal_out = refusal;
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
