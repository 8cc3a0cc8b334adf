/* Any bytes as the head of an answer, cut into lines as libcurl cuts them.
 * Own files: src/transport/http_head.c */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "transport/http_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* It lies within its line, and nothing in it could end one. */
static void
check_field(const struct http_head_field *field, const char *line, size_t len)
{
	size_t i;

	assert(field->name == line && field->name_len > 0);
	assert(field->value > line && field->value + field->value_len <=
	    line + len);
	for (i = 0; i < field->name_len; i++)
		assert(field->name[i] != ':' && field->name[i] != ' ' &&
		    field->name[i] != '\r');
	for (i = 0; i < field->value_len; i++)
		assert(field->value[i] != '\0' && field->value[i] != '\r' &&
		    field->value[i] != '\n');
	if (field->value_len > 0)
		assert(field->value[0] != ' ' &&
		    field->value[field->value_len - 1] != '\t');
}

/* What ended well can be read in one way only. */
static void
check_end(struct http_head *head)
{
	const int was_whole = http_head_whole(head) == 0;

	if (http_head_end(head) == -1) {
		assert(head->fault != NULL);
		return;
	}
	assert(was_whole && head->fault == NULL && head->complete);
	assert(head->status >= 200 && head->status <= 999);
	assert(head->len <= HTTP_HEAD_MAX);
	assert(head->lengths + head->encodings == 1 ||
	    (head->lengths + head->encodings == 0 &&
	    (head->status == 204 || head->status == 304)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *line = (const char *)data, *end;
	struct http_head head;
	size_t len;
	int failed = 0;

	memset(&head, 0, sizeof(head));
	for (; size > 0; line += len, size -= len) {
		end = memchr(line, '\n', size);
		len = end != NULL ? (size_t)(end - line) + 1 : size;
		if (http_head_line(&head, line, len) == -1)
			failed = 1;
		else
			assert(!failed && head.fault == NULL);
		if (head.field.name != NULL && !failed)
			check_field(&head.field, line, len);
	}
	if (failed)
		assert(head.fault != NULL && http_head_whole(&head) == -1);
	check_end(&head);
	return 0;
}
