#ifndef STORE_H_
#define STORE_H_

#include <stddef.h>
#include <stdint.h>

/*
 * Texts by key, until a time each, within so many bytes: who was looked for
 * longest ago gives way.  Built without nginx.
 *
 * Keys are digests with a secret of the worker's: nobody can choose them.
 * Times are milliseconds of a clock that nobody can set.
 * Threads: one at a time.
 */

#define STORE_KEY_SIZE 32

struct store;

/* NULL: out of memory, or `max` bytes are too few for anything. */
struct store *store_new(size_t max);
void store_free(struct store *store);

/* The text, until the next call for the store; NULL: none, or it is too old. */
const char *store_find(struct store *store,
    const unsigned char key[STORE_KEY_SIZE], int64_t now, size_t *len_out);

/* In place of what the key has; what cannot be kept for want of memory or room
 * is not. */
void store_put(struct store *store, const unsigned char key[STORE_KEY_SIZE],
    int64_t until, const char *text, size_t len);

/* All of it. */
void store_forget(struct store *store);

#endif /* !STORE_H_ */
