#include "list.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "row_print.h"
#include "settings.h"
#include "trust_list.h"

#define DEFAULT_CONFIG SYSCONFDIR "/authgear/authgear.conf"

static const char help[] =
    "usage: authgear-cache list revocations [--config FILE] [--json]\n"
    "\n"
    "Lists what was revoked and blocked, the oldest first.\n"
    "\n"
    "  -c, --config FILE  settings (" DEFAULT_CONFIG ")\n"
    "  -j, --json         as JSON; times are Unix seconds\n"
    "  -h, --help         this text\n";

static int
print_rows(struct trust_list *list, int json, struct error *error)
{
	struct trust_list_row row;
	int count, found;

	if (json)
		(void)printf("{\"revocations\":[");
	for (count = 0; (found = trust_list_next(list, &row, error)) == 1;
	    count++) {
		if (json) {
			(void)printf("%s", count > 0 ? "," : "");
			row_print_json(&row, "");
			continue;
		}
		if (count == 0)
			row_print_head();
		row_print_table(&row);
	}
	if (json)
		(void)printf("]}\n");
	else if (count == 0 && found == 0)
		(void)printf("nothing is revoked\n");
	if (fflush(stdout) != 0 || ferror(stdout)) {
		error_set(error, "writing to stdout failed");
		return -1;
	}
	return found;
}

static int
list_run(const char *config, int json)
{
	struct settings *settings = NULL;
	struct trust_list *list = NULL;
	struct error error = { "" };
	int status = 1;

	settings = settings_load(config, &error);
	if (settings != NULL)
		list = trust_list_open(settings->state, settings->endpoint,
		    &error);
	if (list != NULL && print_rows(list, json, &error) == 0)
		status = 0;
	if (status != 0)
		(void)fprintf(stderr, "authgear-cache: %s\n",
		    error_text(&error));
	trust_list_free(list);
	settings_free(settings);
	return status;
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
			(void)fputs(help, stderr);
			return 2;
		}
	}
	if (argc - optind != 1 || strcmp(argv[optind], "revocations") != 0) {
		(void)fputs(help, stderr);
		return 2;
	}
	return list_run(config, json);
}
