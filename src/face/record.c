#include "face/record.h"

#include <string.h>

#define HEADER_LEN 8
#define BEGIN_LEN 8
#define CONTENT_MAX 65528	/* of a composed record: a multiple of 8 */

enum {
	TYPE_BEGIN = 1,
	TYPE_PARAMS = 4,
	TYPE_STDIN = 5
};

struct header {
	unsigned int type;
	unsigned int id;
	size_t content;
	size_t total;		/* header, content and padding */
};

static unsigned int
number16(const unsigned char *bytes)
{
	return ((unsigned int)bytes[0] << 8) | bytes[1];
}

static enum record_answer
read_header(const unsigned char *bytes, size_t len, size_t offset,
    struct header *out)
{
	const unsigned char *at = bytes + offset;

	/* what cannot become good is refused before it is complete */
	if (offset < len && at[0] != 1)
		return RECORD_BAD;
	if (len - offset < HEADER_LEN)
		return offset + HEADER_LEN > RECORD_REQUEST_MAX ?
		    RECORD_BAD : RECORD_SHORT;
	out->type = at[1];
	out->id = number16(at + 2);
	out->content = number16(at + 4);
	out->total = HEADER_LEN + out->content + at[6];
	return out->id == 0 ? RECORD_BAD : RECORD_COMPLETE;
}

/* One name or value length of the block; 0, or -1 if it is cut. */
static int
read_length(const unsigned char *params, size_t len, size_t *offset,
    size_t *out)
{
	const unsigned char *at = params + *offset;

	*out = 0;
	if (*offset >= len)
		return -1;
	if ((at[0] & 0x80) == 0) {
		*out = at[0];
		*offset += 1;
		return 0;
	}
	if (len - *offset < 4)
		return -1;
	*out = ((size_t)(at[0] & 0x7f) << 24) | ((size_t)at[1] << 16) |
	    ((size_t)at[2] << 8) | at[3];
	*offset += 4;
	return 0;
}

static int
check_params(const unsigned char *params, size_t len, int *is_odd_out)
{
	size_t name_len, offset, value_len;

	*is_odd_out = 0;
	for (offset = 0; offset < len; offset += name_len + value_len) {
		if (read_length(params, len, &offset, &name_len) == -1 ||
		    read_length(params, len, &offset, &value_len) == -1)
			return -1;
		if (name_len > len - offset ||
		    value_len > len - offset - name_len)
			return -1;
		if (memchr(params + offset, '\0', name_len + value_len) !=
		    NULL || memchr(params + offset, '=', name_len) != NULL)
			*is_odd_out = 1;
	}
	return 0;
}

static enum record_answer
check_begin(const unsigned char *bytes, size_t len,
    struct record_request *request)
{
	enum record_answer answer;
	struct header header;
	unsigned int role;

	answer = read_header(bytes, len, 0, &header);
	if (answer != RECORD_COMPLETE)
		return answer;
	if (header.type != TYPE_BEGIN || header.content != BEGIN_LEN)
		return RECORD_BAD;
	if (len < header.total)
		return RECORD_SHORT;
	role = number16(bytes + HEADER_LEN);
	if (role != RECORD_RESPONDER && role != RECORD_AUTHORIZER)
		return RECORD_BAD;
	request->role = role == RECORD_RESPONDER ? RECORD_RESPONDER :
	    RECORD_AUTHORIZER;
	request->id = header.id;
	request->keep = bytes[HEADER_LEN + 2] & 1;
	request->len = header.total;
	return RECORD_COMPLETE;
}

/* One record of a stream: COMPLETE with its header, request->len behind it. */
static enum record_answer
next_record(const unsigned char *bytes, size_t len, unsigned int type,
    struct record_request *request, struct header *header)
{
	enum record_answer answer;

	answer = read_header(bytes, len, request->len, header);
	if (answer != RECORD_COMPLETE)
		return answer;
	if (header->type != type || header->id != request->id)
		return RECORD_BAD;
	if (type == TYPE_PARAMS &&
	    header->content > RECORD_PARAMS_MAX - request->params_len)
		return RECORD_TOO_LARGE;
	if (header->total > RECORD_REQUEST_MAX - request->len)
		return RECORD_BAD;
	if (len - request->len < header->total)
		return RECORD_SHORT;
	request->len += header->total;
	return RECORD_COMPLETE;
}

enum record_answer
record_check(const unsigned char *bytes, size_t len,
    struct record_request *request_out, unsigned char *params)
{
	enum record_answer answer;
	struct header header;

	memset(request_out, 0, sizeof(*request_out));
	answer = check_begin(bytes, len, request_out);
	if (answer != RECORD_COMPLETE)
		return answer;
	do {
		answer = next_record(bytes, len, TYPE_PARAMS, request_out,
		    &header);
		if (answer == RECORD_TOO_LARGE)
			request_out->params_len = 0;
		if (answer != RECORD_COMPLETE)
			return answer;
		memcpy(params + request_out->params_len,
		    bytes + request_out->len - header.total + HEADER_LEN,
		    header.content);
		request_out->params_len += header.content;
	} while (header.content > 0);
	if (check_params(params, request_out->params_len,
	    &request_out->is_odd) == -1)
		return RECORD_BAD;
	while (request_out->role == RECORD_RESPONDER) {
		answer = next_record(bytes, len, TYPE_STDIN, request_out,
		    &header);
		if (answer != RECORD_COMPLETE)
			return answer;
		if (header.content == 0)
			break;
	}
	return RECORD_COMPLETE;
}

void
record_skip_init(struct record_skip *skip,
    const struct record_request *request)
{
	memset(skip, 0, sizeof(*skip));
	skip->role = request->role;
	skip->id = request->id;
	skip->type = TYPE_PARAMS;
	skip->passed = request->len;
}

/* From a whole header to its record; 0, or -1. */
static int
skip_begin(struct record_skip *skip)
{
	const unsigned char *at = skip->header;
	const size_t content = number16(at + 4);

	if (at[0] != 1 || at[1] != skip->type || number16(at + 2) != skip->id)
		return -1;
	skip->header_len = 0;
	skip->left = content + at[6];
	if (content > 0)
		return 0;
	skip->is_last = skip->role == RECORD_AUTHORIZER ||
	    skip->type == TYPE_STDIN;
	skip->type = TYPE_STDIN;
	return 0;
}

enum record_answer
record_skip(struct record_skip *skip, const unsigned char *bytes, size_t len)
{
	size_t n;

	if (len > RECORD_SKIP_MAX - skip->passed)
		return RECORD_BAD;
	skip->passed += len;
	while (len > 0 && !(skip->is_last && skip->left == 0)) {
		n = skip->left > 0 ? skip->left :
		    HEADER_LEN - skip->header_len;
		if (n > len)
			n = len;
		if (skip->left > 0)
			skip->left -= n;
		else {
			memcpy(skip->header + skip->header_len, bytes, n);
			skip->header_len += n;
			if (skip->header_len == HEADER_LEN &&
			    skip_begin(skip) == -1)
				return RECORD_BAD;
		}
		bytes += n;
		len -= n;
	}
	return skip->is_last && skip->left == 0 ? RECORD_COMPLETE :
	    RECORD_SHORT;
}

static size_t
put_header(unsigned char *out, unsigned int type, unsigned int id, size_t len)
{
	memset(out, 0, HEADER_LEN);
	out[0] = 1;
	out[1] = (unsigned char)type;
	out[2] = (unsigned char)(id >> 8);
	out[3] = (unsigned char)(id & 0xff);
	out[4] = (unsigned char)(len >> 8);
	out[5] = (unsigned char)(len & 0xff);
	return HEADER_LEN;
}

static size_t
put_length(unsigned char *out, size_t len)
{
	if (len < 128) {
		out[0] = (unsigned char)len;
		return 1;
	}
	out[0] = (unsigned char)(0x80 | (len >> 24));
	out[1] = (unsigned char)(len >> 16);
	out[2] = (unsigned char)(len >> 8);
	out[3] = (unsigned char)len;
	return 4;
}

static void
put_bytes(unsigned char *params, size_t *len, const void *bytes, size_t count)
{
	memcpy(params + *len, bytes, count);
	*len += count;
}

int
record_put_value(unsigned char *params, size_t *len, const char *name,
    const void *value, size_t value_len)
{
	const size_t name_len = strlen(name);

	if (name_len > RECORD_PARAMS_MAX || value_len > RECORD_PARAMS_MAX ||
	    8 + name_len + value_len > RECORD_PARAMS_MAX - *len)
		return -1;
	*len += put_length(params + *len, name_len);
	*len += put_length(params + *len, value_len);
	put_bytes(params, len, name, name_len);
	put_bytes(params, len, value, value_len);
	return 0;
}

int
record_put_param(unsigned char *params, size_t *len, const char *name,
    const char *value)
{
	return record_put_value(params, len, name, value, strlen(value));
}

char *
record_next_param(const unsigned char *params, size_t len, size_t *at,
    char *out, size_t *out_len)
{
	char *text = out + *out_len;
	size_t name_len, value_len;

	if (read_length(params, len, at, &name_len) == -1 ||
	    read_length(params, len, at, &value_len) == -1)
		return NULL;
	memcpy(text, params + *at, name_len);
	text[name_len] = '=';
	memcpy(text + name_len + 1, params + *at + name_len, value_len);
	text[name_len + 1 + value_len] = '\0';
	*at += name_len + value_len;
	*out_len += name_len + value_len + 2;	/* as much as two lengths */
	return text;
}

size_t
record_compose(const struct record_request *request,
    const unsigned char *params, unsigned char *out)
{
	size_t at, done, len;

	at = put_header(out, TYPE_BEGIN, request->id, BEGIN_LEN);
	memset(out + at, 0, BEGIN_LEN);
	out[at + 1] = (unsigned char)request->role;
	at += BEGIN_LEN;
	for (done = 0; done < request->params_len; done += len) {
		len = request->params_len - done;
		if (len > CONTENT_MAX)
			len = CONTENT_MAX;
		at += put_header(out + at, TYPE_PARAMS, request->id, len);
		memcpy(out + at, params + done, len);
		at += len;
	}
	return at + put_header(out + at, TYPE_PARAMS, request->id, 0);
}

size_t
record_blank(unsigned int id, size_t len, unsigned char *out)
{
	size_t content = 0, at;

	if (len > RECORD_BLANK_MAX)
		len = RECORD_BLANK_MAX;
	if (len > HEADER_LEN)
		content = len > 2 * HEADER_LEN ? len - 2 * HEADER_LEN : 1;
	at = content > 0 ? put_header(out, TYPE_STDIN, id, content) : 0;
	memset(out + at, 0, content);
	at += content;
	return at + put_header(out + at, TYPE_STDIN, id, 0);
}
