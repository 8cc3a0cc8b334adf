#include "state/write/trust_file.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "state/database.h"
#include "state/database_connection.h"
#include "state/database_holder.h"
#include "state/database_log.h"
#include "state/trust_complete.h"
#include "state/trust_head.h"
#include "state/trust_place.h"
#include "state/trust_schema.h"

static int
open_database(struct trust_file *file, enum database_mode mode,
    struct error *error)
{
	struct error why = { "" };

	switch (database_open(file->path, mode, trust_schema(), &file->db,
	    &why)) {
	case DATABASE_OPENED:
		return 0;
	case DATABASE_CORRUPT:
		return trust_head_failed(NULL, SQLITE_CORRUPT, file->path,
		    error);
	case DATABASE_ABSENT:
		error_set(error, "%s does not exist: put a backup in its "
		    "place, then run 'authgear-cache accept'; where there was "
		    "none yet, run 'authgear-cache init'", file->path);
		return -1;
	case DATABASE_UNSAFE:
	case DATABASE_NEWER:
	case DATABASE_NO_MEMORY:
	case DATABASE_FAILED:
	default:
		error_set(error, "%s", error_text(&why));
		return -1;
	}
}

struct trust_file *
trust_file_open(const char *directory, const char *endpoint,
    enum database_mode mode, struct error *error)
{
	struct trust_file *file = calloc(1, sizeof(*file));
	struct error refusal = { "" };
	struct trust_head head;
	int rc;

	if (file == NULL) {
		error_set(error, "out of memory");
		return NULL;
	}
	file->directory = strdup(directory);
	file->path = trust_place_path(directory);
	trust_epoch_init(&file->epoch, file->directory);
	if (file->directory == NULL || file->path == NULL) {
		error_set(error, "out of memory");
		goto failed;
	}
	/* what the daemon would refuse is not written to */
	if (trust_place_check(directory, error) == -1 ||
	    trust_head_look(file->path, endpoint, &head, error) == -1 ||
	    (mode == DATABASE_MIGRATE && trust_epoch_begin(&file->epoch,
	    TRUST_WRITER_BUSY_MS, error) != 0) ||
	    open_database(file, mode, error) == -1)
		goto failed;
	rc = trust_head_read(file->db, file->path, endpoint, &head,
	    &refusal);
	if (rc != SQLITE_OK)
		(void)trust_head_failed(file->db, rc, file->path,
		    &refusal);
	if (refusal.text[0] != '\0') {
		error_set(error, "%s", refusal.text);
		goto failed;
	}
	(void)sqlite3_busy_timeout(file->db, TRUST_WRITER_BUSY_MS);
	/* one that completes meets nobody, one that does not is told */
	(void)sqlite3_db_config(file->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
	    1, NULL);
	return file;
failed:
	trust_file_free(file);
	return NULL;
}

void
trust_file_free(struct trust_file *file)
{
	if (file == NULL)
		return;
	database_close(file->db);
	/* what was migrated, and no more */
	trust_epoch_end(&file->epoch, NULL);
	free(file->directory);
	free(file->path);
	free(file);
}

static enum trust_write
held(const struct trust_file *file, struct error *error)
{
	char holder[96];

	if (database_holder(file->path, holder, sizeof(holder)) == 0)
		error_set(error, "%s is held by %s", file->path, holder);
	else
		error_set(error, "%s is held by another process: find it "
		    "with 'fuser -v %s-shm'", file->path, file->path);
	return TRUST_HELD;
}

enum trust_write
trust_file_begin(struct trust_file *file, int *rc, struct error *error)
{
	error_clear(&file->unkept);
	switch (trust_epoch_begin(&file->epoch, TRUST_WRITER_BUSY_MS,
	    error)) {
	case 0:
		*rc = database_log_begin(file->db, file->path, error);
		return TRUST_WRITTEN;
	case 1:
		return TRUST_HELD;
	default:
		return TRUST_FAILED;
	}
}

static int
is_in_place(const struct trust_file *file, struct error *error)
{
	if (database_connection_in_place(file->db))
		return 1;
	error_set(error, "%s was replaced or removed meanwhile, and what is "
	    "there does not have this change: look at it, then repeat this",
	    file->path);
	return 0;
}

enum trust_write
trust_file_finish(struct trust_file *file, int rc, struct error *error)
{
	struct error why = { "" };

	if (rc == SQLITE_OK && !is_in_place(file, &why))
		rc = SQLITE_READONLY_DBMOVED;
	rc = database_connection_finish(file->db, rc, file->path, &why);
	/* before anything that waits for a reader of the file */
	trust_epoch_end(&file->epoch, &file->unkept);
	if (rc == SQLITE_OK) {
		trust_complete(file->db, file->path, &file->lacks);
		return is_in_place(file, error) ? TRUST_WRITTEN :
		    TRUST_FAILED;
	}
	if ((rc & 0xff) == SQLITE_BUSY)
		return held(file, error);
	error_set(error, "%s", error_text(&why));
	return TRUST_FAILED;
}
