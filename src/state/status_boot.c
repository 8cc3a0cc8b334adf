/* Boots by their numbers: a row of a session carries that alone. */
#include "config.h"

#include "state/status_boot.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "state/status_file.h"

const char *
status_boot_text(struct status *status, int64_t number)
{
	static const char sql[] = "SELECT boot_id FROM boot WHERE number = ?1";
	struct status_boot *boot = &status->boot;
	struct sqlite3_stmt *statement;
	const char *text = NULL;
	int rc;

	if (boot->number != 0 && boot->number == number)
		return boot->boot_id;
	rc = status_file_prepare(status, STATUS_BOOT_LOAD, sql);
	statement = status->statements[STATUS_BOOT_LOAD];
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 1, number);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW)
		text = (const char *)sqlite3_column_text(statement, 0);
	if (text != NULL && strlen(text) < sizeof(boot->boot_id)) {
		(void)snprintf(boot->boot_id, sizeof(boot->boot_id), "%s",
		    text);
		boot->number = number;
	}
	(void)status_file_reset(status, STATUS_BOOT_LOAD, rc);
	return boot->number == number ? boot->boot_id : NULL;
}

/* One value of a statement with one text. */
static int
step(struct status *status, enum status_statement which, const char *sql,
    const char *boot_id, int64_t *number_out)
{
	struct sqlite3_stmt *statement;
	int rc;

	rc = status_file_prepare(status, which, sql);
	statement = status->statements[which];
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(statement, 1, boot_id, -1,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW)
		*number_out = sqlite3_column_int64(statement, 0);
	return status_file_reset(status, which, rc);
}

int
status_boot_number(struct status *status, const char *boot_id,
    int64_t *number_out)
{
	int rc;

	*number_out = 0;
	rc = step(status, STATUS_BOOT_NUMBER,
	    "SELECT number FROM boot WHERE boot_id = ?1", boot_id,
	    number_out);
	if (rc != SQLITE_OK || *number_out != 0)
		return rc;
	rc = step(status, STATUS_BOOT_STORE,
	    "INSERT INTO boot (boot_id) VALUES (?1)", boot_id, number_out);
	*number_out = sqlite3_last_insert_rowid(status->db);
	return rc;
}
