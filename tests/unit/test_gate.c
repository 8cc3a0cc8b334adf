/* The gate over a simulated Authgear: refusals, fetches, state that fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "gate_fixture.h"
#include "mint.h"
#include "scratch.h"

#define WALL GATE_FIXTURE_WALL
#define POLICIES \
	"[policy default]\n" \
	"[policy strict]\n" \
	"require_role = nobody\n"

struct world {
	struct gate_fixture *gate;
	struct mint_key *first, *second;
	char *old_set, *new_set;	/* the second key added */
};

static struct world
begin(const char *authgear)
{
	struct world world;
	char *a, *b;

	world.first = mint_key_new(MINT_FIRST);
	world.second = mint_key_new(MINT_SECOND);
	a = mint_jwk(world.first, "one", "\"alg\":\"RS256\"");
	b = mint_jwk(world.second, "two", "\"alg\":\"RS256\"");
	world.old_set = mint_set(a, NULL);
	world.new_set = mint_set(b, a, NULL);
	free(a);
	free(b);
	world.gate = gate_fixture_new(MINT_ISSUER, authgear, POLICIES);
	gate_fixture_serve(world.gate, world.old_set);
	return world;
}

static void
end(struct world *world)
{
	gate_fixture_free(world->gate);
	mint_key_free(world->first);
	mint_key_free(world->second);
	free(world->old_set);
	free(world->new_set);
}

/* What a user token of this key says. */
static enum reason
ask_issued(struct world *world, const struct mint_key *key, const char *kid,
    int64_t issued_at)
{
	char *token = mint_good(key, kid, issued_at);
	enum reason reason = gate_fixture_ask(world->gate, "default",
	    token)->reason;

	free(token);
	return reason;
}

static enum reason
ask_one(struct world *world)
{
	return ask_issued(world, world->first, "one", world->gate->now.wall);
}

static enum reason
ask_two(struct world *world)
{
	return ask_issued(world, world->second, "two", world->gate->now.wall);
}

static const struct decision *
decision(const struct world *world)
{
	return gate_task_decision(world->gate->task);
}

static void
granted(void **state)
{
	struct world world = begin("");

	(void)state;
	assert_int_equal(ask_one(&world), REASON_GRANTED);
	assert_int_equal(decision(&world)->verdict, VERDICT_GRANTED);
	assert_string_equal(decision(&world)->remote_user, MINT_USER);
	assert_string_equal(decision(&world)->facts->key_id, "one");
	assert_string_equal(decision(&world)->policy->name, "default");
	assert_int_equal(strlen(decision(&world)->credential_hash), 64);
	assert_int_equal(world.gate->metadata_count, 1);
	assert_int_equal(world.gate->jwks_count, 1);
	assert_int_equal(ask_one(&world), REASON_GRANTED);
	gate_fixture_restart(world.gate);
	assert_int_equal(ask_one(&world), REASON_GRANTED);
	assert_int_equal(world.gate->jwks_count, 1);
	end(&world);
}

static void
questions(void **state)
{
	static const struct {
		struct web_question question;
		enum reason expected;
	} cases[] = {
		{ { "default", 0, NULL, NULL, NULL, 0 },
		    REASON_NO_CREDENTIAL },
		{ { "default", 0, "Basic eA==", NULL, NULL, 0 },
		    REASON_NO_CREDENTIAL },
		{ { "default", 1, NULL, NULL, NULL, 0 },
		    REASON_POLICY_UNKNOWN },
		{ { "nothere", 0, NULL, NULL, NULL, 0 },
		    REASON_POLICY_UNKNOWN },
		{ { NULL, 0, NULL, NULL, NULL, 0 }, REASON_POLICY_MISSING },
		{ { "", 0, NULL, NULL, NULL, 0 }, REASON_POLICY_MISSING },
		{ { "default", 0, "Bearer a,b", NULL, NULL, 0 },
		    REASON_MALFORMED },
		{ { "default", 0, "Bearer IY73tucWDUyBWEFTvRiOHNth4qZVw0IQ",
		    NULL, NULL, 0 }, REASON_NEEDS_RESOLVER },
		{ { "default", 0, NULL,
		    "app_session=IY73tucWDUyBWEFTvRiOHNth4qZVw0IQ", NULL, 0 },
		    REASON_NEEDS_RESOLVER },
	};
	struct world world = begin("");
	const struct decision *got;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		got = gate_fixture_question(world.gate, &cases[i].question);
		if (got->reason != cases[i].expected)
			fail_msg("case %zu: %s", i, reason_name(got->reason));
		assert_null(got->facts);
		assert_null(got->remote_user);
	}
	assert_int_equal(world.gate->metadata_count, 0);
	end(&world);
}

/* Claims that refuse: by a known key, then by one that is not known, where
 * they must not cause a fetch. */
static void
bad_claims(void **state)
{
	static const struct {
		const char *name, *value;
		enum reason expected;
	} cases[] = {
		{ "iss", "\"https://evil.example\"", REASON_WRONG_ISSUER },
		{ "iss", "\"" MINT_ISSUER "/\"", REASON_WRONG_ISSUER },
		{ "iss", NULL, REASON_MISSING_CLAIM },
		{ "exp", "1799999940", REASON_EXPIRED },
		{ "exp", "\"1800000300\"", REASON_MALFORMED },
		{ "nbf", "1800000061", REASON_NOT_YET_VALID },
		{ "iat", "1800000061", REASON_NOT_YET_VALID },
		{ "sub", NULL, REASON_MISSING_CLAIM },
		{ "jti", "[]", REASON_MALFORMED },
	};
	struct world world = begin("");
	char *claims, *header[2], *token;
	const struct decision *got;
	size_t i, known;

	(void)state;
	header[0] = mint_header("nothere");
	header[1] = mint_header("one");
	for (known = 0; known < 2; known++) {
		for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			claims = mint_claims(WALL, cases[i].name,
			    cases[i].value, NULL);
			token = mint_token(world.first, MINT_RS256,
			    header[known], claims);
			got = gate_fixture_ask(world.gate, "default", token);
			if (got->reason != cases[i].expected)
				fail_msg("case %zu: %s", i,
				    reason_name(got->reason));
			assert_null(got->facts);
			free(claims);
			free(token);
		}
		assert_int_equal(world.gate->jwks_count, (int)known);
		assert_int_equal(ask_one(&world), REASON_GRANTED);
	}
	free(header[0]);
	free(header[1]);
	end(&world);
}

static void
forged(void **state)
{
	struct world world = begin("");
	char *header = mint_header("one");
	char *claims = mint_claims(WALL, "iss", "\"x\"", "exp", "1", NULL);
	char *token = mint_token(world.second, MINT_RS256, header, claims);

	(void)state;
	assert_int_equal(ask_one(&world), REASON_GRANTED);
	assert_int_equal(ask_issued(&world, world.second, "one", WALL),
	    REASON_BAD_SIGNATURE);
	/* the signature goes before the claims */
	assert_int_equal(gate_fixture_ask(world.gate, "default",
	    token)->reason, REASON_BAD_SIGNATURE);
	free(token);
	token = mint_token(world.first, MINT_UNSIGNED, header, claims);
	assert_int_not_equal(gate_fixture_ask(world.gate, "default",
	    token)->verdict, VERDICT_GRANTED);
	free(token);
	token = mint_token(world.first, MINT_PS256, header, claims);
	assert_int_equal(gate_fixture_ask(world.gate, "default",
	    token)->reason, REASON_BAD_SIGNATURE);
	free(token);
	free(claims);
	free(header);
	end(&world);
}

/* Cut at the end, and still longer than the smallest signature there is. */
static void
cut_signature(void **state)
{
	struct world world = begin("");
	struct mint_key *large = mint_key_new(MINT_LARGE);
	char *set = mint_set_of(large, "one");
	char *token = mint_good(large, "one", WALL);
	size_t len = strlen(token);

	(void)state;
	gate_fixture_serve(world.gate, set);
	assert_int_equal(gate_fixture_ask(world.gate, "default",
	    token)->reason, REASON_GRANTED);
	token[len - 4] = '\0';
	assert_int_equal(gate_fixture_ask(world.gate, "default",
	    token)->reason, REASON_TRUNCATED);
	assert_null(decision(&world)->facts);
	end(&world);

	/* one that is too long is of another key */
	world = begin("");
	assert_int_equal(ask_issued(&world, large, "one", WALL),
	    REASON_BAD_SIGNATURE);
	free(token);
	free(set);
	mint_key_free(large);
	end(&world);
}

/* A forged token may cause the first fetch, and is refused by its keys. */
static void
forged_before_the_fetch(void **state)
{
	struct world world = begin("");

	(void)state;
	assert_int_equal(ask_issued(&world, world.second, "one", WALL),
	    REASON_BAD_SIGNATURE);
	assert_int_equal(world.gate->jwks_count, 1);
	end(&world);
}

static void
forbidden_tells_who(void **state)
{
	struct world world = begin("");
	char *token = mint_good(world.first, "one", WALL);
	const struct decision *got = gate_fixture_ask(world.gate, "strict",
	    token);

	(void)state;
	assert_int_equal(got->verdict, VERDICT_FORBIDDEN);
	assert_string_equal(got->facts->user_id, MINT_USER);
	assert_null(got->remote_user);
	free(token);
	end(&world);
}

static void
failed_fetches(void **state)
{
	static const struct {
		enum exchange_outcome outcome;
		int metadata_status, jwks_status;
		const char *metadata, *jwks;	/* NULL: good ones */
		const char *detail;
	} cases[] = {
		{ EXCHANGE_UNREACHABLE, 200, 200, NULL, NULL, "refused" },
		{ EXCHANGE_FAULTY, 200, 200, NULL, NULL, "openid-config" },
		{ EXCHANGE_UNSENT, 200, 200, NULL, NULL, "openid-config" },
		{ EXCHANGE_ANSWERED, 404, 200, NULL, NULL, "404" },
		{ EXCHANGE_ANSWERED, 204, 200, NULL, NULL, "204" },
		{ EXCHANGE_ANSWERED, 301, 200, NULL, NULL, "301" },
		{ EXCHANGE_ANSWERED, 200, 500, NULL, NULL, "jwks: HTTP" },
		{ EXCHANGE_ANSWERED, 200, 206, NULL, NULL, "206" },
		{ EXCHANGE_ANSWERED, 200, 200, "{", NULL, "openid-config" },
		{ EXCHANGE_ANSWERED, 200, 200, "{\"issuer\":"
		    "\"https://evil.example\",\"jwks_uri\":\"" MINT_ISSUER
		    "/oauth2/jwks\"}", NULL, "openid-config" },
		{ EXCHANGE_ANSWERED, 200, 200, "{\"issuer\":\"" MINT_ISSUER
		    "\",\"jwks_uri\":\"https://evil.example/oauth2/jwks\"}",
		    NULL, "openid-config" },
		{ EXCHANGE_ANSWERED, 200, 200, NULL, "", "jwks" },
		{ EXCHANGE_ANSWERED, 200, 200, NULL, "{\"keys\":[]}",
		    "jwks" },
		{ EXCHANGE_ANSWERED, 200, 200, NULL, "{\"keys\":[{\"kty\":"
		    "\"RSA\",\"kid\":\"two\"}]}", "jwks" },
	};
	struct world world;
	size_t i, with_set;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]) * 2; i++) {
		with_set = i % 2;
		world = begin("");
		if (with_set) {
			assert_int_equal(ask_one(&world), REASON_GRANTED);
			gate_fixture_pass(world.gate, 10000);
		}
		world.gate->outcome = cases[i / 2].outcome;
		world.gate->metadata_status = cases[i / 2].metadata_status;
		world.gate->jwks_status = cases[i / 2].jwks_status;
		gate_fixture_serve(world.gate, cases[i / 2].jwks != NULL ?
		    cases[i / 2].jwks : world.new_set);
		if (cases[i / 2].metadata != NULL) {
			free(world.gate->metadata);
			world.gate->metadata = mint_text("%s",
			    cases[i / 2].metadata);
		}
		assert_int_equal(ask_two(&world), with_set ?
		    REASON_KEY_UNSETTLED : REASON_KEYS_UNREACHABLE);
		if (strstr(decision(&world)->detail.text,
		    cases[i / 2].detail) == NULL)
			fail_msg("case %zu: %s", i,
			    decision(&world)->detail.text);
		assert_int_equal(decision(&world)->retry_after, 10);
		/* nobody asks again within the cooldown, known keys serve */
		gate_fixture_pass(world.gate, 9000);
		assert_int_equal(ask_two(&world), with_set ?
		    REASON_KEY_UNSETTLED : REASON_KEYS_UNREACHABLE);
		assert_int_equal(decision(&world)->retry_after, 1);
		assert_int_equal(world.gate->metadata_count,
		    1 + (int)with_set);
		assert_int_equal(ask_one(&world), with_set ? REASON_GRANTED :
		    REASON_KEYS_UNREACHABLE);
		end(&world);
	}
}

/* Fetch, rotation and minting in one second, Authgear's clock behind. */
static void
rotation(void **state)
{
	/* what Authgear's clock is behind, up to the leeway */
	static const int64_t behind[] = { 0, 1, 59, 60 };
	struct world world;
	int64_t minted;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
		world = begin("");
		assert_int_equal(ask_one(&world), REASON_GRANTED);
		gate_fixture_serve(world.gate, world.new_set);
		minted = WALL - behind[i];
		assert_int_equal(ask_issued(&world, world.second, "two",
		    minted), REASON_KEY_UNSETTLED);
		assert_int_equal(decision(&world)->retry_after, 10);
		gate_fixture_pass(world.gate, 9999);
		assert_int_equal(ask_issued(&world, world.second, "two",
		    minted), REASON_KEY_UNSETTLED);
		assert_int_equal(world.gate->jwks_count, 1);
		gate_fixture_pass(world.gate, 1);
		assert_int_equal(ask_issued(&world, world.second, "two",
		    minted), REASON_GRANTED);
		assert_int_equal(ask_one(&world), REASON_GRANTED);
		assert_int_equal(world.gate->jwks_count, 2);
		end(&world);
	}
}

static void
unknown_key(void **state)
{
	struct world world = begin("");

	(void)state;
	assert_int_equal(ask_issued(&world, world.second, "two", WALL - 61),
	    REASON_UNKNOWN_KEY);
	assert_int_equal(ask_issued(&world, world.second, "two", WALL - 60),
	    REASON_KEY_UNSETTLED);
	gate_fixture_pass(world.gate, 60000);
	/* it is denied without asking */
	assert_int_equal(ask_issued(&world, world.second, "two", WALL - 61),
	    REASON_UNKNOWN_KEY);
	assert_int_equal(world.gate->jwks_count, 1);
	end(&world);
}

/* 1 + T/cooldown + T/ttl fetches, however many gates, whatever is asked. */
static void
flood(void **state)
{
	enum { SECONDS = 300, COOLDOWN = 10, TTL = 100 };
	struct world world = begin("keys_ttl = 100");
	struct gate *gates[2];
	struct gate_task *task;
	enum gate_step step;
	char *token;
	int64_t next;
	int i;

	(void)state;
	gates[0] = world.gate->gate;
	gates[1] = gate_fixture_another(world.gate);
	for (i = 0; i < SECONDS; i++) {
		token = mint_good(world.second, i % 2 ? "x" : "y",
		    world.gate->now.wall);
		step = gate_fixture_start(world.gate, gates[i % 2], "default",
		    token, &task);
		gate_fixture_run(world.gate, gates[i % 2], task, step);
		assert_int_equal(gate_task_decision(task)->verdict,
		    VERDICT_UNDECIDED);
		gate_task_free(task);
		free(token);
		task = gate_refresh(gates[(i + 1) % 2], &world.gate->now,
		    &next);
		if (task != NULL)
			gate_fixture_run(world.gate, gates[i % 2], task,
			    GATE_EXCHANGE);
		gate_task_free(task);
		assert_true(next > world.gate->now.boottime);
		gate_fixture_pass(world.gate, 1000);
	}
	assert_true(world.gate->jwks_count <=
	    1 + SECONDS / COOLDOWN + SECONDS / TTL);
	assert_true(world.gate->jwks_count >= SECONDS / COOLDOWN);
	assert_int_equal(ask_one(&world), REASON_GRANTED);
	gate_free(gates[1]);
	end(&world);
}

/* One fetches, the other waits for it; any gate may go on with a task. */
static void
two_at_once(void **state)
{
	struct world world = begin("");
	struct gate *other = gate_fixture_another(world.gate);
	char *token = mint_good(world.first, "one", WALL);
	struct gate_task *a, *b;

	(void)state;
	assert_int_equal(gate_fixture_start(world.gate, world.gate->gate,
	    "default", token, &a), GATE_EXCHANGE);
	assert_int_equal(gate_fixture_start(world.gate, other, "default",
	    token, &b), GATE_WAIT);
	assert_true(gate_task_resume_at(b) > world.gate->now.boottime);
	assert_true(gate_task_resume_at(b) < gate_task_deadline(b));
	assert_null(gate_task_exchange(b));
	assert_int_equal(gate_resume(other, b, &world.gate->now), GATE_WAIT);
	gate_fixture_run(world.gate, other, a, GATE_EXCHANGE);
	assert_int_equal(gate_task_decision(a)->reason, REASON_GRANTED);
	assert_int_equal(gate_resume(world.gate->gate, b, &world.gate->now),
	    GATE_DONE);
	assert_int_equal(gate_task_decision(b)->reason, REASON_GRANTED);
	assert_int_equal(world.gate->jwks_count, 1);
	gate_task_free(a);
	gate_task_free(b);
	free(token);
	gate_free(other);
	end(&world);
}

static void
holder_died(void **state)
{
	struct world world = begin("");
	char *token = mint_good(world.first, "one", WALL);
	struct gate_task *task;

	(void)state;
	assert_int_equal(gate_fixture_start(world.gate, world.gate->gate,
	    "default", token, &task), GATE_EXCHANGE);
	gate_task_free(task);
	/* waits for the dead one to its deadline */
	assert_int_equal(ask_one(&world), REASON_KEYS_UNREACHABLE);
	assert_true(world.gate->now.boottime <= GATE_FIXTURE_BOOT + 2000);
	assert_true(decision(&world)->retry_after >= 1);
	gate_fixture_pass(world.gate, 7999);
	assert_int_equal(ask_one(&world), REASON_KEYS_UNREACHABLE);
	gate_fixture_pass(world.gate, 1);
	assert_int_equal(ask_one(&world), REASON_GRANTED);
	free(token);
	end(&world);
}

static void
too_late(void **state)
{
	struct world world = begin("");

	(void)state;
	/* metadata in time, the set at the very deadline: it is kept */
	world.gate->delay = 1000;
	assert_int_equal(ask_one(&world), REASON_KEY_UNSETTLED);
	assert_null(decision(&world)->facts);
	assert_int_equal(world.gate->jwks_count, 1);
	assert_int_equal(ask_one(&world), REASON_GRANTED);
	end(&world);

	world = begin("");
	world.gate->delay = 2000;
	assert_int_equal(ask_one(&world), REASON_KEYS_UNREACHABLE);
	assert_int_equal(world.gate->jwks_count, 0);
	end(&world);

	world = begin("");
	world.gate->delay = 999;
	assert_int_equal(ask_one(&world), REASON_GRANTED);
	end(&world);
}

static void
outage(void **state)
{
	struct world world = begin("keys_max_stale = 7200");

	(void)state;
	assert_int_equal(ask_one(&world), REASON_GRANTED);
	world.gate->outcome = EXCHANGE_UNREACHABLE;
	gate_fixture_pass(world.gate, 3600000);
	assert_int_equal(ask_one(&world), REASON_GRANTED);
	gate_fixture_restart(world.gate);
	gate_fixture_pass(world.gate, 3600000);
	assert_int_equal(ask_one(&world), REASON_GRANTED);
	assert_int_equal(world.gate->metadata_count, 1);
	gate_fixture_pass(world.gate, 1);
	assert_int_equal(ask_one(&world), REASON_KEYS_UNREACHABLE);
	gate_fixture_pass(world.gate, 10000);
	world.gate->outcome = EXCHANGE_ANSWERED;
	assert_int_equal(ask_one(&world), REASON_GRANTED);
	end(&world);
}

static void
refresh(void **state)
{
	struct world world = begin("");
	struct gate_task *task;
	int64_t next;

	(void)state;
	task = gate_refresh(world.gate->gate, &world.gate->now, &next);
	assert_non_null(task);
	assert_null(gate_refresh(world.gate->gate, &world.gate->now, &next));
	gate_fixture_run(world.gate, world.gate->gate, task, GATE_EXCHANGE);
	assert_int_not_equal(gate_task_decision(task)->verdict,
	    VERDICT_GRANTED);
	assert_string_equal(gate_task_decision(task)->detail.text, "");
	gate_task_free(task);
	assert_null(gate_refresh(world.gate->gate, &world.gate->now, &next));
	assert_int_equal(next, GATE_FIXTURE_BOOT + 3600000);
	assert_int_equal(ask_one(&world), REASON_GRANTED);
	assert_int_equal(world.gate->jwks_count, 1);
	/* another boot: at once */
	world.gate->now.boot_id[0] = 'f';
	world.gate->outcome = EXCHANGE_UNREACHABLE;
	task = gate_refresh(world.gate->gate, &world.gate->now, &next);
	assert_non_null(task);
	gate_fixture_run(world.gate, world.gate->gate, task, GATE_EXCHANGE);
	assert_string_not_equal(gate_task_decision(task)->detail.text, "");
	gate_task_free(task);
	assert_int_equal(ask_one(&world), REASON_GRANTED);
	/* the metadata at the very deadline: it did not go well */
	gate_fixture_pass(world.gate, 10000);
	world.gate->outcome = EXCHANGE_ANSWERED;
	world.gate->delay = 10000;
	task = gate_refresh(world.gate->gate, &world.gate->now, &next);
	assert_non_null(task);
	gate_fixture_run(world.gate, world.gate->gate, task, GATE_EXCHANGE);
	assert_string_not_equal(gate_task_decision(task)->detail.text, "");
	gate_task_free(task);
	/* too slow for a decision, not for the timer */
	gate_fixture_pass(world.gate, 10000);
	world.gate->delay = 4000;
	task = gate_refresh(world.gate->gate, &world.gate->now, &next);
	assert_non_null(task);
	gate_fixture_run(world.gate, world.gate->gate, task, GATE_EXCHANGE);
	assert_string_equal(gate_task_decision(task)->detail.text, "");
	gate_task_free(task);
	end(&world);
}

/* Without its state there is no gate. */
static void
no_state(void **state)
{
	static const char *const lost[] = { "state/trust.db",
	    "state/daemon" };
	struct world world;
	struct error error;
	char *aside;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
		world = begin("");
		aside = mint_text("%s.aside",
		    gate_fixture_path(world.gate, lost[i]));
		assert_int_equal(rename(gate_fixture_path(world.gate,
		    lost[i]), aside), 0);
		error_clear(&error);
		assert_null(gate_new(world.gate->settings, NULL, &error));
		assert_string_not_equal(error_text(&error), "no error");
		free(aside);
		end(&world);
	}
}

/* What is done stays done. */
static void
resumed_when_done(void **state)
{
	struct world world = begin("");

	(void)state;
	assert_int_equal(ask_one(&world), REASON_GRANTED);
	gate_fixture_pass(world.gate, 86400000);
	assert_int_equal(gate_resume(world.gate->gate, world.gate->task,
	    &world.gate->now), GATE_DONE);
	assert_int_equal(decision(&world)->reason, REASON_GRANTED);
	assert_string_equal(decision(&world)->remote_user, MINT_USER);
	end(&world);
}

/* trust.db gone or broken: never granted, and nothing is fetched. */
static void
no_trust(void **state)
{
	struct world world = begin("");

	(void)state;
	assert_int_equal(ask_one(&world), REASON_GRANTED);
	assert_int_equal(unlink(gate_fixture_path(world.gate,
	    "state/trust.db")), 0);
	gate_fixture_pass(world.gate, 10000);
	assert_int_equal(ask_one(&world), REASON_STATE_UNREADABLE);
	assert_int_equal(decision(&world)->verdict, VERDICT_UNDECIDED);
	assert_null(decision(&world)->facts);
	assert_null(decision(&world)->remote_user);
	assert_int_equal(ask_two(&world), REASON_STATE_UNREADABLE);
	assert_int_equal(world.gate->jwks_count, 1);
	end(&world);
}

/* status.db can be begun anew: what was in it is fetched again. */
static void
no_status(void **state)
{
	static const char *const names[] = { "state/daemon/status.db",
	    "state/daemon/status.db-wal", "state/daemon/status.db-shm" };
	struct world world = begin("");
	size_t i;

	(void)state;
	assert_int_equal(ask_one(&world), REASON_GRANTED);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(gate_fixture_path(world.gate, names[i]));
	gate_fixture_pass(world.gate, 10000);
	assert_int_equal(ask_one(&world), REASON_GRANTED);
	assert_int_equal(ask_one(&world), REASON_GRANTED);
	assert_in_range(world.gate->jwks_count, 1, 2);
	end(&world);
}

static void
corrupt_set(void **state)
{
	struct world world = begin("");

	(void)state;
	assert_int_equal(ask_one(&world), REASON_GRANTED);
	gate_fixture_restart(world.gate);
	scratch_sql(gate_fixture_path(world.gate, "state/daemon/status.db"),
	    "UPDATE issuer SET jwks = CAST('{}' AS BLOB)");
	assert_int_equal(ask_one(&world), REASON_KEYS_UNREACHABLE);
	gate_fixture_pass(world.gate, 10000);
	assert_int_equal(ask_one(&world), REASON_GRANTED);
	assert_int_equal(world.gate->jwks_count, 2);
	end(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(granted),
		cmocka_unit_test(questions),
		cmocka_unit_test(bad_claims),
		cmocka_unit_test(forged),
		cmocka_unit_test(cut_signature),
		cmocka_unit_test(forged_before_the_fetch),
		cmocka_unit_test(forbidden_tells_who),
		cmocka_unit_test(failed_fetches),
		cmocka_unit_test(rotation),
		cmocka_unit_test(unknown_key),
		cmocka_unit_test(flood),
		cmocka_unit_test(two_at_once),
		cmocka_unit_test(holder_died),
		cmocka_unit_test(too_late),
		cmocka_unit_test(outage),
		cmocka_unit_test(refresh),
		cmocka_unit_test(no_state),
		cmocka_unit_test(resumed_when_done),
		cmocka_unit_test(no_trust),
		cmocka_unit_test(no_status),
		cmocka_unit_test(corrupt_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
