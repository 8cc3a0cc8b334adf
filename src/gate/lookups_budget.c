/* What unknown credentials may take of lookups. */
#include "config.h"

#include "gate/lookups_budget.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate/lookups.h"
#include "ground/fixed_table.h"
#include "ground/shares.h"

#define MINUTE_MS 60000
#define SETS 256
#define PLACES 8
#define ASKERS 64
#define ADDRESS_SHARE 10	/* one address gets a tenth */
#define ASKER_SHARE 2		/* one uid that is not root a half */

struct lookups_part {
	int64_t since;		/* its minute */
	int taken;		/* in this minute */
	int running;
	int waiting;
};

struct lookups_budget {
	const struct settings *settings;
	struct lookups_part all;
	struct fixed_table *addresses;	/* parts */
	struct fixed_table *askers;	/* parts, by uid whatever the address:
					   of a minute alone */
};

struct lookups_budget *
lookups_budget_new(const struct settings *settings)
{
	struct lookups_budget *budget = calloc(1, sizeof(*budget));

	if (budget == NULL)
		return NULL;
	budget->settings = settings;
	budget->addresses = fixed_table_new(SETS, PLACES, SHARES_ADDRESS,
	    sizeof(struct lookups_part));
	budget->askers = fixed_table_new(1, ASKERS, SHARES_ADDRESS,
	    sizeof(struct lookups_part));
	if (budget->addresses != NULL && budget->askers != NULL)
		return budget;
	lookups_budget_free(budget);
	return NULL;
}

void
lookups_budget_free(struct lookups_budget *budget)
{
	if (budget == NULL)
		return;
	fixed_table_free(budget->addresses);
	fixed_table_free(budget->askers);
	free(budget);
}

static int
at_least_one(int number)
{
	return number > 0 ? number : 1;
}

static void
begin_minute(struct lookups_part *part, int64_t now)
{
	if (now >= part->since && now - part->since < MINUTE_MS)
		return;
	part->since = now;
	part->taken = 0;
}

/* The oldest, but none that somebody runs or waits in. */
static int
gives_way(const void *value, const void *other, const void *context)
{
	const struct lookups_part *part = value, *oldest = other;

	(void)context;
	return part->running == 0 && part->waiting == 0 &&
	    (oldest == NULL || part->since < oldest->since);
}

static struct lookups_part *
part_of(struct fixed_table *table, const char *text, int64_t now)
{
	unsigned char key[SHARES_ADDRESS];
	struct lookups_part *part;

	shares_address(text, key);
	part = fixed_table_find(table, key, sizeof(key));
	if (part != NULL) {
		begin_minute(part, now);
		return part;
	}
	part = fixed_table_place(table, key, sizeof(key), gives_way, NULL);
	if (part == NULL)
		return NULL;
	memset(part, 0, sizeof(*part));
	part->since = now;
	return part;
}

struct lookups_part *
lookups_budget_part(struct lookups_budget *budget, const char *address,
    int64_t now)
{
	begin_minute(&budget->all, now);
	return part_of(budget->addresses, address, now);
}

/*
 * Counts one for its asker, if that may; root and web servers may.  An asker
 * names the addresses of its clients, and may name what it likes: so it has a
 * part of its own.
 */
static int
count_for_asker(struct lookups_budget *budget, const char *address,
    int64_t now, int64_t *until_out)
{
	struct lookups_part *asker;
	char uid[32];

	if (address == NULL || strchr(address, '/') == NULL ||
	    strncmp(address, "0/", 2) == 0)
		return 1;
	(void)snprintf(uid, sizeof(uid), "%.*s/",
	    (int)strcspn(address, "/"), address);
	asker = part_of(budget->askers, uid, now);
	if (asker == NULL)
		return 0;
	*until_out = asker->since + MINUTE_MS;
	if (asker->taken >= at_least_one(budget->settings->lookup_rate /
	    ASKER_SHARE))
		return 0;
	asker->taken++;
	return 1;
}

int
lookups_budget_count(struct lookups_budget *budget, struct lookups_part *part,
    const char *address, int64_t now, int64_t *until_out)
{
	const int rate = budget->settings->lookup_rate;

	*until_out = budget->all.since + MINUTE_MS;
	if (budget->all.taken >= rate)
		return 0;
	*until_out = part->since + MINUTE_MS;
	if (part->taken >= at_least_one(rate / ADDRESS_SHARE))
		return 0;
	if (!count_for_asker(budget, address, now, until_out))
		return 0;
	budget->all.taken++;
	part->taken++;
	return 1;
}

int
lookups_budget_has_room(const struct lookups_budget *budget,
    const struct lookups_part *part)
{
	const int places = at_least_one(budget->settings->max_lookups / 2);

	return budget->all.running < places &&
	    part->running < at_least_one(places / ADDRESS_SHARE);
}

void
lookups_budget_begin(struct lookups_budget *budget, struct lookups_part *part)
{
	budget->all.running++;
	part->running++;
}

void
lookups_budget_end(struct lookups_budget *budget, struct lookups_part *part)
{
	budget->all.running--;
	part->running--;
}

int
lookups_budget_wait(struct lookups_budget *budget, struct lookups_part *part)
{
	if (budget->all.waiting >= LOOKUPS_WAITING ||
	    part->waiting >= LOOKUPS_WAITING_ADDRESS)
		return 0;
	budget->all.waiting++;
	part->waiting++;
	return 1;
}

void
lookups_budget_leave(struct lookups_budget *budget, const char *address)
{
	unsigned char key[SHARES_ADDRESS];
	struct lookups_part *part;

	shares_address(address, key);
	/* one that somebody waits in does not give way */
	part = fixed_table_find(budget->addresses, key, sizeof(key));
	if (part != NULL)
		part->waiting--;
	budget->all.waiting--;
}
