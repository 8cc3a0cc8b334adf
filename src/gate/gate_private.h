#ifndef GATE_PRIVATE_H_
#define GATE_PRIVATE_H_

#include "facts/jwt.h"
#include "facts/key.h"
#include "facts/metadata.h"
#include "gate/gate.h"
#include "gate/keys.h"
#include "gate/logins.h"
#include "gate/lookups.h"
#include "gate/recent.h"
#include "state/status.h"
#include "state/status_session.h"
#include "state/trust.h"
#include "state/trust_shared.h"

/* Shared by gate*.c alone. */

struct gate_shared {
	struct lookups *lookups;
	struct recent *recent;
	struct logins *logins;
	struct trust_shared *trust;
	struct status_pending *pending;
};

struct gate {
	const struct settings *settings;
	struct trust *trust;
	struct status *status;
	struct keys *keys;
	struct gate_shared *shared;
	struct lookups *lookups;	/* those of `shared` */
	int owns_shared;
};

enum gate_phase {
	GATE_PHASE_TOKEN = 0,	/* waiting, or about to look for the key */
	GATE_PHASE_METADATA,	/* its exchange is out; the lease is ours */
	GATE_PHASE_JWKS,	/* likewise */
	GATE_PHASE_SESSION,	/* waiting, or about to look for its status */
	GATE_PHASE_LOOKUP,	/* its exchange is out; the place is ours */
	GATE_PHASE_DONE
};

struct gate_task {
	const struct settings *settings;
	enum gate_phase phase;
	struct decision decision;
	struct credential credential;
	enum gate_manner manner;
	struct jwt jwt;			/* points into credential.text; of what was
					   recalled it is the kid alone */
	int has_claims;			/* facts hold them, jwt does not */
	int is_refresh;			/* no question */
	int may_fetch;			/* 0 once a fetch of ours ended */
	struct facts facts;
	char *remote_user;
	struct exchange *exchange;	/* NULL unless one is out */
	struct metadata metadata;
	struct moment fetch_started;

	/* of the session's status */
	char session_key[STATUS_KEY_SIZE]; /* "": no credential */
	char client_address[64];
	struct lookups *lookups;	/* where place and turn are; borrowed */
	struct lookups_turn turn;
	struct moment lookup_started;
	int is_session;			/* its session is being judged */
	int has_place;			/* a lookup is ours */
	int is_follower;		/* it waits for another's lookup */
	int64_t follower_since;		/* boottime */
	int is_late;			/* its time is over: no more asking */
	int is_known;			/* a good JWT, or there is a row */
	int is_verified;		/* a JWT's signature held here */
	int was_live;			/* the row's last answer */
	int is_fresh;			/* we looked it up ourselves */
	int is_stale;			/* Authgear is down */
	int must_refresh;		/* cached facts refused: ask once more */
	int is_background;		/* nobody waits for it */
	int absent_count, error_count;
	struct status_session row;	/* as loaded, if has_row */
	int has_row;
	int was_found;			/* there was one */
	int is_recalled;		/* row and facts are of a moment ago */
	uint64_t recent_mark;		/* of before the row was loaded */
	char verified_by[HASH_HEX_SIZE]; /* thumbprint of the key; "": none */
	int64_t session_age;		/* milliseconds */
	int64_t exchange_started;	/* boottime */
	int64_t token_authenticated_at;

	int64_t started;		/* boottime, as all below */
	int64_t deadline;
	int64_t resume_at;
	int64_t ask_again;		/* for retry_after */
};

/* gate_open.c: status.db of these settings; NULL and error. */
struct status *gate_open_status(const struct settings *settings,
    struct status_pending *pending, struct error *error);

/* gate.c: one that has not begun; NULL: out of memory. */
struct gate_task *gate_task_new(const struct settings *settings,
    const struct moment *now);

/* gate.c: the task ends with this reason. */
enum gate_step gate_task_end(struct gate_task *task, enum reason reason,
    const struct moment *now);

/* gate.c: what was asked of status.db failed. */
enum gate_step gate_task_no_state(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/* gate_token.c: the JWT of task->credential taken apart; 0, or -1 and why. */
int gate_token_parse(struct gate_task *task, enum reason *reason_out);

/* gate_token.c: from the key to the decision, as far as it goes. */
enum gate_step gate_token_judge(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/* gate_token.c: the claims as facts, issuer and times held; unverified still
 * where no key was found.  0, or -1 and why. */
int gate_token_read_claims(struct gate_task *task, const struct moment *now,
    enum reason *reason_out);

/* gate_token.c: what the administrator said of the credential: 1 and that
 * reason in place of the one there, 0 if nothing, -1 if it is not known. */
int gate_token_revoked(struct gate *gate, struct gate_task *task,
    const struct moment *now, enum reason *reason);

/* gate_token.c: the policy, then the last look at what the administrator
 * said: the decision, or back to the session's status. */
enum gate_step gate_policy_apply(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/* gate_session.c: the credential holds as far as it can be judged here; is
 * its session live?  From there to the decision, as far as it goes. */
enum gate_step gate_session_judge(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/*
 * gate_session.c: 1 if the session's row says that this very token was
 * verified with this key before.  What the row says else is judged later.
 */
int gate_session_vouches(struct gate *gate, struct gate_task *task,
    const struct key *key);

/* gate_session.c: milliseconds since the row's lookup began; -1 if that is not
 * known, or an answer that came later may be missing. */
int64_t gate_session_age(const struct gate *gate,
    const struct gate_task *task, const struct moment *now);

/* gate_session.c: was this process told "not live" after the lookup of the row
 * began?  Another one, whose answer was still on its way, may have written it
 * since. */
int gate_session_is_contradicted(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/* gate_session.c: 1 if this refusal rests on cached facts that are no longer
 * fresh. */
int gate_session_may_refresh(const struct gate_task *task,
    enum reason reason);

/* gate_session.c: the row into task->row; 1, 0 if there is none, -1. */
int gate_session_load(struct gate *gate, struct gate_task *task,
    struct error *error);

/* gate_session.c: these facts, with those of the token, by the policy. */
enum gate_step gate_session_apply(struct gate *gate, struct gate_task *task,
    struct facts *told, const struct moment *now);

/* gate_session.c: it could not be asked: stale facts, or undecided. */
enum gate_step gate_session_do_without(struct gate *gate,
    struct gate_task *task, enum reason reason, const struct moment *now);

/* gate_session.c: refused; who a verified token is of may be told, if the
 * administrator has nothing to say of him. */
enum gate_step gate_session_refuse(struct gate *gate, struct gate_task *task,
    enum reason reason, const struct moment *now);

/* gate_lookup.c: nothing that is known serves: ask, wait for who asks, or do
 * without. */
enum gate_step gate_lookup(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/* gate_lookup.c: the place is ours, and the exchange may be due again. */
enum gate_step gate_lookup_again(struct gate_task *task,
    const struct moment *now);

/* gate_lookup.c: the exchange came back, or the deadline came. */
enum gate_step gate_lookup_answer(struct gate *gate, struct gate_task *task,
    const struct moment *now);
enum gate_step gate_lookup_give_up(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/* gate_lookup.c: give place and turn back, if there are; now NULL: unknown. */
void gate_lookup_release(struct gate_task *task, const struct moment *now);

/*
 * gate_recent.c: what was read of it a moment ago into the task.  1 if that
 * spares taking the JWT apart.
 */
int gate_recent_recall(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/* gate_recent.c: the row as loaded, and the facts of the token alone. */
void gate_recent_keep(struct gate *gate, const struct gate_task *task,
    const struct moment *now);

/* gate_account.c: what a login was granted on, for the question after it. */
void gate_account_keep(struct gate *gate, const struct gate_task *task,
    const struct moment *now);

/* gate_account.c: by the row as it was loaded, if there was one, and by what
 * its login was granted on: nothing may be asked. */
enum gate_step gate_account_judge(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/* gate_fetch.c: the lease is ours; ask for the metadata. */
enum gate_step gate_fetch_begin(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/*
 * gate_fetch.c: the exchange came back.  GATE_EXCHANGE: the next one;
 * GATE_DONE: the fetch is over, well or not (decision.detail): look for the
 * key again.  The same of gate_fetch_begin(), when memory runs out.
 */
enum gate_step gate_fetch_go_on(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/* gate_fetch.c: give the fetch up, its time is over. */
void gate_fetch_abandon(struct gate *gate, struct gate_task *task,
    const struct moment *now);

#endif /* !GATE_PRIVATE_H_ */
