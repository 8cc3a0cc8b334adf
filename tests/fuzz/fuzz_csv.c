/* Comma-separated values.  What was read and is written with a quote around
 * each field is read again as the same.
 * Own files: src/admin/csv.c */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
write_field(FILE *out, const char *field)
{
	(void)putc('"', out);
	for (; *field != '\0'; field++) {
		if (*field == '"')
			(void)putc('"', out);
		(void)putc(*field, out);
	}
	(void)putc('"', out);
}

/* 0 at the end, -1 if it is refused. */
static int
read_all(FILE *in, FILE *out)
{
	struct csv csv = { .file = in, .path = "x" };
	struct error error = { "" };
	int64_t line = 0;
	int found, i;

	while ((found = csv_next(&csv, &error)) == 1) {
		assert(csv.count >= 1 && csv.count <= CSV_FIELDS);
		assert(csv.line > line);
		line = csv.line;
		for (i = 0; i < csv.count; i++) {
			if (i > 0)
				(void)putc(',', out);
			write_field(out, csv.fields[i]);
		}
		(void)fputs("\r\n", out);
	}
	assert((found == -1) == (error.text[0] != '\0'));
	return found;
}

/* Malloc'd, what it says in one way, or NULL if it is refused. */
static char *
rewrite(const void *data, size_t size, size_t *len_out)
{
	FILE *in = fmemopen((void *)(uintptr_t)data, size, "r");
	char *text = NULL;
	FILE *out = open_memstream(&text, len_out);
	int found;

	if (in == NULL || out == NULL)
		abort();
	found = read_all(in, out);
	(void)fclose(in);
	(void)fclose(out);
	if (found == 0)
		return text;
	free(text);
	return NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *once, *twice;
	size_t len, again;

	if (size == 0)
		return 0;
	once = rewrite(data, size, &len);
	if (once != NULL && len > 0) {
		twice = rewrite(once, len, &again);
		assert(twice != NULL && again == len &&
		    memcmp(once, twice, len) == 0);
		free(twice);
	}
	free(once);
	return 0;
}
