/* A set-associative table. */
#include "config.h"

#include "ground/fixed_table.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define SPREAD 16		/* bytes of a key that tell its set */
#define FACTOR 131
#define PRIME 2147483647U	/* 2^31 - 1 */

/* A place is the value, then the length of its key (0: free), then the key. */
struct fixed_table {
	size_t sets, places;
	size_t key_size, value_size;
	size_t stride;		/* from one place to the next */
	uint64_t factor;	/* of the sum that tells a set */
	size_t used;		/* places */
	alignas(max_align_t) unsigned char bytes[];
};

struct fixed_table *
fixed_table_new(size_t sets, size_t places, size_t key_size,
    size_t value_size)
{
	const size_t unit = alignof(max_align_t);
	const size_t stride = (value_size + 1 + key_size + unit - 1) / unit *
	    unit;
	struct fixed_table *table = calloc(1, sizeof(*table) +
	    sets * places * stride);

	if (table == NULL)
		return NULL;
	table->sets = sets;
	table->places = places;
	table->key_size = key_size;
	table->value_size = value_size;
	table->stride = stride;
	table->factor = FACTOR;
	return table;
}

void
fixed_table_scatter(struct fixed_table *table, uint32_t secret)
{
	if (table != NULL)
		table->factor = FACTOR + secret % (PRIME - FACTOR);
}

void
fixed_table_free(struct fixed_table *table)
{
	free(table);
}

size_t
fixed_table_set(const struct fixed_table *table, const void *key, size_t len)
{
	const unsigned char *bytes = key;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < len && i < SPREAD; i++)
		sum = (sum * table->factor + bytes[i]) % PRIME;
	return (size_t)(sum % table->sets);
}

static unsigned char *
first_of(struct fixed_table *table, const void *key, size_t len)
{
	return table->bytes + fixed_table_set(table, key, len) *
	    table->places * table->stride;
}

void *
fixed_table_find(struct fixed_table *table, const void *key, size_t len)
{
	unsigned char *place = first_of(table, key, len);
	size_t i;

	for (i = 0; i < table->places; i++, place += table->stride)
		if (len > 0 && place[table->value_size] == len &&
		    memcmp(place + table->value_size + 1, key, len) == 0)
			return place;
	return NULL;
}

/* A free one of the set, or who gives way before all others. */
static unsigned char *
make_place(struct fixed_table *table, unsigned char *place,
    fixed_table_rule *rule, const void *context)
{
	unsigned char *found = NULL;
	size_t i;

	for (i = 0; i < table->places; i++, place += table->stride) {
		if (place[table->value_size] == 0)
			return place;
		if (rule != NULL && rule(place, found, context))
			found = place;
	}
	return found;
}

void *
fixed_table_place(struct fixed_table *table, const void *key, size_t len,
    fixed_table_rule *rule, const void *context)
{
	unsigned char *place = fixed_table_find(table, key, len);

	if (place != NULL || len == 0 || len > table->key_size)
		return place;
	place = make_place(table, first_of(table, key, len), rule, context);
	if (place == NULL)
		return NULL;
	table->used += place[table->value_size] == 0;
	place[table->value_size] = (unsigned char)len;
	memcpy(place + table->value_size + 1, key, len);
	return place;
}

void
fixed_table_drop(struct fixed_table *table, void *value)
{
	memset(value, 0, table->stride);
	table->used--;
}

void *
fixed_table_next(struct fixed_table *table, const void *value)
{
	size_t at;

	/* most of the memory may never have been touched */
	if (table == NULL || table->used == 0)
		return NULL;
	at = value == NULL ? 0 : table->stride +
	    (size_t)((const unsigned char *)value - table->bytes);
	for (; at < table->sets * table->places * table->stride;
	    at += table->stride)
		if (table->bytes[at + table->value_size] != 0)
			return table->bytes + at;
	return NULL;
}
