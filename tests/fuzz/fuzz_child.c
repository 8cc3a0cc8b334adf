/* What a child says, in two parts: a first byte that says where the cut is,
 * then lines.
 * Own files: src/admin/child_lines.c src/admin/session_row.c */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/child_lines.h"
#include "admin/session_row.h"
#include "face/json_print.h"
#include "ground/json_parse.h"

#define TAKEN_MAX 64		/* rows that are looked at closely */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a terminal would obey. */
static void
check_plain(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		const unsigned char byte = (unsigned char)text[i];

		assert(byte >= ' ' || byte == '\n');
		assert(byte != 0x7f);
		assert(byte != 0xc2 || i + 1 == len ||
		    (unsigned char)text[i + 1] >= 0xa0);
	}
}

/* A row that was read is written as it was read. */
static void
check_row(const struct session_row *row)
{
	struct session_row again;
	enum json_refusal refusal;
	struct json *json;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		abort();
	session_row_write(out, row);
	(void)fclose(out);
	check_plain(text, len);
	json = json_parse(text, len - 1, &refusal);
	assert(json != NULL && session_row_read(&again, json) == 0);
	assert(strcmp(again.digits, row->digits) == 0);
	assert(again.kind == row->kind && again.is_live == row->is_live &&
	    again.is_doubted == row->is_doubted);
	assert(again.looked_up == row->looked_up &&
	    again.authenticated == row->authenticated);
	assert((again.user == NULL) == (row->user == NULL));
	assert(row->user == NULL || strcmp(again.user, row->user) == 0);
	session_row_clear(&again);
	json_free(json);
	free(text);
}

static void
check_taken(const struct session_row *row)
{
	const struct moment now = { 1700000000, 5000000,
	    "11111111-2222-3333-4444-555555555555" };
	struct status_list_row from;
	struct session_row taken;

	memset(&from, 0, sizeof(from));
	(void)snprintf(from.hash, sizeof(from.hash), "%s", row->digits);
	from.kind = row->kind;
	from.session.is_live = row->is_live;
	from.session.facts.user_id = row->user;
	from.session.started = now;
	if (session_row_take(&taken, &from, &now) == -1)
		abort();
	assert(taken.looked_up == now.wall);
	check_row(&taken);
	session_row_clear(&taken);
}

static int
take(void *context, const struct json *line, struct error *error)
{
	struct session_row row;
	int *count = context;

	if (session_row_read(&row, line) == -1) {
		assert(row.user == NULL || strlen(row.user) > 0);
		session_row_clear(&row);
		return child_lines_are_odd(error);
	}
	assert(strspn(row.digits, "0123456789abcdef") == SESSION_ROW_DIGITS);
	if ((*count)++ < TAKEN_MAX) {
		check_row(&row);
		check_taken(&row);
		session_row_table(&row, *count == 1);
	}
	session_row_clear(&row);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error error = { "" };
	struct child_lines *lines;
	const char *text = (const char *)data + 1;
	size_t cut;
	int count = 0, ret;

	if (size == 0)
		return 0;
	if (freopen("/dev/null", "we", stdout) == NULL)
		abort();
	cut = (size - 1) * data[0] / 255;
	lines = child_lines_new("rows", take, &count);
	if (lines == NULL)
		abort();
	ret = child_lines_take(lines, text, cut, &error);
	if (ret == 0)
		ret = child_lines_take(lines, text + cut, size - 1 - cut,
		    &error);
	if (ret == 0)
		ret = child_lines_end(lines, &error);
	/* its words are told to a terminal */
	assert((ret == 0) == (error.text[0] == '\0'));
	check_plain(error.text, strlen(error.text));
	child_lines_free(lines);
	return 0;
}
