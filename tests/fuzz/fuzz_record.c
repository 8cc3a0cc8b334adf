/* The records of a request, and what libfcgi makes of them.
 * Own files: src/face/record.c fcgi/layer/connection.c */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "face/record.h"
#include "fcgi/layer/connection.h"

/* What libfcgi is given, and what it must make of it. */
struct side {
	struct connection *connection;
	struct connection_feed feed;
	int fd;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
read_length(const unsigned char **at)
{
	size_t len = **at;

	if (len < 128) {
		*at += 1;
		return len;
	}
	len = (len & 0x7f) << 24 | (size_t)(*at)[1] << 16 |
	    (size_t)(*at)[2] << 8 | (*at)[3];
	*at += 4;
	return len;
}

/* The same names and values, in the same order, and no others. */
static void
compare(char *const *got, const unsigned char *params, size_t len)
{
	const unsigned char *at = params, *end = params + len;
	size_t name_len, value_len;

	/* it puts its own FCGI_ROLE first */
	if (*got == NULL || strncmp(*got, "FCGI_ROLE=", 10) != 0)
		abort();
	for (got++; at < end; got++, at += name_len + value_len) {
		name_len = read_length(&at);
		value_len = read_length(&at);
		if (*got == NULL ||
		    strlen(*got) != name_len + 1 + value_len ||
		    memcmp(*got, at, name_len) != 0 ||
		    (*got)[name_len] != '=' ||
		    memcmp(*got + name_len + 1, at + name_len,
		    value_len) != 0)
			abort();
	}
	if (*got != NULL)
		abort();
}

/* Who has no library reads the same. */
static void
read_again(char *const *got, const unsigned char *params, size_t len)
{
	static char text[RECORD_PARAMS_MAX];
	size_t at = 0, used = 0;
	const char *param;

	for (got++; (param = record_next_param(params, len, &at, text,
	    &used)) != NULL; got++)
		if (*got == NULL || strcmp(*got, param) != 0 ||
		    used > sizeof(text))
			abort();
	if (*got != NULL)
		abort();
}

/* Who asks puts them together so that they are read as the same. */
static void
put_again(char *const *params)
{
	static unsigned char block[RECORD_PARAMS_MAX];
	char *const *param;
	size_t len = 0;
	char *equals;
	int failed = 0;

	for (param = params + 1; *param != NULL && !failed; param++) {
		equals = strchr(*param, '=');
		*equals = '\0';
		failed = record_put_param(block, &len, *param, equals + 1) ==
		    -1;
		*equals = '=';
	}
	if (!failed)
		compare(params, block, len);
}

static void
ask_library(const struct record_request *request,
    const unsigned char *params, const unsigned char *composed, size_t len)
{
	static struct side side;
	static const char reply[] = "Status: 200 OK\r\n\r\n";

	if (side.connection == NULL) {
		if (connection_library_init() == -1)
			abort();
		side.connection = connection_new();
		connection_feed_init(&side.feed);
		side.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	}
	if (side.connection == NULL || side.fd == -1 ||
	    connection_begin(side.connection, side.fd, &side.feed, composed,
	    len) == -1)
		abort();
	if (request->is_odd) {
		/* as when a request is forgotten */
		connection_free(side.connection);
		side.connection = connection_new();
		connection_feed_close(&side.feed);
		return;
	}
	read_again(connection_params(side.connection), params,
	    request->params_len);
	compare(connection_params(side.connection), params,
	    request->params_len);
	put_again(connection_params(side.connection));
	(void)connection_end(side.connection, reply, sizeof(reply) - 1);
}

/* However the rest of one that is too large is cut, it says the same. */
static void
check_skip(const struct record_request *request, const unsigned char *data,
    size_t size)
{
	enum record_answer answer = RECORD_SHORT;
	struct record_skip in_pieces, whole;
	size_t i;

	if (request->len > size)
		abort();
	record_skip_init(&whole, request);
	record_skip_init(&in_pieces, request);
	for (i = request->len; answer == RECORD_SHORT && i < size; i++)
		answer = record_skip(&in_pieces, data + i, 1);
	if (answer != record_skip(&whole, data + request->len,
	    size - request->len))
		abort();
}

/* A responder's request ends with its body, which is composed apart. */
static size_t
end(const struct record_request *request, unsigned char *composed, size_t len)
{
	if (request->role == RECORD_RESPONDER)
		len += record_blank(request->id, 0, composed + len);
	return len;
}

/*
 * What is accepted must be accepted again in its composed form, and libfcgi
 * must read the same parameters from that.
 */
static void
check(const unsigned char *data, size_t size)
{
	static unsigned char again[RECORD_PARAMS_MAX];
	static unsigned char composed[RECORD_COMPOSED_MAX];
	static unsigned char params[RECORD_PARAMS_MAX];
	struct record_request first, second;
	enum record_answer answer;
	size_t len, whole;

	answer = record_check(data, size, &first, params);
	if (answer == RECORD_TOO_LARGE)
		check_skip(&first, data, size);
	if (answer != RECORD_COMPLETE)
		return;
	len = record_compose(&first, params, composed);
	whole = end(&first, composed, len);
	if (first.len > size || whole > sizeof(composed) ||
	    record_check(composed, whole, &second, again) !=
	    RECORD_COMPLETE || second.len != whole ||
	    second.params_len != first.params_len ||
	    second.role != first.role || second.is_odd != first.is_odd)
		abort();
	ask_library(&first, params, composed, len);
}

/*
 * Records; or, after a first byte that no record has, a block of parameters,
 * so that lengths are tried without finding the records around them.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char wrapped[RECORD_COMPOSED_MAX];
	struct record_request request = { .id = 1 };

	if (size == 0 || data[0] == 1 || size - 1 > RECORD_PARAMS_MAX) {
		check(data, size);
		return 0;
	}
	request.role = (data[0] & 1) != 0 ? RECORD_AUTHORIZER :
	    RECORD_RESPONDER;
	request.params_len = size - 1;
	check(wrapped, end(&request, wrapped, record_compose(&request,
	    data + 1, wrapped)));
	return 0;
}
