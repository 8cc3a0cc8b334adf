/* Texts and bytes of a row: what is there, what is none, and memory that ends
 * while they are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "failing_memory.h"
#include "state/sql.h"
#include "state/sql_column.h"

static int
setup(void **state)
{
	struct sqlite3 *db;

	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	/* so that a text must be converted, which needs memory */
	assert_int_equal(sql_run(db, "PRAGMA encoding = 'UTF-16le'", NULL, 0),
	    SQLITE_OK);
	*state = db;
	return 0;
}

static int
teardown(void **state)
{
	assert_int_equal(sqlite3_close(*state), SQLITE_OK);
	return 0;
}

static void
expect_bytes(const char *sql, struct sqlite3_stmt *statement,
    const char *bytes, size_t len)
{
	const unsigned char *found;
	size_t found_len;

	assert_int_equal(sql_column_bytes(statement, 0, &found, &found_len),
	    SQLITE_OK);
	if (found_len != (bytes != NULL ? len : 0) || (found_len > 0 &&
	    memcmp(found, bytes, len) != 0) || (bytes == NULL &&
	    found != NULL))
		fail_msg("%s: other bytes", sql);
}

static void
what_is_there(void **state)
{
	static const struct {
		const char *sql;
		const char *text;	/* NULL: none */
		const char *bytes;	/* NULL: none */
		size_t len;
	} rows[] = {
		{ "SELECT 'ann'", "ann", NULL, 0 },
		{ "SELECT ''", "", NULL, 0 },
		{ "SELECT CAST(x'6100620063006400' AS TEXT)", "abcd", NULL, 0 },
		{ "SELECT char(233, 0x20ac)", "\xc3\xa9\xe2\x82\xac", NULL, 0 },
		{ "SELECT NULL", NULL, NULL, 0 },
		{ "SELECT 7", NULL, NULL, 0 },
		{ "SELECT 7.5", NULL, NULL, 0 },
		{ "SELECT char(97, 0, 98)", NULL, NULL, 0 },
		{ "SELECT char(0)", NULL, NULL, 0 },
		{ "SELECT x'00ff00'", NULL, "\0\xff\0", 3 },
		{ "SELECT x''", NULL, NULL, 0 },
		{ "SELECT x'616e6e'", NULL, "ann", 3 },
		{ "SELECT zeroblob(2)", NULL, "\0\0", 2 },
	};
	struct sqlite3_stmt *statement;
	const char *text;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		statement = NULL;
		assert_int_equal(sql_step(*state, rows[i].sql, NULL, 0,
		    &statement), SQLITE_ROW);
		assert_int_equal(sql_column_text(statement, 0, &text),
		    SQLITE_OK);
		if ((text == NULL) != (rows[i].text == NULL) ||
		    (text != NULL && strcmp(text, rows[i].text) != 0))
			fail_msg("%s: %s", rows[i].sql,
			    text != NULL ? text : "none");
		expect_bytes(rows[i].sql, statement, rows[i].bytes,
		    rows[i].len);
		(void)sqlite3_finalize(statement);
	}
}

static void
of_one_size(void **state)
{
	static const struct {
		const char *sql;
		int rc;
	} rows[] = {
		{ "SELECT x'616263'", SQLITE_OK },
		{ "SELECT x'6162'", SQLITE_MISMATCH },
		{ "SELECT x'61626364'", SQLITE_MISMATCH },
		{ "SELECT x''", SQLITE_MISMATCH },
		{ "SELECT 'abc'", SQLITE_MISMATCH },
		{ "SELECT NULL", SQLITE_MISMATCH },
		{ "SELECT 978", SQLITE_MISMATCH },
	};
	static const unsigned char none[3];
	struct sqlite3_stmt *statement;
	unsigned char bytes[3];
	size_t i;
	int rc;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		statement = NULL;
		memset(bytes, 'x', sizeof(bytes));
		assert_int_equal(sql_step(*state, rows[i].sql, NULL, 0,
		    &statement), SQLITE_ROW);
		rc = sql_column_copy(statement, 0, bytes, sizeof(bytes));
		if (rc != rows[i].rc || memcmp(bytes, rc == SQLITE_OK ? "abc" :
		    (const char *)none, sizeof(bytes)) != 0)
			fail_msg("%s: %d", rows[i].sql, rc);
		(void)sqlite3_finalize(statement);
	}
}

/* Of a row that was found, with memory at an end from then on. */
static int
read_starved(struct sqlite3_stmt *statement, int is_text)
{
	const unsigned char *bytes = (const unsigned char *)"";
	const char *text = "";
	size_t len = 7;
	int rc;

	failing_memory_begin(1, FAILING_MEMORY_FOR_GOOD);
	rc = is_text ? sql_column_text(statement, 0, &text) :
	    sql_column_bytes(statement, 0, &bytes, &len);
	(void)failing_memory_end();
	if (is_text)
		assert_null(text);
	else
		assert_true(bytes == NULL && len == 0);
	return rc;
}

/* Who asks again is told the value, or the same. */
static void
expect_no_null(struct sqlite3_stmt *statement, int is_text)
{
	const unsigned char *bytes = NULL;
	const char *text = NULL;
	size_t len;
	const int rc = is_text ? sql_column_text(statement, 0, &text) :
	    sql_column_bytes(statement, 0, &bytes, &len);

	assert_true(rc == SQLITE_NOMEM || text != NULL || bytes != NULL);
}

static void
without_memory(void **state)
{
	static const struct {
		const char *sql;
		int is_text;
	} rows[] = {
		{ "SELECT 'ann'", 1 },
		{ "SELECT ''", 1 },
		{ "SELECT printf('%.*c', 5000, 'x')", 1 },
		{ "SELECT zeroblob(5000 + 0 * random())", 0 },
	};
	const unsigned char *bytes;
	struct sqlite3_stmt *statement;
	const char *text;
	size_t i, len;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		statement = NULL;
		assert_int_equal(sql_step(*state, rows[i].sql, NULL, 0,
		    &statement), SQLITE_ROW);
		if (read_starved(statement, rows[i].is_text) != SQLITE_NOMEM)
			fail_msg("%s: nothing missed", rows[i].sql);
		expect_no_null(statement, rows[i].is_text);
		sql_reset(statement);
		assert_int_equal(sql_step(*state, rows[i].sql, NULL, 0,
		    &statement), SQLITE_ROW);
		assert_int_equal(sql_column_text(statement, 0, &text),
		    SQLITE_OK);
		assert_int_equal(sql_column_bytes(statement, 0, &bytes, &len),
		    SQLITE_OK);
		assert_true(text != NULL || bytes != NULL);
		(void)sqlite3_finalize(statement);
	}
}

/* Each allocation in turn: the text, or not a word of it. */
static void
an_answer_without_memory(void **state)
{
	char text[16];
	size_t nth, total, failed = 0;
	int rc;

	failing_memory_begin(0, FAILING_MEMORY_ONCE);
	assert_int_equal(sql_ask_text(*state, "SELECT 'ok'", text,
	    sizeof(text)), SQLITE_OK);
	total = failing_memory_end();
	assert_string_equal(text, "ok");
	for (nth = 1; nth <= total; nth++) {
		failing_memory_begin(nth, FAILING_MEMORY_ONCE);
		rc = sql_ask_text(*state, "SELECT 'ok'", text, sizeof(text));
		(void)failing_memory_end();
		if (rc != SQLITE_NOMEM && strcmp(text, "ok") != 0)
			fail_msg("allocation %zu: %d, '%s'", nth, rc, text);
		failed += rc == SQLITE_NOMEM;
	}
	assert_true(failed > 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_there, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(of_one_size, setup, teardown),
		cmocka_unit_test_setup_teardown(without_memory, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(an_answer_without_memory,
		    setup, teardown),
	};

	failing_memory_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
