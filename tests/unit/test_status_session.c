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
#include "status_session.h"

#define ENDPOINT "https://auth.example.test"
#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
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
	    ENDPOINT, &place->error);
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
	session->started.wall = 1800000000;
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
	assert_int_equal(status_session_store(place->status, key, &session,
	    &place->error), 0);
	status_session_clear(&session);
}

/* Whose row it is now; "" for none, "-" for not live. */
static const char *
user_of(struct place *place, struct status *status, const char *key)
{
	static char name[64];
	struct status_session session;
	int found = status_session_load(status, key, &session, &place->error);

	assert_int_not_equal(found, -1);
	(void)snprintf(name, sizeof(name), "%s", found == 0 ? "" :
	    !session.is_live ? "-" : session.facts.user_id);
	status_session_clear(&session);
	return name;
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
	strcpy(in.verified_by, KEY);
	assert_int_equal(word_list_add(&in.facts.roles, "a:b", 3), 0);
	assert_int_equal(word_list_add(&in.facts.roles, "c", 1), 0);
	assert_int_equal(status_session_store(place->status, KEY, &in,
	    &place->error), 0);
	assert_int_equal(status_session_load(place->status, KEY, &out,
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
	assert_int_equal(out.started.wall, 1800000000);
	assert_int_equal(out.started.boottime, 1000);
	assert_string_equal(out.started.boot_id, BOOT);
	assert_string_equal(out.verified_by, KEY);
	status_session_clear(&out);
	status_session_clear(&in);
	/* absent stays absent */
	store(place, KEY, "u", 2000);
	assert_int_equal(status_session_load(place->status, KEY, &out,
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
	assert_int_equal(status_session_store(place->status, KEY, &in, NULL),
	    -1);
	status_session_clear(&in);
}

static void
keys(void **state)
{
	char text[] = "IY73tucWDUyBWEFTvRiOHNth4qZVw0IQ";
	struct credential credential = { .kind = CREDENTIAL_OPAQUE_TOKEN,
	    .text = text, .len = sizeof(text) - 1 };
	char all[4][HASH_HEX_SIZE];
	int i, j;

	(void)state;
	assert_int_equal(status_session_key(ENDPOINT, &credential, all[0]), 0);
	assert_int_equal(status_session_key(ENDPOINT "x", &credential,
	    all[1]), 0);
	credential.kind = CREDENTIAL_APP_SESSION;
	assert_int_equal(status_session_key(ENDPOINT, &credential, all[2]), 0);
	text[0] = 'X';
	assert_int_equal(status_session_key(ENDPOINT, &credential, all[3]), 0);
	for (i = 0; i < 4; i++)
		for (j = 0; j < i; j++)
			assert_string_not_equal(all[i], all[j]);
	/* hex digits */
	assert_int_equal(strlen(all[3]), 64);
}

static void
order(void **state)
{
	struct place *place = *state;
	struct moment started = { 1800000000, 4000, BOOT };
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
	assert_int_equal(status_session_end(other, KEY, &started,
	    &place->error), 0);
	assert_string_equal(user_of(place, place->status, KEY), "now");
	started.boottime = 7000;
	assert_int_equal(status_session_end(other, KEY, &started,
	    &place->error), 0);
	assert_string_equal(user_of(place, place->status, KEY), "-");
	store(place, KEY, "late", 6999);
	assert_string_equal(user_of(place, place->status, KEY), "-");
	/* no row is made for what never was live */
	assert_int_equal(status_session_end(other, "none", &started,
	    &place->error), 0);
	assert_string_equal(user_of(place, place->status, "none"), "");
	/* another boot knows nothing of the order */
	strcpy(started.boot_id, "another");
	started.boottime = 1;
	store(place, KEY, "again", 8000);
	assert_int_equal(status_session_end(other, KEY, &started,
	    &place->error), 0);
	assert_string_equal(user_of(place, place->status, KEY), "-");
	status_free(other);
}

static void
nonsense(void **state)
{
	static const char *const sql[] = {
		"UPDATE session SET is_live = 2",
		"UPDATE session SET user_id = NULL",
		"UPDATE session SET user_id = ''",
		"UPDATE session SET user_id = 'a' || char(0) || 'b'",
		"UPDATE session SET anonymous = 7",
		"UPDATE session SET verified = -1",
		"UPDATE session SET authenticated_at = -5",
		"UPDATE session SET boot_id = printf('%.*c', 200, 'x')",
		"UPDATE session SET roles = printf('%.*c', 70000, 'x')",
		"UPDATE session SET verified_by = printf('%.*c', 65, 'a')",
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

static void
trim(void **state)
{
	struct place *place = *state;
	struct status_session session;
	char key[HASH_HEX_SIZE];
	int i, steps = 0, more;

	for (i = 0; i < 1000; i++) {
		(void)snprintf(key, sizeof(key), "%064d", i);
		make(&session, "u", 1000);
		session.started.wall = 1800000000 + i;
		assert_int_equal(status_session_store(place->status, key,
		    &session, &place->error), 0);
		status_session_clear(&session);
	}
	assert_int_equal(status_session_trim(place->status, 1000,
	    &place->error), 0);
	while ((more = status_session_trim(place->status, 100,
	    &place->error)) == 1)
		steps++;
	assert_int_equal(more, 0);
	assert_in_range(steps, 2, 10);
	/* the oldest went */
	(void)snprintf(key, sizeof(key), "%064d", 899);
	assert_string_equal(user_of(place, place->status, key), "");
	(void)snprintf(key, sizeof(key), "%064d", 900);
	assert_string_equal(user_of(place, place->status, key), "u");
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
	assert_int_equal(status_backoff_over(other, &place->error), 0);
	assert_int_equal(status_backoff_over(other, &place->error), 0);
	assert_int_equal(status_backoff_load(place->status, &now, &until,
	    &failures, &place->error), 0);
	assert_int_equal(failures, 0);
	status_free(other);
}

static void
migrated(void **state)
{
	struct place *place = *state;

	status_free(place->status);
	scratch_sql(scratch_path(place->directory, "status.db"),
	    "DROP TABLE session; DROP TABLE backoff; PRAGMA user_version=1;");
	place->status = open_it(place);
	store(place, KEY, "user", 1000);
	assert_string_equal(user_of(place, place->status, KEY), "user");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(keys, setup, teardown),
		cmocka_unit_test_setup_teardown(order, setup, teardown),
		cmocka_unit_test_setup_teardown(nonsense, setup, teardown),
		cmocka_unit_test_setup_teardown(trim, setup, teardown),
		cmocka_unit_test_setup_teardown(back_off, setup, teardown),
		cmocka_unit_test_setup_teardown(migrated, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
