#include "admin/log_line.h"

#include <errno.h>
#include <string.h>

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
log_line_is_id(const char *text)
{
	return strlen(text) == LOG_LINE_ID &&
	    strspn(text, "0123456789abcdef") == LOG_LINE_ID;
}

/* A byte of a quoted value, moved on behind it: \" \\ \xNN. */
static char
unescape(const char **at)
{
	const char *text = *at;

	(*at)++;
	if (text[0] != '\\' || text[1] == '\0')
		return text[0];
	(*at)++;
	if (text[1] != 'x' || digit(text[2]) == -1 || digit(text[3]) == -1)
		return text[1];
	(*at) += 2;
	return (char)(digit(text[2]) * 16 + digit(text[3]));
}

/* The value that begins there, moved on behind it; into `out` if that is
 * not NULL. */
static void
take_value(const char **at, char *out, size_t size)
{
	const int is_quoted = **at == '"';
	size_t len = 0;
	char byte;

	if (is_quoted)
		(*at)++;
	while (**at != '\0' && **at != (is_quoted ? '"' : ' ')) {
		byte = unescape(at);
		if (out != NULL && len + 1 < size)
			out[len++] = byte;
	}
	if (is_quoted && **at == '"')
		(*at)++;
	if (out != NULL)
		out[len] = '\0';
}

int
log_line_field(const char *line, const char *name, char *value_out,
    size_t size)
{
	const char *at = strstr(line, "decision=");
	const size_t wanted = strlen(name);
	size_t len;
	int is_it;

	value_out[0] = '\0';
	while (at != NULL && *at != '\0') {
		len = strcspn(at, "= ");
		if (at[len] != '=')
			return 0;
		is_it = len == wanted && strncmp(at, name, len) == 0;
		at += len + 1;
		take_value(&at, is_it ? value_out : NULL, size);
		if (is_it)
			return 1;
		at += strspn(at, " ");
	}
	return 0;
}

/* Up to the end of a line that was too long. */
static void
skip(FILE *file)
{
	int c;

	do {
		c = getc(file);
	} while (c != EOF && c != '\n');
}

int
log_line_find(FILE *file, const char *id, char line_out[LOG_LINE_MAX],
    struct error *error)
{
	char found[LOG_LINE_ID + 2];
	size_t len;

	while (fgets(line_out, LOG_LINE_MAX, file) != NULL) {
		len = strlen(line_out);
		if (len > 0 && line_out[len - 1] == '\n')
			line_out[len - 1] = '\0';
		else if (len + 1 == LOG_LINE_MAX)
			skip(file);
		if (log_line_field(line_out, "request", found,
		    sizeof(found)) == 1 && strcmp(found, id) == 0)
			return 1;
	}
	line_out[0] = '\0';
	if (!ferror(file))
		return 0;
	error_set(error, "the log cannot be read: %s", strerror(errno));
	return -1;
}
