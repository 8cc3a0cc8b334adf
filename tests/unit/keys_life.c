#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "keys_life.h"
#include "scratch.h"

struct keys_life *
life_setup(void)
{
	static char endpoint[] = MINT_ISSUER;
	struct keys_life *fixture = calloc(1, sizeof(*fixture));
	struct mint_key *key = mint_key_new(MINT_FIRST);

	assert_non_null(fixture);
	fixture->directory = scratch_make();
	fixture->settings.endpoint = endpoint;
	fixture->settings.keys_ttl = 3600;
	fixture->settings.keys_cooldown = 10;
	fixture->settings.keys_max_stale = 86400;
	fixture->settings.leeway = LEEWAY;
	fixture->settings.total_timeout = 2;
	fixture->status = status_open(scratch_path(fixture->directory,
	    "status.db"), endpoint, NULL, NULL);
	assert_non_null(fixture->status);
	fixture->keys = keys_new(&fixture->settings, fixture->status);
	assert_non_null(fixture->keys);
	fixture->now.wall = WALL;
	fixture->now.boottime = BOOT;
	strcpy(fixture->now.boot_id, THIS_BOOT);
	fixture->set = mint_set_of(key, "first");
	mint_key_free(key);
	return fixture;
}

void
life_teardown(struct keys_life *fixture)
{
	keys_free(fixture->keys);
	status_free(fixture->status);
	scratch_remove(fixture->directory);
	free(fixture->set);
	free(fixture);
}

void
life_pass(struct keys_life *fixture, int64_t seconds)
{
	fixture->now.wall += seconds;
	fixture->now.boottime += seconds * 1000;
}

void
life_pass_ms(struct keys_life *fixture, int64_t milliseconds)
{
	fixture->now.boottime += milliseconds;
}

void
life_store(struct status *status, const char *text,
    const struct moment *start)
{
	char uri[] = MINT_ISSUER "/jwks";
	char *copy = strdup(text);
	struct status_keys keys = { .jwks_uri = uri, .jwks = copy,
	    .jwks_len = strlen(text), .started = *start };

	assert_int_equal(status_store_keys(status, &keys, start, NULL), 0);
	free(copy);
}

/* The fetch that was allowed at `start` ends now, with the fixture's set. */
void
life_fetched(struct keys_life *fixture, const struct moment *start)
{
	char uri[] = MINT_ISSUER "/jwks";
	struct status_keys keys = { .jwks_uri = uri, .jwks = fixture->set,
	    .jwks_len = strlen(fixture->set), .started = *start };

	assert_int_equal(keys_fetched(fixture->keys, &keys, &fixture->now,
	    NULL), 0);
}

enum keys_outcome
life_find(struct keys_life *fixture, const char *kid, int64_t issued_at,
    int may_fetch)
{
	const struct keys_wish wish = { kid, issued_at, may_fetch };
	struct keys_found found;
	enum keys_outcome outcome = keys_find(fixture->keys, &wish,
	    &fixture->now, &found, NULL);

	fixture->until = found.until;
	if (outcome == KEYS_KNOWN)
		assert_string_equal(key_id(found.key), kid);
	else
		assert_null(found.key);
	return outcome;
}

/* A set of these texts is fetched now. */
void
life_fetch(struct keys_life *f, char *set)
{
	char uri[] = MINT_ISSUER "/jwks";
	struct status_keys keys = { .jwks_uri = uri, .jwks = set,
	    .jwks_len = strlen(set), .started = f->now };

	assert_int_equal(keys_fetched(f->keys, &keys, &f->now, NULL), 0);
	free(set);
}

void
life_restart(struct keys_life *f)
{
	keys_free(f->keys);
	status_free(f->status);
	f->status = status_open(scratch_path(f->directory, "status.db"),
	    MINT_ISSUER, NULL, NULL);
	assert_non_null(f->status);
	f->keys = keys_new(&f->settings, f->status);
	assert_non_null(f->keys);
}
