/* What is known of sessions in use, as it was read a moment ago. */
#include "config.h"

#include "gate/recent.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define WAYS 8			/* places of one session */
#define SETS (RECENT_MAX / WAYS)

struct entry {
	char hash[HASH_HEX_SIZE];
	enum credential_kind kind;
	int64_t at;		/* boottime */
	struct status_session row;
	struct facts *token;	/* NULL: no JWT */
};

struct set {
	uint64_t changes;	/* lookups of its sessions that ended */
	struct entry *entries[WAYS];
};

struct recent {
	pthread_mutex_t lock;
	struct set sets[SETS];
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

	if (recent != NULL && pthread_mutex_init(&recent->lock, NULL) == 0)
		return recent;
	free(recent);
	return NULL;
}

void
recent_free(struct recent *recent)
{
	size_t i, j;

	if (recent == NULL)
		return;
	for (i = 0; i < SETS; i++)
		for (j = 0; j < WAYS; j++)
			entry_free(recent->sets[i].entries[j]);
	(void)pthread_mutex_destroy(&recent->lock);
	free(recent);
}

/* The digits of a hash spread well. */
static struct set *
set_of(struct recent *recent, const struct credential *credential)
{
	size_t number = 0, i;

	for (i = 0; i < 4 && credential->hash[i] != '\0'; i++)
		number = number * 16 +
		    ((unsigned char)credential->hash[i] & 15) +
		    (credential->hash[i] > '9' ? 9 : 0);
	return &recent->sets[number % SETS];
}

static int
is_of(const struct entry *entry, const struct credential *credential)
{
	return entry != NULL && entry->kind == credential->kind &&
	    strcmp(entry->hash, credential->hash) == 0;
}

/* The moments of two threads may cross. */
static int
is_over(const struct entry *entry, const struct moment *now)
{
	return now->boottime - entry->at >= RECENT_MS ||
	    entry->at - now->boottime >= RECENT_MS;
}

static int
copy_row(struct status_session *to, const struct status_session *from)
{
	*to = *from;
	return facts_copy(&to->facts, &from->facts);
}

static int
copy_entry(const struct entry *entry, struct status_session *row,
    struct facts *token)
{
	if (copy_row(row, &entry->row) == -1)
		return -1;
	if (token == NULL || (entry->token != NULL &&
	    facts_copy(token, entry->token) == 0))
		return 0;
	status_session_clear(row);
	return -1;
}

int
recent_recall(struct recent *recent, const struct credential *credential,
    const struct moment *now, struct status_session *row,
    struct facts *token)
{
	const struct set *set = set_of(recent, credential);
	int ret = 0;
	size_t i;

	(void)pthread_mutex_lock(&recent->lock);
	for (i = 0; i < WAYS; i++)
		if (is_of(set->entries[i], credential) &&
		    !is_over(set->entries[i], now))
			ret = copy_entry(set->entries[i], row, token) == 0;
	(void)pthread_mutex_unlock(&recent->lock);
	return ret;
}

uint64_t
recent_mark(struct recent *recent, const struct credential *credential)
{
	uint64_t mark;

	(void)pthread_mutex_lock(&recent->lock);
	mark = set_of(recent, credential)->changes;
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
entry_new(const struct credential *credential,
    const struct status_session *row, const struct facts *token,
    const struct moment *now)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (entry == NULL)
		return NULL;
	memcpy(entry->hash, credential->hash, sizeof(entry->hash));
	entry->kind = credential->kind;
	entry->at = now->boottime;
	status_session_init(&entry->row);
	if (copy_row(&entry->row, row) == 0 && (token == NULL ||
	    (entry->token = facts_new(token)) != NULL))
		return entry;
	entry_free(entry);
	return NULL;
}

/* Its own place, one that is free or whose time is over; NULL: none. */
static struct entry **
place_for(struct set *set, const struct credential *credential,
    const struct moment *now)
{
	struct entry **found = NULL;
	size_t i;

	for (i = 0; i < WAYS; i++) {
		if (is_of(set->entries[i], credential))
			return &set->entries[i];
		if (set->entries[i] == NULL || (found == NULL &&
		    is_over(set->entries[i], now)))
			found = &set->entries[i];
	}
	return found;
}

void
recent_keep(struct recent *recent, const struct credential *credential,
    uint64_t mark, const struct status_session *row,
    const struct facts *token, const struct moment *now)
{
	struct set *set = set_of(recent, credential);
	struct entry **place, *old = NULL, *entry;

	if (!row->is_live || credential->len > RECENT_MAX_CREDENTIAL ||
	    row->facts.roles.count > RECENT_MAX_ROLES)
		return;
	if ((entry = entry_new(credential, row, token, now)) == NULL)
		return;
	(void)pthread_mutex_lock(&recent->lock);
	place = set->changes == mark ? place_for(set, credential, now) : NULL;
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
	struct set *set = set_of(recent, credential);
	struct entry *old = NULL;
	size_t i;

	(void)pthread_mutex_lock(&recent->lock);
	set->changes++;
	for (i = 0; i < WAYS; i++)
		if (is_of(set->entries[i], credential)) {
			old = set->entries[i];
			set->entries[i] = NULL;
		}
	(void)pthread_mutex_unlock(&recent->lock);
	entry_free(old);
}
