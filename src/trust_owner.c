/* Owners and modes of a state directory, for init. */
#include "trust_owner.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trust_place.h"

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

/*
 * Whoever owns the folder may put another file's name into it: so what is
 * given away is what was looked at, and only if it has no other name.
 */
static int
give(int folder, const char *name, const struct wanted *wanted,
    struct error *error)
{
	char itself[64];
	struct stat st;
	int fd, ret = -1;

	fd = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		goto failed;
	if (!S_ISDIR(st.st_mode) && (!S_ISREG(st.st_mode) ||
	    st.st_nlink != 1)) {
		error_set(error, "%s is a link, or no ordinary file: remove "
		    "it", name);
		goto done;
	}
	/* chmod(2) takes no such descriptor, but its name */
	(void)snprintf(itself, sizeof(itself), "/proc/self/fd/%d", fd);
	if ((st.st_uid != wanted->uid || st.st_gid != wanted->gid) &&
	    fchownat(fd, "", wanted->uid, wanted->gid, AT_EMPTY_PATH) == -1)
		goto failed;
	if ((st.st_mode & 07777) != wanted->mode &&
	    chmod(itself, wanted->mode) == -1)
		goto failed;
	ret = 0;
	goto done;
failed:
	error_set(error, "%s: %s", name, strerror(errno));
done:
	if (fd != -1)
		(void)close(fd);
	return ret;
}

static int
is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* All files of a folder whose names begin with the prefix; the lock is its
 * owner's alone. */
static int
give_files(const char *folder, const char *prefix,
    const struct wanted *wanted, struct error *error)
{
	struct wanted this;
	struct dirent *entry;
	DIR *dir = opendir(folder);
	size_t len;
	int ret = 0;

	if (dir == NULL) {
		error_set(error, "%s: %s", folder, strerror(errno));
		return -1;
	}
	while (ret == 0 && (entry = readdir(dir)) != NULL) {
		if (is_dots(entry->d_name) ||
		    strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		this = *wanted;
		len = strlen(entry->d_name);
		if (len > 5 && strcmp(entry->d_name + len - 5, ".lock") == 0)
			this.mode = 0600;
		ret = give(dirfd(dir), entry->d_name, &this, error);
	}
	(void)closedir(dir);
	return ret;
}

int
trust_owner_mend(const char *directory, const struct trust_owner *owner,
    struct error *error)
{
	const struct wanted place = { geteuid(), owner->gid,
	    owner->is_private ? 0700 : 02750 };
	const struct wanted trust = { geteuid(), owner->gid, 0640 };
	const struct wanted folder = { owner->uid, owner->gid, 0700 };
	const struct wanted file = { owner->uid, owner->gid, 0600 };
	char *daemon = NULL;
	struct stat st;
	int ret = -1;

	if (give(AT_FDCWD, directory, &place, error) == -1 ||
	    give_files(directory, "trust.db", &trust, error) == -1)
		return -1;
	if (asprintf(&daemon, "%s/daemon", directory) == -1) {
		error_set(error, "out of memory");
		return -1;
	}
	if (lstat(daemon, &st) == -1 ||
	    (give(AT_FDCWD, daemon, &folder, error) == 0 &&
	    give_files(daemon, "", &file, error) == 0))
		ret = 0;
	free(daemon);
	return ret;
}
