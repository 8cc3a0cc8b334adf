#include "admin/list.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "admin/row_print.h"
#include "settings/settings.h"
#include "state/write/trust_list.h"

#define DEFAULT_CONFIG SYSCONFDIR "/authgear/authgear.conf"

static const char help[] =
    "usage: authgear-cache list revocations [--config FILE] [--json]\n"
    "       authgear-cache list map [--config FILE] [--json]\n"
    "\n"
    "Lists what was revoked and blocked, the oldest first, or which account\n"
    "each user has.\n"
    "\n"
    "  -c, --config FILE  settings (" DEFAULT_CONFIG ")\n"
    "  -j, --json         as JSON; times are Unix seconds\n"
    "  -h, --help         this text\n";

/* The next row, printed: 1; 0 after the last; -1 and error. */
static int
print_revocation(struct trust_list *list, int json, int is_first,
    struct error *error)
{
	struct trust_list_row row;
	int found = trust_list_next(list, &row, error);

	if (found != 1)
		return found;
	if (json) {
		(void)printf("%s", is_first ? "" : ",");
		row_print_json(&row, "");
		return 1;
	}
	if (is_first)
		row_print_head();
	row_print_table(&row);
	return 1;
}

static int
print_account(struct trust_list *list, int json, int is_first,
    struct error *error)
{
	struct trust_list_account row;
	int found = trust_list_next_account(list, &row, error);

	if (found != 1)
		return found;
	if (json) {
		(void)printf("%s", is_first ? "" : ",");
		row_print_account_json(&row);
		return 1;
	}
	if (is_first)
		row_print_account_head();
	row_print_account_table(&row);
	return 1;
}

static const struct table {
	const char *name;
	const char *none;	/* what an empty one says */
	struct trust_list *(*open)(const char *directory,
	    const char *endpoint, struct error *error);
	int (*print)(struct trust_list *list, int json, int is_first,
	    struct error *error);
} tables[] = {
	{ "revocations", "nothing is revoked\n", trust_list_open,
	    print_revocation },
	{ "map", "no user has an account\n", trust_list_open_map,
	    print_account }
};

static int
print_rows(const struct table *table, struct trust_list *list, int json,
    struct error *error)
{
	int count, found;

	if (json)
		(void)printf("{\"%s\":[", table->name);
	for (count = 0; (found = table->print(list, json, count == 0,
	    error)) == 1; count++)
		;
	if (json)
		(void)printf("]}\n");
	else if (count == 0 && found == 0)
		(void)fputs(table->none, stdout);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		error_set(error, "writing to stdout failed");
		return -1;
	}
	return found;
}

static int
list_run(const struct table *table, const char *config, int json)
{
	struct settings *settings = NULL;
	struct trust_list *list = NULL;
	struct error error = { "" };
	int status = 1;

	settings = settings_load(config, &error);
	if (settings != NULL)
		list = table->open(settings->state, settings->endpoint,
		    &error);
	if (list != NULL && print_rows(table, list, json, &error) == 0)
		status = 0;
	if (status != 0)
		(void)fprintf(stderr, "authgear-cache: %s\n",
		    error_text(&error));
	trust_list_free(list);
	settings_free(settings);
	return status;
}

static int
usage(const char *wrong)
{
	(void)fprintf(stderr, "authgear-cache list: %s; try 'authgear-cache "
	    "list --help'\n", wrong);
	return 2;
}

int
list_main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	const char *config = DEFAULT_CONFIG;
	int option, json = 0;
	size_t i;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "c:jh", options,
	    NULL)) != -1) {
		switch (option) {
		case 'c':
			config = optarg;
			break;
		case 'j':
			json = 1;
			break;
		case 'h':
			return fputs(help, stdout) == EOF ||
			    fflush(stdout) == EOF;
		default:
			return usage("there is no such option, or it lacks its "
			    "value");
		}
	}
	for (i = 0; argc - optind == 1 &&
	    i < sizeof(tables) / sizeof(tables[0]); i++)
		if (strcmp(argv[optind], tables[i].name) == 0)
			return list_run(&tables[i], config, json);
	return usage("say revocations or map");
}
