#ifndef SHARES_POOL_H_
#define SHARES_POOL_H_

#include "gate/shares_part.h"

/*
 * What is taken one of, and by whom how many: the rule of shares.h.
 * Threads: one at a time; the lock of shares.c holds it.
 */

struct shares_pool {
	struct fixed_table *parts;
	const struct shares_counts *all;
	int64_t now;
	enum shares_thing thing;
	int free;		/* what nobody holds */
	int divisor;
	unsigned int levels;	/* bits: at which one's part is looked at */
};

/* What one key holds. */
int shares_pool_held(const struct shares_pool *pool,
    const struct shares_key *key);

/* How many times the part of an address this level has. */
int shares_pool_weight(enum shares_level level, int divisor);

/* The widest level at which the asker has its part already; NULL: none. */
const struct shares_key *shares_pool_limit(const struct shares_pool *pool,
    const struct shares_who *who);

/* Why there is none: that limit, NULL where nothing is left for anybody. */
void shares_pool_explain(const struct shares_pool *pool,
    const struct shares_who *who, const struct shares_key *limit,
    struct shares_refusal *refusal);

#endif /* !SHARES_POOL_H_ */
