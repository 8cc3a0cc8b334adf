#include "config.h"

#include "gate/lookups_rows.h"

#include <string.h>

#include "state/status_helper.h"

#define DIVISOR 5		/* of shares.h, where nobody vouches */

void
lookups_rows_read(struct status *status, struct lookups_memory *memory,
    const char *key, const struct moment *now)
{
	struct status_helper_told told;

	switch (status_helper_told(status, key, now, &told)) {
	case 1:
		lookups_memory_adopt(memory, key, &told);
		break;
	case 0:
		lookups_memory_adopt(memory, key, NULL);
		break;
	default:
		break;
	}
}

void
lookups_rows_write(struct status *status,
    const struct lookups_memory *memory, const char *key,
    const struct moment *now)
{
	struct status_helper_told told;
	const int is_told = lookups_memory_tell(memory, key, &told);

	/* what is not written costs a lookup more */
	(void)status_helper_tell(status, key, is_told ? &told : NULL, now);
}

static int
half(int number)
{
	return number < 2 ? 1 : number / 2;
}

static int
weight_of(enum shares_level level)
{
	switch (level) {
	case SHARES_LEVEL_UID:
		return DIVISOR;
	case SHARES_LEVEL_48:
		return 3;
	case SHARES_LEVEL_56:
		return 2;
	case SHARES_LEVEL_ADDRESS:
	default:
		return 1;
	}
}

/* Its levels, the narrowest last; the uid of root is none.  How many. */
static size_t
levels_of(const struct shares_who *who,
    struct status_helper_share shares[SHARES_LEVELS])
{
	const struct shares_key *key;
	size_t count = 0, i;

	for (i = 0; i < who->count; i++) {
		key = &who->keys[i];
		if (key->level == SHARES_LEVEL_UID && who->uid == 0)
			continue;
		memset(&shares[count], 0, sizeof(shares[count]));
		shares[count].key[0] = (unsigned char)key->level;
		memcpy(shares[count].key + 1, key->bytes, key->len);
		shares[count].len = 1 + key->len;
		shares[count].weight = weight_of(key->level);
		count++;
	}
	return count;
}

enum lookups_answer
lookups_rows_begin(struct status *status, const struct settings *settings,
    const struct lookups_wish *asked, struct lookups_turn *turn,
    const struct moment *now, struct shares_refusal *refusal)
{
	struct status_helper_share shares[SHARES_LEVELS];
	const struct status_helper_wish wish = {
		.key = asked->key,
		.until = asked->until,
		.places = settings->max_lookups,
		.shares = shares,
		.share_count = asked->is_known ? 0 :
		    levels_of(asked->who, shares),
		.unknown = half(settings->max_lookups),
		.minute = half(settings->lookup_rate),
		.divisor = DIVISOR
	};

	turn->counted = *asked->who;
	switch (status_helper_begin(status, &wish, now, &turn->is_counted,
	    &refusal->until)) {
	case STATUS_HELPER_GO:
		/* it is its place's now */
		turn->is_counted = 0;
		return LOOKUPS_GO;
	case STATUS_HELPER_RUNNING:
		return LOOKUPS_WAIT;
	case STATUS_HELPER_FULL:
		return LOOKUPS_QUEUED;
	case STATUS_HELPER_SPENT:
		refusal->limit = SHARES_LIMIT_ALL;
		return LOOKUPS_REFUSED;
	case STATUS_HELPER_SPENT_HERE:
		refusal->limit = SHARES_LIMIT_ADDRESS;
		return LOOKUPS_REFUSED;
	case STATUS_HELPER_FAILED:
	default:
		return LOOKUPS_UNWRITTEN;
	}
}

void
lookups_rows_leave(struct status *status, struct lookups_turn *turn)
{
	struct status_helper_share shares[SHARES_LEVELS];

	if (status == NULL || !turn->is_counted)
		return;
	turn->is_counted = 0;
	(void)status_helper_give(status, shares,
	    levels_of(&turn->counted, shares));
}

void
lookups_rows_end(struct status *status, const char *key,
    const struct shares_who *who)
{
	struct status_helper_share shares[SHARES_LEVELS];
	const size_t count = who == NULL ? 0 : levels_of(who, shares);

	(void)status_helper_end(status, key, shares, count);
}
