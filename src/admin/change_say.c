#include "admin/change_say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/row_print.h"
#include "admin/when.h"
#include "ground/json.h"

/* Eight, four, four, four and twelve hex digits. */
static int
is_uuid(const char *text)
{
	size_t i;

	for (i = 0; i < 36; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ?
		    text[i] != '-' : strchr("0123456789abcdefABCDEF",
		    text[i]) == NULL || text[i] == '\0')
			return 0;
	return text[i] == '\0';
}

void
change_warn_of_user(const struct change *change)
{
	const struct change_options *options = &change->options;

	if (options->kind == REVOCATION_USER && options->value != NULL &&
	    !is_uuid(options->value))
		(void)fprintf(stderr, "authgear-cache: note: Authgear's user "
		    "IDs are UUIDs, this is none; it counts for a user whose "
		    "ID is exactly this text\n");
}

/* What the token on stdin said is said to be no more than that. */
static const char *
remark(const struct change *change)
{
	switch (change->handed.kind) {
	case CREDENTIAL_JWT:
		return " (as the token says, whose signature was not "
		    "checked)";
	case CREDENTIAL_SESSION_COOKIE:
		return " (taken for a session cookie; if it is a refresh "
		    "token, revoke its user instead)";
	case CREDENTIAL_OPAQUE_TOKEN:
	case CREDENTIAL_APP_SESSION:
		return " (SHA-256 of its text)";
	case CREDENTIAL_NONE:
	default:
		return "";
	}
}

void
change_warn_of_copy(const struct change *change)
{
	const char *lacks = trust_writer_lacks(change->writer);

	if (lacks != NULL)
		(void)fprintf(stderr, "authgear-cache: note: %s\n", lacks);
}

static void
say_added_json(const struct change *change, const struct revocation *row,
    int64_t id, int added)
{
	struct trust_list_row whole = { .id = id, .revocation = *row,
	    .reason = change->note.reason, .actor = change->note.actor,
	    .source = change->note.source, .time = change->now.wall,
	    .expires = REVOCATION_NO_TIME };

	if (change->note.token != NULL) {
		(void)snprintf(whole.credential, sizeof(whole.credential),
		    "%s", change->token.hash);
		whole.expires = change->token.expires;
	}
	row_print_json(&whole, added ? ",\"added\":true" :
	    ",\"added\":false");
	(void)putchar('\n');
}

void
change_say_added(const struct change *change, const struct revocation *row,
    int64_t id, int added)
{
	char from[WHEN_SIZE], until[WHEN_SIZE];

	if (change->options.json) {
		say_added_json(change, row, id, added);
		return;
	}
	(void)printf("%s%lld: %s%s%s %s", added ? "" : "already there as ",
	    (long long)id, revocation_kind_name(row->kind),
	    row->value[0] == '\0' ? "" : " ", row->value,
	    revocation_rule_name(row->rule));
	when_print(row->from, from);
	when_print(row->until, until);
	if (row->rule == REVOCATION_SIGNED_OUT)
		(void)printf(", what began until %s and %d s more", from,
		    REVOCATION_MARGIN);
	if (row->rule == REVOCATION_BLOCKED && row->from >= 0)
		(void)printf(" from %s", from);
	if (row->until >= 0)
		(void)printf(" until %s", until);
	if (change->note.token != NULL)
		(void)printf(", credential %.16s", change->token.hash);
	(void)printf("%s\n", remark(change));
	if (row->kind == REVOCATION_CLIENT)
		(void)printf("This holds for JWT access tokens; opaque tokens "
		    "and cookies do not name their client.\n");
}

void
change_say_lifted(const struct change *change, int count)
{
	if (change->options.json)
		(void)printf("{\"lifted\":%d}\n", count);
	else
		(void)printf("%d lifted%s\n", count, remark(change));
}

/* {"user":..,"account":..}, with account null if it was taken away. */
static int
say_mapped_json(const struct change *change)
{
	const char *account = change->options.account;
	char *user_text = json_quote(change->value);
	char *account_text = account == NULL ? NULL : json_quote(account);
	int ret = -1;

	if (user_text != NULL && (account == NULL || account_text != NULL))
		ret = printf("{\"user\":%s,\"account\":%s}\n", user_text,
		    account == NULL ? "null" : account_text) < 0 ? -1 : 0;
	free(user_text);
	free(account_text);
	return ret;
}

void
change_say_mapped(const struct change *change, int is_add)
{
	if (change->options.json)
		(void)say_mapped_json(change);
	else if (is_add)
		(void)printf("user %s is account %s%s\n", change->value,
		    change->options.account, remark(change));
	else
		(void)printf("user %s has no account any more%s\n",
		    change->value, remark(change));
}
