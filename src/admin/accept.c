#include <stdio.h>

#include "admin/actor.h"
#include "admin/change.h"
#include "admin/change_log.h"
#include "admin/commands.h"
#include "admin/rights.h"
#include "admin/signals.h"
#include "settings/settings.h"
#include "state/write/trust_writer.h"

static const char help[] =
    "usage: authgear-cache accept [--reason TEXT] [--config FILE] [--json]\n"
    "\n"
    "Has the daemon believe the trust.db that is there, though it has seen a\n"
    "newer one: after an older copy was put back. What was revoked since then\n"
    "is let in again.\n"
    "\n"
    "  -r, --reason TEXT  why, for the audit\n"
    "  -c, --config FILE  settings (" COMMAND_SETTINGS ")\n"
    "  -j, --json         say what was done as JSON\n"
    "  -h, --help         this text\n";

static void
say(const struct settings *settings, const struct trust_writer *writer,
    int64_t number, int json)
{
	if (json)
		(void)printf("{\"accepted\":%lld}\n", (long long)number);
	else
		(void)printf("%s/trust.db is accepted as it is, by change "
		    "%lld; copies from before are not believed any more.\n"
		    "What is in force: 'authgear-cache list revocations'\n",
		    settings->state, (long long)number);
	change_notes(writer);
}

static enum command_status
run(const struct command_line *line, struct error *error)
{
	char actor[ACTOR_SIZE];
	const struct trust_note note = { .actor = actor,
	    .reason = line->values[OPTION_REASON], .source = "cli" };
	enum command_status status = COMMAND_FAILED;
	struct trust_writer *writer = NULL;
	struct settings *settings;
	struct moment now;
	sigset_t saved;
	int64_t number;

	actor_name(actor);
	settings = rights_settings(line, error);
	if (settings == NULL || command_now(&now, error) == -1)
		goto done;
	signals_hold(&saved);
	writer = trust_writer_open_old(settings->state, settings->endpoint,
	    error);
	if (writer == NULL || trust_writer_accept(writer, &note, &now,
	    &number, error) != TRUST_WRITTEN) {
		signals_release(&saved);
		goto done;
	}
	say(settings, writer, number, line->json);
	(void)change_log_tell(settings, number - 1, NULL);
	status = command_flush("it is done, but ", error);
done:
	trust_writer_free(writer);
	settings_free(settings);
	return status;
}

const struct command accept_command = {
	.name = "accept",
	.options = 1U << OPTION_REASON,
	.no_option = COMMAND_NO_OPTION,
	.no_operand = "it takes options only",
	.usage = "[--reason TEXT] [--config FILE] [--json]",
	.summary = "believe a trust.db that was put back",
	.help = help,
	.run = run
};
