#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "face/record.h"

#define HEAD(type, len, padding) "\1" type "\0\1" len padding "\0"
#define BEGIN(role, flags) \
	HEAD("\1", "\0\10", "\0") "\0" role flags "\0\0\0\0\0"
#define PARAM_AB HEAD("\4", "\0\4", "\0") "\1\1AB"
#define END_PARAMS HEAD("\4", "\0\0", "\0")
#define END_STDIN HEAD("\5", "\0\0", "\0")

struct row {
	const char *name;
	const char *bytes;
	size_t len;
	enum record_answer answer;
	size_t request_len;	/* if COMPLETE */
	int is_odd;
};

#define ROW(name, bytes, answer, len, is_odd) \
	{ name, bytes, sizeof(bytes) - 1, answer, len, is_odd }
#define BAD(name, bytes) ROW(name, bytes, RECORD_BAD, 0, 0)
#define SHORT(name, bytes) ROW(name, bytes, RECORD_SHORT, 0, 0)

static const struct row rows[] = {
	ROW("authorizer", BEGIN("\2", "\0") PARAM_AB END_PARAMS,
	    RECORD_COMPLETE, 36, 0),
	ROW("authorizer without parameters", BEGIN("\2", "\0") END_PARAMS,
	    RECORD_COMPLETE, 24, 0),
	ROW("responder", BEGIN("\1", "\0") PARAM_AB END_PARAMS END_STDIN,
	    RECORD_COMPLETE, 44, 0),
	ROW("stdin behind an authorizer is not looked at",
	    BEGIN("\2", "\0") END_PARAMS "\7garbage", RECORD_COMPLETE, 24, 0),
	ROW("padding", HEAD("\1", "\0\10", "\3") "\0\2\0\0\0\0\0\0" "xyz"
	    HEAD("\4", "\0\2", "\2") "\1\1" "??"
	    HEAD("\4", "\0\2", "\1") "AB" "?" END_PARAMS,
	    RECORD_COMPLETE, 50, 0),
	ROW("a NUL in a value", BEGIN("\2", "\0")
	    HEAD("\4", "\0\4", "\0") "\1\1A\0" END_PARAMS,
	    RECORD_COMPLETE, 36, 1),
	ROW("a '=' in a name", BEGIN("\2", "\0")
	    HEAD("\4", "\0\4", "\0") "\1\1=B" END_PARAMS,
	    RECORD_COMPLETE, 36, 1),
	SHORT("nothing", ""),
	SHORT("half a header", "\1\1\0"),
	SHORT("begin without its body", HEAD("\1", "\0\10", "\0")),
	SHORT("begin alone", BEGIN("\2", "\0")),
	SHORT("parameters not ended", BEGIN("\2", "\0") PARAM_AB),
	SHORT("parameters cut", BEGIN("\2", "\0")
	    HEAD("\4", "\0\4", "\0") "\1\1"),
	SHORT("responder without stdin", BEGIN("\1", "\0") END_PARAMS),
	BAD("version 0", "\0\1\0\1\0\10\0\0"),
	BAD("version 2, first byte alone", "\2"),
	BAD("http", "GET / HTTP/1.1\r\n\r\n"),
	BAD("id 0", "\1\1\0\0\0\10\0\0\0\2\0\0\0\0\0\0"),
	BAD("get values", "\1\11\0\0\0\20\0\0\16\0FCGI_MAX_CONNS"),
	BAD("unknown management record", "\1\14\0\0\0\0\0\0"),
	BAD("management among parameters", BEGIN("\2", "\0")
	    "\1\11\0\0\0\0\0\0"),
	BAD("begins with parameters", PARAM_AB),
	BAD("begin of 7 bytes", HEAD("\1", "\0\7", "\0") "\0\2\0\0\0\0\0"),
	BAD("begin of 9 bytes", HEAD("\1", "\0\11", "\0") "\0\2\0\0\0\0\0"),
	BAD("role 0", BEGIN("\0", "\0")),
	BAD("filter", BEGIN("\3", "\0")),
	BAD("begin twice", BEGIN("\2", "\0") BEGIN("\2", "\0")),
	BAD("abort", BEGIN("\2", "\0") HEAD("\2", "\0\0", "\0")),
	BAD("another id", BEGIN("\2", "\0") "\1\4\0\2\0\0\0\0"),
	BAD("stdin before the end of parameters",
	    BEGIN("\1", "\0") PARAM_AB END_STDIN),
	BAD("data record", BEGIN("\1", "\0") END_PARAMS
	    HEAD("\10", "\0\0", "\0")),
	BAD("name longer than the block", BEGIN("\2", "\0")
	    HEAD("\4", "\0\4", "\0") "\5\1AB" END_PARAMS),
	BAD("value longer than the block", BEGIN("\2", "\0")
	    HEAD("\4", "\0\4", "\0") "\1\5AB" END_PARAMS),
	BAD("lengths that overflow an int", BEGIN("\2", "\0")
	    HEAD("\4", "\0\10", "\0") "\xc0\0\0\0\xc0\0\0\0" END_PARAMS),
	BAD("greatest lengths", BEGIN("\2", "\0")
	    HEAD("\4", "\0\10", "\0") "\xff\xff\xff\xff\xff\xff\xff\xff"
	    END_PARAMS),
	BAD("length cut", BEGIN("\2", "\0")
	    HEAD("\4", "\0\2", "\0") "\1\x80" END_PARAMS),
	BAD("no value length", BEGIN("\2", "\0")
	    HEAD("\4", "\0\1", "\0") "\1" END_PARAMS),
};

static void
check_row(const struct row *row)
{
	struct record_request request;
	unsigned char *copy, *params;
	enum record_answer answer;

	copy = malloc(row->len + 1);
	params = malloc(RECORD_PARAMS_MAX);
	assert_non_null(copy);
	assert_non_null(params);
	memcpy(copy, row->bytes, row->len);
	answer = record_check(copy, row->len, &request, params);
	if (answer != row->answer)
		fail_msg("%s: %d, wanted %d", row->name, (int)answer,
		    (int)row->answer);
	if (answer == RECORD_COMPLETE &&
	    (request.len != row->request_len || request.is_odd != row->is_odd))
		fail_msg("%s: len %zu, odd %d", row->name, request.len,
		    request.is_odd);
	free(params);
	free(copy);
}

static void
test_rows(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i]);
}

/* Every beginning of a good request is SHORT, byte by byte. */
static void
test_beginnings(void **state)
{
	static const char good[] = BEGIN("\1", "\1")
	    HEAD("\4", "\0\2", "\5") "\1\1" "12345" HEAD("\4", "\0\2", "\0")
	    "AB" END_PARAMS HEAD("\5", "\0\3", "\1") "abc?" END_STDIN;
	unsigned char params[64], *copy;
	struct record_request request;
	enum record_answer answer;
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(good); len++) {
		copy = malloc(len + 1);
		assert_non_null(copy);
		memcpy(copy, good, len);
		answer = record_check(copy, len, &request, params);
		if (answer != (len == sizeof(good) - 1 ? RECORD_COMPLETE :
		    RECORD_SHORT))
			fail_msg("the first %zu bytes: %d", len, (int)answer);
		free(copy);
	}
	assert_int_equal(request.keep, 1);
	assert_int_equal(request.role, RECORD_RESPONDER);
}

/* A body too large, and too many parameters, are refused by their header. */
static void
test_sizes(void **state)
{
	static const char begin[] = BEGIN("\1", "\0");
	static const char head[] = HEAD("\4", "\xff\xff", "\0");
	struct record_request request;
	unsigned char *bytes, *params;
	size_t at = sizeof(begin) - 1;

	(void)state;
	bytes = calloc(1, RECORD_REQUEST_MAX);
	params = malloc(RECORD_PARAMS_MAX);
	assert_non_null(bytes);
	assert_non_null(params);
	memcpy(bytes, begin, at);
	memcpy(bytes + at, head, 8);
	memcpy(bytes + at + 8 + 65535, head, 8);
	assert_int_equal(record_check(bytes, at + 8 + 65535, &request, params),
	    RECORD_SHORT);
	assert_int_equal(record_check(bytes, at + 16 + 65535, &request,
	    params), RECORD_TOO_LARGE);
	assert_int_equal(request.len, at + 8 + 65535);
	assert_int_equal(request.params_len, 0);
	assert_int_equal(request.role, RECORD_RESPONDER);
	free(params);
	free(bytes);
}

/* The rest of one that is too large, in pieces of any size. */
static void
test_skip(void **state)
{
	static const char rest[] = HEAD("\4", "\0\4", "\3") "\1\1AB123"
	    PARAM_AB HEAD("\4", "\0\0", "\2") "12" HEAD("\5", "\0\3", "\0")
	    "abc" END_STDIN;
	const size_t authorizer_len = 15 + 12 + 10, len = sizeof(rest) - 1;
	struct record_request request = { .id = 1, .len = 16 };
	struct record_skip skip;
	enum record_answer answer;
	size_t at, end, n, piece;

	(void)state;
	for (piece = 1; piece <= len; piece++) {
		for (request.role = RECORD_RESPONDER;
		    request.role <= RECORD_AUTHORIZER; request.role++) {
			end = request.role == RECORD_RESPONDER ? len :
			    authorizer_len;
			record_skip_init(&skip, &request);
			answer = RECORD_SHORT;
			for (at = 0; at < end; at += n) {
				assert_int_equal(answer, RECORD_SHORT);
				n = piece < end - at ? piece : end - at;
				answer = record_skip(&skip,
				    (const unsigned char *)rest + at, n);
			}
			assert_int_equal(answer, RECORD_COMPLETE);
		}
	}
}

static enum record_answer
skip_all(const char *bytes, size_t len)
{
	const struct record_request request = { .id = 1,
	    .role = RECORD_RESPONDER };
	struct record_skip skip;

	record_skip_init(&skip, &request);
	return record_skip(&skip, (const unsigned char *)bytes, len);
}

static void
test_skip_bad(void **state)
{
	static const unsigned char nothing[65536];
	static const char head[] = HEAD("\4", "\xff\xff", "\1");
	const struct record_request request = { .id = 1,
	    .role = RECORD_AUTHORIZER };
	struct record_skip skip;
	enum record_answer answer = RECORD_SHORT;
	size_t rounds = 0;

	(void)state;
	assert_int_equal(skip_all("\2\4\0\1\0\0\0\0", 8), RECORD_BAD);
	assert_int_equal(skip_all("\1\4\0\2\0\0\0\0", 8), RECORD_BAD);
	assert_int_equal(skip_all("\1\5\0\1\0\0\0\0", 8), RECORD_BAD);
	assert_int_equal(skip_all("\1\2\0\1\0\0\0\0", 8), RECORD_BAD);
	assert_int_equal(skip_all("\1\4\0\1\0\0\0\0\1\4\0\1\0\0\0\0", 16),
	    RECORD_BAD);
	assert_int_equal(skip_all("\1\4\0", 3), RECORD_SHORT);
	record_skip_init(&skip, &request);
	while (answer == RECORD_SHORT && rounds++ < 100) {
		answer = record_skip(&skip, (const unsigned char *)head, 8);
		if (answer == RECORD_SHORT)
			answer = record_skip(&skip, nothing, sizeof(nothing));
	}
	assert_int_equal(answer, RECORD_BAD);
	assert_in_range(rounds, 60, 65);
}

/* What is composed is accepted again and means the same. */
static void
test_compose(void **state)
{
	struct record_request again, request = { .role = RECORD_RESPONDER,
		.id = 0xabcd, .params_len = RECORD_PARAMS_MAX };
	unsigned char *composed, *params, *read;
	size_t len;

	(void)state;
	composed = malloc(RECORD_COMPOSED_MAX + RECORD_BLANK_MAX);
	params = calloc(1, RECORD_PARAMS_MAX);
	read = malloc(RECORD_PARAMS_MAX);
	assert_non_null(composed);
	assert_non_null(params);
	assert_non_null(read);
	len = record_compose(&request, params, composed);
	assert_true(len <= RECORD_COMPOSED_MAX);
	assert_int_equal(record_check(composed, len, &again, read),
	    RECORD_SHORT);
	len += record_blank(request.id, len, composed + len);
	assert_int_equal(record_check(composed, len, &again, read),
	    RECORD_COMPLETE);
	assert_int_equal(again.len, len);
	assert_int_equal(again.id, 0xabcd);
	assert_int_equal(again.params_len, RECORD_PARAMS_MAX);
	assert_memory_equal(read, params, RECORD_PARAMS_MAX);
	free(read);
	free(params);
	free(composed);
}

static void
test_blank(void **state)
{
	static const size_t lengths[] = { 0, 1, 16, 17, 100, 8191, 8192, 8193,
	    RECORD_COMPOSED_MAX };
	unsigned char out[RECORD_BLANK_MAX], zeros[RECORD_BLANK_MAX];
	size_t i, len;

	(void)state;
	memset(zeros, 0, sizeof(zeros));
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		memset(out, 'x', sizeof(out));
		len = record_blank(7, lengths[i], out);
		if (len > RECORD_BLANK_MAX ||
		    (len < lengths[i] && len != RECORD_BLANK_MAX))
			fail_msg("of %zu bytes: %zu", lengths[i], len);
		/* nothing but headers and zeros, the last one without body */
		if (len > 16)
			assert_memory_equal(out + 8, zeros, len - 16);
		assert_int_equal(out[len - 8], 1);
		assert_int_equal(out[len - 7], 5);
		assert_int_equal(out[len - 5], 7);
		assert_memory_equal(out + len - 4, zeros, 4);
	}
}

/* What is put is what is read, to the last byte that there may be. */
static void
test_params(void **state)
{
	static const char *const pairs[][2] = {
		{ "A", "" }, { "", "b" }, { "", "" }, { "NAME", "value" }
	};
	static unsigned char params[RECORD_PARAMS_MAX];
	static char text[RECORD_PARAMS_MAX], value[RECORD_PARAMS_MAX];
	size_t len = 0, at = 0, used = 0, i;
	char wanted[32];
	const char *got;

	(void)state;
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		assert_int_equal(record_put_param(params, &len, pairs[i][0],
		    pairs[i][1]), 0);
	memset(value, 'x', RECORD_PARAMS_MAX - len - 9);
	assert_int_equal(record_put_param(params, &len, "L", value), 0);
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		(void)snprintf(wanted, sizeof(wanted), "%s=%s", pairs[i][0],
		    pairs[i][1]);
		got = record_next_param(params, len, &at, text, &used);
		assert_non_null(got);
		assert_string_equal(got, wanted);
	}
	got = record_next_param(params, len, &at, text, &used);
	assert_non_null(got);
	assert_memory_equal(got, "L=", 2);
	assert_string_equal(got + 2, value);
	assert_true(used <= sizeof(text));
	assert_null(record_next_param(params, len, &at, text, &used));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_beginnings),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_skip_bad),
		cmocka_unit_test(test_compose),
		cmocka_unit_test(test_blank),
		cmocka_unit_test(test_params),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
