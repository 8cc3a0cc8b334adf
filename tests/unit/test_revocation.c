/* Kind x rule x fact present or absent x edge of time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "facts/revocation.h"

#define NO REVOCATION_NO_TIME
#define T INT64_C(1800000000)
#define NOW (T + 100)
#define HASH \
	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static char user[] = "user-1", client[] = "client-1", jti[] = "jti-1";
static char kid[] = "kid-1";

static struct facts
facts_of(int64_t login, int64_t issued)
{
	struct facts facts;

	facts_init(&facts);
	facts.user_id = user;
	facts.client_id = client;
	facts.token_id = jti;
	facts.key_id = kid;
	facts.authenticated_at = login;
	facts.issued_at = issued;
	return facts;
}

/* Does it hit these facts as it is meant to? */
static void
expect_hit(const char *name, const struct revocation *row,
    const struct facts *facts, int64_t wall, int wanted)
{
	if (revocation_hits(row, facts, HASH, wall) != wanted)
		fail_msg("%s: %s %s at %lld", name,
		    revocation_kind_name(row->kind),
		    wanted ? "does not hit" : "hits", (long long)wall);
}

static void
values(void **state)
{
	static const struct {
		const char *name;
		enum revocation_kind kind;
		enum revocation_rule rule;
		const char *value;
		enum reason reason;
	} rows[] = {
		{ "a token by jti", REVOCATION_TOKEN, REVOCATION_REVOKED,
		    "jti-1", REASON_REVOKED },
		{ "a token by hash", REVOCATION_TOKEN, REVOCATION_REVOKED,
		    HASH, REASON_REVOKED },
		{ "a user signed out", REVOCATION_USER, REVOCATION_SIGNED_OUT,
		    "user-1", REASON_SIGNED_OUT },
		{ "a user blocked", REVOCATION_USER, REVOCATION_BLOCKED,
		    "user-1", REASON_USER_BLOCKED },
		{ "a client signed out", REVOCATION_CLIENT,
		    REVOCATION_SIGNED_OUT, "client-1", REASON_CLIENT_REVOKED },
		{ "a client blocked", REVOCATION_CLIENT, REVOCATION_BLOCKED,
		    "client-1", REASON_CLIENT_REVOKED },
		{ "a key", REVOCATION_KEY, REVOCATION_REVOKED, "kid-1",
		    REASON_KEY_REVOKED },
	};
	static const char *const others[] = { "", "jti-", "jti-11", "JTI-1",
	    "user-2", "client-2", "kid-2", "00112233" };
	struct facts facts = facts_of(T, T), none;
	size_t i, j;

	(void)state;
	facts_init(&none);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct revocation row = { rows[i].kind, rows[i].rule,
		    rows[i].value, NO, NO };

		if (row.rule == REVOCATION_SIGNED_OUT)
			row.from = T;
		expect_hit(rows[i].name, &row, &facts, NOW, 1);
		/* the fact is absent */
		if (revocation_check(&row) != 0 ||
		    revocation_reason(&row) != rows[i].reason ||
		    revocation_hits(&row, &none, NULL, NOW) != 0 ||
		    revocation_hits(&row, &none, "", NOW) != 0)
			fail_msg("%s", rows[i].name);
		for (j = 0; j < sizeof(others) / sizeof(others[0]); j++) {
			row.value = others[j];
			expect_hit(others[j], &row, &facts, NOW, 0);
		}
	}
}

/* A value of one kind never hits through the fact of another. */
static void
kinds_apart(void **state)
{
	static const char *const all[] = { "jti-1", "user-1", "client-1",
	    "kid-1" };
	static const enum revocation_kind kinds[] = { REVOCATION_TOKEN,
	    REVOCATION_USER, REVOCATION_CLIENT, REVOCATION_KEY };
	struct facts facts = facts_of(T, T);
	size_t i, j;

	(void)state;
	for (i = 0; i < 4; i++)
		for (j = 0; j < 4; j++) {
			const struct revocation row = { kinds[i],
			    i == 1 || i == 2 ? REVOCATION_BLOCKED :
			    REVOCATION_REVOKED, all[j], NO, NO };

			expect_hit(all[j], &row, &facts, NOW, i == j);
		}
}

static void
signed_out(void **state)
{
	static const struct {
		const char *name;
		int64_t login, issued;
		int user, client, all;
	} rows[] = {
		{ "long before", T - 1000, T - 1000, 1, 1, 1 },
		{ "at T", T, T, 1, 1, 1 },
		{ "the last second", T + 5, T + 5, 1, 1, 1 },
		{ "the first second after", T + 6, T + 6, 0, 0, 0 },
		{ "long after", T + 1000, T + 1000, 0, 0, 0 },
		/* the login is still the old one */
		{ "refreshed after it", T, T + 6, 1, 0, 1 },
		{ "refreshed long after it", T + 5, T + 1000, 1, 0, 1 },
		{ "a login after the token", T + 6, T + 5, 0, 1, 1 },
		/* the time of issue in its place */
		{ "no login, long before", NO, T - 1000, 1, 1, 1 },
		{ "no login, the last second", NO, T + 5, 1, 1, 1 },
		{ "no login, the first after", NO, T + 6, 0, 0, 0 },
		{ "no issue, the last second", T + 5, NO, 1, 1, 1 },
		{ "no issue, the first after", T + 6, NO, 0, 1, 0 },
		{ "neither", NO, NO, 1, 1, 1 },
		{ "the end of time", INT64_MAX, INT64_MAX, 0, 0, 0 },
		{ "its beginning", 0, 0, 1, 1, 1 },
	};
	struct revocation row = { REVOCATION_USER, REVOCATION_SIGNED_OUT,
	    user, T, NO };
	int64_t wall;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct facts facts = facts_of(rows[i].login,
		    rows[i].issued);

		/* whenever it is asked, also with a clock set back */
		for (wall = T - 3600; wall <= T + 3600; wall += 3600) {
			row.kind = REVOCATION_USER;
			row.value = user;
			expect_hit(rows[i].name, &row, &facts, wall,
			    rows[i].user);
			row.kind = REVOCATION_CLIENT;
			row.value = client;
			expect_hit(rows[i].name, &row, &facts, wall,
			    rows[i].client);
			row.kind = REVOCATION_ALL;
			row.value = "";
			expect_hit(rows[i].name, &row, &facts, wall,
			    rows[i].all);
			assert_int_equal(revocation_reason(&row),
			    REASON_SIGNED_OUT);
		}
	}
}

static void
windows(void **state)
{
	static const struct {
		const char *name;
		int64_t from, until, wall;
		int hits;
	} rows[] = {
		{ "for ever", NO, NO, 0, 1 },
		{ "for ever", NO, NO, INT64_MAX, 1 },
		{ "from T", T, NO, T - 1, 0 },
		{ "from T", T, NO, T, 1 },
		{ "from T", T, NO, T + 9999, 1 },
		{ "until T", NO, T, 0, 1 },
		{ "until T", NO, T, T - 1, 1 },
		{ "until T", NO, T, T, 0 },
		{ "10 s", T, T + 10, T - 1, 0 },
		{ "10 s", T, T + 10, T, 1 },
		{ "10 s", T, T + 10, T + 9, 1 },
		{ "10 s", T, T + 10, T + 10, 0 },
		{ "one second", T, T + 1, T, 1 },
		{ "one second", T, T + 1, T + 1, 0 },
		{ "the first second", 0, 1, 0, 1 },
		{ "the first second", 0, 1, 1, 0 },
	};
	/* new tokens too: the times of the token mean nothing */
	const struct facts old = facts_of(0, 0);
	const struct facts fresh = facts_of(T + 5000, T + 5000);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct revocation row = { REVOCATION_USER, REVOCATION_BLOCKED,
		    user, rows[i].from, rows[i].until };

		if (revocation_check(&row) != 0)
			fail_msg("%s", rows[i].name);
		expect_hit(rows[i].name, &row, &old, rows[i].wall,
		    rows[i].hits);
		expect_hit(rows[i].name, &row, &fresh, rows[i].wall,
		    rows[i].hits);
		row.kind = REVOCATION_CLIENT;
		row.value = client;
		expect_hit(rows[i].name, &row, &fresh, rows[i].wall,
		    rows[i].hits);
	}
}

/* Its members are its name. */
static void
fail_row(const struct revocation *row)
{
	fail_msg("%s \"%s\" %s, from %lld until %lld",
	    revocation_kind_name(row->kind), row->value,
	    revocation_rule_name(row->rule), (long long)row->from,
	    (long long)row->until);
}

/* What cannot be is refused, and hits rather than not. */
static void
impossible(void **state)
{
	static const struct revocation rows[] = {
		{ REVOCATION_TOKEN, REVOCATION_SIGNED_OUT, jti, T, NO },
		{ REVOCATION_TOKEN, REVOCATION_BLOCKED, jti, NO, NO },
		{ REVOCATION_TOKEN, REVOCATION_REVOKED, jti, T, NO },
		{ REVOCATION_TOKEN, REVOCATION_REVOKED, jti, NO, T },
		{ REVOCATION_USER, REVOCATION_REVOKED, user, NO, NO },
		{ REVOCATION_USER, REVOCATION_SIGNED_OUT, user, NO, NO },
		{ REVOCATION_USER, REVOCATION_SIGNED_OUT, user, 1, T },
		{ REVOCATION_USER, REVOCATION_SIGNED_OUT, user, -2, NO },
		{ REVOCATION_USER, REVOCATION_BLOCKED, user, T, T },
		{ REVOCATION_USER, REVOCATION_BLOCKED, user, T, T - 1 },
		{ REVOCATION_USER, REVOCATION_BLOCKED, user, INT64_MIN, 1 },
		{ REVOCATION_USER, REVOCATION_BLOCKED, user, NO, -7 },
		{ REVOCATION_USER, REVOCATION_RULES, user, NO, NO },
		{ REVOCATION_CLIENT, REVOCATION_REVOKED, client, NO, NO },
		{ REVOCATION_KEY, REVOCATION_SIGNED_OUT, kid, T, NO },
		{ REVOCATION_KEY, REVOCATION_BLOCKED, kid, NO, T },
		{ REVOCATION_ALL, REVOCATION_REVOKED, "", NO, NO },
		{ REVOCATION_ALL, REVOCATION_BLOCKED, "", NO, NO },
		{ REVOCATION_ALL, REVOCATION_SIGNED_OUT, user, T, NO },
		{ REVOCATION_KINDS, REVOCATION_REVOKED, "x", NO, NO },
	};
	static const struct revocation empty[] = {
		{ REVOCATION_TOKEN, REVOCATION_REVOKED, "", NO, NO },
		{ REVOCATION_USER, REVOCATION_BLOCKED, "", NO, NO },
		{ REVOCATION_CLIENT, REVOCATION_BLOCKED, "", NO, NO },
		{ REVOCATION_KEY, REVOCATION_REVOKED, "", NO, NO },
	};
	const struct facts facts = facts_of(T + 5000, T + 5000);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (revocation_check(&rows[i]) != -1 ||
		    revocation_hits(&rows[i], &facts, HASH, NOW) != 1 ||
		    reason_verdict(revocation_reason(&rows[i])) ==
		    VERDICT_GRANTED)
			fail_row(&rows[i]);
	}
	for (i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
		if (revocation_check(&empty[i]) != -1)
			fail_row(&empty[i]);
}

static void
names(void **state)
{
	static const char *const none[] = { "", "Token", "tokens", "user ",
	    "unknown" };
	enum revocation_kind kind;
	enum revocation_rule rule;
	size_t i;

	(void)state;
	for (i = 0; i < REVOCATION_KINDS; i++) {
		assert_int_equal(revocation_kind_of(revocation_kind_name(
		    (enum revocation_kind)i), &kind), 0);
		assert_int_equal(kind, i);
	}
	for (i = 0; i < REVOCATION_RULES; i++) {
		assert_int_equal(revocation_rule_of(revocation_rule_name(
		    (enum revocation_rule)i), &rule), 0);
		assert_int_equal(rule, i);
	}
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_int_equal(revocation_kind_of(none[i], &kind), -1);
		assert_int_equal(revocation_rule_of(none[i], &rule), -1);
	}
	assert_string_equal(revocation_kind_name(REVOCATION_KINDS),
	    "unknown");
	assert_string_equal(revocation_rule_name(REVOCATION_RULES),
	    "unknown");
}

static void
stronger(void **state)
{
	static const enum reason order[] = { REASON_KEY_REVOKED,
	    REASON_REVOKED, REASON_CLIENT_REVOKED, REASON_USER_BLOCKED,
	    REASON_SIGNED_OUT, REASON_GRANTED };
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		for (j = i; j < sizeof(order) / sizeof(order[0]); j++) {
			assert_int_equal(revocation_stronger(order[i],
			    order[j]), order[i]);
			assert_int_equal(revocation_stronger(order[j],
			    order[i]), order[i]);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(kinds_apart),
		cmocka_unit_test(signed_out),
		cmocka_unit_test(windows),
		cmocka_unit_test(impossible),
		cmocka_unit_test(names),
		cmocka_unit_test(stronger),
	};

	return cmocka_run_group_tests_name("revocation", tests, NULL, NULL);
}
