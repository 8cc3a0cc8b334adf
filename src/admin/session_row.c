#include "admin/session_row.h"

#include <stdlib.h>
#include <string.h>

#include "admin/table.h"
#include "face/json_print.h"
#include "ground/when.h"

#define USER_MAX 2048		/* bytes, as of a claim */

void
session_row_clear(struct session_row *row)
{
	free(row->user);
	memset(row, 0, sizeof(*row));
}

int
session_row_take(struct session_row *row, const struct status_list_row *from,
    const struct moment *now)
{
	const struct status_session *session = &from->session;
	const struct facts *facts = &session->facts;
	const int64_t age = moment_age(&session->started, now);

	memset(row, 0, sizeof(*row));
	(void)snprintf(row->digits, sizeof(row->digits), "%.*s",
	    SESSION_ROW_DIGITS, from->hash);
	row->kind = from->kind;
	row->is_live = session->is_live;
	row->is_doubted = session->doubted_at != 0;
	row->is_anonymous = facts->is_anonymous;
	row->is_verified = facts->is_verified;
	row->authenticated = facts->authenticated_at;
	row->looked_up = age < 0 ? -1 : now->wall - age / 1000;
	row->boot = from->boot;
	row->started = session->started.boottime;
	row->id = from->id;
	if (facts->user_id == NULL)
		return 0;
	row->user = strdup(facts->user_id);
	return row->user == NULL ? -1 : 0;
}

const char *
session_row_state(const struct session_row *row)
{
	if (row->is_doubted)
		return "doubted";
	return row->is_live ? "live" : "not-live";
}

static void
write_fact(FILE *out, const char *before, enum fact fact)
{
	(void)fprintf(out, "%s%s", before, fact == FACT_ABSENT ? "null" :
	    fact == FACT_YES ? "true" : "false");
}

void
session_row_write(FILE *out, const struct session_row *row)
{
	json_print_text(out, "{\"credential\":", row->digits);
	json_print_text(out, ",\"kind\":", credential_kind_name(row->kind));
	json_print_text(out, ",\"state\":", session_row_state(row));
	json_print_text(out, ",\"user\":", row->user);
	write_fact(out, ",\"anonymous\":", row->is_anonymous);
	write_fact(out, ",\"verified\":", row->is_verified);
	json_print_seconds(out, ",\"authenticated\":", row->authenticated);
	json_print_seconds(out, ",\"looked_up\":", row->looked_up);
	(void)fputs("}\n", out);
}

static int
read_kind(struct session_row *row, const char *name)
{
	int kind;

	for (kind = CREDENTIAL_JWT; kind <= CREDENTIAL_SESSION_COOKIE; kind++) {
		row->kind = (enum credential_kind)kind;
		if (strcmp(name, credential_kind_name(row->kind)) == 0)
			return 0;
	}
	return -1;
}

static int
read_state(struct session_row *row, const char *name)
{
	row->is_doubted = strcmp(name, "doubted") == 0;
	row->is_live = strcmp(name, "live") == 0;
	return row->is_doubted || row->is_live ||
	    strcmp(name, "not-live") == 0 ? 0 : -1;
}

/* Absent is null. */
static void
read_fact(const struct json *line, const char *name, enum fact *out)
{
	int value;

	*out = FACT_ABSENT;
	if (json_find_boolean(line, name, &value) == JSON_FOUND)
		*out = value ? FACT_YES : FACT_NO;
}

static void
read_time(const struct json *line, const char *name, int64_t *out)
{
	if (json_find_seconds(line, name, out) != JSON_FOUND)
		*out = -1;
}

int
session_row_read(struct session_row *row, const struct json *line)
{
	const char *digits, *kind, *state, *user;

	memset(row, 0, sizeof(*row));
	if (json_find_string(line, "credential", &digits) != JSON_FOUND ||
	    strlen(digits) != SESSION_ROW_DIGITS ||
	    strspn(digits, "0123456789abcdef") != SESSION_ROW_DIGITS ||
	    json_find_string(line, "kind", &kind) != JSON_FOUND ||
	    read_kind(row, kind) == -1 ||
	    json_find_string(line, "state", &state) != JSON_FOUND ||
	    read_state(row, state) == -1)
		return -1;
	memcpy(row->digits, digits, sizeof(row->digits));
	read_fact(line, "anonymous", &row->is_anonymous);
	read_fact(line, "verified", &row->is_verified);
	read_time(line, "authenticated", &row->authenticated);
	read_time(line, "looked_up", &row->looked_up);
	if (json_find_string(line, "user", &user) != JSON_FOUND)
		return 0;
	if (user[0] == '\0' || strlen(user) > USER_MAX)
		return -1;
	row->user = strdup(user);
	return row->user == NULL ? -1 : 0;
}

void
session_row_table(const struct session_row *row, int is_first)
{
	static const struct table_column columns[] = {
		{ "CREDENTIAL", SESSION_ROW_DIGITS }, { "KIND", 14 },
		{ "STATE", 8 }, { "USER", 36 }, { "LOOKED UP", 20 } };
	char looked_up[WHEN_SIZE];
	const char *const cells[] = { row->digits,
	    credential_kind_name(row->kind), session_row_state(row),
	    row->user, looked_up };
	const size_t count = sizeof(columns) / sizeof(columns[0]);

	if (is_first)
		table_head(columns, count);
	when_print(row->looked_up, looked_up);
	table_row(columns, count, cells);
}
