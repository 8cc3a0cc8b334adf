#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate/shares_words.h"

#define RATE 600
#define MANY 4000

static struct moment now;
static struct shares_refusal refusal;
static struct shares_hold holds[MANY];

static int
setup(void **state)
{
	memset(holds, 0, sizeof(holds));
	now.boottime = 1000000;
	*state = shares_new(RATE);
	return *state == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	shares_free(*state);
	return 0;
}

/* "UID/ADDRESS" is a program's client. */
static struct shares_who
who(const char *text)
{
	const char *slash = text != NULL ? strchr(text, '/') : NULL;
	struct shares_who asker;

	if (slash != NULL)
		shares_who_program(&asker, strtol(text, NULL, 10), slash + 1);
	else
		shares_who_client(&asker, text);
	return asker;
}

static enum shares_limit
take(struct shares *shares, const char *text, struct shares_hold *hold)
{
	const struct shares_who asker = who(text);

	return shares_take_lookup(shares, &asker, &now, hold, &refusal);
}

static void
end(struct shares *shares, const char *text, const char *key, int is_live,
    struct shares_hold *hold)
{
	const struct shares_who asker = who(text);
	struct shares_hold running = { .count = 0 };
	const struct shares_ending ending = { .who = &asker, .key = key,
	    .is_live = is_live, .running = &running, .asked = hold,
	    .asked_count = 1 };

	shares_run(shares, &asker, hold->count == 0, &running);
	shares_end(shares, &ending, &now);
}

/* Until it is refused: how many it got. */
static int
take_all(struct shares *shares, const char *text, struct shares_hold *from)
{
	int count = 0;

	while (take(shares, text, &from[count]) == SHARES_TAKEN)
		count++;
	return count;
}

static void
give_all(struct shares *shares, struct shares_hold *from)
{
	for (; from->things != 0; from++)
		shares_give(shares, from);
}

/* That one more of the second can be told from none of the first. */
static int
is_shared(struct shares *shares, const char *a, const char *b)
{
	int alone, after;

	alone = take_all(shares, b, holds);
	give_all(shares, holds);
	(void)take_all(shares, a, holds);
	after = take_all(shares, b, holds + 1000);
	give_all(shares, holds);
	give_all(shares, holds + 1000);
	return after == 0 && alone > 0;
}

static void
addresses(void **state)
{
	static const struct {
		const char *a, *b;
		int is_same;
	} cases[] = {
		{ "10.0.0.1", "::ffff:10.0.0.1", 1 },
		{ "10.0.0.1", "::ffff:a00:1", 1 },
		{ "10.0.0.1", "10.0.0.2", 0 },
		/* of an IPv6-only network, where all of IPv4 has one /96 */
		{ "64:ff9b::10.0.0.1", "64:ff9b::10.0.0.2", 0 },
		{ "64:ff9b::10.0.0.1", "10.0.0.1", 1 },
		{ "64:ff9b:1::10.0.0.1", "64:ff9b:1::10.0.0.2", 1 },
		{ "64:ff9b::1:10.0.0.1", "10.0.0.1", 0 },
		{ "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", 1 },
		{ "2001:db8:1:2::1", "2001:db8:1:3::1", 0 },
		{ "2001:db8:1:2::1", "2001:DB8:1:2::1", 1 },
		{ NULL, "", 1 },
		/* what is no address shares nothing with what is another */
		{ "", "unix:", 0 }, { "300.1.1.1", "x", 0 }, { "x", "x", 1 },
		{ "unix:/a", "unix:/b", 0 }, { "a.example", "b.example", 0 },
		{ "a-name-of-more-than-sixty-four-bytes-that-ends-in-one-way."
		    "example", "a-name-of-more-than-sixty-four-bytes-that-ends-"
		    "in-one-way.example2", 0 },
		{ "10.0.0.1", "", 0 }, { "::1", "10.0.0.1", 0 },
		{ "fe80::1%eth0", "fe80::1%eth1", 0 },
		{ "10.0.0.1 ", "10.0.0.1", 0 }, { "::", "0.0.0.0", 0 },
		{ "010.0.0.1", "10.0.0.1", 0 }, { "1::2::3", "1::2", 0 },
		{ "::10.0.0.1", "10.0.0.1", 0 },
		/* programs that ask for their clients */
		{ "0/10.0.0.1", "0/::ffff:10.0.0.1", 1 },
		{ "0/10.0.0.1", "10.0.0.1", 0 }, { "0/", "", 0 },
		{ "0/10.0.0.1", "1/10.0.0.1", 0 }, { "0/", "1/", 0 },
		{ "256/", "65536/", 0 }, { "7/x", "7/x", 1 },
		{ "0/2001:db8:1:2::1", "0/2001:db8:1:2::9", 1 },
		{ "7/2001:db8:1:2::1", "2001:db8:1:2::1", 0 },
		{ "7/2001:db8:1:2::1", "8/2001:db8:1:2::1", 0 },
		{ "0/10.0.0.1", "0/10.0.0.2", 0 }, { "0/", "0/10.0.0.1", 0 },
		{ "-1/10.0.0.1", "10.0.0.1", 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (is_shared(*state, cases[i].a, cases[i].b) !=
		    cases[i].is_same)
			fail_msg("%s and %s", cases[i].a != NULL ?
			    cases[i].a : "NULL", cases[i].b);
}

/* One alone, by level, and who is the limit. */
static void
levels(void **state)
{
	char text[64];
	int i, count, tries;

	assert_int_equal(take_all(*state, "10.0.0.1", holds), 50);
	assert_int_equal(refusal.limit, SHARES_LIMIT_ADDRESS);
	assert_true(refusal.is_alone);
	give_all(*state, holds);
	/* a /56 and a /48 that name an address for each */
	for (tries = 0; tries < 2; tries++) {
		for (i = 0, count = 0; i < 256; i++) {
			(void)snprintf(text, sizeof(text),
			    "2001:db8:1:%x::1",
			    (unsigned int)(tries == 0 ? i : i * 256));
			count += take(*state, text, &holds[count]) ==
			    SHARES_TAKEN;
		}
		assert_int_equal(refusal.limit, SHARES_LIMIT_NETWORK);
		assert_false(refusal.is_alone);
		assert_int_equal(count, tries == 0 ? 86 : 113);
		assert_int_equal(take(*state, "2001:db8:2::1",
		    &holds[count]), SHARES_TAKEN);
		give_all(*state, holds);
	}
	/* a uid that does, and root, whose clients are all */
	for (i = 0, count = 0; i < 1000; i++) {
		(void)snprintf(text, sizeof(text), "33/10.0.%d.%d", i / 250,
		    i % 250);
		count += take(*state, text, &holds[count]) == SHARES_TAKEN;
	}
	assert_int_equal(count, 150);
	assert_int_equal(refusal.limit, SHARES_LIMIT_UID);
	for (i = 0; i < 1000; i++) {
		(void)snprintf(text, sizeof(text), "0/10.0.%d.%d", i / 250,
		    i % 250);
		count += take(*state, text, &holds[count]) == SHARES_TAKEN;
	}
	assert_int_equal(count, 300);
	assert_int_equal(refusal.limit, SHARES_LIMIT_ALL);
	give_all(*state, holds);
	/* 64 that take what they can leave some 20 */
	for (i = 0, count = 0; i < 64 * 40; i++) {
		(void)snprintf(text, sizeof(text), "10.0.0.%d", i % 64);
		count += take(*state, text, &holds[count]) == SHARES_TAKEN;
	}
	assert_int_equal(count, 280);
	for (i = 0; i < 20; i++) {
		(void)snprintf(text, sizeof(text), "10.0.1.%d", i);
		assert_int_equal(take(*state, text, &holds[count + i]),
		    SHARES_TAKEN);
	}
}

/* In no 60 s more than the part, and not long after them again. */
static void
minute(void **state)
{
	const int64_t start = now.boottime;
	int64_t ends[2000] = { 0 };
	int64_t begun;
	int i, count = 0, first = 0;

	for (i = 0; i < 4000; i++) {
		now.boottime += 1 + (i * 7919) % 400;
		if (take(*state, "10.0.0.1", holds) != SHARES_TAKEN) {
			assert_in_range(refusal.until, now.boottime + 1000,
			    now.boottime + 70000);
			continue;
		}
		begun = now.boottime;
		now.boottime += (i * 31) % 300;
		end(*state, "10.0.0.1", "k", 0, holds);
		ends[count++] = begun;
		while (ends[first] <= begun - 60000)
			first++;
		assert_in_range(count - first, 1, 50);
	}
	assert_in_range(count, 50 * ((now.boottime - start) / 70000),
	    50 * ((now.boottime - start) / 60000 + 1));
	/* refused until then, and not later */
	now.boottime += 100000;
	for (i = 0; i < 50; i++) {
		assert_int_equal(take(*state, "10.0.0.1", holds),
		    SHARES_TAKEN);
		end(*state, "10.0.0.1", "k", 0, holds);
	}
	assert_int_equal(take(*state, "10.0.0.1", holds),
	    SHARES_LIMIT_ADDRESS);
	now.boottime = refusal.until - 1;
	assert_int_equal(take(*state, "10.0.0.1", holds),
	    SHARES_LIMIT_ADDRESS);
	now.boottime++;
	assert_int_equal(take(*state, "10.0.0.1", holds), SHARES_TAKEN);
}

static void
log_in(struct shares *shares, const char *text, const char *key, int is_live)
{
	struct shares_hold hold = { .count = 0 };

	assert_int_equal(take(shares, text, &hold), SHARES_TAKEN);
	end(shares, text, key, is_live, &hold);
}

/* 1 if somebody vouches for it: it goes before others then. */
static int
is_vouched(struct shares *shares, const char *text)
{
	const struct shares_who asker = who(text);
	struct shares_hold hold = { .count = 0 };

	assert_int_equal(take(shares, text, &hold), SHARES_TAKEN);
	shares_give(shares, &hold);
	return shares_rank(shares, &asker) < SHARES_RANKS / 2;
}

static void
vouching(void **state)
{
	struct shares_hold none = { .count = 0 };
	int count;

	assert_false(is_vouched(*state, "10.0.0.1"));
	log_in(*state, "10.0.0.1", "one", 1);
	assert_true(is_vouched(*state, "10.0.0.1"));
	/* it moves, and the first has nothing any more */
	log_in(*state, "2001:db8::1", "one", 1);
	assert_false(is_vouched(*state, "10.0.0.1"));
	assert_true(is_vouched(*state, "2001:db8::2"));
	assert_false(is_vouched(*state, "2001:db8:0:1::1"));
	/* a known one vouches too */
	end(*state, "10.0.0.1", "two", 1, &none);
	assert_true(is_vouched(*state, "10.0.0.1"));
	/* one in vain is no more than the one live: one more is */
	log_in(*state, "10.0.0.1", "bad", 0);
	assert_true(is_vouched(*state, "10.0.0.1"));
	log_in(*state, "10.0.0.1", "bad", 0);
	log_in(*state, "10.0.0.1", "bad", 0);
	assert_false(is_vouched(*state, "10.0.0.1"));
	end(*state, "10.0.0.1", "two", 1, &none);
	assert_true(is_vouched(*state, "10.0.0.1"));
	log_in(*state, "10.0.0.1", "bad", 0);
	log_in(*state, "10.0.0.1", "bad", 0);
	assert_false(is_vouched(*state, "10.0.0.1"));
	end(*state, "10.0.0.1", "two", 1, &none);
	assert_false(is_vouched(*state, "10.0.0.1"));
	end(*state, "10.0.0.1", "two", 1, &none);
	assert_true(is_vouched(*state, "10.0.0.1"));
	/* an hour */
	now.boottime += 3599999;
	assert_true(is_vouched(*state, "10.0.0.1"));
	now.boottime++;
	assert_false(is_vouched(*state, "10.0.0.1"));
	/* what it may: half of the half, beside the others' */
	log_in(*state, "10.0.0.1", "two", 1);
	count = take_all(*state, "10.0.0.2", holds);
	assert_int_equal(count, 50);
	assert_int_equal(take_all(*state, "10.0.0.1", holds + count), 150);
}

/* All that are vouched for have half, if others took theirs. */
static void
vouched_half(void **state)
{
	char text[32], key[32];
	int i, count = 0;

	for (i = 0; i < 400; i++) {
		(void)snprintf(text, sizeof(text), "10.0.%d.%d", i / 200,
		    i % 200);
		(void)snprintf(key, sizeof(key), "key %d", i);
		log_in(*state, text, key, 1);
	}
	for (i = 0; i < 400; i++) {
		(void)snprintf(text, sizeof(text), "10.1.%d.%d", i / 200,
		    i % 200);
		count += take(*state, text, &holds[count]) == SHARES_TAKEN;
	}
	assert_int_equal(count, RATE - RATE / 2);
	for (i = 0; i < 400; i++) {
		(void)snprintf(text, sizeof(text), "10.0.%d.%d", i / 200,
		    i % 200);
		count += take(*state, text, &holds[count]) == SHARES_TAKEN;
	}
	assert_int_equal(count, RATE);
	assert_int_equal(refusal.limit, SHARES_LIMIT_ALL);
}

static void
small_and_great(void **state)
{
	static const struct {
		int rate, alone;
	} cases[] = { { 1, 1 }, { 2, 1 }, { 3, 1 }, { 10, 1 }, { 60, 5 },
	    { 60000, 5000 } };
	static struct shares_hold own[6000];
	struct shares *shares;
	char text[32];
	int j, count;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		shares = shares_new(cases[i].rate);
		assert_non_null(shares);
		memset(own, 0, sizeof(own));
		count = take_all(shares, "10.0.0.1", own);
		if (count != cases[i].alone)
			fail_msg("%d: %d", cases[i].rate, count);
		give_all(shares, own);
		for (j = 0, count = 0; j < 2 * cases[i].rate && j < 1000;
		    j++) {
			(void)snprintf(text, sizeof(text), "10.1.%d.%d",
			    j / 200, j % 200);
			log_in(shares, text, text, 1);
			memset(own, 0, sizeof(own[0]));
			if (take(shares, text, own) != SHARES_TAKEN)
				break;
			end(shares, text, "bad", 0, own);
			count++;
			/* lookup_rate = 1: it is used up */
			if (count == cases[i].rate)
				break;
		}
		assert_int_equal(count, cases[i].rate < 1000 ? cases[i].rate :
		    1000);
		shares_free(shares);
	}
}

static void
seats(void **state)
{
	static const struct {
		const char *name;
		int seats, expected;
	} cases[] = {
		{ "10.0.0.1", 32, 16 }, { "0/10.0.0.1", 32, 8 },
		{ "33/10.0.0.1", 32, 8 }, { "2001:db8::1", 32, 16 },
		{ "", 32, 16 }, { "10.0.0.1", 1, 1 }, { "33/", 1, 1 },
	};
	struct shares_who asker;
	char text[48];
	size_t i;
	int j, count;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		asker = who(cases[i].name);
		for (count = 0; shares_take_seat(*state, &asker,
		    cases[i].seats, &holds[count], &refusal) == SHARES_TAKEN;)
			count++;
		if (count != cases[i].expected)
			fail_msg("%s: %d of %d", cases[i].name, count,
			    cases[i].seats);
		give_all(*state, holds);
	}
	/* whatever addresses it names */
	for (i = 0; i < 4; i++) {
		for (j = 0, count = 0; j < 100; j++) {
			(void)snprintf(text, sizeof(text), i == 0 ?
			    "0/10.0.0.%u" : i == 1 ? "33/10.0.0.%u" :
			    i == 2 ? "2001:db8:0:%x::1" :
			    "2001:db8:0:%x00::1", (unsigned int)j);
			asker = who(text);
			count += shares_take_seat(*state, &asker, 32,
			    &holds[count], &refusal) == SHARES_TAKEN;
		}
		assert_int_equal(count, i < 2 ? 16 : i == 2 ? 22 : 24);
		assert_int_equal(refusal.limit, i < 2 ? SHARES_LIMIT_UID :
		    SHARES_LIMIT_NETWORK);
		give_all(*state, holds);
	}
}

/* Who waits goes by what his whole network holds, not by one address. */
static void
ranks(void **state)
{
	struct shares_who asker;
	char text[48];
	int i, rank = 0, before = -1;

	for (i = 0; i < 100; i++) {
		(void)snprintf(text, sizeof(text), "2001:db8:0:%x::1",
		    (unsigned int)i);
		if (take(*state, text, &holds[i]) != SHARES_TAKEN)
			break;
		asker = who(text);
		rank = shares_rank(*state, &asker);
		assert_true(rank >= before);
		before = rank;
	}
	assert_int_equal(rank, SHARES_RANKS / 2 + 5);	/* 86 / 2 */
	assert_int_equal(take(*state, "10.0.0.1", &holds[200]),
	    SHARES_TAKEN);
	asker = who("10.0.0.1");
	assert_int_equal(shares_rank(*state, &asker),
	    SHARES_RANKS / 2);
	assert_int_equal(shares_rank_known(*state, &asker), 0);
}

/* More addresses than there are rows: none is made for who is refused, and
 * those that somebody vouches for stay. */
static void
full(void **state)
{
	static struct shares_hold many[60000];
	struct shares *shares = shares_new(60000);
	char text[32];
	int i, count = 0, vouched = 0;

	(void)state;
	assert_non_null(shares);
	for (i = 0; i < 200; i++) {
		(void)snprintf(text, sizeof(text), "10.0.0.%d", i);
		log_in(shares, text, text, 1);
	}
	/* ended live, of rows that hold nothing and go */
	for (i = 0; i < 300000; i++) {
		(void)snprintf(text, sizeof(text), "11.%d.%d.%d", i / 62500,
		    i / 250 % 250, i % 250);
		now.boottime += 1;
		assert_int_equal(take(shares, text, many), SHARES_TAKEN);
		shares_give(shares, many);
	}
	for (i = 0; i < 200; i++) {
		(void)snprintf(text, sizeof(text), "10.0.0.%d", i);
		vouched += is_vouched(shares, text);
	}
	assert_int_equal(vouched, 200);
	/* all that hold something: the others are refused, as long as that */
	for (i = 0; i < 300000 && count < 30000; i++) {
		(void)snprintf(text, sizeof(text), "12.%d.%d.%d", i / 62500,
		    i / 250 % 250, i % 250);
		count += take(shares, text, &many[count]) == SHARES_TAKEN;
	}
	assert_in_range(count, 20000, 30000);
	give_all(shares, many);
	assert_int_equal(take_all(shares, "10.9.9.9", many), 5000);
	shares_free(shares);
}

/* A clock that goes back, or far ahead. */
static void
clocks(void **state)
{
	static const int64_t jumps[] = { -1, -50, -59999, -60001, -900000,
	    3600000, 1000000000000, -999999999999, 0 };
	struct shares_hold hold = { .count = 0 };
	size_t i;
	int j;

	for (i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
		for (j = 0; j < 50; j++)
			if (take(*state, "10.0.0.1", &hold) == SHARES_TAKEN)
				end(*state, "10.0.0.1", "k", 0, &hold);
		assert_int_equal(take(*state, "10.0.0.1", &hold),
		    SHARES_LIMIT_ADDRESS);
		now.boottime += jumps[i];
		if (jumps[i] < 0)
			assert_int_equal(take(*state, "10.0.0.1", &hold),
			    SHARES_LIMIT_ADDRESS);
		/* none is refused for long after it */
		now.boottime += jumps[i] < 0 && jumps[i] > -60000 ?
		    70000 - jumps[i] : 70000;
		assert_int_equal(take(*state, "10.0.0.1", &hold),
		    SHARES_TAKEN);
		shares_give(*state, &hold);
	}
	/* an end at an unknown moment is one of now */
	assert_int_equal(take(*state, "10.0.0.1", &hold), SHARES_TAKEN);
	now.boottime = 0;
	end(*state, "10.0.0.1", "k", 0, &hold);
}

static void
words(void **state)
{
	static const struct {
		enum shares_limit limit;
		const char *lookup, *seat;
	} cases[] = {
		{ SHARES_LIMIT_ALL, "lookup_rate that is open to all is",
		    "too many requests wait (--max-connections)" },
		{ SHARES_LIMIT_UID, "of this asker is",
		    "requests of this asker wait" },
		{ SHARES_LIMIT_NETWORK, "of this client's network is",
		    "from this client's network wait" },
		{ SHARES_LIMIT_ADDRESS, "of this client address is",
		    "from this client address wait" },
	};
	static const char *const servers[] = { "set_real_ip_from",
	    "mod_remoteip", "mod_extforward" };
	struct error error;
	size_t i, j;
	int is_alone;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (is_alone = 0; is_alone < 2; is_alone++) {
			refusal.limit = cases[i].limit;
			refusal.is_alone = is_alone;
			error_clear(&error);
			shares_words_lookup(&refusal, &error);
			assert_non_null(strstr(error.text, "lookup_rate"));
			assert_non_null(strstr(error.text, cases[i].lookup));
			for (j = 0; j < 3; j++)
				assert_int_equal(strstr(error.text,
				    servers[j]) != NULL, is_alone);
			/* whole */
			assert_true(strlen(error.text) <
			    sizeof(error.text) - 1);
			error_clear(&error);
			shares_words_seat(&refusal, 0, &error);
			assert_non_null(strstr(error.text, cases[i].seat));
			assert_non_null(strstr(error.text,
			    "--max-connections"));
			error_clear(&error);
			shares_words_place(is_alone, &error);
			assert_non_null(strstr(error.text, "max_lookups"));
			assert_int_equal(strstr(error.text, servers[0]) !=
			    NULL, is_alone);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(addresses), TEST(levels), TEST(minute), TEST(vouching),
		TEST(vouched_half), TEST(small_and_great), TEST(seats),
		TEST(ranks), TEST(full), TEST(clocks), TEST(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
