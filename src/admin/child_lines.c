#include "admin/child_lines.h"

#include <stdlib.h>
#include <string.h>

#include "admin/progress.h"
#include "ground/json_parse.h"

#define LINE_MAX_BYTES 65536

struct child_lines {
	child_lines_taker *take;
	void *context;
	struct progress progress;
	int64_t count;		/* of the last progress */
	int is_over;		/* it said that it is done */
	size_t len;
	char bytes[LINE_MAX_BYTES];
};

int
child_lines_are_odd(struct error *error)
{
	error_set(error, "what was read as the daemon's user makes no sense: "
	    "look at who else can write to the state directory's daemon/");
	return -1;
}

/* Its words go to a terminal. */
static void
repeat(const char *text, struct error *error)
{
	char plain[sizeof(error->text)];
	size_t i;

	for (i = 0; text[i] != '\0' && i + 1 < sizeof(plain); i++) {
		plain[i] = '?';
		if (text[i] >= ' ' && text[i] <= '~')
			plain[i] = text[i];
	}
	plain[i] = '\0';
	error_set(error, "%s", plain);
}

/* What the child itself says of its work: 1 if the line was such a one. */
static int
take_own(struct child_lines *lines, const struct json *line,
    struct error *error)
{
	const char *text;
	int64_t count;
	int is_end;

	if (json_find_boolean(line, "end", &is_end) == JSON_FOUND) {
		lines->is_over = 1;
	} else if (json_find_string(line, "error", &text) == JSON_FOUND) {
		if (text[0] == '\0')
			return child_lines_are_odd(error);
		repeat(text, error);
		return -1;
	} else if (json_find_seconds(line, "progress", &count) == JSON_FOUND) {
		/* who does nothing is not to look as if it did */
		if (count <= lines->count)
			return child_lines_are_odd(error);
		lines->count = count;
		progress_tell(&lines->progress, count);
	} else {
		return 0;
	}
	return 1;
}

static int
take_line(struct child_lines *lines, const char *text, size_t len,
    struct error *error)
{
	enum json_refusal refusal;
	struct json *line = json_parse(text, len, &refusal);
	int ret;

	if (line == NULL && refusal == JSON_NO_MEMORY) {
		error_set(error, "out of memory");
		return -1;
	}
	/* behind its last line there is none */
	if (line == NULL || lines->is_over) {
		json_free(line);
		return child_lines_are_odd(error);
	}
	ret = take_own(lines, line, error);
	if (ret == 0)
		ret = lines->take(lines->context, line, error);
	json_free(line);
	return ret == -1 ? -1 : 0;
}

/* Those that are whole; the rest waits for more. */
static int
take_whole(struct child_lines *lines, struct error *error)
{
	char *at = lines->bytes, *end;
	size_t left = lines->len;

	while ((end = memchr(at, '\n', left)) != NULL) {
		if (take_line(lines, at, (size_t)(end - at), error) == -1)
			return -1;
		left -= (size_t)(end + 1 - at);
		at = end + 1;
	}
	memmove(lines->bytes, at, left);
	lines->len = left;
	return left < sizeof(lines->bytes) ? 0 : child_lines_are_odd(error);
}

int
child_lines_take(struct child_lines *lines, const char *bytes, size_t len,
    struct error *error)
{
	size_t part;

	for (; len > 0; bytes += part, len -= part) {
		part = sizeof(lines->bytes) - lines->len;
		if (part > len)
			part = len;
		memcpy(lines->bytes + lines->len, bytes, part);
		lines->len += part;
		if (take_whole(lines, error) == -1)
			return -1;
	}
	return 0;
}

int
child_lines_end(const struct child_lines *lines, struct error *error)
{
	if (lines->is_over && lines->len == 0)
		return 0;
	error_set(error, "what reads as the daemon's user ended in the middle "
	    "of it");
	return -1;
}

struct child_lines *
child_lines_new(const char *what, child_lines_taker *take, void *context)
{
	struct child_lines *lines = calloc(1, sizeof(*lines));

	if (lines == NULL)
		return NULL;
	lines->take = take;
	lines->context = context;
	progress_begin(&lines->progress, what);
	return lines;
}

void
child_lines_free(struct child_lines *lines)
{
	if (lines != NULL)
		progress_end(&lines->progress);
	free(lines);
}
