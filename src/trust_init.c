#include "trust.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "database.h"
#include "trust_place.h"

#define ENTRY_SIZE 65536	/* bytes for one passwd entry */

/* Whose it will be. */
struct owner {
	int private;		/* everything the caller's */
	uid_t uid;		/* of daemon/ */
	gid_t gid;		/* of the directory and of daemon/ */
};

static int
find_owner(const char *daemon_user, struct owner *owner, struct error *error)
{
	struct passwd entry, *found = NULL;
	char *buffer;
	int ret = -1;

	owner->private = daemon_user == NULL;
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

/* 1 if it holds nothing but ours; *empty_out. */
static int
only_ours(const char *directory, int *empty_out, struct error *error)
{
	struct dirent *entry;
	DIR *dir;
	int ours = 1;

	*empty_out = 1;
	dir = opendir(directory);
	if (dir == NULL) {
		error_set(error, "%s: %s", directory, strerror(errno));
		return 0;
	}
	while (ours && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		*empty_out = 0;
		ours = strncmp(entry->d_name, "trust.db", 8) == 0 ||
		    strcmp(entry->d_name, "daemon") == 0 ||
		    strcmp(entry->d_name, "root") == 0;
		if (!ours)
			error_set(error, "%s holds other files (%s): name an "
			    "empty directory", directory, entry->d_name);
	}
	(void)closedir(dir);
	return ours;
}

static int
give(const char *path, uid_t uid, gid_t gid, mode_t mode,
    struct error *error)
{
	if (lchown(path, uid, gid) == -1 || chmod(path, mode) == -1) {
		error_set(error, "%s: %s", path, strerror(errno));
		return -1;
	}
	return 0;
}

static int
make_directory(const char *directory, const struct owner *owner,
    struct error *error)
{
	struct stat st;
	int made = 0, empty;

	if (mkdir(directory, 0700) == 0) {
		made = 1;
	} else if (errno != EEXIST) {
		error_set(error, "%s cannot be made: %s%s", directory,
		    strerror(errno), errno == ENOENT ?
		    "; make the directory above it first" : errno == EACCES ?
		    "; run this as root" : "");
		return -1;
	}
	if (database_on_network(directory)) {
		error_set(error, "%s is on a network file system, whose locks "
		    "cannot be relied on: set 'state' to a local one",
		    directory);
		if (made)
			(void)rmdir(directory);
		return -1;
	}
	if (lstat(directory, &st) == -1 || !S_ISDIR(st.st_mode) ||
	    st.st_uid != geteuid()) {
		error_set(error, "%s is a symbolic link, no directory, or "
		    "belongs to somebody else", directory);
		return -1;
	}
	if (!only_ours(directory, &empty, error))
		return -1;
	if (!empty && !owner->private && st.st_gid != owner->gid) {
		error_set(error, "%s was made for another user or group: "
		    "leave out --user, or begin with an empty directory",
		    directory);
		return -1;
	}
	if (!empty)
		return trust_place_check(directory, error);
	return give(directory, geteuid(), owner->gid,
	    owner->private ? 0700 : 02750, error);
}

static int
make_subdirectory(const char *directory, const char *name, uid_t uid,
    gid_t gid, const struct owner *owner, struct error *error)
{
	char path[PATH_MAX];
	struct stat dir, st;

	(void)snprintf(path, sizeof(path), "%.3900s/%s", directory, name);
	if (lstat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode) && (st.st_mode & 0077) == 0)
			return 0;
		error_set(error, "%s is no directory or open to others: run "
		    "'chmod 0700 %s'", path, path);
		return -1;
	}
	if (owner->private && lstat(directory, &dir) == 0 &&
	    (dir.st_mode & 0077) != 0) {
		error_set(error, "%s is missing: run 'authgear-cache init "
		    "--user NAME' with the daemon's user", path);
		return -1;
	}
	if (mkdir(path, 0700) == -1) {
		error_set(error, "%s cannot be made: %s", path,
		    strerror(errno));
		return -1;
	}
	return give(path, uid, gid, 0700, error);
}

/* A directory that was complete must not get an empty trust.db by mistake:
 * nothing would be revoked any more. */
static int
check_not_lost(const char *directory, const char *path, struct error *error)
{
	char daemon[PATH_MAX];
	struct stat st;

	(void)snprintf(daemon, sizeof(daemon), "%.3900s/daemon", directory);
	if (lstat(daemon, &st) == -1)
		return 0;
	if (lstat(path, &st) == 0 && st.st_size > 0)
		return 0;
	error_set(error, "%s is lost or empty, and with it what was revoked: "
	    "restore it, or remove %s and begin anew", path, directory);
	return -1;
}

static int
write_row(struct sqlite3 *db, const char *sql, const char *endpoint,
    const char *actor, int64_t wall)
{
	struct sqlite3_stmt *statement = NULL;
	int rc;

	rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(statement, 1, endpoint, -1,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK && actor != NULL)
		rc = sqlite3_bind_text(statement, 2, actor, -1,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK && actor != NULL)
		rc = sqlite3_bind_int64(statement, 3, wall);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	(void)sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Record the endpoint unless there is one; *made_out 1 if it was recorded. */
static int
record(struct sqlite3 *db, const char *endpoint, const char *actor,
    const struct moment *now, int *made_out)
{
	int rc;

	rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return rc;
	rc = write_row(db, "INSERT OR IGNORE INTO meta (name, value) "
	    "VALUES ('endpoint', ?1)", endpoint, NULL, 0);
	*made_out = rc == SQLITE_OK && sqlite3_changes(db) == 1;
	if (*made_out)
		rc = write_row(db, "INSERT INTO audit (time, actor, action, "
		    "detail) VALUES (?3, ?2, 'init', ?1)", endpoint, actor,
		    now->wall);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		return SQLITE_OK;
	(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	*made_out = 0;
	return rc;
}

static int
fill(const char *directory, const char *path, const char *endpoint,
    const char *actor, const struct moment *now, int *made_out,
    struct error *error)
{
	struct sqlite3 *db = NULL;
	struct trust *trust;
	int rc;

	if (check_not_lost(directory, path, error) == -1)
		return -1;
	if (database_open(path, DATABASE_CREATE, trust_place_schema(), &db,
	    error) != DATABASE_OPENED)
		return -1;
	rc = record(db, endpoint, actor, now, made_out);
	if (rc != SQLITE_OK)
		(void)database_failed(db, rc, path, error);
	database_close(db);
	if (rc != SQLITE_OK)
		return -1;
	/* As the daemon will: another endpoint's is refused here. */
	trust = trust_open(directory, endpoint, error);
	trust_free(trust);
	return trust == NULL ? -1 : 0;
}

int
trust_init(const char *directory, const char *endpoint,
    const char *daemon_user, const char *actor, const struct moment *now,
    int *made_out, struct error *error)
{
	char path[PATH_MAX];
	struct owner owner;

	*made_out = 0;
	if (directory[0] != '/' || strlen(directory) > 3800) {
		error_set(error, "%.200s: the state directory must be a short "
		    "absolute path", directory);
		return -1;
	}
	(void)snprintf(path, sizeof(path), "%.3900s/trust.db", directory);
	if (find_owner(daemon_user, &owner, error) == -1 ||
	    make_directory(directory, &owner, error) == -1 ||
	    fill(directory, path, endpoint, actor, now, made_out, error) == -1)
		return -1;
	if (make_subdirectory(directory, "daemon", owner.uid, owner.gid,
	    &owner, error) == -1)
		return -1;
	return make_subdirectory(directory, "root", geteuid(), getegid(),
	    &owner, error);
}
