#include <stdlib.h>

#include "admin/commands.h"
#include "admin/explain_ask.h"
#include "admin/explain_request.h"
#include "admin/handed.h"
#include "admin/log_line.h"
#include "admin/rights.h"

static const char help[] =
    "usage: authgear-cache explain [--policy NAME] [--ask] [OPTION...] "
    "<CREDENTIAL\n"
    "       authgear-cache explain [--policy NAME] --account ACCOUNT "
    "[OPTION...]\n"
    "           <PASSWORD\n"
    "       authgear-cache explain --request ID [--file LOG] [OPTION...]\n"
    "\n"
    "Tells step by step what the daemon would decide now, and why, from what\n"
    "is known here: a token, the value of a session cookie, or the lines\n"
    "Authorization: and Cookie: of a request. With --account as PAM would be\n"
    "told; an empty password is a login without one. Authgear is not asked.\n"
    "With --request it is what the log tells of a refusal: what its reason\n"
    "means, and which settings and commands it goes by.\n"
    "\n"
    "  -p, --policy NAME  the policy; without it, the one that there is\n"
    "      --account NAME the account that logs in\n"
    "      --ask          ask Authgear where the daemon would\n"
    "      --request ID   a request of the log on stdin, else of the journal\n"
    "  -f, --file FILE    read the credential from FILE, not from stdin;\n"
    "                     it is never an argument\n"
    "  -c, --config FILE  settings (" COMMAND_SETTINGS ")\n"
    "  -j, --json         as one JSON object\n"
    "  -h, --help         this text\n";

static enum command_status
explain(const struct command_line *line, struct explain_ask *ask,
    struct error *error)
{
	struct explain_report *report = calloc(1, sizeof(*report));
	enum command_status status = COMMAND_FAILED;

	if (report == NULL) {
		error_set(error, "out of memory");
		return COMMAND_FAILED;
	}
	if (handed_read_text(line->values[OPTION_FILE], ask->text,
	    error) == 0 && explain_ask(ask, report, error) == 0) {
		explain_report_print(report, line->json);
		status = command_flush("", error);
	}
	explain_report_clear(report);
	free(report);
	return status;
}

static enum command_status
tell_request(const struct command_line *line, const struct settings *settings,
    struct error *error)
{
	const struct explain_request request = {
		.settings = settings,
		.id = line->values[OPTION_REQUEST],
		.file = line->values[OPTION_FILE],
		.json = line->json
	};

	return explain_request(&request, error) == 0 ?
	    command_flush("", error) : COMMAND_FAILED;
}

/* NULL, or what is wrong. */
static const char *
check(const struct command_line *line)
{
	const char *account = line->values[OPTION_ACCOUNT];
	const char *request = line->values[OPTION_REQUEST];

	if (account != NULL && account[0] == '\0')
		return "--account names nobody";
	if (request == NULL)
		return NULL;
	if (account != NULL || line->values[OPTION_POLICY] != NULL ||
	    line->values[OPTION_ASK] != NULL)
		return "--request tells of a decision that was made";
	return log_line_is_id(request) ? NULL :
	    "--request takes the 16 digits of the log's request=";
}

static enum command_status
run(const struct command_line *line, struct error *error)
{
	struct settings *settings;
	struct buffer text;
	struct explain_ask ask = {
		.policy = line->values[OPTION_POLICY],
		.account = line->values[OPTION_ACCOUNT],
		.may_ask = line->values[OPTION_ASK] != NULL,
		.text = &text
	};
	enum command_status status = COMMAND_FAILED;
	const char *wrong = check(line);

	if (wrong != NULL) {
		error_set(error, "%s", wrong);
		return COMMAND_USAGE;
	}
	buffer_init(&text, HANDED_LIMIT);
	settings = line->values[OPTION_REQUEST] != NULL ?
	    settings_load(line->values[OPTION_CONFIG], error) :
	    rights_settings(line, error);
	ask.settings = settings;
	if (settings != NULL && line->values[OPTION_REQUEST] != NULL)
		status = tell_request(line, settings, error);
	else if (settings != NULL)
		status = explain(line, &ask, error);
	buffer_clear(&text);
	settings_free(settings);
	return status;
}

const struct command explain_command = {
	.name = "explain",
	.options = 1U << OPTION_POLICY | 1U << OPTION_ACCOUNT |
	    1U << OPTION_ASK | 1U << OPTION_FILE | 1U << OPTION_REQUEST,
	.no_operand = "it takes options only; a credential belongs to stdin "
	    "or a file",
	.usage = "[--policy NAME] ...",
	.summary = "why a credential is let in or not",
	.help = help,
	.run = run
};
