#include "state/write/trust_backup.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "state/database_check.h"
#include "state/database_connection.h"
#include "state/trust_head.h"
#include "state/trust_row.h"
#include "state/trust_schema.h"

/* Bytes of the header that say how a file is written and read: 1 is without a
 * -wal, which a copy in memory has none of (File Format, 1.3). */
#define WRITE_VERSION 18
#define READ_VERSION 19
#define HEADER_SIZE 100

struct trust_backup {
	struct sqlite3 *db;
	struct sqlite3_stmt *has_statement;
	char *name;
	struct trust_head head;
};

static const char has_sql[] =
    "SELECT 1 FROM revocation WHERE kind = ?1 AND value = ?2 AND rule = ?3"
    " AND from_time IS ?4 AND until_time IS ?5";

static int
load(struct trust_backup *backup, const unsigned char *bytes, size_t len)
{
	unsigned char *copy = sqlite3_malloc64(len);
	int rc;

	if (copy == NULL)
		return SQLITE_NOMEM;
	memcpy(copy, bytes, len);
	copy[WRITE_VERSION] = copy[READ_VERSION] = 1;
	rc = sqlite3_open_v2(":memory:", &backup->db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc != SQLITE_OK) {
		sqlite3_free(copy);
		return rc;
	}
	/* it frees the copy, also where it fails */
	rc = sqlite3_deserialize(backup->db, "main", copy,
	    (sqlite3_int64)len, (sqlite3_int64)len,
	    SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_READONLY);
	return rc == SQLITE_OK ? database_connection_configure(backup->db,
	    DATABASE_READ, trust_schema()) : rc;
}

/* A copy is no file: what is said of one says to put a copy in its place. */
static int
failed(struct trust_backup *backup, int rc, struct error *error)
{
	error_set(error, "%s: %s", backup->name, (rc & 0xff) ==
	    SQLITE_NOTADB || (rc & 0xff) == SQLITE_CORRUPT ?
	    "it is damaged or no backup of ours" : sqlite3_errstr(rc));
	return -1;
}

static int
check(struct trust_backup *backup, const char *endpoint, struct error *error)
{
	struct error refusal = { "" };
	int rc;

	if (database_check_head(backup->db, backup->name, DATABASE_READ,
	    trust_schema(), &refusal) == DATABASE_OPENED) {
		rc = trust_head_read(backup->db, backup->name, endpoint,
		    &backup->head, &refusal);
		if (rc != SQLITE_OK)
			return failed(backup, rc, error);
	}
	if (refusal.text[0] == '\0')
		(void)database_check_whole(backup->db, backup->name, NULL,
		    NULL, &refusal);
	if (refusal.text[0] == '\0')
		return 0;
	error_set(error, "%s", refusal.text);
	return -1;
}

struct trust_backup *
trust_backup_open(const unsigned char *bytes, size_t len, const char *name,
    const char *endpoint, struct error *error)
{
	struct trust_backup *backup = calloc(1, sizeof(*backup));
	int rc;

	if (backup != NULL)
		backup->name = strdup(name);
	if (backup == NULL || backup->name == NULL) {
		error_set(error, "out of memory");
		goto failed;
	}
	rc = len < HEADER_SIZE ? SQLITE_NOTADB : load(backup, bytes, len);
	if (rc != SQLITE_OK) {
		(void)failed(backup, rc, error);
		goto failed;
	}
	if (check(backup, endpoint, error) == 0)
		return backup;
failed:
	trust_backup_free(backup);
	return NULL;
}

void
trust_backup_free(struct trust_backup *backup)
{
	if (backup == NULL)
		return;
	(void)sqlite3_finalize(backup->has_statement);
	(void)sqlite3_close(backup->db);
	free(backup->name);
	free(backup);
}

int64_t
trust_backup_number(const struct trust_backup *backup)
{
	return backup->head.lineage.number;
}

static struct sql_value
time_of(int64_t seconds)
{
	return seconds == REVOCATION_NO_TIME ? sql_null() :
	    sql_number(seconds);
}

int
trust_backup_has(struct trust_backup *backup,
    const struct revocation *revocation, struct error *error)
{
	unsigned char bytes[TRUST_BYTES_SIZE];
	const struct sql_value values[] = {
		sql_text(revocation_kind_name(revocation->kind)),
		trust_row_kept(revocation->kind, revocation->value, bytes),
		sql_text(revocation_rule_name(revocation->rule)),
		time_of(revocation->from), time_of(revocation->until) };
	const int rc = sql_step(backup->db, has_sql, values, 5,
	    &backup->has_statement);

	sql_reset(backup->has_statement);
	if (rc == SQLITE_ROW || rc == SQLITE_DONE)
		return rc == SQLITE_ROW;
	return failed(backup, rc, error);
}

struct sqlite3 *
trust_backup_db(struct trust_backup *backup)
{
	return backup->db;
}
