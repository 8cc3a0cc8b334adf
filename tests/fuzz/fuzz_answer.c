/* What a PAM module reads of an answer, and the gate of a question.
 * Own files: src/face/answer.c fcgi/ask.c */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "face/answer.h"
#include "fcgi/ask.h"

#define PARAMS 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All that is told lies within the text; no two names are one. */
static void
check_whole(const struct answer *answer)
{
	const char *end = answer->text + sizeof(answer->text);
	size_t i;

	if (answer->status < 100 || answer->status > 999 ||
	    answer->count > ANSWER_FIELDS_MAX)
		abort();
	for (i = 0; i < answer->count; i++) {
		const struct answer_field *field = &answer->fields[i];

		if (field->name < answer->text || field->value < answer->text ||
		    field->name + strlen(field->name) >= end ||
		    field->value + strlen(field->value) >= end ||
		    answer_find(answer, field->name) != field->value)
			abort();
	}
}

/* Nothing is told in part, and what is whole is so at its last byte alone. */
static void
check_answer(const uint8_t *data, size_t size)
{
	static struct answer answer, part;
	enum answer_check check = answer_check(&answer, 1, data, size);

	if (check == ANSWER_COMPLETE)
		check_whole(&answer);
	else if (answer.status != 0 || answer.count != 0)
		abort();
	if (check == ANSWER_COMPLETE && size > 0 &&
	    answer_check(&part, 1, data, size - 1) == ANSWER_COMPLETE)
		abort();
}

/* "NAME=value" lines; what is taken is whole. */
static void
check_ask(const uint8_t *data, size_t size)
{
	struct error error = { "" };
	char *params[PARAMS + 1] = { NULL }, *copy, *line, *rest = NULL;
	enum reason reason;
	struct ask ask;
	size_t count = 0;

	copy = malloc(size + 1);
	if (copy == NULL)
		return;
	memcpy(copy, data, size);
	copy[size] = '\0';
	for (line = strtok_r(copy, "\n", &rest); line != NULL && count <
	    PARAMS; line = strtok_r(NULL, "\n", &rest))
		params[count++] = line;
	if (ask_read(&ask, params, &reason, &error) == 0) {
		if (ask.policy == NULL || ask.account == NULL ||
		    strlen(ask.account) > ASK_ACCOUNT_MAX ||
		    (ask.credential == NULL && !ask.is_account) ||
		    strlen(ask.service) > ASK_SERVICE_MAX)
			abort();
	} else if (error.text[0] == '\0')
		abort();
	free(copy);
}

/* Records; or, after a first byte that no record has, the head of an answer
 * (0), so that it is tried without the records around it, or a question. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t wrapped[ANSWER_RECORDS_MAX];
	size_t len;

	if (size == 0 || data[0] == 1 || size > ANSWER_RECORDS_MAX) {
		check_answer(data, size);
		return 0;
	}
	if (data[0] != 0) {
		check_ask(data + 1, size - 1);
		return 0;
	}
	len = answer_compose((const char *)data + 1, size - 1, wrapped);
	if (len > 0)
		check_answer(wrapped, len);
	return 0;
}
