/* The rows of sessions and the keys, read by who only looks. */
#include "config.h"

#include "state/status_list.h"

#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state/database.h"
#include "state/database_check.h"
#include "state/sql.h"
#include "state/sql_column.h"
#include "state/status_backoff_row.h"
#include "state/status_bytes.h"
#include "state/status_file.h"
#include "state/status_row_read.h"
#include "state/status_schema.h"

/* Behind what status_row_read() reads; the boot and the start of its lookup
 * are among that. */
enum { KEY = STATUS_ROW_READ_COLUMNS, KIND, ID };
enum { BOOT = 2, STARTED };

struct status_list {
	struct status status;		/* the file, and how it failed */
	enum status_list_order order;
	int64_t boot, started, id;	/* of the last row */
	int is_over;
};

#define ROWS "SELECT is_live, doubted_at, boot, started, " \
	STATUS_ROW_READ_FACTS ", key, kind, id FROM session WHERE "

static const char *const next_sql[] = {
	[STATUS_LIST_OLDEST] = ROWS "(boot, started, id) > (?1, ?2, ?3) "
	    "ORDER BY boot, started, id LIMIT ?4",
	[STATUS_LIST_NEWEST] = ROWS "(boot, started, id) < (?1, ?2, ?3) "
	    "ORDER BY boot DESC, started DESC, id DESC LIMIT ?4",
	[STATUS_LIST_ANYHOW] = ROWS "id > ?3 AND ?1 = ?1 AND ?2 = ?2 "
	    "ORDER BY id LIMIT ?4"
};

static int
check_endpoint(struct status_list *list, struct error *error)
{
	struct status *status = &list->status;
	struct sqlite3_stmt *statement = NULL;
	const char *found = NULL;
	int rc, ret = 0;

	rc = sql_step(status->db, "SELECT endpoint FROM about", NULL, 0,
	    &statement);
	if (rc == SQLITE_ROW)
		rc = sql_column_text(statement, 0, &found);
	if (rc != SQLITE_OK && rc != SQLITE_DONE) {
		ret = status_file_failed(status, rc, error);
	} else if (found != NULL && strcmp(found, status->endpoint) != 0) {
		error_set(error, "%s is of endpoint %.200s: the daemon begins "
		    "it anew", status->path, found);
		ret = -1;
	}
	(void)sqlite3_finalize(statement);
	return ret;
}

static struct status_list *
make(const char *state, const char *endpoint)
{
	struct status_list *list = calloc(1, sizeof(*list));
	char path[PATH_MAX];

	if (list == NULL)
		return NULL;
	(void)snprintf(path, sizeof(path), "%s/daemon/status.db", state);
	list->status.path = strdup(path);
	list->status.endpoint = strdup(endpoint);
	if (list->status.path != NULL && list->status.endpoint != NULL)
		return list;
	status_list_free(list);
	return NULL;
}

struct status_list *
status_list_open(const char *state, const char *endpoint,
    enum status_list_order order, struct error *error)
{
	struct status_list *list = make(state, endpoint);
	const int is_last = order == STATUS_LIST_NEWEST;
	struct error why = { "" };

	if (list == NULL) {
		error_set(error, "out of memory");
		return NULL;
	}
	list->order = order;
	list->boot = list->started = list->id = is_last ? INT64_MAX :
	    INT64_MIN;
	switch (database_open(list->status.path, DATABASE_READ,
	    &status_schema, &list->status.db, &why)) {
	case DATABASE_OPENED:
		if (check_endpoint(list, error) == 0)
			return list;
		break;
	case DATABASE_ABSENT:
		error_set(error, "%s does not exist yet: the daemon makes it",
		    list->status.path);
		break;
	case DATABASE_CORRUPT:
		error_set(error, "%s: a daemon sets it aside and begins it "
		    "anew, since Authgear tells all of it again",
		    error_text(&why));
		break;
	case DATABASE_UNSAFE:
	case DATABASE_NEWER:
	case DATABASE_NO_MEMORY:
	case DATABASE_FAILED:
	default:
		error_set(error, "%s", error_text(&why));
	}
	status_list_free(list);
	return NULL;
}

void
status_list_free(struct status_list *list)
{
	if (list == NULL)
		return;
	status_file_leave(&list->status);
	free(list->status.path);
	free(list->status.endpoint);
	free(list);
}

/* The row that the statement stands on: SQLITE_OK, SQLITE_MISMATCH if it makes
 * no sense, or what went wrong. */
static int
read_row(struct status_list *list, struct sqlite3_stmt *statement,
    struct status_list_row *row)
{
	unsigned char bytes[STATUS_HASH_BYTES];
	int64_t kind;
	int rc;

	memset(row, 0, sizeof(*row));
	status_session_init(&row->session);
	list->boot = row->boot = sqlite3_column_int64(statement, BOOT);
	list->started = sqlite3_column_int64(statement, STARTED);
	list->id = row->id = sqlite3_column_int64(statement, ID);
	kind = sqlite3_column_int64(statement, KIND);
	if (kind <= CREDENTIAL_NONE || kind > CREDENTIAL_SESSION_COOKIE)
		return SQLITE_MISMATCH;
	row->kind = (enum credential_kind)kind;
	rc = sql_column_copy(statement, KEY, bytes, sizeof(bytes));
	if (rc != SQLITE_OK)
		return rc;
	status_bytes_to_hex(bytes, sizeof(bytes), row->hash);
	return status_row_read(&list->status, statement, &row->session);
}

int
status_list_next(struct status_list *list,
    struct status_list_row rows[STATUS_LIST_ROWS], struct error *error)
{
	const struct sql_value values[] = { sql_number(list->boot),
	    sql_number(list->started), sql_number(list->id),
	    sql_number(STATUS_LIST_ROWS) };
	struct sqlite3_stmt *statement = NULL;
	int rc, read_rc = SQLITE_OK, seen = 0, count = 0;

	rc = sql_step(list->status.db, next_sql[list->order], values, 4,
	    &statement);
	for (; rc == SQLITE_ROW; rc = sqlite3_step(statement)) {
		seen++;
		read_rc = read_row(list, statement, &rows[count]);
		if (read_rc == SQLITE_OK)
			count++;
		else
			status_session_clear(&rows[count].session);
		if (read_rc != SQLITE_OK && read_rc != SQLITE_MISMATCH)
			break;
	}
	if (rc == SQLITE_ROW)
		rc = read_rc;
	(void)sqlite3_finalize(statement);
	list->is_over = seen < STATUS_LIST_ROWS;
	if (rc == SQLITE_DONE)
		return count;
	while (count > 0)
		status_session_clear(&rows[--count].session);
	return status_file_failed(&list->status, rc, error);
}

int
status_list_is_over(const struct status_list *list)
{
	return list->is_over;
}

int
status_list_keys(struct status_list *list, struct status_keys *keys,
    struct error *error)
{
	return status_keys_read(&list->status, keys, error);
}

/* Likewise, but of one that makes no sense there is the hash. */
static int
read_any(struct status_list *list, struct sqlite3_stmt *statement,
    struct status_list_row *row)
{
	unsigned char bytes[STATUS_HASH_BYTES];
	int rc;

	rc = read_row(list, statement, row);
	if (rc != SQLITE_MISMATCH)
		return rc;
	status_session_clear(&row->session);
	row->kind = CREDENTIAL_NONE;
	rc = sql_column_copy(statement, KEY, bytes, sizeof(bytes));
	if (rc == SQLITE_OK)
		status_bytes_to_hex(bytes, sizeof(bytes), row->hash);
	return rc;
}

/* A row's number begins as its hash does, but for the two last bits, which
 * are the kind's. */
static int
find(struct status_list *list, const unsigned char *bytes,
    struct status_list_row *row, int *count_out)
{
	static const char sql[] = ROWS
	    "id BETWEEN ?1 AND ?2 AND substr(key, 1, 8) = ?3";
	struct sqlite3_stmt *statement = NULL;
	struct sql_value values[3];
	uint64_t begin = 0;
	int64_t first, last;
	size_t i;
	int rc;

	for (i = 0; i < sizeof(begin); i++)
		begin = begin << 8 | bytes[i];
	begin &= ~UINT64_C(3);
	memcpy(&first, &begin, sizeof(first));
	begin |= 3;
	memcpy(&last, &begin, sizeof(last));
	values[0] = sql_number(first);
	values[1] = sql_number(last);
	values[2] = sql_bytes(bytes, 8);
	rc = sql_step(list->status.db, sql, values, 3, &statement);
	for (; rc == SQLITE_ROW; rc = sqlite3_step(statement)) {
		status_session_clear(&row->session);
		rc = read_any(list, statement, row);
		if (rc != SQLITE_OK)
			break;
		++*count_out;
	}
	(void)sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int
status_list_find(struct status_list *list, const char *digits,
    struct status_list_row *row, struct error *error)
{
	unsigned char bytes[8];
	int count = 0, rc;

	memset(row, 0, sizeof(*row));
	status_session_init(&row->session);
	if (status_bytes_of_hex(digits, bytes, sizeof(bytes)) == -1)
		return 0;
	rc = find(list, bytes, row, &count);
	if (rc != SQLITE_OK)
		return status_file_failed(&list->status, rc, error);
	if (count < 2)
		return count;
	error_set(error, "more than one credential begins with %.16s: hand "
	    "the token itself over", digits);
	return -1;
}

static int
ask(struct status_list *list, const char *sql, int64_t *out)
{
	const int rc = sql_ask(list->status.db, sql, NULL, 0, out);

	return rc == SQLITE_NOTFOUND ? SQLITE_OK : rc;
}

/* By the index, whose last row it is. */
static int
find_newest(struct status_list *list, const struct moment *now,
    int64_t *age_out)
{
	static const char sql[] = "SELECT started FROM session WHERE boot = "
	    "(SELECT number FROM boot WHERE boot_id = ?1) "
	    "ORDER BY boot DESC, started DESC LIMIT 1";
	const struct sql_value boot = sql_text(now->boot_id);
	struct moment stamp = *now;
	int64_t started;
	int found, rc;

	*age_out = -1;
	rc = sql_find(list->status.db, sql, &boot, 1, &found, &started);
	if (rc == SQLITE_OK && found) {
		stamp.boottime = started;
		*age_out = moment_age(&stamp, now);
	}
	return rc;
}

int
status_list_count(struct status_list *list, const struct moment *now,
    struct status_list_counts *counts, struct error *error)
{
	const struct sql_value helpers[] = { sql_text(now->boot_id),
	    sql_number(now->boottime) };
	int rc;

	memset(counts, 0, sizeof(*counts));
	rc = ask(list, "PRAGMA user_version", &counts->schema);
	if (rc == SQLITE_OK)
		rc = ask(list, "SELECT sessions FROM about",
		    &counts->sessions);
	if (rc == SQLITE_OK)
		rc = find_newest(list, now, &counts->newest);
	if (rc == SQLITE_OK)
		rc = sql_ask(list->status.db, "SELECT count(*) FROM "
		    "helper_place WHERE boot_id = ?1 AND until > ?2",
		    helpers, 2, &counts->helpers);
	if (rc == SQLITE_OK)
		rc = status_backoff_row_load(&list->status, now,
		    &counts->backoff);
	return rc == SQLITE_OK ? 0 : status_file_failed(&list->status, rc,
	    error);
}

int
status_list_verify(struct status_list *list, int (*stop)(void *context),
    void *context, struct error *error)
{
	return database_check_whole(list->status.db, list->status.path, stop,
	    context, error) == DATABASE_OPENED ? 0 : -1;
}
