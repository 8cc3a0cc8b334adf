#ifndef LOOKUPS_MEMORY_H_
#define LOOKUPS_MEMORY_H_

#include "gate/lookups.h"

/*
 * What lookups brought that makes no row, for a while (lookups.h).
 *
 * Size: 4,096 keys; of a full set the one that ends first gives way.
 * Times: boottime.
 * Threads: one at a time; the lock of lookups.c holds it.
 */

struct lookups_memory;

/* Borrows settings.  NULL: out of memory. */
struct lookups_memory *lookups_memory_new(const struct settings *settings);
void lookups_memory_free(struct lookups_memory *memory);

/* The result of a lookup, in place of an earlier one. */
void lookups_memory_put(struct lookups_memory *memory, const char *key,
    enum lookups_result result, enum reason reason, int64_t now);

/* As lookups_recall() and lookups_not_live_at(). */
enum lookups_answer lookups_memory_recall(const struct lookups_memory *memory,
    const struct lookups_wish *wish, int64_t now, enum reason *reason_out);
int64_t lookups_memory_not_live_at(const struct lookups_memory *memory,
    const char *key, int64_t now);

/* As lookups_absent(), lookups_absent_at() and lookups_twice_msecs(). */
void lookups_memory_put_absent(struct lookups_memory *memory, const char *key,
    int64_t now);
int64_t lookups_memory_absent_at(const struct lookups_memory *memory,
    const char *key, int64_t begun);
int64_t lookups_memory_twice_msecs(const struct settings *settings);

/* A key as rows keep it: from them, in place of what is held (NULL: nothing),
 * and for them: 1 and it, 0 if nothing is held. */
struct status_helper_told;
void lookups_memory_adopt(struct lookups_memory *memory, const char *key,
    const struct status_helper_told *told);
int lookups_memory_tell(const struct lookups_memory *memory, const char *key,
    struct status_helper_told *told_out);

#endif /* !LOOKUPS_MEMORY_H_ */
