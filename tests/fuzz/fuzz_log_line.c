/* A log, in which a request is looked for.
 * Own files: src/admin/log_line.c */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/log_line.h"

#define REQUEST "0123456789abcdef"
#define SMALL 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_field(const char *line, const char *name)
{
	char value[LOG_LINE_MAX], cut[SMALL];
	const int found = log_line_field(line, name, value, sizeof(value));

	assert(found == 0 || found == 1);
	assert(found == 1 || value[0] == '\0');
	assert(found == 0 || strstr(line, name) != NULL);
	/* what does not fit is cut, and nothing else changes */
	assert(log_line_field(line, name, cut, sizeof(cut)) == found);
	assert(strlen(cut) < SMALL &&
	    strncmp(cut, value, strlen(cut)) == 0);
	assert(strlen(value) < SMALL || strlen(cut) == SMALL - 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "decision", "reason", "policy",
	    "user", "detail", "request" };
	struct error error = { "" };
	char line[LOG_LINE_MAX];
	FILE *file;
	size_t i;
	int found;

	if (size == 0)
		return 0;
	assert(log_line_is_id(REQUEST) && !log_line_is_id(REQUEST "0"));
	file = fmemopen((void *)(uintptr_t)data, size, "r");
	if (file == NULL)
		abort();
	found = log_line_find(file, REQUEST, line, &error);
	(void)fclose(file);
	assert(found == 1 || (found == 0 && line[0] == '\0'));
	assert(strlen(line) < LOG_LINE_MAX && error.text[0] == '\0');
	if (found == 1)
		assert(strstr(line, "decision=") != NULL);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		check_field(line, names[i]);
	return 0;
}
