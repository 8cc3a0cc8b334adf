#include "admin/row_print.h"

#include <stdio.h>
#include <string.h>

#include "admin/table.h"
#include "face/json_print.h"
#include "ground/when.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NUMBER_SIZE 24
#define NUMBER_WIDTH 6

/* What it refuses, as far as time says it. */
static void
print_scope(const struct revocation *revocation, char *text, size_t size)
{
	char from[WHEN_SIZE], until[WHEN_SIZE];

	when_print(revocation->from, from);
	when_print(revocation->until, until);
	if (revocation->rule == REVOCATION_SIGNED_OUT)
		(void)snprintf(text, size, "began until %s", from);
	else if (revocation->from >= 0 && revocation->until >= 0)
		(void)snprintf(text, size, "%s to %s", from, until);
	else if (revocation->from >= 0)
		(void)snprintf(text, size, "from %s", from);
	else if (revocation->until >= 0)
		(void)snprintf(text, size, "until %s", until);
	else
		(void)snprintf(text, size, "always");
}

/* Below a row, and whole: digits and reasons stand at its end. */
static void
print_more(const char *text)
{
	(void)printf("%*s", NUMBER_WIDTH + 1, "");
	table_wrap(NUMBER_WIDTH + 1, text[0] == '\0' ? "-" : text);
}

/* Who did it, when and why: a line of its own, there is no room beside. */
static void
print_origin(const struct trust_list_row *row)
{
	char text[2048], added[WHEN_SIZE];

	when_print(row->time, added);
	(void)snprintf(text, sizeof(text), "%s %s by %.64s%s%s%s%.512s",
	    revocation_rule_name(row->revocation.rule), added, row->actor,
	    row->credential[0] == '\0' ? "" : ", credential ",
	    row->credential, row->reason[0] == '\0' ? "" : ": ",
	    row->reason);
	print_more(text);
}

void
row_print_table(const struct trust_list_row *row, int is_first)
{
	static const struct table_column columns[] = {
		{ "ID", NUMBER_WIDTH }, { "KIND", 6 }, { "VALUE", 36 },
		{ "REFUSES WHAT", 49 } };
	const struct revocation *revocation = &row->revocation;
	char id[NUMBER_SIZE], scope[2 * WHEN_SIZE + 16];
	const char *const cells[] = { id,
	    revocation_kind_name(revocation->kind), revocation->value, scope };

	if (is_first)
		table_head(columns, COUNT(columns));
	(void)snprintf(id, sizeof(id), "%lld", (long long)row->id);
	print_scope(revocation, scope, sizeof(scope));
	table_row(columns, COUNT(columns), cells);
	print_origin(row);
}

/* But for its number; `before` is what comes before the first. */
static void
print_members(const struct trust_list_row *row, const char *before)
{
	const struct revocation *revocation = &row->revocation;

	json_print_text(stdout, before,
	    revocation_kind_name(revocation->kind));
	json_print_text(stdout, ",\"value\":", revocation->value);
	json_print_text(stdout, ",\"rule\":",
	    revocation_rule_name(revocation->rule));
	json_print_seconds(stdout, ",\"from\":", revocation->from);
	json_print_seconds(stdout, ",\"until\":", revocation->until);
	json_print_text(stdout, ",\"reason\":", row->reason);
	json_print_text(stdout, ",\"actor\":", row->actor);
	json_print_text(stdout, ",\"source\":", row->source);
	json_print_seconds(stdout, ",\"time\":", row->time);
	json_print_text(stdout, ",\"credential\":",
	    row->credential[0] == '\0' ? NULL : row->credential);
	json_print_seconds(stdout, ",\"expires\":", row->expires);
}

void
row_print_json(const struct trust_list_row *row, const char *more)
{
	(void)printf("{\"id\":%lld", (long long)row->id);
	print_members(row, ",\"kind\":");
	(void)printf("%s}\n", more);
}

void
row_print_export(const struct trust_list_row *row)
{
	print_members(row, "{\"kind\":");
	(void)fputs("}\n", stdout);
}

void
row_print_account_table(const struct trust_list_account *row, int is_first)
{
	static const struct table_column columns[] = { { "ACCOUNT", 20 },
	    { "USER", 36 }, { "ADDED", 20 }, { "BY AND REASON", 21 } };
	char added[WHEN_SIZE], why[1024];
	const char *const cells[] = { row->account, row->user_id, added, why };

	if (is_first)
		table_head(columns, COUNT(columns));
	when_print(row->time, added);
	(void)snprintf(why, sizeof(why), "%.64s%s%.512s", row->actor,
	    row->reason[0] == '\0' ? "" : ": ", row->reason);
	table_row(columns, COUNT(columns), cells);
}

void
row_print_account_json(const struct trust_list_account *row)
{
	(void)printf("{\"time\":%lld", (long long)row->time);
	json_print_text(stdout, ",\"account\":", row->account);
	json_print_text(stdout, ",\"user\":", row->user_id);
	json_print_text(stdout, ",\"reason\":", row->reason);
	json_print_text(stdout, ",\"actor\":", row->actor);
	(void)printf("}\n");
}

void
row_print_change_table(const struct trust_list_change *row, int is_first)
{
	static const struct table_column columns[] = { { "ID", NUMBER_WIDTH },
	    { "TIME", 20 }, { "WHAT", 10 }, { "BY", 61 } };
	char number[NUMBER_SIZE], time[WHEN_SIZE];
	const char *const cells[] = { number, time, row->action, row->actor };

	if (is_first)
		table_head(columns, COUNT(columns));
	(void)snprintf(number, sizeof(number), "%lld",
	    (long long)row->number);
	when_print(row->time, time);
	table_row(columns, COUNT(columns), cells);
	print_more(row->detail);
}

void
row_print_change_json(const struct trust_list_change *row)
{
	(void)printf("{\"id\":%lld,\"time\":%lld", (long long)row->number,
	    (long long)row->time);
	json_print_text(stdout, ",\"actor\":", row->actor);
	json_print_text(stdout, ",\"action\":", row->action);
	json_print_text(stdout, ",\"detail\":", row->detail);
	(void)printf("}\n");
}
