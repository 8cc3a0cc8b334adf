/* Boots by their numbers: a row of a session carries that alone. */
#include "config.h"

#include "state/status_boot.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "state/sql.h"
#include "state/status_file.h"

const char *
status_boot_text(struct status *status, int64_t number)
{
	static const char sql[] = "SELECT boot_id FROM boot WHERE number = ?1";
	const struct sql_value value = sql_number(number);
	struct status_boot *boot = &status->boot;
	const char *text = NULL;
	int rc;

	if (boot->number != 0 && boot->number == number)
		return boot->boot_id;
	rc = status_file_step(status, STATUS_BOOT_LOAD, sql, &value, 1);
	if (rc == SQLITE_ROW)
		text = (const char *)sqlite3_column_text(
		    status->statements[STATUS_BOOT_LOAD], 0);
	if (text != NULL && strlen(text) < sizeof(boot->boot_id)) {
		(void)snprintf(boot->boot_id, sizeof(boot->boot_id), "%s",
		    text);
		boot->number = number;
	}
	(void)status_file_reset(status, STATUS_BOOT_LOAD, rc);
	return boot->number == number ? boot->boot_id : NULL;
}

int
status_boot_number(struct status *status, const char *boot_id,
    int64_t *number_out)
{
	const struct sql_value value = sql_text(boot_id);
	int rc;

	rc = sql_ask(status->db, "SELECT number FROM boot WHERE boot_id = ?1",
	    &value, 1, number_out);
	if (rc != SQLITE_OK || *number_out != 0)
		return rc;
	rc = sql_run(status->db, "INSERT INTO boot (boot_id) VALUES (?1)",
	    &value, 1);
	*number_out = sqlite3_last_insert_rowid(status->db);
	return rc;
}
