#include "config.h"

#include "lookups.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"

#define MINUTE_MS 60000
#define WAYS 8			/* places of a key or an address in a table */
#define MEMORY_SETS 512		/* what is remembered: 4096 keys */
#define ADDRESS_SETS 256	/* 2048 client addresses */
#define FAILED_MS 2000		/* nobody waits longer for another's failure */
#define ADDRESS_SHARE 10	/* one address gets a tenth */

struct address {
	unsigned char bytes[16];	/* IPv6, the /64; IPv4 mapped into it */
};

/* What one address, or all together, took in this minute. */
struct budget {
	struct address address;
	int is_used;
	int64_t since;
	int taken;
	int running;
	int waiting;
};

struct place {
	char key[HASH_HEX_SIZE];	/* "": free */
	int is_known;
	struct budget *budget;	/* of its address; NULL if known */
};

struct memory {
	char key[HASH_HEX_SIZE];
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
	int64_t unwritten_at;	/* boottime; -1: nothing was lost */
	struct budget all;
	struct budget addresses[ADDRESS_SETS][WAYS];
	struct memory memory[MEMORY_SETS][WAYS];
};

struct lookups *
lookups_new(const struct settings *settings)
{
	struct lookups *lookups = calloc(1, sizeof(*lookups));

	if (lookups == NULL)
		return NULL;
	lookups->settings = settings;
	lookups->unwritten_at = -1;
	lookups->place_count = (size_t)settings->max_lookups;
	lookups->places = calloc(lookups->place_count, sizeof(struct place));
	if (lookups->places == NULL ||
	    pthread_mutex_init(&lookups->lock, NULL) != 0) {
		free(lookups->places);
		free(lookups);
		return NULL;
	}
	return lookups;
}

void
lookups_free(struct lookups *lookups)
{
	if (lookups == NULL)
		return;
	(void)pthread_mutex_destroy(&lookups->lock);
	free(lookups->places);
	free(lookups);
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

static size_t
set_of_address(const struct address *address)
{
	size_t set = 0, i;

	for (i = 0; i < sizeof(address->bytes); i++)
		set = set * 131 + address->bytes[i];
	return set % ADDRESS_SETS;
}

/* What is no address shares one budget, that of ::. */
static void
read_address(struct address *address, const char *text)
{
	static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	    0xff, 0xff };

	memset(address, 0, sizeof(*address));
	if (text == NULL)
		return;
	if (inet_pton(AF_INET, text, address->bytes + 12) == 1)
		memcpy(address->bytes, mapped, sizeof(mapped));
	else if (inet_pton(AF_INET6, text, address->bytes) != 1)
		memset(address, 0, sizeof(*address));
	else if (memcmp(address->bytes, mapped, sizeof(mapped)) != 0)
		memset(address->bytes + 8, 0, 8);
}

static void
begin_minute(struct budget *budget, int64_t now)
{
	if (now >= budget->since && now - budget->since < MINUTE_MS)
		return;
	budget->since = now;
	budget->taken = 0;
}

/* The budget of an address; NULL while all of its set are in use by others
 * that run or wait. */
static struct budget *
budget_of(struct lookups *lookups, const char *text, int64_t now)
{
	struct budget *set, *oldest = NULL;
	struct address address;
	size_t i;

	read_address(&address, text);
	set = lookups->addresses[set_of_address(&address)];
	for (i = 0; i < WAYS; i++) {
		if (set[i].is_used && memcmp(&set[i].address, &address,
		    sizeof(address)) == 0) {
			begin_minute(&set[i], now);
			return &set[i];
		}
		if (set[i].running == 0 && set[i].waiting == 0 &&
		    (oldest == NULL || !set[i].is_used ||
		    (oldest->is_used && set[i].since < oldest->since)))
			oldest = &set[i];
	}
	if (oldest == NULL)
		return NULL;
	memset(oldest, 0, sizeof(*oldest));
	oldest->address = address;
	oldest->is_used = 1;
	oldest->since = now;
	return oldest;
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

void
lookups_leave(struct lookups *lookups, const char *client_address)
{
	struct budget *set;
	struct address address;
	size_t i;

	read_address(&address, client_address);
	(void)pthread_mutex_lock(&lookups->lock);
	lookups->all.waiting--;
	/* it is there: a budget that somebody waits for is not taken away */
	set = lookups->addresses[set_of_address(&address)];
	for (i = 0; i < WAYS; i++)
		if (set[i].is_used && memcmp(&set[i].address, &address,
		    sizeof(address)) == 0)
			set[i].waiting--;
	(void)pthread_mutex_unlock(&lookups->lock);
}

void
lookups_unwritten(struct lookups *lookups, const struct moment *started)
{
	(void)pthread_mutex_lock(&lookups->lock);
	if (started->boottime > lookups->unwritten_at)
		lookups->unwritten_at = started->boottime;
	(void)pthread_mutex_unlock(&lookups->lock);
}

int64_t
lookups_unwritten_at(struct lookups *lookups)
{
	int64_t at;

	(void)pthread_mutex_lock(&lookups->lock);
	at = lookups->unwritten_at;
	(void)pthread_mutex_unlock(&lookups->lock);
	return at;
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
wait_unknown(struct lookups *lookups, const struct lookups_wish *wish,
    struct budget *budget, enum lookups_answer answer, int64_t now,
    int64_t *until_out)
{
	if (wish->is_waiting)
		return answer;
	if (lookups->all.waiting >= LOOKUPS_WAITING ||
	    budget->waiting >= LOOKUPS_WAITING_ADDRESS) {
		*until_out = now + FAILED_MS;
		return LOOKUPS_REFUSED;
	}
	lookups->all.waiting++;
	budget->waiting++;
	return answer;
}

/* `is_running`: another one looks this key up. */
static enum lookups_answer
begin_unknown(struct lookups *lookups, const struct lookups_wish *wish,
    struct place *place, int is_running, int64_t now, int64_t *until_out)
{
	struct budget *budget;

	begin_minute(&lookups->all, now);
	budget = budget_of(lookups, wish->client_address, now);
	if (budget == NULL) {
		*until_out = now + FAILED_MS;
		return LOOKUPS_REFUSED;
	}
	if (is_running)
		return wait_unknown(lookups, wish, budget, LOOKUPS_WAIT, now,
		    until_out);
	if (!wish->is_counted) {
		if (!is_within(lookups, budget, until_out))
			return LOOKUPS_REFUSED;
		lookups->all.taken++;
		budget->taken++;
	}
	if (place == NULL || !has_room(lookups, budget))
		return wait_unknown(lookups, wish, budget, LOOKUPS_QUEUED, now,
		    until_out);
	lookups->unknown_running++;
	budget->running++;
	place->budget = budget;
	return LOOKUPS_GO;
}

static enum lookups_answer
begin_locked(struct lookups *lookups, const struct lookups_wish *wish,
    int64_t now, int64_t *until_out)
{
	enum lookups_answer answer = LOOKUPS_GO;
	struct place *place;
	int is_running = find_place(lookups, wish->key, &place) == -1;

	if (!wish->is_known)
		answer = begin_unknown(lookups, wish, place, is_running, now,
		    until_out);
	else if (is_running)
		answer = LOOKUPS_WAIT;
	else if (place == NULL)
		answer = LOOKUPS_QUEUED;
	if (answer != LOOKUPS_GO)
		return answer;
	(void)snprintf(place->key, sizeof(place->key), "%s", wish->key);
	place->is_known = wish->is_known;
	return LOOKUPS_GO;
}

enum lookups_answer
lookups_begin(struct lookups *lookups, const struct lookups_wish *wish,
    const struct moment *now, int64_t *until_out, enum reason *reason_out)
{
	enum lookups_answer answer;

	*until_out = now->boottime;
	(void)pthread_mutex_lock(&lookups->lock);
	answer = recall_locked(lookups, wish, now->boottime, reason_out);
	if (answer == LOOKUPS_WAIT)
		answer = begin_locked(lookups, wish, now->boottime, until_out);
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
		memset(place, 0, sizeof(*place));
	}
	remember(lookups, key, result, reason, now->boottime);
	(void)pthread_mutex_unlock(&lookups->lock);
}
