#ifndef JSON_PRINT_H_
#define JSON_PRINT_H_

#include <stdint.h>

/*
 * Members of a JSON object on stdout, behind the text `before`, which is what
 * separates and names them: ",\"user\":".
 */

/* As a string; null if it is NULL or not UTF-8. */
void json_print_text(const char *before, const char *text);

/* Unix seconds; null if negative. */
void json_print_seconds(const char *before, int64_t seconds);

#endif /* !JSON_PRINT_H_ */
