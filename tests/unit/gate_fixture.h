#ifndef TESTS_UNIT_GATE_FIXTURE_H_
#define TESTS_UNIT_GATE_FIXTURE_H_

#include "gate/gate.h"
#include "gate/gate_account.h"
#include "web/web_question.h"

/*
 * A gate over a state directory of its own, an Authgear that answers from
 * memory, and a clock that stands still until it is moved.  What cannot be
 * made ends the program.
 */

#define GATE_FIXTURE_WALL INT64_C(1800000000)
#define GATE_FIXTURE_BOOT INT64_C(5000000)	/* milliseconds */

/* What Authgear's resolver answers, until it is changed. */
struct gate_fixture_resolver {
	enum exchange_outcome outcome;
	int status;
	int absent_once;	/* so many answers say nothing first */
	int error_once;		/* so many are a 500 first */
	const char *valid;	/* "true", "false"; NULL: not told */
	const char *user_id;	/* borrowed, as all; NULL: not told */
	const char *roles;
	const char *verified;
	const char *anonymous;
	int64_t authenticated_at; /* 0: not told */
	const char *const *headers; /* instead of all these: name, value, ..,
				   NULL */
	int no_memory;		/* with EXCHANGE_LOCAL_FAULT */
	int count;		/* asked so far */
	char authorization[4096]; /* of the last request, "" if it had none */
	char cookie[4096];
};

struct gate_fixture {
	char *directory;	/* holds authgear.conf and state/ */
	char *endpoint;
	struct settings *settings;
	struct gate *gate;
	struct gate_task *task;	/* of the last question; NULL if it needed no
				   gate */
	struct decision decision; /* of such a one */
	struct moment now;

	/* what Authgear answers */
	char *metadata;
	char *jwks;
	int metadata_status, jwks_status;
	enum exchange_outcome outcome;
	int64_t delay;		/* milliseconds an exchange takes */
	int metadata_count, jwks_count;	/* asked so far */
	struct gate_fixture_resolver resolver;
};

/* `authgear` and `policies`: lines for the settings; "" for the defaults and
 * [policy default] alone.  validate is jwt unless a line says otherwise. */
struct gate_fixture *gate_fixture_new(const char *endpoint,
    const char *authgear, const char *policies);
void gate_fixture_free(struct gate_fixture *fixture);

void gate_fixture_serve(struct gate_fixture *fixture, const char *jwks);
void gate_fixture_pass(struct gate_fixture *fixture, int64_t milliseconds);
const char *gate_fixture_path(struct gate_fixture *fixture, const char *name);

/* Another gate of the same settings, as of another thread or process. */
struct gate *gate_fixture_another(struct gate_fixture *fixture);
/* Close and open again, as a restart does. */
void gate_fixture_restart(struct gate_fixture *fixture);

/* Perform the exchange that a task is at. */
void gate_fixture_perform(struct gate_fixture *fixture,
    struct gate_task *task);
/* Whatever the task needs, until it is done. */
void gate_fixture_run(struct gate_fixture *fixture, struct gate *gate,
    struct gate_task *task, enum gate_step step);

/* Begin, as a web server's question. */
enum gate_step gate_fixture_begin(struct gate_fixture *fixture,
    struct gate *gate, const struct web_question *question,
    struct gate_task **task_out);
/* Begin with a bearer token. */
enum gate_step gate_fixture_start(struct gate_fixture *fixture,
    struct gate *gate, const char *policy, const char *token,
    struct gate_task **task_out);
/* From question to decision (valid until the next one). */
const struct decision *gate_fixture_ask(struct gate_fixture *fixture,
    const char *policy, const char *token);
const struct decision *gate_fixture_question(struct gate_fixture *fixture,
    const struct web_question *question);

#endif /* !TESTS_UNIT_GATE_FIXTURE_H_ */
