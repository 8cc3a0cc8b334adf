#ifndef JSON_H_
#define JSON_H_

#include <stddef.h>
#include <stdint.h>

/*
 * Strict reading of JSON (RFC 8259) for untrusted bytes; the only file that
 * knows jansson.
 * Refused: duplicate members, anything after the value, NUL wherever it stands,
 * invalid UTF-8, nesting deeper than JSON_MAX_DEPTH, a real number that no
 * double holds, a document whose outermost value is not an object.
 * A text is never misread: every string, name and number of the tree is
 * compared with the text; one for which memory ran out is refused as that.
 * An integer of over 64 bits is taken for null: of no use to who reads it,
 * harmless where nobody does.
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

enum json_refusal {
	JSON_NOT_REFUSED = 0,
	JSON_NO_MEMORY,		/* says nothing of the text */
	JSON_NOT_STRICT,
	JSON_TOO_DEEP,
	JSON_NUMBER_TOO_LARGE,	/* e.g. 1e400 */
	JSON_MEMBER_TWICE
};

/* The object, to be freed with json_free(), which wipes it; NULL and why not
 * (refusal_out may be NULL). */
struct json *json_parse(const char *text, size_t len,
    enum json_refusal *refusal_out);
void json_free(struct json *json);

/* "not strict JSON" and the like, for an operator. */
const char *json_refusal_text(enum json_refusal refusal);

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
 * (members sorted).  malloc'd; NULL if absent or null.  0, or -1: memory.
 */
int json_member_text(const struct json *object, const char *name,
    char **text_out);

/* `text` as a JSON string with quotes; malloc'd, NULL out of memory or not
 * UTF-8. */
char *json_quote(const char *text);

#endif /* !JSON_H_ */
