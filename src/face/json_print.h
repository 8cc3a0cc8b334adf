#ifndef JSON_PRINT_H_
#define JSON_PRINT_H_

#include <stdint.h>
#include <stdio.h>

/*
 * Members of a JSON object, behind the text `before`, which is what separates
 * and names them: ",\"user\":".  They need no memory: a text is never left out
 * for want of it.
 *
 * No state: any thread that may write to `out`.
 */

/* As a string; null if it is NULL or not UTF-8.  Nothing in it controls a
 * terminal, also not by C1 or from right to left. */
void json_print_text(FILE *out, const char *before, const char *text);

/* Unix seconds; null if negative. */
void json_print_seconds(FILE *out, const char *before, int64_t seconds);

#endif /* !JSON_PRINT_H_ */
