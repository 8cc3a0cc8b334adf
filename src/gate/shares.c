/* What one asker may hold of what all share. */
#include "config.h"

#include "gate/shares.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "gate/shares_pool.h"
#include "gate/shares_vouch.h"

#define OPEN_DIVISOR 5	/* of what nobody vouches for */
#define PROGRAM_DIVISOR 3	/* of seats */

#define BIT(level) (1U << (level))
#define ALL_LEVELS (BIT(SHARES_LEVELS) - 1)

struct shares {
	pthread_mutex_t lock;
	int size[SHARES_CLASSES];
	int64_t now;		/* the latest moment; never goes back */
	int64_t ahead;		/* of boottime: not 0 once that went back */
	struct shares_counts all;
	struct fixed_table *parts;
	struct shares_vouch *vouch;
};

struct shares *
shares_new(int lookup_rate)
{
	struct shares *shares = calloc(1, sizeof(*shares));

	if (shares == NULL)
		return NULL;
	if (pthread_mutex_init(&shares->lock, NULL) != 0) {
		free(shares);
		return NULL;
	}
	shares->size[SHARES_VOUCHED] = lookup_rate / 2;
	shares->size[SHARES_OPEN] = lookup_rate - lookup_rate / 2;
	shares->parts = shares_part_table(lookup_rate);
	shares->vouch = shares_vouch_new();
	if (shares->parts != NULL && shares->vouch != NULL)
		return shares;
	shares_free(shares);
	return NULL;
}

void
shares_free(struct shares *shares)
{
	if (shares == NULL)
		return;
	fixed_table_free(shares->parts);
	shares_vouch_free(shares->vouch);
	(void)pthread_mutex_destroy(&shares->lock);
	free(shares);
}

/* Threads read the clock one after another; one that went back further is
 * another clock, and this one goes on from where it was. */
static void
advance(struct shares *shares, int64_t boottime)
{
	if (boottime <= 0)
		return;
	if (boottime + shares->ahead < shares->now - MOMENT_AHEAD_MS)
		shares->ahead = shares->now - boottime;
	if (boottime + shares->ahead > shares->now)
		shares->now = boottime + shares->ahead;
}

static const struct shares_key *
address_of(const struct shares_who *who)
{
	return &who->keys[who->count - 1];
}

static void
begin_pool(const struct shares *shares, enum shares_thing thing,
    struct shares_pool *pool)
{
	pool->parts = shares->parts;
	pool->all = &shares->all;
	pool->now = shares->now;
	pool->thing = thing;
}

static enum shares_limit
take(struct shares *shares, const struct shares_who *who,
    const struct shares_pool *pool, struct shares_hold *hold,
    struct shares_refusal *refusal)
{
	const struct shares_taking taking = { .who = who,
	    .levels = pool->levels, .things = BIT(pool->thing),
	    .is_strict = pool->thing != SHARES_SEAT, .now = shares->now };
	const struct shares_key *limit = NULL;

	if (pool->free > 0)
		limit = shares_pool_limit(pool, who);
	if (pool->free > 0 && limit == NULL && shares_part_take(
	    shares->parts, &shares->all, &taking, hold) == 0)
		return SHARES_TAKEN;
	shares_pool_explain(pool, who, limit, refusal);
	refusal->until -= shares->ahead;
	return refusal->limit;
}

enum shares_limit
shares_take_seat(struct shares *shares, const struct shares_who *who,
    int seats, struct shares_hold *hold, struct shares_refusal *refusal)
{
	struct shares_pool pool = { .levels = ALL_LEVELS,
	    .divisor = who->is_program ? PROGRAM_DIVISOR : 1 };
	enum shares_limit limit;

	(void)pthread_mutex_lock(&shares->lock);
	begin_pool(shares, SHARES_SEAT, &pool);
	pool.free = seats - shares->all.held[SHARES_SEAT];
	limit = take(shares, who, &pool, hold, refusal);
	(void)pthread_mutex_unlock(&shares->lock);
	return limit;
}

static int
is_vouched_for(const struct shares *shares, const struct shares_who *who)
{
	const struct shares_part *part = shares_part_find(shares->parts,
	    address_of(who));

	return part != NULL && part->voucher[0] != '\0' &&
	    shares_vouch_is_for(shares->vouch, part->voucher,
	    address_of(who), shares->now);
}

static void
begin_lookups(const struct shares *shares, const struct shares_who *who,
    enum shares_thing class, struct shares_pool *pool)
{
	begin_pool(shares, class, pool);
	pool->free = shares->size[class] -
	    shares_part_used_of(&shares->all, class, shares->now);
	pool->divisor = class == SHARES_VOUCHED ? 1 : OPEN_DIVISOR;
	pool->levels = class == SHARES_VOUCHED ? BIT(SHARES_LEVEL_UID) |
	    BIT(SHARES_LEVEL_ADDRESS) : ALL_LEVELS;
	/* root asks for all of its clients */
	if (who->is_program && who->uid == 0)
		pool->levels &= ~BIT(SHARES_LEVEL_UID);
}

enum shares_limit
shares_take_lookup(struct shares *shares, const struct shares_who *who,
    const struct moment *now, struct shares_hold *hold,
    struct shares_refusal *refusal)
{
	enum shares_limit limit = SHARES_LIMIT_ALL;
	struct shares_pool pool;

	(void)pthread_mutex_lock(&shares->lock);
	advance(shares, now->boottime);
	if (is_vouched_for(shares, who)) {
		begin_lookups(shares, who, SHARES_VOUCHED, &pool);
		limit = take(shares, who, &pool, hold, refusal);
	}
	if (limit != SHARES_TAKEN) {
		begin_lookups(shares, who, SHARES_OPEN, &pool);
		limit = take(shares, who, &pool, hold, refusal);
	}
	(void)pthread_mutex_unlock(&shares->lock);
	return limit;
}

void
shares_give(struct shares *shares, struct shares_hold *hold)
{
	(void)pthread_mutex_lock(&shares->lock);
	shares_part_give(&shares->all, hold, 0, shares->now);
	(void)pthread_mutex_unlock(&shares->lock);
}

/* The number of its binary digits but one. */
static int
power_of(int number)
{
	int power = 0;

	while (number > 1 && power < SHARES_RANKS / 2 - 1) {
		number /= 2;
		power++;
	}
	return power;
}

int
shares_rank(struct shares *shares, const struct shares_who *who)
{
	const struct shares_key *key;
	struct shares_pool pool;
	int most = 0, is_open, held;
	size_t i;

	(void)pthread_mutex_lock(&shares->lock);
	/* now: whatever it was when it came */
	is_open = !is_vouched_for(shares, who);
	begin_lookups(shares, who, is_open ? SHARES_OPEN : SHARES_VOUCHED,
	    &pool);
	for (i = 0; i < who->count; i++) {
		key = &who->keys[i];
		held = shares_pool_held(&pool, key) /
		    shares_pool_weight(key->level, OPEN_DIVISOR);
		if (pool.levels & BIT(key->level) && held > most)
			most = held;
	}
	(void)pthread_mutex_unlock(&shares->lock);
	return (is_open ? SHARES_RANKS / 2 : 0) + power_of(most);
}

int
shares_rank_known(struct shares *shares, const struct shares_who *who)
{
	const struct shares_part *part;
	int most = 0, held;
	size_t i;

	(void)pthread_mutex_lock(&shares->lock);
	for (i = 0; i < who->count; i++) {
		part = shares_part_find(shares->parts, &who->keys[i]);
		if (part == NULL || who->keys[i].level == SHARES_LEVEL_UID)
			continue;
		held = (part->counts.held[SHARES_RUNNING_KNOWN] +
		    part->counts.held[SHARES_QUEUED]) /
		    shares_pool_weight(who->keys[i].level, OPEN_DIVISOR);
		if (held > most)
			most = held;
	}
	(void)pthread_mutex_unlock(&shares->lock);
	return power_of(most);
}

int
shares_is_held_back(struct shares *shares, const struct shares_who *who,
    int is_known, int places)
{
	const enum shares_thing running = is_known ? SHARES_RUNNING_KNOWN :
	    SHARES_RUNNING_UNKNOWN;
	const enum shares_thing queued = is_known ? SHARES_QUEUED :
	    SHARES_QUEUED_UNKNOWN;
	const struct shares_part *part;
	int is_held_back = 0;
	size_t i;

	(void)pthread_mutex_lock(&shares->lock);
	for (i = 0; i < who->count && !is_held_back; i++) {
		part = shares_part_find(shares->parts, &who->keys[i]);
		/* of an odd number the bigger half, or two could be held back
		 * by each other */
		is_held_back = part != NULL && part->counts.held[running] >=
		    places - places / 2 && shares->all.held[queued] >
		    part->counts.held[queued];
	}
	(void)pthread_mutex_unlock(&shares->lock);
	return is_held_back;
}

static void
note(struct shares *shares, const struct shares_who *who,
    unsigned int things, struct shares_hold *hold)
{
	struct shares_taking taking = { .who = who, .levels = ALL_LEVELS,
	    .things = things };

	(void)pthread_mutex_lock(&shares->lock);
	taking.now = shares->now;
	(void)shares_part_take(shares->parts, &shares->all, &taking, hold);
	(void)pthread_mutex_unlock(&shares->lock);
}

void
shares_run(struct shares *shares, const struct shares_who *who, int is_known,
    struct shares_hold *hold)
{
	note(shares, who, BIT(is_known ? SHARES_RUNNING_KNOWN :
	    SHARES_RUNNING_UNKNOWN), hold);
}

void
shares_queue(struct shares *shares, const struct shares_who *who,
    int is_known, int has_room, struct shares_hold *hold)
{
	note(shares, who, (has_room ? BIT(SHARES_QUEUED) : 0) |
	    (is_known ? 0 : BIT(SHARES_QUEUED_UNKNOWN)), hold);
}

/* A row in which something was held is still there. */
static void
weigh(struct shares *shares, const struct shares_ending *ending)
{
	const struct shares_key *key = address_of(ending->who);
	struct shares_part *part = shares_part_find(shares->parts, key);
	int bad;

	if (part == NULL)
		return;
	if (ending->is_live)
		shares_minute_add(&part->counts.good, shares->now);
	bad = shares_part_vain(&part->counts, shares->now);
	if (bad > shares_minute_sum(&part->counts.good, shares->now))
		part->voucher[0] = '\0';
	else if (ending->is_live) {
		(void)snprintf(part->voucher, sizeof(part->voucher), "%s",
		    ending->key);
		shares_vouch_put(shares->vouch, ending->key, key,
		    shares->now);
	}
}

void
shares_end(struct shares *shares, const struct shares_ending *ending,
    const struct moment *now)
{
	size_t i;

	(void)pthread_mutex_lock(&shares->lock);
	advance(shares, now->boottime);
	for (i = 0; i < ending->asked_count; i++)
		shares_part_give(&shares->all, &ending->asked[i],
		    !ending->is_live, shares->now);
	shares_part_give(&shares->all, ending->running, 0, shares->now);
	weigh(shares, ending);
	(void)pthread_mutex_unlock(&shares->lock);
}

int
shares_is_queued_alone(struct shares *shares, const struct shares_who *who)
{
	const struct shares_part *part;
	int all, own = 0;

	(void)pthread_mutex_lock(&shares->lock);
	all = shares->all.held[SHARES_QUEUED_UNKNOWN];
	part = shares_part_find(shares->parts, address_of(who));
	if (part != NULL)
		own = part->counts.held[SHARES_QUEUED_UNKNOWN];
	(void)pthread_mutex_unlock(&shares->lock);
	return !who->is_program && all > 1 && own == all;
}
