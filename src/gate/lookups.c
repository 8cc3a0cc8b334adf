/* Who may look up, who waits, and for what. */
#include "config.h"

#include "gate/lookups.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate/lookups_budget.h"
#include "gate/lookups_memory.h"
#include "ground/shares.h"
#include "state/status_session.h"

#define CROWDED_MS 2000		/* where too many wait, try again after */

struct place {
	char key[STATUS_KEY_SIZE];	/* "": free */
	struct lookups_part *part;	/* of its address; NULL: known */
	char client_address[64];	/* known, and with a share */
	int has_share;
};

struct lookups {
	const struct settings *settings;
	pthread_mutex_t lock;
	struct place *places;
	size_t place_count;
	struct shares *known_running;
	struct shares *queued;		/* who lack nothing but a place */
	struct lookups_budget *budget;
	struct lookups_memory *memory;
};

/* One that asks whether it may begin. */
struct asking {
	const struct lookups_wish *wish;
	struct lookups_turn *turn;
	struct place *place;	/* a free one; NULL: there is none */
	int is_running;		/* another one looks its key up */
	int64_t now;
	int64_t *until_out;
};

struct lookups *
lookups_new(const struct settings *settings)
{
	struct lookups *lookups = calloc(1, sizeof(*lookups));

	if (lookups == NULL)
		return NULL;
	if (pthread_mutex_init(&lookups->lock, NULL) != 0) {
		free(lookups);
		return NULL;
	}
	lookups->settings = settings;
	lookups->place_count = (size_t)settings->max_lookups;
	lookups->places = calloc(lookups->place_count, sizeof(struct place));
	lookups->known_running = shares_new();
	lookups->queued = shares_new();
	lookups->budget = lookups_budget_new(settings);
	lookups->memory = lookups_memory_new(settings);
	if (lookups->places != NULL && lookups->known_running != NULL &&
	    lookups->queued != NULL && lookups->budget != NULL &&
	    lookups->memory != NULL)
		return lookups;
	lookups_free(lookups);
	return NULL;
}

void
lookups_free(struct lookups *lookups)
{
	if (lookups == NULL)
		return;
	lookups_memory_free(lookups->memory);
	lookups_budget_free(lookups->budget);
	shares_free(lookups->known_running);
	shares_free(lookups->queued);
	free(lookups->places);
	(void)pthread_mutex_destroy(&lookups->lock);
	free(lookups);
}

enum lookups_answer
lookups_recall(struct lookups *lookups, const struct lookups_wish *wish,
    const struct moment *now, enum reason *reason_out)
{
	enum lookups_answer answer;

	(void)pthread_mutex_lock(&lookups->lock);
	answer = lookups_memory_recall(lookups->memory, wish, now->boottime,
	    reason_out);
	(void)pthread_mutex_unlock(&lookups->lock);
	return answer;
}

int64_t
lookups_not_live_at(struct lookups *lookups, const char *key,
    const struct moment *now)
{
	int64_t at;

	(void)pthread_mutex_lock(&lookups->lock);
	at = lookups_memory_not_live_at(lookups->memory, key, now->boottime);
	(void)pthread_mutex_unlock(&lookups->lock);
	return at;
}

void
lookups_absent(struct lookups *lookups, const char *key,
    const struct moment *now)
{
	(void)pthread_mutex_lock(&lookups->lock);
	lookups_memory_put_absent(lookups->memory, key, now->boottime);
	(void)pthread_mutex_unlock(&lookups->lock);
}

int64_t
lookups_absent_at(struct lookups *lookups, const char *key, int64_t begun)
{
	int64_t at;

	(void)pthread_mutex_lock(&lookups->lock);
	at = lookups_memory_absent_at(lookups->memory, key, begun);
	(void)pthread_mutex_unlock(&lookups->lock);
	return at;
}

int64_t
lookups_twice_msecs(const struct settings *settings)
{
	return lookups_memory_twice_msecs(settings);
}

static void
leave(struct lookups *lookups, const char *client_address,
    struct lookups_turn *turn)
{
	if (turn->is_unknown)
		lookups_budget_leave(lookups->budget, client_address);
	if (turn->is_queued)
		shares_give(lookups->queued, client_address);
	turn->is_unknown = turn->is_queued = 0;
}

void
lookups_leave(struct lookups *lookups, const char *client_address,
    struct lookups_turn *turn)
{
	(void)pthread_mutex_lock(&lookups->lock);
	leave(lookups, client_address, turn);
	(void)pthread_mutex_unlock(&lookups->lock);
}

/* A free place, NULL if there is none; -1 if the key has one. */
static int
find_place(struct lookups *lookups, const char *key, struct place **found)
{
	size_t i;

	*found = NULL;
	for (i = 0; i < lookups->place_count; i++) {
		if (strcmp(lookups->places[i].key, key) == 0)
			return -1;
		if (*found == NULL && lookups->places[i].key[0] == '\0')
			*found = &lookups->places[i];
	}
	return 0;
}

/* One more waits, if that is not too many: the answer, or REFUSED. */
static enum lookups_answer
wait_unknown(struct lookups *lookups, struct lookups_part *part,
    const struct asking *asking, enum lookups_answer answer)
{
	if (!lookups_budget_wait(lookups->budget, part)) {
		*asking->until_out = asking->now + CROWDED_MS;
		return LOOKUPS_REFUSED;
	}
	asking->turn->is_unknown = 1;
	return answer;
}

/* There is no place, or others that are unknown leave none. */
static enum lookups_answer
queue_unknown(struct lookups *lookups, struct lookups_part *part,
    const struct asking *asking)
{
	const enum lookups_answer answer = wait_unknown(lookups, part, asking,
	    LOOKUPS_QUEUED);

	if (answer == LOOKUPS_QUEUED &&
	    lookups_budget_has_room(lookups->budget, part))
		asking->turn->is_queued = shares_take(lookups->queued,
		    asking->wish->client_address);
	return answer;
}

static enum lookups_answer
begin_unknown(struct lookups *lookups, const struct asking *asking)
{
	const char *address = asking->wish->client_address;
	struct lookups_turn *turn = asking->turn;
	struct lookups_part *part = lookups_budget_part(lookups->budget,
	    address, asking->now);

	if (part == NULL) {
		*asking->until_out = asking->now + CROWDED_MS;
		return LOOKUPS_REFUSED;
	}
	if (asking->is_running)
		return wait_unknown(lookups, part, asking, LOOKUPS_WAIT);
	if (!turn->is_counted)
		turn->is_counted = lookups_budget_count(lookups->budget, part,
		    address, asking->now, asking->until_out);
	if (!turn->is_counted)
		return LOOKUPS_REFUSED;
	if (asking->place == NULL ||
	    !lookups_budget_has_room(lookups->budget, part))
		return queue_unknown(lookups, part, asking);
	lookups_budget_begin(lookups->budget, part);
	asking->place->part = part;
	return LOOKUPS_GO;
}

/* Does its address hold half of the places while others wait for one? */
static int
holds_too_much(const struct lookups *lookups, const char *client_address)
{
	const int half = lookups->settings->max_lookups / 2;

	return shares_of(lookups->known_running, client_address) >=
	    (half > 0 ? half : 1) && shares_all(lookups->queued) >
	    shares_of(lookups->queued, client_address);
}

static enum lookups_answer
begin_known(struct lookups *lookups, const struct asking *asking)
{
	const char *address = asking->wish->client_address;
	struct place *place = asking->place;

	if (asking->is_running)
		return LOOKUPS_WAIT;
	if (place == NULL || holds_too_much(lookups, address)) {
		asking->turn->is_queued = shares_take(lookups->queued,
		    address);
		return LOOKUPS_QUEUED;
	}
	(void)snprintf(place->client_address, sizeof(place->client_address),
	    "%s", address != NULL ? address : "");
	place->has_share = shares_take(lookups->known_running,
	    place->client_address);
	return LOOKUPS_GO;
}

static enum lookups_answer
begin(struct lookups *lookups, struct asking *asking)
{
	const struct lookups_wish *wish = asking->wish;
	enum lookups_answer answer;

	asking->is_running = find_place(lookups, wish->key,
	    &asking->place) == -1;
	answer = wish->is_known ? begin_known(lookups, asking) :
	    begin_unknown(lookups, asking);
	if (answer == LOOKUPS_GO && asking->place != NULL)
		(void)snprintf(asking->place->key, sizeof(asking->place->key),
		    "%s", wish->key);
	return answer;
}

enum lookups_answer
lookups_begin(struct lookups *lookups, const struct lookups_wish *wish,
    struct lookups_turn *turn, const struct moment *now, int64_t *until_out,
    enum reason *reason_out)
{
	struct asking asking = { .wish = wish, .turn = turn,
	    .now = now->boottime, .until_out = until_out };
	enum lookups_answer answer;

	*until_out = now->boottime;
	(void)pthread_mutex_lock(&lookups->lock);
	leave(lookups, wish->client_address, turn);
	answer = lookups_memory_recall(lookups->memory, wish, now->boottime,
	    reason_out);
	if (answer == LOOKUPS_WAIT)
		answer = begin(lookups, &asking);
	(void)pthread_mutex_unlock(&lookups->lock);
	return answer;
}

static void
free_place(struct lookups *lookups, struct place *place)
{
	if (place->part != NULL)
		lookups_budget_end(lookups->budget, place->part);
	if (place->has_share)
		shares_give(lookups->known_running, place->client_address);
	memset(place, 0, sizeof(*place));
}

void
lookups_end(struct lookups *lookups, const char *key,
    enum lookups_result result, enum reason reason, const struct moment *now)
{
	size_t i;

	(void)pthread_mutex_lock(&lookups->lock);
	for (i = 0; i < lookups->place_count; i++)
		if (strcmp(lookups->places[i].key, key) == 0) {
			free_place(lookups, &lookups->places[i]);
			break;
		}
	lookups_memory_put(lookups->memory, key, result, reason,
	    now->boottime);
	(void)pthread_mutex_unlock(&lookups->lock);
}
