#ifndef JSON_SCAN_H_
#define JSON_SCAN_H_

#include <stddef.h>
#include <stdint.h>

/*
 * Strings and numbers of JSON (RFC 8259 sections 6 and 7), read from the text
 * without any memory of their own.  `*at` is where one begins and, if it is
 * one, then the byte behind it; `scratch` holds the rest of the text and a
 * NUL.  No state: any thread.
 */

/* From quote to quote: its bytes into scratch, with a NUL behind them.  0, or
 * -1: it has no end, a control byte, a wrong escape, a NUL, half a surrogate
 * pair or is no UTF-8. */
int json_scan_string(const char **at, const char *end, char *scratch,
    size_t *len_out);

enum json_scan {
	JSON_SCAN_NONE = 0,	/* no number */
	JSON_SCAN_INTEGER,	/* *integer_out */
	JSON_SCAN_LARGE,	/* an integer of over 64 bits */
	JSON_SCAN_REAL,		/* *real_out */
	JSON_SCAN_ENDLESS	/* a real that no double holds */
};
enum json_scan json_scan_number(const char **at, const char *end,
    char *scratch, int64_t *integer_out, double *real_out);

int json_scan_is_utf8(const char *text);	/* RFC 3629 */

#endif /* !JSON_SCAN_H_ */
