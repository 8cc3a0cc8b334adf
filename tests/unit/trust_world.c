#include "trust_world.h"

#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scratch.h"
#include "state/write/trust_init.h"

#define NO REVOCATION_NO_TIME

const struct trust_note trust_world_note = { "tester", "a stolen laptop",
    "cli", NULL };

struct moment
trust_world_at(int64_t boottime)
{
	struct moment now = { TRUST_WORLD_WALL, boottime,
	    "11111111-2222-3333-4444-555555555555" };

	return now;
}

void
trust_world_enter(struct trust_world *place)
{
	place->writer = trust_writer_open(place->directory,
	    TRUST_WORLD_ENDPOINT, &place->error);
	assert_non_null(place->writer);
	place->trust = trust_open(place->directory, TRUST_WORLD_ENDPOINT,
	    &place->error);
	assert_non_null(place->trust);
}

void
trust_world_leave(struct trust_world *place)
{
	trust_writer_free(place->writer);
	place->writer = NULL;
	trust_free(place->trust);
	place->trust = NULL;
}

static struct trust_world *
make(void)
{
	struct trust_world *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	place->scratch = scratch_make();
	place->directory = strdup(scratch_path(place->scratch, "state"));
	place->file = strdup(scratch_path(place->scratch, "state/trust.db"));
	return place;
}

static void
init(struct trust_world *place)
{
	struct moment now = trust_world_at(1000);
	int made;

	assert_int_equal(trust_init(&(struct trust_init){ place->directory,
	    TRUST_WORLD_ENDPOINT, NULL, "tester" }, &now, &made, &place->error),
	    0);
	trust_world_enter(place);
}

int
trust_world_setup(void **state)
{
	*state = make();
	init(*state);
	return 0;
}

int
trust_world_setup_wide(void **state)
{
	struct trust_world *place = make();

	assert_int_equal(mkdir(place->directory, 0700), 0);
	scratch_wide(place->file);
	init(place);
	*state = place;
	return 0;
}

int
trust_world_teardown(void **state)
{
	struct trust_world *place = *state;

	trust_world_leave(place);
	scratch_remove(place->scratch);
	free(place->directory);
	free(place->file);
	free(place);
	return 0;
}

/* The id of what was added. */
int64_t
trust_world_add(struct trust_world *place, enum revocation_kind kind,
    enum revocation_rule rule, const char *value, int64_t from, int64_t until)
{
	const struct revocation row = { kind, rule, value, from, until };
	struct moment now = trust_world_at(1000);
	enum trust_write written;
	struct trust_added added;

	error_clear(&place->error);
	written = trust_writer_add(place->writer, &row, &trust_world_note, &now,
	    &added, &place->error);
	if (written != TRUST_WRITTEN)
		fail_msg("%s", error_text(&place->error));
	assert_true(added.id > 0);
	return added.id;
}

int64_t
trust_world_block(struct trust_world *place, const char *user)
{
	return trust_world_add(place, REVOCATION_USER, REVOCATION_BLOCKED, user,
	    NO, NO);
}

int
trust_world_lift(struct trust_world *place, int64_t id,
    enum revocation_kind kind, const char *value)
{
	const struct trust_choice choice = { id, kind, value };
	struct moment now = trust_world_at(1000);
	int count;

	assert_int_equal(trust_writer_lift(place->writer, &choice,
	    &trust_world_note, &now, &count, &place->error), TRUST_WRITTEN);
	return count;
}

/* What a token of this user says; STATE_UNREADABLE if that fails. */
enum reason
trust_world_ask_of(struct trust *trust, const char *user, int64_t boottime,
    struct error *error)
{
	struct moment now = trust_world_at(boottime);
	struct facts facts;
	enum reason reason;
	int hit;

	facts_init(&facts);
	facts.user_id = strdup(user);
	facts.client_id = strdup("portal");
	facts.token_id = strdup("jti");
	facts.key_id = strdup("kid");
	facts.issued_at = facts.authenticated_at = TRUST_WORLD_WALL;
	hit = trust_revoked(trust, &facts, "hash", &now, &reason, error);
	facts_clear(&facts);
	assert_int_equal(hit, reason == REASON_GRANTED ? 0 :
	    reason == REASON_STATE_UNREADABLE ? -1 : 1);
	return reason;
}

enum reason
trust_world_ask(struct trust_world *place, const char *user)
{
	error_clear(&place->error);
	return trust_world_ask_of(place->trust, user, 1000, &place->error);
}

struct epoch
trust_world_page(const struct trust_world *place)
{
	static char directory[4096];
	struct epoch epoch;

	(void)snprintf(directory, sizeof(directory), "%s.epoch",
	    place->directory);
	epoch_init(&epoch, directory, EPOCH_TRUST, EPOCH_OF_ROOT);
	(void)epoch_look(&epoch);
	return epoch;
}

/* 1 if there is a good page, and what it says. */
int
trust_world_look(const struct trust_world *place,
    unsigned char value[EPOCH_SIZE])
{
	struct epoch epoch = trust_world_page(place);
	const int ret = epoch_read(&epoch, value);

	epoch_clear(&epoch);
	return ret;
}

int
trust_world_is_good(const struct trust_world *place)
{
	unsigned char value[EPOCH_SIZE];

	return trust_world_look(place, value);
}

const char *
trust_world_page_path(const struct trust_world *place)
{
	return scratch_path(place->scratch, "state.epoch/trust");
}

enum trust_write
trust_world_try(struct trust_world *place, const char *user)
{
	const struct revocation row = { .kind = REVOCATION_USER,
	    .value = user, .rule = REVOCATION_BLOCKED, .from = NO,
	    .until = NO };
	const struct moment now = trust_world_at(1000);
	struct trust_added added;

	error_clear(&place->error);
	return trust_writer_add(place->writer, &row, &trust_world_note,
	    &now, &added, &place->error);
}

void
trust_world_init(struct trust_world *place)
{
	const struct moment now = trust_world_at(2000);
	const struct trust_init wish = { place->directory,
	    TRUST_WORLD_ENDPOINT, NULL, "tester" };
	int made;

	error_clear(&place->error);
	assert_int_equal(trust_init(&wish, &now, &made, &place->error), 0);
}
