#include "admin/list_trust.h"

#include <stdio.h>

#include "admin/row_print.h"
#include "state/write/trust_list.h"

/* The next row, printed: 1; 0 after the last; -1 and error. */
typedef int print_next(struct trust_list *list, int json, int is_first,
    struct error *error);

static int
print_revocation(struct trust_list *list, int json, int is_first,
    struct error *error)
{
	struct trust_list_row row;
	const int found = trust_list_next(list, &row, error);

	if (found == 1 && json)
		row_print_json(&row, "");
	else if (found == 1)
		row_print_table(&row, is_first);
	return found;
}

static int
print_account(struct trust_list *list, int json, int is_first,
    struct error *error)
{
	struct trust_list_account row;
	const int found = trust_list_next_account(list, &row, error);

	if (found == 1 && json)
		row_print_account_json(&row);
	else if (found == 1)
		row_print_account_table(&row, is_first);
	return found;
}

static int
print_change(struct trust_list *list, int json, int is_first,
    struct error *error)
{
	struct trust_list_change row;
	const int found = trust_list_next_change(list, &row, error);

	if (found == 1 && json)
		row_print_change_json(&row);
	else if (found == 1)
		row_print_change_table(&row, is_first);
	return found;
}

/* `none`: what an empty table says.  Frees the list, which may be NULL. */
static int
print_all(struct trust_list *list, const struct list_wish *wish,
    print_next *print, const char *none, struct error *error)
{
	int count, found;

	if (list == NULL)
		return -1;
	for (count = 0; (found = print(list, wish->json, count == 0,
	    error)) == 1; count++)
		;
	if (!wish->json && count == 0 && found == 0)
		(void)fputs(none, stdout);
	trust_list_free(list);
	return found;
}

static struct trust_list_filter
filter_of(const struct list_wish *wish)
{
	struct trust_list_filter filter = { .since = wish->since,
	    .limit = wish->limit, .leeway = wish->settings->leeway };

	if (wish->is_active)
		filter.active_at = wish->now.wall;
	if (wish->user != NULL) {
		filter.kind = "user";
		filter.value = wish->user;
	} else if (wish->client != NULL) {
		filter.kind = "client";
		filter.value = wish->client;
	}
	return filter;
}

static int
has_filter(const struct list_wish *wish)
{
	return wish->user != NULL || wish->client != NULL ||
	    wish->is_active || wish->since != 0;
}

int
list_trust_revocations(const struct list_wish *wish, struct error *error)
{
	const struct trust_list_filter filter = filter_of(wish);

	return print_all(trust_list_open(wish->settings->state,
	    wish->settings->endpoint, &filter, error), wish, print_revocation,
	    has_filter(wish) ? "nothing of that is revoked\n" :
	    "nothing is revoked\n", error);
}

int
list_trust_map(const struct list_wish *wish, struct error *error)
{
	const struct trust_list_filter filter = filter_of(wish);

	return print_all(trust_list_open_map(wish->settings->state,
	    wish->settings->endpoint, &filter, error), wish, print_account,
	    has_filter(wish) ? "this user has no account\n" :
	    "no user has an account\n", error);
}

int
list_trust_audit(const struct list_wish *wish, struct error *error)
{
	const struct trust_list_filter filter = filter_of(wish);

	return print_all(trust_list_open_audit(wish->settings->state,
	    wish->settings->endpoint, &filter, error), wish, print_change,
	    "nothing was changed since then\n", error);
}
