#ifndef TRUST_AUDIT_H_
#define TRUST_AUDIT_H_

#include <stdint.h>

#include "state/write/trust_writer.h"

struct sqlite3;
struct sqlite3_stmt;

/*
 * Rows of the audit, many of them in one transaction of the caller's; shared
 * by trust*.c alone.
 * Threads: one at a time for a connection.
 */
struct trust_audit {
	struct sqlite3 *db;
	struct sqlite3_stmt *number;
	struct sqlite3_stmt *add;
	int is_marked;
};

void trust_audit_init(struct trust_audit *audit, struct sqlite3 *db);
void trust_audit_clear(struct trust_audit *audit);

/*
 * One more change: its row in the audit, whose number is the state's next.
 * The first one writes page 1 too, so that readers see any checkpoint of it
 * (database_view.h).  SQLITE_OK, or what SQLite says; id_out may be NULL.
 */
int trust_audit_row(struct trust_audit *audit, const struct trust_note *note,
    const char *action, const char *detail, int64_t wall, int64_t *id_out);

#endif /* !TRUST_AUDIT_H_ */
