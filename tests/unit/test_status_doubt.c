/* Rows of sessions in doubt: in whatever order answers, ends and doubts come,
 * waiting or written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "scratch.h"
#include "state/status_pending.h"
#include "state/status_write.h"
#include "status_world.h"

#define KEY "0123456789abcdef0123456789abcdef" \
	"0123456789abcdef0123456789abcdef2"

/*
 * Words: a letter and when: L a live answer of a lookup begun then, E not live,
 * X another user's, D "absent".  The row: when its lookup began, "!" before it
 * if it is not live, "?" behind it and when it was doubted, if so.
 */
static const struct {
	const char *name;
	const char *words;
	const char *row;
	const char *waiting;	/* where it differs, with all but the first
				   word waiting */
} cases[] = {
	{ "doubted", "L10 D20", "10?20", NULL },
	{ "doubted, and at once again", "L10 D15 D20", "10?20", NULL },
	{ "the same, the other way", "L10 D20 D15", "10?20", NULL },
	{ "doubted twice", "L10 D20 D120", "!120?120", NULL },
	{ "the same, the other way", "L10 D120 D20", "!120?120", NULL },
	{ "live between, told before", "L10 D20 L30 D130", "30?130", NULL },
	{ "live between, told after", "L10 D20 D130 L30", "!130?130", NULL },
	{ "live after both", "L10 D20 D130 L131", "131", NULL },
	{ "ended after both", "L10 D20 D130 E131", "!131", NULL },
	{ "a doubt of before", "L10 D9", "10", NULL },
	{ "live of before the doubt", "L10 D20 L15", "15?20", NULL },
	{ "live of before the row", "L10 D20 L9", "10?20", NULL },
	{ "live after the doubt", "L10 D20 L21", "21", NULL },
	{ "and an older doubt then", "L10 D20 L21 D15", "21", NULL },
	{ "ended before the doubt", "L10 E12 D20", "!20", NULL },
	{ "ended before it, told after", "L10 D20 E12", "!20", NULL },
	{ "live after the end, told last", "L10 D20 E12 L15", "!20", NULL },
	{ "live after the end, told first", "L10 L15 D20 E12", "15?20", NULL },
	{ "ended before the row", "L10 D20 E9", "10?20", "!20" },
	{ "ended after the doubt", "L10 D20 E21", "!21", NULL },
	{ "another's", "L10 X12", "!12?12", NULL },
	{ "another's, then doubted", "L10 X12 D20", "!20?20", NULL },
	{ "another's, told after", "L10 D20 X12", "!20?20", NULL },
	{ "another's, then ended", "L10 X12 E14", "!14", NULL },
	{ "ended, then another's", "L10 E12 X14", "!14?14", NULL },
	{ "another's, then live", "L10 X12 L13", "13", NULL },
	{ "another's, live of before", "L10 X12 L11", "!12?12", NULL },
};

/* In place of SQLite's own: who finds the file held does not wait for it. */
int
sqlite3_busy_timeout(sqlite3 *db, int ms)
{
	(void)ms;
	return sqlite3_busy_handler(db, NULL, NULL);
}

static void
say(struct status *status, const char *word)
{
	const struct moment at = status_world_at(strtol(word + 1, NULL, 10));

	switch (word[0]) {
	case 'L':
		status_world_store(status, KEY, "user", at.boottime);
		break;
	case 'E':
		status_sessions_end(status, KEY, NULL, &at);
		break;
	case 'X':
		status_sessions_drop(status, KEY, NULL, &at);
		break;
	default:
		status_sessions_doubt(status, KEY, NULL, &at);
		break;
	}
}

/* The next word of the text, in a place of its own; NULL: no more. */
static const char *
next_word(const char **text)
{
	static char word[16];
	const size_t len = strcspn(*text, " ");

	if (len == 0)
		return NULL;
	(void)snprintf(word, sizeof(word), "%.*s", (int)len, *text);
	*text += len + strspn(*text + len, " ");
	return word;
}

static const char *
row_of(struct status *status)
{
	static char text[64];
	struct status_session row;
	char doubt[32] = "";

	text[0] = '\0';
	if (status_sessions_load(status, KEY, &row, NULL) != 1)
		return text;
	if (row.doubted_at != 0)
		(void)snprintf(doubt, sizeof(doubt), "?%d",
		    (int)row.doubted_at);
	(void)snprintf(text, sizeof(text), "%s%d%s", row.is_live ? "" : "!",
	    (int)row.started.boottime, doubt);
	status_session_clear(&row);
	return text;
}

static void
expect(struct status *status, size_t i, const char *how, const char *wanted)
{
	if (strcmp(row_of(status), wanted) != 0)
		fail_msg("%s, %s: %s", cases[i].name, how, row_of(status));
}

static void
in_order(void **state)
{
	struct status_world *place = *state;
	const struct moment now = status_world_at(200);
	struct status *other = status_world_open(place);
	struct sqlite3 *blocker = NULL;
	const char *text, *word, *wanted;
	size_t i, waits;

	for (i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		waits = i % 2;
		wanted = waits && cases[i / 2].waiting != NULL ?
		    cases[i / 2].waiting : cases[i / 2].row;
		scratch_sql(place->path, "DELETE FROM session");
		text = cases[i / 2].words;
		say(place->status, next_word(&text));
		if (waits)
			blocker = scratch_block(place->path);
		while ((word = next_word(&text)) != NULL)
			say(place->status, word);
		expect(place->status, i / 2, waits ? "waiting" : "at once",
		    wanted);
		if (waits)
			scratch_unblock(blocker);
		status_write_now(place->status, &now);
		expect(other, i / 2, waits ? "waited" : "written", wanted);
	}
	status_free(other);
}

/* May the row be as it is, after all that was said?  The last that is later
 * than all else must be there. */
static int
is_safe(const char *words, const char *row)
{
	const int64_t started = strtol(row, NULL, 10);
	const int is_doubted = strchr(row, '?') != NULL;
	int64_t live = 0, other = 0, at;
	const char *word;

	while ((word = next_word(&words)) != NULL) {
		at = strtol(word + 1, NULL, 10);
		if (word[0] == 'L') {
			live = at > live ? at : live;
			continue;
		}
		other = at > other ? at : other;
		if (row[0] != '!' && at >= started &&
		    (word[0] != 'D' || !is_doubted))
			return 0;
	}
	return live < other || (started == live && !is_doubted);
}

/* Two processes hear of it in turn while a third holds the file. */
static void
of_two_processes(void **state)
{
	struct status_world *place = *state;
	const struct moment now = status_world_at(200);
	struct status *both[2];
	struct sqlite3 *blocker;
	const char *text, *word;
	size_t i, turn;

	both[0] = place->status;
	both[1] = status_world_open(place);
	for (i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		scratch_sql(place->path, "DELETE FROM session");
		text = cases[i / 2].words;
		say(both[0], next_word(&text));
		blocker = scratch_block(place->path);
		for (turn = 0; (word = next_word(&text)) != NULL; turn++)
			say(both[turn % 2], word);
		scratch_unblock(blocker);
		status_write_now(both[i % 2], &now);
		status_write_now(both[1 - i % 2], &now);
		if (!is_safe(cases[i / 2].words, row_of(both[0])))
			fail_msg("%s, %d: %s", cases[i / 2].name,
			    (int)(i % 2), row_of(both[0]));
	}
	status_free(both[1]);
}

/* What a release of before schema 4 doubted: nobody knows how old the answer
 * is, and the time is that of the doubt. */
static void
of_before(void **state)
{
	struct status_world *place = *state;
	static const struct {
		const char *name, *word, *row;
	} later[] = {
		{ "as it was", NULL, "-1?2500" },
		{ "live of before the doubt", "L2499", "2499?2500" },
		{ "live after it", "L2501", "2501" },
		{ "ended before it", "E2400", "!2500" },
		{ "doubted again", "D2600", "!2600?2600" },
	};
	size_t i;

	for (i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
		scratch_sql(place->path, "DELETE FROM session");
		say(place->status, "L2500");
		scratch_sql(place->path, "UPDATE session SET doubted_at = 1");
		if (later[i].word != NULL)
			say(place->status, later[i].word);
		if (strcmp(row_of(place->status), later[i].row) != 0)
			fail_msg("%s: %s", later[i].name,
			    row_of(place->status));
	}
}

static void
wake_nobody(void *context, int is_urgent)
{
	(void)context;
	(void)is_urgent;
}

/* A process that stood still, or could not write: what it was told long ago
 * is not the last, however long. */
static void
told_long_ago(void **state)
{
	static const struct {
		const char *words;	/* of two processes: the first one's is
					   written last */
		const char *row;
	} lines[] = {
		{ "L20 E3000", "!3000" },
		{ "L20 E60021", "!60021" },
		{ "L20 E900000", "!900000" },
		{ "L20 X900000", "!900000?900000" },
		{ "L20 D900000", "20?900000" },
		{ "L20 L900000", "900000" },
		{ "E20 L900000", "900000" },
		{ "D20 L900000", "900000" },
		{ "D20 D900000", "!900000?900000" },
		{ "D900000 L20", "20?900000" },
		{ "E900000 L20", "!900000" },
	};
	struct status_world *place = *state;
	const struct moment now = status_world_at(900100);
	struct status_pending *pending = status_pending_new();
	struct status *late;
	const char *text;
	size_t i;

	assert_non_null(pending);
	status_pending_serve(pending, wake_nobody, NULL);
	late = status_open(place->path, STATUS_WORLD_ENDPOINT, pending, NULL);
	assert_non_null(late);
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		scratch_sql(place->path, "DELETE FROM session");
		say(place->status, "L10");
		text = lines[i].words;
		say(late, next_word(&text));
		say(place->status, next_word(&text));
		if (strcmp(row_of(late), lines[i].row) != 0)
			fail_msg("%s, read: %s", lines[i].words,
			    row_of(late));
		assert_int_equal(status_write(late, &now, NULL),
		    STATUS_WRITE_DONE);
		if (strcmp(row_of(place->status), lines[i].row) != 0)
			fail_msg("%s: %s", lines[i].words,
			    row_of(place->status));
	}
	status_free(late);
	status_pending_free(pending);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, status_world_setup, \
	status_world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(in_order),
		CASE(of_two_processes),
		CASE(of_before),
		CASE(told_long_ago),
	};

	return cmocka_run_group_tests_name("status_doubt", tests, NULL, NULL);
}
