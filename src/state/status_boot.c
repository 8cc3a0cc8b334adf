/* Boots by their numbers: a row of a session carries that alone. */
#include "config.h"

#include "state/status_boot.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "state/sql.h"
#include "state/sql_column.h"
#include "state/status_file.h"

int
status_boot_text(struct status *status, int64_t number, const char **text_out)
{
	static const char sql[] = "SELECT boot_id FROM boot WHERE number = ?1";
	const struct sql_value value = sql_number(number);
	struct status_boot *boot = &status->boot;
	const char *text = NULL;
	int rc;

	*text_out = boot->boot_id;
	if (boot->number != 0 && boot->number == number)
		return SQLITE_OK;
	*text_out = NULL;
	rc = status_file_step(status, STATUS_BOOT_LOAD, sql, &value, 1);
	if (rc == SQLITE_ROW)
		rc = sql_column_text(status->statements[STATUS_BOOT_LOAD], 0,
		    &text);
	if (text != NULL && strlen(text) < sizeof(boot->boot_id)) {
		(void)snprintf(boot->boot_id, sizeof(boot->boot_id), "%s",
		    text);
		boot->number = number;
		*text_out = boot->boot_id;
	}
	return status_file_reset(status, STATUS_BOOT_LOAD, rc);
}

int
status_boot_number(struct status *status, const char *boot_id,
    int64_t *number_out)
{
	const struct sql_value value = sql_text(boot_id);
	int rc, found;

	rc = sql_find(status->db, "SELECT number FROM boot WHERE boot_id = ?1",
	    &value, 1, &found, number_out);
	if (rc != SQLITE_OK || found)
		return rc;
	rc = sql_run(status->db, "INSERT INTO boot (boot_id) VALUES (?1)",
	    &value, 1);
	*number_out = sqlite3_last_insert_rowid(status->db);
	return rc;
}
