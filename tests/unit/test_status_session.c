/* Rows of sessions in status.db. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scratch.h"
#include "state/status_trim.h"
#include "status_world.h"

#define BOOT STATUS_WORLD_BOOT
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define KEY HASH "2"		/* an opaque token's */

static void
round_trip(void **state)
{
	struct status_world *place = *state;
	struct status_session in, out;

	status_world_make(&in, "J\xc3\xbcrgen", 1000);
	in.facts.is_verified = FACT_YES;
	in.facts.is_anonymous = FACT_NO;
	in.facts.authenticated_at = 1799999999;
	in.facts.has_roles = 1;
	in.facts.has_amr = 1;
	strcpy(in.verified_by, HASH);
	assert_int_equal(word_list_add(&in.facts.roles, "a:b", 3), 0);
	assert_int_equal(word_list_add(&in.facts.roles, "c", 1), 0);
	status_sessions_store(place->status, KEY, &in, &in.started);
	assert_int_equal(status_sessions_load(place->status, KEY, &out,
	    &place->error), 1);
	assert_string_equal(out.facts.user_id, in.facts.user_id);
	assert_int_equal(out.facts.is_verified, FACT_YES);
	assert_int_equal(out.facts.is_anonymous, FACT_NO);
	assert_int_equal(out.facts.can_reauthenticate, FACT_ABSENT);
	assert_int_equal(out.facts.authenticated_at, 1799999999);
	assert_int_equal(out.facts.roles.count, 2);
	assert_string_equal(out.facts.roles.words[1], "c");
	assert_int_equal(out.facts.has_amr, 1);
	assert_int_equal(out.facts.amr.count, 0);
	assert_int_equal(out.started.boottime, 1000);
	assert_string_equal(out.started.boot_id, BOOT);
	assert_string_equal(out.verified_by, HASH);
	status_session_clear(&out);
	status_session_clear(&in);
	/* absent stays absent */
	status_world_store(place->status, KEY, "u", 2000);
	assert_int_equal(status_sessions_load(place->status, KEY, &out,
	    &place->error), 1);
	assert_int_equal(out.facts.has_roles, 0);
	assert_int_equal(out.facts.has_amr, 0);
	assert_int_equal(out.facts.authenticated_at, FACTS_NO_TIME);
	assert_string_equal(out.verified_by, "");
	status_session_clear(&out);
	/* a role that would be read as two is not kept */
	status_world_make(&in, "u", 3000);
	in.facts.has_roles = 1;
	assert_int_equal(word_list_add(&in.facts.roles, "a,b", 3), 0);
	status_sessions_store(place->status, KEY, &in, &in.started);
	assert_string_equal(status_world_user_of(place->status, KEY), "-");
	status_session_clear(&in);
	assert_int_equal(status_sessions_load(place->status, KEY, &out,
	    &place->error), 1);
	assert_int_equal(out.doubted_at, 3000);	/* nor the row of before */
	assert_int_equal(out.started.boottime, 3000);
	assert_int_equal(status_sessions_void_at(place->status, KEY), -1);
	status_session_clear(&out);
}

static void
keys(void **state)
{
	char text[] = "IY73tucWDUyBWEFTvRiOHNth4qZVw0IQ";
	struct credential credential = { .kind = CREDENTIAL_OPAQUE_TOKEN,
	    .text = text, .len = sizeof(text) - 1, .hash = HASH };
	struct status_world *place = *state;
	char key[2][STATUS_KEY_SIZE];

	status_session_key(&credential, key[0]);
	assert_string_equal(key[0], KEY);
	credential.kind = CREDENTIAL_APP_SESSION;
	status_session_key(&credential, key[1]);
	assert_string_equal(key[1], HASH "3");
	/* of one text, each kind has its own row */
	status_world_store(place->status, key[0], "one", 1000);
	assert_string_equal(status_world_user_of(place->status, key[1]), "");
	status_world_store(place->status, key[1], "other", 1000);
	assert_string_equal(status_world_user_of(place->status, key[0]), "one");
	status_world_end(place->status, key[0], 2000);
	assert_string_equal(status_world_user_of(place->status, key[1]),
	    "other");
	/* the first 16 digits, but for the last bits, are the row's number */
	key[1][40] = key[1][40] == 'a' ? 'b' : 'a';
	assert_string_equal(status_world_user_of(place->status, key[1]), "");
	status_world_end(place->status, key[1], 3000);
	key[1][40] = HASH[40];
	assert_string_equal(status_world_user_of(place->status, key[1]),
	    "other");
}

static void
order(void **state)
{
	struct status_world *place = *state;
	struct moment started = { 1800000000, 1, "another" };
	struct status *other = status_world_open(place);

	status_world_store(place->status, KEY, "new", 5000);
	status_world_store(place->status, KEY, "old", 4999);
	assert_string_equal(status_world_user_of(other, KEY), "new");
	status_world_store(place->status, KEY, "newer", 5001);
	assert_string_equal(status_world_user_of(other, KEY), "newer");
	/* a stamp of the far future is wrong */
	status_world_store(place->status, KEY, "future", 500000);
	status_world_store(place->status, KEY, "now", 6000);
	assert_string_equal(status_world_user_of(other, KEY), "now");
	status_world_end(other, KEY, 4000);
	assert_string_equal(status_world_user_of(place->status, KEY), "now");
	status_world_end(other, KEY, 7000);
	assert_string_equal(status_world_user_of(place->status, KEY), "-");
	status_world_store(place->status, KEY, "late", 6999);
	assert_string_equal(status_world_user_of(place->status, KEY), "-");
	/* no row is made for what never was live */
	status_world_end(other, HASH "1", 7000);
	assert_string_equal(status_world_user_of(place->status, HASH "1"), "");
	/* another boot knows nothing of the order */
	status_world_store(place->status, KEY, "again", 8000);
	status_sessions_end(other, KEY, NULL, &started);
	assert_string_equal(status_world_user_of(place->status, KEY), "-");
	status_free(other);
}

static void
doubts(void **state)
{
	struct status_world *place = *state;
	struct status *other = status_world_open(place);

	status_world_doubt(other, KEY, 1000);
	assert_string_equal(status_world_user_of(other, KEY), "");
	status_world_store(place->status, KEY, "user", 2000);
	status_world_doubt(other, KEY, 1999);
	assert_string_equal(status_world_user_of(other, KEY), "user");
	status_world_doubt(other, KEY, 2000);
	assert_string_equal(status_world_user_of(place->status, KEY), "?");
	/* an answer that was on its way does not take it away, a later does */
	status_world_store(place->status, KEY, "user", 1999);
	assert_string_equal(status_world_user_of(other, KEY), "?");
	status_world_store(place->status, KEY, "user", 2001);
	assert_string_equal(status_world_user_of(other, KEY), "user");
	status_world_end(other, KEY, 3000);
	status_world_doubt(other, KEY, 4000);
	assert_string_equal(status_world_user_of(other, KEY), "-");
	status_free(other);
}

/* Kept as bytes or as text: told as it was said. */
static void
user_ids(void **state)
{
	static const struct {
		const char *id;
		int is_text;
	} cases[] = {
		{ "6c0e8a52-93f1-4b7d-a0c4-5e1f2d3b4a69", 0 },
		{ "00000000-0000-0000-0000-000000000000", 0 },
		{ "6C0E8A52-93F1-4B7D-A0C4-5E1F2D3B4A69", 1 },
		{ "6c0e8a5-293f1-4b7d-a0c4-5e1f2d3b4a69", 1 },
		{ "6c0e8a52-93f1-4b7d-a0c4-5e1f2d3b4a6g", 1 },
		{ "6c0e8a52-93f1-4b7d-a0c4-5e1f2d3b4a6", 1 },
		{ "6c0e8a52-93f1-4b7d-a0c4-5e1f2d3b4a690", 1 },
		{ "6c0e8a52093f104b7d0a0c405e1f2d3b4a69", 1 },
		{ "------------------------------------", 1 },
		{ "x", 1 }
	};
	struct status_world *place = *state;
	char sql[160];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		status_world_store(place->status, KEY, cases[i].id, 1000 +
		    (int64_t)i);
		/* a text that is nonsense if the row has none of its own */
		(void)snprintf(sql, sizeof(sql), "UPDATE session SET "
		    "user_id = '' WHERE typeof(user_id) <> '%s'",
		    cases[i].is_text ? "text" : "blob");
		scratch_sql(place->path, sql);
		assert_string_equal(status_world_user_of(place->status,
		    KEY), cases[i].id);
	}
}

static void
nonsense(void **state)
{
	static const char *const sql[] = {
		"UPDATE session SET is_live = 2",
		"UPDATE session SET user_id = NULL",
		"UPDATE session SET user_id = ''",
		"UPDATE session SET user_id = "
		    "x'00112233445566778899aabbccddee'",
		"UPDATE session SET user_id = x''",
		"UPDATE session SET user_id = 7",
		"UPDATE session SET user_id = 'a' || char(0) || 'b'",
		"UPDATE session SET anonymous = 7",
		"UPDATE session SET verified = -1",
		"UPDATE session SET authenticated_at = -5",
		"UPDATE session SET boot = 99",
		"UPDATE session SET doubted_at = 5",
		"UPDATE session SET roles = printf('%.*c', 70000, 'x')",
		"UPDATE session SET verified_by = x'00'",
	};
	struct status_world *place = *state;
	size_t i;

	for (i = 0; i < sizeof(sql) / sizeof(sql[0]); i++) {
		status_world_store(place->status, KEY, "user", 1000 +
		    (int64_t)i);
		scratch_sql(place->path, sql[i]);
		if (strcmp(status_world_user_of(place->status, KEY), "")
		    != 0)
			fail_msg("%s", sql[i]);
	}
	status_world_store(place->status, KEY, "user", 9000);
	assert_string_equal(status_world_user_of(place->status, KEY), "user");
}

/* A doubt that comes behind an end: what began in between serves nobody. */
static void
doubt_after_end(void **state)
{
	struct status_world *place = *state;

	status_world_store(place->status, KEY, "user", 1000);
	status_world_end(place->status, KEY, 2000);
	status_world_doubt(place->status, KEY, 3000);
	status_world_store(place->status, KEY, "between", 2500);
	assert_string_equal(status_world_user_of(place->status, KEY), "-");
	status_world_store(place->status, KEY, "again", 3001);
	assert_string_equal(status_world_user_of(place->status, KEY), "again");
}

/* What makes no sense cannot be told from what is not live. */
static void
nonsense_ends(void **state)
{
	struct status_world *place = *state;

	status_world_store(place->status, KEY, "user", 1000);
	scratch_sql(place->path, "UPDATE session SET anonymous = 7");
	status_world_end(place->status, KEY, 2000);
	assert_string_equal(status_world_user_of(place->status, KEY), "-");
	status_world_store(place->status, KEY, "late", 1999);
	assert_string_equal(status_world_user_of(place->status, KEY), "-");
}

static int
steps_to(struct status_world *place, int64_t max)
{
	const struct moment now = status_world_at(0);
	int steps = 0, more;

	while ((more = status_trim(place->status, max, &now,
	    &place->error)) == 1)
		steps++;
	assert_int_equal(more, 0);
	return steps;
}

/* The oldest lookups go first, in whatever order they were written and
 * whatever the wall clock said; those of an earlier boot before all. */
static void
trim(void **state)
{
	struct status_world *place = *state;
	struct status_session session;
	char key[STATUS_KEY_SIZE];
	int i, n;

	for (i = 0; i < 1000; i++) {
		n = i * 7 % 1000;
		(void)snprintf(key, sizeof(key), "%016x%048d2",
		    (unsigned int)n * 2654435761U, n);
		status_world_make(&session, "u", n < 500 ? 500000 + n : n);
		if (n < 500)
			strcpy(session.started.boot_id, "an earlier boot");
		session.started.wall = 1800000000 - n;
		status_sessions_store(place->status, key, &session,
		    &session.started);
		status_session_clear(&session);
	}
	assert_int_equal(steps_to(place, 1000), 0);
	assert_in_range(steps_to(place, 700), 1, 3);
	assert_in_range(steps_to(place, 100), 2, 10);
	for (i = 0; i < 1000; i++) {
		(void)snprintf(key, sizeof(key), "%016x%048d2",
		    (unsigned int)i * 2654435761U, i);
		assert_string_equal(status_world_user_of(place->status,
		    key), i < 900 ? "" : "u");
	}
	/* refreshed is not older, ended is not less */
	(void)snprintf(key, sizeof(key), "%016x%048d2",
	    900 * 2654435761U, 900);
	status_world_store(place->status, key, "u", 2000);
	status_world_end(place->status, key, 2001);
	assert_in_range(steps_to(place, 99), 0, 1);
	assert_string_equal(status_world_user_of(place->status, key), "-");
	/* rows that somebody else took out are not missed */
	scratch_sql(place->path, "DELETE FROM session");
	(void)steps_to(place, 10);
	for (i = 0; i < 20; i++) {
		(void)snprintf(key, sizeof(key), "%016x%048d2",
		    (unsigned int)i * 2654435761U, i);
		status_world_store(place->status, key, "u", 3000 + i);
	}
	(void)steps_to(place, 10);
	assert_string_equal(status_world_user_of(place->status, key), "u");
	(void)snprintf(key, sizeof(key), "%016x%048d2", 9 * 2654435761U, 9);
	assert_string_equal(status_world_user_of(place->status, key), "");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, status_world_setup, \
	status_world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(round_trip),
		CASE(keys),
		CASE(order),
		CASE(doubts),
		CASE(user_ids),
		CASE(nonsense),
		CASE(doubt_after_end),
		CASE(nonsense_ends),
		CASE(trim)
	};

	return cmocka_run_group_tests_name("status_session", tests, NULL, NULL);
}
