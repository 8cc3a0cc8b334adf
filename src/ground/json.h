#ifndef JSON_H_
#define JSON_H_

#include <stddef.h>
#include <stdint.h>

/*
 * Strict reading of JSON (RFC 8259) for untrusted bytes; the only file that
 * knows jansson.
 * Refused: duplicate members, anything after the value, NUL in strings,
 * invalid UTF-8, nesting deeper than JSON_MAX_DEPTH, a document whose
 * outermost value is not an object.
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

/* The object, to be freed with json_free(); NULL if it is not strict JSON. */
struct json *json_parse(const char *text, size_t len);
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

/* Elements of an array; out of range or wrong type: NULL. */
size_t json_array_length(const struct json *array);
const struct json *json_array_at(const struct json *array, size_t index);
const char *json_string_of(const struct json *value);	/* NULL: no string */
int json_is_an_object(const struct json *value);

/*
 * The value as compact text for a log, a header or an environment variable:
 * a string is itself, true/false/integers their text, everything else JSON
 * (members sorted).  malloc'd; NULL if absent, null or out of memory.
 */
char *json_member_text(const struct json *object, const char *name);

/* `text` as a JSON string with quotes; malloc'd, NULL out of memory or not
 * UTF-8. */
char *json_quote(const char *text);

/*
 * For a daemon, before its first use of this module: running out of memory
 * ends the process.  jansson silently drops a byte when memory runs out while
 * it reads a string; a daemon whose sockets its supervisor holds had better
 * start anew than misread a token.
 */
void json_use_aborting_allocator(void);

#endif /* !JSON_H_ */
