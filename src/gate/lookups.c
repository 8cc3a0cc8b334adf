/* Who may look up, who waits, and for what. */
#include "config.h"

#include "gate/lookups.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate/lookups_memory.h"
#include "gate/lookups_rows.h"
#include "state/status_session.h"

#define ASKINGS 2		/* of one lookup, at most */

struct place {
	char key[STATUS_KEY_SIZE];	/* "": free */
	int is_known;
	struct shares_who who;
	struct shares_hold running;
	struct shares_hold asked[ASKINGS];
	size_t asked_count;		/* unknown: how often it was asked */
};

struct lookups {
	const struct settings *settings;
	pthread_mutex_t lock;
	struct place *places;
	size_t place_count;
	struct shares *shares;		/* borrowed */
	struct lookups_turns unknown, known;	/* that wait and may go as
					   soon as there is a place */
	uint64_t ticket;		/* the last one */
	struct lookups_memory *memory;
	struct status *rows;		/* NULL: what is here is all */
};

/* One that asks whether it may begin. */
struct asking {
	const struct lookups_wish *wish;
	struct lookups_turn *turn;
	struct place *place;	/* a free one; NULL: there is none */
	int free;		/* how many there are */
	int is_running;		/* another one looks its key up */
	int unknown, known;	/* places that these have */
	const struct moment *now;
	struct shares_refusal *refusal;
};

struct lookups *
lookups_new(const struct settings *settings, struct shares *shares)
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
	lookups->shares = shares;
	TAILQ_INIT(&lookups->unknown);
	TAILQ_INIT(&lookups->known);
	lookups->memory = lookups_memory_new(settings);
	if (lookups->places != NULL && lookups->memory != NULL)
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
	free(lookups->places);
	(void)pthread_mutex_destroy(&lookups->lock);
	free(lookups);
}

void
lookups_use_rows(struct lookups *lookups, struct status *status)
{
	lookups->rows = status;
}

/* What others have told of the key. */
static void
read_rows(struct lookups *lookups, const char *key, const struct moment *now)
{
	if (lookups->rows != NULL)
		lookups_rows_read(lookups->rows, lookups->memory, key, now);
}

enum lookups_answer
lookups_recall(struct lookups *lookups, const struct lookups_wish *wish,
    const struct moment *now, enum reason *reason_out)
{
	enum lookups_answer answer;

	(void)pthread_mutex_lock(&lookups->lock);
	read_rows(lookups, wish->key, now);
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
	read_rows(lookups, key, now);
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
	if (lookups->rows != NULL)
		lookups_rows_write(lookups->rows, lookups->memory, key, now);
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
leave(struct lookups *lookups, struct lookups_turn *turn)
{
	shares_give(lookups->shares, &turn->queued);
	lookups_turn_leave(turn);
}

void
lookups_leave(struct lookups *lookups, struct lookups_turn *turn)
{
	(void)pthread_mutex_lock(&lookups->lock);
	leave(lookups, turn);
	shares_give(lookups->shares, &turn->asked);
	lookups_rows_leave(lookups->rows, turn);
	(void)pthread_mutex_unlock(&lookups->lock);
}

int
lookups_waits_alone(struct lookups *lookups, const struct shares_who *who)
{
	return shares_is_queued_alone(lookups->shares, who);
}

static struct place *
place_of(struct lookups *lookups, const char *key)
{
	size_t i;

	for (i = 0; i < lookups->place_count; i++)
		if (strcmp(lookups->places[i].key, key) == 0)
			return &lookups->places[i];
	return NULL;
}

static void
look_around(struct lookups *lookups, struct asking *asking)
{
	const struct place *place;
	size_t i;

	asking->is_running = place_of(lookups, asking->wish->key) != NULL;
	asking->place = place_of(lookups, "");
	for (i = 0; i < lookups->place_count; i++) {
		place = &lookups->places[i];
		asking->unknown += place->key[0] != '\0' && !place->is_known;
		asking->known += place->key[0] != '\0' && place->is_known;
		asking->free += place->key[0] == '\0';
	}
}

/* The place is its own, with what it may ask. */
static enum lookups_answer
enter(struct lookups *lookups, const struct asking *asking)
{
	const struct lookups_wish *wish = asking->wish;
	struct place *place = asking->place;

	(void)snprintf(place->key, sizeof(place->key), "%s", wish->key);
	place->who = *wish->who;
	place->is_known = wish->is_known;
	shares_run(lookups->shares, wish->who, wish->is_known,
	    &place->running);
	if (!wish->is_known)
		place->asked[place->asked_count++] = asking->turn->asked;
	memset(&asking->turn->asked, 0, sizeof(asking->turn->asked));
	return LOOKUPS_GO;
}

static int
half(int places)
{
	return places < 2 ? 1 : places / 2;
}

/* One that may ask goes, or waits for its turn. */
static enum lookups_answer
place_unknown(struct lookups *lookups, const struct asking *asking)
{
	const struct shares_who *who = asking->wish->who;
	struct lookups_turn *turn = asking->turn;
	const int places = half(lookups->settings->max_lookups);
	const int is_held_back = shares_is_held_back(lookups->shares, who, 0,
	    places);
	int ahead;

	turn->rank = shares_rank(lookups->shares, who);
	ahead = lookups_turn_ahead(&lookups->unknown, turn,
	    &lookups->ticket);
	if (asking->place != NULL && !is_held_back &&
	    ahead < places - asking->unknown)
		return enter(lookups, asking);
	shares_queue(lookups->shares, who, 0, asking->unknown < places,
	    &turn->queued);
	lookups_turn_queue(&lookups->unknown, turn, is_held_back,
	    ahead < places);
	return LOOKUPS_QUEUED;
}

static enum lookups_answer
begin_unknown(struct lookups *lookups, const struct asking *asking)
{
	struct lookups_turn *turn = asking->turn;

	if (asking->is_running) {
		shares_give(lookups->shares, &turn->asked);
		return LOOKUPS_WAIT;
	}
	if (turn->asked.things == 0 && shares_take_lookup(lookups->shares,
	    asking->wish->who, asking->now, &turn->asked,
	    asking->refusal) != SHARES_TAKEN)
		return LOOKUPS_REFUSED;
	return place_unknown(lookups, asking);
}

/* Known ones have their half, and an unknown one waits that could go. */
static int
is_kept_free(const struct lookups *lookups, const struct asking *asking)
{
	const int all = lookups->settings->max_lookups;

	return all > 1 && asking->known >= all - half(all) &&
	    asking->unknown < half(all) && !TAILQ_EMPTY(&lookups->unknown);
}

static enum lookups_answer
place_known(struct lookups *lookups, const struct asking *asking)
{
	const struct lookups_wish *wish = asking->wish;
	struct lookups_turn *turn = asking->turn;
	const int places = lookups->settings->max_lookups;
	const int is_held_back = shares_is_held_back(lookups->shares,
	    wish->who, 1, places);
	int ahead;

	turn->rank = shares_rank_known(lookups->shares, wish->who) +
	    SHARES_RANKS * (wish->was_live ? 0 : 1 + wish->was_not_live);
	ahead = lookups_turn_ahead(&lookups->known, turn, &lookups->ticket);
	if (asking->place != NULL && !is_held_back && ahead < asking->free &&
	    !is_kept_free(lookups, asking))
		return enter(lookups, asking);
	shares_queue(lookups->shares, wish->who, 1, 1, &turn->queued);
	lookups_turn_queue(&lookups->known, turn, is_held_back,
	    ahead < places);
	return LOOKUPS_QUEUED;
}

static enum lookups_answer
begin_known(struct lookups *lookups, const struct asking *asking)
{
	shares_give(lookups->shares, &asking->turn->asked);
	return asking->is_running ? LOOKUPS_WAIT :
	    place_known(lookups, asking);
}

enum lookups_answer
lookups_begin(struct lookups *lookups, const struct lookups_wish *wish,
    struct lookups_turn *turn, const struct moment *now,
    struct shares_refusal *refusal, enum reason *reason_out)
{
	struct asking asking = { .wish = wish, .turn = turn, .now = now,
	    .refusal = refusal };
	enum lookups_answer answer;

	memset(refusal, 0, sizeof(*refusal));
	(void)pthread_mutex_lock(&lookups->lock);
	leave(lookups, turn);
	read_rows(lookups, wish->key, now);
	answer = lookups_memory_recall(lookups->memory, wish, now->boottime,
	    reason_out);
	/* among processes first: in this one it is alone */
	if (answer == LOOKUPS_WAIT && lookups->rows != NULL)
		answer = lookups_rows_begin(lookups->rows, lookups->settings,
		    wish, turn, now, refusal);
	else if (answer == LOOKUPS_WAIT)
		answer = LOOKUPS_GO;
	if (answer == LOOKUPS_GO) {
		look_around(lookups, &asking);
		answer = wish->is_known ? begin_known(lookups, &asking) :
		    begin_unknown(lookups, &asking);
	}
	(void)pthread_mutex_unlock(&lookups->lock);
	return answer;
}

int
lookups_again(struct lookups *lookups, const char *key,
    const struct moment *now)
{
	struct shares_refusal refusal;
	struct place *place;
	int may = 0;

	(void)pthread_mutex_lock(&lookups->lock);
	place = place_of(lookups, key);
	if (place != NULL && place->is_known)
		may = 1;
	else if (place != NULL && place->asked_count < ASKINGS)
		may = shares_take_lookup(lookups->shares, &place->who, now,
		    &place->asked[place->asked_count], &refusal) ==
		    SHARES_TAKEN;
	if (may && !place->is_known)
		place->asked_count++;
	(void)pthread_mutex_unlock(&lookups->lock);
	return may;
}

static void
free_place(struct lookups *lookups, struct place *place, int is_live,
    const struct moment *now)
{
	const struct shares_ending ending = { .who = &place->who,
	    .key = place->key, .is_live = is_live,
	    .running = &place->running, .asked = place->asked,
	    .asked_count = place->asked_count };

	shares_end(lookups->shares, &ending, now);
	memset(place, 0, sizeof(*place));
}

void
lookups_end(struct lookups *lookups, const char *key,
    enum lookups_result result, enum reason reason, const struct moment *now)
{
	struct place ended = { .key = "" }, *place;

	(void)pthread_mutex_lock(&lookups->lock);
	place = place_of(lookups, key);
	if (place != NULL) {
		/* what it was to ask at last, it did not */
		if (result == LOOKUPS_ENDED_UNASKED && place->asked_count > 0)
			shares_give(lookups->shares,
			    &place->asked[--place->asked_count]);
		ended = *place;
		free_place(lookups, place, result == LOOKUPS_ENDED_LIVE, now);
	}
	lookups_memory_put(lookups->memory, key, result, reason,
	    now->boottime);
	/* first what was told, then the place of who asked */
	if (lookups->rows != NULL && result > LOOKUPS_ENDED)
		lookups_rows_write(lookups->rows, lookups->memory, key, now);
	if (lookups->rows != NULL && ended.key[0] != '\0')
		lookups_rows_end(lookups->rows, key,
		    !ended.is_known && (result == LOOKUPS_ENDED_LIVE ||
		    ended.asked_count == 0) ? &ended.who : NULL);
	(void)pthread_mutex_unlock(&lookups->lock);
}
