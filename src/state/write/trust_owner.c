/* Owners and modes of a state directory, for init. */
#include "state/write/trust_owner.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "state/trust_place.h"

#define ENTRY_SIZE 65536	/* bytes for one passwd entry */

int
trust_owner_find(const char *daemon_user, struct trust_owner *owner,
    struct error *error)
{
	struct passwd entry, *found = NULL;
	char *buffer;
	int ret = -1;

	owner->is_private = daemon_user == NULL;
	owner->uid = geteuid();
	owner->gid = getegid();
	if (daemon_user == NULL)
		return 0;
	if (geteuid() != 0) {
		error_set(error, "only root can make state for another user: "
		    "run it with sudo, or leave out --user");
		return -1;
	}
	buffer = malloc(ENTRY_SIZE);
	if (buffer == NULL || getpwnam_r(daemon_user, &entry, buffer,
	    ENTRY_SIZE, &found) != 0 || found == NULL) {
		error_set(error, "there is no user %s: make one with "
		    "'adduser --system --group --no-create-home %s'",
		    daemon_user, daemon_user);
		goto done;
	}
	if (found->pw_uid == 0 || found->pw_gid == 0) {
		error_set(error, "the daemon must not be root: name its own "
		    "user");
		goto done;
	}
	owner->uid = found->pw_uid;
	owner->gid = found->pw_gid;
	ret = trust_place_group(owner->gid, owner->uid, error);
done:
	free(buffer);
	return ret;
}

/* What it is to be. */
struct wanted {
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

static int
is_given(const struct stat *st, const struct wanted *wanted)
{
	return st->st_uid == wanted->uid && st->st_gid == wanted->gid &&
	    (st->st_mode & 07777) == wanted->mode;
}

static int
give_folder(DIR *folder, const char *path, const struct wanted *wanted,
    struct error *error)
{
	struct stat st;

	if (fstat(dirfd(folder), &st) == 0 && (is_given(&st, wanted) ||
	    (fchown(dirfd(folder), wanted->uid, wanted->gid) == 0 &&
	    fchmod(dirfd(folder), wanted->mode) == 0)))
		return 0;
	error_set(error, "%s: %s", path, strerror(errno));
	return -1;
}

/* Of a folder in which nobody else can change names now: else this may be
 * another's file, whose name here is gone when its names are counted. */
static int
give_file(int fd, const struct stat *st, const struct wanted *wanted)
{
	char itself[64];

	/* chmod(2) takes no such descriptor, but its name */
	(void)snprintf(itself, sizeof(itself), "/proc/self/fd/%d", fd);
	if ((st->st_uid != wanted->uid || st->st_gid != wanted->gid) &&
	    fchownat(fd, "", wanted->uid, wanted->gid, AT_EMPTY_PATH) == -1)
		return -1;
	return (st->st_mode & 07777) == wanted->mode ? 0 :
	    chmod(itself, wanted->mode);
}

enum step { STEP_LOOK, STEP_GIVE };

/* 0: it is as it is to be, or no file; 1: it is not (LOOK); -1 and error. */
static int
visit_file(int folder, const char *name, const struct wanted *wanted,
    enum step step, struct error *error)
{
	struct stat st;
	int fd, ret = -1;

	fd = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT)
		return 0;
	if (fd == -1 || fstat(fd, &st) == -1)
		goto failed;
	if (S_ISDIR(st.st_mode)) {
		ret = 0;
		goto done;
	}
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1) {
		error_set(error, "%s is a link, or no ordinary file: remove "
		    "it", name);
		goto done;
	}
	ret = !is_given(&st, wanted);
	if (ret == 0 || step == STEP_LOOK)
		goto done;
	ret = give_file(fd, &st, wanted);
	if (ret == 0)
		goto done;
failed:
	error_set(error, "%s: %s", name, strerror(errno));
	ret = -1;
done:
	if (fd != -1)
		(void)close(fd);
	return ret;
}

/* All files of a folder whose names begin with the prefix; the lock is its
 * owner's alone.  0, 1 or -1 as visit_file(). */
static int
visit_files(DIR *folder, const char *prefix, const struct wanted *wanted,
    enum step step, struct error *error)
{
	struct wanted this;
	struct dirent *entry;
	size_t len;
	int ret = 0;

	rewinddir(folder);
	while (ret == 0 && (entry = readdir(folder)) != NULL) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		this = *wanted;
		len = strlen(entry->d_name);
		if (len > 5 && strcmp(entry->d_name + len - 5, ".lock") == 0)
			this.mode = 0600;
		ret = visit_file(dirfd(folder), entry->d_name, &this, step,
		    error);
	}
	return ret;
}

static DIR *
open_folder(int at, const char *name, const char *path, struct error *error)
{
	DIR *folder = NULL;
	int fd;

	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (fd != -1)
		folder = fdopendir(fd);
	if (folder != NULL)
		return folder;
	if (errno == ELOOP || errno == ENOTDIR)
		error_set(error, "%s is a symbolic link or no directory: "
		    "remove it", path);
	else
		error_set(error, "%s: %s", path, strerror(errno));
	if (fd != -1)
		(void)close(fd);
	return NULL;
}

/* It is taken from the daemon's user, who may be at work in it, for as long
 * as something is given away there. */
static int
mend_daemon(DIR *folder, const char *path, const struct trust_owner *owner,
    struct error *error)
{
	const struct wanted ours = { geteuid(), getegid(), 0700 };
	const struct wanted theirs = { owner->uid, owner->gid, 0700 };
	const struct wanted file = { owner->uid, owner->gid, 0600 };
	int ret;

	ret = visit_files(folder, "", &file, STEP_LOOK, error);
	if (ret == -1)
		return -1;
	if (ret == 1) {
		ret = give_folder(folder, path, &ours, error);
		if (ret == 0)
			ret = visit_files(folder, "", &file, STEP_GIVE, error);
	}
	return give_folder(folder, path, &theirs, error) == 0 ? ret : -1;
}

static int
mend(DIR *place, const char *directory, const struct trust_owner *owner,
    struct error *error)
{
	const struct wanted wanted = { geteuid(), owner->gid,
	    owner->is_private ? 0700 : 02750 };
	const struct wanted trust = { geteuid(), owner->gid, 0640 };
	char *path = NULL;
	DIR *folder;
	struct stat st;
	int ret = -1;

	/* first, so that the names in it stay */
	if (give_folder(place, directory, &wanted, error) == -1 ||
	    visit_files(place, "trust.db", &trust, STEP_GIVE, error) == -1)
		return -1;
	if (fstatat(dirfd(place), "daemon", &st, AT_SYMLINK_NOFOLLOW) == -1)
		return 0;
	if (asprintf(&path, "%s/daemon", directory) == -1) {
		error_set(error, "out of memory");
		return -1;
	}
	folder = open_folder(dirfd(place), "daemon", path, error);
	if (folder != NULL) {
		ret = mend_daemon(folder, path, owner, error);
		(void)closedir(folder);
	}
	free(path);
	return ret;
}

int
trust_owner_mend(const char *directory, const struct trust_owner *owner,
    struct error *error)
{
	DIR *place = open_folder(AT_FDCWD, directory, directory, error);
	int ret;

	if (place == NULL)
		return -1;
	ret = mend(place, directory, owner, error);
	(void)closedir(place);
	return ret;
}
