/* The gate over a simulated Authgear: refusals, state that fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "mint.h"
#include "two_keys.h"

#define WALL GATE_FIXTURE_WALL

static void
granted(void **state)
{
	struct two_keys world = two_keys_begin("");

	(void)state;
	assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
	assert_int_equal(two_keys_decision(&world)->verdict, VERDICT_GRANTED);
	assert_string_equal(two_keys_decision(&world)->remote_user, MINT_USER);
	assert_string_equal(two_keys_decision(&world)->facts->key_id, "one");
	assert_string_equal(two_keys_decision(&world)->policy->name, "default");
	assert_int_equal(strlen(two_keys_decision(&world)->credential_hash),
	    64);
	assert_int_equal(world.gate->metadata_count, 1);
	assert_int_equal(world.gate->jwks_count, 1);
	assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
	gate_fixture_restart(world.gate);
	assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
	assert_int_equal(world.gate->jwks_count, 1);
	two_keys_end(&world);
}

static void
questions(void **state)
{
	static const struct {
		const char *name;
		struct web_question question;
		enum reason expected;
	} cases[] = {
		{ "nothing", { "default", 0, NULL, NULL, NULL, 0 },
		    REASON_NO_CREDENTIAL },
		{ "Basic", { "default", 0, "Basic eA==", NULL, NULL, 0 },
		    REASON_NO_CREDENTIAL },
		{ "policy twice", { "default", 1, NULL, NULL, NULL, 0 },
		    REASON_POLICY_UNKNOWN },
		{ "unknown policy", { "nothere", 0, NULL, NULL, NULL, 0 },
		    REASON_POLICY_UNKNOWN },
		{ "no policy", { NULL, 0, NULL, NULL, NULL, 0 },
		    REASON_POLICY_MISSING },
		{ "empty policy", { "", 0, NULL, NULL, NULL, 0 },
		    REASON_POLICY_MISSING },
		{ "malformed", { "default", 0, "Bearer a,b", NULL, NULL, 0 },
		    REASON_MALFORMED },
		{ "opaque token", { "default", 0,
		    "Bearer IY73tucWDUyBWEFTvRiOHNth4qZVw0IQ", NULL, NULL, 0 },
		    REASON_NEEDS_RESOLVER },
		{ "app_session", { "default", 0, NULL,
		    "app_session=IY73tucWDUyBWEFTvRiOHNth4qZVw0IQ", NULL, 0 },
		    REASON_NEEDS_RESOLVER },
	};
	struct two_keys world = two_keys_begin("");
	const struct decision *got;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		got = gate_fixture_question(world.gate, &cases[i].question);
		if (got->reason != cases[i].expected)
			fail_msg("%s: %s", cases[i].name,
			    reason_name(got->reason));
		assert_null(got->facts);
		assert_null(got->remote_user);
	}
	assert_int_equal(world.gate->metadata_count, 0);
	two_keys_end(&world);
}

/* Claims that refuse: by a known key, then by one that is not known, where
 * they must not cause a fetch. */
static void
bad_claims(void **state)
{
	static const struct {
		const char *name, *claim, *value;
		enum reason expected;
	} cases[] = {
		{ "another issuer", "iss", "\"https://evil.example\"",
		    REASON_WRONG_ISSUER },
		{ "a slash more", "iss", "\"" MINT_ISSUER "/\"",
		    REASON_WRONG_ISSUER },
		{ "no issuer", "iss", NULL, REASON_MISSING_CLAIM },
		{ "over", "exp", "1799999940", REASON_EXPIRED },
		{ "exp a text", "exp", "\"1800000300\"", REASON_MALFORMED },
		{ "too early", "nbf", "1800000061", REASON_NOT_YET_VALID },
		{ "of later", "iat", "1800000061", REASON_NOT_YET_VALID },
		{ "nobody", "sub", NULL, REASON_MISSING_CLAIM },
		{ "jti a list", "jti", "[]", REASON_MALFORMED },
	};
	struct two_keys world = two_keys_begin("");
	char *claims, *header[2], *token;
	const struct decision *got;
	size_t i, known;

	(void)state;
	header[0] = mint_header("nothere");
	header[1] = mint_header("one");
	for (known = 0; known < 2; known++) {
		for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			claims = mint_claims(WALL, cases[i].claim,
			    cases[i].value, NULL);
			token = mint_token(world.first, MINT_RS256,
			    header[known], claims);
			got = gate_fixture_ask(world.gate, "default", token);
			if (got->reason != cases[i].expected)
				fail_msg("%s: %s", cases[i].name,
				    reason_name(got->reason));
			assert_null(got->facts);
			free(claims);
			free(token);
		}
		assert_int_equal(world.gate->jwks_count, (int)known);
		assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
	}
	free(header[0]);
	free(header[1]);
	two_keys_end(&world);
}

static void
forged(void **state)
{
	struct two_keys world = two_keys_begin("");
	char *header = mint_header("one");
	char *claims = mint_claims(WALL, "iss", "\"x\"", "exp", "1", NULL);
	char *token = mint_token(world.second, MINT_RS256, header, claims);

	(void)state;
	assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
	assert_int_equal(two_keys_ask(&world, world.second, "one", WALL),
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
	two_keys_end(&world);
}

/* Cut at the end, and still longer than the smallest signature there is. */
static void
cut_signature(void **state)
{
	struct two_keys world = two_keys_begin("");
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
	assert_null(two_keys_decision(&world)->facts);
	two_keys_end(&world);

	/* one that is too long is of another key */
	world = two_keys_begin("");
	assert_int_equal(two_keys_ask(&world, large, "one", WALL),
	    REASON_BAD_SIGNATURE);
	free(token);
	free(set);
	mint_key_free(large);
	two_keys_end(&world);
}

/* A forged token may cause the first fetch, and is refused by its keys. */
static void
forged_before_the_fetch(void **state)
{
	struct two_keys world = two_keys_begin("");

	(void)state;
	assert_int_equal(two_keys_ask(&world, world.second, "one", WALL),
	    REASON_BAD_SIGNATURE);
	assert_int_equal(world.gate->jwks_count, 1);
	two_keys_end(&world);
}

static void
forbidden_tells_who(void **state)
{
	struct two_keys world = two_keys_begin("");
	char *token = mint_good(world.first, "one", WALL);
	const struct decision *got = gate_fixture_ask(world.gate, "strict",
	    token);

	(void)state;
	assert_int_equal(got->verdict, VERDICT_FORBIDDEN);
	assert_string_equal(got->facts->user_id, MINT_USER);
	assert_null(got->remote_user);
	free(token);
	two_keys_end(&world);
}

/* Without its state there is no gate. */
static void
no_state(void **state)
{
	static const char *const lost[] = { "state/trust.db",
	    "state/daemon" };
	struct two_keys world;
	struct error error;
	char *aside;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
		world = two_keys_begin("");
		aside = mint_text("%s.aside",
		    gate_fixture_path(world.gate, lost[i]));
		assert_int_equal(rename(gate_fixture_path(world.gate,
		    lost[i]), aside), 0);
		error_clear(&error);
		assert_null(gate_new(world.gate->settings, NULL, &error));
		assert_string_not_equal(error_text(&error), "no error");
		free(aside);
		two_keys_end(&world);
	}
}

/* What is done stays done. */
static void
resumed_when_done(void **state)
{
	struct two_keys world = two_keys_begin("");

	(void)state;
	assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
	gate_fixture_pass(world.gate, 86400000);
	assert_int_equal(gate_resume(world.gate->gate, world.gate->task,
	    &world.gate->now), GATE_DONE);
	assert_int_equal(two_keys_decision(&world)->reason, REASON_GRANTED);
	assert_string_equal(two_keys_decision(&world)->remote_user, MINT_USER);
	two_keys_end(&world);
}

/* trust.db gone or broken: never granted, and nothing is fetched. */
static void
no_trust(void **state)
{
	struct two_keys world = two_keys_begin("");

	(void)state;
	assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
	assert_int_equal(unlink(gate_fixture_path(world.gate,
	    "state/trust.db")), 0);
	gate_fixture_pass(world.gate, 10000);
	assert_int_equal(two_keys_ask_one(&world), REASON_STATE_UNREADABLE);
	assert_int_equal(two_keys_decision(&world)->verdict, VERDICT_UNDECIDED);
	assert_null(two_keys_decision(&world)->facts);
	assert_null(two_keys_decision(&world)->remote_user);
	assert_int_equal(two_keys_ask_two(&world), REASON_STATE_UNREADABLE);
	assert_int_equal(world.gate->jwks_count, 1);
	two_keys_end(&world);
}

/* status.db can be begun anew: what was in it is fetched again. */
static void
no_status(void **state)
{
	static const char *const names[] = { "state/daemon/status.db",
	    "state/daemon/status.db-wal", "state/daemon/status.db-shm" };
	struct two_keys world = two_keys_begin("");
	size_t i;

	(void)state;
	assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(gate_fixture_path(world.gate, names[i]));
	gate_fixture_pass(world.gate, 10000);
	assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
	assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
	assert_in_range(world.gate->jwks_count, 1, 2);
	two_keys_end(&world);
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
		cmocka_unit_test(no_state),
		cmocka_unit_test(resumed_when_done),
		cmocka_unit_test(no_trust),
		cmocka_unit_test(no_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
