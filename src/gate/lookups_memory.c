/* What lookups brought that makes no row. */
#include "config.h"

#include "gate/lookups_memory.h"

#include <stdlib.h>
#include <string.h>

#include "ground/fixed_table.h"
#include "state/status_helper.h"
#include "state/status_session.h"

#define SETS 512
#define PLACES 8
#define FAILED_MS 2000		/* nobody waits longer for another's failure */

struct answer {
	enum lookups_result result;	/* never LIVE; ENDED: none */
	enum reason reason;
	int64_t at;			/* boottime, as the others */
	int64_t until;
	int64_t absent_at;		/* the first of two */
	int64_t absent_until;		/* 0: there was none */
};

struct lookups_memory {
	const struct settings *settings;
	struct fixed_table *answers;	/* by key */
};

struct lookups_memory *
lookups_memory_new(const struct settings *settings)
{
	struct lookups_memory *memory = calloc(1, sizeof(*memory));

	if (memory == NULL)
		return NULL;
	memory->settings = settings;
	memory->answers = fixed_table_new(SETS, PLACES, STATUS_KEY_SIZE - 1,
	    sizeof(struct answer));
	if (memory->answers != NULL)
		return memory;
	lookups_memory_free(memory);
	return NULL;
}

void
lookups_memory_free(struct lookups_memory *memory)
{
	if (memory == NULL)
		return;
	fixed_table_free(memory->answers);
	free(memory);
}

/* Until when it is worth anything. */
static int64_t
end_of(const struct answer *answer)
{
	return answer->until > answer->absent_until ? answer->until :
	    answer->absent_until;
}

static int
ends_first(const void *value, const void *other, const void *context)
{
	const struct answer *answer = value, *first = other;

	(void)context;
	return first == NULL || end_of(answer) < end_of(first);
}

static struct answer *
find(const struct lookups_memory *memory, const char *key)
{
	return fixed_table_find(memory->answers, key, strlen(key));
}

/* That of the key, of which nothing is known at first; NULL: no place. */
static struct answer *
make(struct lookups_memory *memory, const char *key)
{
	struct answer *answer = find(memory, key);

	if (answer != NULL)
		return answer;
	answer = fixed_table_place(memory->answers, key, strlen(key),
	    ends_first, NULL);
	if (answer != NULL)
		memset(answer, 0, sizeof(*answer));
	return answer;
}

/* Nothing to remember: of "absent" it says as little. */
static void
give_up(struct lookups_memory *memory, const char *key)
{
	struct answer *answer = find(memory, key);

	if (answer == NULL)
		return;
	answer->result = LOOKUPS_ENDED;
	answer->until = 0;
}

static void
forget(struct lookups_memory *memory, const char *key)
{
	struct answer *answer = find(memory, key);

	if (answer != NULL)
		fixed_table_drop(memory->answers, answer);
}

static void
remember(struct lookups_memory *memory, const char *key,
    enum lookups_result result, enum reason reason, int64_t now)
{
	struct answer *answer = make(memory, key);

	if (answer == NULL)
		return;
	answer->result = result;
	answer->reason = reason;
	answer->at = now;
	answer->until = now + (result == LOOKUPS_ENDED_NOT_LIVE ||
	    result == LOOKUPS_ENDED_ABSENT ?
	    (int64_t)memory->settings->absent_ttl * 1000 : FAILED_MS);
	if (result == LOOKUPS_ENDED_NOT_LIVE ||
	    result == LOOKUPS_ENDED_REJECTED)
		answer->absent_until = 0;
}

void
lookups_memory_put(struct lookups_memory *memory, const char *key,
    enum lookups_result result, enum reason reason, int64_t now)
{
	switch (result) {
	case LOOKUPS_ENDED:
	case LOOKUPS_ENDED_UNASKED:
		give_up(memory, key);
		break;
	case LOOKUPS_ENDED_LIVE:
		forget(memory, key);
		break;
	case LOOKUPS_ENDED_NOT_LIVE:
	case LOOKUPS_ENDED_ABSENT:
	case LOOKUPS_ENDED_FAILED:
	case LOOKUPS_ENDED_UNSURE:
	case LOOKUPS_ENDED_REJECTED:
	default:
		remember(memory, key, result, reason, now);
		break;
	}
}

/* Young enough to count; NULL: none is. */
static const struct answer *
recall(const struct lookups_memory *memory, const char *key, int64_t now)
{
	const struct answer *answer = find(memory, key);

	return answer != NULL && now < answer->until && now >= answer->at ?
	    answer : NULL;
}

enum lookups_answer
lookups_memory_recall(const struct lookups_memory *memory,
    const struct lookups_wish *wish, int64_t now, enum reason *reason_out)
{
	const struct answer *answer = recall(memory, wish->key, now);

	if (answer == NULL)
		return LOOKUPS_WAIT;
	if (answer->result == LOOKUPS_ENDED_NOT_LIVE)
		return LOOKUPS_NOT_LIVE;
	if (answer->result == LOOKUPS_ENDED_ABSENT)
		return wish->is_known ? LOOKUPS_WAIT : LOOKUPS_NOT_LIVE;
	if (answer->at < wish->since &&
	    answer->result != LOOKUPS_ENDED_REJECTED)
		return LOOKUPS_WAIT;
	*reason_out = answer->reason;
	return answer->result == LOOKUPS_ENDED_FAILED ? LOOKUPS_FAILED :
	    LOOKUPS_UNSURE;
}

int64_t
lookups_memory_not_live_at(const struct lookups_memory *memory,
    const char *key, int64_t now)
{
	const struct answer *answer = recall(memory, key, now);

	return answer != NULL && answer->result == LOOKUPS_ENDED_NOT_LIVE ?
	    answer->at : -1;
}

int64_t
lookups_memory_twice_msecs(const struct settings *settings)
{
	const int64_t ttl = (int64_t)settings->absent_ttl * 1000;

	return ttl > LOOKUPS_TWICE_MSECS ? ttl : LOOKUPS_TWICE_MSECS;
}

void
lookups_memory_put_absent(struct lookups_memory *memory, const char *key,
    int64_t now)
{
	struct answer *answer;

	if (lookups_memory_absent_at(memory, key, now) != -1)
		return;
	answer = make(memory, key);
	if (answer == NULL)
		return;
	answer->absent_at = now;
	answer->absent_until = now +
	    lookups_memory_twice_msecs(memory->settings);
}

int64_t
lookups_memory_absent_at(const struct lookups_memory *memory,
    const char *key, int64_t begun)
{
	const struct answer *answer = find(memory, key);

	return answer != NULL && begun <= answer->absent_until &&
	    begun >= answer->absent_at && answer->absent_until != 0 ?
	    answer->absent_at : -1;
}

void
lookups_memory_adopt(struct lookups_memory *memory, const char *key,
    const struct status_helper_told *told)
{
	struct answer *answer;

	if (told == NULL || told->result < LOOKUPS_ENDED ||
	    told->result > LOOKUPS_ENDED_REJECTED) {
		forget(memory, key);
		return;
	}
	answer = make(memory, key);
	if (answer == NULL)
		return;
	answer->result = (enum lookups_result)told->result;
	answer->reason = told->reason;
	answer->at = told->at;
	answer->until = told->until;
	answer->absent_at = told->absent_at;
	answer->absent_until = told->absent_until;
}

int
lookups_memory_tell(const struct lookups_memory *memory, const char *key,
    struct status_helper_told *told_out)
{
	const struct answer *answer = find(memory, key);

	memset(told_out, 0, sizeof(*told_out));
	if (answer == NULL)
		return 0;
	told_out->result = (int)answer->result;
	told_out->reason = answer->reason;
	told_out->at = answer->at;
	told_out->until = answer->until;
	told_out->absent_at = answer->absent_at;
	told_out->absent_until = answer->absent_until;
	return 1;
}
