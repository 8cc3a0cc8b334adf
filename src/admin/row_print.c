#include "admin/row_print.h"

#include <stdio.h>
#include <string.h>

#include "admin/when.h"
#include "face/json_print.h"

#define FORMAT "%-5s %-6s %-10s %-36s %-16s %-38s %-20s %-12s %s\n"

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

/* A hash would break the table: it is told whole in JSON. */
static void
print_value(const char *value, char *text, size_t size)
{
	size_t len = size - sizeof("...");

	(void)snprintf(text, size, "%s", value);
	if (strlen(value) < size)
		return;
	/* not in the middle of a character */
	while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	(void)snprintf(text + len, size - len, "...");
}

void
row_print_table(const struct trust_list_row *row, int is_first)
{
	const struct revocation *revocation = &row->revocation;
	char id[24], scope[2 * WHEN_SIZE + 16], added[WHEN_SIZE], value[37];

	if (is_first)
		(void)printf(FORMAT, "ID", "KIND", "RULE", "VALUE",
		    "CREDENTIAL", "REFUSES WHAT", "ADDED", "BY", "REASON");
	print_value(revocation->value, value, sizeof(value));
	(void)snprintf(id, sizeof(id), "%lld", (long long)row->id);
	print_scope(revocation, scope, sizeof(scope));
	when_print(row->time, added);
	(void)printf(FORMAT, id, revocation_kind_name(revocation->kind),
	    revocation_rule_name(revocation->rule),
	    value[0] == '\0' ? "-" : value,
	    row->credential[0] == '\0' ? "-" : row->credential, scope, added,
	    row->actor, row->reason);
}

void
row_print_json(const char *before, const struct trust_list_row *row,
    const char *more)
{
	const struct revocation *revocation = &row->revocation;

	(void)printf("%s{\"id\":%lld", before, (long long)row->id);
	json_print_text(stdout, ",\"kind\":",
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
	(void)printf("%s}", more);
}

#define ACCOUNT_FORMAT "%-24s %-36s %-20s %-12s %s\n"

void
row_print_account_table(const struct trust_list_account *row, int is_first)
{
	char added[WHEN_SIZE];

	if (is_first)
		(void)printf(ACCOUNT_FORMAT, "ACCOUNT", "USER", "ADDED", "BY",
		    "REASON");
	when_print(row->time, added);
	(void)printf(ACCOUNT_FORMAT, row->account, row->user_id, added,
	    row->actor, row->reason);
}

void
row_print_account_json(const char *before, const struct trust_list_account *row)
{
	(void)printf("%s{\"time\":%lld", before, (long long)row->time);
	json_print_text(stdout, ",\"account\":", row->account);
	json_print_text(stdout, ",\"user\":", row->user_id);
	json_print_text(stdout, ",\"reason\":", row->reason);
	json_print_text(stdout, ",\"actor\":", row->actor);
	(void)printf("}");
}
