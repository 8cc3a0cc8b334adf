#include "admin/list_keys.h"

#include <stdio.h>
#include <string.h>

#include "admin/child.h"
#include "admin/table.h"
#include "face/json_print.h"
#include "facts/jwks.h"
#include "ground/when.h"
#include "ground/word_list.h"
#include "state/status_list.h"
#include "state/write/trust_list.h"

#define URI_MAX 2048		/* bytes */

struct listing {
	const struct list_wish *wish;
	struct word_list revoked;	/* kids */
	int has_set;
	int64_t fetched, due;		/* Unix seconds, of the set */
	int64_t asked_at;		/* `keys refresh'; 0: never */
	int64_t count;			/* printed */
};

/* A key, as the child tells it. */
struct row {
	const char *kid;		/* "": it has none that may be one */
	const char *thumbprint;		/* NULL: it has none */
	const char *why;		/* it cannot serve; NULL: it can */
	int is_revoked;
};

/* --- in the child */

static void
write_key(FILE *out, const char *kid, const char *thumbprint, const char *why)
{
	json_print_text(out, "{\"kid\":", kid);
	json_print_text(out, ",\"thumbprint\":", thumbprint[0] == '\0' ? NULL :
	    thumbprint);
	json_print_text(out, ",\"why\":", why);
	(void)fputs("}\n", out);
}

static void
write_set(FILE *out, const struct listing *listing,
    const struct status_keys *keys)
{
	const struct moment *now = &listing->wish->now;
	int64_t due = now->wall;

	/* of another boot it is due at once */
	if (moment_age(&keys->started, now) >= 0)
		due = keys->started.wall + listing->wish->settings->keys_ttl;
	json_print_text(out, "{\"uri\":", keys->jwks_uri);
	json_print_seconds(out, ",\"fetched\":", keys->started.wall);
	json_print_seconds(out, ",\"due\":", due);
	(void)fputs("}\n", out);
}

static int
write_keys(FILE *out, const struct listing *listing,
    const struct status_keys *keys, struct error *error)
{
	struct jwks *jwks = jwks_parse(keys->jwks, keys->jwks_len, error);
	const struct key_flaw *flaw;
	const struct key *key;
	size_t i;

	if (jwks == NULL)
		return -1;
	write_set(out, listing, keys);
	for (i = 0; (key = jwks_at(jwks, i)) != NULL; i++)
		write_key(out, key_id(key), key_thumbprint(key), NULL);
	for (i = 0; (flaw = jwks_flaw_at(jwks, i)) != NULL; i++)
		write_key(out, flaw->id, flaw->thumbprint, flaw->cause);
	jwks_free(jwks);
	return 0;
}

static int
look(void *context, FILE *out, struct error *error)
{
	const struct listing *listing = context;
	const struct settings *settings = listing->wish->settings;
	struct status_keys keys;
	struct status_list *list;
	int found = -1;

	memset(&keys, 0, sizeof(keys));
	list = status_list_open(settings->state, settings->endpoint,
	    STATUS_LIST_OLDEST, error);
	if (list != NULL)
		found = status_list_keys(list, &keys, error);
	if (found == 1 && write_keys(out, listing, &keys, error) == -1)
		found = -1;
	status_keys_clear(&keys);
	status_list_free(list);
	return found == -1 ? -1 : 0;
}

/* --- in the parent */

static int
read_set(struct listing *listing, const struct json *line)
{
	const char *uri;

	if (listing->has_set ||
	    json_find_string(line, "uri", &uri) != JSON_FOUND ||
	    strlen(uri) > URI_MAX ||
	    json_find_seconds(line, "fetched", &listing->fetched) !=
	    JSON_FOUND || json_find_seconds(line, "due", &listing->due) !=
	    JSON_FOUND)
		return -1;
	if (listing->fetched <= listing->asked_at &&
	    listing->due > listing->asked_at)
		listing->due = listing->asked_at;
	listing->has_set = 1;
	return 0;
}

static int
read_key(const struct listing *listing, const struct json *line,
    struct row *row)
{
	memset(row, 0, sizeof(*row));
	if (!listing->has_set || listing->count >= JWKS_MAX_KEYS ||
	    json_find_string(line, "kid", &row->kid) != JSON_FOUND ||
	    strlen(row->kid) > KEY_MAX_ID)
		return -1;
	if (json_find_string(line, "thumbprint", &row->thumbprint) ==
	    JSON_FOUND && (strlen(row->thumbprint) != HASH_HEX_SIZE - 1 ||
	    strspn(row->thumbprint, "0123456789abcdef") != HASH_HEX_SIZE - 1))
		return -1;
	(void)json_find_string(line, "why", &row->why);
	row->is_revoked = word_list_has(&listing->revoked, row->kid);
	return 0;
}

static const char *
state_of(const struct row *row)
{
	if (row->is_revoked)
		return "revoked";
	return row->why == NULL ? "serves" : "left out";
}

static void
print_table(const struct listing *listing, const struct row *row)
{
	static const struct table_column columns[] = { { "KID", 36 },
	    { "STATE", 8 }, { "THUMBPRINT", 16 }, { "WHY", 37 } };
	char fetched[WHEN_SIZE], due[WHEN_SIZE], digits[17];
	const char *const cells[] = { row->kid, state_of(row), digits,
	    row->why };
	const size_t count = sizeof(columns) / sizeof(columns[0]);

	(void)snprintf(digits, sizeof(digits), "%.16s",
	    row->thumbprint == NULL ? "" : row->thumbprint);

	if (listing->count == 0) {
		when_print(listing->fetched, fetched);
		when_print(listing->due, due);
		(void)printf("fetched %s, due %s\n", fetched, due);
		table_head(columns, count);
	}
	table_row(columns, count, cells);
}

static void
print_json(const struct listing *listing, const struct row *row)
{
	json_print_text(stdout, "{\"kid\":", row->kid);
	json_print_text(stdout, ",\"state\":", state_of(row));
	json_print_text(stdout, ",\"thumbprint\":", row->thumbprint);
	json_print_text(stdout, ",\"why\":", row->why);
	json_print_seconds(stdout, ",\"fetched\":", listing->fetched);
	json_print_seconds(stdout, ",\"due\":", listing->due);
	(void)fputs("}\n", stdout);
}

static int
take(void *context, const struct json *line, struct error *error)
{
	struct listing *listing = context;
	struct row row;

	if (json_has(line, "uri"))
		return read_set(listing, line) == 0 ? 0 :
		    child_lines_are_odd(error);
	if (read_key(listing, line, &row) == -1)
		return child_lines_are_odd(error);
	if (listing->wish->json)
		print_json(listing, &row);
	else
		print_table(listing, &row);
	listing->count++;
	return 0;
}

/* What trust.db says of keys. */
static int
find_revoked(struct listing *listing, struct error *error)
{
	const struct settings *settings = listing->wish->settings;
	const struct trust_list_filter filter = { .kind = "key" };
	struct trust_list_row row;
	struct trust_list *list;
	int found = -1;

	list = trust_list_open(settings->state, settings->endpoint, &filter,
	    error);
	while (list != NULL &&
	    (found = trust_list_next(list, &row, error)) == 1) {
		if (word_list_add(&listing->revoked, row.revocation.value,
		    strlen(row.revocation.value)) == 0)
			continue;
		error_set(error, "out of memory");
		found = -1;
		break;
	}
	if (list != NULL)
		listing->asked_at = trust_list_keys_due(list);
	trust_list_free(list);
	return found;
}

int
list_keys(const struct list_wish *wish, struct error *error)
{
	struct listing listing = { .wish = wish };
	const struct child child = {
		.state = wish->settings->state,
		.what = "keys",
		.context = &listing,
		.work = look,
		.take = take
	};
	int ret = -1;

	if (find_revoked(&listing, error) == 0)
		ret = child_run(&child, error);
	if (ret == 0 && !wish->json && !listing.has_set)
		(void)fputs("no keys were fetched yet\n", stdout);
	word_list_clear(&listing.revoked);
	return ret;
}
