#include "state/trust_complete.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>

#include "state/database.h"
#include "state/database_error.h"
#include "state/database_holder.h"

/* The log has what the file lacks, and it is the log that changed last: by
 * its time too, for who looks at that alone. */
static void
say_lacks(struct sqlite3 *db, int rc, const char *path, struct error *lacks)
{
	char name[PATH_MAX], holder[96];
	struct error why = { "" };

	(void)snprintf(name, sizeof(name), "%.4000s-wal", path);
	(void)utimensat(AT_FDCWD, name, NULL, AT_SYMLINK_NOFOLLOW);
	if ((rc & 0xff) == SQLITE_BUSY || rc == SQLITE_OK) {
		(void)database_holder(path, holder, sizeof(holder));
		error_set(&why, "%s reads it", holder);
	} else {
		(void)database_error_tell(db, rc, path, &why);
	}
	error_set(lacks, "it is in force, but a copy of %s alone lacks it "
	    "yet: %s; the next change makes up for it", path,
	    error_text(&why));
}

/*
 * A reader of this very moment comes first, so that those who cannot write
 * the -shm read from here on and not from before the change.
 */
void
trust_complete(struct sqlite3 *db, const char *path, struct error *lacks)
{
	int in_log = -1, done = -1, rc;

	error_clear(lacks);
	(void)sqlite3_exec(db, "SELECT one FROM state", NULL, NULL, NULL);
	rc = sqlite3_wal_checkpoint_v2(db, "main",
	    SQLITE_CHECKPOINT_TRUNCATE, &in_log, &done);
	/* busy, but only for the emptying */
	if (rc != SQLITE_OK && (in_log < 0 || in_log != done))
		say_lacks(db, rc, path, lacks);
}
