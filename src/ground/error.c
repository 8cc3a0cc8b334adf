#include "ground/error.h"

#include <stdarg.h>
#include <stdio.h>

void
error_clear(struct error *error)
{
	if (error != NULL)
		error->text[0] = '\0';
}

void
error_set(struct error *error, const char *format, ...)
{
	va_list arguments;
	unsigned char *byte;

	if (error == NULL || error->text[0] != '\0')
		return;
	va_start(arguments, format);
	(void)vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	for (byte = (unsigned char *)error->text; *byte != '\0'; byte++) {
		if (*byte < 0x20 || *byte == 0x7f)
			*byte = '?';
	}
}

const char *
error_text(const struct error *error)
{
	if (error == NULL || error->text[0] == '\0')
		return "no error";
	return error->text;
}
