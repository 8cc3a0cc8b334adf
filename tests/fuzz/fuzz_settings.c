/* Any bytes as a settings file.
 * Own files: src/settings/settings.c src/settings/settings_apply.c
 *     src/settings/settings_check.c src/settings/settings_scan.c
 *     src/settings/settings_table.c src/settings/settings_value.c
 *     src/settings/settings_value_list.c src/settings/settings_warn.c
 *     src/face/settings_print.c */
#include <sys/mman.h>
#include <sys/stat.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "face/settings_print.h"
#include "settings/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One that others may write, of somebody else, or too large. */
static void
check_file(mode_t mode, uid_t owner, size_t size)
{
	struct error error = { "" };
	char path[64];
	int fd = memfd_create("settings", MFD_CLOEXEC);

	if (fd == -1 || fchmod(fd, mode) == -1 ||
	    ftruncate(fd, (off_t)size) == -1 ||
	    (owner != 0 && getuid() == 0 && fchown(fd, owner, 0) == -1))
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (settings_load(path, &error) != NULL || error.text[0] == '\0')
		abort();
	close(fd);
}

/* Files that are refused whatever they hold. */
static void
check_places(void)
{
	static const char *const paths[] = { "/proc/self/none", "/",
	    "/dev/null", "/proc/self/status" };
	struct error error;
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		error_clear(&error);
		if (settings_load(paths[i], &error) != NULL ||
		    error.text[0] == '\0')
			abort();
	}
	check_file(0666, 0, 10);
	check_file(0600, 65534, 10);
	check_file(0600, 0, SETTINGS_MAX_FILE + 1);
}

/* What was loaded can be told, and its policies are found by name. */
static void
check_loaded(const struct settings *settings)
{
	char *text = NULL;
	size_t len, i;
	int is_unknown;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL || settings_print(settings, out, 0) == -1 ||
	    settings_print(settings, out, 1) == -1 ||
	    settings_print_policies(settings, out) == -1 ||
	    fclose(out) != 0 || strlen(text) != len)
		abort();
	free(text);
	for (i = 0; i < settings->policy_count; i++)
		if (settings_policy(settings, settings->policies[i]->name,
		    &is_unknown) != settings->policies[i])
			abort();
	if (settings_policy(settings, "-none-", &is_unknown) != NULL ||
	    !is_unknown)
		abort();
	if (settings_policy(settings, "", &is_unknown) != NULL &&
	    settings->policy_count != 1)
		abort();
}

/* Any bytes as a settings file: loaded or refused, with words why. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings *settings = NULL;
	struct error error = { "" };
	char path[64];
	int fd;

	if (size == 0)
		check_places();
	if ((fd = memfd_create("settings", MFD_CLOEXEC)) == -1)
		abort();
	if (fchmod(fd, 0600) == -1 ||
	    write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	settings = settings_load(path, &error);
	if ((settings == NULL) == (error.text[0] == '\0'))
		abort();
	if (settings != NULL)
		check_loaded(settings);
	settings_free(settings);
	close(fd);
	return 0;
}
