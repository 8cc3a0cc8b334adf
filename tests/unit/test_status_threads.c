/* Threads that put answers, end and doubt sessions, and one that writes. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scratch.h"
#include "state/status_backoff.h"
#include "state/status_pending.h"
#include "state/status_sessions.h"
#include "state/status_write.h"

#define ENDPOINT "https://auth.example.test"
#define BOOT "00000000-0000-4000-8000-000000000001"
#define THREADS 4
#define STEPS 1500
#define KEYS 12

struct world {
	const char *path;
	struct status_pending *pending;
	_Atomic int64_t clock;
	_Atomic int64_t ended[KEYS];	/* by calls that returned */
	_Atomic int64_t shaken[KEYS];	/* likewise, or doubted */
	_Atomic int faults;
	_Atomic int is_over;
};

struct asker {
	struct world *world;
	unsigned int seed;
};

static void
no_wake(void *context, int is_urgent)
{
	(void)context;
	(void)is_urgent;
}

static struct moment
tick(struct world *world)
{
	const struct moment moment = { 1800000000,
	    atomic_fetch_add(&world->clock, 1), BOOT };

	return moment;
}

static void
key_of(unsigned int number, char key[STATUS_KEY_SIZE])
{
	/* one set, so that some have no place; each with a row of its own,
	 * whose number lacks two bits of the first 16 digits */
	(void)snprintf(key, STATUS_KEY_SIZE, "01234567%07x%049x2", number, 0U);
}

static void
put(struct status *status, const char *key, const struct moment *started)
{
	struct status_session session;
	char user[] = "user";

	status_session_init(&session);
	session.is_live = 1;
	session.started = *started;
	session.facts.user_id = user;
	status_sessions_store(status, key, &session, started);
}

/* May a row serve of a lookup that began before the end of its session, be it
 * in an outage, or before a doubt? */
static void
look(struct world *world, struct status *status, unsigned int number)
{
	const int64_t ended = world->ended[number];
	const int64_t shaken = world->shaken[number];
	struct status_session row;
	char key[STATUS_KEY_SIZE];

	key_of(number, key);
	if (status_sessions_load(status, key, &row, NULL) == 1 && row.is_live &&
	    row.started.boottime < (row.doubted_at == 0 ? shaken : ended) &&
	    row.started.boottime > status_sessions_void_at(status, key))
		world->faults++;
	status_session_clear(&row);
}

static void
advance(_Atomic int64_t *time, int64_t at)
{
	int64_t last = *time;

	while (last < at && !atomic_compare_exchange_weak(time, &last, at))
		;
}

static void *
ask(void *argument)
{
	struct asker *asker = argument;
	struct world *world = asker->world;
	struct status *status = status_open(world->path, ENDPOINT,
	    world->pending, NULL);
	char key[STATUS_KEY_SIZE];
	struct moment at;
	unsigned int number;
	int i;

	for (i = 0; i < STEPS && status != NULL; i++) {
		number = (unsigned int)rand_r(&asker->seed) % KEYS;
		key_of(number, key);
		at = tick(world);
		switch (rand_r(&asker->seed) % 4) {
		case 0:
			status_sessions_end(status, key, NULL, &at);
			advance(&world->ended[number], at.boottime);
			advance(&world->shaken[number], at.boottime);
			break;
		case 1:
			status_sessions_doubt(status, key, NULL, &at);
			advance(&world->shaken[number], at.boottime);
			break;
		default:
			put(status, key, &at);
			break;
		}
		look(world, status, number);
	}
	world->faults += status == NULL;
	status_free(status);
	return NULL;
}

static void *
write_main(void *argument)
{
	struct world *world = argument;
	struct status *status = status_open(world->path, ENDPOINT,
	    world->pending, NULL);
	struct moment now;
	int is_over = 0;

	while (status != NULL && !is_over) {
		is_over = world->is_over;
		now = tick(world);
		while (status_write(status, &now, NULL) == STATUS_WRITE_MORE)
			;
	}
	world->faults += status == NULL;
	status_free(status);
	return NULL;
}

static void
begin(struct world *world)
{
	struct status *status = status_open(world->path, ENDPOINT, NULL, NULL);
	char key[STATUS_KEY_SIZE];
	struct moment at;
	unsigned int i;

	assert_non_null(status);
	for (i = 0; i < KEYS; i++) {
		key_of(i, key);
		at = tick(world);
		put(status, key, &at);
	}
	status_free(status);
	world->pending = status_pending_new();
	assert_non_null(world->pending);
	status_pending_serve(world->pending, no_wake, NULL);
}

/* No row comes back behind the end of its session: not for a thread of the
 * process, whatever had no place, nor from what the writer made of it. */
static void
no_row_comes_back(void **state)
{
	char *directory = scratch_make();
	struct world world = { .clock = 1000 };
	struct asker askers[THREADS];
	pthread_t threads[THREADS], writer;
	struct status *status;
	char path[4096];
	unsigned int i;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/status.db", directory);
	world.path = path;
	begin(&world);
	assert_int_equal(pthread_create(&writer, NULL, write_main, &world), 0);
	for (i = 0; i < THREADS; i++) {
		askers[i].world = &world;
		askers[i].seed = i;
		assert_int_equal(pthread_create(&threads[i], NULL, ask,
		    &askers[i]), 0);
	}
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	world.is_over = 1;
	assert_int_equal(pthread_join(writer, NULL), 0);
	assert_int_equal(status_pending_count(world.pending), 0);
	status = status_open(world.path, ENDPOINT, world.pending, NULL);
	assert_non_null(status);
	for (i = 0; i < KEYS; i++)
		look(&world, status, i);
	assert_int_equal(world.faults, 0);
	status_free(status);
	status_pending_free(world.pending);
	scratch_remove(directory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_row_comes_back)
	};

	return cmocka_run_group_tests_name("status_threads", tests, NULL,
	    NULL);
}
