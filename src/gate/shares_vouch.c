/* The latest address of a credential. */
#include "config.h"

#include "gate/shares_vouch.h"

#include <stdlib.h>
#include <string.h>

#include "ground/fixed_table.h"
#include "state/status_session.h"

#define SETS 512
#define PLACES 8
#define HOUR_MS 3600000

struct place {
	struct shares_key address;
	int64_t at;
};

struct shares_vouch {
	struct fixed_table *places;	/* by credential */
};

struct shares_vouch *
shares_vouch_new(void)
{
	struct shares_vouch *vouch = calloc(1, sizeof(*vouch));

	if (vouch == NULL)
		return NULL;
	vouch->places = fixed_table_new(SETS, PLACES, STATUS_KEY_SIZE - 1,
	    sizeof(struct place));
	if (vouch->places != NULL)
		return vouch;
	shares_vouch_free(vouch);
	return NULL;
}

void
shares_vouch_free(struct shares_vouch *vouch)
{
	if (vouch == NULL)
		return;
	fixed_table_free(vouch->places);
	free(vouch);
}

static int
is_older(const void *value, const void *other, const void *context)
{
	const struct place *place = value, *oldest = other;

	(void)context;
	return oldest == NULL || place->at < oldest->at;
}

void
shares_vouch_put(struct shares_vouch *vouch, const char *credential,
    const struct shares_key *address, int64_t now)
{
	struct place *place = fixed_table_place(vouch->places, credential,
	    strlen(credential), is_older, NULL);

	if (place == NULL)
		return;
	place->address = *address;
	place->at = now;
}

int
shares_vouch_is_for(const struct shares_vouch *vouch, const char *credential,
    const struct shares_key *address, int64_t now)
{
	const struct place *place = fixed_table_find(vouch->places,
	    credential, strlen(credential));

	return place != NULL && now - place->at < HOUR_MS &&
	    place->address.len == address->len &&
	    memcmp(place->address.bytes, address->bytes, address->len) == 0;
}
