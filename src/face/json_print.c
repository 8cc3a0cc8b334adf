#include "face/json_print.h"

#include <string.h>

#include "ground/json_scan.h"

static void
print_string(FILE *out, const char *text)
{
	static const char bytes[] = "\"\\\b\f\n\r\t";
	static const char names[] = "\"\\bfnrt";
	const char *found;

	(void)putc('"', out);
	for (; *text != '\0'; text++) {
		if ((found = strchr(bytes, *text)) != NULL)
			(void)fprintf(out, "\\%c", names[found - bytes]);
		else if ((unsigned char)*text < 0x20)
			(void)fprintf(out, "\\u%04X", (unsigned char)*text);
		else
			(void)putc(*text, out);
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
