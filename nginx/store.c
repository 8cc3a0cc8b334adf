#include "nginx/store.h"

#include <stdlib.h>
#include <string.h>

#define BYTES_A_LIST 1024	/* about what an entry takes */
#define OF_MALLOC 16		/* what it takes for itself, and rounds up to */

struct entry {
	struct entry *next;	/* of its list */
	struct entry *newer;
	struct entry *older;
	int64_t until;
	size_t len;
	unsigned char key[STORE_KEY_SIZE];
	char text[];
};

struct store {
	size_t max;
	size_t bytes;		/* of all, the lists' too */
	size_t mask;		/* number of lists, a power of two, less 1 */
	struct entry **lists;
	struct entry *newest;
	struct entry *oldest;
};

static size_t
cost(size_t len)
{
	return (sizeof(struct entry) + len + 2 * OF_MALLOC - 1) /
	    OF_MALLOC * OF_MALLOC;
}

struct store *
store_new(size_t max)
{
	struct store *store;
	size_t count = 1;

	while (count <= max / BYTES_A_LIST / 2)
		count *= 2;
	if (max < sizeof(*store) + count * sizeof(struct entry *))
		return NULL;
	store = calloc(1, sizeof(*store));
	if (store == NULL)
		return NULL;
	store->max = max;
	store->mask = count - 1;
	store->bytes = sizeof(*store) + count * sizeof(struct entry *);
	store->lists = calloc(count, sizeof(struct entry *));
	if (store->lists == NULL) {
		store_free(store);
		return NULL;
	}
	return store;
}

/* The list of a key. */
static struct entry **
list_of(const struct store *store, const unsigned char *key)
{
	uint64_t number;

	memcpy(&number, key, sizeof(number));
	return &store->lists[number & store->mask];
}

/* NULL: it is not there. */
static struct entry *
find(const struct store *store, const unsigned char *key)
{
	struct entry *entry = *list_of(store, key);

	while (entry != NULL && memcmp(entry->key, key, STORE_KEY_SIZE) != 0)
		entry = entry->next;
	return entry;
}

static void
unlink_age(struct store *store, struct entry *entry)
{
	if (entry->newer != NULL)
		entry->newer->older = entry->older;
	else
		store->newest = entry->older;
	if (entry->older != NULL)
		entry->older->newer = entry->newer;
	else
		store->oldest = entry->newer;
}

static void
make_newest(struct store *store, struct entry *entry)
{
	entry->newer = NULL;
	entry->older = store->newest;
	if (store->newest != NULL)
		store->newest->newer = entry;
	else
		store->oldest = entry;
	store->newest = entry;
}

/* One that is of no age any more. */
static void
end(struct store *store, struct entry *entry)
{
	struct entry **place = list_of(store, entry->key);

	while (*place != NULL && *place != entry)
		place = &(*place)->next;
	*place = entry->next;
	store->bytes -= cost(entry->len);
	free(entry);
}

static void
drop(struct store *store, struct entry *entry)
{
	unlink_age(store, entry);
	end(store, entry);
}

static void
drop_oldest(struct store *store)
{
	struct entry *entry = store->oldest;

	store->oldest = entry->newer;
	if (store->oldest != NULL)
		store->oldest->older = NULL;
	else
		store->newest = NULL;
	end(store, entry);
}

void
store_forget(struct store *store)
{
	while (store->oldest != NULL)
		drop_oldest(store);
}

void
store_free(struct store *store)
{
	if (store == NULL)
		return;
	store_forget(store);
	free(store->lists);
	free(store);
}

const char *
store_find(struct store *store, const unsigned char key[STORE_KEY_SIZE],
    int64_t now, size_t *len_out)
{
	struct entry *entry = find(store, key);

	*len_out = 0;
	if (entry == NULL)
		return NULL;
	if (now >= entry->until) {
		drop(store, entry);
		return NULL;
	}
	unlink_age(store, entry);
	make_newest(store, entry);
	*len_out = entry->len;
	return entry->text;
}

void
store_put(struct store *store, const unsigned char key[STORE_KEY_SIZE],
    int64_t until, const char *text, size_t len)
{
	struct entry *entry = find(store, key), **place;

	if (entry != NULL)
		drop(store, entry);
	if (len > store->max || cost(len) > store->max)
		return;
	while (store->oldest != NULL &&
	    cost(len) > store->max - store->bytes)
		drop_oldest(store);
	if (cost(len) > store->max - store->bytes)
		return;
	entry = malloc(sizeof(*entry) + len);
	if (entry == NULL)
		return;
	memcpy(entry->key, key, STORE_KEY_SIZE);
	memcpy(entry->text, text, len);
	entry->len = len;
	entry->until = until;
	place = list_of(store, key);
	entry->next = *place;
	*place = entry;
	make_newest(store, entry);
	store->bytes += cost(len);
}
