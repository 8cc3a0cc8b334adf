#include "config.h"

#include "fcgi/places.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ground/shares.h"

struct places {
	pthread_mutex_t lock;
	struct shares *shares[PLACES_KINDS];
	int max[PLACES_KINDS];	/* of one name */
};

static int
half(unsigned int count)
{
	return count < 2 ? 1 : (int)(count / 2);
}

struct places *
places_new(unsigned int count)
{
	struct places *places = calloc(1, sizeof(*places));
	size_t i;

	if (places == NULL)
		return NULL;
	(void)pthread_mutex_init(&places->lock, NULL);
	places->max[PLACES_ADDRESS] = half(count);
	places->max[PLACES_ASKER] = half(count / 2);
	places->max[PLACES_UID] = half(count);
	for (i = 0; i < PLACES_KINDS; i++) {
		places->shares[i] = shares_new();
		if (places->shares[i] == NULL) {
			places_free(places);
			return NULL;
		}
	}
	return places;
}

void
places_free(struct places *places)
{
	size_t i;

	if (places == NULL)
		return;
	for (i = 0; i < PLACES_KINDS; i++)
		shares_free(places->shares[i]);
	(void)pthread_mutex_destroy(&places->lock);
	free(places);
}

/* 0, or -1: that name has its part. */
static int
enter(struct places *places, enum places_kind kind, const char *name,
    struct place *place)
{
	struct shares *shares = places->shares[kind];
	int ret = -1;

	(void)snprintf(place->names[kind], sizeof(place->names[kind]), "%s",
	    name);
	(void)pthread_mutex_lock(&places->lock);
	if (shares_of(shares, place->names[kind]) < places->max[kind]) {
		place->is_taken[kind] = shares_take(shares,
		    place->names[kind]);
		ret = 0;
	}
	(void)pthread_mutex_unlock(&places->lock);
	return ret;
}

const char *
places_enter(struct places *places, const char *address, struct place *place)
{
	return enter(places, PLACES_ADDRESS, address, place) == 0 ? NULL :
	    "too many requests of this client address wait";
}

const char *
places_enter_asker(struct places *places, const char *share,
    struct place *place)
{
	char uid[32];

	if (enter(places, PLACES_ASKER, share, place) == -1)
		return "too many logins from this client address wait";
	(void)snprintf(uid, sizeof(uid), "%.*s/", (int)strcspn(share, "/"),
	    share);
	if (enter(places, PLACES_UID, uid, place) == 0)
		return NULL;
	places_leave(places, place);
	return "too many requests of this asker wait";
}

void
places_leave(struct places *places, struct place *place)
{
	size_t i;

	(void)pthread_mutex_lock(&places->lock);
	for (i = 0; i < PLACES_KINDS; i++) {
		if (place->is_taken[i])
			shares_give(places->shares[i], place->names[i]);
		place->is_taken[i] = 0;
	}
	(void)pthread_mutex_unlock(&places->lock);
}
