#include "state/database_log.h"

#include <sqlite3.h>
#include <string.h>

/* SQLite's "Database File Format" and its "WAL File Format". */
#define COUNTER_AT 24		/* of a file, and so of page 1 */
#define LOG_HEAD_SIZE 32
#define LOG_PAGE_SIZE_AT 8
#define FRAME_HEAD_SIZE 24
#define INDEX_REGION 32768
#define INDEX_LAST_FRAME 4	/* the number of a 32-bit word in it */

static uint32_t
number(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	    (uint32_t)bytes[2] << 8 | bytes[3];
}

static int
read_at(struct sqlite3_file *file, void *data, int len, int64_t at)
{
	return file->pMethods->xRead(file, data, len, at) == SQLITE_OK ? 0 :
	    -1;
}

void
database_log_read(struct sqlite3_file *wal, int64_t last_frame,
    struct database_log *log)
{
	unsigned char size[4], frame[FRAME_HEAD_SIZE + DATABASE_LOG_HEAD];
	uint32_t counter;
	int64_t at = LOG_HEAD_SIZE, i;

	memset(log, 0, sizeof(*log));
	if (wal == NULL || read_at(wal, size, sizeof(size),
	    LOG_PAGE_SIZE_AT) == -1)
		return;
	for (i = 0; i < last_frame &&
	    read_at(wal, frame, sizeof(frame), at) == 0; i++) {
		at += FRAME_HEAD_SIZE + (int64_t)number(size);
		if (number(frame) != 1)
			continue;
		counter = number(frame + FRAME_HEAD_SIZE + COUNTER_AT);
		if (!log->is_known)
			log->first = counter;
		log->is_known = 1;
		log->last = counter;
	}
}

/* They go round: what is a short way ahead is later. */
static int
is_later(uint32_t a, uint32_t b)
{
	return a != b && a - b < UINT32_MAX / 2;
}

int
database_log_fits(const struct database_log *log, const unsigned char *head)
{
	const uint32_t counter = number(head + COUNTER_AT);

	return !log->is_known || (!is_later(log->first, counter + 1) &&
	    !is_later(counter, log->last));
}

void
database_log_refuse(const char *path, struct error *error)
{
	error_set(error, "%s-wal is of a later or an earlier %s than the one "
	    "that lies there: put both from one copy, or remove the -wal with "
	    "the changes in it, then run 'authgear-cache accept'", path,
	    path);
}

/* Nobody else writes to the log, or its index, now. */
static int64_t
last_frame(struct sqlite3_file *file)
{
	void volatile *index = NULL;
	uint32_t frame = 0;

	if (file->pMethods->iVersion >= 2 && file->pMethods->xShmMap(file, 0,
	    INDEX_REGION, 0, &index) == SQLITE_OK && index != NULL)
		frame = ((const volatile uint32_t *)index)[INDEX_LAST_FRAME];
	return frame;
}

int
database_log_begin(struct sqlite3 *db, const char *path, struct error *error)
{
	unsigned char head[DATABASE_LOG_HEAD];
	struct sqlite3_file *file = NULL, *wal = NULL;
	struct database_log log;
	const int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	if (rc != SQLITE_OK)
		return rc;
	if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER,
	    &file) != SQLITE_OK || sqlite3_file_control(db, "main",
	    SQLITE_FCNTL_JOURNAL_POINTER, &wal) != SQLITE_OK ||
	    file->pMethods == NULL)
		return SQLITE_OK;
	database_log_read(wal != NULL && wal->pMethods != NULL ? wal : NULL,
	    last_frame(file), &log);
	/* a file that is being made has no head yet */
	if (read_at(file, head, sizeof(head), 0) == -1 ||
	    database_log_fits(&log, head))
		return SQLITE_OK;
	database_log_refuse(path, error);
	return SQLITE_CORRUPT;
}
