#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gate/keys.h"
#include "gate/keys_asked.h"
#include "state/status_lease.h"

#define LEASE_NAME "keys"

/* A key that is known need not be looked up anew in status.db for every
 * request: what another process fetched meanwhile shows this much later, what
 * another thread of this one fetched at once. */
#define LOOK_MS 100

struct keys {
	const struct settings *settings;
	struct status *status;
	struct status_keys stored;	/* as loaded last */
	struct jwks *jwks;		/* of stored; NULL: no set */
	int is_loaded;
	int64_t looked_at;		/* boottime, milliseconds */
	uint64_t number;		/* of what this process stored, then */
	int64_t earliest;		/* start of the fetch, by any look */
	int64_t asked_at;		/* Unix seconds; 0: nobody asked */
	struct keys_told *told;		/* borrowed; NULL: nobody */
	_Atomic int64_t own_fault;
	_Atomic int64_t *fault_at;	/* begin of the last fetch of the
					   process, if it failed here; 0 */
};

struct keys *
keys_new(const struct settings *settings, struct status *status)
{
	struct keys *keys = calloc(1, sizeof(*keys));

	if (keys == NULL)
		return NULL;
	keys->settings = settings;
	keys->status = status;
	keys->fault_at = &keys->own_fault;
	return keys;
}

void
keys_share(struct keys *keys, _Atomic int64_t *fault_at)
{
	keys->fault_at = fault_at;
}

void
keys_tell(struct keys *keys, struct keys_told *told)
{
	keys->told = told;
}

static void
forget(struct keys *keys)
{
	status_keys_clear(&keys->stored);
	memset(&keys->stored, 0, sizeof(keys->stored));
	jwks_free(keys->jwks);
	keys->jwks = NULL;
	keys->is_loaded = 0;
}

void
keys_free(struct keys *keys)
{
	if (keys == NULL)
		return;
	forget(keys);
	free(keys);
}

static int
same_text(const struct status_keys *a, const struct status_keys *b)
{
	return a->jwks != NULL && b->jwks != NULL &&
	    a->jwks_len == b->jwks_len &&
	    memcmp(a->jwks, b->jwks, a->jwks_len) == 0;
}

/* See what other processes stored.  Leases change the file too: a set is
 * parsed again only if its text is another one. */
static int
load_once(struct keys *keys, struct error *error)
{
	struct status_keys stored;
	int changed = status_changed(keys->status, error);
	int found;

	if (changed == 0 && keys->is_loaded)
		return 0;
	keys->is_loaded = 0;
	if (changed == -1)
		return -1;
	memset(&stored, 0, sizeof(stored));
	found = status_load_keys(keys->status, &stored, error);
	if (found == -1)
		return -1;
	if (found == 0) {
		forget(keys);
		keys->is_loaded = 1;
		return 0;
	}
	if (keys->jwks == NULL || !same_text(&keys->stored, &stored)) {
		jwks_free(keys->jwks);
		keys->jwks = jwks_parse(stored.jwks, stored.jwks_len, NULL);
		keys_told_say(keys->told, keys->jwks);
	}
	/* also looked at for a lease: of the same fetch nothing is forgotten */
	if (keys->stored.started.wall != stored.started.wall ||
	    keys->stored.started.boottime != stored.started.boottime)
		keys->earliest = stored.started.wall;
	status_keys_clear(&keys->stored);
	keys->stored = stored;
	/* only stored if it parses: memory ran out, so look again next time */
	keys->is_loaded = keys->jwks != NULL;
	return 0;
}

/* A file that is taken away while it is read is another one at the second
 * time. */
static int
load(struct keys *keys, struct error *error)
{
	return load_once(keys, NULL) == 0 ? 0 : load_once(keys, error);
}

/* Boottime until which the set may serve; before now: it may not. */
static int64_t
serves_until(const struct keys *keys, const struct moment *now)
{
	const int64_t most = keys->settings->keys_max_stale;
	int64_t age = moment_age(&keys->stored.started, now);

	if (keys->jwks == NULL || jwks_count(keys->jwks) == 0)
		return -1;
	if (age >= 0)
		return now->boottime + most * 1000 - age;
	age = now->wall - keys->stored.started.wall;
	return age >= 0 && age <= most ? now->boottime +
	    (most - age) * 1000 : KEYS_GRACE_MS;
}

/* Boottime at which the set is to be fetched again; 0: at once. */
static int64_t
due_at(const struct keys *keys, const struct moment *now)
{
	const struct moment *started = &keys->stored.started;
	const struct keys_asked asked = { started, started->boottime +
	    (int64_t)keys->settings->keys_ttl * 1000, keys->asked_at };

	return keys->jwks == NULL || jwks_count(keys->jwks) == 0 ||
	    moment_age(started, now) < 0 ? 0 : keys_asked_due(&asked, now);
}

/*
 * The second in which the last fetch began.  By the time passed since it is
 * early by one now and then; by more, the clock was set, and the earliest that
 * was seen counts, so that no answer changes from look to look.
 */
static int64_t
started_at(struct keys *keys, int64_t age, const struct moment *now)
{
	const int64_t start = keys->stored.started.wall;
	const int64_t by_age = now->wall - (age + 999) / 1000;

	if (by_age < keys->earliest)
		keys->earliest = by_age;
	return keys->earliest < start - 1 ? keys->earliest : start;
}

static int
is_denied(struct keys *keys, int64_t issued_at, const struct moment *now)
{
	const int64_t age = moment_age(&keys->stored.started, now);
	int64_t start = keys->stored.started.wall;

	if (age < 0 && start > now->wall)
		return 0;
	if (age >= 0)
		start = started_at(keys, age, now);
	return issued_at + keys->settings->leeway < start;
}

/* What is due serves on in an outage, of which nothing is known; or for as long
 * as a fetch may take, so that one that fails here, and the next one does not,
 * puts nobody out. */
static int
is_faulty(const struct keys *keys, const struct moment *now)
{
	const int64_t fault = atomic_load(keys->fault_at);
	const int64_t due = due_at(keys, now);

	return fault != 0 && due <= fault &&
	    due + keys_refresh_msecs(keys->settings) <= now->boottime;
}

/* What is known without asking: KNOWN, DENIED, UNSETTLED, UNUSABLE, FAULT or
 * STALE. */
static enum keys_outcome
look(struct keys *keys, const struct keys_wish *wish,
    const struct moment *now, struct keys_found *found)
{
	found->key = NULL;
	found->serves_until = serves_until(keys, now);
	if (found->serves_until < now->boottime)
		return KEYS_STALE;
	found->key = jwks_find(keys->jwks, wish->kid);
	if (found->key != NULL && is_faulty(keys, now)) {
		found->key = NULL;
		return KEYS_FAULT;
	}
	if (found->key != NULL)
		return KEYS_KNOWN;
	if (jwks_find_flaw(keys->jwks, wish->kid) != NULL)
		return KEYS_UNUSABLE;
	return is_denied(keys, wish->issued_at, now) ? KEYS_DENIED :
	    KEYS_UNSETTLED;
}

static int
is_fresh(const struct keys *keys, const struct moment *now)
{
	return keys->is_loaded &&
	    keys->number == status_number_of_keys(keys->status) &&
	    now->boottime >= keys->looked_at &&
	    now->boottime - keys->looked_at < LOOK_MS;
}

/* The file cannot be read: what was read of it serves until it is due. */
static enum keys_outcome
do_without(struct keys *keys, const struct keys_wish *wish,
    const struct moment *now, struct keys_found *found)
{
	if (now->boottime < due_at(keys, now) &&
	    look(keys, wish, now, found) == KEYS_KNOWN)
		return KEYS_KNOWN;
	found->key = NULL;
	return KEYS_UNREADABLE;
}

static enum status_lease
take_lease(struct keys *keys, const struct moment *now, int64_t running,
    int64_t *until_out, struct error *error)
{
	const struct status_lease_wish wish = { LEASE_NAME, running,
	    (int64_t)keys->settings->keys_cooldown * 1000 };

	return status_lease_take(keys->status, &wish, now, until_out, error);
}

int64_t
keys_refresh_msecs(const struct settings *settings)
{
	return 1000 * (int64_t)(settings->keys_cooldown <
	    settings->total_timeout ? settings->total_timeout :
	    settings->keys_cooldown);
}

enum keys_outcome
keys_find(struct keys *keys, const struct keys_wish *wish,
    const struct moment *now, struct keys_found *found, struct error *error)
{
	enum keys_outcome outcome;
	enum status_lease lease;

	found->until = now->boottime;
	if (is_fresh(keys, now) &&
	    look(keys, wish, now, found) == KEYS_KNOWN)
		return KEYS_KNOWN;
	keys->number = status_number_of_keys(keys->status);
	if (load(keys, error) == -1)
		return do_without(keys, wish, now, found);
	keys->looked_at = now->boottime;
	outcome = look(keys, wish, now, found);
	if (outcome == KEYS_KNOWN || outcome == KEYS_DENIED ||
	    outcome == KEYS_FAULT || !wish->may_fetch)
		return outcome;

	lease = take_lease(keys, now,
	    (int64_t)keys->settings->total_timeout * 1000, &found->until,
	    error);
	if (lease == STATUS_LEASE_FAILED)
		return KEYS_UNREADABLE;
	if (lease == STATUS_LEASE_TAKEN)
		return KEYS_FETCH;
	if (lease == STATUS_LEASE_ASKED)
		return KEYS_ASKED;
	/* the fetch of another may have ended since load() */
	if (load(keys, error) == -1)
		return KEYS_UNREADABLE;
	outcome = look(keys, wish, now, found);
	if (outcome == KEYS_KNOWN || outcome == KEYS_DENIED)
		return outcome;
	return lease == STATUS_LEASE_RUNNING ? KEYS_WAIT : outcome;
}

void
keys_ask(struct keys *keys, int64_t asked_at)
{
	keys->asked_at = asked_at;
}

enum keys_outcome
keys_refresh(struct keys *keys, const struct moment *now, int64_t *until_out,
    struct error *error)
{
	int64_t due;

	*until_out = now->boottime;
	if (load(keys, error) == -1)
		return KEYS_UNREADABLE;
	due = due_at(keys, now);
	if (due > now->boottime) {
		*until_out = due;
		return KEYS_KNOWN;
	}
	switch (take_lease(keys, now, keys_refresh_msecs(keys->settings),
	    until_out, error)) {
	case STATUS_LEASE_TAKEN:
		return KEYS_FETCH;
	case STATUS_LEASE_RUNNING:
		return KEYS_WAIT;
	case STATUS_LEASE_COOLING:
		return KEYS_KNOWN;
	case STATUS_LEASE_ASKED:
		return KEYS_ASKED;
	case STATUS_LEASE_FAILED:
		break;
	}
	return KEYS_UNREADABLE;
}

int
keys_are_held(struct keys *keys, const struct moment *now)
{
	return status_lease_waits(keys->status, LEASE_NAME, now);
}

int
keys_fetched(struct keys *keys, const struct status_keys *fetched,
    const struct moment *now, struct error *error)
{
	int ret = 0;

	if (fetched != NULL && now->boottime - fetched->started.boottime >
	    MOMENT_AHEAD_MS) {
		error_set(error, "the key set came too late");
		ret = -1;
	} else if (fetched != NULL) {
		ret = status_store_keys(keys->status, fetched, now, error);
		keys->is_loaded = 0;
		/* what is wrong with it is told now, not when it is used */
		(void)load(keys, NULL);
	}
	atomic_store(keys->fault_at, 0);
	status_lease_end(keys->status, LEASE_NAME, now);
	return ret;
}

void
keys_not_fetched(struct keys *keys, const struct moment *started,
    const struct moment *now)
{
	atomic_store(keys->fault_at, started->boottime);
	status_lease_give(keys->status, LEASE_NAME, now);
}

const char *
keys_authorization_endpoint(struct keys *keys)
{
	if (load(keys, NULL) == -1)
		return NULL;
	return keys->stored.authorization_endpoint;
}

int
keys_explain(const struct keys *keys, const char *kid, struct error *error)
{
	const struct key_flaw *flaw;

	if (keys->jwks == NULL)
		return 0;
	if (jwks_count(keys->jwks) == 0) {
		error_set(error, "Authgear's key set names no usable key");
		return 1;
	}
	flaw = kid == NULL ? NULL : jwks_find_flaw(keys->jwks, kid);
	/* one of another kind did not sign what the other one should have */
	if (flaw == NULL ||
	    (!flaw->is_rsa && jwks_find(keys->jwks, kid) != NULL))
		return 0;
	error_set(error, "key %s is left out: %s", kid, flaw->cause);
	return 1;
}
