#ifndef GATE_PRIVATE_H_
#define GATE_PRIVATE_H_

#include "facts/jwt.h"
#include "facts/metadata.h"
#include "gate/gate.h"
#include "gate/keys.h"
#include "gate/logins.h"
#include "gate/lookups.h"
#include "gate/recent.h"
#include "state/status.h"
#include "state/status_backoff.h"
#include "state/status_pending.h"
#include "state/status_sessions.h"
#include "state/trust.h"
#include "state/trust_shared.h"

/*
 * What the files of the gate share: types alone.  gate.c runs the stages; a
 * stage answers which one is next and never calls another.  A part of the task
 * is written by its own files, which are named with it, and read by all.
 */

/* What of the resolver's failures was told to the operator. */
enum gate_failing {
	GATE_FAILING_NOT = 0,
	GATE_FAILING_ONE,	/* of one session, which alone waits */
	GATE_FAILING_ALL
};

struct gate_shared {
	struct shares *shares;
	struct lookups *lookups;
	struct recent *recent;
	struct logins *logins;
	struct trust_shared *trust;
	struct status_pending *pending;
	struct keys_told *keys_told;
	_Atomic int failing;	/* enum gate_failing */
	_Atomic int64_t keys_fault; /* keys_share() */
	int opens_late;		/* status.db, where something asks for it */
	int is_held_up;		/* by whom it answers, for all that is known:
				   what is not answered tells nothing */
};

struct gate {
	const struct settings *settings;
	struct trust *trust;
	struct status *status;
	struct keys *keys;
	int64_t keys_asked;	/* as trust.db told last that they are due */
	struct gate_shared *shared;
	int owns_shared;
};

enum gate_stage {
	GATE_STAGE_TOKEN = 0,	/* what the credential says of itself */
	GATE_STAGE_KEYS,	/* the key that signed it, the token by it */
	GATE_STAGE_SESSION,	/* its session, by what is known of it here */
	GATE_STAGE_LOOKUP,	/* its session, by what Authgear answers */
	GATE_STAGE_VERDICT,	/* who it is, by policy and revocations */
	GATE_STAGE_DONE,
	GATE_STAGE_EXCHANGE,	/* never task->stage: it is out, and */
	GATE_STAGE_WAIT		/* it is too early; then the same stage again */
};

/* gate_token.c */
struct gate_token {
	struct jwt jwt;		/* points into the credential's text; of what
				   was recalled it is the kid alone */
	enum reason fault;	/* of its signature, where that has no bytes */
	int has_claims;		/* the facts hold them, jwt does not */
	int64_t authenticated_at; /* as the claims tell it */
};

/* gate_keys.c, gate_fetch.c */
struct gate_keys {
	char verified_by[HASH_HEX_SIZE]; /* thumbprint of the key that the
				   signature held with; "": not verified */
	int64_t serve_until;	/* boottime, if verified: the set is over
				   keys_max_stale then */
	struct metadata metadata; /* with a jwks_uri while that is fetched */
	struct moment fetch_started;
	int has_fetched;	/* a fetch of ours ended: not another one */
	enum reason fault;	/* why it failed here; GRANTED: it did not */
};

enum gate_row_seen {
	GATE_ROW_UNSEEN = 0,
	GATE_ROW_NOT_LIVE,
	GATE_ROW_LIVE		/* or was so, before what is asked again */
};

/* gate_row.c */
struct gate_row {
	struct status_session session;
	int is_loaded;		/* and not judged yet */
	int is_recalled;	/* it and the facts are of a moment ago */
	enum gate_row_seen seen; /* the last one there was */
	uint64_t recent_mark;	/* of before it was loaded */
};

/* gate_lookup.c, gate_answer.c, gate_outage.c */
struct gate_lookup {
	struct lookups *lookups; /* where place and turn are; borrowed */
	struct lookups_turn turn;
	int has_place;
	int is_ahead;		/* nobody waits for its answer */
	int is_uncounted;	/* it waits for rows that take no write */
	int64_t follows_since;	/* boottime from which it waits for another
				   lookup; -1: it does not */
	struct moment started;
	int absent_count;
	int error_count;
	enum reason failure;	/* why a stale row serves */
	struct facts told;	/* by a live answer */
};

enum gate_basis {
	GATE_BASIS_TOKEN = 0,	/* no session, or not judged yet */
	GATE_BASIS_ROW,
	GATE_BASIS_STALE_ROW,	/* Authgear is down */
	GATE_BASIS_LOOKUP
};

/* gate_task_judge() and gate_task_refuse(), by which a stage hands over; then
 * gate_verdict.c */
struct gate_verdict {
	enum reason refusal;	/* GRANTED: none, the facts decide */
	enum gate_basis basis;	/* of what the session adds to the facts */
	int64_t age;		/* of that, in milliseconds */
	char *remote_user;
};

struct gate_task {
	const struct settings *settings;
	enum gate_stage stage;
	enum gate_stage last_stage;	/* once it is DONE */
	enum gate_manner manner;
	struct credential credential;	/* kind NONE: no question, a refresh */
	char session_key[STATUS_KEY_SIZE];
	struct shares_who who;
	struct facts facts;		/* of the token, then the session too */
	struct gate_token token;
	struct gate_keys keys;
	struct gate_row row;
	struct gate_lookup lookup;
	struct gate_verdict verdict;
	struct decision decision;
	struct exchange *exchange;	/* NULL unless one is out */
	int64_t begun;			/* boottime */
	int64_t deadline;		/* boottime */
	int64_t resume_at;		/* boottime */
	int64_t ask_again;		/* boottime, for retry_after */
};

#endif /* !GATE_PRIVATE_H_ */
