#include "config.h"

#include "fcgi/places.h"

#include <stdio.h>
#include <string.h>

int
places_init(struct places *places, unsigned int count)
{
	places->addresses = seats_new(count);
	places->askers = seats_new(count / 2);
	places->uids = seats_new(count);
	return places->addresses != NULL && places->askers != NULL &&
	    places->uids != NULL ? 0 : -1;
}

void
places_clear(struct places *places)
{
	seats_free(places->addresses);
	seats_free(places->askers);
	seats_free(places->uids);
	memset(places, 0, sizeof(*places));
}

const char *
places_enter(struct places *places, const char *address, struct place *place)
{
	return seats_enter(places->addresses, address, &place->address) == 0 ?
	    NULL : "too many requests of this client address wait";
}

const char *
places_enter_asker(struct places *places, const char *share,
    struct place *place)
{
	char uid[32];

	if (seats_enter(places->askers, share, &place->asker) == -1)
		return "too many logins from this client address wait";
	(void)snprintf(uid, sizeof(uid), "%.*s/", (int)strcspn(share, "/"),
	    share);
	if (seats_enter(places->uids, uid, &place->uid) == 0)
		return NULL;
	places_leave(places, place);
	return "too many requests of this asker wait";
}

void
places_leave(struct places *places, struct place *place)
{
	seats_leave(places->addresses, &place->address);
	seats_leave(places->askers, &place->asker);
	seats_leave(places->uids, &place->uid);
}
