#ifndef TRUST_BACKUP_H_
#define TRUST_BACKUP_H_

#include <stddef.h>
#include <stdint.h>

#include "ground/error.h"

struct sql_value;
struct sqlite3;
struct trust_list_account;
struct trust_list_row;

/*
 * A copy of trust.db that was read into memory, once: of this endpoint, of
 * this release's schema, and sound.  The file that it came from is not looked
 * at again.
 * Threads: one at a time.
 */

struct trust_backup;

/* Of a file: NULL and error. */
struct trust_backup *trust_backup_read(const char *path,
    const char *endpoint, struct error *error);

/* Of bytes of sqlite3_malloc64(), which it takes; `name` is for error. */
struct trust_backup *trust_backup_open(unsigned char *bytes, size_t len,
    const char *name, const char *endpoint, struct error *error);
void trust_backup_free(struct trust_backup *backup);

/* Its bytes, as they were: 0, or -1 and errno. */
size_t trust_backup_size(const struct trust_backup *backup);
int trust_backup_write(const struct trust_backup *backup, int fd);

/* The last change that is in it. */
int64_t trust_backup_number(const struct trust_backup *backup);

/* 1 if it has this revocation, whatever its number, 0, or -1 and error: of the
 * same who, when and why too, but for what is revoked for ever. */
int trust_backup_has(struct trust_backup *backup,
    const struct trust_list_row *row, struct error *error);

/* Likewise whether it has this row of the account map, all of it. */
int trust_backup_has_account(struct trust_backup *backup,
    const struct trust_list_account *row, struct error *error);

/* For trust_restore.c: the database, of which nothing is changed, and the same
 * questions by columns (trust_merge.h), answered as SQLite does. */
struct sqlite3 *trust_backup_db(struct trust_backup *backup);
int trust_backup_find(struct trust_backup *backup,
    const struct sql_value *values, int *found_out);
int trust_backup_find_account(struct trust_backup *backup,
    const struct sql_value *values, int *found_out);

#endif /* !TRUST_BACKUP_H_ */
