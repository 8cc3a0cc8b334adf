#include <stdio.h>
#include <string.h>

#include "admin/change_words.h"
#include "admin/commands.h"

static const char help[] =
    "usage: authgear-cache keys refresh [--reason TEXT] [--config FILE] "
    "[--json]\n"
    "\n"
    "Has daemons fetch Authgear's keys anew, as soon as keys_cooldown lets\n"
    "them, also those that run: after a key was withdrawn at Authgear.\n"
    "\n"
    "  -r, --reason TEXT  why, for the audit\n"
    "  -c, --config FILE  settings (" COMMAND_SETTINGS ")\n"
    "  -j, --json         say what was done as JSON\n"
    "  -h, --help         this text\n";

static const char *
read_words(struct change *change)
{
	const struct command_line *line = change->line;

	change->typed = "";
	return line->count == 1 && strcmp(line->operands[0], "refresh") == 0 ?
	    NULL : "say refresh";
}

static enum trust_write
attempt(struct change *change)
{
	enum trust_write written;
	int64_t number;

	written = trust_writer_keys_due(change->writer, &change->note,
	    &change->now, &number, change->error);
	if (written != TRUST_WRITTEN)
		return written;
	if (change->line->json)
		(void)printf("{\"id\":%lld,\"keys_due\":%lld}\n",
		    (long long)number, (long long)change->now.wall);
	else
		(void)printf("%lld: keys that were fetched until now are "
		    "fetched anew; look at 'authgear-cache list keys'\n",
		    (long long)number);
	return TRUST_WRITTEN;
}

static enum command_status
run(const struct command_line *line, struct error *error)
{
	return change_run(line, read_words, attempt, error);
}

const struct command keys_command = {
	.name = "keys",
	.options = 1U << OPTION_REASON,
	.usage = "refresh ...",
	.summary = "have the keys fetched anew",
	.help = help,
	.run = run
};
