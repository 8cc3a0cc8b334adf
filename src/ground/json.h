#ifndef JSON_H_
#define JSON_H_

#include <stddef.h>
#include <stdint.h>

/*
 * What json_parse.h has read; with it the only files that know jansson.
 * Threads: one at a time for a document.
 */

#define JSON_MAX_DEPTH 32
#define JSON_MAX_SECONDS INT64_C(9007199254740992)	/* 2^53 */

struct json;			/* any JSON value; children are borrowed */

enum json_find {
	JSON_ABSENT = 0,	/* no such member */
	JSON_FOUND,
	JSON_WRONG_TYPE		/* a member of another type; null too */
};

/* Wipes it. */
void json_free(struct json *json);

/* Borrowed members; *_out is NULL/0 unless JSON_FOUND. */
enum json_find json_find_string(const struct json *object, const char *name,
    const char **string_out);
enum json_find json_find_boolean(const struct json *object, const char *name,
    int *boolean_out);
enum json_find json_find_array(const struct json *object, const char *name,
    const struct json **array_out);

/*
 * A point in time or a count of seconds: an integer of 0 to 2^53.  Reals
 * (also 1.0 and 1e3), negatives and larger numbers are JSON_WRONG_TYPE.
 */
enum json_find json_find_seconds(const struct json *object, const char *name,
    int64_t *seconds_out);

/* 1 if the object has this member, of whatever type. */
int json_has(const struct json *object, const char *name);

/* 1 if it is there and null, as an integer of over 64 bits is too. */
int json_has_null(const struct json *object, const char *name);

/* How many it has; 0 of what is no object. */
size_t json_members(const struct json *object);

/* Elements of an array; out of range or wrong type: NULL. */
size_t json_array_length(const struct json *array);
const struct json *json_array_at(const struct json *array, size_t index);
const char *json_string_of(const struct json *value);	/* NULL: no string */
int json_is_an_object(const struct json *value);

/*
 * The value as compact text for a log, a header or an environment variable:
 * a string is itself, true/false/integers their text, everything else JSON
 * (members sorted).  malloc'd; NULL if absent or null.  0, or -1: memory.
 */
int json_member_text(const struct json *object, const char *name,
    char **text_out);

#endif /* !JSON_H_ */
