#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "face/answer.h"

#define HEAD(type, len) "\1" type "\0\1\0" len "\0\0"
#define OUT(len, text) HEAD("\6", len) text
#define END_OUT HEAD("\6", "\0")
#define END HEAD("\3", "\10") "\0\0\0\0\0\0\0\0"
#define OK_HEAD "Status: 200 OK\r\nA: b\r\n\r\n"	/* 24 bytes */
#define GOOD OUT("\30", OK_HEAD) END_OUT END

struct row {
	const char *name;
	const char *bytes;
	size_t len;
	enum answer_check check;
};

#define ROW(name, bytes, check) { name, bytes, sizeof(bytes) - 1, check }
#define BAD(name, bytes) ROW(name, bytes, ANSWER_BAD)

static const struct row rows[] = {
	ROW("good", GOOD, ANSWER_COMPLETE),
	ROW("without the empty record", OUT("\30", OK_HEAD) END,
	    ANSWER_COMPLETE),
	ROW("a body", OUT("\33", OK_HEAD "{}\n") END, ANSWER_COMPLETE),
	ROW("in two records", OUT("\12", "Status: 20") OUT("\16",
	    "0 OK\r\nA: b\r\n\r\n") END, ANSWER_COMPLETE),
	ROW("padding", "\1\6\0\1\0\30\3\0" OK_HEAD "xyz" END,
	    ANSWER_COMPLETE),
	ROW("an empty value", OUT("\30", "Status: 200 OK\r\nA: \r\n\r\n{"
	    ) END, ANSWER_COMPLETE),
	BAD("nothing but the end", END),
	BAD("an empty answer", END_OUT END),
	BAD("no blank line", OUT("\26", "Status: 200 OK\r\nA: b\r\n") END),
	BAD("no Status", OUT("\10", "A: b\r\n\r\n") END),
	BAD("Status second", OUT("\30", "A: b\r\nStatus: 200 OK\r\n\r\n") END),
	BAD("Status twice", OUT("\42",
	    "Status: 200 OK\r\nStatus: 200 OK\r\n\r\n") END),
	BAD("status twice", OUT("\42",
	    "Status: 401 No\r\nstatus: 200 OK\r\n\r\n") END),
	BAD("a name twice", OUT("\36",
	    "Status: 200 OK\r\nA: b\r\na: c\r\n\r\n") END),
	BAD("no number", OUT("\17", "Status: OK!\r\n\r\n") END),
	BAD("two digits", OUT("\16", "Status: 20\r\n\r\n") END),
	BAD("four digits", OUT("\20", "Status: 2000\r\n\r\n") END),
	BAD("099", OUT("\17", "Status: 099\r\n\r\n") END),
	BAD("a bare LF", OUT("\26", "Status: 200 OK\nA: b\r\n\r\n") END),
	BAD("a bare CR", OUT("\30", "Status: 200 OK\r\nA:\rb\r\n\r\n{") END),
	BAD("a control byte", OUT("\30", "Status: 200 OK\r\nA: \1\r\n\r\n")
	    END),
	BAD("a DEL", OUT("\30", "Status: 200 OK\r\nA: \177\r\n\r\n") END),
	BAD("no colon", OUT("\26", "Status: 200 OK\r\nAb\r\n\r\n{}") END),
	BAD("no blank behind the colon",
	    OUT("\27", "Status: 200 OK\r\nA:b\r\n\r\n") END),
	BAD("a blank in a name",
	    OUT("\31", "Status: 200 OK\r\nA : b\r\n\r\n") END),
	BAD("no name", OUT("\27", "Status: 200 OK\r\n: b\r\n\r\n") END),
	BAD("stderr", OUT("\30", OK_HEAD) HEAD("\7", "\1") "x" END),
	BAD("another id", "\1\6\0\2\0\30\0\0" OK_HEAD END),
	BAD("version 2", "\2\6\0\1\0\30\0\0" OK_HEAD END),
	BAD("an end that says overloaded", OUT("\30", OK_HEAD)
	    HEAD("\3", "\10") "\0\0\0\0\2\0\0\0"),
	BAD("an end with a status of its own", OUT("\30", OK_HEAD)
	    HEAD("\3", "\10") "\0\0\0\1\0\0\0\0"),
	BAD("an end of 7 bytes", OUT("\30", OK_HEAD)
	    HEAD("\3", "\7") "\0\0\0\0\0\0\0"),
	BAD("bytes behind the end", GOOD "x"),
	BAD("a second answer", GOOD GOOD),
	BAD("stdout behind its end", OUT("\30", OK_HEAD) END_OUT
	    OUT("\1", "x") END),
	BAD("http", "HTTP/1.1 200 OK\r\n\r\n"),
	BAD("a request", "\1\1\0\1\0\10\0\0\0\2\0\0\0\0\0\0"),
};

static enum answer_check
check(const char *bytes, size_t len, struct answer *answer)
{
	unsigned char *copy = malloc(len + 1);
	enum answer_check got;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	got = answer_check(answer, 1, copy, len);
	free(copy);
	return got;
}

static void
test_rows(void **state)
{
	static struct answer answer;
	enum answer_check got;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		got = check(rows[i].bytes, rows[i].len, &answer);
		if (got != rows[i].check)
			fail_msg("%s: %d", rows[i].name, (int)got);
		if (got != ANSWER_COMPLETE &&
		    (answer.status != 0 || answer.count != 0))
			fail_msg("%s: accepted in part", rows[i].name);
	}
}

static void
test_content(void **state)
{
	static struct answer answer;

	(void)state;
	assert_int_equal(check(GOOD, sizeof(GOOD) - 1, &answer),
	    ANSWER_COMPLETE);
	assert_int_equal(answer.status, 200);
	assert_int_equal(answer.count, 1);
	assert_string_equal(answer_find(&answer, "A"), "b");
	assert_null(answer_find(&answer, "a"));
	assert_null(answer_find(&answer, "Status"));
	assert_int_equal(answer.body_len, 0);
}

/* All that stands behind the head, over as many records as it takes. */
static void
test_body(void **state)
{
	static const char bytes[] = OUT("\36", OK_HEAD "{}\n\r\n\r")
	    OUT("\4", "\nA:\1") END;
	static struct answer answer;

	(void)state;
	assert_int_equal(check(bytes, sizeof(bytes) - 1, &answer),
	    ANSWER_COMPLETE);
	assert_int_equal(answer.body_len, 10);
	assert_memory_equal(answer.body, "{}\n\r\n\r\nA:\1", 11);
	assert_int_equal(check(bytes, sizeof(bytes) - 2, &answer),
	    ANSWER_SHORT);
	assert_null(answer.body);
	assert_int_equal(answer.body_len, 0);
}

/* Every beginning of a good answer is SHORT, byte by byte. */
static void
test_beginnings(void **state)
{
	static const char good[] = GOOD;
	static struct answer answer;
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(good); len++)
		if (check(good, len, &answer) != (len == sizeof(good) - 1 ?
		    ANSWER_COMPLETE : ANSWER_SHORT))
			fail_msg("the first %zu bytes", len);
}

/* What never ends is refused before it is over the limit. */
static void
test_endless(void **state)
{
	static unsigned char bytes[ANSWER_RECORDS_MAX];
	static struct answer answer;
	size_t at;

	(void)state;
	for (at = 0; at + 8 <= sizeof(bytes); at += 8)
		memcpy(bytes + at, "\1\6\0\1\0\0\0\0", 8);
	assert_int_equal(answer_check(&answer, 1, bytes, sizeof(bytes)),
	    ANSWER_BAD);
	memcpy(bytes, "\1\6\0\1\xff\xff\0\0", 8);
	assert_int_equal(answer_check(&answer, 1, bytes, sizeof(bytes)),
	    ANSWER_BAD);
	assert_int_equal(answer_check(&answer, 1, bytes, 1000), ANSWER_SHORT);
}

static void
test_many_fields(void **state)
{
	static struct answer answer;
	char bytes[4096] = "\1\6\0\1\0\0\0\0Status: 200 OK\r\n";
	size_t len, i, count;

	(void)state;
	for (count = ANSWER_FIELDS_MAX; count < ANSWER_FIELDS_MAX + 2;
	    count++) {
		len = 8 + strlen("Status: 200 OK\r\n");
		for (i = 0; i < count; i++) {
			memcpy(bytes + len, "A00: x\r\n", 8);
			bytes[len + 1] = (char)('0' + i / 10);
			bytes[len + 2] = (char)('0' + i % 10);
			len += 8;
		}
		memcpy(bytes + len, "\r\n", 2);
		len += 2;
		bytes[4] = (char)((len - 8) >> 8);
		bytes[5] = (char)((len - 8) & 0xff);
		memcpy(bytes + len, END, sizeof(END) - 1);
		len += sizeof(END) - 1;
		assert_int_equal(check(bytes, len, &answer),
		    count == ANSWER_FIELDS_MAX ? ANSWER_COMPLETE : ANSWER_BAD);
	}
}

static void
test_compose(void **state)
{
	static unsigned char bytes[ANSWER_RECORDS_MAX];
	static char text[ANSWER_RECORDS_MAX];
	static struct answer answer;
	const size_t most = ANSWER_RECORDS_MAX - 32;
	size_t len;

	(void)state;
	len = answer_compose(OK_HEAD, sizeof(OK_HEAD) - 1, bytes);
	assert_int_equal(len, sizeof(GOOD) - 1);
	assert_memory_equal(bytes, GOOD, len);
	memset(text, 'x', sizeof(text));
	memcpy(text, OK_HEAD, sizeof(OK_HEAD) - 1);
	len = answer_compose(text, most, bytes);
	assert_int_equal(len, ANSWER_RECORDS_MAX);
	assert_int_equal(answer_check(&answer, 1, bytes, len), ANSWER_COMPLETE);
	assert_int_equal(answer.len, most);
	assert_int_equal(answer_compose(text, most + 1, bytes), 0);
}

/* An answer is of the request of its id alone. */
static void
test_ids(void **state)
{
	static const char other[] = "\1\6\1\2\0\30\0\0" OK_HEAD
	    "\1\3\1\2\0\10\0\0\0\0\0\0\0\0\0\0";
	static const char mixed[] = "\1\6\1\2\0\30\0\0" OK_HEAD END;
	static const struct {
		const char *name;
		const char *bytes;
		size_t len;
		unsigned int id;
		enum answer_check check;
	} ids[] = {
		{ "258", other, sizeof(other) - 1, 258, ANSWER_COMPLETE },
		{ "its low byte", other, sizeof(other) - 1, 2, ANSWER_BAD },
		{ "its high byte", other, sizeof(other) - 1, 256, ANSWER_BAD },
		{ "the one before", other, sizeof(other) - 1, 257,
		    ANSWER_BAD },
		{ "the first", other, sizeof(other) - 1, 1, ANSWER_BAD },
		{ "none", other, sizeof(other) - 1, 0, ANSWER_BAD },
		{ "another end", mixed, sizeof(mixed) - 1, 258, ANSWER_BAD },
		{ "1 for 258", GOOD, sizeof(GOOD) - 1, 258, ANSWER_BAD },
	};
	static struct answer answer;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (answer_check(&answer, ids[i].id,
		    (const unsigned char *)ids[i].bytes, ids[i].len) !=
		    ids[i].check)
			fail_msg("%s", ids[i].name);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_beginnings),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_many_fields),
		cmocka_unit_test(test_compose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
