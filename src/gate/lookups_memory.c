/* What lookups brought that makes no row. */
#include "config.h"

#include "gate/lookups_memory.h"

#include <stdlib.h>
#include <string.h>

#include "ground/fixed_table.h"
#include "state/status_session.h"

#define SETS 512
#define PLACES 8
#define FAILED_MS 2000		/* nobody waits longer for another's failure */

struct answer {
	enum lookups_result result;	/* never ENDED */
	enum reason reason;
	int64_t at;
	int64_t until;
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

static int
ends_first(const void *value, const void *other, const void *context)
{
	const struct answer *answer = value, *first = other;

	(void)context;
	return first == NULL || answer->until < first->until;
}

void
lookups_memory_put(struct lookups_memory *memory, const char *key,
    enum lookups_result result, enum reason reason, int64_t now)
{
	struct answer *answer;

	if (result == LOOKUPS_ENDED) {
		answer = fixed_table_find(memory->answers, key, strlen(key));
		if (answer != NULL)
			fixed_table_drop(memory->answers, answer);
		return;
	}
	answer = fixed_table_place(memory->answers, key, strlen(key),
	    ends_first, NULL);
	if (answer == NULL)
		return;
	answer->result = result;
	answer->reason = reason;
	answer->at = now;
	answer->until = now + (result == LOOKUPS_ENDED_NOT_LIVE ?
	    (int64_t)memory->settings->absent_ttl * 1000 : FAILED_MS);
}

/* Young enough to count; NULL: none is. */
static const struct answer *
find(const struct lookups_memory *memory, const char *key, int64_t now)
{
	const struct answer *answer = fixed_table_find(memory->answers, key,
	    strlen(key));

	return answer != NULL && now < answer->until && now >= answer->at ?
	    answer : NULL;
}

enum lookups_answer
lookups_memory_recall(const struct lookups_memory *memory,
    const struct lookups_wish *wish, int64_t now, enum reason *reason_out)
{
	const struct answer *answer = find(memory, wish->key, now);

	if (answer == NULL)
		return LOOKUPS_WAIT;
	if (answer->result == LOOKUPS_ENDED_NOT_LIVE)
		return LOOKUPS_NOT_LIVE;
	if (answer->at < wish->since)
		return LOOKUPS_WAIT;
	*reason_out = answer->reason;
	return LOOKUPS_FAILED;
}

int64_t
lookups_memory_not_live_at(const struct lookups_memory *memory,
    const char *key, int64_t now)
{
	const struct answer *answer = find(memory, key, now);

	return answer != NULL && answer->result == LOOKUPS_ENDED_NOT_LIVE ?
	    answer->at : -1;
}
