#ifndef DATABASE_VFS_H_
#define DATABASE_VFS_H_

#include <stdint.h>

struct sqlite3;
struct sqlite3_file;
struct database_vfs;

/*
 * The system's VFS, but for one connection: its -shm is memory of its own,
 * and a -wal that is not there is an empty one.  Shared by database*.c
 * alone.  Threads: one at a time for a connection.
 */

/* Opens read-only through it; SQLITE_OK, or what SQLite says (*db_out may be
 * set, as with sqlite3_open_v2()).  *vfs_out is freed after the connection. */
int database_vfs_open(const char *path, struct sqlite3 **db_out,
    struct database_vfs **vfs_out);
void database_vfs_free(struct database_vfs *vfs);

/* Forget the index of the -wal: the next statement recovers it. */
void database_vfs_forget(struct database_vfs *vfs);

/* NULL: there is none. */
struct sqlite3_file *database_vfs_wal(struct database_vfs *vfs);

/* Bytes of the -wal; those that are not there are 0. */
void database_vfs_read_wal(struct database_vfs *vfs, void *data, int len,
    int64_t offset);

/* The number of the frame that ends the last commit in the -wal, as recovered;
 * 0: there is none; -1: not known. */
int64_t database_vfs_last_frame(const struct database_vfs *vfs);

#endif /* !DATABASE_VFS_H_ */
