/* The rule by which what all share is taken. */
#include "config.h"

#include "gate/shares_pool.h"

#define SOON_MS 1000
#define NETWORK_48_WEIGHT 3
#define NETWORK_56_WEIGHT 2

static int
count(const struct shares_pool *pool, const struct shares_counts *counts)
{
	return pool->thing == SHARES_SEAT ? counts->held[SHARES_SEAT] :
	    shares_part_used(counts, pool->now);
}

int
shares_pool_held(const struct shares_pool *pool,
    const struct shares_key *key)
{
	const struct shares_part *part = shares_part_find(pool->parts, key);

	return part != NULL ? count(pool, &part->counts) : 0;
}

int
shares_pool_weight(enum shares_level level, int divisor)
{
	switch (level) {
	case SHARES_LEVEL_UID:
		return divisor;
	case SHARES_LEVEL_48:
		return NETWORK_48_WEIGHT;
	case SHARES_LEVEL_56:
		return NETWORK_56_WEIGHT;
	case SHARES_LEVEL_ADDRESS:
	default:
		return 1;
	}
}

const struct shares_key *
shares_pool_limit(const struct shares_pool *pool,
    const struct shares_who *who)
{
	const struct shares_key *key;
	int64_t held, part;
	size_t i;

	for (i = 0; i < who->count; i++) {
		key = &who->keys[i];
		if (!(pool->levels & 1U << key->level))
			continue;
		held = shares_pool_held(pool, key);
		part = shares_pool_weight(key->level, pool->divisor);
		if (held * pool->divisor >= pool->free * part)
			return key;
	}
	return NULL;
}

static enum shares_limit
limit_at(enum shares_level level)
{
	switch (level) {
	case SHARES_LEVEL_UID:
		return SHARES_LIMIT_UID;
	case SHARES_LEVEL_48:
	case SHARES_LEVEL_56:
		return SHARES_LIMIT_NETWORK;
	case SHARES_LEVEL_ADDRESS:
	default:
		return SHARES_LIMIT_ADDRESS;
	}
}

static int
is_alone(const struct shares_pool *pool, const struct shares_who *who)
{
	const int all = count(pool, pool->all);

	return !who->is_program && all > 1 &&
	    shares_pool_held(pool, &who->keys[who->count - 1]) == all;
}

/* When something gets free; 0: perhaps at once, since some are not over. */
static int64_t
frees_at(const struct shares_pool *pool, const struct shares_key *limit)
{
	const struct shares_part *part = limit == NULL ? NULL :
	    shares_part_find(pool->parts, limit);
	const struct shares_counts *counts = part != NULL ? &part->counts :
	    pool->all;
	int64_t first = 0, at;
	size_t i;

	for (i = 0; i < SHARES_CLASSES && pool->thing != SHARES_SEAT; i++) {
		if (counts->held[i] > 0)
			return 0;
		at = shares_minute_frees(&counts->vain[i], pool->now);
		if (at != -1 && (first == 0 || at < first))
			first = at;
	}
	return first;
}

void
shares_pool_explain(const struct shares_pool *pool,
    const struct shares_who *who, const struct shares_key *limit,
    struct shares_refusal *refusal)
{
	const int64_t at = frees_at(pool, limit);

	refusal->limit = limit != NULL ? limit_at(limit->level) :
	    SHARES_LIMIT_ALL;
	refusal->until = at > pool->now + SOON_MS ? at : pool->now + SOON_MS;
	refusal->is_alone = is_alone(pool, who);
}
