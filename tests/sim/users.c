#include "live.h"

#include <string.h>

/* Authgear shows cached facts for so long after an unannounced change. */
#define STALE_SECONDS 300

static const char *const members[] = {
	"roles", "anonymous", "verified", "can_reauthenticate", "disabled",
	"anonymized", "valid_from", "valid_until", "disabled_from",
	"disabled_until", "password", NULL
};

static json_t *
new_user(struct sim_live *live, const char *id)
{
	json_t *user;

	user = json_pack("{s:s, s:[], s:b, s:b, s:b, s:b, s:b}", "id", id,
	    "roles", "anonymous", 0, "verified", 1, "can_reauthenticate", 1,
	    "disabled", 0, "anonymized", 0);
	if (user != NULL)
		json_object_set_new(live->users, id, user);
	return user;
}

static void
keep_stale(json_t *user, int64_t now)
{
	json_t *stale = json_deep_copy(user);

	json_object_set_new(stale, "until", json_integer(now +
	    STALE_SECONDS));
	json_object_del(stale, "stale");
	json_object_set_new(user, "stale", stale);
}

static const char *
wrong_member(const json_t *body)
{
	const json_t *role, *roles = json_object_get(body, "roles");
	size_t i;

	for (i = 0; members[i] != NULL; i++) {
		const json_t *value = json_object_get(body, members[i]);

		if (value == NULL || i == 0)
			continue;
		if (strcmp(members[i], "password") == 0 &&
		    json_is_string(value))
			continue;
		if (i < 6 ? !json_is_boolean(value) :
		    !json_is_integer(value) && !json_is_null(value))
			return "a member of the user is of the wrong type";
	}
	if (roles != NULL && !json_is_array(roles))
		return "roles must be strings";
	json_array_foreach(roles, i, role) {
		if (!json_is_string(role))
			return "roles must be strings";
	}
	return NULL;
}

json_t *
sim_user_change(struct sim_live *live, const json_t *body, int64_t now,
    const char **why)
{
	const char *id = sim_string(body, "id");
	json_t *user = sim_user_get(live, id);
	char made[37];

	if ((*why = wrong_member(body)) != NULL)
		return NULL;
	if (id == NULL) {
		sim_uuid(made);
		id = made;
	}
	if (user == NULL && sim_flag(body, "delete", 0)) {
		*why = "no such user";
		return NULL;
	}
	if (user == NULL && (user = new_user(live, id)) == NULL) {
		*why = "the id is no text";
		return NULL;
	}
	if (sim_flag(body, "stale", 0))
		keep_stale(user, now);
	else
		json_object_del(user, "stale");
	sim_take_members(user, body, members);
	json_incref(user);
	/* the ordinary ways to end an account end its sessions too */
	if (sim_flag(body, "delete", 0) || ((sim_flag(body, "disabled", 0) ||
	    sim_flag(body, "anonymized", 0)) &&
	    !sim_flag(body, "keep_sessions", 0)))
		sim_sessions_end_of(live, id);
	if (sim_flag(body, "delete", 0))
		json_object_del(live->users, id);
	return user;
}

json_t *
sim_user_get(struct sim_live *live, const char *id)
{
	return id != NULL ? json_object_get(live->users, id) : NULL;
}

int
sim_user_good(const json_t *user, int64_t now)
{
	int64_t from = sim_integer(user, "disabled_from", INT64_MAX);
	int64_t until = sim_integer(user, "disabled_until", INT64_MAX);

	if (user == NULL || sim_flag(user, "anonymized", 0) ||
	    sim_flag(user, "disabled", 0))
		return 0;
	if (now < sim_integer(user, "valid_from", INT64_MIN) ||
	    now >= sim_integer(user, "valid_until", INT64_MAX))
		return 0;
	return now < from || now >= until;
}

const json_t *
sim_user_facts(const json_t *user, int64_t now)
{
	const json_t *stale = json_object_get(user, "stale");

	return now < sim_integer(stale, "until", INT64_MIN) ? stale : user;
}
