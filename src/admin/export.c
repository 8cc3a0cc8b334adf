#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/commands.h"
#include "admin/progress.h"
#include "admin/rights.h"
#include "admin/row_print.h"
#include "face/json_print.h"
#include "settings/settings.h"
#include "state/write/trust_import.h"
#include "state/write/trust_list.h"

static const char help[] =
    "usage: authgear-cache export [--config FILE] >FILE\n"
    "\n"
    "Writes what is revoked and the account map as JSON, one object a line,\n"
    "for `import' on another host of the same endpoint. Who has the file\n"
    "can read user IDs, not credentials.\n"
    "\n"
    "  -c, --config FILE  settings (" COMMAND_SETTINGS ")\n"
    "  -j, --json         it always is\n"
    "  -h, --help         this text\n";

/* One export. */
struct work {
	const struct settings *settings;
	struct progress progress;
	int64_t lines;
	struct error *error;
};

static void
count(struct work *work)
{
	progress_tell(&work->progress, ++work->lines);
}

/* What `import' would refuse does not go out. */
static int
check(struct work *work, const struct trust_item *item, const char *what)
{
	struct error why = { "" };

	if (trust_import_check(item, &why) == 0)
		return 0;
	error_set(work->error, "%s cannot be exported: %s", what,
	    error_text(&why));
	return -1;
}

static int
write_rows(struct work *work)
{
	struct trust_item item = { .is_account = 0 };
	struct trust_list *list;
	char what[64];
	int found;

	list = trust_list_open_export(work->settings->state,
	    work->settings->endpoint, work->error);
	if (list == NULL)
		return -1;
	json_print_text(stdout, "{\"export\":1,\"endpoint\":",
	    work->settings->endpoint);
	(void)fputs("}\n", stdout);
	count(work);
	while ((found = trust_list_next(list, &item.row, work->error)) == 1) {
		(void)snprintf(what, sizeof(what), "revocation %lld",
		    (long long)item.row.id);
		if (check(work, &item, what) == -1) {
			found = -1;
			break;
		}
		row_print_export(&item.row);
		count(work);
	}
	trust_list_free(list);
	return found;
}

static int
write_accounts(struct work *work)
{
	struct trust_item item = { .is_account = 1 };
	struct trust_list *list;
	int found;

	list = trust_list_open_map(work->settings->state,
	    work->settings->endpoint, NULL, work->error);
	if (list == NULL)
		return -1;
	while ((found = trust_list_next_account(list, &item.account,
	    work->error)) == 1) {
		if (check(work, &item, "a row of the map") == -1) {
			found = -1;
			break;
		}
		row_print_account_json(&item.account);
		count(work);
	}
	trust_list_free(list);
	return found;
}

/* Without its last line `import' takes none of it. */
static int
export(struct work *work)
{
	int ret;

	progress_begin(&work->progress, "lines written");
	if (isatty(STDOUT_FILENO))
		progress_end(&work->progress);
	ret = write_rows(work);
	if (ret == 0)
		ret = write_accounts(work);
	progress_end(&work->progress);
	if (ret == 0)
		(void)printf("{\"lines\":%lld}\n", (long long)work->lines);
	return ret;
}

static enum command_status
run(const struct command_line *line, struct error *error)
{
	struct work work = { .error = error };
	enum command_status status = COMMAND_FAILED;
	struct settings *settings;

	settings = rights_settings(line, error);
	work.settings = settings;
	if (settings != NULL && export(&work) == 0)
		status = COMMAND_DONE;
	settings_free(settings);
	return command_flush("", error) == COMMAND_DONE ? status :
	    COMMAND_FAILED;
}

const struct command export_command = {
	.name = "export",
	.no_option = COMMAND_NO_OPTION,
	.no_operand = "it writes to stdout: export >FILE",
	.usage = "[--config FILE] >FILE",
	.summary = "what is revoked, for another host",
	.help = help,
	.run = run
};
