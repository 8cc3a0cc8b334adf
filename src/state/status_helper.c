/* Rows that stand for a daemon's memory. */
#include "config.h"

#include "state/status_helper.h"

#include <sqlite3.h>
#include <string.h>

#include "state/sql.h"
#include "state/sql_column.h"
#include "state/status_file.h"

#define MINUTE_MS 60000

/* One transaction: begun, with the schema ours; SQLITE_OK, or what failed. */
static int
enter(struct status *status)
{
	int rc;

	if (status_file_enter(status, NULL) == -1)
		return SQLITE_CANTOPEN;
	rc = sqlite3_exec(status->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	return rc == SQLITE_OK ? status_file_is_ours(status, NULL) : rc;
}

/* 0 once it is in the file, or -1. */
static int
leave(struct status *status, int rc)
{
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(status->db, "COMMIT", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		return 0;
	if (status->db == NULL)
		return -1;
	(void)status_file_failed(status, rc, NULL);
	if (!sqlite3_get_autocommit(status->db))
		(void)sqlite3_exec(status->db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

static int
read_told(struct sqlite3_stmt *statement, struct status_helper_told *told)
{
	const char *reason = NULL;
	int rc;

	told->result = sqlite3_column_int(statement, 0);
	told->at = sqlite3_column_int64(statement, 1);
	told->until = sqlite3_column_int64(statement, 2);
	told->absent_at = sqlite3_column_int64(statement, 3);
	told->absent_until = sqlite3_column_int64(statement, 4);
	rc = sql_column_text(statement, 5, &reason);
	told->reason = reason == NULL ? REASON_COUNT : reason_find(reason);
	return rc == SQLITE_OK ? SQLITE_ROW : rc;
}

int
status_helper_told(struct status *status, const char *key,
    const struct moment *now, struct status_helper_told *told_out)
{
	static const char sql[] = "SELECT result, at, until, absent_at, "
	    "absent_until, reason FROM helper_told "
	    "WHERE key = ?1 AND boot_id = ?2";
	const struct sql_value values[] = { sql_text(key),
	    sql_text(now->boot_id) };
	struct sqlite3_stmt *statement = NULL;
	int rc;

	memset(told_out, 0, sizeof(*told_out));
	if (status_file_enter(status, NULL) == -1)
		return -1;
	rc = sql_step(status->db, sql, values, 2, &statement);
	if (rc == SQLITE_ROW)
		rc = read_told(statement, told_out);
	(void)sqlite3_finalize(statement);
	if (rc == SQLITE_ROW)
		return told_out->reason != REASON_COUNT;
	return rc == SQLITE_DONE ? 0 : status_file_failed(status, rc, NULL);
}

static int
put_told(struct status *status, const char *key,
    const struct status_helper_told *told, const struct moment *now)
{
	static const char sql[] = "INSERT OR REPLACE INTO helper_told (key, "
	    "boot_id, result, reason, at, until, absent_at, absent_until) "
	    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
	const struct sql_value values[] = { sql_text(key),
	    sql_text(now->boot_id), sql_number(told->result),
	    sql_text(reason_name(told->reason)), sql_number(told->at),
	    sql_number(told->until), sql_number(told->absent_at),
	    sql_number(told->absent_until) };

	return sql_run(status->db, sql, values, 8);
}

static int
take_out_told(struct status *status, const struct moment *now)
{
	const struct sql_value values[] = { sql_text(now->boot_id),
	    sql_number(now->boottime) };
	const struct sql_value most = sql_number(STATUS_HELPER_TOLD_MAX);
	int rc;

	rc = sql_run(status->db, "DELETE FROM helper_told WHERE "
	    "boot_id <> ?1 OR max(until, absent_until) <= ?2", values, 2);
	return rc != SQLITE_OK ? rc : sql_run(status->db, "DELETE FROM "
	    "helper_told WHERE key IN (SELECT key FROM helper_told ORDER BY "
	    "max(until, absent_until) LIMIT max(0, (SELECT count(*) FROM "
	    "helper_told) - ?1))", &most, 1);
}

int
status_helper_tell(struct status *status, const char *key,
    const struct status_helper_told *told, const struct moment *now)
{
	const struct sql_value value = sql_text(key);
	int rc;

	rc = enter(status);
	if (rc == SQLITE_OK && told != NULL)
		rc = put_told(status, key, told, now);
	else if (rc == SQLITE_OK)
		rc = sql_run(status->db, "DELETE FROM helper_told WHERE "
		    "key = ?1", &value, 1);
	if (rc == SQLITE_OK)
		rc = take_out_told(status, now);
	return leave(status, rc);
}

static struct sql_value
bytes_of(const struct status_helper_share *share)
{
	return sql_bytes(share->key, share->len);
}

static int
give_one(struct status *status, struct sql_value share)
{
	return sql_run(status->db, "UPDATE helper_minute SET taken = "
	    "taken - 1 WHERE share = ?1 AND taken > 0", &share, 1);
}

static int
give_back(struct status *status, const struct status_helper_share *shares,
    size_t count)
{
	size_t i;
	int rc = SQLITE_OK;

	if (count > 0)
		rc = give_one(status, sql_bytes("", 0));
	for (i = 0; rc == SQLITE_OK && i < count; i++)
		rc = give_one(status, bytes_of(&shares[i]));
	return rc;
}

int
status_helper_give(struct status *status,
    const struct status_helper_share *shares, size_t count)
{
	int rc;

	rc = enter(status);
	if (rc == SQLITE_OK)
		rc = give_back(status, shares, count);
	return leave(status, rc);
}

int
status_helper_end(struct status *status, const char *key,
    const struct status_helper_share *shares, size_t count)
{
	const struct sql_value value = sql_text(key);
	int rc;

	rc = enter(status);
	if (rc == SQLITE_OK)
		rc = sql_run(status->db, "DELETE FROM helper_place WHERE "
		    "key = ?1", &value, 1);
	if (rc == SQLITE_OK)
		rc = give_back(status, shares, count);
	return leave(status, rc);
}

static int
take_out_places(struct status *status, const struct moment *now)
{
	const struct sql_value values[] = { sql_text(now->boot_id),
	    sql_number(now->boottime) };

	return sql_run(status->db, "DELETE FROM helper_place WHERE "
	    "boot_id <> ?1 OR until <= ?2", values, 2);
}

static const struct status_helper_share *
narrowest(const struct status_helper_wish *wish)
{
	return wish->share_count == 0 ? NULL :
	    &wish->shares[wish->share_count - 1];
}

/* What others have: is the key among them, is there no place? */
static int
look_at_places(struct status *status, const struct status_helper_wish *wish,
    int *is_running, int *is_full)
{
	const struct status_helper_share *one = narrowest(wish);
	const struct sql_value key = sql_text(wish->key);
	const struct sql_value share = one == NULL ? sql_null() :
	    bytes_of(one);
	const int most = wish->unknown < 2 ? 1 : wish->unknown / 2;
	int64_t running = 0, all = 0, unknown = 0, of_one = 0;
	int rc;

	rc = sql_ask(status->db, "SELECT count(*) FROM helper_place WHERE "
	    "key = ?1", &key, 1, &running);
	if (rc == SQLITE_OK)
		rc = sql_ask(status->db, "SELECT count(*) FROM helper_place",
		    NULL, 0, &all);
	if (rc == SQLITE_OK && one != NULL)
		rc = sql_ask(status->db, "SELECT count(share) FROM "
		    "helper_place", NULL, 0, &unknown);
	if (rc == SQLITE_OK && one != NULL)
		rc = sql_ask(status->db, "SELECT count(*) FROM helper_place "
		    "WHERE share = ?1", &share, 1, &of_one);
	*is_running = running != 0;
	*is_full = all >= wish->places || (one != NULL &&
	    (unknown >= wish->unknown || of_one >= most));
	return rc;
}

static int
take_out_minutes(struct status *status, const struct moment *now)
{
	const struct sql_value values[] = { sql_text(now->boot_id),
	    sql_number(now->boottime - MINUTE_MS), sql_number(now->boottime) };

	return sql_run(status->db, "DELETE FROM helper_minute WHERE "
	    "boot_id <> ?1 OR since <= ?2 OR since > ?3", values, 3);
}

/* What a share has of the minute, all with no bytes; and since when. */
static int
taken_of(struct status *status, struct sql_value share, int64_t *taken_out,
    int64_t *since_out)
{
	int rc;

	rc = sql_ask(status->db, "SELECT coalesce(sum(taken), 0) FROM "
	    "helper_minute WHERE share = ?1", &share, 1, taken_out);
	return rc != SQLITE_OK ? rc : sql_ask(status->db, "SELECT "
	    "coalesce(sum(since), 0) FROM helper_minute WHERE share = ?1",
	    &share, 1, since_out);
}

/* GO, or which of them has no more, with the end of its minute. */
static int
look_at_minute(struct status *status, const struct status_helper_wish *wish,
    enum status_helper_turn *turn_out, int64_t *until_out)
{
	int64_t all = 0, since = 0, taken = 0;
	size_t i;
	int rc;

	rc = taken_of(status, sql_bytes("", 0), &all, &since);
	*turn_out = all < wish->minute ? STATUS_HELPER_GO :
	    STATUS_HELPER_SPENT;
	for (i = 0; rc == SQLITE_OK && *turn_out == STATUS_HELPER_GO &&
	    i < wish->share_count; i++) {
		rc = taken_of(status, bytes_of(&wish->shares[i]), &taken,
		    &since);
		if (taken * wish->divisor >= (wish->minute - all) *
		    wish->shares[i].weight)
			*turn_out = STATUS_HELPER_SPENT_HERE;
	}
	if (*turn_out != STATUS_HELPER_GO)
		*until_out = since + MINUTE_MS;
	return rc;
}

static int
count_one(struct status *status, struct sql_value share,
    const struct moment *now)
{
	const struct sql_value values[] = { share, sql_text(now->boot_id),
	    sql_number(now->boottime) };

	return sql_run(status->db, "INSERT INTO helper_minute (share, "
	    "boot_id, since, taken) VALUES (?1, ?2, ?3, 1) "
	    "ON CONFLICT (share) DO UPDATE SET taken = taken + 1", values, 3);
}

/* One more in this minute, of each of its shares and of all; where one of
 * them has no more, of none. */
static int
count_unknown(struct status *status, const struct status_helper_wish *wish,
    const struct moment *now, enum status_helper_turn *turn_out,
    int64_t *until_out)
{
	size_t i;
	int rc;

	rc = take_out_minutes(status, now);
	if (rc == SQLITE_OK)
		rc = look_at_minute(status, wish, turn_out, until_out);
	if (rc != SQLITE_OK || *turn_out != STATUS_HELPER_GO)
		return rc;
	rc = count_one(status, sql_bytes("", 0), now);
	for (i = 0; rc == SQLITE_OK && i < wish->share_count; i++)
		rc = count_one(status, bytes_of(&wish->shares[i]), now);
	return rc;
}

static int
take_place(struct status *status, const struct status_helper_wish *wish,
    const struct moment *now)
{
	const struct status_helper_share *one = narrowest(wish);
	const struct sql_value values[] = { sql_text(wish->key),
	    sql_text(now->boot_id), sql_number(wish->until),
	    one == NULL ? sql_null() : bytes_of(one) };

	return sql_run(status->db, "INSERT INTO helper_place (key, boot_id, "
	    "until, share) VALUES (?1, ?2, ?3, ?4)", values, 4);
}

enum status_helper_turn
status_helper_begin(struct status *status,
    const struct status_helper_wish *wish, const struct moment *now,
    int *is_counted, int64_t *until_out)
{
	enum status_helper_turn turn = STATUS_HELPER_GO;
	int is_running = 0, is_full = 0, counts, rc;

	*until_out = now->boottime;
	rc = enter(status);
	if (rc == SQLITE_OK)
		rc = take_out_places(status, now);
	if (rc == SQLITE_OK)
		rc = look_at_places(status, wish, &is_running, &is_full);
	counts = !is_running && wish->share_count > 0 && !*is_counted;
	if (rc == SQLITE_OK && counts)
		rc = count_unknown(status, wish, now, &turn, until_out);
	counts = counts && turn == STATUS_HELPER_GO;
	if (is_running)
		turn = STATUS_HELPER_RUNNING;
	else if (turn == STATUS_HELPER_GO && is_full)
		turn = STATUS_HELPER_FULL;
	else if (turn == STATUS_HELPER_GO && rc == SQLITE_OK)
		rc = take_place(status, wish, now);
	if (leave(status, rc) == -1)
		return STATUS_HELPER_FAILED;
	*is_counted |= counts;
	return turn;
}

int
status_helper_keep(struct status *status, const char *key, int64_t until,
    const struct moment *now)
{
	const struct sql_value values[] = { sql_text(key),
	    sql_text(now->boot_id), sql_number(until) };
	const struct sql_value over[] = { sql_text(now->boot_id),
	    sql_number(now->boottime) };
	int rc;

	rc = enter(status);
	if (rc == SQLITE_OK)
		rc = sql_run(status->db, "DELETE FROM helper_until WHERE "
		    "boot_id <> ?1 OR until <= ?2", over, 2);
	if (rc == SQLITE_OK)
		rc = sql_run(status->db, "INSERT OR REPLACE INTO helper_until "
		    "(key, boot_id, until) VALUES (?1, ?2, ?3)", values, 3);
	return leave(status, rc);
}

int64_t
status_helper_kept(struct status *status, const char *key,
    const struct moment *now)
{
	const struct sql_value values[] = { sql_text(key),
	    sql_text(now->boot_id) };
	int64_t until = 0;
	int found, rc;

	if (status_file_enter(status, NULL) == -1)
		return 0;
	rc = sql_find(status->db, "SELECT until FROM helper_until WHERE "
	    "key = ?1 AND boot_id = ?2", values, 2, &found, &until);
	if (rc != SQLITE_OK)
		(void)status_file_failed(status, rc, NULL);
	return rc == SQLITE_OK ? until : 0;
}
