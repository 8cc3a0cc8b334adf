/* Rows of the table of shares. */
#include "config.h"

#include "gate/shares_part.h"

#include <string.h>
#include <sys/random.h>

/* The more may be asked in vain, the more rows hold something at a time. */
#define SETS 2048
#define RATE_A_SET 8
#define PLACES 8

struct fixed_table *
shares_part_table(int lookup_rate)
{
	struct fixed_table *parts = fixed_table_new(SETS +
	    (size_t)lookup_rate / RATE_A_SET, PLACES, SHARES_KEY_SIZE,
	    sizeof(struct shares_part));
	uint32_t secret = 0;

	/* whoever has a network chooses addresses; without a secret, as good
	 * as it goes */
	if (getrandom(&secret, sizeof(secret), 0) == sizeof(secret))
		fixed_table_scatter(parts, secret);
	return parts;
}

struct shares_part *
shares_part_find(struct fixed_table *parts, const struct shares_key *key)
{
	return fixed_table_find(parts, key->bytes, key->len);
}

int
shares_part_used_of(const struct shares_counts *counts,
    enum shares_thing class, int64_t now)
{
	return counts->held[class] +
	    shares_minute_sum(&counts->vain[class], now);
}

int
shares_part_used(const struct shares_counts *counts, int64_t now)
{
	return shares_part_used_of(counts, SHARES_OPEN, now) +
	    shares_part_used_of(counts, SHARES_VOUCHED, now);
}

int
shares_part_vain(const struct shares_counts *counts, int64_t now)
{
	return shares_minute_sum(&counts->vain[SHARES_OPEN], now) +
	    shares_minute_sum(&counts->vain[SHARES_VOUCHED], now);
}

static int
is_free(const struct shares_part *part, int64_t now)
{
	size_t i;

	for (i = 0; i < SHARES_THINGS; i++)
		if (part->counts.held[i] > 0)
			return 0;
	return shares_part_used(&part->counts, now) == 0;
}

static int
gives_way(const void *value, const void *other, const void *context)
{
	const struct shares_part *part = value, *first = other;
	const int64_t *now = context;

	if (!is_free(part, *now))
		return 0;
	if (first == NULL)
		return 1;
	if ((part->voucher[0] == '\0') != (first->voucher[0] == '\0'))
		return part->voucher[0] == '\0';
	return part->touched < first->touched;
}

static struct shares_part *
make(struct fixed_table *parts, const struct shares_key *key, int64_t now)
{
	struct shares_part *part = shares_part_find(parts, key);

	if (part == NULL) {
		part = fixed_table_place(parts, key->bytes, key->len,
		    gives_way, &now);
		if (part != NULL)
			memset(part, 0, sizeof(*part));
	}
	if (part != NULL)
		part->touched = now;
	return part;
}

static void
count(struct shares_counts *counts, unsigned int things, int change)
{
	size_t i;

	for (i = 0; i < SHARES_THINGS; i++)
		if (things & 1U << i)
			counts->held[i] += change;
}

int
shares_part_take(struct fixed_table *parts, struct shares_counts *all,
    const struct shares_taking *taking, struct shares_hold *hold)
{
	const struct shares_who *who = taking->who;
	struct shares_part *part;
	size_t i;

	hold->things = taking->things;
	count(all, taking->things, 1);
	for (i = 0; i < who->count; i++) {
		if (!(taking->levels & 1U << who->keys[i].level))
			continue;
		/* none that is made now gives way to the next */
		part = make(parts, &who->keys[i], taking->now);
		if (part != NULL) {
			count(&part->counts, taking->things, 1);
			hold->parts[hold->count++] = part;
		} else if (taking->is_strict) {
			shares_part_give(all, hold, 0, taking->now);
			return -1;
		}
	}
	return 0;
}

static void
give(struct shares_counts *counts, unsigned int things, int is_vain,
    int64_t now)
{
	size_t i;

	count(counts, things, -1);
	for (i = 0; i < SHARES_CLASSES && is_vain; i++)
		if (things & 1U << i)
			shares_minute_add(&counts->vain[i], now);
}

void
shares_part_give(struct shares_counts *all, struct shares_hold *hold,
    int is_vain, int64_t now)
{
	size_t i;

	if (hold->things == 0)
		return;
	give(all, hold->things, is_vain, now);
	for (i = 0; i < hold->count; i++)
		give(&hold->parts[i]->counts, hold->things, is_vain, now);
	memset(hold, 0, sizeof(*hold));
}
