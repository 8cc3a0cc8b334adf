#include "settings/settings_apply.h"

#include <errno.h>
#include <ini_configobj.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "settings/settings_table.h"

static struct ini_cfgobj *
parse_ini(const char *path, const struct buffer *text, struct error *error)
{
	struct ini_cfgfile *file = NULL;
	struct ini_cfgobj *ini = NULL;
	char **messages = NULL;
	int rc;

	rc = ini_config_create(&ini);
	if (rc == 0)
		rc = ini_config_file_from_mem(text->data,
		    (uint32_t)text->len, &file);
	if (rc != 0) {
		error_set(error, "%s: %s", path, rc == ENOMEM ?
		    "out of memory" : strerror(rc));
		goto failed;
	}
	if (ini_config_parse(file, INI_STOP_ON_ANY,
	    INI_MS_ERROR | INI_MV1S_ERROR | INI_MV2S_ERROR,
	    INI_PARSE_NOWRAP | INI_PARSE_NO_C_COMMENTS, ini) != 0) {
		if (ini_config_get_errors(ini, &messages) == 0 &&
		    messages != NULL && messages[0] != NULL)
			error_set(error, "%s: %s", path, messages[0]);
		ini_config_free_errors(messages);
		error_set(error, "%s: cannot be read as settings", path);
		goto failed;
	}
	ini_config_file_destroy(file);
	return ini;
failed:
	ini_config_file_destroy(file);
	ini_config_destroy(ini);
	return NULL;
}

/* The value as libini_config read it; NULL: not there. */
static char *
value_of(struct ini_cfgobj *ini, const struct settings_entry *entry)
{
	struct value_obj *object = NULL;
	int failed = 0;
	char *value;

	if (ini_get_config_valueobj(entry->section, entry->key, ini,
	    INI_GET_FIRST_VALUE, &object) != 0 || object == NULL)
		return NULL;
	value = ini_get_string_config_value(object, &failed);
	if (failed != 0) {
		free(value);
		return NULL;
	}
	return value;
}

static struct policy *
add_policy(struct settings *settings, const char *name)
{
	struct policy **policies;
	struct policy *policy;

	policies = reallocarray(settings->policies,
	    settings->policy_count + 1, sizeof(struct policy *));
	if (policies == NULL)
		return NULL;
	settings->policies = policies;
	if ((policy = calloc(1, sizeof(*policy))) == NULL)
		return NULL;
	if ((policy->name = strdup(name)) == NULL ||
	    settings_table_defaults("policy", policy) == -1) {
		policy_free(policy);
		return NULL;
	}
	policies[settings->policy_count++] = policy;
	return policy;
}

/* Where the keys of a section go: *kind_out "authgear" or "policy". */
static void *
section_target(struct settings *settings, const char *path,
    const struct settings_entry *entry, const char **kind_out,
    struct error *error)
{
	static const char prefix[] = "policy ";
	const char *name = entry->section + sizeof(prefix) - 1;
	struct policy *policy;

	*kind_out = "authgear";
	if (strcmp(entry->section, "authgear") == 0)
		return settings;
	*kind_out = "policy";
	if (strncmp(entry->section, prefix, sizeof(prefix) - 1) != 0) {
		error_set(error, "%s:%d: [%s]: is no section; there are "
		    "[authgear] and [policy NAME]", path, entry->line,
		    entry->section);
		return NULL;
	}
	if (name[0] == '\0' || strchr(name, ' ') != NULL ||
	    strlen(name) > POLICY_MAX_NAME) {
		error_set(error, "%s:%d: [%s]: the policy's name must be 1 to "
		    "%d of a-z, 0-9, _ and -", path, entry->line,
		    entry->section, POLICY_MAX_NAME);
		return NULL;
	}
	if (settings->policy_count == POLICY_MAX) {
		error_set(error, "%s:%d: [%s]: more than %d policies", path,
		    entry->line, entry->section, POLICY_MAX);
		return NULL;
	}
	if ((policy = add_policy(settings, name)) == NULL)
		error_set(error, "%s: out of memory", path);
	return policy;
}

static int
apply_key(void *target, const char *kind, const char *path,
    const struct settings_entry *entry, struct ini_cfgobj *ini,
    struct error *error)
{
	const struct settings_row *row;
	struct error why = { "" };
	char *value;
	int ret = -1;

	if ((row = settings_table_find(kind, entry->key)) == NULL) {
		error_set(error, "%s:%d: %s: is no setting of [%s]; see "
		    "authgear.conf(5)", path, entry->line, entry->key,
		    entry->section);
		return -1;
	}
	if ((value = value_of(ini, entry)) == NULL) {
		error_set(error, "%s:%d: %s: cannot be read", path,
		    entry->line, entry->key);
		return -1;
	}
	if (settings_table_set(target, row, value, &why) == -1)
		error_set(error, "%s:%d: %s: %s", path, entry->line,
		    entry->key, error_text(&why));
	else
		ret = 0;
	free(value);
	return ret;
}

static int
apply_entries(struct settings *settings, const char *path,
    const struct settings_scan *scan, struct ini_cfgobj *ini,
    struct error *error)
{
	const struct settings_entry *entry;
	const char *kind = NULL;
	void *target = NULL;
	size_t i;

	for (i = 0; i < scan->count; i++) {
		entry = &scan->entries[i];
		if (entry->key == NULL) {
			target = section_target(settings, path, entry, &kind,
			    error);
			if (target == NULL)
				return -1;
		} else if (apply_key(target, kind, path, entry, ini,
		    error) == -1)
			return -1;
	}
	return 0;
}

int
settings_apply(struct settings *settings, const char *path,
    const struct buffer *text, const struct settings_scan *scan,
    struct error *error)
{
	struct ini_cfgobj *ini;
	int ret;

	/* the library refuses an empty file with a message nobody needs */
	if (scan->count == 0)
		return 0;
	if ((ini = parse_ini(path, text, error)) == NULL)
		return -1;
	ret = apply_entries(settings, path, scan, ini, error);
	ini_config_destroy(ini);
	return ret;
}
