#include "status_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scratch.h"

struct status *
status_world_open(struct status_world *place)
{
	struct status *status;

	error_clear(&place->error);
	status = status_open(place->path, STATUS_WORLD_ENDPOINT, NULL,
	    &place->error);
	if (status == NULL)
		fail_msg("%s", error_text(&place->error));
	return status;
}

static int
setup(void **state, int is_wide)
{
	struct status_world *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	place->directory = scratch_make();
	place->path = strdup(scratch_path(place->directory, "status.db"));
	assert_non_null(place->path);
	if (is_wide)
		scratch_wide(place->path);
	place->status = status_world_open(place);
	assert_string_equal(error_text(&place->error), "no error");
	*state = place;
	return 0;
}

int
status_world_setup(void **state)
{
	return setup(state, 0);
}

int
status_world_setup_wide(void **state)
{
	return setup(state, 1);
}

int
status_world_teardown(void **state)
{
	struct status_world *place = *state;

	status_free(place->status);
	scratch_remove(place->directory);
	free(place->path);
	free(place);
	return 0;
}

struct moment
status_world_at(int64_t boottime)
{
	const struct moment now = { 1800000000, boottime, STATUS_WORLD_BOOT };

	return now;
}

struct status_keys
status_world_keys(const char *boot_id, int64_t started, const char *jwks)
{
	struct status_keys keys = { 0 };

	keys.jwks_uri = strdup(STATUS_WORLD_ENDPOINT "/oauth2/jwks");
	keys.jwks = strdup(jwks);
	assert_non_null(keys.jwks_uri);
	assert_non_null(keys.jwks);
	keys.jwks_len = strlen(jwks);
	keys.started.wall = 1700000000;
	keys.started.boottime = started;
	strcpy(keys.started.boot_id, boot_id);
	return keys;
}

void
status_world_store_keys(struct status *status, const char *boot_id,
    int64_t started, const char *jwks)
{
	struct status_keys keys = status_world_keys(boot_id, started, jwks);
	struct error error = { "" };

	assert_int_equal(status_store_keys(status, &keys, &keys.started,
	    &error), 0);
	assert_string_equal(error_text(&error), "no error");
	status_keys_clear(&keys);
}

void
status_world_expect_keys(struct status *status, const char *jwks)
{
	struct status_keys keys;
	struct error error = { "" };

	assert_int_equal(status_load_keys(status, &keys, &error),
	    jwks == NULL ? 0 : 1);
	if (jwks == NULL)
		assert_null(keys.jwks);
	else
		assert_string_equal(keys.jwks, jwks);
	status_keys_clear(&keys);
}

void
status_world_make(struct status_session *session, const char *user,
    int64_t boottime)
{
	struct facts *facts = &session->facts;

	status_session_init(session);
	session->is_live = 1;
	session->started.boottime = boottime;
	strcpy(session->started.boot_id, STATUS_WORLD_BOOT);
	facts->user_id = strdup(user);
	assert_non_null(facts->user_id);
}

void
status_world_store(struct status *status, const char *key, const char *user,
    int64_t boottime)
{
	struct status_session session;

	status_world_make(&session, user, boottime);
	status_sessions_store(status, key, &session, &session.started);
	status_session_clear(&session);
}

void
status_world_end(struct status *status, const char *key, int64_t boottime)
{
	const struct moment now = status_world_at(boottime);

	status_sessions_end(status, key, NULL, &now);
}

void
status_world_doubt(struct status *status, const char *key, int64_t boottime)
{
	const struct moment now = status_world_at(boottime);

	status_sessions_doubt(status, key, NULL, &now);
}

const char *
status_world_user_of(struct status *status, const char *key)
{
	static char name[64];
	struct status_session session;
	const int found = status_sessions_load(status, key, &session, NULL);

	assert_int_not_equal(found, -1);
	(void)snprintf(name, sizeof(name), "%s", found == 0 ? "" :
	    !session.is_live ? "-" : session.doubted_at != 0 ? "?" :
	    session.facts.user_id);
	status_session_clear(&session);
	return name;
}
