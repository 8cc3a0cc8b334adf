#include "face/config_command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "settings.h"

static struct settings *
load(const char *path)
{
	struct error error = { "" };
	struct settings *settings;

	if ((settings = settings_load(path, &error)) == NULL)
		fprintf(stderr, "%s\n", error_text(&error));
	return settings;
}

int
config_command_check(const char *path, int json)
{
	struct settings *settings;
	int printed;

	if ((settings = load(path)) == NULL)
		return 1;
	printed = settings_print(settings, stdout, json);
	if (settings->ca_file != NULL &&
	    access(settings->ca_file, R_OK) == -1)
		fprintf(stderr, "warning: ca_file %s: %s\n",
		    settings->ca_file, strerror(errno));
	settings_free(settings);
	return printed == 0 ? 0 : 1;
}

int
config_command_policies(const char *path, int json)
{
	struct settings *settings;
	int printed;

	if ((settings = load(path)) == NULL)
		return 1;
	if (json)
		printed = settings_print(settings, stdout, 1);
	else
		printed = settings_print_policies(settings, stdout);
	settings_free(settings);
	return printed == 0 ? 0 : 1;
}
