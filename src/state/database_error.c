/* What SQLite's results mean, in a sentence. */
#include "state/database_error.h"

#include <sys/statvfs.h>

#include <errno.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "state/database_holder.h"

static int
is_damage(int rc)
{
	return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB;
}

/* What the system refused last: SQLite tells it of opening alone, so each file
 * is asked, the log first. */
static int
last_errno(struct sqlite3 *db)
{
	struct sqlite3_file *log = NULL;
	int saved = sqlite3_system_errno(db);

	if (saved == 0 && sqlite3_file_control(db, "main",
	    SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK && log != NULL &&
	    log->pMethods != NULL)
		(void)log->pMethods->xFileControl(log,
		    SQLITE_FCNTL_LAST_ERRNO, &saved);
	if (saved == 0)
		(void)sqlite3_file_control(db, "main",
		    SQLITE_FCNTL_LAST_ERRNO, &saved);
	return saved;
}

/* Of blocks, or of inodes where it counts them. */
int
database_error_is_full(const char *path)
{
	struct statvfs room;

	return statvfs(path, &room) == 0 && (room.f_bfree == 0 ||
	    (room.f_files > 0 && room.f_ffree == 0));
}

/* SQLite's text for what the system refused tells no cause; and where a file
 * could not be made, it tries once more to read it: "no such file". */
static const char *
cause(struct sqlite3 *db, int rc, const char *path)
{
	const int primary = rc & 0xff;
	int saved = 0;

	/* memory may have ended outside of SQLite, which says nothing of it */
	if (db == NULL || primary == SQLITE_NOMEM)
		return sqlite3_errstr(rc);
	if (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN)
		saved = last_errno(db);
	if (primary == SQLITE_FULL || saved == ENOSPC || saved == EDQUOT ||
	    (primary == SQLITE_CANTOPEN &&
	    database_error_is_full(path)))
		return "the file system is full";
	if (primary == SQLITE_READONLY && access(path, W_OK) == -1)
		return strerror(errno);
	if (saved == ENOENT && access(path, F_OK) == 0)
		return "its -wal or -shm is missing and cannot be made";
	if (saved != 0)
		return strerror(saved);
	return sqlite3_errcode(db) == SQLITE_OK ? sqlite3_errstr(rc) :
	    sqlite3_errmsg(db);
}

enum database_outcome
database_error_tell(struct sqlite3 *db, int rc, const char *path,
    struct error *error)
{
	char holder[64];

	if (is_damage(rc)) {
		error_set(error, "%s is damaged or not a database of ours",
		    path);
		return DATABASE_CORRUPT;
	}
	if ((rc & 0xff) != SQLITE_BUSY)
		error_set(error, "%s: %s", path, cause(db, rc, path));
	else if (database_holder(path, holder, sizeof(holder)) == 0)
		error_set(error, "%s is busy: %s holds it", path, holder);
	else
		error_set(error, "%s is busy: another process holds it; find "
		    "it with 'fuser -v %s'", path, path);
	return (rc & 0xff) == SQLITE_NOMEM ? DATABASE_NO_MEMORY :
	    DATABASE_FAILED;
}
