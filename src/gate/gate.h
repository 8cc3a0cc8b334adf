#ifndef GATE_H_
#define GATE_H_

#include <stdint.h>

#include "facts/credential.h"
#include "facts/facts.h"
#include "ground/error.h"
#include "ground/exchange.h"
#include "ground/moment.h"
#include "ground/reason.h"
#include "settings/policy.h"
#include "settings/settings.h"

/*
 * The one question all faces ask: this credential, under this policy, at this
 * moment: granted, denied, forbidden or undecided?
 *
 * Steps: nothing waits for the network inside (for the disk 100 ms at most,
 *   trust_marks.h).  The gate says which HTTP exchange it needs, the face
 *   performs it and resumes.
 * Threads: a gate serves one at a time.  A task belongs to no gate: any of the
 *   same settings may resume it.
 * Order in which a JWT is refused: parse, key, signature, claims, issuer,
 *   times, decide().  Where the key is not known, claims, issuer and times
 *   come before it: what they refuse never causes a fetch.  No unverified
 *   claim ever grants.
 * trust.db is looked at before a fetch or a lookup (what it says there of the
 *   credential itself ends the question) and as the last step of every
 *   decision that grants or names who is refused.  Unreadable:
 *   STATE_UNREADABLE.  A revocation that hits is the reason, whatever the
 *   policy says.
 * A fetch of keys is two exchanges under one lease: the metadata, then the set
 *   it names.  Any status but 200 or a document that does not parse is a
 *   failed fetch (decision.detail: which URL and why): then KEYS_UNREACHABLE
 *   (no set may serve) or KEY_UNSETTLED.
 * Sessions: with validate = hybrid a JWT that holds here, with resolver any
 *   credential, must be known live by Authgear's resolver: from status.db for
 *   session_ttl, else by a lookup (lookups.h bounds them).  The resolver's
 *   roles, anonymous, verified and can-reauthenticate win, the token's scope,
 *   client and other claims stay, of two authentication times the earlier.
 * Facts are kept, never a decision.  A refusal that rests on facts kept for
 *   5 s or more is looked up once more first.
 * NOT_LIVE comes only from an answer; where "absent" must be heard twice
 *   SESSION_UNSETTLED from the first.  A failed lookup is
 *   RESOLVER_UNREACHABLE or RESOLVER_FAULT; no place for one, or one too late
 *   for an answer, BUSY; one that failed here OUT_OF_MEMORY or LOCAL_FAULT,
 *   which is no outage.
 * M2M tokens have no session: hybrid judges them as jwt does, resolver refuses
 *   them (WRONG_TYPE).
 * Where nothing may be asked, a key or a session that is not known well enough
 *   is NOT_ASKED, and facts that refuse are believed as they are.
 */

struct gate;
struct gate_shared;
struct gate_task;

/* Opens trust.db and status.db.  Threads: one gate for each (it owns its
 * database connections and its parsed key set), never across a fork.  Borrows
 * settings and shared (gate_shared.h; NULL: it makes one of its own).  NULL
 * and error. */
struct gate *gate_new(const struct settings *settings,
    struct gate_shared *shared, struct error *error);
void gate_free(struct gate *gate);

/* What may be done for an answer. */
enum gate_manner {
	GATE_MAY_ASK = 0,	/* whatever Authgear must be asked */
	GATE_LOGIN,		/* likewise, and what is granted counts for
				   GATE_LOGIN_MSECS with MAY_NOT_ASK */
	GATE_MAY_NOT_ASK	/* never an exchange nor a wait for one: what is
				   known here decides, else NOT_ASKED */
};
#define GATE_LOGIN_MSECS 60000	/* of boottime */

/* Who asks.  Borrowed for the call of gate_start() only. */
struct gate_asker {
	const char *address;	/* whose shares it takes (shares_who.h); NULL:
				   not known */
	enum gate_manner manner;
	int is_program;		/* of this machine, that asks for a client */
	long uid;		/* of such a one */
	int64_t deadline;	/* boottime by which it must be DONE; 0: that of
				   total_timeout, which it never exceeds */
};

enum gate_step {
	GATE_DONE = 0,		/* gate_task_decision() */
	GATE_EXCHANGE,		/* perform gate_task_exchange(), then resume */
	GATE_WAIT		/* another task or process is fetching or
				   looking up, or it is too early to ask again:
				   resume when it may be over, at the latest at
				   gate_task_resume_at() */
};

struct decision {
	enum verdict verdict;
	enum reason reason;
	const struct policy *policy;	/* NULL: missing or unknown */
	enum credential_kind kind;
	char credential_hash[HASH_HEX_SIZE]; /* "" if there was none */
	const struct facts *facts;	/* NULL unless the credential held:
					   granted, a rule or a revocation
					   refused it; NULL with KEY_REVOKED.
					   Of an account: whose it is */
	const char *remote_user;	/* NULL unless granted */
	int may_pass;			/* of the web face alone
					   (web_question.h), with
					   REASON_NO_CREDENTIAL */
	int age;			/* seconds since the session was looked
					   up; -1: it was not, or just now */
	int retry_after;		/* seconds, > 0 if undecided */
	int keep;			/* seconds for which a grant may be
					   given again unasked (gate_keep.h);
					   0: it may not */
	const char *keep_page;		/* by what, of the web face alone */
	struct error detail;		/* for the log; may be empty */
};

/*
 * Begin: this credential under this policy.
 * The credential becomes the task's ({0} is left).  Kind NONE: NO_CREDENTIAL.
 *   Brought for an account (credential.h), a grant to another is
 *   WRONG_ACCOUNT.
 * The policy is borrowed, of the gate's settings.
 * *task_out is NULL only with DONE and out of memory: the caller answers
 *   OUT_OF_MEMORY itself.
 * total_timeout runs from here and bounds all exchanges together.
 */
enum gate_step gate_start(struct gate *gate, const struct policy *policy,
    struct credential *credential, const struct gate_asker *asker,
    const struct moment *now, struct gate_task **task_out);

/* Go on, after an exchange was performed or a wait may be over.  Past the
 * deadline every task is DONE. */
enum gate_step gate_resume(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/*
 * Once a decision was answered: what was kept of the session is soon too old,
 * so this very request has it asked for again, for the next one.
 * DONE: nothing to do, free the task.
 * EXCHANGE: go on as with any task, but nobody waits for its end and its
 *   decision means nothing any more.
 */
enum gate_step gate_go_on(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/*
 * For the timer of a daemon: a task without a question that fetches the keys
 * when they are due and nobody else does; its first step is EXCHANGE.
 * Its time is keys_refresh_msecs(), not total_timeout: nobody waits.
 * NULL: nothing to do.  Then and after it ended, *next_out is the boottime to
 *   call again.
 * Its decision only has a detail: empty if the fetch went well.
 */
struct gate_task *gate_refresh(struct gate *gate, const struct moment *now,
    int64_t *next_out);

/* Has an administrator asked for other keys since the last call?  Then
 * gate_refresh() is to be called now. */
int gate_refresh_is_asked(struct gate *gate, const struct moment *now);

/* NULL is taken.  Wipes the credential.  A task freed within an exchange
 * leaves its lease to end by itself. */
void gate_task_free(struct gate_task *task);

/* Borrowed, until gate_resume(); NULL unless EXCHANGE. */
struct exchange *gate_task_exchange(struct gate_task *task);
int64_t gate_task_deadline(const struct gate_task *task);	/* boottime */
int64_t gate_task_resume_at(const struct gate_task *task);	/* boottime */

/* The answer, once DONE; lives as long as the task. */
const struct decision *gate_task_decision(const struct gate_task *task);

/* The metadata's authorization_endpoint as stored last; NULL if there is
 * none.  Borrowed until the gate is used again. */
const char *gate_authorization_endpoint(struct gate *gate);

/* The decision on a question that a face could not put; -1, for its return. */
int gate_refuse(struct decision *decision, enum reason reason);

#endif /* !GATE_H_ */
