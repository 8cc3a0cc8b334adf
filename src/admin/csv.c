#include "admin/csv.h"

#include <errno.h>
#include <string.h>

enum place {
	PLACE_BEGIN = 0,	/* of a field */
	PLACE_PLAIN,
	PLACE_QUOTED,
	PLACE_CLOSED,		/* behind a quote in a quoted one */
	PLACE_END		/* of the record */
};

static const char too_long[] = "the record is too long";
static const char stray_quote[] = "a quote stands in a field that is not "
    "quoted as a whole, or is not doubled";

static const char *
put(struct csv *csv, int c)
{
	if (csv->len == sizeof(csv->text))
		return too_long;
	csv->text[csv->len++] = (char)c;
	return NULL;
}

static const char *
begin_field(struct csv *csv)
{
	if (csv->count == CSV_FIELDS)
		return "it has too many fields";
	csv->fields[csv->count++] = csv->text + csv->len;
	return NULL;
}

/* A comma or the end of a line, outside quotes. */
static const char *
end_field(struct csv *csv, int c, enum place *place)
{
	const char *wrong = put(csv, '\0');

	if (c == '\r' && getc_unlocked(csv->file) != '\n')
		return "a carriage return ends no line";
	if (wrong != NULL)
		return wrong;
	*place = c == ',' ? PLACE_BEGIN : PLACE_END;
	csv->has_no_end = c == EOF;
	csv->ends += *place == PLACE_END;
	return c == ',' ? begin_field(csv) : NULL;
}

static int
is_end(int c)
{
	return c == ',' || c == '\n' || c == '\r' || c == EOF;
}

static const char *
step_quoted(struct csv *csv, int c, enum place *place)
{
	if (c == EOF)
		return "a quote is not closed";
	if (c == '"') {
		*place = PLACE_CLOSED;
		return NULL;
	}
	csv->ends += c == '\n';
	return put(csv, c);
}

/* The mark before the first field is no part of it. */
static void
skip_mark(struct csv *csv, enum place *place)
{
	if (csv->is_marked || csv->ends != 0 || csv->count != 1 ||
	    csv->len != 3 || memcmp(csv->text, "\xef\xbb\xbf", 3) != 0)
		return;
	csv->is_marked = 1;
	csv->len = 0;
	*place = PLACE_BEGIN;
}

static const char *
step(struct csv *csv, int c, enum place *place)
{
	const char *wrong;

	if (c == '\0')
		return "it has a NUL in it: save the file as UTF-8";
	if (*place == PLACE_QUOTED)
		return step_quoted(csv, c, place);
	if (is_end(c))
		return end_field(csv, c, place);
	if (*place == PLACE_CLOSED) {
		*place = PLACE_QUOTED;
		return c == '"' ? put(csv, c) : stray_quote;
	}
	if (c == '"') {
		if (*place != PLACE_BEGIN)
			return stray_quote;
		*place = PLACE_QUOTED;
		return NULL;
	}
	*place = PLACE_PLAIN;
	wrong = put(csv, c);
	skip_mark(csv, place);
	return wrong;
}

int
csv_next(struct csv *csv, struct error *error)
{
	enum place place = PLACE_BEGIN;
	const char *wrong = NULL;
	int c;

	csv->line = csv->ends + 1;
	csv->len = 0;
	csv->count = 0;
	c = getc_unlocked(csv->file);
	if (c == EOF && !ferror(csv->file))
		return 0;
	(void)begin_field(csv);
	for (; wrong == NULL && !ferror(csv->file);
	    c = getc_unlocked(csv->file)) {
		wrong = step(csv, c, &place);
		if (place == PLACE_END)
			break;
	}
	if (ferror(csv->file)) {
		error_set(error, "%.200s: %s", csv->path, strerror(errno));
		return -1;
	}
	if (wrong == NULL)
		return 1;
	error_set(error, "%.200s: line %lld: %s", csv->path,
	    (long long)csv->line, wrong);
	return -1;
}
