/* A sliding minute. */
#include "config.h"

#include "gate/shares_minute.h"

#define SLOT_MS 10000

void
shares_minute_add(struct shares_minute *minute, int64_t now)
{
	const int64_t slot = now / SLOT_MS;
	int i;

	for (i = 0; i < SHARES_MINUTE_SLOTS && minute->slot < slot; i++)
		minute->counts[++minute->slot % SHARES_MINUTE_SLOTS] = 0;
	/* by now all are empty, whichever they were */
	if (minute->slot < slot)
		minute->slot = slot;
	minute->counts[minute->slot % SHARES_MINUTE_SLOTS]++;
}

/* The first slot that counts now. */
static int64_t
first_slot(const struct shares_minute *minute, int64_t now)
{
	const int64_t first = now / SLOT_MS - SHARES_MINUTE_SLOTS + 1;
	const int64_t kept = minute->slot - SHARES_MINUTE_SLOTS + 1;
	const int64_t slot = first > kept ? first : kept;

	return slot > 0 ? slot : 0;
}

int
shares_minute_sum(const struct shares_minute *minute, int64_t now)
{
	int64_t slot;
	int sum = 0;

	for (slot = first_slot(minute, now); slot <= minute->slot; slot++)
		sum += minute->counts[slot % SHARES_MINUTE_SLOTS];
	return sum;
}

int64_t
shares_minute_frees(const struct shares_minute *minute, int64_t now)
{
	int64_t slot;

	for (slot = first_slot(minute, now); slot <= minute->slot; slot++)
		if (minute->counts[slot % SHARES_MINUTE_SLOTS] > 0)
			return (slot + SHARES_MINUTE_SLOTS) * SLOT_MS;
	return -1;
}
