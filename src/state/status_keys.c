/* The key set with its metadata: the value, and its row in the file. */
#include "config.h"

#include "state/status_keys.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state/sql.h"
#include "state/sql_column.h"
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

/* NULL if there is none. */
static int
copy_text(struct sqlite3_stmt *statement, int column, char **text_out)
{
	const char *text;
	const int rc = sql_column_text(statement, column, &text);

	*text_out = rc == SQLITE_OK && text != NULL ? strdup(text) : NULL;
	return rc == SQLITE_OK && text != NULL && *text_out == NULL ?
	    SQLITE_NOMEM : rc;
}

static int
copy_set(struct sqlite3_stmt *statement, int column, struct status_keys *keys)
{
	const unsigned char *bytes;
	const int rc = sql_column_bytes(statement, column, &bytes,
	    &keys->jwks_len);

	if (rc != SQLITE_OK)
		return rc;
	keys->jwks = malloc(keys->jwks_len + 1);
	if (keys->jwks == NULL)
		return SQLITE_NOMEM;
	if (keys->jwks_len > 0)
		memcpy(keys->jwks, bytes, keys->jwks_len);
	keys->jwks[keys->jwks_len] = '\0';
	return SQLITE_OK;
}

static int
read_keys(struct sqlite3_stmt *statement, struct status_keys *keys)
{
	const char *boot_id = NULL;
	int rc;

	keys->started.wall = sqlite3_column_int64(statement, 3);
	keys->started.boottime = sqlite3_column_int64(statement, 4);
	rc = copy_text(statement, 0, &keys->jwks_uri);
	if (rc == SQLITE_OK)
		rc = copy_text(statement, 1, &keys->authorization_endpoint);
	if (rc == SQLITE_OK)
		rc = copy_set(statement, 2, keys);
	if (rc == SQLITE_OK)
		rc = sql_column_text(statement, 5, &boot_id);
	if (rc == SQLITE_OK && (keys->jwks_uri == NULL || boot_id == NULL))
		rc = SQLITE_CORRUPT;
	if (rc != SQLITE_OK) {
		status_keys_clear(keys);
		return rc;
	}
	(void)snprintf(keys->started.boot_id, sizeof(keys->started.boot_id),
	    "%s", boot_id);
	return SQLITE_OK;
}

/* An SQLite result. */
static int
load(struct status *status, struct status_keys *keys, int *found_out)
{
	static const char sql[] = "SELECT jwks_uri, authorization_endpoint, "
	    "jwks, started_wall, started_boottime, boot_id "
	    "FROM issuer WHERE endpoint = ?1";
	const struct sql_value endpoint = sql_text(status->endpoint);
	struct sqlite3_stmt *statement = NULL;
	int rc;

	memset(keys, 0, sizeof(*keys));
	rc = sql_step(status->db, sql, &endpoint, 1, &statement);
	*found_out = rc == SQLITE_ROW;
	if (rc == SQLITE_ROW)
		rc = read_keys(statement, keys);
	(void)sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int
status_keys_read(struct status *status, struct status_keys *keys,
    struct error *error)
{
	int found;
	const int rc = load(status, keys, &found);

	return rc == SQLITE_OK ? found :
	    status_file_failed(status, rc, error);
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
status_keys_write(struct status *status, const struct moment *now,
    uint64_t *number_out)
{
	struct status_keys waiting, old;
	int rc, found;

	switch (status_keys_waiting(status->pending, &waiting, number_out)) {
	case 0:
		*number_out = 0;
		return SQLITE_OK;
	case -1:
		return SQLITE_NOMEM;
	default:
		break;
	}
	rc = load(status, &old, &found);
	if (rc == SQLITE_OK && (!found ||
	    !moment_is_credible(old.started.boottime, now) ||
	    status_keys_replaces(&waiting, &old)))
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
