#include "face/json_print.h"

#include <string.h>

#include "ground/json_scan.h"

/* What a terminal that shows the line would take for a command, or turn around:
 * DEL and the C1 controls, and what writes from right to left.  Its bytes, 0 if
 * it is none, and what it is. */
static int
is_odd(const char *text, unsigned int *code_out)
{
	const unsigned char *bytes = (const unsigned char *)text;

	*code_out = bytes[0];
	if (bytes[0] == 0x7f)
		return 1;
	if (bytes[0] == 0xc2 && bytes[1] < 0xa0) {
		*code_out = bytes[1];
		return 2;
	}
	if (bytes[0] != 0xe2)
		return 0;
	*code_out = 0x2000U | (bytes[1] & 0x3fU) << 6 | (bytes[2] & 0x3fU);
	return (*code_out >= 0x200b && *code_out <= 0x200f) ||
	    (*code_out >= 0x2028 && *code_out <= 0x202e) ||
	    (*code_out >= 0x2060 && *code_out <= 0x206f) ? 3 : 0;
}

static void
print_string(FILE *out, const char *text)
{
	static const char bytes[] = "\"\\\b\f\n\r\t";
	static const char names[] = "\"\\bfnrt";
	const char *found;
	unsigned int code;
	int len;

	(void)putc('"', out);
	for (; *text != '\0'; text++) {
		if ((len = is_odd(text, &code)) > 0) {
			(void)fprintf(out, "\\u%04X", code);
			text += len - 1;
		} else if ((found = strchr(bytes, *text)) != NULL) {
			(void)fprintf(out, "\\%c", names[found - bytes]);
		} else if ((unsigned char)*text < 0x20) {
			(void)fprintf(out, "\\u%04X", (unsigned char)*text);
		} else {
			(void)putc(*text, out);
		}
	}
	(void)putc('"', out);
}

void
json_print_text(FILE *out, const char *before, const char *text)
{
	(void)fputs(before, out);
	if (text != NULL && json_scan_is_utf8(text))
		print_string(out, text);
	else
		(void)fputs("null", out);
}

void
json_print_seconds(FILE *out, const char *before, int64_t seconds)
{
	if (seconds < 0)
		(void)fprintf(out, "%snull", before);
	else
		(void)fprintf(out, "%s%lld", before, (long long)seconds);
}
