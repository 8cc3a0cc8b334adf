#include "state/write/trust_init.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "state/database.h"
#include "state/database_connection.h"
#include "state/database_log.h"
#include "state/database_network.h"
#include "state/sql.h"
#include "state/trust.h"
#include "state/trust_complete.h"
#include "state/trust_head.h"
#include "state/trust_place.h"
#include "state/trust_schema.h"
#include "state/write/trust_change.h"
#include "state/write/trust_epoch.h"
#include "state/write/trust_owner.h"

#define CHECKPOINT_MS 2000	/* for a reader that is in the way */
#define EPOCH_MS 2000		/* for another command */

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
			error_set(error, "%s holds other files (%s): move "
			    "them away, or name an empty directory",
			    directory, entry->d_name);
	}
	(void)closedir(dir);
	return ours;
}

/* Root may mend what was given to the daemon's user by mistake. */
static int
is_acceptable(const struct stat *st, const struct trust_owner *owner)
{
	return S_ISDIR(st->st_mode) && (st->st_uid == geteuid() ||
	    (!owner->is_private && st->st_uid == owner->uid));
}

static int
make_directory(const char *directory, const struct trust_owner *owner,
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
	if (database_network(directory)) {
		error_set(error, "%s is on a network file system, whose locks "
		    "cannot be relied on: set 'state' to a local one",
		    directory);
		if (made)
			(void)rmdir(directory);
		return -1;
	}
	if (lstat(directory, &st) == -1 || !is_acceptable(&st, owner)) {
		error_set(error, "%s is a symbolic link, no directory, or "
		    "belongs to somebody else", directory);
		return -1;
	}
	if (!only_ours(directory, &empty, error))
		return -1;
	if (empty || !owner->is_private)
		return trust_owner_mend(directory, owner, error);
	return trust_place_check(directory, error);
}

/* daemon/, where the daemon's user keeps its files. */
static int
make_daemon(const char *directory, const struct trust_owner *owner,
    struct error *error)
{
	char path[PATH_MAX];
	struct stat dir, st;

	(void)snprintf(path, sizeof(path), "%.3900s/daemon", directory);
	if (lstat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode) && (st.st_mode & 0077) == 0)
			return 0;
		error_set(error, "%s is no directory or open to others: run "
		    "'chmod 0700 %s'", path, path);
		return -1;
	}
	if (owner->is_private && lstat(directory, &dir) == 0 &&
	    (dir.st_mode & 0077) != 0) {
		error_set(error, "%s is missing: run 'authgear-cache init "
		    "--user NAME' with the daemon's user", path);
		return -1;
	}
	/* not with the group bit that it takes from the directory */
	if (mkdir(path, 0700) == -1 ||
	    lchown(path, owner->uid, owner->gid) == -1 ||
	    chmod(path, 0700) == -1) {
		error_set(error, "%s cannot be made: %s", path,
		    strerror(errno));
		return -1;
	}
	return 0;
}

/* Earlier releases made one and never used it. */
static void
remove_root(const char *directory)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%.3900s/root", directory);
	(void)rmdir(path);
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
	    "put a backup in its place, or remove %s and begin anew", path,
	    directory);
	return -1;
}

/* Record the endpoint unless there is one; then it is MADE. */
static int
record(struct sqlite3 *db, const char *endpoint,
    const struct trust_note *note, int64_t wall, int *made_out)
{
	static const char sql[] = "INSERT OR IGNORE INTO meta (name, value) "
	    "VALUES ('endpoint', ?1)";
	const struct sql_value value = sql_text(endpoint);
	const int rc = sql_run(db, sql, &value, 1);

	if (rc != SQLITE_OK || sqlite3_changes(db) == 0)
		return rc;
	*made_out = TRUST_MADE;
	return trust_change_audit(db, note, "init", endpoint, wall, NULL);
}

struct filled {
	int made;			/* as of trust_init() */
	struct error lacks;		/* as of trust_complete() */
};

static int
fill(const char *directory, const char *endpoint,
    const struct trust_note *note, int64_t wall, struct filled *filled,
    struct error *error)
{
	struct sqlite3 *db = NULL;
	struct trust_head before;
	char path[PATH_MAX];
	struct trust *trust;
	int rc;

	(void)snprintf(path, sizeof(path), "%.3900s/trust.db", directory);
	/* another endpoint's is refused before it is migrated */
	if (check_not_lost(directory, path, error) == -1 ||
	    trust_head_look(path, endpoint, &before, error) == -1 ||
	    database_open(path, DATABASE_CREATE, trust_schema(), &db,
	    error) != DATABASE_OPENED)
		return -1;
	/* trust_complete() does that, of a log that is the file's */
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
	    NULL);
	rc = database_log_begin(db, path, error);
	if (before.schema != 0 && before.schema != TRUST_SCHEMA)
		filled->made = TRUST_MIGRATED;
	if (rc == SQLITE_OK)
		rc = record(db, endpoint, note, wall, &filled->made);
	rc = database_connection_finish(db, rc, path, error);
	if (rc == SQLITE_OK) {
		(void)sqlite3_busy_timeout(db, CHECKPOINT_MS);
		trust_complete(db, path, &filled->lacks);
	} else {
		filled->made = TRUST_THERE;
	}
	database_close(db);
	if (rc != SQLITE_OK)
		return -1;
	/* as the daemon will */
	trust = trust_open(directory, endpoint, error);
	trust_free(trust);
	return trust == NULL ? -1 : 0;
}

/* Between zeros and other bytes on the page, which is made so. */
static int
fill_unkept(const struct trust_init *init, int64_t wall,
    struct filled *filled, struct error *error)
{
	const struct trust_note note = { init->actor, "", "cli", NULL };
	struct trust_epoch epoch;
	int ret;

	trust_epoch_init(&epoch, init->directory);
	if (trust_epoch_begin(&epoch, EPOCH_MS, error) != 0)
		return -1;
	ret = fill(init->directory, init->endpoint, &note, wall, filled,
	    error);
	trust_epoch_end(&epoch, &filled->lacks);
	return ret;
}

int
trust_init(const struct trust_init *init, const struct moment *now,
    int *made_out, struct error *error)
{
	const char *const directory = init->directory;
	struct filled filled = { TRUST_THERE, { "" } };
	struct trust_owner owner;

	*made_out = TRUST_THERE;
	if (directory[0] != '/' || strlen(directory) > 3800) {
		error_set(error, "%.200s: the state directory must be a short "
		    "absolute path", directory);
		return -1;
	}
	if (trust_owner_find(init->daemon_user, &owner, error) == -1 ||
	    make_directory(directory, &owner, error) == -1)
		return -1;
	if (fill_unkept(init, now->wall, &filled, error) == -1 ||
	    make_daemon(directory, &owner, error) == -1)
		return -1;
	*made_out = filled.made;
	if (filled.lacks.text[0] != '\0')
		error_set(error, "%s", filled.lacks.text);
	remove_root(directory);
	return 0;
}
