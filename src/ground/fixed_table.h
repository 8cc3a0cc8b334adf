#ifndef FIXED_TABLE_H_
#define FIXED_TABLE_H_

#include <stddef.h>
#include <stdint.h>

/*
 * Values by key in a table that never grows: a set-associative one, whose keys
 * each belong to one set of a few places.
 *
 * Memory: all of it by fixed_table_new().
 * Values: `value_size` bytes that are the caller's; zeros at first.
 * Keys: 1 to `key_size` bytes (at most 255); one of another length is in no
 * table.  Their first 16 bytes tell the set: digits of a hash, addresses.
 * Threads: one at a time; the caller's lock holds it.
 */

struct fixed_table;

/* NULL: out of memory. */
struct fixed_table *fixed_table_new(size_t sets, size_t places,
    size_t key_size, size_t value_size);
void fixed_table_free(struct fixed_table *table);

/* Where strangers choose the keys: with a random secret nobody can tell which
 * keys are of one set, and fill it.  Before the first key; NULL too. */
void fixed_table_scatter(struct fixed_table *table, uint32_t secret);

/* The set of a key, from 0; for any thread. */
size_t fixed_table_set(const struct fixed_table *table, const void *key,
    size_t len);

/* The value of a key, until it is dropped or gives way; NULL: none. */
void *fixed_table_find(struct fixed_table *table, const void *key,
    size_t len);

/* Who gives way where a set is full: 1 if `value` does, before `other` (NULL:
 * nobody else is known to). */
typedef int fixed_table_rule(const void *value, const void *other,
    const void *context);

/* A place for a key: its own, a free one, or that of whoever gives way first
 * (`rule` NULL: nobody); NULL: none.  The value is as it was left: of the key
 * itself, of who gave way, or zeros. */
void *fixed_table_place(struct fixed_table *table, const void *key,
    size_t len, fixed_table_rule *rule, const void *context);

/* Its place is free, and zeros. */
void fixed_table_drop(struct fixed_table *table, void *value);

/* Each value that is there, the first after NULL; NULL: no more, as in a table
 * of NULL. */
void *fixed_table_next(struct fixed_table *table, const void *value);

#endif /* !FIXED_TABLE_H_ */
