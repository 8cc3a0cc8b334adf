#include "admin/change_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/handed.h"

#define DEFAULT_CONFIG SYSCONFDIR "/authgear/authgear.conf"

#define COMMON_HELP \
    "  -r, --reason TEXT  why, for the list and the audit\n" \
    "  -c, --config FILE  settings (" DEFAULT_CONFIG ")\n" \
    "  -j, --json         say what was done as JSON\n" \
    "  -h, --help         this text\n"
#define FILE_HELP \
    "  -f, --file FILE    read the credential from FILE, not from stdin;\n" \
    "                     it is never an argument\n"

#define MAP_HELP \
    "usage: authgear-cache map add [USER] ACCOUNT [OPTION...]\n" \
    "       authgear-cache map remove [USER] [OPTION...]\n" \
    "\n" \
    "Says which account a user has where a policy's remote_user is map.\n" \
    "USER is Authgear's user ID; without it the one of a token on stdin.\n" \
    "One account belongs to one user; add gives a user another one.\n" \
    "\n" \
    FILE_HELP COMMON_HELP

static const char *const helps[] = {
	[CHANGE_REVOKE] =
    "usage: authgear-cache revoke token [OPTION...] <CREDENTIAL\n"
    "       authgear-cache revoke user [ID] [--at TIME] [OPTION...]\n"
    "       authgear-cache revoke client ID [--at TIME] [OPTION...]\n"
    "       authgear-cache revoke key KID [OPTION...]\n"
    "       authgear-cache revoke all [--at TIME] [OPTION...]\n"
    "\n"
    "Takes back one token or cookie, or signs out: what began until TIME is\n"
    "refused, a new login passes. Without ID the user is the one of a token\n"
    "on stdin. Done when it returns: no later request is let in.\n"
    "\n"
    "      --at TIME      2026-11-23T21:00:00Z, Unix seconds, -1h (now)\n"
    FILE_HELP COMMON_HELP,
	[CHANGE_BLOCK] =
    "usage: authgear-cache block user [ID] [OPTION...]\n"
    "       authgear-cache block client ID [OPTION...]\n"
    "\n"
    "Refuses everything of a user or a client, new logins too, until it is\n"
    "lifted. Without ID the user is the one of a token on stdin.\n"
    "\n"
    "      --from TIME    2026-11-23T21:00:00Z, Unix seconds, +1h (at once)\n"
    "      --until TIME   the first second that is let in again (never)\n"
    FILE_HELP COMMON_HELP,
	[CHANGE_LIFT] =
    "usage: authgear-cache lift NUMBER [OPTION...]\n"
    "       authgear-cache lift token [OPTION...] <CREDENTIAL\n"
    "       authgear-cache lift user [ID] [OPTION...]\n"
    "       authgear-cache lift client|key ID [OPTION...]\n"
    "       authgear-cache lift all [OPTION...]\n"
    "\n"
    "Ends the revocation of that NUMBER (list revocations), or all that name\n"
    "this token, user, client or key. `lift all' ends what `revoke all' did.\n"
    "\n"
    FILE_HELP COMMON_HELP,
	[CHANGE_MAP] = MAP_HELP,
	[CHANGE_UNMAP] = MAP_HELP
};

enum { AT = 256, FROM, UNTIL };

static const char *const names[] = {
	[CHANGE_REVOKE] = "revoke",
	[CHANGE_BLOCK] = "block",
	[CHANGE_LIFT] = "lift",
	[CHANGE_MAP] = "map",
	[CHANGE_UNMAP] = "map"
};

/* Words are not repeated: one may be a credential. */
static enum change_parse
usage(const struct change_options *options, const char *wrong)
{
	const char *name = names[options->command];

	(void)fprintf(stderr, "authgear-cache %s: %s; try 'authgear-cache %s "
	    "--help'\n", name, wrong, name);
	return CHANGE_USAGE;
}

/* NULL, or what is wrong with it. */
static const char *
set_option(struct change_options *options, int option)
{
	switch (option) {
	case 'c':
		options->config = optarg;
		return NULL;
	case 'f':
		options->file = optarg;
		return NULL;
	case 'j':
		options->json = 1;
		return NULL;
	case 'r':
		options->reason = optarg;
		return NULL;
	case AT:
		options->at = optarg;
		return options->command == CHANGE_REVOKE ? NULL :
		    "--at goes with revoke";
	case FROM:
		options->from = optarg;
		return options->command == CHANGE_BLOCK ? NULL :
		    "--from goes with block";
	case UNTIL:
		options->until = optarg;
		return options->command == CHANGE_BLOCK ? NULL :
		    "--until goes with block";
	case ':':
		return "an option lacks its value";
	default:
		return "there is no such option";
	}
}

/* The number of a revocation, 0 if it is none. */
static int64_t
number(const char *text)
{
	size_t len = strspn(text, "0123456789");

	return len == 0 || len > 18 || text[len] != '\0' ? 0 :
	    (int64_t)strtoll(text, NULL, 10);
}

/* NULL, or what is wrong with the value of this kind ("" or NULL: none). */
static const char *
check_value(enum revocation_kind kind, const char *value)
{
	if (value == NULL)
		return kind == REVOCATION_CLIENT || kind == REVOCATION_KEY ?
		    "its ID is missing" : NULL;
	if (strcmp(value, "-") == 0)
		return "leave the ID out to take it from the credential on "
		    "stdin";
	if (kind == REVOCATION_TOKEN || handed_is_token(value))
		return "a credential is never an argument: others can see it "
		    "there, so take this one for stolen; hand it over on stdin "
		    "or with --file";
	if (kind == REVOCATION_ALL)
		return "all takes no ID";
	return value[0] == '\0' ? "its ID is empty" : NULL;
}

/* What the words say: the kind and, if it may have one, the value. */
static const char *
read_words(struct change_options *options, int count, char **words)
{
	const char *wrong;

	if (count < 1)
		return "say of what";
	if (count > 2)
		return "there are too many words";
	if (options->command == CHANGE_LIFT && count == 1) {
		options->id = number(words[0]);
		if (options->id > 0)
			return options->file == NULL ? NULL :
			    "--file is for a credential, and none is asked "
			    "for";
	}
	if (revocation_kind_of(words[0], &options->kind) == -1)
		return options->command == CHANGE_LIFT ? "this is neither a "
		    "NUMBER nor one of token, user, client, key, all" :
		    "this is none of token, user, client, key, all";
	if (options->command == CHANGE_BLOCK && options->kind !=
	    REVOCATION_USER && options->kind != REVOCATION_CLIENT)
		return "users and clients can be blocked";
	if (options->at != NULL && (options->kind == REVOCATION_TOKEN ||
	    options->kind == REVOCATION_KEY))
		return "a token or key is revoked for ever, --at means "
		    "nothing";
	options->value = count == 2 ? words[1] : NULL;
	if ((wrong = check_value(options->kind, options->value)) != NULL)
		return wrong;
	if (options->kind == REVOCATION_ALL)
		options->value = "";
	return options->file != NULL && options->value != NULL ? "--file is "
	    "for a credential, and none is asked for" : NULL;
}

/* add [USER] ACCOUNT, remove [USER] */
static const char *
read_map_words(struct change_options *options, int count, char **words)
{
	const char *wrong;
	int i;

	options->kind = REVOCATION_USER;
	for (i = 1; i < count; i++)
		if ((wrong = check_value(REVOCATION_USER, words[i])) != NULL)
			return wrong;
	if (count >= 1 && count <= 2 && strcmp(words[0], "remove") == 0) {
		options->command = CHANGE_UNMAP;
		options->value = count == 2 ? words[1] : NULL;
	} else if (count >= 2 && count <= 3 && strcmp(words[0], "add") == 0) {
		options->value = count == 3 ? words[1] : NULL;
		options->account = words[count - 1];
	} else {
		return "say add [USER] ACCOUNT, or remove [USER]";
	}
	return options->file != NULL && options->value != NULL ? "--file is "
	    "for a credential, and none is asked for" : NULL;
}

enum change_parse
change_options_parse(struct change_options *options,
    enum change_command command, int argc, char **argv)
{
	static const struct option table[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "file", required_argument, NULL, 'f' },
		{ "reason", required_argument, NULL, 'r' },
		{ "at", required_argument, NULL, AT },
		{ "from", required_argument, NULL, FROM },
		{ "until", required_argument, NULL, UNTIL },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	const char *wrong;
	int option;

	memset(options, 0, sizeof(*options));
	options->command = command;
	options->config = DEFAULT_CONFIG;
	options->reason = "";
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":c:f:r:jh", table,
	    NULL)) != -1) {
		if (option == 'h') {
			if (fputs(helps[command], stdout) == EOF ||
			    fflush(stdout) == EOF)
				return CHANGE_USAGE;
			return CHANGE_HELPED;
		}
		if ((wrong = set_option(options, option)) != NULL)
			return usage(options, wrong);
	}
	wrong = command == CHANGE_MAP ?
	    read_map_words(options, argc - optind, argv + optind) :
	    read_words(options, argc - optind, argv + optind);
	return wrong == NULL ? CHANGE_RUN : usage(options, wrong);
}
