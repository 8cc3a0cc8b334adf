#include "face/config_command.h"

#include <stdio.h>

#include "face/ca_file.h"
#include "face/settings_print.h"
#include "settings/settings.h"

static struct settings *
load(const char *path)
{
	struct error error = { "" };
	struct settings *settings;

	if ((settings = settings_load(path, &error)) == NULL)
		fprintf(stderr, "%s\n", error_text(&error));
	return settings;
}

static int
say(int printed)
{
	if (printed == -1)
		fputs("the settings could not be printed\n", stderr);
	return printed == -1 ? 1 : 0;
}

int
config_command_check(const char *path, int json)
{
	struct error error = { "" };
	struct settings *settings;
	int ret;

	if ((settings = load(path)) == NULL)
		return 1;
	ret = say(settings_print(settings, stdout, json));
	if (settings->ca_file != NULL &&
	    ca_file_check(settings->ca_file, &error) == -1) {
		fprintf(stderr, "%s\n", error_text(&error));
		ret = 1;
	}
	settings_free(settings);
	return ret;
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
	return say(printed);
}
