#include "config.h"

#include "admin/rights.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "settings/settings.h"

struct settings *
rights_settings(const struct command_line *line, struct error *error)
{
	struct settings *settings = settings_load(line->values[OPTION_CONFIG],
	    error);

	if (settings == NULL || geteuid() == 0 ||
	    eaccess(settings->state, R_OK | X_OK) == 0 || errno != EACCES)
		return settings;
	error_set(error, "%s: %s; run this as root", settings->state,
	    strerror(EACCES));
	settings_free(settings);
	return NULL;
}
