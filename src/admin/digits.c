#include "admin/digits.h"

#include <stdio.h>
#include <string.h>

#include "admin/child.h"
#include "face/json_print.h"
#include "state/status_list.h"

#define HEX "0123456789abcdef"

/* Of both; the child has its own. */
struct search {
	const struct settings *settings;
	const char *digits;
	char *hash;
};

int
digits_are(const char *text)
{
	return strlen(text) == DIGITS_COUNT &&
	    strspn(text, HEX) == DIGITS_COUNT;
}

static int
look(void *context, FILE *out, struct error *error)
{
	const struct search *search = context;
	struct status_list *list;
	char hash[HASH_HEX_SIZE];
	int found = -1;

	list = status_list_open(search->settings->state,
	    search->settings->endpoint, STATUS_LIST_OLDEST, error);
	if (list != NULL)
		found = status_list_find(list, search->digits, hash, error);
	if (found == 1) {
		json_print_text(out, "{\"hash\":", hash);
		(void)fputs("}\n", out);
	}
	status_list_free(list);
	return found == -1 ? -1 : 0;
}

/* Whatever it says, it is one that begins so. */
static int
take(void *context, const struct json *line, struct error *error)
{
	const struct search *search = context;
	const char *hash;

	if (search->hash[0] != '\0' ||
	    json_find_string(line, "hash", &hash) != JSON_FOUND ||
	    strlen(hash) != HASH_HEX_SIZE - 1 ||
	    strspn(hash, HEX) != HASH_HEX_SIZE - 1 ||
	    strncmp(hash, search->digits, DIGITS_COUNT) != 0)
		return child_lines_are_odd(error);
	(void)snprintf(search->hash, HASH_HEX_SIZE, "%s", hash);
	return 0;
}

int
digits_find(const struct settings *settings, const char *digits,
    char hash[HASH_HEX_SIZE], struct error *error)
{
	struct search search = { settings, digits, hash };
	const struct child child = {
		.state = settings->state,
		.what = "",
		.context = &search,
		.work = look,
		.take = take
	};

	hash[0] = '\0';
	if (child_run(&child, error) == -1)
		return -1;
	if (hash[0] != '\0')
		return 0;
	error_set(error, "no session that the daemon knows begins with %s: "
	    "hand the token itself over, or revoke its user", digits);
	return -1;
}
