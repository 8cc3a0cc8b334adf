#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "admin/commands.h"
#include "admin/health.h"
#include "admin/health_print.h"
#include "admin/rights.h"
#include "settings/settings.h"

#define PERIOD_SECONDS 2
#define CLEAR "\033[H\033[J"

static const char help[] =
    "usage: authgear-cache status [--watch] [--config FILE] [--json]\n"
    "\n"
    "Tells how the state does: the disk, how large and how full its files\n"
    "are, what was changed last, the keys and when they are due, whether\n"
    "Authgear's resolver answers, and which processes have it open.\n"
    "\n"
    "  -w, --watch        again and again, until it is interrupted\n"
    "  -c, --config FILE  settings (" COMMAND_SETTINGS ")\n"
    "  -j, --json         as JSON, one object a line\n"
    "  -h, --help         this text\n";

static enum command_status
tell(const struct settings *settings, const struct command_line *line,
    int clears, struct error *error)
{
	struct health health;
	struct moment now;
	enum command_status status;

	if (command_now(&now, error) == -1)
		return COMMAND_FAILED;
	health_look(&health, settings, &now);
	if (clears)
		(void)fputs(CLEAR, stdout);
	if (line->json)
		health_print_json(&health);
	else
		health_print(&health);
	status = command_flush("", error);
	/* it was told what */
	return status == COMMAND_DONE && !health_is_whole(&health) ?
	    COMMAND_FAILED : status;
}

static enum command_status
run(const struct command_line *line, struct error *error)
{
	const int watches = line->values[OPTION_WATCH] != NULL;
	const int clears = watches && !line->json && isatty(STDOUT_FILENO);
	const struct timespec pause = { .tv_sec = PERIOD_SECONDS };
	enum command_status status = COMMAND_FAILED;
	struct settings *settings;

	settings = rights_settings(line, error);
	if (settings == NULL)
		return COMMAND_FAILED;
	do {
		status = tell(settings, line, clears, error);
		if (error->text[0] != '\0' || !watches)
			break;
		if (!clears && !line->json)
			(void)putchar('\n');
	} while (nanosleep(&pause, NULL) == 0);
	settings_free(settings);
	return status;
}

const struct command status_command = {
	.name = "status",
	.options = 1U << OPTION_WATCH,
	.no_option = COMMAND_NO_OPTION,
	.no_operand = "it takes options only",
	.usage = "[--watch] [--config FILE] [--json]",
	.summary = "how the state does",
	.help = help,
	.run = run
};
