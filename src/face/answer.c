#include "face/answer.h"

#include <string.h>
#include <strings.h>

#define HEADER_LEN 8
#define END_LEN 8

enum record_type {
	TYPE_END = 3,
	TYPE_STDOUT = 6
};

struct record {
	unsigned int type;
	const unsigned char *content;
	size_t len;
	size_t total;		/* header, content and padding */
};

static enum answer_check
next_record(unsigned int id, const unsigned char *bytes, size_t len,
    struct record *record)
{
	if (len > 0 && bytes[0] != 1)
		return ANSWER_BAD;
	if (len < HEADER_LEN)
		return ANSWER_SHORT;
	if ((((unsigned int)bytes[2] << 8) | bytes[3]) != id)
		return ANSWER_BAD;
	record->type = bytes[1];
	record->content = bytes + HEADER_LEN;
	record->len = ((size_t)bytes[4] << 8) | bytes[5];
	record->total = HEADER_LEN + record->len + bytes[6];
	return len < record->total ? ANSWER_SHORT : ANSWER_COMPLETE;
}

/* All of STDOUT into text. */
static enum answer_check
collect(struct answer *answer, unsigned int id, const unsigned char *bytes,
    size_t len)
{
	static const unsigned char well[5] = { 0, 0, 0, 0, 0 };
	enum answer_check check;
	struct record record;
	int ended = 0;
	size_t at;

	if (len > ANSWER_RECORDS_MAX)
		return ANSWER_BAD;
	for (at = 0;; at += record.total) {
		check = next_record(id, bytes + at, len - at, &record);
		if (check == ANSWER_SHORT && len == ANSWER_RECORDS_MAX)
			return ANSWER_BAD;
		if (check != ANSWER_COMPLETE)
			return check;
		if (record.type == TYPE_END)
			break;
		if (record.type != TYPE_STDOUT || ended)
			return ANSWER_BAD;
		ended = record.len == 0;
		memcpy(answer->text + answer->len, record.content, record.len);
		answer->len += record.len;
	}
	if (record.len != END_LEN || at + record.total != len ||
	    memcmp(record.content, well, sizeof(well)) != 0)
		return ANSWER_BAD;
	return ANSWER_COMPLETE;
}

/* The line at text[*at], cut out of it; NULL if it is none. */
static char *
next_line(struct answer *answer, size_t *at)
{
	char *line = answer->text + *at;
	unsigned char c;
	size_t i;

	for (i = *at; i < answer->len && answer->text[i] != '\r'; i++) {
		c = (unsigned char)answer->text[i];
		if (c < ' ' || c == 0x7f)
			return NULL;
	}
	if (i + 1 >= answer->len || answer->text[i + 1] != '\n')
		return NULL;
	answer->text[i] = '\0';
	*at = i + 2;
	return line;
}

static int
read_status(struct answer *answer, const char *line)
{
	static const char name[] = "Status: ";
	const char *digits = line + sizeof(name) - 1;
	int i;

	if (strncmp(line, name, sizeof(name) - 1) != 0)
		return -1;
	for (i = 0; i < 3; i++) {
		if (digits[i] < '0' + (i == 0) || digits[i] > '9')
			return -1;
		answer->status = answer->status * 10 + digits[i] - '0';
	}
	return digits[3] == ' ' || digits[3] == '\0' ? 0 : -1;
}

/* "Name: value", or "Name:" with nothing behind it. */
static int
read_field(struct answer *answer, char *line)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t len = strspn(line, plain), i;
	char *value = line + len + 1;

	if (len == 0 || line[len] != ':' ||
	    answer->count == ANSWER_FIELDS_MAX)
		return -1;
	line[len] = '\0';
	for (i = 0; i < answer->count; i++)
		if (strcasecmp(answer->fields[i].name, line) == 0)
			return -1;
	if (strcasecmp(line, "Status") == 0)
		return -1;
	if (*value != '\0' && *value++ != ' ')
		return -1;
	answer->fields[answer->count].name = line;
	answer->fields[answer->count++].value = value;
	return 0;
}

static int
read_head(struct answer *answer)
{
	size_t at = 0;
	char *line;

	line = next_line(answer, &at);
	if (line == NULL || read_status(answer, line) == -1)
		return -1;
	for (;;) {
		line = next_line(answer, &at);
		if (line == NULL)
			return -1;
		if (*line == '\0')
			break;
		if (read_field(answer, line) == -1)
			return -1;
	}
	answer->body = answer->text + at;
	answer->body_len = answer->len - at;
	return 0;
}

enum answer_check
answer_check(struct answer *answer, unsigned int id,
    const unsigned char *bytes, size_t len)
{
	enum answer_check check;

	memset(answer, 0, sizeof(*answer));
	check = collect(answer, id, bytes, len);
	if (check == ANSWER_COMPLETE && read_head(answer) == -1)
		check = ANSWER_BAD;
	if (check != ANSWER_COMPLETE) {
		answer->status = 0;
		answer->count = 0;
		answer->body = NULL;
		answer->body_len = 0;
	}
	return check;
}

const char *
answer_find(const struct answer *answer, const char *name)
{
	size_t i;

	for (i = 0; i < answer->count; i++)
		if (strcmp(answer->fields[i].name, name) == 0)
			return answer->fields[i].value;
	return NULL;
}

static size_t
put_record(unsigned char *out, enum record_type type, const char *content,
    size_t len)
{
	memset(out, 0, HEADER_LEN);
	out[0] = 1;
	out[1] = (unsigned char)type;
	out[3] = 1;
	out[4] = (unsigned char)(len >> 8);
	out[5] = (unsigned char)(len & 0xff);
	memcpy(out + HEADER_LEN, content, len);
	return HEADER_LEN + len;
}

size_t
answer_compose(const char *text, size_t len, unsigned char *out)
{
	static const char well[END_LEN] = { 0 };
	size_t at = 0;

	if (len > ANSWER_RECORDS_MAX - 3 * HEADER_LEN - END_LEN)
		return 0;
	if (len > 0)
		at = put_record(out, TYPE_STDOUT, text, len);
	at += put_record(out + at, TYPE_STDOUT, "", 0);
	return at + put_record(out + at, TYPE_END, well, END_LEN);
}
