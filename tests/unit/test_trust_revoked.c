/* Revocations in trust.db: written, listed, lifted, and seen by readers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "scratch.h"
#include "state/write/trust_list.h"
#include "trust_world.h"

#define ENDPOINT TRUST_WORLD_ENDPOINT
#define WALL TRUST_WORLD_WALL
#define NO REVOCATION_NO_TIME

static void
expect(struct trust_world *place, const char *name, enum reason reason)
{
	const enum reason told = trust_world_ask(place, "me");

	if (told != reason)
		fail_msg("%s: %s", name, reason_name(told));
}

/* Every kind is seen by a reader that was open before, and lifted again. */
static void
test_kinds(void **state)
{
	static const struct {
		const char *name;
		enum revocation_kind kind;
		enum revocation_rule rule;
		const char *value, *other;
		int64_t from, until;
		enum reason reason;
	} rows[] = {
		{ "jti", REVOCATION_TOKEN, REVOCATION_REVOKED, "jti", "jt", NO,
		    NO, REASON_REVOKED },
		{ "hash", REVOCATION_TOKEN, REVOCATION_REVOKED, "hash", "kid",
		    NO, NO, REASON_REVOKED },
		{ "user signed out", REVOCATION_USER, REVOCATION_SIGNED_OUT,
		    "me", "ME", WALL, NO, REASON_SIGNED_OUT },
		{ "user blocked", REVOCATION_USER, REVOCATION_BLOCKED, "me",
		    "me ", NO, NO, REASON_USER_BLOCKED },
		{ "client signed out", REVOCATION_CLIENT, REVOCATION_SIGNED_OUT,
		    "portal", "jti", WALL, NO, REASON_CLIENT_REVOKED },
		{ "client blocked", REVOCATION_CLIENT, REVOCATION_BLOCKED,
		    "portal", "me", NO, WALL + 1, REASON_CLIENT_REVOKED },
		{ "key", REVOCATION_KEY, REVOCATION_REVOKED, "kid", "KID", NO,
		    NO, REASON_KEY_REVOKED },
		{ "all", REVOCATION_ALL, REVOCATION_SIGNED_OUT, "", NULL, WALL,
		    NO, REASON_SIGNED_OUT },
	};
	struct trust_world *place = *state;
	int64_t id, before = 0;
	size_t i;

	expect(place, "nothing revoked", REASON_GRANTED);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].other != NULL) {
			(void)trust_world_add(place, rows[i].kind, rows[i].rule,
			    rows[i].other, rows[i].from, rows[i].until);
			expect(place, rows[i].name, REASON_GRANTED);
		}
		id = trust_world_add(place, rows[i].kind, rows[i].rule,
		    rows[i].value, rows[i].from, rows[i].until);
		assert_true(id > before);
		before = id;
		expect(place, rows[i].name, rows[i].reason);
		if (i % 2 == 0)
			assert_int_equal(trust_world_lift(place, id, 0, NULL),
			    1);
		else
			assert_int_equal(trust_world_lift(place, 0,
			    rows[i].kind, rows[i].value), 1);
		expect(place, rows[i].name, REASON_GRANTED);
		assert_int_equal(trust_world_lift(place, id, 0, NULL), 0);
	}
}

static void
test_strongest(void **state)
{
	struct trust_world *place = *state;

	(void)trust_world_add(place, REVOCATION_ALL, REVOCATION_SIGNED_OUT, "",
	    WALL, NO);
	assert_int_equal(trust_world_ask(place, "me"), REASON_SIGNED_OUT);
	(void)trust_world_block(place, "me");
	assert_int_equal(trust_world_ask(place, "me"), REASON_USER_BLOCKED);
	(void)trust_world_add(place, REVOCATION_CLIENT, REVOCATION_BLOCKED,
	    "portal", NO, NO);
	assert_int_equal(trust_world_ask(place, "me"), REASON_CLIENT_REVOKED);
	(void)trust_world_add(place, REVOCATION_KEY, REVOCATION_REVOKED, "kid",
	    NO, NO);
	(void)trust_world_add(place, REVOCATION_TOKEN, REVOCATION_REVOKED,
	    "jti", NO, NO);
	assert_int_equal(trust_world_ask(place, "me"), REASON_KEY_REVOKED);
}

static void
test_refused(void **state)
{
	static char too_long[TRUST_WRITER_MAX_VALUE + 2];
	static const struct {
		const char *name;
		struct revocation row;
		const char *reason, *wrong;
	} rows[] = {
		{ "user, tomorrow", { REVOCATION_USER, REVOCATION_SIGNED_OUT,
		    "a", WALL + 1, NO }, "", "future" },
		{ "all, tomorrow", { REVOCATION_ALL, REVOCATION_SIGNED_OUT, "",
		    WALL + 1, NO }, "", "future" },
		{ "block, over", { REVOCATION_USER, REVOCATION_BLOCKED, "a", NO,
		    WALL }, "", "over already" },
		{ "block, no length", { REVOCATION_USER, REVOCATION_BLOCKED,
		    "a", WALL + 9, WALL + 9 }, "", "ends before it begins" },
		{ "no value", { REVOCATION_USER, REVOCATION_BLOCKED, "", NO, NO
		    }, "", "value is missing" },
		{ "a blocked key", { REVOCATION_KEY, REVOCATION_BLOCKED, "a",
		    NO, NO }, "", "no such revocation" },
		{ "new line", { REVOCATION_USER, REVOCATION_BLOCKED, "a\nb", NO,
		    NO }, "", "control character" },
		{ "DEL", { REVOCATION_USER, REVOCATION_BLOCKED, "a\x7f", NO, NO
		    }, "", "control character" },
		{ "C1", { REVOCATION_USER, REVOCATION_BLOCKED, "a\xc2\x9b", NO,
		    NO }, "", "control character" },
		{ "value not UTF-8", { REVOCATION_USER, REVOCATION_BLOCKED,
		    "a\xff", NO, NO }, "", "not UTF-8" },
		{ "value too long", { REVOCATION_USER, REVOCATION_BLOCKED,
		    too_long, NO, NO }, "", "longer than 2048" },
		{ "reason with ESC", { REVOCATION_USER, REVOCATION_BLOCKED, "a",
		    NO, NO }, "x\x1b[31m", "reason has a control" },
		{ "reason not UTF-8", { REVOCATION_USER, REVOCATION_BLOCKED,
		    "a", NO, NO }, "\xc3", "reason is not UTF-8" },
	};
	struct trust_world *place = *state;
	struct moment now = trust_world_at(1000);
	struct trust_added added;
	size_t i;

	memset(too_long, 'a', sizeof(too_long) - 1);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct trust_note other = { "tester", rows[i].reason, "cli",
			NULL };

		error_clear(&place->error);
		if (trust_writer_add(place->writer, &rows[i].row, &other,
		    &now, &added, &place->error) != TRUST_FAILED ||
		    strstr(error_text(&place->error), rows[i].wrong) == NULL ||
		    added.id != 0 || added.is_new != 0)
			fail_msg("%s: %s", rows[i].name,
			    error_text(&place->error));
	}
	assert_int_equal(trust_world_ask(place, "a"), REASON_GRANTED);
	/* the last second is no future yet */
	(void)trust_world_add(place, REVOCATION_USER, REVOCATION_SIGNED_OUT,
	    "a", WALL, NO);
}

static void
test_twice(void **state)
{
	const struct revocation row = { REVOCATION_TOKEN, REVOCATION_REVOKED,
	    "jti", NO, NO };
	struct trust_world *place = *state;
	struct moment now = trust_world_at(1000);
	struct trust_added added;
	int64_t first, second;

	first = trust_world_add(place, REVOCATION_TOKEN, REVOCATION_REVOKED,
	    "jti", NO, NO);
	assert_int_equal(trust_writer_add(place->writer, &row,
	    &trust_world_note, &now, &added, &place->error), TRUST_WRITTEN);
	assert_int_equal(added.is_new, 0);
	assert_int_equal(added.id, first);
	/* each signing out has a time of its own */
	first = trust_world_add(place, REVOCATION_USER, REVOCATION_SIGNED_OUT,
	    "me", WALL - 9, NO);
	second = trust_world_add(place, REVOCATION_USER, REVOCATION_SIGNED_OUT,
	    "me", WALL, NO);
	assert_int_not_equal(first, second);
	assert_int_equal(trust_world_lift(place, 0, REVOCATION_USER, "me"), 2);
	assert_int_equal(trust_world_lift(place, 0, REVOCATION_TOKEN, "jti"),
	    1);
}

struct seen {
	char text[8][256];
	int count;
};

static int
collect(void *context, int columns, char **values, char **names)
{
	struct seen *seen = context;

	(void)names;
	assert_true(seen->count < 8);
	(void)snprintf(seen->text[seen->count++], 256, "%s|%s|%s|%s",
	    values[0], columns > 1 ? values[1] : "",
	    columns > 2 ? values[2] : "", columns > 3 ? values[3] : "");
	return 0;
}

static void
test_audit(void **state)
{
	struct trust_world *place = *state;
	struct seen seen = { { "" }, 0 };
	struct sqlite3 *db;
	int64_t id;

	id = trust_world_block(place, "somebody");
	assert_int_equal(trust_world_lift(place, id, 0, NULL), 1);
	assert_int_equal(trust_world_lift(place, id, 0, NULL), 0);
	(void)trust_world_add(place, REVOCATION_ALL, REVOCATION_SIGNED_OUT, "",
	    WALL, NO);
	assert_int_equal(sqlite3_open_v2(place->file, &db,
	    SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "SELECT time, actor, action, detail"
	    " FROM audit ORDER BY id", collect, &seen, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
	assert_int_equal(seen.count, 4);
	assert_string_equal(seen.text[1], "1700000000|tester|block|"
	    "user somebody blocked: a stolen laptop");
	assert_string_equal(seen.text[2], "1700000000|tester|lift|"
	    "2 user somebody blocked: a stolen laptop");
	assert_string_equal(seen.text[3], "1700000000|tester|revoke|"
	    "all  signed-out from 2023-11-14T22:13:20Z: a stolen laptop");
}

static void
test_list(void **state)
{
	struct trust_world *place = *state;
	struct trust_list_row row;
	struct trust_list *list;
	int64_t id;

	list = trust_list_open(place->directory, ENDPOINT, NULL,
	    &place->error);
	assert_non_null(list);
	assert_int_equal(trust_list_next(list, &row, &place->error), 0);
	trust_list_free(list);
	id = trust_world_add(place, REVOCATION_USER, REVOCATION_BLOCKED, "me",
	    WALL + 5, WALL + 9);
	(void)trust_world_add(place, REVOCATION_KEY, REVOCATION_REVOKED, "kid",
	    NO, NO);
	list = trust_list_open(place->directory, ENDPOINT, NULL,
	    &place->error);
	assert_non_null(list);
	assert_int_equal(trust_list_next(list, &row, &place->error), 1);
	assert_int_equal(row.id, id);
	assert_int_equal(row.revocation.kind, REVOCATION_USER);
	assert_int_equal(row.revocation.rule, REVOCATION_BLOCKED);
	assert_string_equal(row.revocation.value, "me");
	assert_int_equal(row.revocation.from, WALL + 5);
	assert_int_equal(row.revocation.until, WALL + 9);
	assert_string_equal(row.reason, trust_world_note.reason);
	assert_string_equal(row.actor, "tester");
	assert_string_equal(row.source, "cli");
	assert_int_equal(row.time, WALL);
	assert_int_equal(trust_list_next(list, &row, &place->error), 1);
	assert_int_equal(row.revocation.kind, REVOCATION_KEY);
	assert_int_equal(row.revocation.from, NO);
	assert_int_equal(trust_list_next(list, &row, &place->error), 0);
	trust_list_free(list);
	assert_null(trust_list_open(place->directory, "https://b.example",
	    NULL, &place->error));
	assert_null(trust_writer_open(place->directory, "https://b.example",
	    &place->error));
}

#define SENSELESS "INSERT INTO revocation (kind, value, id, rule, reason, " \
	"actor, source, time) VALUES ('user', 'me', 1, 'signed-out', '', " \
	"'x', 'x', 1)"

static void
test_senseless(void **state)
{
	struct trust_world *place = *state;
	struct trust_list_row row;
	struct trust_list *list;

	scratch_sql(place->file, SENSELESS);
	assert_int_equal(trust_world_ask(place, "me"), REASON_STATE_UNREADABLE);
	assert_non_null(strstr(error_text(&place->error), "damaged"));
	error_clear(&place->error);
	list = trust_list_open(place->directory, ENDPOINT, NULL,
	    &place->error);
	assert_non_null(list);
	assert_int_equal(trust_list_next(list, &row, &place->error), -1);
	if (strstr(error_text(&place->error), "lift 1'") == NULL)
		fail_msg("%s", error_text(&place->error));
	trust_list_free(list);
	assert_int_equal(trust_world_lift(place, 1, 0, NULL), 1);
	assert_int_equal(trust_world_ask_of(place->trust, "me", 3000,
	    &place->error), REASON_GRANTED);
}

/* A table that cannot be read is never "nothing revoked". */
static void
test_no_table(void **state)
{
	struct trust_world *place = *state;

	assert_int_equal(trust_world_ask(place, "me"), REASON_GRANTED);
	scratch_sql(place->file, "ALTER TABLE revocation RENAME TO gone");
	assert_int_equal(trust_world_ask(place, "me"), REASON_STATE_UNREADABLE);
	assert_int_equal(trust_world_ask_of(place->trust, "me", 9000,
	    &place->error), REASON_STATE_UNREADABLE);
	scratch_sql(place->file, "ALTER TABLE gone RENAME TO revocation");
	assert_int_equal(trust_world_ask_of(place->trust, "me", 20000,
	    &place->error), REASON_GRANTED);
	(void)trust_world_block(place, "me");
	assert_int_equal(trust_world_ask_of(place->trust, "me", 20000,
	    &place->error), REASON_USER_BLOCKED);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, trust_world_setup, \
	trust_world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_kinds),
		CASE(test_strongest),
		CASE(test_refused),
		CASE(test_twice),
		CASE(test_audit),
		CASE(test_list),
		CASE(test_senseless),
		CASE(test_no_table)
	};

	return cmocka_run_group_tests_name("trust_revoked", tests, NULL, NULL);
}
