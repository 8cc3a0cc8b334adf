#include "admin/digits.h"

#include <stdio.h>
#include <string.h>

#include "admin/child.h"
#include "admin/command.h"
#include "admin/session_row.h"
#include "admin/table.h"
#include "face/json_print.h"
#include "ground/when.h"
#include "state/status_list.h"

#define HEX "0123456789abcdef"

/* Of both; the child has its own. */
struct search {
	const struct settings *settings;
	const char *digits;
	char *hash;
	struct moment now;
	struct session_row row;	/* of the parent: no digits, none is told */
};

int
digits_are(const char *text)
{
	return strlen(text) == DIGITS_COUNT &&
	    strspn(text, HEX) == DIGITS_COUNT;
}

static int
write_row(FILE *out, const struct status_list_row *from,
    const struct search *search, struct error *error)
{
	struct session_row row;

	json_print_text(out, "{\"hash\":", from->hash);
	(void)fputs("}\n", out);
	if (from->kind == CREDENTIAL_NONE)
		return 0;
	if (session_row_take(&row, from, &search->now) == -1) {
		error_set(error, "out of memory");
		return -1;
	}
	session_row_write(out, &row);
	session_row_clear(&row);
	return 0;
}

static int
look(void *context, FILE *out, struct error *error)
{
	const struct search *search = context;
	struct status_list *list;
	struct status_list_row row;
	int found;

	list = status_list_open(search->settings->state,
	    search->settings->endpoint, STATUS_LIST_OLDEST, error);
	if (list == NULL)
		return -1;
	found = status_list_find(list, search->digits, &row, error);
	if (found == 1)
		found = write_row(out, &row, search, error);
	status_session_clear(&row.session);
	status_list_free(list);
	return found == -1 ? -1 : 0;
}

/* Behind the hash, and of the same digits. */
static int
take_row(struct search *search, const struct json *line, struct error *error)
{
	if (search->hash[0] != '\0' && search->row.digits[0] == '\0' &&
	    session_row_read(&search->row, line) == 0 &&
	    strcmp(search->row.digits, search->digits) == 0)
		return 0;
	return child_lines_are_odd(error);
}

/* Whatever it says, it is one that begins so. */
static int
take(void *context, const struct json *line, struct error *error)
{
	struct search *search = context;
	const char *hash;

	if (json_find_string(line, "hash", &hash) != JSON_FOUND)
		return take_row(search, line, error);
	if (search->hash[0] != '\0' ||
	    strlen(hash) != HASH_HEX_SIZE - 1 ||
	    strspn(hash, HEX) != HASH_HEX_SIZE - 1 ||
	    strncmp(hash, search->digits, DIGITS_COUNT) != 0)
		return child_lines_are_odd(error);
	(void)snprintf(search->hash, HASH_HEX_SIZE, "%s", hash);
	return 0;
}

/* Whose it is by that file, for who typed its digits to tell. */
static void
tell(const struct session_row *row)
{
	char looked_up[WHEN_SIZE], text[640];

	when_print(row->looked_up, looked_up);
	if (row->digits[0] == '\0')
		(void)snprintf(text, sizeof(text), "nothing");
	else
		(void)snprintf(text, sizeof(text), "%s %s%.200s, %s, "
		    "looked up %s", credential_kind_name(row->kind),
		    row->user == NULL ? "of nobody any more" : "of user ",
		    row->user == NULL ? "" : row->user,
		    session_row_state(row), row->looked_up == -1 ?
		    "before the last boot" : looked_up);
	table_plain(text);
	(void)fprintf(stderr, "authgear-cache: note: what the daemon's file "
	    "has of these digits: %s. The rest of the SHA-256 is from there "
	    "too: where the daemon's user may have written it, hand the token "
	    "itself over, or revoke its user\n", text);
}

int
digits_find(const struct settings *settings, const char *digits,
    char hash[HASH_HEX_SIZE], struct error *error)
{
	struct search search = { .settings = settings, .digits = digits,
	    .hash = hash };
	const struct child child = {
		.state = settings->state,
		.what = "",
		.context = &search,
		.work = look,
		.take = take
	};

	int ret;

	hash[0] = '\0';
	if (command_now(&search.now, error) == -1)
		return -1;
	ret = child_run(&child, error);
	if (ret == 0 && hash[0] != '\0')
		tell(&search.row);
	session_row_clear(&search.row);
	if (ret == -1 || hash[0] != '\0')
		return ret;
	error_set(error, "no session that the daemon knows begins with %s: "
	    "hand the token itself over, or revoke its user", digits);
	return -1;
}
