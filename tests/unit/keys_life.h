#ifndef TESTS_UNIT_KEYS_LIFE_H_
#define TESTS_UNIT_KEYS_LIFE_H_

#include "gate/keys.h"
#include "mint.h"

/* Keys over a status.db of their own, and a clock that stands still. */

#define WALL INT64_C(1800000000)
#define BOOT INT64_C(5000000)
#define OLD_BOOT "00000000-0000-4000-8000-000000000001"
#define THIS_BOOT "00000000-0000-4000-8000-000000000002"
#define LEEWAY 60
#define NO_FETCH 0
#define FETCH 1

struct keys_life {
	char *directory;
	struct settings settings;
	struct status *status;
	struct keys *keys;
	struct moment now;
	char *set;		/* of the kid "first" */
	int64_t until;
};

struct keys_life *life_setup(void);
void life_teardown(struct keys_life *fixture);
/* Close and open again, as a restart does. */
void life_restart(struct keys_life *fixture);

void life_pass(struct keys_life *fixture, int64_t seconds);
void life_pass_ms(struct keys_life *fixture, int64_t milliseconds);

/* A set is stored, without a fetch. */
void life_store(struct status *status, const char *text,
    const struct moment *start);
/* The fetch that was allowed at `start` ends now, with the fixture's set. */
void life_fetched(struct keys_life *fixture,
    const struct moment *start);
/* One that begins and ends now, with another set, which is freed. */
void life_fetch(struct keys_life *fixture, char *set);

enum keys_outcome life_find(struct keys_life *fixture,
    const char *kid, int64_t issued_at, int may_fetch);

#endif /* !TESTS_UNIT_KEYS_LIFE_H_ */
