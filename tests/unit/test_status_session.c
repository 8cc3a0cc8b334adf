/* Session status and back-off in status.db. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scratch.h"
#include "state/status_backoff.h"
#include "state/status_change.h"
#include "state/status_pending.h"
#include "state/status_sessions.h"
#include "state/status_trim.h"
#include "state/status_write.h"

#define ENDPOINT "https://auth.example.test"
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define KEY HASH "2"		/* an opaque token's */
#define BOOT "00000000-0000-4000-8000-000000000001"

struct place {
	char *directory;
	struct status *status;
	struct error error;
};

static struct status *
open_it(struct place *place)
{
	struct status *status;

	error_clear(&place->error);
	status = status_open(scratch_path(place->directory, "status.db"),
	    ENDPOINT, NULL, &place->error);
	if (status == NULL)
		fail_msg("%s", error_text(&place->error));
	return status;
}

static int
setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	place->directory = scratch_make();
	place->status = open_it(place);
	*state = place;
	return 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;

	status_free(place->status);
	scratch_remove(place->directory);
	free(place);
	return 0;
}

static void
make(struct status_session *session, const char *user, int64_t boottime)
{
	struct facts *facts = &session->facts;

	status_session_init(session);
	session->is_live = 1;
	session->started.boottime = boottime;
	strcpy(session->started.boot_id, BOOT);
	facts->user_id = strdup(user);
	assert_non_null(facts->user_id);
}

static void
store(struct place *place, const char *key, const char *user, int64_t boottime)
{
	struct status_session session;

	make(&session, user, boottime);
	status_sessions_store(place->status, key, &session, &session.started);
	status_session_clear(&session);
}

static struct moment
at(int64_t boottime)
{
	const struct moment moment = { 1800000000, boottime, BOOT };

	return moment;
}

static void
end(struct status *status, const char *key, int64_t boottime)
{
	const struct moment now = at(boottime);

	status_sessions_end(status, key, NULL, &now);
}

static void
doubt(struct status *status, const char *key, int64_t boottime)
{
	const struct moment now = at(boottime);

	status_sessions_doubt(status, key, NULL, &now);
}

/* Whose row it is now; "" for none, "-" for not live, "?" for doubted. */
static const char *
user_of(struct place *place, struct status *status, const char *key)
{
	static char name[64];
	struct status_session session;
	int found = status_sessions_load(status, key, &session, &place->error);

	assert_int_not_equal(found, -1);
	(void)snprintf(name, sizeof(name), "%s", found == 0 ? "" :
	    !session.is_live ? "-" : session.is_doubted ? "?" :
	    session.facts.user_id);
	status_session_clear(&session);
	return name;
}

/* Keys of one set: their first eight digits are the same. */
static void
key_of_set(char key[STATUS_KEY_SIZE], int number)
{
	(void)snprintf(key, STATUS_KEY_SIZE, "%.60s%04u2", HASH,
	    (unsigned int)number % 10000);
}

static void
round_trip(void **state)
{
	struct place *place = *state;
	struct status_session in, out;

	make(&in, "J\xc3\xbcrgen", 1000);
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
	store(place, KEY, "u", 2000);
	assert_int_equal(status_sessions_load(place->status, KEY, &out,
	    &place->error), 1);
	assert_int_equal(out.facts.has_roles, 0);
	assert_int_equal(out.facts.has_amr, 0);
	assert_int_equal(out.facts.authenticated_at, FACTS_NO_TIME);
	assert_string_equal(out.verified_by, "");
	status_session_clear(&out);
	/* a role that would be read as two is not kept */
	make(&in, "u", 3000);
	in.facts.has_roles = 1;
	assert_int_equal(word_list_add(&in.facts.roles, "a,b", 3), 0);
	status_sessions_store(place->status, KEY, &in, &in.started);
	assert_string_equal(user_of(place, place->status, KEY), "-");
	status_session_clear(&in);
	assert_int_equal(status_sessions_load(place->status, KEY, &out,
	    &place->error), 1);
	assert_int_equal(out.is_doubted, 1);	/* nor the row of before */
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
	struct place *place = *state;
	char key[2][STATUS_KEY_SIZE];

	status_session_key(&credential, key[0]);
	assert_string_equal(key[0], KEY);
	credential.kind = CREDENTIAL_APP_SESSION;
	status_session_key(&credential, key[1]);
	assert_string_equal(key[1], HASH "3");
	/* of one text, each kind has its own row */
	store(place, key[0], "one", 1000);
	assert_string_equal(user_of(place, place->status, key[1]), "");
	store(place, key[1], "other", 1000);
	assert_string_equal(user_of(place, place->status, key[0]), "one");
	end(place->status, key[0], 2000);
	assert_string_equal(user_of(place, place->status, key[1]), "other");
	/* the first 16 digits, but for the last bits, are the row's number */
	key[1][40] = key[1][40] == 'a' ? 'b' : 'a';
	assert_string_equal(user_of(place, place->status, key[1]), "");
	end(place->status, key[1], 3000);
	key[1][40] = HASH[40];
	assert_string_equal(user_of(place, place->status, key[1]), "other");
}

static void
order(void **state)
{
	struct place *place = *state;
	struct moment started = { 1800000000, 1, "another" };
	struct status *other = open_it(place);

	store(place, KEY, "new", 5000);
	store(place, KEY, "old", 4999);
	assert_string_equal(user_of(place, other, KEY), "new");
	store(place, KEY, "newer", 5001);
	assert_string_equal(user_of(place, other, KEY), "newer");
	/* a stamp of the far future is wrong */
	store(place, KEY, "future", 500000);
	store(place, KEY, "now", 6000);
	assert_string_equal(user_of(place, other, KEY), "now");
	end(other, KEY, 4000);
	assert_string_equal(user_of(place, place->status, KEY), "now");
	end(other, KEY, 7000);
	assert_string_equal(user_of(place, place->status, KEY), "-");
	store(place, KEY, "late", 6999);
	assert_string_equal(user_of(place, place->status, KEY), "-");
	/* no row is made for what never was live */
	end(other, HASH "1", 7000);
	assert_string_equal(user_of(place, place->status, HASH "1"), "");
	/* another boot knows nothing of the order */
	store(place, KEY, "again", 8000);
	status_sessions_end(other, KEY, NULL, &started);
	assert_string_equal(user_of(place, place->status, KEY), "-");
	status_free(other);
}

static void
doubts(void **state)
{
	struct place *place = *state;
	struct status *other = open_it(place);

	doubt(other, KEY, 1000);
	assert_string_equal(user_of(place, other, KEY), "");
	store(place, KEY, "user", 2000);
	doubt(other, KEY, 1999);
	assert_string_equal(user_of(place, other, KEY), "user");
	doubt(other, KEY, 2000);
	assert_string_equal(user_of(place, place->status, KEY), "?");
	/* an answer that was on its way does not take it away, a later does */
	store(place, KEY, "user", 1999);
	assert_string_equal(user_of(place, other, KEY), "?");
	store(place, KEY, "user", 2001);
	assert_string_equal(user_of(place, other, KEY), "user");
	end(other, KEY, 3000);
	doubt(other, KEY, 4000);
	assert_string_equal(user_of(place, other, KEY), "-");
	status_free(other);
}

/* Whatever waits to be written counts for its process at once, and for the
 * others from when it is. */
static void
waiting(void **state)
{
	struct place *place = *state;
	struct status *other = open_it(place);
	struct sqlite3 *blocker;

	store(place, KEY, "old", 1000);
	blocker = scratch_block(scratch_path(place->directory, "status.db"));
	store(place, KEY, "new", 2000);
	assert_string_equal(user_of(place, place->status, KEY), "new");
	assert_string_equal(user_of(place, other, KEY), "old");
	store(place, KEY, "late", 1500);
	assert_string_equal(user_of(place, place->status, KEY), "new");
	doubt(place->status, KEY, 2500);
	assert_string_equal(user_of(place, place->status, KEY), "?");
	end(place->status, KEY, 2600);
	assert_string_equal(user_of(place, place->status, KEY), "-");
	store(place, KEY, "late", 2599);
	assert_string_equal(user_of(place, place->status, KEY), "-");
	end(place->status, HASH "3", 2600);
	assert_string_equal(user_of(place, place->status, HASH "3"), "");
	scratch_unblock(blocker);
	assert_string_equal(user_of(place, other, KEY), "old");
	store(place, HASH "1", "writes", 3000);
	assert_string_equal(user_of(place, other, KEY), "-");
	assert_string_equal(user_of(place, other, HASH "1"), "writes");
	status_free(other);
}

/* Two processes hear of one session while a third holds the file: whoever
 * writes first, the later answer stands. */
static void
waiting_both(void **state)
{
	static const struct {
		int64_t live, ended;
		int live_first;
		const char *user;
	} cases[] = {
		{ 2000, 2500, 0, "-" },
		{ 2000, 2500, 1, "-" },
		{ 2000, 1900, 0, "new" },
		{ 2000, 1900, 1, "new" },
	};
	struct place *place = *state;
	struct status *other = open_it(place);
	struct moment late;
	struct sqlite3 *blocker;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		scratch_sql(scratch_path(place->directory, "status.db"),
		    "DELETE FROM session");
		blocker = scratch_block(scratch_path(place->directory,
		    "status.db"));
		store(place, KEY, "new", cases[i].live);
		/* it does not know of the row, which is nowhere yet */
		end(other, KEY, cases[i].ended);
		scratch_unblock(blocker);
		late = at(cases[i].ended + STATUS_LATE_MS);
		if (cases[i].live_first)
			status_write_now(place->status, &late);
		status_write_now(other, &late);
		status_write_now(place->status, &late);
		assert_string_equal(user_of(place, other, KEY),
		    cases[i].user);
		assert_string_equal(user_of(place, place->status, KEY),
		    cases[i].user);
	}
	status_free(other);
}

/* What has no place in memory either makes older rows of its set count for
 * nothing, and those of later lookups go on. */
static void
too_much(void **state)
{
	struct place *place = *state;
	struct sqlite3 *blocker;
	char key[STATUS_KEY_SIZE];
	struct moment now;
	int i;

	store(place, KEY, "user", 1000);
	blocker = scratch_block(scratch_path(place->directory, "status.db"));
	end(place->status, KEY, 2000);
	for (i = 0; i < 7; i++) {
		key_of_set(key, i);
		store(place, key, "more", 3000 + i);
	}
	assert_string_equal(user_of(place, place->status, KEY), "-");
	assert_int_equal(status_sessions_void_at(place->status, KEY), -1);
	key_of_set(key, 7);
	store(place, key, "one more", 3007);
	/* the oldest but the end has lost its place: what is older is void */
	assert_string_equal(user_of(place, place->status, KEY), "-");
	assert_int_equal(status_sessions_void_at(place->status, KEY), 3000);
	assert_string_equal(user_of(place, place->status, key), "one more");
	key_of_set(key, 8);
	store(place, key, "older", 2999);
	assert_string_equal(user_of(place, place->status, key), "");
	assert_int_equal(status_sessions_void_at(place->status, KEY), 3000);
	/* ends take the places of all others, then of older ends */
	for (i = 0; i < 7; i++) {
		key_of_set(key, 10 + i);
		end(place->status, key, 2001 + i);
	}
	assert_string_equal(user_of(place, place->status, KEY), "-");
	assert_int_equal(status_sessions_void_at(place->status, KEY), 3007);
	key_of_set(key, 20);
	store(place, key, "no place", 9000);
	assert_string_equal(user_of(place, place->status, key), "");
	assert_int_equal(status_sessions_void_at(place->status, KEY), 9000);
	key_of_set(key, 21);
	end(place->status, key, 9001);
	assert_string_equal(user_of(place, place->status, KEY), "user");
	assert_int_equal(status_sessions_void_at(place->status, KEY), 9000);
	/* another set is another matter */
	(void)snprintf(key, sizeof(key), "1%.63s2", HASH);
	assert_int_equal(status_sessions_void_at(place->status, key), -1);
	scratch_unblock(blocker);
	now = at(9002);
	status_write_now(place->status, &now);
	assert_int_equal(status_sessions_void_at(place->status, KEY), 9000);
	store(place, KEY, "again", 9003);
	assert_string_equal(user_of(place, place->status, KEY), "again");
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
	struct place *place = *state;
	char sql[160];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		store(place, KEY, cases[i].id, 1000 + (int64_t)i);
		/* a text that is nonsense if the row has none of its own */
		(void)snprintf(sql, sizeof(sql), "UPDATE session SET "
		    "user_id = '' WHERE typeof(user_id) <> '%s'",
		    cases[i].is_text ? "text" : "blob");
		scratch_sql(scratch_path(place->directory, "status.db"), sql);
		assert_string_equal(user_of(place, place->status, KEY),
		    cases[i].id);
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
		"UPDATE session SET is_doubted = 5",
		"UPDATE session SET roles = printf('%.*c', 70000, 'x')",
		"UPDATE session SET verified_by = x'00'",
	};
	struct place *place = *state;
	size_t i;

	for (i = 0; i < sizeof(sql) / sizeof(sql[0]); i++) {
		store(place, KEY, "user", 1000 + (int64_t)i);
		scratch_sql(scratch_path(place->directory, "status.db"),
		    sql[i]);
		if (strcmp(user_of(place, place->status, KEY), "") != 0)
			fail_msg("%s", sql[i]);
	}
	store(place, KEY, "user", 9000);
	assert_string_equal(user_of(place, place->status, KEY), "user");
}

/* A doubt that comes behind an end: what began in between serves nobody. */
static void
doubt_after_end(void **state)
{
	struct place *place = *state;

	store(place, KEY, "user", 1000);
	end(place->status, KEY, 2000);
	doubt(place->status, KEY, 3000);
	store(place, KEY, "between", 2500);
	assert_string_equal(user_of(place, place->status, KEY), "-");
	store(place, KEY, "again", 3001);
	assert_string_equal(user_of(place, place->status, KEY), "again");
}

static void
no_wake(void *context, int is_urgent)
{
	(void)context;
	(void)is_urgent;
}

static void
put_into(struct status *status, const char *user, int64_t boottime)
{
	struct status_session session;

	make(&session, user, boottime);
	status_sessions_store(status, KEY, &session, &session.started);
	status_session_clear(&session);
}

/* What waits counts where the file cannot be read, but never before an end that
 * was written: that is only there to be read. */
static void
without_the_file(void **state)
{
	struct place *place = *state;
	const char *path = scratch_path(place->directory, "status.db");
	const struct moment now = at(5000);
	struct status_pending *pending = status_pending_new();
	struct status_session row;
	struct status *status;

	assert_non_null(pending);
	status = status_open(path, ENDPOINT, pending, &place->error);
	assert_non_null(status);
	status_pending_serve(pending, no_wake, NULL);
	put_into(status, "user", 1000);
	end(status, KEY, 2000);
	assert_int_equal(status_write(status, &now, NULL), STATUS_WRITE_DONE);
	scratch_sql(path, "DROP TABLE session");
	assert_int_equal(status_sessions_load(status, KEY, &row, NULL), -1);
	put_into(status, "late", 2000);
	assert_int_equal(status_sessions_load(status, KEY, &row, NULL), -1);
	put_into(status, "again", 2001);
	assert_int_equal(status_sessions_load(status, KEY, &row, NULL), 1);
	assert_string_equal(row.facts.user_id, "again");
	assert_int_equal(row.is_alone, 1);
	status_session_clear(&row);
	doubt(status, KEY, 3000);
	assert_int_equal(status_sessions_load(status, KEY, &row, NULL), 1);
	assert_int_equal(row.is_doubted, 1);
	status_session_clear(&row);
	status_free(status);
	status_pending_free(pending);
}

/* What makes no sense cannot be told from what is not live. */
static void
nonsense_ends(void **state)
{
	struct place *place = *state;

	store(place, KEY, "user", 1000);
	scratch_sql(scratch_path(place->directory, "status.db"),
	    "UPDATE session SET anonymous = 7");
	end(place->status, KEY, 2000);
	assert_string_equal(user_of(place, place->status, KEY), "-");
	store(place, KEY, "late", 1999);
	assert_string_equal(user_of(place, place->status, KEY), "-");
}

static int
steps_to(struct place *place, int64_t max)
{
	const struct moment now = at(0);
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
	struct place *place = *state;
	struct status_session session;
	char key[STATUS_KEY_SIZE];
	int i, n;

	for (i = 0; i < 1000; i++) {
		n = i * 7 % 1000;
		(void)snprintf(key, sizeof(key), "%016x%048d2",
		    (unsigned int)n * 2654435761U, n);
		make(&session, "u", n < 500 ? 500000 + n : n);
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
		assert_string_equal(user_of(place, place->status, key),
		    i < 900 ? "" : "u");
	}
	/* refreshed is not older, ended is not less */
	(void)snprintf(key, sizeof(key), "%016x%048d2",
	    900 * 2654435761U, 900);
	store(place, key, "u", 2000);
	end(place->status, key, 2001);
	assert_in_range(steps_to(place, 99), 0, 1);
	assert_string_equal(user_of(place, place->status, key), "-");
	/* rows that somebody else took out are not missed */
	scratch_sql(scratch_path(place->directory, "status.db"),
	    "DELETE FROM session");
	(void)steps_to(place, 10);
	for (i = 0; i < 20; i++) {
		(void)snprintf(key, sizeof(key), "%016x%048d2",
		    (unsigned int)i * 2654435761U, i);
		store(place, key, "u", 3000 + i);
	}
	(void)steps_to(place, 10);
	assert_string_equal(user_of(place, place->status, key), "u");
	(void)snprintf(key, sizeof(key), "%016x%048d2", 9 * 2654435761U, 9);
	assert_string_equal(user_of(place, place->status, key), "");
}

static void
back_off(void **state)
{
	struct place *place = *state;
	struct moment now = { 1800000000, 100000, BOOT };
	struct status *other = open_it(place);
	int64_t until, last = 0;
	int i, failures;

	for (i = 1; i <= 12; i++) {
		assert_int_equal(status_backoff_failed(place->status, &now, 0,
		    &place->error), 0);
		assert_int_equal(status_backoff_load(other, &now, &until,
		    &failures, &place->error), 0);
		assert_int_equal(failures, i);
		if (i <= 2)
			assert_true(until <= now.boottime);
		else
			assert_in_range(until - now.boottime, last,
			    STATUS_BACKOFF_MAX_MS);
		last = until - now.boottime;
	}
	assert_int_equal(last, STATUS_BACKOFF_MAX_MS);
	/* jitter takes up to half away */
	assert_int_equal(status_backoff_failed(place->status, &now, 255,
	    &place->error), 0);
	assert_int_equal(status_backoff_load(other, &now, &until, &failures,
	    &place->error), 0);
	assert_int_equal(until - now.boottime, STATUS_BACKOFF_MAX_MS / 2);
	/* of another boot, or of the far future, it is none */
	now.boottime = 1;
	assert_int_equal(status_backoff_load(other, &now, &until, &failures,
	    &place->error), 0);
	assert_int_equal(until, 0);
	now.boottime = 100000;
	now.boot_id[0] = '9';
	assert_int_equal(status_backoff_load(other, &now, &until, &failures,
	    &place->error), 0);
	assert_int_equal(failures, 0);
	now.boot_id[0] = '0';
	assert_int_equal(status_backoff_over(other, &now, &place->error), 0);
	assert_int_equal(status_backoff_over(other, &now, &place->error), 0);
	assert_int_equal(status_backoff_load(place->status, &now, &until,
	    &failures, &place->error), 0);
	assert_int_equal(failures, 0);
	status_free(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(keys, setup, teardown),
		cmocka_unit_test_setup_teardown(order, setup, teardown),
		cmocka_unit_test_setup_teardown(doubts, setup, teardown),
		cmocka_unit_test_setup_teardown(waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(waiting_both, setup, teardown),
		cmocka_unit_test_setup_teardown(too_much, setup, teardown),
		cmocka_unit_test_setup_teardown(user_ids, setup, teardown),
		cmocka_unit_test_setup_teardown(nonsense, setup, teardown),
		cmocka_unit_test_setup_teardown(doubt_after_end, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(without_the_file, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(nonsense_ends, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(trim, setup, teardown),
		cmocka_unit_test_setup_teardown(back_off, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
