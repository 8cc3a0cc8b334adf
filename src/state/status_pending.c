/* Rows that wait to be written. */
#include "config.h"

#include "state/status_pending.h"

#include <stdlib.h>
#include <string.h>

#include "state/status_waiting.h"

static void
entry_free(struct pending_entry *entry)
{
	if (entry == NULL)
		return;
	status_change_clear(&entry->change);
	free(entry);
}

/* As many as there should be, if there is memory. */
static void
fill_spare(struct status_pending *pending)
{
	struct pending_entry **spare = pending->spare;
	size_t *count = &pending->spare_count;

	while (*count < STATUS_PENDING_SPARE &&
	    (spare[*count] = calloc(1, sizeof(**spare))) != NULL)
		++*count;
}

struct status_pending *
status_pending_new(void)
{
	struct status_pending *pending = calloc(1, sizeof(*pending));
	size_t i;

	if (pending == NULL)
		return NULL;
	if (pthread_mutex_init(&pending->lock, NULL) != 0) {
		free(pending);
		return NULL;
	}
	TAILQ_INIT(&pending->urgent);
	TAILQ_INIT(&pending->others);
	for (i = 0; i < STATUS_PENDING_SETS; i++)
		pending->sets[i].void_at = pending->sets[i].told_at = -1;
	fill_spare(pending);
	if (pending->spare_count == STATUS_PENDING_SPARE)
		return pending;
	status_pending_free(pending);
	return NULL;
}

void
status_pending_free(struct status_pending *pending)
{
	size_t i, j;

	if (pending == NULL)
		return;
	for (i = 0; i < pending->spare_count; i++)
		free(pending->spare[i]);
	for (i = 0; i < STATUS_PENDING_SETS; i++)
		for (j = 0; j < STATUS_PENDING_WAYS; j++)
			entry_free(pending->sets[i].entries[j]);
	status_keys_clear(&pending->keys);
	(void)pthread_mutex_destroy(&pending->lock);
	free(pending);
}

void
status_pending_serve(struct status_pending *pending,
    void (*wake)(void *context, int is_urgent), void *context)
{
	(void)pthread_mutex_lock(&pending->lock);
	pending->wake = wake;
	pending->context = context;
	(void)pthread_mutex_unlock(&pending->lock);
}

size_t
status_pending_count(const struct status_pending *pending)
{
	return pending->count;
}

void
status_pending_call(struct status_pending *pending, int is_urgent)
{
	if (pending->wake != NULL)
		pending->wake(pending->context, is_urgent);
}

/* Keys begin with the digits of a hash. */
static size_t
number_of_set(const char *key)
{
	size_t number = 0, i;

	for (i = 0; i < 8 && key[i] != '\0'; i++)
		number = number * 31 + (unsigned char)key[i];
	return number % STATUS_PENDING_SETS;
}

static struct pending_set *
set_of(struct status_pending *pending, const char *key)
{
	return &pending->sets[number_of_set(key)];
}

int64_t
status_pending_void_at(const struct status_pending *pending, const char *key)
{
	return pending->sets[number_of_set(key)].void_at;
}

int64_t
status_pending_told_at(const struct status_pending *pending, const char *key)
{
	return pending->sets[number_of_set(key)].told_at;
}

static struct pending_entry **
place_of(struct pending_set *set, const char *key)
{
	size_t i;

	for (i = 0; i < STATUS_PENDING_WAYS; i++)
		if (set->entries[i] != NULL &&
		    strcmp(set->entries[i]->change.key, key) == 0)
			return &set->entries[i];
	return NULL;
}

static struct pending_list *
list_of(struct status_pending *pending, int is_urgent)
{
	return is_urgent ? &pending->urgent : &pending->others;
}

/* What ends a session, or shakes it, is first to be told to others. */
static int
is_urgent(const struct status_change *change)
{
	return change->what != STATUS_CHANGE_PUT || !change->row.is_live ||
	    change->row.doubted_at != 0;
}

static size_t
size_of(const struct status_change *change)
{
	return sizeof(struct pending_entry) + status_change_bytes(change);
}

/* Into the list where it belongs now; its size is counted anew. */
static void
enlist(struct status_pending *pending, struct pending_entry *entry)
{
	entry->change.number = ++pending->number;
	entry->is_urgent = is_urgent(&entry->change);
	entry->bytes = size_of(&entry->change);
	pending->bytes += entry->bytes;
	TAILQ_INSERT_TAIL(list_of(pending, entry->is_urgent), entry, link);
}

static void
delist(struct status_pending *pending, struct pending_entry *entry)
{
	TAILQ_REMOVE(list_of(pending, entry->is_urgent), entry, link);
	pending->bytes -= entry->bytes;
}

static void
take_out(struct status_pending *pending, struct pending_entry **place)
{
	delist(pending, *place);
	entry_free(*place);
	*place = NULL;
	pending->count--;
}

static void
make_void(struct pending_set *set, const struct status_change *change)
{
	const int64_t at = status_change_at(change);

	if (at > set->void_at)
		set->void_at = at;
}

/* Does `change` give way before the other? */
static int
is_lesser(const struct status_change *change,
    const struct status_change *other)
{
	if (is_urgent(change) != is_urgent(other))
		return is_urgent(other);
	return status_change_at(change) < status_change_at(other);
}

/* A free place, or that of what gives way to it; NULL if none does. */
static struct pending_entry **
place_for(struct status_pending *pending, struct pending_set *set,
    const struct status_change *change)
{
	const struct status_change *least = change;
	struct pending_entry **found = NULL;
	size_t i;

	for (i = 0; i < STATUS_PENDING_WAYS; i++) {
		if (set->entries[i] == NULL)
			return &set->entries[i];
		if (!is_lesser(&set->entries[i]->change, least))
			continue;
		found = &set->entries[i];
		least = &(*found)->change;
	}
	if (found != NULL) {
		make_void(set, &(*found)->change);
		take_out(pending, found);
	}
	return found;
}

/* What ends a session is small, and there are at most STATUS_PENDING_MAX. */
static int
is_too_much(const struct status_pending *pending,
    const struct status_change *change)
{
	return change->row.is_live &&
	    pending->bytes + size_of(change) > STATUS_PENDING_BYTES;
}

static struct pending_entry *
entry_new(struct status_pending *pending, const struct status_change *change)
{
	struct pending_entry *entry = calloc(1, sizeof(*entry));

	if (entry != NULL)
		fill_spare(pending);
	else if (!change->row.is_live && pending->spare_count > 0)
		entry = pending->spare[--pending->spare_count];
	if (entry == NULL)
		return NULL;
	if (status_change_copy(&entry->change, change) == 0)
		return entry;
	free(entry);
	return NULL;
}

static int
put_new(struct status_pending *pending, struct pending_set *set,
    const struct status_change *change)
{
	struct pending_entry **place, *entry;

	if (is_too_much(pending, change))
		return -1;
	entry = entry_new(pending, change);
	if (entry == NULL)
		return -1;
	place = place_for(pending, set, change);
	if (place == NULL) {
		entry_free(entry);
		return -1;
	}
	*place = entry;
	pending->count++;
	enlist(pending, entry);
	return 0;
}

static int
put_more(struct status_pending *pending, struct pending_entry *entry,
    const struct status_change *change)
{
	if (is_too_much(pending, change) ||
	    status_change_follow(&entry->change, change) == -1)
		return -1;
	delist(pending, entry);
	enlist(pending, entry);
	return 0;
}

void
status_pending_put(struct status_pending *pending,
    const struct status_change *change)
{
	struct pending_entry **place;
	struct pending_set *set;
	int ret;

	(void)pthread_mutex_lock(&pending->lock);
	set = set_of(pending, change->key);
	place = place_of(set, change->key);
	ret = place != NULL ? put_more(pending, *place, change) :
	    put_new(pending, set, change);
	if (ret == -1) {
		make_void(set, change);
		/* what is older than this must not be told to others either */
		if (place != NULL)
			take_out(pending, place);
	}
	status_pending_call(pending, is_urgent(change));
	(void)pthread_mutex_unlock(&pending->lock);
}

void
status_pending_drop(struct status_pending *pending,
    const struct status_change *change)
{
	struct pending_entry **place;
	struct pending_set *set;

	(void)pthread_mutex_lock(&pending->lock);
	set = set_of(pending, change->key);
	make_void(set, change);
	place = place_of(set, change->key);
	if (place != NULL && (*place)->change.number == change->number)
		take_out(pending, place);
	(void)pthread_mutex_unlock(&pending->lock);
}

int
status_pending_find(struct status_pending *pending, const char *key,
    struct status_change *out)
{
	struct pending_entry **place;
	int ret = 0;

	if (pending->count == 0)
		return 0;
	(void)pthread_mutex_lock(&pending->lock);
	place = place_of(set_of(pending, key), key);
	if (place != NULL)
		ret = status_change_copy(out, &(*place)->change) == 0 ? 1 : -1;
	(void)pthread_mutex_unlock(&pending->lock);
	return ret;
}

int
status_pending_take(struct status_pending *pending, struct status_change *out,
    size_t max, size_t *count_out)
{
	struct pending_entry *entry;
	size_t count = 0;
	int urgent, is_failed;

	(void)pthread_mutex_lock(&pending->lock);
	for (urgent = 1; urgent >= 0; urgent--)
		TAILQ_FOREACH(entry, list_of(pending, urgent), link) {
			if (count == max || status_change_copy(&out[count],
			    &entry->change) == -1)
				break;
			count++;
		}
	is_failed = count == 0 && pending->count > 0;
	(void)pthread_mutex_unlock(&pending->lock);
	*count_out = count;
	return is_failed ? -1 : 0;
}

/* What was written of it is looked for in the file from now on. */
static void
tell(struct pending_set *set, const struct pending_entry *entry)
{
	const int64_t at = status_change_at(&entry->change);

	if (entry->is_urgent && at > set->told_at)
		set->told_at = at;
}

void
status_pending_wrote(struct status_pending *pending,
    const struct status_change *changes, size_t count)
{
	struct pending_entry **place;
	struct pending_set *set;
	size_t i;

	(void)pthread_mutex_lock(&pending->lock);
	for (i = 0; i < count; i++) {
		set = set_of(pending, changes[i].key);
		place = place_of(set, changes[i].key);
		if (place == NULL ||
		    (*place)->change.number != changes[i].number)
			continue;
		tell(set, *place);
		take_out(pending, place);
	}
	(void)pthread_mutex_unlock(&pending->lock);
}
