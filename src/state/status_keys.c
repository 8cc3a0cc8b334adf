/* The key set with its metadata: the value, and its row in the file. */
#include "config.h"

#include "state/status_keys.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state/sql.h"
#include "state/status_file.h"
#include "state/status_waiting.h"

void
status_keys_clear(struct status_keys *keys)
{
	if (keys == NULL)
		return;
	free(keys->jwks_uri);
	free(keys->authorization_endpoint);
	free(keys->jwks);
	memset(keys, 0, sizeof(*keys));
}

int
status_keys_copy(struct status_keys *to, const struct status_keys *from)
{
	*to = *from;
	to->jwks_uri = strdup(from->jwks_uri);
	to->authorization_endpoint = from->authorization_endpoint == NULL ?
	    NULL : strdup(from->authorization_endpoint);
	to->jwks = malloc(from->jwks_len + 1);
	if (to->jwks_uri == NULL || to->jwks == NULL ||
	    (from->authorization_endpoint != NULL &&
	    to->authorization_endpoint == NULL)) {
		status_keys_clear(to);
		return -1;
	}
	memcpy(to->jwks, from->jwks, from->jwks_len);
	to->jwks[from->jwks_len] = '\0';
	return 0;
}

int
status_keys_replaces(const struct status_keys *keys,
    const struct status_keys *old)
{
	return !moment_is_later(&old->started, &keys->started);
}

int
status_keys_waiting(struct status_pending *pending,
    struct status_keys *keys, uint64_t *number_out)
{
	int ret = 0;

	*number_out = pending->keys_number;
	if (*number_out == 0)
		return 0;
	(void)pthread_mutex_lock(&pending->lock);
	*number_out = pending->keys_number;
	if (pending->has_keys)
		ret = status_keys_copy(keys, &pending->keys) == 0 ? 1 : -1;
	(void)pthread_mutex_unlock(&pending->lock);
	return ret;
}

static char *
copy_column(struct sqlite3_stmt *statement, int column, size_t *len_out)
{
	const void *data = sqlite3_column_blob(statement, column);
	size_t len = (size_t)sqlite3_column_bytes(statement, column);
	char *copy;

	copy = malloc(len + 1);
	if (copy == NULL)
		return NULL;
	if (len > 0)
		memcpy(copy, data, len);
	copy[len] = '\0';
	if (len_out != NULL)
		*len_out = len;
	return copy;
}

static int
read_keys(struct sqlite3_stmt *statement, struct status_keys *keys)
{
	const unsigned char *boot_id;

	keys->jwks_uri = copy_column(statement, 0, NULL);
	keys->jwks = copy_column(statement, 2, &keys->jwks_len);
	if (sqlite3_column_type(statement, 1) != SQLITE_NULL) {
		keys->authorization_endpoint = copy_column(statement, 1, NULL);
		if (keys->authorization_endpoint == NULL)
			goto failed;
	}
	keys->started.wall = sqlite3_column_int64(statement, 3);
	keys->started.boottime = sqlite3_column_int64(statement, 4);
	boot_id = sqlite3_column_text(statement, 5);
	if (keys->jwks_uri == NULL || keys->jwks == NULL || boot_id == NULL)
		goto failed;
	(void)snprintf(keys->started.boot_id, sizeof(keys->started.boot_id),
	    "%s", (const char *)boot_id);
	return 0;
failed:
	status_keys_clear(keys);
	return -1;
}

int
status_keys_read(struct status *status, struct status_keys *keys,
    struct error *error)
{
	static const char sql[] = "SELECT jwks_uri, authorization_endpoint, "
	    "jwks, started_wall, started_boottime, boot_id "
	    "FROM issuer WHERE endpoint = ?1";
	const struct sql_value endpoint = sql_text(status->endpoint);
	struct sqlite3_stmt *statement = NULL;
	int rc, ret = -1;

	memset(keys, 0, sizeof(*keys));
	rc = sql_step(status->db, sql, &endpoint, 1, &statement);
	if (rc == SQLITE_DONE)
		ret = 0;
	else if (rc != SQLITE_ROW)
		(void)status_file_failed(status, rc, error);
	else if (read_keys(statement, keys) == -1)
		error_set(error, "%s: out of memory", status->path);
	else
		ret = 1;
	(void)sqlite3_finalize(statement);
	return ret;
}

static int
store(struct status *status, const struct status_keys *keys)
{
	static const char sql[] = "INSERT OR REPLACE INTO issuer (endpoint, "
	    "jwks_uri, authorization_endpoint, jwks, started_wall, "
	    "started_boottime, boot_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
	const struct sql_value values[] = { sql_text(status->endpoint),
	    sql_text(keys->jwks_uri), sql_text(keys->authorization_endpoint),
	    sql_bytes(keys->jwks, keys->jwks_len),
	    sql_number(keys->started.wall), sql_number(keys->started.boottime),
	    sql_text(keys->started.boot_id) };

	return sql_run(status->db, sql, values, 7);
}

int
status_keys_write(struct status *status, uint64_t *number_out)
{
	struct status_keys waiting, old;
	int rc = SQLITE_OK, found;

	switch (status_keys_waiting(status->pending, &waiting, number_out)) {
	case 0:
		*number_out = 0;
		return SQLITE_OK;
	case -1:
		return SQLITE_NOMEM;
	default:
		break;
	}
	found = status_keys_read(status, &old, NULL);
	if (found == -1)
		rc = sqlite3_extended_errcode(status->db);
	else if (found == 0 || status_keys_replaces(&waiting, &old))
		rc = store(status, &waiting);
	status_keys_clear(&old);
	status_keys_clear(&waiting);
	return rc;
}

void
status_keys_wrote(struct status *status, uint64_t number)
{
	struct status_pending *pending = status->pending;

	if (number == 0)
		return;
	(void)pthread_mutex_lock(&pending->lock);
	if (pending->has_keys && pending->keys_number == number) {
		status_keys_clear(&pending->keys);
		pending->has_keys = 0;
	}
	(void)pthread_mutex_unlock(&pending->lock);
}
