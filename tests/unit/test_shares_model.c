/* 100,000 random events of shares, against a plain model of their rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate/shares.h"

#define EVENTS 100000
#define SEATS 40
#define HELD 400		/* at a time */
#define PAST 20000		/* ends of the last 70 s */
#define NAMES 8			/* of credentials */
#define NONE 0

/* Levels by hand: any number but NONE stands for one key. */
struct asker {
	const char *address;
	long uid;		/* -1: a web server asks */
	int uid_key, net_48, net_56, narrow;
};

static const struct asker askers[] = {
	{ "10.0.0.1", -1, NONE, NONE, NONE, 1 },
	{ "::ffff:10.0.0.1", -1, NONE, NONE, NONE, 1 },
	{ "10.0.0.2", -1, NONE, NONE, NONE, 2 },
	{ "10.0.0.3", -1, NONE, NONE, NONE, 3 },
	{ "2001:db8:1:100::1", -1, NONE, 20, 30, 4 },
	{ "2001:db8:1:100::2", -1, NONE, 20, 30, 4 },
	{ "2001:db8:1:101::1", -1, NONE, 20, 30, 5 },
	{ "2001:db8:1:200::1", -1, NONE, 20, 31, 6 },
	{ "2001:db8:2:200::1", -1, NONE, 21, 32, 7 },
	{ "", -1, NONE, NONE, NONE, 8 },
	{ "unix:", -1, NONE, NONE, NONE, 9 },
	{ "10.0.0.1", 0, 40, NONE, NONE, 10 },
	{ "10.0.0.2", 0, 40, NONE, NONE, 11 },
	{ "10.0.0.1", 33, 41, NONE, NONE, 12 },
	{ "2001:db8:1:100::1", 33, 41, 22, 33, 13 },
	{ "2001:db8:1:200::1", 33, 41, 22, 34, 14 },
	{ "", 33, 41, NONE, NONE, 15 },
};
#define ASKERS (sizeof(askers) / sizeof(askers[0]))

enum { OPEN, VOUCHED, SEAT };

struct held {
	const struct asker *asker;	/* NULL: nothing */
	int class;
	struct shares_hold hold;
};

struct past {
	const struct asker *asker;
	int is_live, class;
	int64_t slot;
};

struct model {
	struct shares *shares;
	int size[2];
	int64_t now;
	struct held held[HELD];
	struct past past[PAST];
	size_t past_count;
	int voucher[16];	/* of each narrowest key; -1: none */
	int names[NAMES];	/* the address that each vouches for */
	int64_t named_at[NAMES];
	uint64_t seed;
};

static unsigned int
random_of(struct model *model, unsigned int count)
{
	model->seed = model->seed * 6364136223846793005U +
	    1442695040888963407U;
	return (unsigned int)(model->seed >> 33) % count;
}

static struct shares_who
who(const struct asker *asker)
{
	struct shares_who made;

	if (asker->uid == -1)
		shares_who_client(&made, asker->address);
	else
		shares_who_program(&made, asker->uid, asker->address);
	return made;
}

/* 0: of all */
static int
is_of(const struct asker *asker, int key)
{
	return key == 0 || asker->uid_key == key || asker->net_48 == key ||
	    asker->net_56 == key || asker->narrow == key;
}

/* What is vouched for takes nothing of its networks. */
static int
counts_for(const struct asker *asker, int class, int key)
{
	if (!is_of(asker, key))
		return 0;
	if (key == 0 || key == asker->narrow || class == SEAT)
		return 1;
	if (key == asker->uid_key)
		return asker->uid != 0;
	return class == OPEN;
}

static int
used(const struct model *model, int key, int class)
{
	const struct past *past;
	int count = 0;
	size_t i;

	for (i = 0; i < HELD; i++)
		count += model->held[i].asker != NULL &&
		    model->held[i].class == class &&
		    counts_for(model->held[i].asker, class, key);
	for (i = 0; i < model->past_count; i++) {
		past = &model->past[i];
		count += !past->is_live && past->class == class &&
		    model->now / 10000 - past->slot < 7 &&
		    counts_for(past->asker, class, key);
	}
	return count;
}

static int
may(const struct model *model, const struct asker *asker, int class)
{
	const int divisor = class == OPEN ? 5 : class == VOUCHED ||
	    asker->uid == -1 ? 1 : 3;
	const int free = (class == SEAT ? SEATS : model->size[class]) -
	    used(model, 0, class);
	const int keys[4] = { asker->uid_key, asker->net_48, asker->net_56,
	    asker->narrow };
	const int weights[4] = { divisor, 3, 2, 1 };
	int held, i;

	for (i = 0; i < 4; i++) {
		if (keys[i] == NONE || !counts_for(asker, class, keys[i]))
			continue;
		held = class == SEAT ? used(model, keys[i], SEAT) :
		    used(model, keys[i], OPEN) +
		    used(model, keys[i], VOUCHED);
		if (held * divisor >= free * weights[i])
			return 0;
	}
	return free > 0;
}

static int
is_vouched(const struct model *model, const struct asker *asker)
{
	const int name = model->voucher[asker->narrow];

	return name != -1 && model->names[name] == asker->narrow &&
	    model->now - model->named_at[name] < 3600000;
}

static struct held *
free_place(struct model *model)
{
	size_t i;

	for (i = 0; i < HELD; i++)
		if (model->held[i].asker == NULL)
			return &model->held[i];
	return NULL;
}

static void
take(struct model *model, const struct asker *asker, int is_seat)
{
	const struct moment now = { .boottime = model->now };
	const struct shares_who made = who(asker);
	struct held *held = free_place(model);
	struct shares_refusal refusal;
	int wanted, is_taken;

	if (is_seat)
		wanted = may(model, asker, SEAT) ? SEAT : -1;
	else if (is_vouched(model, asker) && may(model, asker, VOUCHED))
		wanted = VOUCHED;
	else
		wanted = may(model, asker, OPEN) ? OPEN : -1;
	assert_non_null(held);
	is_taken = (is_seat ? shares_take_seat(model->shares, &made, SEATS,
	    &held->hold, &refusal) : shares_take_lookup(model->shares, &made,
	    &now, &held->hold, &refusal)) == SHARES_TAKEN;
	if (is_taken != (wanted != -1))
		fail_msg("%s of %ld: %d, not %d", asker->address, asker->uid,
		    is_taken, wanted);
	if (!is_taken)
		return;
	held->asker = asker;
	held->class = wanted;
	if (!is_seat)
		assert_int_equal(shares_rank(model->shares, &made) <
		    SHARES_RANKS / 2, is_vouched(model, asker));
}

static void
forget_old(struct model *model)
{
	size_t i, kept = 0;

	for (i = 0; i < model->past_count; i++)
		if (model->now / 10000 - model->past[i].slot < 7)
			model->past[kept++] = model->past[i];
	model->past_count = kept;
}

static int
ended(const struct model *model, const struct asker *asker, int is_live)
{
	int count = 0;
	size_t i;

	for (i = 0; i < model->past_count; i++)
		count += model->past[i].is_live == is_live &&
		    model->now / 10000 - model->past[i].slot < 7 &&
		    model->past[i].asker->narrow == asker->narrow;
	return count;
}

static void
end(struct model *model, struct held *held, int is_live)
{
	static const char *const keys[NAMES] = { "a", "b", "c", "d", "e",
	    "f", "g", "h" };
	const struct moment now = { .boottime = model->now };
	const struct asker *asker = held->asker;
	const struct shares_who made = who(asker);
	const int name = (int)random_of(model, NAMES);
	struct shares_hold running = { .count = 0 };
	const struct shares_ending ending = { .who = &made,
	    .key = keys[name], .is_live = is_live, .running = &running,
	    .asked = &held->hold, .asked_count = 1 };

	shares_run(model->shares, &made, 0, &running);
	shares_end(model->shares, &ending, &now);
	assert_true(model->past_count < PAST);
	model->past[model->past_count++] = (struct past){ asker, is_live,
	    held->class, model->now / 10000 };
	held->asker = NULL;
	if (ended(model, asker, 0) > ended(model, asker, 1))
		model->voucher[asker->narrow] = -1;
	else if (is_live) {
		model->voucher[asker->narrow] = name;
		model->names[name] = asker->narrow;
		model->named_at[name] = model->now;
	}
}

static void
give(struct model *model, struct held *held)
{
	shares_give(model->shares, &held->hold);
	held->asker = NULL;
}

static void
pass(struct model *model)
{
	static const unsigned int most[] = { 20, 20, 20, 20, 20, 200, 200,
	    3000, 90000, 4000000 };
	const unsigned int kind = random_of(model, 10);

	/* long ones are rare */
	if (kind < 8 || random_of(model, 100) == 0)
		model->now += random_of(model, most[kind]);
	forget_old(model);
}

static void
one_event(struct model *model)
{
	const struct asker *asker = &askers[random_of(model, ASKERS)];
	struct held *held = &model->held[random_of(model, HELD)];
	const unsigned int what = random_of(model, 10);

	pass(model);
	if (what < 4)
		take(model, asker, 0);
	else if (what == 4)
		take(model, asker, 1);
	else if (held->asker == NULL)
		return;
	else if (held->class == SEAT || what == 5)
		give(model, held);
	else
		end(model, held, what < 8);
}

/* Everything given back, and a minute later: all is as it was at first. */
static void
is_as_new(struct model *model)
{
	struct shares *unused = shares_new(model->size[0] + model->size[1]);
	struct model other = { .shares = unused, .now = 1 };
	size_t i;

	for (i = 0; i < HELD; i++)
		if (model->held[i].asker != NULL)
			give(model, &model->held[i]);
	model->now += 2 * 3600000;
	forget_old(model);
	memcpy(other.size, model->size, sizeof(other.size));
	memset(other.voucher, -1, sizeof(other.voucher));
	for (i = 0; i < 3000; i++) {
		take(model, &askers[i % ASKERS], i % 2 == 0);
		take(&other, &askers[i % ASKERS], i % 2 == 0);
	}
	for (i = 0; i < HELD; i++)
		assert_ptr_equal(model->held[i].asker, other.held[i].asker);
	shares_free(unused);
}

static void
events(void **state)
{
	static const int rates[] = { 1, 2, 7, 60, 600 };
	static struct model model;
	size_t i;
	int j;

	(void)state;
	for (i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		memset(&model, 0, sizeof(model));
		model.seed = 20 + i;
		model.now = 1;
		model.size[VOUCHED] = rates[i] / 2;
		model.size[OPEN] = rates[i] - rates[i] / 2;
		memset(model.voucher, -1, sizeof(model.voucher));
		model.shares = shares_new(rates[i]);
		assert_non_null(model.shares);
		for (j = 0; j < EVENTS / 5; j++)
			one_event(&model);
		is_as_new(&model);
		shares_free(model.shares);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
