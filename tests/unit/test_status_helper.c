/* What processes that answer one question each know of each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gate/lookups.h"
#include "state/status_helper.h"
#include "status_world.h"

#define BOOT STATUS_WORLD_BOOT
#define OTHER_BOOT "99999999-2222-3333-4444-555555555555"
#define AT INT64_C(1000000)

static const struct status_helper_share one = { "one", 3, 1 },
    two = { "two", 3, 1 };

/* A wish of few places; of an unknown one if there is a share.  One asker
 * alone has two of the five in a minute. */
static struct status_helper_wish
wish_of(const char *key, const struct status_helper_share *share)
{
	const struct status_helper_wish wish = { .key = key, .until = AT + 900,
	    .places = 4, .shares = share, .share_count = share != NULL,
	    .unknown = 2, .minute = 5, .divisor = 2 };

	return wish;
}

static enum status_helper_turn
begin_at(struct status *status, const char *key,
    const struct status_helper_share *share, int64_t at)
{
	const struct status_helper_wish wish = wish_of(key, share);
	const struct moment now = status_world_at(at);
	int is_counted = 0;
	int64_t until;

	return status_helper_begin(status, &wish, &now, &is_counted, &until);
}

static void
test_places(void **state)
{
	struct status_world *place = *state;
	struct status *other = status_world_open(place);
	struct status *status = place->status;

	assert_int_equal(begin_at(status, "a", NULL, AT), STATUS_HELPER_GO);
	assert_int_equal(begin_at(other, "a", NULL, AT),
	    STATUS_HELPER_RUNNING);
	assert_int_equal(begin_at(other, "b", NULL, AT), STATUS_HELPER_GO);
	assert_int_equal(begin_at(other, "c", NULL, AT), STATUS_HELPER_GO);
	assert_int_equal(begin_at(other, "d", NULL, AT), STATUS_HELPER_GO);
	assert_int_equal(begin_at(status, "e", NULL, AT), STATUS_HELPER_FULL);
	assert_int_equal(status_helper_end(other, "b", NULL, 0), 0);
	assert_int_equal(begin_at(status, "e", NULL, AT), STATUS_HELPER_GO);
	/* who was killed holds no place for ever */
	assert_int_equal(begin_at(status, "a", NULL, AT + 899),
	    STATUS_HELPER_RUNNING);
	assert_int_equal(begin_at(status, "a", NULL, AT + 900),
	    STATUS_HELPER_GO);
	status_free(other);
}

static void
test_unknown(void **state)
{
	struct status_world *place = *state;
	struct status *status = place->status;

	assert_int_equal(begin_at(status, "a", &one, AT), STATUS_HELPER_GO);
	/* its asker has one place, and all unknown ones two */
	assert_int_equal(begin_at(status, "b", &one, AT), STATUS_HELPER_FULL);
	assert_int_equal(begin_at(status, "c", &two, AT), STATUS_HELPER_GO);
	assert_int_equal(begin_at(status, "k", NULL, AT), STATUS_HELPER_GO);
	/* what one may have of the minute, until that is over */
	assert_int_equal(begin_at(status, "d", &one, AT + 1000),
	    STATUS_HELPER_SPENT_HERE);
	assert_int_equal(begin_at(status, "d", &one, AT + 59999),
	    STATUS_HELPER_SPENT_HERE);
	assert_int_equal(begin_at(status, "d", &one, AT + 60000),
	    STATUS_HELPER_GO);
}

/* A flood of one asker takes nothing from another; many have all. */
static void
test_flood(void **state)
{
	struct status_world *place = *state;
	struct status *status = place->status;
	struct status_helper_share share = { "s0", 2, 1 };
	int i, gone = 0;

	for (i = 0; i < 20; i++) {
		gone += begin_at(status, "a", &one, AT + i) ==
		    STATUS_HELPER_GO;
		assert_int_equal(status_helper_end(status, "a", NULL, 0), 0);
	}
	assert_int_equal(gone, 2);
	for (i = 0; i < 9; i++, share.key[1]++) {
		gone += begin_at(status, "b", &share, AT + 100) ==
		    STATUS_HELPER_GO;
		assert_int_equal(status_helper_end(status, "b", NULL, 0), 0);
	}
	assert_int_equal(gone, 5);
	assert_int_equal(begin_at(status, "c", &two, AT + 200),
	    STATUS_HELPER_SPENT);
}

/* What was live costs nothing. */
static void
test_given_back(void **state)
{
	struct status_world *place = *state;
	int i;

	for (i = 0; i < 20; i++) {
		assert_int_equal(begin_at(place->status, "a", &one, AT + i),
		    STATUS_HELPER_GO);
		assert_int_equal(status_helper_end(place->status, "a", &one,
		    1), 0);
	}
}

static void
test_counted_once(void **state)
{
	struct status_world *place = *state;
	const struct status_helper_wish wish = wish_of("b", &one);
	const struct status_helper_wish another = wish_of("z", &one);
	const struct moment now = status_world_at(AT);
	int is_counted = 0, i;
	int64_t until;

	assert_int_equal(begin_at(place->status, "a", &one, AT),
	    STATUS_HELPER_GO);
	for (i = 0; i < 10; i++)
		assert_int_equal(status_helper_begin(place->status, &wish,
		    &now, &is_counted, &until), STATUS_HELPER_FULL);
	assert_int_equal(is_counted, 1);
	assert_int_equal(status_helper_end(place->status, "a", NULL, 0), 0);
	assert_int_equal(status_helper_begin(place->status, &wish, &now,
	    &is_counted, &until), STATUS_HELPER_GO);
	is_counted = 0;
	assert_int_equal(status_helper_begin(place->status, &another, &now,
	    &is_counted, &until), STATUS_HELPER_SPENT_HERE);
	assert_int_equal(is_counted, 0);
	assert_int_equal(until, AT + 60000);
}

static void
test_boots(void **state)
{
	struct status_world *place = *state;
	struct status_helper_told told = { .result = LOOKUPS_ENDED_NOT_LIVE,
	    .reason = REASON_NOT_LIVE, .at = AT, .until = AT + 5000 };
	struct moment now = status_world_at(AT), later = now;

	(void)snprintf(later.boot_id, sizeof(later.boot_id), OTHER_BOOT);
	assert_int_equal(begin_at(place->status, "a", NULL, AT),
	    STATUS_HELPER_GO);
	assert_int_equal(status_helper_tell(place->status, "a", &told, &now),
	    0);
	assert_int_equal(status_helper_keep(place->status, "a", AT + 60000,
	    &now), 0);
	assert_int_equal(status_helper_told(place->status, "a", &now, &told),
	    1);
	assert_int_equal(told.result, LOOKUPS_ENDED_NOT_LIVE);
	assert_int_equal(told.reason, REASON_NOT_LIVE);
	assert_int_equal(status_helper_kept(place->status, "a", &now),
	    AT + 60000);
	assert_int_equal(status_helper_told(place->status, "a", &later, &told),
	    0);
	assert_int_equal(status_helper_kept(place->status, "a", &later), 0);
}

static void
test_few_rows(void **state)
{
	struct status_world *place = *state;
	struct status_helper_told told = { .result = LOOKUPS_ENDED_NOT_LIVE,
	    .reason = REASON_NOT_LIVE, .at = AT };
	const struct moment now = status_world_at(AT);
	char key[16];
	int i;

	for (i = 0; i < STATUS_HELPER_TOLD_MAX + 3; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		told.until = AT + 5000 + i;
		assert_int_equal(status_helper_tell(place->status, key, &told,
		    &now), 0);
	}
	assert_int_equal(status_helper_told(place->status, "2", &now, &told),
	    0);
	assert_int_equal(status_helper_told(place->status, "3", &now, &told),
	    1);
}

/* Two processes, each with tables of its own, and rows between them. */
struct pair {
	struct shares *shares_a, *shares_b;
	struct lookups *a, *b;
	struct status *other;
};

static const struct settings settings = { .max_lookups = 8,
    .lookup_rate = 20, .absent_ttl = 5 };

static struct pair
pair_new(struct status_world *place)
{
	struct pair pair = { .shares_a = shares_new(settings.lookup_rate),
	    .shares_b = shares_new(settings.lookup_rate) };

	assert_non_null(pair.shares_a);
	assert_non_null(pair.shares_b);
	pair.a = lookups_new(&settings, pair.shares_a);
	pair.b = lookups_new(&settings, pair.shares_b);
	pair.other = status_world_open(place);
	assert_non_null(pair.a);
	assert_non_null(pair.b);
	lookups_use_rows(pair.a, place->status);
	lookups_use_rows(pair.b, pair.other);
	return pair;
}

static void
pair_free(struct pair *pair)
{
	lookups_free(pair->a);
	lookups_free(pair->b);
	shares_free(pair->shares_a);
	shares_free(pair->shares_b);
	status_free(pair->other);
}

/* One that waits since then. */
static enum lookups_answer
go_since(struct lookups *lookups, const char *key, int is_known,
    int64_t since, int64_t at)
{
	struct shares_who who;
	const struct lookups_wish wish = { .key = key, .is_known = is_known,
	    .who = &who, .since = since, .until = at + 900 };
	const struct moment now = status_world_at(at);
	struct lookups_turn turn;
	struct shares_refusal refusal;
	enum lookups_answer answer;
	enum reason reason;

	shares_who_program(&who, 0, "192.0.2.1");
	memset(&turn, 0, sizeof(turn));
	answer = lookups_begin(lookups, &wish, &turn, &now, &refusal,
	    &reason);
	lookups_leave(lookups, &turn);
	return answer;
}

static enum lookups_answer
go(struct lookups *lookups, const char *key, int is_known, int64_t at)
{
	return go_since(lookups, key, is_known, at, at);
}

static void
end(struct lookups *lookups, const char *key, enum lookups_result result,
    enum reason reason, int64_t at)
{
	const struct moment now = status_world_at(at);

	lookups_end(lookups, key, result, reason, &now);
}

static void
test_lookups(void **state)
{
	static const struct {
		const char *name;
		enum lookups_result result;
		enum reason reason;
		enum lookups_answer soon;	/* to who waited */
		enum lookups_answer next;	/* to who comes then */
	} rows[] = {
		{ "live", LOOKUPS_ENDED_LIVE, REASON_GRANTED, LOOKUPS_GO,
		    LOOKUPS_WAIT },
		{ "not live", LOOKUPS_ENDED_NOT_LIVE, REASON_NOT_LIVE,
		    LOOKUPS_NOT_LIVE, LOOKUPS_NOT_LIVE },
		{ "failed", LOOKUPS_ENDED_FAILED, REASON_RESOLVER_UNREACHABLE,
		    LOOKUPS_FAILED, LOOKUPS_GO },
		{ "unsure", LOOKUPS_ENDED_UNSURE, REASON_SESSION_UNSETTLED,
		    LOOKUPS_UNSURE, LOOKUPS_GO },
		{ "rejected", LOOKUPS_ENDED_REJECTED, REASON_RESOLVER_FAULT,
		    LOOKUPS_UNSURE, LOOKUPS_UNSURE },
		{ "given up", LOOKUPS_ENDED, REASON_GRANTED, LOOKUPS_GO,
		    LOOKUPS_WAIT },
	};
	struct pair pair = pair_new(*state);
	char key[65];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)snprintf(key, sizeof(key), "%064zu", i);
		if (go(pair.a, key, 1, AT) != LOOKUPS_GO ||
		    go(pair.b, key, 1, AT) != LOOKUPS_WAIT)
			fail_msg("%s: begin", rows[i].name);
		end(pair.a, key, rows[i].result, rows[i].reason, AT + 10);
		if (go_since(pair.b, key, 1, AT, AT + 10) != rows[i].soon ||
		    go(pair.b, key, 1, AT + 20) != rows[i].next)
			fail_msg("%s: afterwards", rows[i].name);
	}
	pair_free(&pair);
}

/* As who has begun, or waits, looks. */
static int64_t
absent_at(struct lookups *lookups, const char *key, int64_t at)
{
	const struct lookups_wish wish = { .key = key, .since = at };
	const struct moment now = status_world_at(at);
	enum reason reason;

	(void)lookups_recall(lookups, &wish, &now, &reason);
	return lookups_absent_at(lookups, key, at);
}

static void
test_absent(void **state)
{
	struct pair pair = pair_new(*state);
	const struct moment now = status_world_at(AT);
	const char *key = "absent";

	assert_int_equal(go(pair.a, key, 1, AT), LOOKUPS_GO);
	lookups_absent(pair.a, key, &now);
	assert_int_equal(absent_at(pair.b, key, AT + 100), AT);
	end(pair.a, key, LOOKUPS_ENDED_UNSURE, REASON_SESSION_UNSETTLED,
	    AT + 50);
	assert_int_equal(absent_at(pair.b, key, AT + 100), AT);
	assert_int_equal(go(pair.b, key, 1, AT + 100), LOOKUPS_GO);
	end(pair.b, key, LOOKUPS_ENDED_LIVE, REASON_GRANTED, AT + 200);
	assert_int_equal(absent_at(pair.a, key, AT + 300), -1);
	pair_free(&pair);
}

static void
test_minute(void **state)
{
	struct pair pair = pair_new(*state);
	char key[65];
	int i, asked = 0;

	/* one address alone has two of ten, whichever process asks */
	for (i = 0; i < 100; i++) {
		(void)snprintf(key, sizeof(key), "%08x%056d",
		    (unsigned int)i * 2654435761U, 0);
		if (go(i % 2 ? pair.a : pair.b, key, 0, AT + i) != LOOKUPS_GO)
			continue;
		asked++;
		end(i % 2 ? pair.a : pair.b, key, LOOKUPS_ENDED_NOT_LIVE,
		    REASON_NOT_LIVE, AT + i);
	}
	assert_int_equal(asked, 2);
	pair_free(&pair);
}

/* What of the minute is left, asked by others; each is in vain. */
static int
left_of(struct lookups *lookups, const char *prefix, int64_t at)
{
	char key[32];
	int count = 0;

	for (;;) {
		(void)snprintf(key, sizeof(key), "%s%d", prefix, count);
		if (go(lookups, key, 0, at) != LOOKUPS_GO)
			return count;
		end(lookups, key, LOOKUPS_ENDED_NOT_LIVE, REASON_NOT_LIVE,
		    at);
		count++;
	}
}

/* Who waits in vain for a place asked nothing, and so has used nothing up;
 * what failed before it was sent neither. */
static void
test_waited_in_vain(void **state)
{
	static const struct {
		const char *name;
		int held;	/* places, by known ones */
		int waiting;	/* in vain */
		int unasked;	/* or fail here */
		int vain;	/* are answered "not live" */
	} rows[] = {
		{ "nothing", 0, 0, 0, 0 }, { "one waits", 8, 1, 0, 0 },
		{ "fifty wait", 8, 50, 0, 0 },
		{ "fifty fail here", 0, 0, 50, 0 },
		{ "both", 8, 20, 20, 0 }, { "one is in vain", 0, 0, 7, 1 },
		{ "and some wait", 8, 30, 0, 1 },
	};
	struct pair pair;
	char key[16];
	int all = -1, left, i;
	size_t row;

	for (row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		const int64_t at = AT + (int64_t)row * 120000;

		pair = pair_new(*state);
		for (i = 0; i < rows[row].held; i++) {
			(void)snprintf(key, sizeof(key), "h%d", i);
			assert_int_equal(go(pair.b, key, 1, at), LOOKUPS_GO);
		}
		for (i = 0; i < rows[row].waiting; i++) {
			(void)snprintf(key, sizeof(key), "w%d", i);
			assert_int_equal(go(pair.a, key, 0, at),
			    LOOKUPS_QUEUED);
		}
		for (i = 0; i < rows[row].held; i++) {
			(void)snprintf(key, sizeof(key), "h%d", i);
			end(pair.b, key, LOOKUPS_ENDED_LIVE, REASON_GRANTED,
			    at);
		}
		for (i = 0; i < rows[row].unasked + rows[row].vain; i++) {
			(void)snprintf(key, sizeof(key), "u%d", i);
			assert_int_equal(go(pair.a, key, 0, at), LOOKUPS_GO);
			end(pair.a, key, i < rows[row].unasked ?
			    LOOKUPS_ENDED_UNASKED : LOOKUPS_ENDED_NOT_LIVE,
			    REASON_LOCAL_FAULT, at);
		}
		left = left_of(pair.b, "l", at) + rows[row].vain;
		if (all == -1)
			all = left;
		if (left != all)
			fail_msg("%s: %d of %d", rows[row].name, left, all);
		pair_free(&pair);
	}
	assert_true(all > 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, \
    status_world_setup, status_world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_places),
		TEST(test_unknown),
		TEST(test_flood),
		TEST(test_given_back),
		TEST(test_counted_once),
		TEST(test_boots),
		TEST(test_few_rows),
		TEST(test_lookups),
		TEST(test_absent),
		TEST(test_waited_in_vain),
		TEST(test_minute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
