#include "admin/explain_request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "admin/advice.h"
#include "admin/given.h"
#include "admin/journal.h"
#include "admin/log_line.h"
#include "admin/table.h"
#include "face/json_print.h"
#include "settings/settings_table.h"

#define NAME_WIDTH 12
#define VALUE_MAX 2048		/* bytes of a field */

/* What was found. */
struct found {
	const struct explain_request *request;
	char line[LOG_LINE_MAX];
	enum reason reason;
	const struct policy *policy;	/* NULL: none of the settings */
	const struct advice *advice;	/* NULL: it is no refusal */
	char user[VALUE_MAX];
	int count;			/* printed of a list */
};

static int
find_in_journal(struct found *found, struct error *error)
{
	struct journal journal;
	int ret;

	if (journal_open(&journal, found->request->settings->state,
	    error) == -1)
		return -1;
	ret = log_line_find(journal.lines, found->request->id, found->line,
	    error);
	journal_close(&journal);
	return ret;
}

static int
find_in_file(struct found *found, const char *path, struct error *error)
{
	FILE *file = fopen(path, "re");
	int ret;

	if (file == NULL) {
		error_set(error, "%s: %s", path, strerror(errno));
		return -1;
	}
	ret = log_line_find(file, found->request->id, found->line, error);
	(void)fclose(file);
	return ret;
}

/* 1, 0 if it has nothing at all, or is a person, -1 and error. */
static int
has_stdin(struct error *error)
{
	const enum given given = given_stdin();
	int c;

	if (given == GIVEN_SILENCE)
		(void)fprintf(stderr, "authgear-cache: note: nothing came on "
		    "stdin within %d s, so the journal is looked at; --file - "
		    "waits for it\n", GIVEN_MS / 1000);
	if (given != GIVEN_SOMETHING)
		return 0;
	c = getc(stdin);
	if (c != EOF)
		return ungetc(c, stdin) == EOF ? -1 : 1;
	if (!ferror(stdin))
		return 0;
	error_set(error, "stdin: %s", strerror(errno));
	return -1;
}

static int
find_line(struct found *found, struct error *error)
{
	const char *file = found->request->file;
	int ret = 1;

	if (file == NULL)
		ret = has_stdin(error);
	else if (strcmp(file, "-") != 0)
		return find_in_file(found, file, error);
	if (ret == 1)
		return log_line_find(stdin, found->request->id, found->line,
		    error);
	return ret == 0 ? find_in_journal(found, error) : -1;
}

static int
read_line(struct found *found, struct error *error)
{
	char text[VALUE_MAX];
	int is_unknown;

	(void)log_line_field(found->line, "reason", text, sizeof(text));
	found->reason = reason_find(text);
	if (found->reason == REASON_COUNT) {
		error_set(error, "the line of this request tells no reason "
		    "that this release knows: %.200s", found->line);
		return -1;
	}
	found->advice = advice_find(found->reason);
	if (log_line_field(found->line, "policy", text, sizeof(text)))
		found->policy = settings_policy(found->request->settings,
		    text, &is_unknown);
	(void)log_line_field(found->line, "user", found->user,
	    sizeof(found->user));
	return 0;
}

/* --- told */

static void
print_named(const char *name, const char *text)
{
	(void)printf("%-*s ", NAME_WIDTH, name);
	table_wrap(NAME_WIDTH + 1, text);
}

static void
print_setting(struct found *found, const struct settings_row *row,
    const void *target)
{
	struct buffer value, text;

	buffer_init(&value, 2 * SETTINGS_MAX_VALUE);
	buffer_init(&text, 3 * SETTINGS_MAX_VALUE);
	settings_table_print(target, row, &value);
	(void)buffer_append_format(&text, "%s = %s", row->key.name,
	    value.len > 0 ? value.data : row->key.default_text);
	if (!found->request->json)
		print_named(found->count == 0 ? "settings" : "", text.data);
	else
		json_print_text(stdout, found->count == 0 ? "" : ",",
		    text.data);
	found->count++;
	buffer_clear(&value);
	buffer_clear(&text);
}

/* The keys of a section that these words name. */
static void
print_settings(struct found *found, const char *section, const char *words,
    const void *target)
{
	const struct settings_row *row;
	char name[64];
	size_t len;

	for (; target != NULL && *words != '\0'; words += len) {
		words += strspn(words, " ");
		len = strcspn(words, " ");
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, words);
		row = settings_table_find(section, name);
		if (row != NULL)
			print_setting(found, row, target);
	}
}

static void
print_all_settings(struct found *found)
{
	if (found->advice == NULL)
		return;
	print_settings(found, "authgear", found->advice->settings,
	    found->request->settings);
	print_settings(found, "policy", found->advice->rules, found->policy);
}

/* No more than what a shell takes as one word. */
static int
is_word(const char *text)
{
	return text[0] != '\0' && text[0] != '-' && text[strspn(text,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-_.@:")] == '\0';
}

/* "" if there is none, or it needs a user that the line does not tell. */
static void
make_command(const struct found *found, char *text, size_t size)
{
	const char *command = found->advice == NULL ? "" :
	    found->advice->command;
	const char *user = strstr(command, "%u");

	text[0] = '\0';
	if (command[0] == '\0' || (user != NULL && !is_word(found->user)))
		return;
	if (user == NULL)
		(void)snprintf(text, size, "authgear-cache %s", command);
	else
		(void)snprintf(text, size, "authgear-cache %.*s%s",
		    (int)(user - command), command, found->user);
}

static void
print_text(struct found *found)
{
	char text[VALUE_MAX + 128];

	print_named("line", found->line);
	(void)snprintf(text, sizeof(text), "%s, %s",
	    verdict_name(reason_verdict(found->reason)),
	    reason_name(found->reason));
	print_named("verdict", text);
	print_named("meaning", reason_sentence(found->reason));
	print_all_settings(found);
	make_command(found, text, sizeof(text));
	if (text[0] != '\0')
		print_named("look with", text);
}

static void
print_field(const struct found *found, const char *before, const char *name)
{
	char value[VALUE_MAX];

	json_print_text(stdout, before, log_line_field(found->line, name,
	    value, sizeof(value)) ? value : NULL);
}

static void
print_json(struct found *found)
{
	char command[VALUE_MAX + 128];

	json_print_text(stdout, "{\"request\":", found->request->id);
	json_print_text(stdout, ",\"verdict\":",
	    verdict_name(reason_verdict(found->reason)));
	json_print_text(stdout, ",\"reason\":", reason_name(found->reason));
	json_print_text(stdout, ",\"meaning\":",
	    reason_sentence(found->reason));
	print_field(found, ",\"policy\":", "policy");
	print_field(found, ",\"user\":", "user");
	print_field(found, ",\"client\":", "client");
	print_field(found, ",\"credential\":", "credential");
	print_field(found, ",\"detail\":", "detail");
	(void)fputs(",\"settings\":[", stdout);
	print_all_settings(found);
	make_command(found, command, sizeof(command));
	json_print_text(stdout, "],\"command\":", command[0] == '\0' ? NULL :
	    command);
	json_print_text(stdout, ",\"line\":", found->line);
	(void)fputs("}\n", stdout);
}

int
explain_request(const struct explain_request *request, struct error *error)
{
	struct found found = { .request = request, .line = "" };

	switch (find_line(&found, error)) {
	case 1:
		break;
	case 0:
		error_set(error, "the log has no decision of request %s: "
		    "grants are logged with log_grants alone, and of many "
		    "refusals at once some are only counted", request->id);
		return -1;
	default:
		return -1;
	}
	if (read_line(&found, error) == -1)
		return -1;
	if (request->json)
		print_json(&found);
	else
		print_text(&found);
	return 0;
}
