#ifndef TRUST_BACKUP_H_
#define TRUST_BACKUP_H_

#include <stddef.h>
#include <stdint.h>

#include "facts/revocation.h"
#include "ground/error.h"

struct sqlite3;

/*
 * A copy of trust.db that was read into memory: of this endpoint, of this
 * release's schema, and sound.  The file that it came from is not looked at
 * again.
 * Threads: one at a time.
 */

struct trust_backup;

/* `name` is for error; the bytes are copied.  NULL and error. */
struct trust_backup *trust_backup_open(const unsigned char *bytes,
    size_t len, const char *name, const char *endpoint, struct error *error);
void trust_backup_free(struct trust_backup *backup);

/* The last change that is in it. */
int64_t trust_backup_number(const struct trust_backup *backup);

/* 1 if it has this revocation, whatever its number, 0, or -1 and error. */
int trust_backup_has(struct trust_backup *backup,
    const struct revocation *revocation, struct error *error);

/* For trust_restore.c: the database, of which nothing is changed. */
struct sqlite3 *trust_backup_db(struct trust_backup *backup);

#endif /* !TRUST_BACKUP_H_ */
