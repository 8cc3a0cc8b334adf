#ifndef DATABASE_LOG_H_
#define DATABASE_LOG_H_

#include <stdint.h>

#include "ground/error.h"

struct sqlite3;
struct sqlite3_file;

/*
 * Does a -wal belong to the file that it lies beside?  SQLite does not ask:
 * the log of today over an older copy tells the last change, and lacks
 * whatever was in the file before the log began.  Page 1 counts the changes
 * that it is in, so its copies in the log go on from where the file is; a
 * writer that puts it into each of its changes (trust_writer) leaves no gap
 * that would not be seen.
 *
 * Threads: one at a time for a connection.
 */

/* The counters of page 1 in a log. */
struct database_log {
	int is_known;		/* page 1 is in it */
	uint32_t first;
	uint32_t last;
};

#define DATABASE_LOG_HEAD 28	/* bytes of a file for database_log_fits() */

/* As far as the frame that ends its last commit (0: it has none): what is
 * behind it is no part of it.  `wal` NULL: there is none. */
void database_log_read(struct sqlite3_file *wal, int64_t last_frame,
    struct database_log *log);

/* 0 if it is another file's. */
int database_log_fits(const struct database_log *log,
    const unsigned char *head);

/* Why it is refused, and what to do. */
void database_log_refuse(const char *path, struct error *error);

/* Begin a writer's transaction; what is written to a log of another file would
 * be lost with it, or make one of both: SQLITE_CORRUPT and error.  Else a
 * result of SQLite, without error. */
int database_log_begin(struct sqlite3 *db, const char *path,
    struct error *error);

#endif /* !DATABASE_LOG_H_ */
