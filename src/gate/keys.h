#ifndef KEYS_H_
#define KEYS_H_

#include <stdatomic.h>

#include "facts/jwks.h"
#include "gate/keys_told.h"
#include "ground/error.h"
#include "ground/moment.h"
#include "settings/settings.h"
#include "state/status.h"
#include "state/status_keys.h"

/*
 * The life of the key set: when it serves, when it is due, what an unknown
 * kid means (DESIGN.md, "Keys").  The set itself is in status.db, shared by the
 * processes of a uid.  Threads: one at a time.
 */

struct keys;

/* How long a set of another boot whose wall age cannot be right (or is over
 * keys_max_stale) may serve: milliseconds of boottime. */
#define KEYS_GRACE_MS 300000

/* Borrows settings and status, which must outlive it.  NULL: memory. */
struct keys *keys_new(const struct settings *settings, struct status *status);
void keys_free(struct keys *keys);

/* Who is told which keys cannot serve (keys_told.h); NULL: nobody. */
void keys_tell(struct keys *keys, struct keys_told *told);

/* Where all keys of a process note that they could not fetch, 0 at first;
 * borrowed. */
void keys_share(struct keys *keys, _Atomic int64_t *fault_at);

enum keys_outcome {
	KEYS_UNREADABLE = 0,	/* status.db: state-unreadable; known keys
				   serve all the same until they are due */
	KEYS_KNOWN,		/* found->key */
	KEYS_DENIED,		/* unknown-key: older than the last fetch */
	KEYS_UNSETTLED,		/* unknown, and may not ask yet */
	KEYS_UNUSABLE,		/* published, but it cannot serve */
	KEYS_STALE,		/* no set, one of which no key can serve, or
				   over keys_max_stale */
	KEYS_FAULT,		/* known, but due, and this process could not
				   fetch for a fault of its own */
	KEYS_FETCH,		/* must fetch first: the lease is ours */
	KEYS_WAIT,		/* somebody else is fetching */
	KEYS_ASKED		/* the lease waits to be written */
};

/* A token asks for its key. */
struct keys_wish {
	const char *kid;
	int64_t issued_at;	/* of the token */
	int may_fetch;		/* 0: never FETCH, WAIT or ASKED */
};

struct keys_found {
	const struct key *key;	/* with KNOWN, else NULL; borrowed until keys
				   are looked for again */
	int64_t until;		/* boottime: when asking again makes sense, for
				   WAIT and ASKED, and for UNSETTLED, UNUSABLE
				   and STALE with may_fetch; else now */
	int64_t serves_until;	/* boottime, with KNOWN: no set fetched until
				   then, the key serves no more
				   (keys_max_stale) */
};

/*
 * status.db's data_version is looked at first, for a kid that is known every
 * 100 ms only.
 * A due set (keys_ttl, another boot) is fetched for an unknown kid or by
 * keys_refresh(), never while a known kid is asked for: the request does not
 * wait for it.  FETCH happens for: no set or one that may no longer serve; a
 * kid that cannot serve (it may be mended); an unknown kid that is not denied.
 *
 * A kid is denied if issued_at + leeway is before the second in which the
 * last complete fetch began: by the wall clock of then or by today's less the
 * time passed since, whichever is earlier, so that a clock that was set
 * denies nothing that a fetch might still find.  One token at one set is either
 * always denied or never.
 */
enum keys_outcome keys_find(struct keys *keys, const struct keys_wish *wish,
    const struct moment *now, struct keys_found *found, struct error *error);

/* An administrator's word: a set that was fetched until then (Unix seconds) is
 * due. */
void keys_ask(struct keys *keys, int64_t asked_at);

/*
 * How long a fetch of keys_refresh() may take, in milliseconds: nobody waits
 * for it, so it has all of keys_cooldown (at least total_timeout), and an
 * Authgear that is slow for a decision still refreshes the keys.
 */
int64_t keys_refresh_msecs(const struct settings *settings);

/* For the timer: KEYS_FETCH if the set is due and the lease is ours, else
 * KEYS_KNOWN (nothing to do until *until_out), KEYS_WAIT, KEYS_ASKED or
 * KEYS_UNREADABLE. */
enum keys_outcome keys_refresh(struct keys *keys, const struct moment *now,
    int64_t *until_out, struct error *error);

/* 1 if a fetch of the keys waits for its lease alone, which status.db does
 * not take. */
int keys_are_held(struct keys *keys, const struct moment *now);

/*
 * The fetch that KEYS_FETCH allowed is over (it may take total_timeout, then
 * the lease ends by itself).  `fetched` NULL: it failed.  The text must
 * already be known to parse (jwks_parse).  One begun over a minute ago (a
 * process that was stopped) is not stored: it could bring back a key that was
 * withdrawn since.  0 or -1 and error.
 */
int keys_fetched(struct keys *keys, const struct status_keys *fetched,
    const struct moment *now, struct error *error);

/*
 * It is over, begun at `started`, by a fault of this process, which says
 * nothing of Authgear: no outage.  Anybody may fetch at once, and in this
 * process keys that were due then serve for keys_refresh_msecs() from when they
 * fell due, and no more until a fetch ends otherwise, well or not, or another
 * process stored a set.
 */
void keys_not_fetched(struct keys *keys, const struct moment *started,
    const struct moment *now);

/* 1 and why a kid cannot serve, or (NULL) why none can; 0 if the set says
 * nothing of that.  Another key of the kid may serve all the same. */
int keys_explain(const struct keys *keys, const char *kid,
    struct error *error);

/* Of the metadata that came with the set; NULL if none is stored or it tells
 * none.  Borrowed until keys are looked for again. */
const char *keys_authorization_endpoint(struct keys *keys);

#endif /* !KEYS_H_ */
