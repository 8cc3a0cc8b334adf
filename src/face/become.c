#include "config.h"

#include "face/become.h"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/keyctl.h>

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int
failed(struct error *error, const char *what)
{
	error_set(error, "%s: %s", what, strerror(errno));
	return -1;
}

static int
switch_to(uid_t uid, gid_t gid, struct error *error)
{
	uid_t real, effective, saved;

	/* that of whoever called is not for whom this becomes; not every
	 * kernel, nor every sandbox, has them */
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	if (geteuid() == 0 && (setgroups(0, NULL) == -1 ||
	    setresgid(gid, gid, gid) == -1 ||
	    setresuid(uid, uid, uid) == -1))
		return failed(error, "cannot become the owner of the state");
	if (getresuid(&real, &effective, &saved) == -1 || real != uid ||
	    effective != uid || saved != uid ||
	    (uid != 0 && setuid(0) == 0)) {
		error_set(error, "this runs as uid %lu and cannot become uid "
		    "%lu, the owner of the state", (unsigned long)real,
		    (unsigned long)uid);
		return -1;
	}
	/* becoming another user may have allowed it anew */
	if (prctl(PR_SET_DUMPABLE, 0) == -1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return failed(error, "prctl");
	return 0;
}

int
become_daemon(const char *state, int may_be_root, struct error *error)
{
	char path[PATH_MAX];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/daemon", state);
	if (lstat(path, &st) == -1) {
		error_set(error, "%s: %s; run 'authgear-cache init --user "
		    "NAME' with the daemon's user", path, strerror(errno));
		return -1;
	}
	if (!S_ISDIR(st.st_mode)) {
		error_set(error, "%s is a symbolic link or no directory", path);
		return -1;
	}
	if (!may_be_root && (st.st_uid == 0 || st.st_gid == 0)) {
		error_set(error, "%s belongs to %s, and what asks Authgear is "
		    "never root: run 'authgear-cache init --user NAME' with "
		    "the daemon's user", path, st.st_uid == 0 ? "root" :
		    "root's group");
		return -1;
	}
	return switch_to(st.st_uid, st.st_gid, error);
}
