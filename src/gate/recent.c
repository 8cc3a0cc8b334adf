/* What is known of sessions in use, as it was read a moment ago. */
#include "config.h"

#include "gate/recent.h"

#include <pthread.h>
#include <stdlib.h>

#include "ground/fixed_table.h"

#define PLACES 8		/* of one set */
#define SETS (RECENT_MAX / PLACES)
#define KEY_SIZE (STATUS_KEY_SIZE - 1)

struct entry {
	int64_t at;		/* boottime */
	struct status_session row;
	struct facts *token;	/* NULL: no JWT */
};

struct recent {
	pthread_mutex_t lock;
	struct fixed_table *entries;	/* struct entry * */
	uint64_t changes[SETS];	/* lookups of its sessions that ended */
};

static void
entry_free(struct entry *entry)
{
	if (entry == NULL)
		return;
	status_session_clear(&entry->row);
	facts_clear(entry->token);
	free(entry->token);
	free(entry);
}

struct recent *
recent_new(void)
{
	struct recent *recent = calloc(1, sizeof(*recent));

	if (recent == NULL)
		return NULL;
	if (pthread_mutex_init(&recent->lock, NULL) != 0) {
		free(recent);
		return NULL;
	}
	recent->entries = fixed_table_new(SETS, PLACES, KEY_SIZE,
	    sizeof(struct entry *));
	if (recent->entries != NULL)
		return recent;
	recent_free(recent);
	return NULL;
}

void
recent_free(struct recent *recent)
{
	struct entry **entry = NULL;

	if (recent == NULL)
		return;
	while ((entry = fixed_table_next(recent->entries, entry)) != NULL)
		entry_free(*entry);
	fixed_table_free(recent->entries);
	(void)pthread_mutex_destroy(&recent->lock);
	free(recent);
}

static uint64_t *
changes_of(struct recent *recent, const char *key)
{
	return &recent->changes[fixed_table_set(recent->entries, key,
	    KEY_SIZE)];
}

/* The moments of two threads may cross. */
static int
is_over(const struct entry *entry, const struct moment *now)
{
	return now->boottime - entry->at >= RECENT_MS ||
	    entry->at - now->boottime >= RECENT_MS;
}

/* While all are in use, others get no place. */
static int
gives_way(const void *value, const void *other, const void *now)
{
	struct entry *const *entry = value;

	return other == NULL && is_over(*entry, now);
}

static int
copy_entry(const struct entry *entry, struct status_session *row,
    struct facts *token)
{
	if (status_session_copy(row, &entry->row) == -1)
		return -1;
	if (token == NULL || (entry->token != NULL &&
	    facts_copy(token, entry->token) == 0))
		return 0;
	status_session_clear(row);
	return -1;
}

enum recent_found
recent_recall(struct recent *recent, const struct credential *credential,
    const struct moment *now, struct status_session *row,
    struct facts *token)
{
	enum recent_found ret = RECENT_NOTHING;
	char key[STATUS_KEY_SIZE];
	struct entry **entry;

	status_session_key(credential, key);
	(void)pthread_mutex_lock(&recent->lock);
	entry = fixed_table_find(recent->entries, key, KEY_SIZE);
	if (entry != NULL && !is_over(*entry, now)) {
		if (copy_entry(*entry, row, token) == 0)
			ret = RECENT_ROW;
	} else if (entry != NULL && token != NULL && (*entry)->token != NULL &&
	    facts_copy(token, (*entry)->token) == 0)
		ret = RECENT_TOKEN;
	(void)pthread_mutex_unlock(&recent->lock);
	return ret;
}

uint64_t
recent_mark(struct recent *recent, const struct credential *credential)
{
	char key[STATUS_KEY_SIZE];
	uint64_t mark;

	status_session_key(credential, key);
	(void)pthread_mutex_lock(&recent->lock);
	mark = *changes_of(recent, key);
	(void)pthread_mutex_unlock(&recent->lock);
	return mark;
}

static struct facts *
facts_new(const struct facts *from)
{
	struct facts *facts = malloc(sizeof(*facts));

	if (facts != NULL && facts_copy(facts, from) == 0)
		return facts;
	free(facts);
	return NULL;
}

static struct entry *
entry_new(const struct status_session *row, const struct facts *token,
    const struct moment *now)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (entry == NULL)
		return NULL;
	entry->at = now->boottime;
	if (status_session_copy(&entry->row, row) == 0 && (token == NULL ||
	    (entry->token = facts_new(token)) != NULL))
		return entry;
	entry_free(entry);
	return NULL;
}

void
recent_keep(struct recent *recent, const struct credential *credential,
    uint64_t mark, const struct status_session *row,
    const struct facts *token, const struct moment *now)
{
	struct entry **place = NULL, *old = NULL, *entry;
	char key[STATUS_KEY_SIZE];

	if (!row->is_live || credential->len > RECENT_MAX_CREDENTIAL ||
	    row->facts.roles.count > RECENT_MAX_ROLES)
		return;
	if ((entry = entry_new(row, token, now)) == NULL)
		return;
	status_session_key(credential, key);
	(void)pthread_mutex_lock(&recent->lock);
	if (*changes_of(recent, key) == mark)
		place = fixed_table_place(recent->entries, key, KEY_SIZE,
		    gives_way, now);
	if (place != NULL) {
		old = *place;
		*place = entry;
		entry = NULL;
	}
	(void)pthread_mutex_unlock(&recent->lock);
	entry_free(old);
	entry_free(entry);
}

void
recent_forget(struct recent *recent, const struct credential *credential)
{
	struct entry **entry, *old = NULL;
	char key[STATUS_KEY_SIZE];

	status_session_key(credential, key);
	(void)pthread_mutex_lock(&recent->lock);
	++*changes_of(recent, key);
	entry = fixed_table_find(recent->entries, key, KEY_SIZE);
	if (entry != NULL) {
		old = *entry;
		fixed_table_drop(recent->entries, entry);
	}
	(void)pthread_mutex_unlock(&recent->lock);
	entry_free(old);
}
