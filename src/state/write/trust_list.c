#include "state/write/trust_list.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state/database.h"
#include "state/database_check.h"
#include "state/database_error.h"
#include "state/sql_column.h"
#include "state/trust_head.h"
#include "state/trust_place.h"
#include "state/trust_row.h"
#include "state/trust_schema.h"
#include "state/write/trust_backup.h"
#include "state/write/trust_shape.h"

struct trust_list {
	char *path;
	struct sqlite3 *db;
	struct sqlite3_stmt *statement;
	int rc;				/* of the last step */
	int is_begun;			/* that one was taken */
	struct trust_head head;
	char hex[HASH_HEX_SIZE];	/* the value of a row, if it is one */
};

#define COLUMNS TRUST_ROW_COLUMNS ", id, reason, actor, source, time," \
	" credential, expires"
#define WANTED " WHERE time >= ?2 AND (?3 = 0 OR (rule <> 'blocked' OR" \
	" (coalesce(from_time, ?3) <= ?3 AND (until_time IS NULL OR" \
	" until_time > ?3))) AND (expires IS NULL OR expires + ?6 > ?3))"
#define FROM "SELECT " COLUMNS " FROM revocation" WANTED
#define ALL " AND ?4 IS NULL AND ?5 IS NULL"
#define OF_KIND " AND kind = ?4 AND ?5 IS NULL"
#define OF_VALUE " AND kind = ?4 AND value = ?5"
#define IN_ORDER " AND ?1 = 0 ORDER BY id"
#define NEWEST " ORDER BY id DESC LIMIT ?1) ORDER BY id"

/* With a limit and without; by nothing, by kind and by value.  All have the
 * same parameters. */
static const char *const list_sql[2][3] = {
	{ FROM ALL IN_ORDER, FROM OF_KIND IN_ORDER, FROM OF_VALUE IN_ORDER },
	{ "SELECT * FROM (" FROM ALL NEWEST,
	    "SELECT * FROM (" FROM OF_KIND NEWEST,
	    "SELECT * FROM (" FROM OF_VALUE NEWEST }
};

/* As the table has them, and of those that are the same in all the first. */
static const char export_sql[] =
    "SELECT " COLUMNS " FROM revocation AS one WHERE NOT EXISTS (SELECT 1"
    " FROM revocation AS other WHERE other.kind = one.kind AND"
    " other.value = one.value AND other.id < one.id AND"
    " other.rule = one.rule AND other.from_time IS one.from_time AND"
    " other.until_time IS one.until_time AND other.reason = one.reason AND"
    " other.actor = one.actor AND other.source = one.source AND"
    " other.time = one.time) ORDER BY kind, value, id";

static const char map_sql[] =
    "SELECT user_id, account, reason, actor, time FROM account"
    " WHERE ?1 IS NULL OR user_id = ?1 ORDER BY account";

/* The newest are found from the end. */
static const char audit_sql[] =
    "SELECT id, time, actor, action, detail FROM audit"
    " WHERE id >= max(?3 + 1, CASE ?1 WHEN 0 THEN 0 ELSE coalesce((SELECT"
    " min(id) FROM (SELECT id FROM audit WHERE time >= ?2 ORDER BY id DESC"
    " LIMIT ?1)), 0) END) AND time >= ?2 ORDER BY id";

static const struct trust_list_filter everything = { .kind = NULL };

/* What is asked, with its values. */
struct question {
	const char *sql;
	struct sql_value values[6];
	size_t count;
};

static struct trust_list *
open_list(const char *directory, const char *endpoint,
    const struct question *question, struct error *error)
{
	struct trust_list *list = NULL;
	struct error refusal = { "" };
	int rc;

	if (trust_place_check(directory, error) == -1)
		return NULL;
	list = calloc(1, sizeof(*list));
	if (list != NULL)
		list->path = trust_place_path(directory);
	if (list == NULL || list->path == NULL) {
		error_set(error, "out of memory");
		goto failed;
	}
	if (database_open(list->path, DATABASE_READ, trust_schema(),
	    &list->db, error) != DATABASE_OPENED)
		goto failed;
	rc = trust_head_read(list->db, list->path, endpoint, &list->head,
	    &refusal);
	if (rc == SQLITE_OK && refusal.text[0] != '\0') {
		error_set(error, "%s", refusal.text);
		goto failed;
	}
	if (rc == SQLITE_OK)
		rc = list->rc = sql_step(list->db, question->sql,
		    question->values, question->count, &list->statement);
	if (rc == SQLITE_ROW || rc == SQLITE_DONE)
		return list;
	(void)trust_head_failed(list->db, rc, list->path, error);
failed:
	trust_list_free(list);
	return NULL;
}

struct trust_list *
trust_list_open(const char *directory, const char *endpoint,
    const struct trust_list_filter *filter, struct error *error)
{
	const struct trust_list_filter *wanted = filter != NULL ? filter :
	    &everything;
	const int by = (wanted->kind != NULL) + (wanted->value != NULL);
	const struct question question = { list_sql[wanted->limit > 0][by],
	    { sql_number(wanted->limit), sql_number(wanted->since),
	    sql_number(wanted->active_at), sql_text(wanted->kind),
	    sql_text(wanted->value), sql_number(wanted->leeway) }, 6 };

	return open_list(directory, endpoint, &question, error);
}

struct trust_list *
trust_list_open_export(const char *directory, const char *endpoint,
    struct error *error)
{
	static const struct question question = { export_sql,
	    { { .type = SQL_NULL } }, 0 };

	return open_list(directory, endpoint, &question, error);
}

struct trust_list *
trust_list_open_map(const char *directory, const char *endpoint,
    const struct trust_list_filter *filter, struct error *error)
{
	const struct question question = { map_sql,
	    { sql_text(filter != NULL ? filter->value : NULL) }, 1 };

	return open_list(directory, endpoint, &question, error);
}

struct trust_list *
trust_list_open_audit(const char *directory, const char *endpoint,
    const struct trust_list_filter *filter, struct error *error)
{
	const struct trust_list_filter *wanted = filter != NULL ? filter :
	    &everything;
	const struct question question = { audit_sql,
	    { sql_number(wanted->limit), sql_number(wanted->since),
	    sql_number(wanted->after) }, 3 };

	return open_list(directory, endpoint, &question, error);
}

void
trust_list_free(struct trust_list *list)
{
	if (list == NULL)
		return;
	(void)sqlite3_finalize(list->statement);
	database_close(list->db);
	free(list->path);
	free(list);
}

int64_t
trust_list_keys_due(const struct trust_list *list)
{
	return list->head.keys_due;
}

/* 0, or -1 and error. */
static int
text_at(const struct trust_list *list, int column, const char **text_out,
    struct error *error)
{
	const int rc = sql_column_text(list->statement, column, text_out);

	if (*text_out == NULL)
		*text_out = "";
	return rc == SQLITE_OK ? 0 : trust_head_failed(list->db, rc,
	    list->path, error);
}

/* One revoked by what it is has its digits in the value itself. */
static int
read_token(const struct trust_list *list, struct trust_list_row *row,
    struct error *error)
{
	const unsigned char *bytes;
	size_t len, i;
	const int rc = sql_column_bytes(list->statement, 10, &bytes, &len);

	if (rc != SQLITE_OK)
		return trust_head_failed(list->db, rc, list->path, error);
	row->expires = REVOCATION_NO_TIME;
	if (sqlite3_column_type(list->statement, 11) != SQLITE_NULL)
		row->expires = sqlite3_column_int64(list->statement, 11);
	for (i = 0; i < len && i < TRUST_LIST_DIGITS / 2; i++)
		(void)snprintf(row->credential + 2 * i, 3, "%02x",
		    bytes[i]);
	return 0;
}

/* 1, 0 after the last, -1 and error. */
static int
step(struct trust_list *list, struct error *error)
{
	if (list->is_begun && list->rc == SQLITE_ROW)
		list->rc = sqlite3_step(list->statement);
	list->is_begun = 1;
	if (list->rc == SQLITE_ROW || list->rc == SQLITE_DONE)
		return list->rc == SQLITE_ROW;
	(void)database_error_tell(list->db, list->rc, list->path, error);
	return -1;
}

static int
read_rule(struct trust_list *list, struct trust_list_row *row,
    struct error *error)
{
	const int rc = trust_row_read(list->statement, &row->revocation,
	    list->hex);

	if (rc == SQLITE_OK)
		return 0;
	if (rc != SQLITE_CORRUPT)
		return trust_head_failed(list->db, rc, list->path, error);
	error_set(error, "%s: revocation %lld makes no sense, and whom it "
	    "concerns is not let in: run 'authgear-cache lift %lld'",
	    list->path, (long long)row->id, (long long)row->id);
	return -1;
}

int
trust_list_next(struct trust_list *list, struct trust_list_row *row,
    struct error *error)
{
	const int found = step(list, error);

	memset(row, 0, sizeof(*row));
	if (found != 1)
		return found;
	row->id = sqlite3_column_int64(list->statement, 5);
	row->time = sqlite3_column_int64(list->statement, 9);
	if (read_rule(list, row, error) == -1 ||
	    text_at(list, 6, &row->reason, error) == -1 ||
	    text_at(list, 7, &row->actor, error) == -1 ||
	    text_at(list, 8, &row->source, error) == -1 ||
	    read_token(list, row, error) == -1)
		return -1;
	return 1;
}

int
trust_list_next_account(struct trust_list *list,
    struct trust_list_account *row, struct error *error)
{
	const int found = step(list, error);

	memset(row, 0, sizeof(*row));
	if (found != 1)
		return found;
	row->time = sqlite3_column_int64(list->statement, 4);
	return text_at(list, 0, &row->user_id, error) == -1 ||
	    text_at(list, 1, &row->account, error) == -1 ||
	    text_at(list, 2, &row->reason, error) == -1 ||
	    text_at(list, 3, &row->actor, error) == -1 ?
	    -1 : 1;
}

int
trust_list_next_change(struct trust_list *list,
    struct trust_list_change *row, struct error *error)
{
	const int found = step(list, error);

	memset(row, 0, sizeof(*row));
	if (found != 1)
		return found;
	row->number = sqlite3_column_int64(list->statement, 0);
	row->time = sqlite3_column_int64(list->statement, 1);
	return text_at(list, 2, &row->actor, error) == -1 ||
	    text_at(list, 3, &row->action, error) == -1 ||
	    text_at(list, 4, &row->detail, error) == -1 ?
	    -1 : 1;
}

int
trust_list_count(const char *directory, const char *endpoint,
    struct trust_list_counts *counts, struct error *error)
{
	static const struct question question = {
		"SELECT (SELECT count(*) FROM revocation),"
		" (SELECT count(*) FROM account),"
		" (SELECT count(*) FROM audit),"
		" coalesce((SELECT time FROM audit ORDER BY id DESC LIMIT 1),"
		" 0)", { { .type = SQL_NULL } }, 0 };
	struct trust_list *list = open_list(directory, endpoint, &question,
	    error);
	int found = -1;

	memset(counts, 0, sizeof(*counts));
	if (list != NULL)
		found = step(list, error);
	if (found == 1) {
		counts->schema = list->head.schema;
		counts->number = list->head.lineage.number;
		counts->keys_due = list->head.keys_due;
		counts->revocations = sqlite3_column_int64(list->statement, 0);
		counts->accounts = sqlite3_column_int64(list->statement, 1);
		counts->changes = sqlite3_column_int64(list->statement, 2);
		counts->changed = sqlite3_column_int64(list->statement, 3);
	}
	trust_list_free(list);
	return found == 1 ? 0 : -1;
}

int64_t
trust_list_number(const char *directory, const char *endpoint,
    struct error *error)
{
	static const struct question question = { "SELECT 1",
	    { { .type = SQL_NULL } }, 0 };
	struct trust_list *list = open_list(directory, endpoint, &question,
	    error);
	const int64_t number = list == NULL ? -1 : list->head.lineage.number;

	trust_list_free(list);
	return number;
}

/* All of the list that is open. */
static int
verify(struct trust_list *list, int (*stop)(void *context), void *context,
    struct error *error)
{
	struct trust_list_row row;
	int found;

	while ((found = trust_list_next(list, &row, error)) == 1)
		if (stop != NULL && stop(context)) {
			error_set(error, "%s: it was not looked at whole",
			    list->path);
			return -1;
		}
	if (found == -1)
		return -1;
	return database_check_whole(list->db, list->path, stop, context,
	    error) == DATABASE_OPENED ?
	    trust_shape_check(list->db, list->path, error) : -1;
}

int
trust_list_verify(const char *directory, const char *endpoint,
    int (*stop)(void *context), void *context, struct error *error)
{
	struct trust_list *list = trust_list_open(directory, endpoint, NULL,
	    error);
	const int ret = list == NULL ? -1 : verify(list, stop, context,
	    error);

	trust_list_free(list);
	return ret;
}

struct trust_backup *
trust_list_copy(const char *directory, const char *endpoint,
    int (*stop)(void *context), void *context, struct error *error)
{
	struct trust_list *list = trust_list_open(directory, endpoint, NULL,
	    error);
	struct trust_backup *backup = NULL;
	unsigned char *bytes;
	sqlite3_int64 len = 0;

	if (list == NULL || verify(list, stop, context, error) == -1)
		goto done;
	sql_reset(list->statement);
	bytes = sqlite3_serialize(list->db, "main", &len, 0);
	if (bytes == NULL)
		error_set(error, "%s: it cannot be copied: %s", list->path,
		    sqlite3_errmsg(list->db));
	else
		backup = trust_backup_open(bytes, (size_t)len, list->path,
		    endpoint, error);
done:
	trust_list_free(list);
	return backup;
}
