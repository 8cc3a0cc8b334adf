/* Revocations in trust.db: written, listed, lifted, and seen by readers. */
#include <sys/stat.h>
#include <sys/wait.h>

#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "scratch.h"
#include "state/trust.h"
#include "state/write/trust_init.h"
#include "state/write/trust_list.h"
#include "state/write/trust_writer.h"

#define ENDPOINT "https://login.example.com"
#define WALL INT64_C(1700000000)
#define NO REVOCATION_NO_TIME

struct place {
	char *scratch;
	char *directory;
	char *file;
	struct error error;
	struct trust_writer *writer;
	struct trust *trust;
};

static const struct trust_note note = { "tester", "a stolen laptop",
    "cli", NULL };

static struct moment
at(int64_t boottime)
{
	struct moment now = { WALL, boottime,
	    "11111111-2222-3333-4444-555555555555" };

	return now;
}

static void
enter(struct place *place)
{
	place->writer = trust_writer_open(place->directory, ENDPOINT,
	    &place->error);
	assert_non_null(place->writer);
	place->trust = trust_open(place->directory, ENDPOINT, &place->error);
	assert_non_null(place->trust);
}

static void
leave(struct place *place)
{
	trust_writer_free(place->writer);
	place->writer = NULL;
	trust_free(place->trust);
	place->trust = NULL;
}

static int
setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	struct moment now = at(1000);
	int made;

	assert_non_null(place);
	place->scratch = scratch_make();
	place->directory = strdup(scratch_path(place->scratch, "state"));
	place->file = strdup(scratch_path(place->scratch, "state/trust.db"));
	assert_int_equal(trust_init(&(struct trust_init){ place->directory,
	    ENDPOINT, NULL, "tester" }, &now, &made, &place->error), 0);
	enter(place);
	*state = place;
	return 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;

	leave(place);
	scratch_remove(place->scratch);
	free(place->directory);
	free(place->file);
	free(place);
	return 0;
}

/* The id of what was added. */
static int64_t
add(struct place *place, enum revocation_kind kind, enum revocation_rule rule,
    const char *value, int64_t from, int64_t until)
{
	const struct revocation row = { kind, rule, value, from, until };
	struct moment now = at(1000);
	enum trust_write written;
	struct trust_added added;

	error_clear(&place->error);
	written = trust_writer_add(place->writer, &row, &note, &now, &added,
	    &place->error);
	if (written != TRUST_WRITTEN)
		fail_msg("%s", error_text(&place->error));
	assert_true(added.id > 0);
	return added.id;
}

static int64_t
block(struct place *place, const char *user)
{
	return add(place, REVOCATION_USER, REVOCATION_BLOCKED, user, NO, NO);
}

static int
lift(struct place *place, int64_t id, enum revocation_kind kind,
    const char *value)
{
	const struct trust_choice choice = { id, kind, value };
	struct moment now = at(1000);
	int count;

	assert_int_equal(trust_writer_lift(place->writer, &choice, &note,
	    &now, &count, &place->error), TRUST_WRITTEN);
	return count;
}

/* What a token of this user says; STATE_UNREADABLE if that fails. */
static enum reason
ask_of(struct trust *trust, const char *user, int64_t boottime,
    struct error *error)
{
	struct moment now = at(boottime);
	struct facts facts;
	enum reason reason;
	int hit;

	facts_init(&facts);
	facts.user_id = strdup(user);
	facts.client_id = strdup("portal");
	facts.token_id = strdup("jti");
	facts.key_id = strdup("kid");
	facts.issued_at = facts.authenticated_at = WALL;
	hit = trust_revoked(trust, &facts, "hash", &now, &reason, error);
	facts_clear(&facts);
	assert_int_equal(hit, reason == REASON_GRANTED ? 0 :
	    reason == REASON_STATE_UNREADABLE ? -1 : 1);
	return reason;
}

static enum reason
ask(struct place *place, const char *user)
{
	error_clear(&place->error);
	return ask_of(place->trust, user, 1000, &place->error);
}

/* Every kind is seen by a reader that was open before, and lifted again. */
static void
test_kinds(void **state)
{
	static const struct {
		enum revocation_kind kind;
		enum revocation_rule rule;
		const char *value, *other;
		int64_t from, until;
		enum reason reason;
	} rows[] = {
		{ REVOCATION_TOKEN, REVOCATION_REVOKED, "jti", "jt", NO, NO,
		    REASON_REVOKED },
		{ REVOCATION_TOKEN, REVOCATION_REVOKED, "hash", "kid", NO, NO,
		    REASON_REVOKED },
		{ REVOCATION_USER, REVOCATION_SIGNED_OUT, "me", "ME", WALL,
		    NO, REASON_SIGNED_OUT },
		{ REVOCATION_USER, REVOCATION_BLOCKED, "me", "me ", NO, NO,
		    REASON_USER_BLOCKED },
		{ REVOCATION_CLIENT, REVOCATION_SIGNED_OUT, "portal", "jti",
		    WALL, NO, REASON_CLIENT_REVOKED },
		{ REVOCATION_CLIENT, REVOCATION_BLOCKED, "portal", "me", NO,
		    WALL + 1, REASON_CLIENT_REVOKED },
		{ REVOCATION_KEY, REVOCATION_REVOKED, "kid", "KID", NO, NO,
		    REASON_KEY_REVOKED },
		{ REVOCATION_ALL, REVOCATION_SIGNED_OUT, "", NULL, WALL, NO,
		    REASON_SIGNED_OUT },
	};
	struct place *place = *state;
	int64_t id, before = 0;
	size_t i;

	assert_int_equal(ask(place, "me"), REASON_GRANTED);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].other != NULL) {
			(void)add(place, rows[i].kind, rows[i].rule,
			    rows[i].other, rows[i].from, rows[i].until);
			assert_int_equal(ask(place, "me"), REASON_GRANTED);
		}
		id = add(place, rows[i].kind, rows[i].rule, rows[i].value,
		    rows[i].from, rows[i].until);
		assert_true(id > before);
		before = id;
		assert_int_equal(ask(place, "me"), rows[i].reason);
		if (i % 2 == 0)
			assert_int_equal(lift(place, id, 0, NULL), 1);
		else
			assert_int_equal(lift(place, 0, rows[i].kind,
			    rows[i].value), 1);
		assert_int_equal(ask(place, "me"), REASON_GRANTED);
		assert_int_equal(lift(place, id, 0, NULL), 0);
	}
}

static void
test_strongest(void **state)
{
	struct place *place = *state;

	(void)add(place, REVOCATION_ALL, REVOCATION_SIGNED_OUT, "", WALL, NO);
	assert_int_equal(ask(place, "me"), REASON_SIGNED_OUT);
	(void)block(place, "me");
	assert_int_equal(ask(place, "me"), REASON_USER_BLOCKED);
	(void)add(place, REVOCATION_CLIENT, REVOCATION_BLOCKED, "portal", NO,
	    NO);
	assert_int_equal(ask(place, "me"), REASON_CLIENT_REVOKED);
	(void)add(place, REVOCATION_KEY, REVOCATION_REVOKED, "kid", NO, NO);
	(void)add(place, REVOCATION_TOKEN, REVOCATION_REVOKED, "jti", NO, NO);
	assert_int_equal(ask(place, "me"), REASON_KEY_REVOKED);
}

static void
test_refused(void **state)
{
	static char too_long[TRUST_WRITER_MAX_VALUE + 2];
	static const struct {
		struct revocation row;
		const char *reason, *wrong;
	} rows[] = {
		{ { REVOCATION_USER, REVOCATION_SIGNED_OUT, "a", WALL + 1,
		    NO }, "", "future" },
		{ { REVOCATION_ALL, REVOCATION_SIGNED_OUT, "", WALL + 1, NO },
		    "", "future" },
		{ { REVOCATION_USER, REVOCATION_BLOCKED, "a", NO, WALL }, "",
		    "over already" },
		{ { REVOCATION_USER, REVOCATION_BLOCKED, "a", WALL + 9,
		    WALL + 9 }, "", "ends before it begins" },
		{ { REVOCATION_USER, REVOCATION_BLOCKED, "", NO, NO }, "",
		    "value is missing" },
		{ { REVOCATION_KEY, REVOCATION_BLOCKED, "a", NO, NO }, "",
		    "no such revocation" },
		{ { REVOCATION_USER, REVOCATION_BLOCKED, "a\nb", NO, NO }, "",
		    "control character" },
		{ { REVOCATION_USER, REVOCATION_BLOCKED, "a\x7f", NO, NO },
		    "", "control character" },
		{ { REVOCATION_USER, REVOCATION_BLOCKED, "a\xc2\x9b", NO,
		    NO }, "", "control character" },
		{ { REVOCATION_USER, REVOCATION_BLOCKED, "a\xff", NO, NO },
		    "", "not UTF-8" },
		{ { REVOCATION_USER, REVOCATION_BLOCKED, too_long, NO, NO },
		    "", "longer than 2048" },
		{ { REVOCATION_USER, REVOCATION_BLOCKED, "a", NO, NO },
		    "x\x1b[31m", "reason has a control" },
		{ { REVOCATION_USER, REVOCATION_BLOCKED, "a", NO, NO },
		    "\xc3", "reason is not UTF-8" },
	};
	struct place *place = *state;
	struct moment now = at(1000);
	struct trust_added added;
	size_t i;

	memset(too_long, 'a', sizeof(too_long) - 1);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct trust_note other = { "tester", rows[i].reason, "cli",
			NULL };

		error_clear(&place->error);
		assert_int_equal(trust_writer_add(place->writer,
		    &rows[i].row, &other, &now, &added, &place->error),
		    TRUST_FAILED);
		if (strstr(error_text(&place->error), rows[i].wrong) == NULL)
			fail_msg("%s", error_text(&place->error));
		assert_int_equal(added.id, 0);
		assert_int_equal(added.is_new, 0);
	}
	assert_int_equal(ask(place, "a"), REASON_GRANTED);
	/* the last second is no future yet */
	(void)add(place, REVOCATION_USER, REVOCATION_SIGNED_OUT, "a", WALL,
	    NO);
}

static void
test_twice(void **state)
{
	const struct revocation row = { REVOCATION_TOKEN, REVOCATION_REVOKED,
	    "jti", NO, NO };
	struct place *place = *state;
	struct moment now = at(1000);
	struct trust_added added;
	int64_t first, second;

	first = add(place, REVOCATION_TOKEN, REVOCATION_REVOKED, "jti", NO,
	    NO);
	assert_int_equal(trust_writer_add(place->writer, &row, &note, &now,
	    &added, &place->error), TRUST_WRITTEN);
	assert_int_equal(added.is_new, 0);
	assert_int_equal(added.id, first);
	/* each signing out has a time of its own */
	first = add(place, REVOCATION_USER, REVOCATION_SIGNED_OUT, "me",
	    WALL - 9, NO);
	second = add(place, REVOCATION_USER, REVOCATION_SIGNED_OUT, "me",
	    WALL, NO);
	assert_int_not_equal(first, second);
	assert_int_equal(lift(place, 0, REVOCATION_USER, "me"), 2);
	assert_int_equal(lift(place, 0, REVOCATION_TOKEN, "jti"), 1);
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
	struct place *place = *state;
	struct seen seen = { { "" }, 0 };
	struct sqlite3 *db;
	int64_t id;

	id = block(place, "somebody");
	assert_int_equal(lift(place, id, 0, NULL), 1);
	assert_int_equal(lift(place, id, 0, NULL), 0);
	(void)add(place, REVOCATION_ALL, REVOCATION_SIGNED_OUT, "", WALL, NO);
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
	    "all  signed-out from 1700000000: a stolen laptop");
}

static void
test_list(void **state)
{
	struct place *place = *state;
	struct trust_list_row row;
	struct trust_list *list;
	int64_t id;

	list = trust_list_open(place->directory, ENDPOINT, &place->error);
	assert_non_null(list);
	assert_int_equal(trust_list_next(list, &row, &place->error), 0);
	trust_list_free(list);
	id = add(place, REVOCATION_USER, REVOCATION_BLOCKED, "me", WALL + 5,
	    WALL + 9);
	(void)add(place, REVOCATION_KEY, REVOCATION_REVOKED, "kid", NO, NO);
	list = trust_list_open(place->directory, ENDPOINT, &place->error);
	assert_non_null(list);
	assert_int_equal(trust_list_next(list, &row, &place->error), 1);
	assert_int_equal(row.id, id);
	assert_int_equal(row.revocation.kind, REVOCATION_USER);
	assert_int_equal(row.revocation.rule, REVOCATION_BLOCKED);
	assert_string_equal(row.revocation.value, "me");
	assert_int_equal(row.revocation.from, WALL + 5);
	assert_int_equal(row.revocation.until, WALL + 9);
	assert_string_equal(row.reason, note.reason);
	assert_string_equal(row.actor, "tester");
	assert_string_equal(row.source, "cli");
	assert_int_equal(row.time, WALL);
	assert_int_equal(trust_list_next(list, &row, &place->error), 1);
	assert_int_equal(row.revocation.kind, REVOCATION_KEY);
	assert_int_equal(row.revocation.from, NO);
	assert_int_equal(trust_list_next(list, &row, &place->error), 0);
	trust_list_free(list);
	assert_null(trust_list_open(place->directory, "https://b.example",
	    &place->error));
	assert_null(trust_writer_open(place->directory, "https://b.example",
	    &place->error));
}

#define SENSELESS "INSERT INTO revocation (kind, value, id, rule, reason, " \
	"actor, source, time) VALUES ('user', 'me', 1, 'signed-out', '', " \
	"'x', 'x', 1)"

static void
test_senseless(void **state)
{
	struct place *place = *state;
	struct trust_list_row row;
	struct trust_list *list;

	scratch_sql(place->file, SENSELESS);
	assert_int_equal(ask(place, "me"), REASON_STATE_UNREADABLE);
	assert_non_null(strstr(error_text(&place->error), "damaged"));
	error_clear(&place->error);
	list = trust_list_open(place->directory, ENDPOINT, &place->error);
	assert_non_null(list);
	assert_int_equal(trust_list_next(list, &row, &place->error), -1);
	if (strstr(error_text(&place->error), "lift 1'") == NULL)
		fail_msg("%s", error_text(&place->error));
	trust_list_free(list);
	assert_int_equal(lift(place, 1, 0, NULL), 1);
	assert_int_equal(ask_of(place->trust, "me", 3000, &place->error),
	    REASON_GRANTED);
}

/* A table that cannot be read is never "nothing revoked". */
static void
test_no_table(void **state)
{
	struct place *place = *state;

	assert_int_equal(ask(place, "me"), REASON_GRANTED);
	scratch_sql(place->file, "ALTER TABLE revocation RENAME TO gone");
	assert_int_equal(ask(place, "me"), REASON_STATE_UNREADABLE);
	assert_int_equal(ask_of(place->trust, "me", 9000, &place->error),
	    REASON_STATE_UNREADABLE);
	scratch_sql(place->file, "ALTER TABLE gone RENAME TO revocation");
	assert_int_equal(ask_of(place->trust, "me", 20000, &place->error),
	    REASON_GRANTED);
	(void)block(place, "me");
	assert_int_equal(ask_of(place->trust, "me", 20000, &place->error),
	    REASON_USER_BLOCKED);
}

/* Pages overwritten behind the reader's back. */
static void
test_damaged(void **state)
{
	static char garbage[4096];
	struct place *place = *state;
	enum reason reason;
	char user[32];
	long size, offset;
	int i;

	trust_free(place->trust);
	for (i = 0; i < 400; i++) {
		(void)snprintf(user, sizeof(user), "user-%d", i);
		(void)block(place, user);
	}
	trust_writer_free(place->writer);
	place->writer = NULL;
	scratch_sql(place->file, "PRAGMA wal_checkpoint(TRUNCATE)");
	place->trust = trust_open(place->directory, ENDPOINT, &place->error);
	assert_non_null(place->trust);
	assert_int_equal(ask(place, "user-7"), REASON_USER_BLOCKED);
	memset(garbage, 0xa5, sizeof(garbage));
	size = scratch_size(place->file);
	for (offset = 4096; offset + 4096 <= size; offset += 4096)
		scratch_poke(place->file, offset, garbage, 4096);
	/* its cache may know what was there; a newcomer must not */
	reason = ask(place, "user-8");
	assert_true(reason == REASON_USER_BLOCKED ||
	    reason == REASON_STATE_UNREADABLE);
	trust_free(place->trust);
	place->trust = trust_open(place->directory, ENDPOINT, &place->error);
	assert_null(place->trust);
}

/* Another file at the path: seen at the next question.  It is older than what
 * was seen, so it says nothing until somebody accepts it. */
static void
test_replaced(void **state)
{
	struct place *place = *state;
	char *copy = strdup(scratch_path(place->scratch, "copy.db"));
	struct moment now = at(1000);
	int64_t number;
	char sql[4200];

	(void)block(place, "me");
	(void)snprintf(sql, sizeof(sql), "VACUUM INTO '%s'", copy);
	scratch_sql(place->file, sql);
	assert_int_equal(chmod(copy, 0640), 0);
	assert_int_equal(lift(place, 0, REVOCATION_USER, "me"), 1);
	assert_int_equal(ask(place, "me"), REASON_GRANTED);
	trust_writer_free(place->writer);
	place->writer = NULL;
	scratch_tick();
	assert_int_equal(rename(copy, place->file), 0);
	(void)unlink(scratch_path(place->directory, "trust.db-wal"));
	(void)unlink(scratch_path(place->directory, "trust.db-shm"));
	assert_int_equal(ask(place, "me"), REASON_STATE_UNREADABLE);
	if (strstr(error_text(&place->error), "authgear-cache accept") == NULL)
		fail_msg("%s", error_text(&place->error));
	place->writer = trust_writer_open(place->directory, ENDPOINT,
	    &place->error);
	assert_non_null(place->writer);
	assert_int_equal(trust_writer_accept(place->writer, &note, &now,
	    &number, &place->error), TRUST_WRITTEN);
	assert_int_equal(ask(place, "me"), REASON_USER_BLOCKED);
	free(copy);
}

/* What SQLite keeps beside it is removed: a reader needs neither, and what a
 * writer changes then is seen as ever. */
static void
test_beside_removed(void **state)
{
	static const char *const beside[] = { "trust.db-wal",
	    "trust.db-shm" };
	struct place *place = *state;
	int i, j;

	for (i = 0; i < 3; i++) {
		(void)block(place, "you");
		assert_int_equal(ask(place, "me"), REASON_GRANTED);
		trust_writer_free(place->writer);
		for (j = 0; j < 2; j++)
			if (i == 2 || i == j)
				assert_int_equal(unlink(scratch_path(
				    place->directory, beside[j])), 0);
		assert_int_equal(ask(place, "me"), REASON_GRANTED);
		assert_int_equal(ask(place, "you"), REASON_USER_BLOCKED);
		place->writer = trust_writer_open(place->directory, ENDPOINT,
		    &place->error);
		assert_non_null(place->writer);
		(void)block(place, "me");
		assert_int_equal(ask(place, "me"), REASON_USER_BLOCKED);
		assert_int_equal(lift(place, 0, REVOCATION_USER, "me"), 1);
		assert_int_equal(ask(place, "me"), REASON_GRANTED);
		assert_int_equal(ask(place, "you"), REASON_USER_BLOCKED);
	}
}

/* A writer that is at work goes on: its log has lost its name, but what it
 * changes is in trust.db itself when it answers. */
static void
test_removed_at_once(void **state)
{
	struct place *place = *state;
	char user[32];
	int i;

	for (i = 0; i < 100; i++) {
		(void)snprintf(user, sizeof(user), "user-%d", i);
		assert_int_equal(ask(place, user), REASON_GRANTED);
		(void)unlink(scratch_path(place->directory, i % 2 == 0 ?
		    "trust.db-wal" : "trust.db-shm"));
		(void)block(place, user);
		assert_int_equal(ask(place, user), REASON_USER_BLOCKED);
		trust_writer_free(place->writer);
		place->writer = trust_writer_open(place->directory, ENDPOINT,
		    &place->error);
		assert_non_null(place->writer);
		assert_int_equal(ask(place, user), REASON_USER_BLOCKED);
	}
}

struct reader {
	const struct place *place;
	_Atomic int *written;
	_Atomic int *missed;
	int asked;
};

/* What was written before the question must be known by the answer. */
static void *
read_along(void *context)
{
	struct reader *reader = context;
	struct error error = { "" };
	struct trust *trust;
	char user[32];
	int last;

	trust = trust_open(reader->place->directory, ENDPOINT, &error);
	if (trust == NULL) {
		atomic_fetch_add(reader->missed, 1);
		return NULL;
	}
	do {
		last = atomic_load(reader->written);
		(void)snprintf(user, sizeof(user), "user-%d", last);
		if (ask_of(trust, user, 1000, &error) != REASON_USER_BLOCKED)
			atomic_fetch_add(reader->missed, 1);
		reader->asked++;
	} while (last < 200);
	trust_free(trust);
	return NULL;
}

static void
test_concurrent(void **state)
{
	struct place *place = *state;
	_Atomic int written = 0, missed = 0;
	struct reader readers[3];
	pthread_t threads[3];
	char user[32];
	int i;

	(void)block(place, "user-0");
	for (i = 0; i < 3; i++) {
		readers[i] = (struct reader){ place, &written, &missed, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL,
		    read_along, &readers[i]), 0);
	}
	for (i = 1; i <= 200; i++) {
		(void)snprintf(user, sizeof(user), "user-%d", i);
		(void)block(place, user);
		atomic_store(&written, i);
	}
	for (i = 0; i < 3; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_true(readers[i].asked > 0);
	}
	assert_int_equal(missed, 0);
}

/* Another process has the file: told which, and nothing is written. */
static void
test_held(void **state)
{
	const struct revocation row = { REVOCATION_USER, REVOCATION_BLOCKED,
	    "me", NO, NO };
	struct place *place = *state;
	struct moment now = at(1000);
	struct sqlite3 *db;
	char name[64], byte;
	int ready[2], go[2], status;
	struct trust_added added;
	pid_t child;

	leave(place);	/* no connection crosses a fork */
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		(void)close(go[1]);
		if (sqlite3_open(place->file, &db) != SQLITE_OK ||
		    sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) !=
		    SQLITE_OK || write(ready[1], "x", 1) != 1)
			_exit(1);
		(void)!read(go[0], &byte, 1);
		_exit(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
	}
	(void)close(go[0]);
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	enter(place);
	error_clear(&place->error);
	assert_int_equal(trust_writer_add(place->writer, &row, &note, &now,
	    &added, &place->error), TRUST_HELD);
	(void)snprintf(name, sizeof(name), "process %ld (", (long)child);
	if (strstr(error_text(&place->error), name) == NULL &&
	    strstr(error_text(&place->error), "another process") == NULL)
		fail_msg("%s", error_text(&place->error));
	print_message("# %s\n", error_text(&place->error));
	assert_int_equal(ask(place, "me"), REASON_GRANTED);
	(void)close(go[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	(void)close(ready[0]);
	(void)block(place, "me");
	assert_int_equal(ask(place, "me"), REASON_USER_BLOCKED);
}

/* The daemon's user cannot write the -shm, and sees it all the same. */
static int
see_as(const struct passwd *user, const char *directory, int ready, int go)
{
	struct error error = { "" };
	struct trust *trust;
	enum reason before, after;
	char byte;

	if (setgroups(0, NULL) == -1 || setgid(user->pw_gid) == -1 ||
	    setuid(user->pw_uid) == -1)
		return 3;
	trust = trust_open(directory, ENDPOINT, &error);
	if (trust == NULL)
		return 4;
	before = ask_of(trust, "me", 1000, &error);
	if (write(ready, "x", 1) != 1 || read(go, &byte, 1) != 1)
		return 5;
	after = ask_of(trust, "me", 1000, &error);
	trust_free(trust);
	return before == REASON_GRANTED && after == REASON_USER_BLOCKED ? 0 :
	    6;
}

static const struct passwd *
make_system(struct place *place)
{
	static const char *const names[] = { "games", "uucp", "list", "irc",
	    "backup", "news" };
	struct moment now = at(1000);
	size_t i;
	int made = 0;

	leave(place);
	free(place->directory);
	place->directory = strdup(scratch_path(place->scratch, "system"));
	assert_int_equal(chmod(place->scratch, 0755), 0);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		error_clear(&place->error);
		(void)trust_init(&(struct trust_init){ place->directory,
		    ENDPOINT, names[i], "tester" }, &now, &made,
		    &place->error);
		if (made)
			return getpwnam(names[i]);
	}
	return NULL;
}

static void
test_daemon_user(void **state)
{
	struct place *place = *state;
	const struct passwd *user;
	int ready[2], go[2], status;
	char byte;
	pid_t child;

	if (geteuid() != 0) {
		scratch_skips("not root");
		skip();
	}
	user = make_system(place);
	if (user == NULL) {
		scratch_skips("no user whose group has no other member");
		skip();
		return;
	}
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		(void)close(go[1]);
		_exit(see_as(user, place->directory, ready[1], go[0]));
	}
	(void)close(ready[1]);
	(void)close(go[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	place->writer = trust_writer_open(place->directory, ENDPOINT,
	    &place->error);
	assert_non_null(place->writer);
	(void)block(place, "me");
	assert_int_equal(write(go[1], "x", 1), 1);
	(void)close(go[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	(void)close(ready[0]);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

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
		CASE(test_no_table),
		CASE(test_damaged),
		CASE(test_replaced),
		CASE(test_beside_removed),
		CASE(test_removed_at_once),
		CASE(test_concurrent),
		CASE(test_held),
		CASE(test_daemon_user),
	};

	return cmocka_run_group_tests_name("trust_revoked", tests, NULL,
	    NULL);
}
