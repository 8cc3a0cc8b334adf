/* Memory runs out, at each allocation of a reading of the state in turn: it
 * tells what is there, or that it failed; never that there is nothing.  Also
 * of files whose texts are converted when they are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "failing_memory.h"
#include "failing_places.h"
#include "scratch.h"
#include "state/status_lineage.h"
#include "state/write/trust_list.h"
#include "status_world.h"
#include "trust_world.h"

#define BLOCKED "5c9d0f3a-7be1-4f5e-9d55-0f9e8f1b7a11"
#define OTHER "5c9d0f3a-7be1-4f5e-9d55-0f9e8f1b7a12"
#define NO REVOCATION_NO_TIME
/* credentials: their hashes, as keys with their kind behind */
#define HASH "00112233445566778899aabbccddeeff" \
	"00112233445566778899aabbccddee0"
#define ODD_HASH "80112233445566778899aabbccddeeff" \
	"00112233445566778899aabbccddee0"

/* Lists of more than one word, and one that is longer than what SQLite has
 * at hand. */
static char long_text[3000];

struct place {
	struct trust_world *trust;
	struct status_world *status;
	struct trust_marks *marks;
	struct facts blocked, other, revoked;
	int is_cold;		/* everything is opened within a reading */
};

enum outcome { WRONG = 0, RIGHT, FAILED };

static void
say(struct facts *facts, const char *user, const char *token)
{
	facts_init(facts);
	facts->user_id = strdup(user);
	facts->client_id = strdup("portal");
	facts->token_id = strdup(token);
	facts->key_id = strdup("kid");
	facts->issued_at = facts->authenticated_at = TRUST_WORLD_WALL;
}

static void
fill_trust(struct place *place)
{
	struct trust_world *world = place->trust;
	const struct moment now = trust_world_at(1000);

	(void)trust_world_block(world, BLOCKED);
	(void)trust_world_add(world, REVOCATION_TOKEN, REVOCATION_REVOKED,
	    HASH "1", NO, NO);
	(void)trust_world_add(world, REVOCATION_CLIENT, REVOCATION_SIGNED_OUT,
	    long_text, 1, NO);
	assert_int_equal(trust_writer_map(world->writer, BLOCKED, "ann",
	    &trust_world_note, &now, &world->error), TRUST_WRITTEN);
}

static void
fill_status(struct place *place)
{
	struct status_session session;
	struct trust_lineage lineage;

	status_world_store_keys(place->status->status, STATUS_WORLD_BOOT, 5,
	    long_text);
	status_world_make(&session, BLOCKED, 7);
	assert_int_equal(word_list_split(&session.facts.roles, "admin,user",
	    ","), 0);
	assert_int_equal(word_list_add(&session.facts.roles, long_text,
	    strlen(long_text)), 0);
	session.facts.has_roles = 1;
	(void)snprintf(session.verified_by, sizeof(session.verified_by),
	    "%s1", HASH);
	status_sessions_store(place->status->status, HASH "11", &session,
	    &session.started);
	status_session_clear(&session);
	/* whose ID is no UUID, so it lies there as text */
	status_world_store(place->status->status, ODD_HASH "11", "ann", 7);
	memset(&lineage, 'a', sizeof(lineage));
	lineage.number = 5;
	assert_int_equal(trust_marks_see(place->marks, &lineage, "file"), 1);
	assert_int_equal(status_lineage_store(place->status->status,
	    place->marks, 1), 0);
}

static void
set_up(struct place *place, int is_wide)
{
	memset(place, 0, sizeof(*place));
	memset(long_text, 'x', sizeof(long_text) - 1);
	/* as long as a value may be */
	long_text[TRUST_WRITER_MAX_VALUE] = '\0';
	(void)(is_wide ? trust_world_setup_wide : trust_world_setup)(
	    (void **)&place->trust);
	(void)(is_wide ? status_world_setup_wide : status_world_setup)(
	    (void **)&place->status);
	place->marks = trust_marks_new(NULL);
	assert_non_null(place->marks);
	say(&place->blocked, BLOCKED, "jti");
	say(&place->other, OTHER, "jti");
	say(&place->revoked, OTHER, HASH "1");
	fill_trust(place);
	fill_status(place);
}

static void
tear_down(struct place *place)
{
	facts_clear(&place->blocked);
	facts_clear(&place->other);
	facts_clear(&place->revoked);
	trust_marks_free(place->marks);
	(void)status_world_teardown((void **)&place->status);
	(void)trust_world_teardown((void **)&place->trust);
}

/* The reader, or a new one; NULL: it was not opened. */
static struct trust *
begin_trust(struct place *place, struct error *error)
{
	return place->is_cold ? trust_open(place->trust->directory,
	    TRUST_WORLD_ENDPOINT, error) : place->trust->trust;
}

static void
end_trust(struct place *place, struct trust *trust)
{
	if (place->is_cold)
		trust_free(trust);
}

static enum outcome
revoked(struct place *place, const struct facts *facts, enum reason expected)
{
	const struct moment now = trust_world_at(1000);
	struct error error = { "" };
	struct trust *trust = begin_trust(place, &error);
	enum reason reason = REASON_STATE_UNREADABLE;

	if (trust != NULL)
		(void)trust_revoked(trust, facts, "hash", &now, &reason,
		    &error);
	end_trust(place, trust);
	if (reason == REASON_STATE_UNREADABLE)
		return error.text[0] != '\0' ? FAILED : WRONG;
	return reason == expected ? RIGHT : WRONG;
}

static enum outcome
a_blocked_user(struct place *place)
{
	return revoked(place, &place->blocked, REASON_USER_BLOCKED);
}

static enum outcome
a_revoked_token(struct place *place)
{
	return revoked(place, &place->revoked, REASON_REVOKED);
}

static enum outcome
somebody_else(struct place *place)
{
	return revoked(place, &place->other, REASON_GRANTED);
}

static enum outcome
mapped(struct place *place, int (*ask)(struct trust *, const char *,
    const struct moment *, char **, struct error *), const char *key,
    const char *expected)
{
	const struct moment now = trust_world_at(1000);
	struct error error = { "" };
	struct trust *trust = begin_trust(place, &error);
	char *text = NULL;
	int found = trust == NULL ? -1 : ask(trust, key, &now, &text, &error);
	enum outcome outcome = WRONG;

	if (found == -1 && text == NULL && error.text[0] != '\0')
		outcome = FAILED;
	else if (found == 1 && strcmp(text, expected) == 0)
		outcome = RIGHT;
	free(text);
	end_trust(place, trust);
	return outcome;
}

static enum outcome
an_account(struct place *place)
{
	return mapped(place, trust_account, BLOCKED, "ann");
}

static enum outcome
whose_account(struct place *place)
{
	return mapped(place, trust_user, "ann", BLOCKED);
}

static int
is_row(int at, const struct trust_list_row *row)
{
	static const enum revocation_kind kinds[] = { REVOCATION_USER,
	    REVOCATION_TOKEN, REVOCATION_CLIENT };
	const char *const values[] = { BLOCKED, HASH "1", long_text };

	return at < 3 && row->revocation.kind == kinds[at] &&
	    strcmp(row->revocation.value, values[at]) == 0 &&
	    strcmp(row->reason, trust_world_note.reason) == 0 &&
	    strcmp(row->actor, trust_world_note.actor) == 0 &&
	    strcmp(row->source, "cli") == 0;
}

/* A failure is out of memory, and no advice to lift a good row. */
static enum outcome
missed(const struct error *error)
{
	return strstr(error->text, "out of memory") != NULL ? FAILED : WRONG;
}

static enum outcome
a_list(struct place *place)
{
	struct error error = { "" };
	struct trust_list *list = trust_list_open(place->trust->directory,
	    TRUST_WORLD_ENDPOINT, NULL, &error);
	struct trust_list_row row;
	int count = 0, found = -1;

	while (list != NULL &&
	    (found = trust_list_next(list, &row, &error)) == 1) {
		if (!is_row(count++, &row))
			break;
	}
	trust_list_free(list);
	return found == -1 ? missed(&error) :
	    found == 0 && count == 3 ? RIGHT : WRONG;
}

static enum outcome
a_map(struct place *place)
{
	struct error error = { "" };
	struct trust_list *list = trust_list_open_map(place->trust->directory,
	    TRUST_WORLD_ENDPOINT, NULL, &error);
	struct trust_list_account row;
	int found = list == NULL ? -1 : trust_list_next_account(list, &row,
	    &error);
	enum outcome outcome = WRONG;

	if (found == -1)
		outcome = missed(&error);
	else if (found == 1 && strcmp(row.user_id, BLOCKED) == 0 &&
	    strcmp(row.account, "ann") == 0 &&
	    strcmp(row.reason, trust_world_note.reason) == 0 &&
	    strcmp(row.actor, trust_world_note.actor) == 0)
		outcome = RIGHT;
	trust_list_free(list);
	return outcome;
}

static struct status *
begin_status(struct place *place, struct error *error)
{
	return place->is_cold ? status_open(place->status->path,
	    STATUS_WORLD_ENDPOINT, NULL, error) : place->status->status;
}

static void
end_status(struct place *place, struct status *status)
{
	if (place->is_cold)
		status_free(status);
}

static enum outcome
keys(struct place *place)
{
	struct error error = { "" };
	struct status *status = begin_status(place, &error);
	struct status_keys keys = { 0 };
	const int found = status == NULL ? -1 : status_load_keys(status, &keys,
	    &error);
	enum outcome outcome = WRONG;

	if (found == -1 && keys.jwks == NULL && error.text[0] != '\0')
		outcome = FAILED;
	else if (found == 1 && strcmp(keys.jwks, long_text) == 0 &&
	    strcmp(keys.jwks_uri, STATUS_WORLD_ENDPOINT "/oauth2/jwks") == 0 &&
	    strcmp(keys.started.boot_id, STATUS_WORLD_BOOT) == 0)
		outcome = RIGHT;
	status_keys_clear(&keys);
	end_status(place, status);
	return outcome;
}

static int
has_roles(const struct facts *facts)
{
	return facts->has_roles && facts->roles.count == 3 &&
	    strcmp(facts->roles.words[0], "admin") == 0 &&
	    strcmp(facts->roles.words[1], "user") == 0 &&
	    strcmp(facts->roles.words[2], long_text) == 0;
}

static enum outcome
session_of(struct place *place, const char *key, const char *user, int is_long)
{
	struct error error = { "" };
	struct status *status = begin_status(place, &error);
	struct status_session session;
	int found = -1;
	enum outcome outcome = WRONG;

	status_session_init(&session);
	if (status != NULL)
		found = status_sessions_load(status, key, &session, &error);
	if (found == -1 && session.facts.user_id == NULL &&
	    error.text[0] != '\0')
		outcome = FAILED;
	else if (found == 1 && session.is_live &&
	    strcmp(session.facts.user_id, user) == 0 &&
	    session.started.boottime == 7 &&
	    strcmp(session.started.boot_id, STATUS_WORLD_BOOT) == 0 &&
	    has_roles(&session.facts) == is_long &&
	    strcmp(session.verified_by, is_long ? HASH "1" : "") == 0)
		outcome = RIGHT;
	status_session_clear(&session);
	end_status(place, status);
	return outcome;
}

static enum outcome
a_session(struct place *place)
{
	return session_of(place, HASH "11", BLOCKED, 1);
}

static enum outcome
an_odd_session(struct place *place)
{
	return session_of(place, ODD_HASH "11", "ann", 0);
}

static enum outcome
how_far_it_was_seen(struct place *place)
{
	struct error error = { "" };
	struct status *status = begin_status(place, &error);
	struct trust_marks *marks = trust_marks_new(NULL);
	struct trust_lineage last = { .number = 0 };
	int loaded = -1, is_lost = -1;

	if (status != NULL && marks != NULL) {
		loaded = status_lineage_load(status, marks, &error);
		is_lost = status_lineage_is_lost(status, place->marks);
	}
	if (loaded == 0)
		(void)trust_marks_last(marks, &last);
	trust_marks_free(marks);
	end_status(place, status);
	if (is_lost == 1 || (loaded == 0 && (last.number != 5 ||
	    last.id[0] != 'a' || last.tag[0] != 'a')))
		return WRONG;
	return loaded == 0 && is_lost == 0 ? RIGHT : FAILED;
}

static const struct reading {
	const char *name;
	enum outcome (*read)(struct place *place);
} readings[] = {
	{ "a blocked user", a_blocked_user },
	{ "a revoked token", a_revoked_token },
	{ "somebody else", somebody_else },
	{ "an account", an_account },
	{ "whose account", whose_account },
	{ "a list", a_list },
	{ "a map", a_map },
	{ "keys", keys },
	{ "a session", a_session },
	{ "an odd session", an_odd_session },
	{ "how far it was seen", how_far_it_was_seen },
};

/* How many of its allocations were missed, of those that are worth it. */
static size_t
each_allocation(struct place *place, const struct reading *reading,
    enum failing_memory how)
{
	size_t nth, total, failed = 0;
	enum outcome got;

	/* twice: the first one prepares statements, and a reader that failed
	 * is opened anew */
	(void)reading->read(place);
	failing_memory_learn(how);
	got = reading->read(place);
	total = failing_memory_end();
	if (got != RIGHT)
		fail_msg("%s: not right with all memory", reading->name);
	for (nth = 1; nth <= total; nth++) {
		if (!failing_places_is_worth(nth))
			continue;
		failing_memory_begin(nth, how);
		got = reading->read(place);
		(void)failing_memory_end();
		if (got == WRONG)
			fail_msg("%s, %s: wrong at allocation %zu of %zu",
			    reading->name, place->is_cold ? "cold" : "warm",
			    nth, total);
		failed += got == FAILED;
		if (reading->read(place) != RIGHT)
			fail_msg("%s: not right behind allocation %zu",
			    reading->name, nth);
	}
	return failed;
}

static void
all(int is_wide)
{
	const size_t count = sizeof(readings) / sizeof(readings[0]);
	struct place place;
	size_t i, failed;

	set_up(&place, is_wide);
	for (i = 0; i < count; i++) {
		place.is_cold = 1;
		failed = each_allocation(&place, &readings[i],
		    FAILING_MEMORY_ONCE);
		if (failed < 10)
			fail_msg("%s: %zu failed", readings[i].name, failed);
		(void)each_allocation(&place, &readings[i],
		    FAILING_MEMORY_FOR_GOOD);
		place.is_cold = 0;
		failed = each_allocation(&place, &readings[i],
		    FAILING_MEMORY_ONCE);
		print_message("note: %s: %zu failed warm\n", readings[i].name,
		    failed);
		(void)each_allocation(&place, &readings[i],
		    FAILING_MEMORY_FOR_GOOD);
	}
	/* and no file was thrown away for it */
	assert_int_equal(scratch_count(place.status->directory,
	    "status.db.corrupt"), 0);
	tear_down(&place);
}

static void
as_it_lies_there(void **state)
{
	(void)state;
	all(0);
}

static void
where_texts_are_converted(void **state)
{
	(void)state;
	all(1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_it_lies_there),
		cmocka_unit_test(where_texts_are_converted),
	};

	failing_memory_install();
	/* some thousand databases are opened: not on a disk, if that may be */
	if (access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
