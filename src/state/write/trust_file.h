#ifndef TRUST_FILE_H_
#define TRUST_FILE_H_

#include "ground/error.h"
#include "state/database.h"
#include "state/write/trust_epoch.h"
#include "state/write/trust_writer.h"

/*
 * trust.db, open to be changed, and its transactions; shared by trust*.c
 * alone.
 * Threads: one at a time.
 */
struct trust_file {
	char *directory;
	char *path;
	struct sqlite3 *db;
	struct trust_epoch epoch;
	struct error lacks;		/* empty: the file has it all */
	struct error unkept;		/* empty: the page is as it should */
};

/* As trust_writer_open() and, with DATABASE_MIGRATE, trust_writer_open_old():
 * NULL and error. */
struct trust_file *trust_file_open(const char *directory,
    const char *endpoint, enum database_mode mode, struct error *error);
void trust_file_free(struct trust_file *file);

/*
 * Before each transaction: what others keep counts no more.  WRITTEN and *rc,
 * how it began; anything else, and error: there is none to be ended.
 */
enum trust_write trust_file_begin(struct trust_file *file, int *rc,
    struct error *error);

/* The end of the transaction; rc: how it went. */
enum trust_write trust_file_finish(struct trust_file *file, int rc,
    struct error *error);

#endif /* !TRUST_FILE_H_ */
