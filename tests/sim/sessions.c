#include "live.h"

#include <string.h>

#define LIFETIME 31449600
#define IDLE 2592000

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int
is_grant(const json_t *session)
{
	const char *kind = sim_string(session, "kind");

	return kind == NULL || strcmp(kind, "idp") != 0;
}

/* When lifetime or idle time ends it, if nobody comes. */
static int64_t
end_of(const json_t *session)
{
	int64_t idle = sim_integer(session, "idle", 0);
	int64_t end = sim_integer(session, "created_at", 0) +
	    sim_integer(session, "lifetime", 0);

	if (idle > 0)
		end = least(end,
		    sim_integer(session, "last_access", 0) + idle);
	return end;
}

static json_t *
new_session(struct sim_live *live, const char *id, int grant, int64_t now)
{
	json_t *session;

	session = json_pack("{s:s, s:s, s:I, s:I, s:I, s:i, s:i, s:[]}",
	    "id", id, "kind", grant ? "grant" : "idp",
	    "created_at", (json_int_t)now, "last_access", (json_int_t)now,
	    "authenticated_at", (json_int_t)now,
	    "lifetime", LIFETIME, "idle", IDLE, "amr");
	if (session != NULL)
		json_object_set_new(live->sessions, id, session);
	return session;
}

static void
give_user(struct sim_live *live, json_t *session, int64_t now)
{
	const char *id = sim_string(session, "user_id");
	const char *why;
	char made[37];
	json_t *body;

	if (id == NULL) {
		sim_uuid(made);
		json_object_set_new(session, "user_id",
		    json_string(id = made));
	}
	if (sim_user_get(live, id) != NULL)
		return;
	body = json_pack("{s:s}", "id", id);
	json_decref(sim_user_change(live, body, now, &why));
	json_decref(body);
}

static const char *
wrong_sso(struct sim_live *live, const char *sso)
{
	const json_t *session;

	if (sso == NULL)
		return NULL;
	session = json_object_get(live->sessions, sso);
	if (session == NULL || is_grant(session))
		return "sso must be the id of a session of kind idp";
	return NULL;
}

static const char *
wrong_member(const json_t *body, const json_t *session)
{
	static const char *const texts[] = { "kind", "user_id", "client_id",
	    "scope", "sso", "secret", "cookie", "refresh_token" };
	static const char *const numbers[] = { "created_at", "last_access",
	    "authenticated_at", "lifetime", "idle" };
	const char *kind = sim_string(body, "kind");
	const json_t *value;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		value = json_object_get(body, texts[i]);
		if (value != NULL && !json_is_string(value))
			return "a member of the session must be text";
	}
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		value = json_object_get(body, numbers[i]);
		if (value != NULL && !json_is_integer(value))
			return "a time of the session must be a number";
	}
	if (kind != NULL && strcmp(kind, "idp") != 0 &&
	    strcmp(kind, "grant") != 0)
		return "kind must be idp or grant";
	if (kind != NULL && session != NULL &&
	    is_grant(session) != (kind[0] == 'g'))
		return "the session is of the other kind";
	if (sim_string(body, "sso") != NULL &&
	    !(session != NULL ? is_grant(session) :
	    kind == NULL || kind[0] == 'g'))
		return "only a grant has sso";
	return NULL;
}

static void
take_secret(json_t *session, const char *text)
{
	char hash[65];

	if (text == NULL)
		return;
	sim_hash(text, hash);
	json_object_set_new(session, "secret", json_string(hash));
}

json_t *
sim_session_change(struct sim_live *live, const json_t *body, int64_t now,
    const char **why)
{
	static const char *const members[] = { "user_id", "client_id",
	    "scope", "sso", "created_at", "last_access", "authenticated_at",
	    "lifetime", "idle", "amr", NULL };
	const char *id = sim_string(body, "id");
	const char *kind = sim_string(body, "kind");
	json_t *session = NULL;
	char made[37];

	if (id != NULL)
		session = json_object_get(live->sessions, id);
	if ((*why = wrong_member(body, session)) != NULL ||
	    (*why = wrong_sso(live, sim_string(body, "sso"))) != NULL)
		return NULL;
	if (id == NULL) {
		sim_uuid(made);
		id = made;
	}
	if (session == NULL)
		session = new_session(live, id, kind == NULL ||
		    kind[0] == 'g', now);
	if (session == NULL) {
		*why = "the id is no text";
		return NULL;
	}
	sim_take_members(session, body, members);
	take_secret(session, sim_string(body, "cookie"));
	take_secret(session, sim_string(body, "refresh_token"));
	give_user(live, session, now);
	json_object_set_new(session, "stored_until",
	    json_integer(end_of(session)));
	return session;
}

json_t *
sim_session_get(struct sim_live *live, const char *id, int64_t now)
{
	json_t *session;
	const char *sso;

	if (id == NULL)
		return NULL;
	if ((session = json_object_get(live->sessions, id)) == NULL)
		return NULL;
	if (now >= end_of(session) ||
	    now >= sim_integer(session, "stored_until", 0))
		return NULL;
	sso = sim_string(session, "sso");
	if (sso != NULL && sim_session_get(live, sso, now) == NULL)
		return NULL;
	return session;
}

void
sim_session_touch(struct sim_live *live, json_t *session, int64_t now)
{
	int64_t before = end_of(session);
	const char *sso = sim_string(session, "sso");

	json_object_set_new(session, "last_access", json_integer(now));
	/* Authgear writes a grant back with the end it had before */
	json_object_set_new(session, "stored_until",
	    json_integer(is_grant(session) ? before : end_of(session)));
	if (sso != NULL && (session = sim_session_get(live, sso, now)) != NULL)
		sim_session_touch(live, session, now);
}

void
sim_session_end(struct sim_live *live, const char *id)
{
	json_t *session = json_object_get(live->sessions, id);
	const char *sso = sim_string(session, "sso");
	const char *key, *other;
	json_t *group;
	void *next;

	if (session == NULL)
		return;
	group = json_string(sso != NULL ? sso : id);
	json_object_foreach_safe(live->sessions, next, key, session) {
		other = sim_string(session, "sso");
		if (other != NULL &&
		    strcmp(other, json_string_value(group)) == 0)
			json_object_del(live->sessions, key);
	}
	json_object_del(live->sessions, json_string_value(group));
	json_decref(group);
}

void
sim_sessions_end_of(struct sim_live *live, const char *user_id)
{
	const char *key, *owner;
	json_t *session;
	void *next;

	json_object_foreach_safe(live->sessions, next, key, session) {
		owner = sim_string(session, "user_id");
		if (owner != NULL && strcmp(owner, user_id) == 0)
			json_object_del(live->sessions, key);
	}
}
