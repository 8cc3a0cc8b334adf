#ifndef DATABASE_HOLDER_H_
#define DATABASE_HOLDER_H_

#include <stddef.h>

/*
 * Which other process is in the way of whoever waits for the database at this
 * path, by /proc/locks: "process 123 (sqlite3)".  One that writes before one
 * that only reads.  0, or -1 if that cannot be told (a process of another pid
 * namespace, or none any more): "another process".  `text` always ends in
 * NUL.  The file is not opened: closing it would drop our own locks.
 *
 * Threads: no state, any thread.
 */
int database_holder(const char *path, char *text, size_t size);

/* Likewise, of whoever holds the whole of a file by flock(2). */
int database_holder_whole(const char *path, char *text, size_t size);

/* The processes that have the database open, in WAL mode, but for this one:
 * how many, at most `max`. */
struct database_user {
	long pid;
	char name[32];		/* "": not known */
};
size_t database_holder_users(const char *path, struct database_user *users,
    size_t max);

#endif /* !DATABASE_HOLDER_H_ */
