#include "transport/http_head.h"

#include <string.h>
#include <strings.h>

static int
refuse(struct http_head *head, const char *fault)
{
	if (head->fault == NULL)
		head->fault = fault;
	return -1;
}

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* HTTP/1.0 or HTTP/1.1, a blank, three digits, then a blank or the end. */
static int
read_status(struct http_head *head, const char *line, size_t len)
{
	static const char fault[] = "a broken status line";
	int i;

	if (len < 12 || (memcmp(line, "HTTP/1.1 ", 9) != 0 &&
	    memcmp(line, "HTTP/1.0 ", 9) != 0))
		return refuse(head, fault);
	for (i = 9; i < 12; i++) {
		if (!is_digit(line[i]))
			return refuse(head, fault);
	}
	if (line[9] == '0' || (len > 12 && line[12] != ' '))
		return refuse(head, fault);
	head->status = (line[9] - '0') * 100 + (line[10] - '0') * 10 +
	    (line[11] - '0');
	head->lengths = 0;
	head->encodings = 0;
	head->complete = 0;
	return 0;
}

static int
is_name(const char *line, size_t len, const char *name)
{
	return len == strlen(name) && strncasecmp(line, name, len) == 0;
}

static int
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void
set_field(struct http_head *head, const char *line, size_t name_len, size_t len)
{
	struct http_head_field *field = &head->field;

	field->name = line;
	field->name_len = name_len;
	field->value = line + name_len + 1;
	field->value_len = len - name_len - 1;
	while (field->value_len > 0 && is_blank(*field->value)) {
		field->value++;
		field->value_len--;
	}
	while (field->value_len > 0 &&
	    is_blank(field->value[field->value_len - 1]))
		field->value_len--;
}

/* One number and nothing else: lists and signs are ways to disagree. */
static int
read_length(struct http_head *head, const char *value, size_t len)
{
	size_t i;

	if (++head->lengths > 1)
		return refuse(head, "two Content-Length");
	if (len == 0 || len > 18)
		return refuse(head, "a broken Content-Length");
	for (i = 0; i < len; i++) {
		if (!is_digit(value[i]))
			return refuse(head, "a broken Content-Length");
	}
	return 0;
}

static int
read_field(struct http_head *head, const char *line, size_t len)
{
	const char *colon, *value;
	size_t name_len, i;
	unsigned char c;

	if (line[0] == ' ' || line[0] == '\t')
		return refuse(head, "a folded header line");
	colon = memchr(line, ':', len);
	if (colon == NULL || colon == line)
		return refuse(head, "a header line without a name");
	name_len = (size_t)(colon - line);
	for (i = 0; i < name_len; i++) {
		c = (unsigned char)line[i];
		if (c <= ' ' || c >= 0x7f)
			return refuse(head, "a broken header name");
	}
	value = colon + 1;
	for (i = 0; i < len - name_len - 1; i++) {
		c = (unsigned char)value[i];
		if ((c < ' ' && c != '\t') || c == 0x7f)
			return refuse(head, "a control byte in a header");
	}
	set_field(head, line, name_len, len);
	if (is_name(line, name_len, "transfer-encoding"))
		head->encodings++;
	if (is_name(line, name_len, "content-length") &&
	    read_length(head, head->field.value, head->field.value_len) == -1)
		return -1;
	if (head->encodings > 1 || (head->encodings > 0 && head->lengths > 0))
		return refuse(head,
		    "two ways to tell the length of the body");
	return 0;
}

int
http_head_line(struct http_head *head, const char *line, size_t len)
{
	head->field.name = NULL;
	if (head->fault != NULL)
		return -1;
	head->len += len;
	if (head->len > HTTP_HEAD_MAX)
		return refuse(head, "a head of more than 64 kB");
	if (len > 0 && line[len - 1] == '\n')
		len--;
	if (len > 0 && line[len - 1] == '\r')
		len--;
	/* Behind an interim head (1xx) another one begins. */
	if (head->status == 0 || (head->complete && head->status < 200))
		return read_status(head, line, len);
	if (head->complete)
		return 0;	/* trailers: counted, otherwise of no meaning */
	if (len == 0) {
		head->complete = 1;
		return 0;
	}
	return read_field(head, line, len);
}

int
http_head_whole(struct http_head *head)
{
	if (head->fault != NULL)
		return -1;
	if (head->status == 0 || !head->complete)
		return refuse(head, "a head that was cut");
	if (head->status < 200)
		return refuse(head, "no final status");
	return 0;
}

int
http_head_end(struct http_head *head)
{
	if (http_head_whole(head) == -1)
		return -1;
	if (head->lengths == 0 && head->encodings == 0 &&
	    head->status != 204 && head->status != 304)
		return refuse(head,
		    "no length of the body, so it may be cut");
	return 0;
}
