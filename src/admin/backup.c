#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/commands.h"
#include "admin/progress.h"
#include "admin/rights.h"
#include "face/json_print.h"
#include "settings/settings.h"
#include "state/write/trust_backup.h"
#include "state/write/trust_list.h"

static const char help[] =
    "usage: authgear-cache backup FILE [--config FILE] [--json]\n"
    "\n"
    "Copies trust.db, of one moment, to FILE, which it replaces as a whole\n"
    "or not at all; for its owner alone. It is read whole first: a damaged\n"
    "one is not copied. `restore' brings it back. What the daemon keeps is\n"
    "not in it: Authgear tells that again.\n"
    "\n"
    "  -c, --config FILE  settings (" COMMAND_SETTINGS ")\n"
    "  -j, --json         say what was done as JSON\n"
    "  -h, --help         this text\n";

static int
failed(const char *path, struct error *error)
{
	error_set(error, "%.300s: %s", path, strerror(errno));
	return -1;
}

/* What stands there is replaced if it is a file, and nothing else. */
static int
check_target(const char *path, struct error *error)
{
	struct stat st;

	if (lstat(path, &st) == -1)
		return errno == ENOENT ? 0 : failed(path, error);
	if (S_ISREG(st.st_mode))
		return 0;
	error_set(error, "%s is there and no file", path);
	return -1;
}

static void
folder_of(const char *path, char folder[PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	(void)snprintf(folder, PATH_MAX, "%.*s", slash == NULL ? 1 :
	    slash == path ? 1 : (int)(slash - path), slash == NULL ? "." :
	    path);
}

/* There it could take the place of trust.db or its log, under daemons that
 * have them open: what is revoked meanwhile would be lost. */
static int
check_folder(const char *path, const char *state, struct error *error)
{
	char folder[PATH_MAX];
	struct stat st, place;

	folder_of(path, folder);
	if (stat(folder, &st) == -1)
		return failed(folder, error);
	/* that there is no state is told when it is read */
	if (stat(state, &place) == -1)
		return 0;
	if (st.st_dev != place.st_dev || st.st_ino != place.st_ino)
		return 0;
	error_set(error, "%.300s: not in the state directory itself", path);
	return -1;
}

/* The entry of the folder is on disk too. */
static int
sync_folder(const char *path)
{
	char folder[PATH_MAX];
	int fd, ret;

	folder_of(path, folder);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	ret = fsync(fd);
	(void)close(fd);
	return ret;
}

/* Beside it first, under a name that nobody has. */
static int
replace(const char *path, const struct trust_backup *backup,
    struct error *error)
{
	char beside[PATH_MAX];
	int fd, ret;

	if (check_target(path, error) == -1)
		return -1;
	if (snprintf(beside, sizeof(beside), "%s.XXXXXX", path) >=
	    (int)sizeof(beside)) {
		error_set(error, "%.200s: the name is too long", path);
		return -1;
	}
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd == -1)
		return failed(beside, error);
	ret = trust_backup_write(backup, fd);
	if (ret == 0)
		ret = fsync(fd);
	if (close(fd) == -1 || ret == -1 || rename(beside, path) == -1) {
		(void)failed(path, error);
		(void)unlink(beside);
		return -1;
	}
	return sync_folder(path) == 0 ? 0 : failed(path, error);
}

static void
say(const char *path, size_t len, int64_t number, int json)
{
	if (json) {
		json_print_text(stdout, "{\"file\":", path);
		(void)printf(",\"bytes\":%zu,\"change\":%lld}\n", len,
		    (long long)number);
	} else {
		(void)printf("%s: %zu bytes, up to change %lld\n", path, len,
		    (long long)number);
	}
}

/* How far the look at the whole is. */
struct looked {
	struct progress progress;
	int64_t steps;
};

static int
step(void *context)
{
	struct looked *looked = context;

	progress_tell(&looked->progress, ++looked->steps);
	return 0;
}

static int
back_up(const struct settings *settings, const char *path, int json,
    struct error *error)
{
	struct looked looked = { .steps = 0 };
	struct trust_backup *backup;
	int ret = -1;

	if (check_folder(path, settings->state, error) == -1)
		return -1;
	progress_begin(&looked.progress, "steps through trust.db");
	backup = trust_list_copy(settings->state, settings->endpoint, step,
	    &looked, error);
	progress_end(&looked.progress);
	if (backup != NULL)
		ret = replace(path, backup, error);
	if (ret == 0)
		say(path, trust_backup_size(backup),
		    trust_backup_number(backup), json);
	trust_backup_free(backup);
	return ret;
}

static enum command_status
run(const struct command_line *line, struct error *error)
{
	enum command_status status = COMMAND_FAILED;
	struct settings *settings;

	if (line->count != 1 || line->operands[0][0] == '\0' ||
	    strcmp(line->operands[0], "-") == 0) {
		error_set(error, "say to which FILE");
		return COMMAND_USAGE;
	}
	settings = rights_settings(line, error);
	if (settings != NULL && back_up(settings, line->operands[0],
	    line->json, error) == 0)
		status = command_flush("it is done, but ", error);
	settings_free(settings);
	return status;
}

const struct command backup_command = {
	.name = "backup",
	.no_option = COMMAND_NO_OPTION,
	.usage = "FILE [--config FILE] [--json]",
	.summary = "copy trust.db to a file",
	.help = help,
	.run = run
};
