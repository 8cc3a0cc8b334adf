#include <execinfo.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failing_places.h"

#define PLACES 8192		/* of one thing that is done */
#define WAYS 262144		/* of the whole program */
#define DEPTH 96
#define NEAR 3			/* of our calls, which lead into the library */

/* of the linker: where this program begins, and where its code ends */
extern const char __executable_start[], etext[];

struct place {
	uint64_t caller;	/* of the library, in our code; 0: our own */
	uint64_t way;
};

static struct {
	struct place places[PLACES];
	uint64_t callers[PLACES * 2]; /* a table of hashes, and how often */
	unsigned int times[PLACES * 2];
	uint64_t ways[WAYS];
	size_t count, way_count;
	unsigned int salt;
} known;

static uint64_t
mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15U;
	return hash ^ hash >> 29;
}

static void
must(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "failing_places: more %s than it has room for\n",
	    what);
	abort();
}

/* Its place in a table: there, or empty. */
static size_t
find(const uint64_t *table, size_t size, uint64_t hash)
{
	size_t at = (size_t)(hash % size);

	while (table[at] != 0 && table[at] != hash)
		at = (at + 1) % size;
	return at;
}

void
failing_places_begin(unsigned int salt)
{
	known.count = 0;
	known.salt = salt;
	memset(known.callers, 0, sizeof(known.callers));
	memset(known.times, 0, sizeof(known.times));
}

void
failing_places_note(int is_own)
{
	void *frames[DEPTH];
	const int count = backtrace(frames, DEPTH);
	struct place *place = &known.places[known.count];
	uint64_t caller = 1, way = 1 + known.salt;
	int i, is_inside = 0, ours = 0;

	must(known.count++ < PLACES, "allocations");
	/* the first are of the allocator that fails, then comes a library */
	for (i = 0; i < count; i++) {
		const uintptr_t at = (uintptr_t)frames[i];
		const int is_ours = at >= (uintptr_t)__executable_start &&
		    at < (uintptr_t)etext;

		is_inside |= !is_ours;
		if (is_ours && is_inside) {
			caller = mix(caller, at);
			ours++;
		}
		if (ours <= NEAR)
			way = mix(way, at);
	}
	place->caller = is_own ? 0 : caller;
	place->way = way;
}

/* One more from this caller: is it the 1st, 2nd, 4th...? */
static int
is_due(uint64_t caller)
{
	const size_t at = find(known.callers, PLACES * 2, caller);
	unsigned int times;

	known.callers[at] = caller;
	times = ++known.times[at];
	return (times & (times - 1)) == 0;
}

static int
is_new(uint64_t way)
{
	const size_t at = find(known.ways, WAYS, way);

	if (known.ways[at] == way)
		return 0;
	must(known.way_count++ < WAYS / 2, "ways");
	known.ways[at] = way;
	return 1;
}

int
failing_places_is_worth(size_t nth)
{
	const char *all = getenv("AUTHGEAR_TEST_ALLOCATIONS");
	const struct place *place;
	int due, new;

	/* on another course there were more than were noted */
	if (nth == 0 || nth > known.count)
		return 1;
	if (all != NULL && strcmp(all, "all") == 0)
		return 1;
	place = &known.places[nth - 1];
	if (place->caller == 0)
		return 1;
	due = is_due(place->caller);
	new = is_new(place->way);
	return due || new;
}
