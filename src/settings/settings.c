#include "settings/settings.h"

#include <stdlib.h>
#include <string.h>

#include "settings/settings_apply.h"
#include "settings/settings_check.h"
#include "settings/settings_file.h"
#include "settings/settings_scan.h"
#include "settings/settings_table.h"
#include "settings/settings_warn.h"

void
settings_free(struct settings *settings)
{
	size_t i;

	if (settings == NULL)
		return;
	free(settings->endpoint);
	free(settings->resolver_url);
	free(settings->ca_file);
	free(settings->proxy);
	free(settings->cookie_prefix);
	free(settings->state);
	for (i = 0; i < settings->policy_count; i++)
		policy_free(settings->policies[i]);
	free(settings->policies);
	word_list_clear(&settings->warnings);
	free(settings);
}

static const struct policy *
find_policy(const struct settings *settings, const char *name)
{
	size_t i;

	for (i = 0; i < settings->policy_count; i++) {
		if (strcmp(settings->policies[i]->name, name) == 0)
			return settings->policies[i];
	}
	return NULL;
}

struct settings *
settings_load(const char *path, struct error *error)
{
	struct settings_scan scan = { NULL, 0 };
	struct settings *settings = NULL;
	struct buffer text;
	int is_good = 0;

	buffer_init(&text, SETTINGS_MAX_FILE + 1);
	if (settings_file_read(path, &text, error) == -1)
		goto done;
	settings_scan_outdent(text.data, &text.len);
	if (settings_scan(&scan, path, text.data, text.len, error) == -1)
		goto done;
	if ((settings = calloc(1, sizeof(*settings))) == NULL ||
	    settings_table_defaults("authgear", settings) == -1) {
		error_set(error, "%s: out of memory", path);
		goto done;
	}
	if (settings_apply(settings, path, &text, &scan, error) == -1 ||
	    settings_check(settings, path, &scan, error) == -1)
		goto done;
	if (settings_warn(settings) == -1)
		error_set(error, "%s: out of memory", path);
	else
		is_good = 1;
done:
	settings_scan_clear(&scan);
	buffer_clear(&text);
	if (is_good)
		return settings;
	settings_free(settings);
	return NULL;
}

const struct policy *
settings_policy(const struct settings *settings, const char *name,
    int *unknown_out)
{
	*unknown_out = 0;
	if (name != NULL && name[0] != '\0') {
		*unknown_out = 1;
		return find_policy(settings, name);
	}
	if (settings->policy_count != 1)
		return NULL;
	return find_policy(settings, "default");
}
