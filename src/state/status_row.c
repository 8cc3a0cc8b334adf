/* Rows of sessions as they lie in the file. */
#include "config.h"

#include "state/status_row.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ground/buffer.h"
#include "state/sql.h"
#include "state/sql_column.h"
#include "state/status_bytes.h"
#include "state/status_file.h"
#include "state/status_row_read.h"

#define KEY_BYTES STATUS_HASH_BYTES

/* Behind what status_row_read() reads. */
enum { KEY = STATUS_ROW_READ_COLUMNS, KIND };

/* A key, as the columns have it. */
struct place {
	unsigned char key[KEY_BYTES];
	int kind;
	int64_t id;
};

/* The row's number begins as its key does and ends with the kind, so that one
 * tree is walked.  Of two keys that share it one takes the other's place. */
static int
find_place(const char *key, struct place *place)
{
	uint64_t id = 0;
	size_t i;

	if (status_bytes_of_hex(key, place->key, KEY_BYTES) == -1)
		return -1;
	place->kind = key[HASH_HEX_SIZE - 1] - '0';
	for (i = 0; i < sizeof(id); i++)
		id = id << 8 | place->key[i];
	id = (id & ~UINT64_C(3)) | ((unsigned int)place->kind & 3);
	memcpy(&place->id, &id, sizeof(id));
	return 0;
}

/* The row that the statement stands on, into a cleared session; of a failure
 * nothing stays in it. */
static int
take_row(struct status *status, struct sqlite3_stmt *statement,
    struct status_session *session, enum status_row *found_out)
{
	const int rc = status_row_read(status, statement, session);

	if (rc == SQLITE_OK) {
		*found_out = STATUS_ROW_FOUND;
		return SQLITE_OK;
	}
	status_session_clear(session);
	if (rc != SQLITE_MISMATCH)
		return rc;
	*found_out = STATUS_ROW_NONSENSE;
	return SQLITE_OK;
}

/* SQLITE_MISMATCH: it is of another key. */
static int
check_place(struct sqlite3_stmt *statement, const struct place *place)
{
	unsigned char key[KEY_BYTES];
	const int rc = sql_column_copy(statement, KEY, key, sizeof(key));

	if (rc != SQLITE_OK)
		return rc;
	return memcmp(key, place->key, KEY_BYTES) == 0 &&
	    sqlite3_column_int64(statement, KIND) == place->kind ?
	    SQLITE_OK : SQLITE_MISMATCH;
}

int
status_row_load(struct status *status, const char *key,
    struct status_session *session, enum status_row *found_out)
{
	static const char sql[] = "SELECT is_live, doubted_at, boot, started, "
	    STATUS_ROW_READ_FACTS ", key, kind FROM session WHERE id = ?1";
	struct sqlite3_stmt *statement;
	struct sql_value id;
	struct place place;
	int rc;

	status_session_init(session);
	*found_out = STATUS_ROW_NONE;
	if (find_place(key, &place) == -1)
		return SQLITE_OK;
	id = sql_number(place.id);
	rc = status_file_step(status, STATUS_SESSION_LOAD, sql, &id, 1);
	statement = status->statements[STATUS_SESSION_LOAD];
	if (rc == SQLITE_ROW) {
		rc = check_place(statement, &place);
		if (rc == SQLITE_MISMATCH) {
			*found_out = STATUS_ROW_OF_ANOTHER;
			rc = SQLITE_OK;
		} else if (rc == SQLITE_OK) {
			rc = take_row(status, statement, session, found_out);
		}
	}
	return status_file_reset(status, STATUS_SESSION_LOAD, rc);
}

int
status_row_load_before(struct status *status, const char *key,
    struct status_session *session, enum status_row *found_out)
{
	static const char sql[] = "SELECT is_live, substr(boot_id, 1, 1) = "
	    "'-', boot_id, started_boottime, " STATUS_ROW_READ_FACTS
	    " FROM session_before WHERE key = ?1";
	const struct sql_value value = sql_text(key);
	struct sqlite3_stmt *statement;
	int rc;

	status_session_init(session);
	*found_out = STATUS_ROW_NONE;
	rc = status_file_step(status, STATUS_SESSION_BEFORE, sql, &value, 1);
	statement = status->statements[STATUS_SESSION_BEFORE];
	if (rc == SQLITE_ROW)
		rc = take_row(status, statement, session, found_out);
	/* what makes no sense there is passed over, and nobody writes to it */
	if (*found_out == STATUS_ROW_NONSENSE)
		*found_out = STATUS_ROW_NONE;
	session->is_before = *found_out == STATUS_ROW_FOUND;
	return status_file_reset(status, STATUS_SESSION_BEFORE, rc);
}

int
status_row_join(struct buffer *text, const struct word_list *list,
    char separator)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (strchr(list->words[i], separator) != NULL)
			return -1;
		(void)buffer_append_format(text, "%.*s%s", i > 0 ? 1 : 0,
		    &separator, list->words[i]);
	}
	return text->failed ? -1 : 0;
}

/* A row as it is kept: what its values point to. */
struct kept {
	unsigned char uuid[STATUS_UUID_BYTES];
	unsigned char verified_by[KEY_BYTES];
	struct buffer roles, amr;
};

/* NULL if there are none; -1: they cannot be kept. */
static int
keep_words(struct buffer *text, int has, const struct word_list *list,
    char separator, struct sql_value *value)
{
	*value = sql_null();
	if (!has)
		return 0;
	if (status_row_join(text, list, separator) == -1)
		return -1;
	*value = sql_text(text->data);
	return 0;
}

static struct sql_value
keep_fact(enum fact fact)
{
	return fact == FACT_ABSENT ? sql_null() : sql_number(fact == FACT_YES);
}

static int
keep_facts(const struct facts *facts, struct kept *kept,
    struct sql_value values[7])
{
	values[0] = status_bytes_of_uuid(facts->user_id, kept->uuid) == 0 ?
	    sql_bytes(kept->uuid, STATUS_UUID_BYTES) :
	    sql_text(facts->user_id);
	if (keep_words(&kept->roles, facts->has_roles, &facts->roles, ',',
	    &values[1]) == -1 || keep_words(&kept->amr, facts->has_amr,
	    &facts->amr, ' ', &values[2]) == -1)
		return -1;
	values[3] = keep_fact(facts->is_anonymous);
	values[4] = keep_fact(facts->is_verified);
	values[5] = keep_fact(facts->can_reauthenticate);
	if (facts->authenticated_at != FACTS_NO_TIME)
		values[6] = sql_number(facts->authenticated_at);
	return 0;
}

int
status_row_store(struct status *status, const char *key,
    const struct status_session *session, int64_t boot)
{
	static const char sql[] = "INSERT OR REPLACE INTO session (id, key, "
	    "kind, is_live, doubted_at, boot, started, "
	    STATUS_ROW_READ_FACTS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, "
	    "?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
	struct sql_value values[15] = { { .type = SQL_NULL } };
	struct place place;
	struct kept kept;
	int rc = SQLITE_OK;

	if (find_place(key, &place) == -1)
		return SQLITE_MISMATCH;
	buffer_init(&kept.roles, STATUS_SESSION_MAX_TEXT);
	buffer_init(&kept.amr, STATUS_SESSION_MAX_TEXT);
	values[0] = sql_number(place.id);
	values[1] = sql_bytes(place.key, KEY_BYTES);
	values[2] = sql_number(place.kind);
	values[3] = sql_number(session->is_live);
	values[4] = sql_number(session->doubted_at);
	values[5] = sql_number(boot);
	values[6] = sql_number(session->started.boottime);
	if (session->is_live &&
	    keep_facts(&session->facts, &kept, &values[7]) == -1)
		rc = SQLITE_MISMATCH;
	if (session->is_live && status_bytes_of_hex(session->verified_by,
	    kept.verified_by, KEY_BYTES) == 0)
		values[14] = sql_bytes(kept.verified_by, KEY_BYTES);
	if (rc == SQLITE_OK)
		rc = status_file_reset(status, STATUS_SESSION_STORE,
		    status_file_step(status, STATUS_SESSION_STORE, sql,
		    values, 15));
	buffer_clear(&kept.roles);
	buffer_clear(&kept.amr);
	return rc;
}
