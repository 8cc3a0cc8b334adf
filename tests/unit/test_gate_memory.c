/* Memory runs out, at each allocation of a decision in turn: the decision is
 * right, or it is none; never another. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "failing_memory.h"
#include "failing_places.h"
#include "gate_world.h"
#include "ground/hash.h"
#include "scratch.h"
#include "state/write/trust_writer.h"

#define OTHER_USER "00000000-0000-4000-8000-00000000000b"
#define STEP_MS 7000		/* between two questions: nothing is recent */

/* What is asked, of a new token each time. */
enum carrier { BEARER = 0, COOKIE, BASIC };

static const struct kind {
	const char *name;
	const char *settings;
	const char *policy;
	enum carrier carrier;
	const char *text;	/* NULL: a token of `claims` */
	const char *claim, *value; /* changed in it */
	int is_forged;		/* by another key */
	enum { WARM = 0, COLD, NO_KEYS } before; /* the gate is new, and no
				   keys are stored */
	int is_hit;		/* no time passes between two questions */
	const char *valid;	/* what the resolver says */
	enum reason reason;
} kinds[] = {
	{ "jwt", "validate = jwt\n", "default", BEARER, NULL, NULL, NULL,
	    0, WARM, 0, "true", REASON_GRANTED },
	{ "jwt, first", "validate = jwt\n", "default", BEARER, NULL, NULL,
	    NULL, 0, COLD, 0, "true", REASON_GRANTED },
	{ "jwt, no keys yet", "validate = jwt\n", "default", BEARER, NULL,
	    NULL, NULL, 0, NO_KEYS, 0, "true", REASON_GRANTED },
	{ "forged", "validate = jwt\n", "default", BEARER, NULL, NULL, NULL,
	    1, WARM, 0, "true", REASON_BAD_SIGNATURE },
	{ "expired", "validate = jwt\n", "default", BEARER, NULL, "exp", "1",
	    0, WARM, 0, "true", REASON_EXPIRED },
	{ "claim exported", "validate = jwt\n", "exported", BEARER, NULL,
	    "email", "\"a@example.test\"", 0, WARM, 0, "true", REASON_GRANTED },
	{ "role missing", "validate = jwt\n", "admin", BEARER, NULL, NULL,
	    NULL, 0, WARM, 0, "true", REASON_ROLE_MISSING },
	{ "blocked", "validate = jwt\n", "default", BEARER, NULL, "sub",
	    "\"" OTHER_USER "\"", 0, WARM, 0, "true", REASON_USER_BLOCKED },
	{ "hybrid", "validate = hybrid\n", "default", BEARER, NULL, NULL,
	    NULL, 0, WARM, 0, "true", REASON_GRANTED },
	{ "hybrid, logged out", "validate = hybrid\n", "default", BEARER,
	    NULL, NULL, NULL, 0, WARM, 0, "false", REASON_NOT_LIVE },
	{ "hybrid, first", "validate = hybrid\n", "default", BEARER, NULL,
	    NULL, NULL, 0, COLD, 0, "true", REASON_GRANTED },
	{ "resolver", "validate = resolver\n", "default", BEARER, NULL, NULL,
	    NULL, 0, WARM, 0, "true", REASON_GRANTED },
	{ "opaque", "validate = hybrid\n", "default", BEARER, OPAQUE, NULL,
	    NULL, 0, WARM, 0, "true", REASON_GRANTED },
	{ "opaque, kept", "validate = hybrid\n", "default", BEARER, OPAQUE,
	    NULL, NULL, 0, COLD, 1, "true", REASON_GRANTED },
	{ "opaque, logged out", "validate = hybrid\n", "default", BEARER,
	    OPAQUE, NULL, NULL, 0, WARM, 0, "false", REASON_NOT_LIVE },
	{ "session cookie", "validate = hybrid\n", "default", COOKIE,
	    "session=" SESSION, NULL, NULL, 0, WARM, 0, "true",
	    REASON_GRANTED },
	{ "app cookie", "validate = hybrid\n", "default", COOKIE,
	    "app_session=" OPAQUE, NULL, NULL, 0, WARM, 0, "true",
	    REASON_GRANTED },
	{ "mapped", "validate = hybrid\n", "mapped", BEARER, NULL, NULL, NULL,
	    0, WARM, 0, "true", REASON_GRANTED },
	{ "basic", "validate = hybrid\n", "mapped", BASIC, NULL, NULL, NULL,
	    0, WARM, 0, "true", REASON_GRANTED },
	{ "nonsense", "validate = hybrid\n", "default", BEARER, "nonsense",
	    NULL, NULL, 0, WARM, 0, "true", REASON_MALFORMED },
	{ "none", "validate = hybrid\n", "default", COOKIE, "a=b", NULL,
	    NULL, 0, WARM, 0, "true", REASON_NO_CREDENTIAL },
};

struct asked {
	struct world world;
	struct mint_key *forger;
	const struct kind *kind;
	char *header, *cookie;
};

static char *
base64(const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklm"
	    "nopqrstuvwxyz0123456789+/";
	const size_t len = strlen(text);
	char *out = calloc(1, len * 2 + 8), *p = out;
	unsigned long bits;
	size_t i;

	for (i = 0; i < len; i += 3) {
		bits = (unsigned long)(unsigned char)text[i] << 16;
		if (i + 1 < len)
			bits |= (unsigned long)(unsigned char)text[i + 1] << 8;
		if (i + 2 < len)
			bits |= (unsigned char)text[i + 2];
		*p++ = digits[bits >> 18];
		*p++ = digits[bits >> 12 & 63];
		p[0] = p[1] = '=';
		if (i + 1 < len)
			p[0] = digits[bits >> 6 & 63];
		if (i + 2 < len)
			p[1] = digits[bits & 63];
		p += 2;
	}
	return out;
}

static char *
make_token(struct asked *asked)
{
	const struct kind *kind = asked->kind;
	const int64_t now = asked->world.gate->now.wall;
	char *claims, *head, *token;

	if (kind->text != NULL)
		return mint_text("%s", kind->text);
	claims = mint_claims(now, kind->claim != NULL ? kind->claim : NULL,
	    kind->value, NULL);
	head = mint_header("one");
	token = mint_token(kind->is_forged ? asked->forger : asked->world.key,
	    MINT_RS256, head, claims);
	free(claims);
	free(head);
	return token;
}

/* The header of the next question. */
static void
prepare(struct asked *asked)
{
	char *token = make_token(asked), *pair, *encoded;

	free(asked->header);
	free(asked->cookie);
	asked->header = asked->cookie = NULL;
	switch (asked->kind->carrier) {
	case COOKIE:
		asked->cookie = token;
		return;
	case BASIC:
		pair = mint_text("ann:%s", token);
		encoded = base64(pair);
		asked->header = mint_text("Basic %s", encoded);
		free(pair);
		free(encoded);
		break;
	case BEARER:
	default:
		asked->header = mint_text("Bearer %s", token);
		break;
	}
	free(token);
}

/* One user is blocked, another one has an account. */
static void
write_trust(struct gate_fixture *fixture)
{
	const struct trust_note note = { "test", "", "cli", NULL };
	const struct revocation block = { REVOCATION_USER, REVOCATION_BLOCKED,
	    OTHER_USER, REVOCATION_NO_TIME, REVOCATION_NO_TIME };
	struct error error = { "" };
	struct trust_writer *writer;
	struct trust_added added;

	writer = trust_writer_open(fixture->settings->state,
	    fixture->endpoint, &error);
	if (writer == NULL || trust_writer_add(writer, &block, &note,
	    &fixture->now, &added, &error) != TRUST_WRITTEN ||
	    trust_writer_map(writer, MINT_USER, "ann", &note, &fixture->now,
	    &error) != TRUST_WRITTEN)
		fail_msg("%s", error_text(&error));
	trust_writer_free(writer);
}

static void
begin(struct asked *asked, const struct kind *kind)
{
	char *settings = mint_text("%s%s", kind->settings,
	    "lookup_rate = 60000\nkeys_max_stale = 604800\n");

	memset(asked, 0, sizeof(*asked));
	asked->kind = kind;
	asked->world = world_begin(settings);
	asked->forger = mint_key_new(MINT_SECOND);
	asked->world.resolver->valid = kind->valid;
	write_trust(asked->world.gate);
	free(settings);
}

static void
end(struct asked *asked)
{
	mint_key_free(asked->forger);
	free(asked->header);
	free(asked->cookie);
	world_end(&asked->world);
}

static void
forget_keys(struct gate_fixture *fixture)
{
	gate_task_free(fixture->task);
	fixture->task = NULL;
	gate_free(fixture->gate);
	fixture->gate = NULL;
	(void)remove(gate_fixture_path(fixture, "state/daemon/status.db"));
	(void)remove(gate_fixture_path(fixture, "state/daemon/status.db-wal"));
	(void)remove(gate_fixture_path(fixture, "state/daemon/status.db-shm"));
}

/* DONE without a task: it was out of memory before there was one. */
static enum gate_step
start(struct gate_fixture *fixture, const struct web_question *question,
    struct gate_task **task_out)
{
	const struct gate_asker asker = {
		.address = question->client_address };
	struct credential credential;

	enum gate_step step;

	*task_out = NULL;
	if (web_question_read(question, fixture->settings, &credential,
	    &fixture->decision) == -1)
		return GATE_DONE;
	step = gate_start(fixture->gate, fixture->decision.policy, &credential,
	    &asker, &fixture->now, task_out);
	if (*task_out == NULL)
		(void)gate_refuse(&fixture->decision, REASON_OUT_OF_MEMORY);
	return step;
}

#define LEARN ((size_t)-1)	/* none fails, and they are noted */

/* From question to decision; of a gate that was opened anew what is stored is
 * read and parsed within it. */
static enum reason
ask(struct asked *asked, size_t nth, enum failing_memory how,
    size_t *count_out)
{
	struct gate_fixture *fixture = asked->world.gate;
	struct gate_task *task;
	enum gate_step step;
	enum reason reason;

	if (!asked->kind->is_hit)
		gate_fixture_pass(fixture, STEP_MS);
	if (asked->kind->before == NO_KEYS)
		forget_keys(fixture);
	if (asked->kind->before != WARM)
		gate_fixture_restart(fixture);
	prepare(asked);
	const struct web_question question = {
		.policy_name = asked->kind->policy,
		.authorization = asked->header,
		.cookie = asked->cookie,
		.client_address = "192.0.2.1",
	};
	if (nth == LEARN)
		failing_memory_learn(how);
	else
		failing_memory_begin(nth, how);
	step = start(fixture, &question, &task);
	while (step != GATE_DONE) {
		failing_memory_pause();
		if (step == GATE_EXCHANGE)
			gate_fixture_perform(fixture, task);
		else if (gate_task_resume_at(task) > fixture->now.boottime)
			gate_fixture_pass(fixture, gate_task_resume_at(task) -
			    fixture->now.boottime);
		failing_memory_go_on();
		step = gate_resume(fixture->gate, task, &fixture->now);
	}
	*count_out = failing_memory_end();
	if (task == NULL)
		return fixture->decision.reason;
	reason = gate_task_decision(task)->reason;
	assert_int_equal(gate_task_decision(task)->verdict,
	    reason_verdict(reason));
	gate_task_free(task);
	return reason;
}

/* Right, or undecided. */
static void
judge(struct asked *asked, size_t nth, enum failing_memory how)
{
	const struct kind *kind = asked->kind;
	size_t count;
	const enum reason got = ask(asked, nth, how, &count);

	if (got != kind->reason && reason_verdict(got) != VERDICT_UNDECIDED)
		fail_msg("%s: allocation %zu (%s): %s", kind->name, nth,
		    how == FAILING_MEMORY_ONCE ? "once" : "for good",
		    reason_name(got));
}

/* Each that is worth it of this kind; how many those were. */
static size_t
each_allocation(struct asked *asked, size_t total)
{
	size_t nth, tried = 0, count;
	enum reason got;

	for (nth = 1; nth <= total; nth++) {
		if (!failing_places_is_worth(nth))
			continue;
		judge(asked, nth, FAILING_MEMORY_ONCE);
		if (++tried % 4 == 0)
			judge(asked, nth, FAILING_MEMORY_FOR_GOOD);
		/* and nothing of it stays */
		if (tried % 16 != 0)
			continue;
		got = ask(asked, 0, FAILING_MEMORY_ONCE, &count);
		if (got != asked->kind->reason)
			fail_msg("%s: behind allocation %zu: %s",
			    asked->kind->name, nth, reason_name(got));
	}
	return tried;
}

static void
each_allocation_of_a_decision(void **state)
{
	struct asked asked;
	size_t i, total;
	enum reason got;

	(void)state;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		begin(&asked, &kinds[i]);
		/* twice: the first one fetches the keys */
		(void)ask(&asked, 0, FAILING_MEMORY_ONCE, &total);
		got = ask(&asked, LEARN, FAILING_MEMORY_ONCE, &total);
		if (got != kinds[i].reason)
			fail_msg("%s: %s", kinds[i].name, reason_name(got));
		print_message("note: %s: %zu of %zu allocations\n",
		    kinds[i].name, each_allocation(&asked, total), total);
		end(&asked);
	}
}

/* A gate is opened or it is not, and no file is thrown away for it. */
static void
each_allocation_of_opening(void **state)
{
	struct asked asked;
	struct gate *gate;
	struct error error;
	size_t nth, total, count, refused = 0;

	(void)state;
	begin(&asked, &kinds[0]);
	assert_int_equal(ask(&asked, 0, FAILING_MEMORY_ONCE, &count),
	    REASON_GRANTED);
	failing_memory_learn(FAILING_MEMORY_ONCE);
	gate = gate_new(asked.world.gate->settings, NULL, NULL);
	total = failing_memory_end();
	gate_free(gate);
	for (nth = 1; nth <= total; nth++) {
		if (!failing_places_is_worth(nth))
			continue;
		error_clear(&error);
		failing_memory_begin(nth, FAILING_MEMORY_ONCE);
		gate = gate_new(asked.world.gate->settings, NULL, &error);
		(void)failing_memory_end();
		if (gate == NULL && error.text[0] == '\0')
			fail_msg("allocation %zu: no cause", nth);
		refused += gate == NULL;
		gate_free(gate);
	}
	assert_true(refused > 10);
	assert_int_equal(access(gate_fixture_path(asked.world.gate,
	    "state/daemon/status.db.corrupt-1"), F_OK), -1);
	/* what was stored is still there */
	asked.world.gate->outcome = EXCHANGE_UNREACHABLE;
	gate_fixture_restart(asked.world.gate);
	assert_int_equal(ask(&asked, 0, FAILING_MEMORY_ONCE, &count),
	    REASON_GRANTED);
	end(&asked);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_allocation_of_opening),
		cmocka_unit_test(each_allocation_of_a_decision),
	};

	failing_memory_install();
	/* some thousand databases are opened: not on a disk, if that may be */
	if (access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
