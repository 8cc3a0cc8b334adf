#ifndef GATE_H_
#define GATE_H_

#include <stddef.h>
#include <stdint.h>

#include "facts/credential.h"
#include "facts/facts.h"
#include "ground/error.h"
#include "ground/exchange.h"
#include "ground/moment.h"
#include "ground/notices.h"
#include "ground/reason.h"
#include "settings/policy.h"
#include "settings/settings.h"

/*
 * The one question all faces ask: this credential, under this policy, at
 * this moment: granted, denied, forbidden or undecided?  In steps, so that
 * nothing blocks inside: the gate says which HTTP exchange it needs, the
 * face performs it and resumes.
 *
 * A gate serves one thread at a time (one gate a thread: it owns its database
 * connections and its parsed key set); it is never used across a fork.  A
 * task belongs to no gate: it may be resumed with any gate of the same
 * settings.
 *
 * The order in which a JWT is refused: parse, key, signature, claims, issuer,
 * times, decide().  Where the key is not known, claims, issuer and times come before
 * it: what they refuse (with the reason a verified token would get) never
 * causes a fetch, and no unverified claim ever grants.  trust.db is looked at
 * before a fetch or a lookup (what it says there of the credential itself
 * ends the question) and as the last step of every decision that grants or
 * says who is refused; unreadable: STATE_UNREADABLE.  A revocation that hits is the
 * reason, whatever the policy says: what was written to trust.db before the
 * question is never let in.
 *
 * A fetch of keys is two exchanges under one lease: the metadata, then the
 * set it names.  Any status but 200 or any document that does not parse is a
 * failed fetch (decision.detail says which URL and why); the task that did it
 * is then KEYS_UNREACHABLE (no set may serve) or KEY_UNSETTLED.
 *
 * With validate = hybrid a JWT that holds here, and with resolver any
 * credential, must then be known live by Authgear's resolver: from status.db
 * for session_ttl, else by a lookup (lookups.h bounds them).  The resolver's
 * roles, anonymous, verified and can-reauthenticate win, the token's scope,
 * client and other claims stay, of two authentication times the earlier.
 * Facts are kept, never a decision; a refusal that rests on facts kept for
 * 5 s or more is looked up once more first.  NOT_LIVE only from an answer; a
 * failed lookup is RESOLVER_UNREACHABLE or RESOLVER_FAULT, no place for one,
 * or one too late for an answer, BUSY.  M2M tokens have no session: hybrid judges them as jwt does, resolver
 * refuses them (WRONG_TYPE).
 *
 * Where nothing may be asked (GATE_MAY_NOT_ASK), a key or a session that is
 * not known well enough is NOT_ASKED, and facts that refuse are believed as
 * they are.
 */

struct gate;
struct gate_task;

/* What the gates of a process share, whose threads may use it together: the
 * lookups under way, the sessions in use.  Borrows settings; NULL: memory. */
struct gate_shared;
struct gate_shared *gate_shared_new(const struct settings *settings);
void gate_shared_free(struct gate_shared *shared);

/* Opens trust.db and status.db.  Borrows settings and shared (NULL: it makes
 * one of its own).  NULL and error. */
struct gate *gate_new(const struct settings *settings,
    struct gate_shared *shared, struct error *error);
void gate_free(struct gate *gate);

/* What may be done for an answer. */
enum gate_manner {
	GATE_MAY_ASK = 0,	/* whatever Authgear must be asked */
	GATE_LOGIN,		/* likewise, and what is granted counts for
				   GATE_LOGIN_MSECS where nothing may be asked */
	GATE_MAY_NOT_ASK	/* never an exchange nor a wait for one: what is
				   known here decides, else NOT_ASKED */
};
#define GATE_LOGIN_MSECS 60000	/* of boottime */

/* Who asks.  Borrowed for the call of gate_start() only. */
struct gate_asker {
	const char *address;	/* whose share of lookups it is (shares.h);
				   NULL: not known */
	enum gate_manner manner;
};

enum gate_step {
	GATE_DONE = 0,		/* gate_task_decision() */
	GATE_EXCHANGE,		/* perform gate_task_exchange(), then resume */
	GATE_WAIT		/* another task or process is fetching or looking
				   up, or it is too early to ask again: resume
				   when it may be over, at the latest at
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
	struct error detail;		/* for the log; may be empty */
};

/*
 * Begin: this credential, which becomes the task's ({0} is left), under this
 * policy (borrowed, of the gate's settings).  Kind NONE: NO_CREDENTIAL.  Where
 * it was brought for an account (credential.h), a grant to another is
 * WRONG_ACCOUNT.  *task_out is NULL only with GATE_DONE and out of memory,
 * where the caller answers REASON_OUT_OF_MEMORY itself.  total_timeout runs
 * from here and bounds all exchanges of the task together.
 */
enum gate_step gate_start(struct gate *gate, const struct policy *policy,
    struct credential *credential, const struct gate_asker *asker,
    const struct moment *now, struct gate_task **task_out);

/*
 * The other question, of an account whose login brought no credential to us: is
 * its user blocked?  By remote_user of the policy: `sub` is the account, `map`
 * is read the other way (an account of nobody is not blocked), from a claim
 * there is no way back: USER_UNTRACEABLE.  Always GATE_DONE: NOT_BLOCKED, which
 * is no grant, USER_BLOCKED, CLIENT_REVOKED, or undecided.  *task_out as
 * above.
 */
enum gate_step gate_start_account(struct gate *gate,
    const struct policy *policy, const char *account,
    const struct moment *now, struct gate_task **task_out);

/* Go on, after an exchange was performed or a wait may be over.  Past the
 * deadline every task becomes GATE_DONE. */
enum gate_step gate_resume(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/*
 * Once a decision was answered: what was kept of the session is soon too old,
 * so this very request has it asked for again, for the next one.  GATE_DONE:
 * nothing to do, free the task.  GATE_EXCHANGE: go on as with any task, but
 * nobody waits for its end and its decision means nothing any more.
 */
enum gate_step gate_go_on(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/*
 * For the timer of a daemon: a task without a question that fetches the keys
 * when they are due and nobody else does, within keys_refresh_msecs() and not
 * total_timeout, since nobody waits; its first step is GATE_EXCHANGE.
 * NULL: nothing to do; then and after it ended, *next_out is the boottime to
 * call again.  Its decision only has a detail: empty if the fetch went well.
 */
struct gate_task *gate_refresh(struct gate *gate, const struct moment *now,
    int64_t *next_out);

/*
 * What Authgear answered is written behind (status_write.h): where a process
 * has more than one gate, by one thread of its own.  Opens status.db;
 * `wake` is called, from any thread, when there is something to write
 * (is_urgent: at once; else more may be gathered first): from
 * gate_writer_new() on nobody else writes, until gate_writer_free().  Borrows
 * settings and shared.  NULL and error.
 */
struct gate_writer;
struct gate_writer *gate_writer_new(const struct settings *settings,
    struct gate_shared *shared, void (*wake)(void *context, int is_urgent),
    void *context, struct error *error);
void gate_writer_free(struct gate_writer *writer);

enum gate_writer_step {
	GATE_WRITER_FAILED = 0,	/* why, with the process that holds the file;
				   the same waits on */
	GATE_WRITER_DONE,	/* nothing waits */
	GATE_WRITER_MORE	/* call again */
};
enum gate_writer_step gate_writer_step(struct gate_writer *writer,
    const struct moment *now, struct error *error);

/* One small step of taking out sessions over max_sessions.  1: there are
 * more, call again soon. */
int gate_writer_tidy(struct gate_writer *writer, const struct moment *now);

/* How many sessions wait to be written. */
size_t gate_writer_waiting(const struct gate_writer *writer);

/*
 * What no request may wait for, on threads of a daemon's own.  From
 * gate_upkeep_new() on nobody else does it, until gate_upkeep_free(): `wake`
 * is called, from any thread, when there is something for the first of them.
 * Opens status.db; borrows settings and shared.  NULL and error.
 */
struct gate_upkeep;
struct gate_upkeep *gate_upkeep_new(const struct settings *settings,
    struct gate_shared *shared, void (*wake)(void *context), void *context,
    struct error *error);
void gate_upkeep_free(struct gate_upkeep *upkeep);

/* The first thread, at each wake and once a second: writes down how far
 * trust.db was seen; and what is to be logged: 1 and it, 0 if there is none. */
void gate_upkeep_write(struct gate_upkeep *upkeep);
int gate_upkeep_notice(struct gate_upkeep *upkeep,
    enum notice_level *level_out, struct error *text_out);

/* The second thread: the whole of what is new in the state, once a second
 * (`stop` as in database_check_whole()); what a directory service knows, once
 * in ten seconds. */
void gate_upkeep_check(struct gate_upkeep *upkeep,
    int (*stop)(void *context), void *context);
void gate_upkeep_look_up(struct gate_upkeep *upkeep);

/* Wipes the credential.  A task freed within an exchange leaves its lease to
 * end by itself. */
void gate_task_free(struct gate_task *task);

/* Borrowed, until gate_resume(); NULL unless GATE_EXCHANGE. */
struct exchange *gate_task_exchange(struct gate_task *task);
int64_t gate_task_deadline(const struct gate_task *task);	/* boottime */
int64_t gate_task_resume_at(const struct gate_task *task);	/* boottime */

/* The metadata's authorization_endpoint as stored last; NULL if there is
 * none.  Borrowed until the gate is used again. */
const char *gate_authorization_endpoint(struct gate *gate);

/* The answer, once GATE_DONE; lives as long as the task. */
const struct decision *gate_task_decision(const struct gate_task *task);

/* The decision on a question that a face could not put; -1, for its return. */
int gate_refuse(struct decision *decision, enum reason reason);

#endif /* !GATE_H_ */
