#include "settings/settings.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ground/buffer.h"
#include "settings/settings_apply.h"
#include "settings/settings_check.h"
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

static int
check_file(int fd, const char *path, struct error *error)
{
	struct stat st;

	if (fstat(fd, &st) == -1) {
		error_set(error, "%s: %s", path, strerror(errno));
		return -1;
	}
	if (!S_ISREG(st.st_mode)) {
		error_set(error, "%s: is not a regular file", path);
		return -1;
	}
	if (st.st_uid != 0 && st.st_uid != geteuid()) {
		error_set(error, "%s: belongs to uid %lu; it must belong to "
		    "root or to the user who runs this (chown root)", path,
		    (unsigned long)st.st_uid);
		return -1;
	}
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		error_set(error, "%s: can be written by others; run: chmod "
		    "go-w %s", path, path);
		return -1;
	}
	if (st.st_size > SETTINGS_MAX_FILE) {
		error_set(error, "%s: is larger than %d bytes", path,
		    SETTINGS_MAX_FILE);
		return -1;
	}
	return 0;
}

/* The whole file, with a newline at its end.  0 or -1. */
static int
read_file(const char *path, struct buffer *text, struct error *error)
{
	char chunk[8192];
	ssize_t got;
	int fd;
	int ret = -1;

	/* NONBLOCK: a FIFO in its place must not hold us up */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1) {
		error_set(error, "%s: %s%s", path, strerror(errno),
		    errno == ENOENT ? "; make it, see authgear.conf(5), or "
		    "name another with --config" : errno == EACCES ? "; the "
		    "daemon's user must be able to read it: run 'chmod 0644' "
		    "on it" : "");
		return -1;
	}
	if (check_file(fd, path, error) == -1)
		goto done;
	while ((got = read(fd, chunk, sizeof(chunk))) > 0) {
		if (buffer_append(text, chunk, (size_t)got) == -1)
			break;
	}
	if (got == -1) {
		error_set(error, "%s: %s", path, strerror(errno));
		goto done;
	}
	if (text->failed || (text->len > 0 &&
	    text->data[text->len - 1] != '\n' &&
	    buffer_append(text, "\n", 1) == -1)) {
		/* the first cause stays */
		if (text->no_memory)
			error_set(error, "%s: out of memory", path);
		error_set(error, "%s: is larger than %d bytes", path,
		    SETTINGS_MAX_FILE);
		goto done;
	}
	ret = 0;
done:
	close(fd);
	return ret;
}

struct settings *
settings_load(const char *path, struct error *error)
{
	struct settings_scan scan = { NULL, 0 };
	struct settings *settings = NULL;
	struct buffer text;
	int is_good = 0;

	buffer_init(&text, SETTINGS_MAX_FILE + 1);
	if (read_file(path, &text, error) == -1)
		goto done;
	settings_scan_simplify(text.data, &text.len);
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
