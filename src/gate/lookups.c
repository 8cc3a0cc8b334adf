#include "config.h"

#include "gate/lookups.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ground/shares.h"
#include "state/status_session.h"

#define MINUTE_MS 60000
#define WAYS 8			/* places of a key or an address in a table */
#define MEMORY_SETS 512		/* what is remembered: 4096 keys */
#define ADDRESS_SETS 256	/* 2048 client addresses */
#define FAILED_MS 2000		/* nobody waits longer for another's failure */
#define ADDRESS_SHARE 10	/* one address gets a tenth */
#define ASKER_SHARE 2		/* one uid that is not root a half */
#define ASKERS 64

/* What one address, or all together, took in this minute. */
struct budget {
	unsigned char address[SHARES_ADDRESS];
	int is_used;
	int64_t since;
	int taken;
	int running;
	int waiting;
};

struct place {
	char key[STATUS_KEY_SIZE];	/* "": free */
	int is_known;
	struct budget *budget;	/* of its address; NULL if known */
	char client_address[64]; /* if it has a share of known_running */
	int has_share;
};

struct memory {
	char key[STATUS_KEY_SIZE];
	enum lookups_result result;
	enum reason reason;
	int64_t at;
	int64_t until;
};

struct lookups {
	const struct settings *settings;
	pthread_mutex_t lock;
	struct place *places;
	size_t place_count;
	int unknown_running;
	struct shares *known_running;
	struct shares *queued;	/* who lack nothing but a place */
	struct budget all;
	struct budget addresses[ADDRESS_SETS][WAYS];
	struct budget askers[ASKERS];	/* by uid, whatever the address */
	struct memory memory[MEMORY_SETS][WAYS];
};

static void
release(struct lookups *lookups)
{
	shares_free(lookups->known_running);
	shares_free(lookups->queued);
	free(lookups->places);
	free(lookups);
}

struct lookups *
lookups_new(const struct settings *settings)
{
	struct lookups *lookups = calloc(1, sizeof(*lookups));

	if (lookups == NULL)
		return NULL;
	lookups->settings = settings;
	lookups->place_count = (size_t)settings->max_lookups;
	lookups->places = calloc(lookups->place_count, sizeof(struct place));
	lookups->known_running = shares_new();
	lookups->queued = shares_new();
	if (lookups->places != NULL && lookups->known_running != NULL &&
	    lookups->queued != NULL &&
	    pthread_mutex_init(&lookups->lock, NULL) == 0)
		return lookups;
	release(lookups);
	return NULL;
}

void
lookups_free(struct lookups *lookups)
{
	if (lookups == NULL)
		return;
	(void)pthread_mutex_destroy(&lookups->lock);
	release(lookups);
}

/* Keys are hashes: some of their digits spread well enough. */
static size_t
set_of_key(const char *key)
{
	size_t set = 0, i;

	for (i = 0; i < 8 && key[i] != '\0'; i++)
		set = set * 31 + (unsigned char)key[i];
	return set % MEMORY_SETS;
}

static void
begin_minute(struct budget *budget, int64_t now)
{
	if (now >= budget->since && now - budget->since < MINUTE_MS)
		return;
	budget->since = now;
	budget->taken = 0;
}

/* The budget of an address, NULL if it has none. */
static struct budget *
find_budget(struct lookups *lookups,
    const unsigned char address[SHARES_ADDRESS])
{
	struct budget *set = lookups->addresses[shares_set(address,
	    ADDRESS_SETS)];
	size_t i;

	for (i = 0; i < WAYS; i++)
		if (set[i].is_used && memcmp(set[i].address, address,
		    SHARES_ADDRESS) == 0)
			return &set[i];
	return NULL;
}

/* The same, made if need be; NULL while all of its set are in use by others
 * that run or wait. */
static struct budget *
budget_of(struct lookups *lookups, const char *text, int64_t now)
{
	unsigned char address[SHARES_ADDRESS];
	struct budget *set, *found;
	size_t i;

	shares_address(text, address);
	if ((found = find_budget(lookups, address)) != NULL) {
		begin_minute(found, now);
		return found;
	}
	set = lookups->addresses[shares_set(address, ADDRESS_SETS)];
	for (i = 0; i < WAYS; i++)
		if (set[i].running == 0 && set[i].waiting == 0 &&
		    (found == NULL || !set[i].is_used ||
		    (found->is_used && set[i].since < found->since)))
			found = &set[i];
	if (found == NULL)
		return NULL;
	memset(found, 0, sizeof(*found));
	memcpy(found->address, address, SHARES_ADDRESS);
	found->is_used = 1;
	found->since = now;
	return found;
}

/* An asker names the addresses of its clients, and may name what it likes:
 * its own part, in another minute than this if it is over. */
static struct budget *
asker_of(struct lookups *lookups, const char *text, int64_t now)
{
	unsigned char uid[SHARES_ADDRESS];
	struct budget *found = lookups->askers, *each;
	char alone[32];
	size_t i;

	(void)snprintf(alone, sizeof(alone), "%.*s/", (int)strcspn(text, "/"),
	    text);
	shares_address(alone, uid);
	for (i = 0; i < ASKERS; i++) {
		each = &lookups->askers[i];
		if (each->is_used && memcmp(each->address, uid,
		    sizeof(uid)) == 0) {
			begin_minute(each, now);
			return each;
		}
		if (each->since < found->since)
			found = each;
	}
	memset(found, 0, sizeof(*found));
	memcpy(found->address, uid, sizeof(uid));
	found->is_used = 1;
	found->since = now;
	return found;
}

/* Counts one for its asker, if that may; root and web servers may. */
static int
take_of_asker(struct lookups *lookups, const char *text, int64_t now,
    int64_t *until_out)
{
	const int rate = lookups->settings->lookup_rate;
	struct budget *asker;

	if (text == NULL || strchr(text, '/') == NULL ||
	    strncmp(text, "0/", 2) == 0)
		return 1;
	asker = asker_of(lookups, text, now);
	*until_out = asker->since + MINUTE_MS;
	if (asker->taken >= (rate < ASKER_SHARE ? 1 : rate / ASKER_SHARE))
		return 0;
	asker->taken++;
	return 1;
}

static struct memory *
find_memory(struct lookups *lookups, const char *key)
{
	struct memory *set = lookups->memory[set_of_key(key)];
	size_t i;

	for (i = 0; i < WAYS; i++)
		if (set[i].result != LOOKUPS_ENDED &&
		    strcmp(set[i].key, key) == 0)
			return &set[i];
	return NULL;
}

/* A free one of the set, else the one that ends first. */
static struct memory *
least_needed(struct memory *set)
{
	struct memory *found = &set[0];
	size_t i;

	for (i = 0; i < WAYS; i++) {
		if (set[i].result == LOOKUPS_ENDED)
			return &set[i];
		if (set[i].until < found->until)
			found = &set[i];
	}
	return found;
}

static void
remember(struct lookups *lookups, const char *key, enum lookups_result result,
    enum reason reason, int64_t now)
{
	struct memory *set = lookups->memory[set_of_key(key)];
	struct memory *memory = find_memory(lookups, key);

	if (result == LOOKUPS_ENDED) {
		if (memory != NULL)
			memory->result = LOOKUPS_ENDED;
		return;
	}
	if (memory == NULL)
		memory = least_needed(set);
	(void)snprintf(memory->key, sizeof(memory->key), "%s", key);
	memory->result = result;
	memory->reason = reason;
	memory->at = now;
	memory->until = now + (result == LOOKUPS_ENDED_NOT_LIVE ?
	    (int64_t)lookups->settings->absent_ttl * 1000 : FAILED_MS);
}

static enum lookups_answer
recall_locked(struct lookups *lookups, const struct lookups_wish *wish,
    int64_t now, enum reason *reason_out)
{
	const struct memory *memory = find_memory(lookups, wish->key);

	if (memory == NULL || now >= memory->until || now < memory->at)
		return LOOKUPS_WAIT;
	if (memory->result == LOOKUPS_ENDED_NOT_LIVE)
		return LOOKUPS_NOT_LIVE;
	if (memory->at < wish->since)
		return LOOKUPS_WAIT;
	*reason_out = memory->reason;
	return LOOKUPS_FAILED;
}

enum lookups_answer
lookups_recall(struct lookups *lookups, const struct lookups_wish *wish,
    const struct moment *now, enum reason *reason_out)
{
	enum lookups_answer answer;

	(void)pthread_mutex_lock(&lookups->lock);
	answer = recall_locked(lookups, wish, now->boottime, reason_out);
	(void)pthread_mutex_unlock(&lookups->lock);
	return answer;
}

int64_t
lookups_not_live_at(struct lookups *lookups, const char *key,
    const struct moment *now)
{
	const struct memory *memory;
	int64_t at = -1;

	(void)pthread_mutex_lock(&lookups->lock);
	memory = find_memory(lookups, key);
	if (memory != NULL && memory->result == LOOKUPS_ENDED_NOT_LIVE &&
	    now->boottime < memory->until && now->boottime >= memory->at)
		at = memory->at;
	(void)pthread_mutex_unlock(&lookups->lock);
	return at;
}

static void
leave_locked(struct lookups *lookups, const char *client_address,
    struct lookups_turn *turn)
{
	unsigned char address[SHARES_ADDRESS];
	struct budget *budget;

	if (turn->is_unknown) {
		/* one that somebody waits for is not taken away */
		shares_address(client_address, address);
		if ((budget = find_budget(lookups, address)) != NULL)
			budget->waiting--;
		lookups->all.waiting--;
	}
	if (turn->is_queued)
		shares_give(lookups->queued, client_address);
	turn->is_unknown = turn->is_queued = 0;
}

void
lookups_leave(struct lookups *lookups, const char *client_address,
    struct lookups_turn *turn)
{
	(void)pthread_mutex_lock(&lookups->lock);
	leave_locked(lookups, client_address, turn);
	(void)pthread_mutex_unlock(&lookups->lock);
}

static int
at_least_one(int number)
{
	return number > 0 ? number : 1;
}

/* May this unknown one be asked about in this minute? */
static int
is_within(const struct lookups *lookups, const struct budget *budget,
    int64_t *until_out)
{
	const int rate = lookups->settings->lookup_rate;

	*until_out = lookups->all.since + MINUTE_MS;
	if (lookups->all.taken >= rate)
		return 0;
	*until_out = budget->since + MINUTE_MS;
	return budget->taken < at_least_one(rate / ADDRESS_SHARE);
}

/* Is a place for it free, as far as others that are unknown leave one? */
static int
has_room(const struct lookups *lookups, const struct budget *budget)
{
	const int places = at_least_one(lookups->settings->max_lookups / 2);

	return lookups->unknown_running < places &&
	    budget->running < at_least_one(places / ADDRESS_SHARE);
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
wait_unknown(struct lookups *lookups, struct budget *budget,
    struct lookups_turn *turn, enum lookups_answer answer, int64_t now,
    int64_t *until_out)
{
	if (lookups->all.waiting >= LOOKUPS_WAITING ||
	    budget->waiting >= LOOKUPS_WAITING_ADDRESS) {
		*until_out = now + FAILED_MS;
		return LOOKUPS_REFUSED;
	}
	lookups->all.waiting++;
	budget->waiting++;
	turn->is_unknown = 1;
	return answer;
}

/* `is_running`: another one looks this key up. */
static enum lookups_answer
begin_unknown(struct lookups *lookups, const struct lookups_wish *wish,
    struct lookups_turn *turn, struct place *place, int is_running,
    int64_t now, int64_t *until_out)
{
	enum lookups_answer answer;
	struct budget *budget;

	begin_minute(&lookups->all, now);
	budget = budget_of(lookups, wish->client_address, now);
	if (budget == NULL) {
		*until_out = now + FAILED_MS;
		return LOOKUPS_REFUSED;
	}
	if (is_running)
		return wait_unknown(lookups, budget, turn, LOOKUPS_WAIT, now,
		    until_out);
	if (!turn->is_counted) {
		if (!is_within(lookups, budget, until_out) ||
		    !take_of_asker(lookups, wish->client_address, now,
		    until_out))
			return LOOKUPS_REFUSED;
		lookups->all.taken++;
		budget->taken++;
		turn->is_counted = 1;
	}
	if (place == NULL || !has_room(lookups, budget)) {
		answer = wait_unknown(lookups, budget, turn, LOOKUPS_QUEUED,
		    now, until_out);
		if (answer == LOOKUPS_QUEUED && has_room(lookups, budget))
			turn->is_queued = shares_take(lookups->queued,
			    wish->client_address);
		return answer;
	}
	lookups->unknown_running++;
	budget->running++;
	place->budget = budget;
	return LOOKUPS_GO;
}

/* Does its address hold half of the places while others wait for one? */
static int
holds_too_much(const struct lookups *lookups, const char *client_address)
{
	return shares_of(lookups->known_running, client_address) >=
	    at_least_one(lookups->settings->max_lookups / 2) &&
	    shares_all(lookups->queued) >
	    shares_of(lookups->queued, client_address);
}

static enum lookups_answer
begin_known(struct lookups *lookups, const struct lookups_wish *wish,
    struct lookups_turn *turn, struct place *place, int is_running)
{
	if (is_running)
		return LOOKUPS_WAIT;
	if (place == NULL || holds_too_much(lookups, wish->client_address)) {
		turn->is_queued = shares_take(lookups->queued,
		    wish->client_address);
		return LOOKUPS_QUEUED;
	}
	(void)snprintf(place->client_address, sizeof(place->client_address),
	    "%s", wish->client_address != NULL ? wish->client_address : "");
	place->has_share = shares_take(lookups->known_running,
	    place->client_address);
	return LOOKUPS_GO;
}

static enum lookups_answer
begin_locked(struct lookups *lookups, const struct lookups_wish *wish,
    struct lookups_turn *turn, int64_t now, int64_t *until_out)
{
	enum lookups_answer answer;
	struct place *place;
	int is_running = find_place(lookups, wish->key, &place) == -1;

	answer = wish->is_known ?
	    begin_known(lookups, wish, turn, place, is_running) :
	    begin_unknown(lookups, wish, turn, place, is_running, now,
	    until_out);
	if (answer != LOOKUPS_GO || place == NULL)
		return answer;
	(void)snprintf(place->key, sizeof(place->key), "%s", wish->key);
	place->is_known = wish->is_known;
	return LOOKUPS_GO;
}

enum lookups_answer
lookups_begin(struct lookups *lookups, const struct lookups_wish *wish,
    struct lookups_turn *turn, const struct moment *now, int64_t *until_out,
    enum reason *reason_out)
{
	enum lookups_answer answer;

	*until_out = now->boottime;
	(void)pthread_mutex_lock(&lookups->lock);
	leave_locked(lookups, wish->client_address, turn);
	answer = recall_locked(lookups, wish, now->boottime, reason_out);
	if (answer == LOOKUPS_WAIT)
		answer = begin_locked(lookups, wish, turn, now->boottime,
		    until_out);
	(void)pthread_mutex_unlock(&lookups->lock);
	return answer;
}

void
lookups_end(struct lookups *lookups, const char *key,
    enum lookups_result result, enum reason reason, const struct moment *now)
{
	struct place *place = NULL;
	size_t i;

	(void)pthread_mutex_lock(&lookups->lock);
	for (i = 0; i < lookups->place_count && place == NULL; i++)
		if (strcmp(lookups->places[i].key, key) == 0)
			place = &lookups->places[i];
	if (place != NULL) {
		if (!place->is_known) {
			lookups->unknown_running--;
			place->budget->running--;
		}
		if (place->has_share)
			shares_give(lookups->known_running,
			    place->client_address);
		memset(place, 0, sizeof(*place));
	}
	remember(lookups, key, result, reason, now->boottime);
	(void)pthread_mutex_unlock(&lookups->lock);
}
