#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate/recent.h"

static const struct moment begin = { .boottime = 1000000 };

static int
setup(void **state)
{
	*state = recent_new();
	return *state == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	recent_free(*state);
	return 0;
}

static struct moment
after(int64_t milliseconds)
{
	struct moment moment = begin;

	moment.boottime += milliseconds;
	return moment;
}

static struct credential
numbered(unsigned int number, enum credential_kind kind)
{
	struct credential credential = { .kind = kind, .len = 100 };

	(void)snprintf(credential.hash, sizeof(credential.hash), "%064x",
	    number);
	/* what spreads in a hash is its beginning */
	(void)snprintf(credential.hash, 9, "%08x", number * 2654435761U);
	credential.hash[8] = '0';
	return credential;
}

static void
row_of(struct status_session *row, const char *user_id)
{
	status_session_init(row);
	row->is_live = 1;
	row->started.boottime = begin.boottime - 500;
	row->facts.user_id = strdup(user_id);
	row->facts.has_roles = 1;
	assert_int_equal(word_list_split(&row->facts.roles, "a,b", ","), 0);
	(void)snprintf(row->verified_by, sizeof(row->verified_by), "thumb");
}

static void
put(struct recent *recent, const struct credential *credential,
    const char *user_id, const struct facts *token, int64_t at)
{
	const struct moment now = after(at);
	struct status_session row;

	row_of(&row, user_id);
	recent_keep(recent, credential, recent_mark(recent, credential), &row,
	    token, &now);
	status_session_clear(&row);
}

/* The user told for it at that time; "" if nothing is. */
static const char *
user_at(struct recent *recent, const struct credential *credential,
    int64_t at)
{
	static char user_id[64];
	const struct moment now = after(at);
	struct status_session row;

	user_id[0] = '\0';
	if (!recent_recall(recent, credential, &now, &row, NULL))
		return user_id;
	(void)snprintf(user_id, sizeof(user_id), "%s", row.facts.user_id);
	status_session_clear(&row);
	return user_id;
}

static void
row_and_token(void **state)
{
	const struct credential credential = numbered(1, CREDENTIAL_JWT);
	struct status_session row;
	struct facts token, told;

	facts_init(&token);
	token.kind = CREDENTIAL_JWT;
	token.user_id = strdup("u");
	token.key_id = strdup("kid");
	token.client_id = strdup("c");
	token.expires_at = 99;
	token.has_scopes = 1;
	assert_int_equal(word_list_split(&token.scopes, "x y", " "), 0);
	put(*state, &credential, "u", &token, 0);
	facts_clear(&token);

	assert_int_equal(recent_recall(*state, &credential, &begin, &row,
	    &told), RECENT_ROW);
	assert_int_equal(row.is_live, 1);
	assert_int_equal(row.started.boottime, begin.boottime - 500);
	assert_string_equal(row.verified_by, "thumb");
	assert_string_equal(row.facts.user_id, "u");
	assert_int_equal(row.facts.roles.count, 2);
	assert_string_equal(row.facts.roles.words[1], "b");
	assert_string_equal(told.user_id, "u");
	assert_string_equal(told.key_id, "kid");
	assert_string_equal(told.client_id, "c");
	assert_int_equal(told.expires_at, 99);
	assert_string_equal(told.scopes.words[1], "y");
	assert_null(told.claims);
	status_session_clear(&row);
	facts_clear(&told);
}

/* What is told of the text alone at that time. */
static enum recent_found
token_at(struct recent *recent, const struct credential *credential,
    int64_t at)
{
	const struct moment now = after(at);
	enum recent_found found;
	struct status_session row;
	struct facts told;

	status_session_init(&row);
	facts_init(&told);
	found = recent_recall(recent, credential, &now, &row, &told);
	if (found != RECENT_NOTHING)
		assert_string_equal(told.key_id, "kid");
	if (found == RECENT_TOKEN)
		assert_null(row.facts.user_id);
	status_session_clear(&row);
	facts_clear(&told);
	return found;
}

/* The row grows old, the text does not. */
static void
token_stays(void **state)
{
	const struct credential jwt = numbered(1, CREDENTIAL_JWT);
	const struct credential kin = numbered(1, CREDENTIAL_OPAQUE_TOKEN);
	const struct credential bare = numbered(2, CREDENTIAL_JWT);
	struct facts token;

	facts_init(&token);
	token.key_id = strdup("kid");
	put(*state, &jwt, "u", &token, 0);
	put(*state, &bare, "u", NULL, 0);
	facts_clear(&token);
	assert_int_equal(token_at(*state, &jwt, 0), RECENT_ROW);
	assert_int_equal(token_at(*state, &jwt, RECENT_MS), RECENT_TOKEN);
	assert_int_equal(token_at(*state, &jwt, -RECENT_MS), RECENT_TOKEN);
	assert_int_equal(token_at(*state, &jwt, 100 * RECENT_MS),
	    RECENT_TOKEN);
	assert_string_equal(user_at(*state, &jwt, RECENT_MS), "");
	assert_int_equal(token_at(*state, &kin, RECENT_MS), RECENT_NOTHING);
	assert_int_equal(token_at(*state, &bare, 0), RECENT_NOTHING);
	assert_int_equal(token_at(*state, &bare, RECENT_MS), RECENT_NOTHING);
	recent_forget(*state, &jwt);
	assert_int_equal(token_at(*state, &jwt, RECENT_MS), RECENT_NOTHING);
}

static void
time_and_kind(void **state)
{
	const struct credential one = numbered(1, CREDENTIAL_OPAQUE_TOKEN);
	const struct credential kin = numbered(1, CREDENTIAL_APP_SESSION);
	const struct credential other = numbered(2, CREDENTIAL_OPAQUE_TOKEN);

	put(*state, &one, "u", NULL, 0);
	assert_string_equal(user_at(*state, &one, 0), "u");
	assert_string_equal(user_at(*state, &one, RECENT_MS - 1), "u");
	assert_string_equal(user_at(*state, &one, RECENT_MS), "");
	assert_string_equal(user_at(*state, &one, -1), "u");
	assert_string_equal(user_at(*state, &one, -RECENT_MS), "");
	assert_string_equal(user_at(*state, &kin, 0), "");
	assert_string_equal(user_at(*state, &other, 0), "");
	/* recalling it does not make it younger */
	put(*state, &one, "v", NULL, RECENT_MS);
	assert_string_equal(user_at(*state, &one, RECENT_MS + 1), "v");
	assert_string_equal(user_at(*state, &one, 2 * RECENT_MS), "");
}

static void
not_kept(void **state)
{
	struct credential credential = numbered(1, CREDENTIAL_OPAQUE_TOKEN);
	struct status_session row;
	int i;

	credential.len = RECENT_MAX_CREDENTIAL + 1;
	put(*state, &credential, "u", NULL, 0);
	assert_string_equal(user_at(*state, &credential, 0), "");
	credential.len = RECENT_MAX_CREDENTIAL;
	row_of(&row, "u");
	row.is_live = 0;
	recent_keep(*state, &credential, 0, &row, NULL, &begin);
	assert_string_equal(user_at(*state, &credential, 0), "");
	row.is_live = 1;
	for (i = 2; i <= RECENT_MAX_ROLES; i++)
		assert_int_equal(word_list_add(&row.facts.roles, "r", 1), 0);
	recent_keep(*state, &credential, 0, &row, NULL, &begin);
	assert_string_equal(user_at(*state, &credential, 0), "");
	status_session_clear(&row);
}

/* A row read before a lookup ended is older than what that wrote. */
static void
lookups_end_it(void **state)
{
	const struct credential one = numbered(1, CREDENTIAL_OPAQUE_TOKEN);
	struct status_session row;
	uint64_t mark;

	put(*state, &one, "u", NULL, 0);
	recent_forget(*state, &one);
	assert_string_equal(user_at(*state, &one, 0), "");

	row_of(&row, "old");
	mark = recent_mark(*state, &one);
	recent_forget(*state, &one);
	recent_keep(*state, &one, mark, &row, NULL, &begin);
	assert_string_equal(user_at(*state, &one, 0), "");
	recent_keep(*state, &one, recent_mark(*state, &one), &row, NULL,
	    &begin);
	assert_string_equal(user_at(*state, &one, 0), "old");
	status_session_clear(&row);
}

static void
bounded(void **state)
{
	struct credential credential;
	unsigned int i;
	int known = 0;

	for (i = 0; i < 4 * RECENT_MAX; i++) {
		credential = numbered(i, CREDENTIAL_OPAQUE_TOKEN);
		put(*state, &credential, "first", NULL, 0);
	}
	for (i = 0; i < 4 * RECENT_MAX; i++) {
		credential = numbered(i, CREDENTIAL_OPAQUE_TOKEN);
		known += user_at(*state, &credential, 0)[0] != '\0';
	}
	assert_in_range(known, RECENT_MAX / 2, RECENT_MAX);
	/* those in use keep their places, then others get them */
	for (i = 0; i < 4 * RECENT_MAX; i++) {
		credential = numbered(i + 100000, CREDENTIAL_OPAQUE_TOKEN);
		put(*state, &credential, "second", NULL, RECENT_MS - 1);
		put(*state, &credential, "third", NULL, RECENT_MS);
	}
	known = 0;
	for (i = 0; i < 4 * RECENT_MAX; i++) {
		credential = numbered(i + 100000, CREDENTIAL_OPAQUE_TOKEN);
		known += strcmp(user_at(*state, &credential, RECENT_MS),
		    "third") == 0;
	}
	assert_in_range(known, RECENT_MAX / 2, RECENT_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(row_and_token, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(token_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(time_and_kind, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(not_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(lookups_end_it, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(bounded, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
