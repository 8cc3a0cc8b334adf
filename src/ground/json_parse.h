#ifndef JSON_PARSE_H_
#define JSON_PARSE_H_

#include <stddef.h>

#include "ground/json.h"

/*
 * Strict reading of JSON (RFC 8259) for untrusted bytes.
 * Refused: duplicate members, anything after the value, NUL wherever it stands,
 * invalid UTF-8, nesting deeper than JSON_MAX_DEPTH, a real number that no
 * double holds, a document whose outermost value is not an object.
 * A text is never misread: one for which memory ran out is refused as that.
 * An integer of over 64 bits is taken for null: of no use to who reads it,
 * harmless where nobody does.
 * Threads: any; no state.
 */

enum json_refusal {
	JSON_NOT_REFUSED = 0,
	JSON_NO_MEMORY,		/* says nothing of the text */
	JSON_NOT_STRICT,
	JSON_TOO_DEEP,
	JSON_NUMBER_TOO_LARGE,	/* e.g. 1e400 */
	JSON_MEMBER_TWICE
};

/* The object, to be freed with json_free(), NULL and why not
 * (refusal_out may be NULL). */
struct json *json_parse(const char *text, size_t len,
    enum json_refusal *refusal_out);

/* "not strict JSON" and the like, for an operator. */
const char *json_parse_refusal_text(enum json_refusal refusal);

#endif /* !JSON_PARSE_H_ */
