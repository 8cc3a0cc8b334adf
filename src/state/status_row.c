/* Rows of sessions as they lie in the file. */
#include "config.h"

#include "state/status_row.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ground/buffer.h"
#include "state/sql.h"
#include "state/status_boot.h"
#include "state/status_bytes.h"
#include "state/status_file.h"

#define MAX_WORDS 256
#define MAX_USER_ID 2048
#define KEY_BYTES ((HASH_HEX_SIZE - 1) / 2)

/* The columns that both tables have in common, in this order. */
#define FACTS "user_id, roles, amr, anonymous, verified, " \
	"can_reauthenticate, authenticated_at, verified_by"
enum { IS_LIVE = 0, IS_DOUBTED, BOOT, STARTED, USER_ID, ROLES, AMR, ANONYMOUS,
    VERIFIED, CAN_REAUTHENTICATE, AUTHENTICATED_AT, VERIFIED_BY, KEY, KIND };

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

/* A text of at most max bytes without NUL; NULL if it is none. */
static const char *
column_text(struct sqlite3_stmt *statement, int column, size_t max)
{
	const char *text;

	if (sqlite3_column_type(statement, column) != SQLITE_TEXT)
		return NULL;
	text = (const char *)sqlite3_column_text(statement, column);
	if (text == NULL || strlen(text) > max ||
	    strlen(text) != (size_t)sqlite3_column_bytes(statement, column))
		return NULL;
	return text;
}

/* 0, or -1 if it is neither NULL, 0 nor 1. */
static int
column_fact(struct sqlite3_stmt *statement, int column, enum fact *out)
{
	int64_t value;

	*out = FACT_ABSENT;
	if (sqlite3_column_type(statement, column) == SQLITE_NULL)
		return 0;
	value = sqlite3_column_int64(statement, column);
	*out = value == 1 ? FACT_YES : FACT_NO;
	return value == 0 || value == 1 ? 0 : -1;
}

static int
column_words(struct sqlite3_stmt *statement, int column,
    const char *separator, struct word_list *list, int *has_out)
{
	const char *text;

	*has_out = 0;
	if (sqlite3_column_type(statement, column) == SQLITE_NULL)
		return 0;
	text = column_text(statement, column, STATUS_ROW_MAX_TEXT);
	if (text == NULL || word_list_split(list, text, separator) == -1 ||
	    list->count > MAX_WORDS)
		return -1;
	*has_out = 1;
	return 0;
}

/* The user ID, in text[] if it is kept as bytes; NULL if it is none. */
static const char *
column_user_id(struct sqlite3_stmt *statement, char text[STATUS_UUID_LEN + 1])
{
	if (sqlite3_column_type(statement, USER_ID) != SQLITE_BLOB)
		return column_text(statement, USER_ID, MAX_USER_ID);
	if (sqlite3_column_bytes(statement, USER_ID) != STATUS_UUID_BYTES)
		return NULL;
	status_bytes_to_uuid(sqlite3_column_blob(statement, USER_ID), text);
	return text;
}

static int
read_facts(struct sqlite3_stmt *statement, struct facts *facts)
{
	char uuid[STATUS_UUID_LEN + 1];
	const char *user_id = column_user_id(statement, uuid);

	if (user_id == NULL || user_id[0] == '\0' ||
	    column_words(statement, ROLES, ",", &facts->roles,
	    &facts->has_roles) == -1 ||
	    column_words(statement, AMR, " ", &facts->amr,
	    &facts->has_amr) == -1 ||
	    column_fact(statement, ANONYMOUS, &facts->is_anonymous) == -1 ||
	    column_fact(statement, VERIFIED, &facts->is_verified) == -1 ||
	    column_fact(statement, CAN_REAUTHENTICATE,
	    &facts->can_reauthenticate) == -1)
		return -1;
	if (sqlite3_column_type(statement, AUTHENTICATED_AT) != SQLITE_NULL)
		facts->authenticated_at = sqlite3_column_int64(statement,
		    AUTHENTICATED_AT);
	if (facts->authenticated_at < FACTS_NO_TIME)
		return -1;
	facts->user_id = strdup(user_id);
	return facts->user_id != NULL ? 0 : -1;
}

/* A thumbprint: bytes here, text in schema 2. */
static int
read_verified_by(struct sqlite3_stmt *statement, char hex[HASH_HEX_SIZE])
{
	const char *text;

	switch (sqlite3_column_type(statement, VERIFIED_BY)) {
	case SQLITE_NULL:
		return 0;
	case SQLITE_BLOB:
		if (sqlite3_column_bytes(statement, VERIFIED_BY) != KEY_BYTES)
			return -1;
		status_bytes_to_hex(sqlite3_column_blob(statement, VERIFIED_BY),
		    KEY_BYTES, hex);
		return 0;
	default:
		text = column_text(statement, VERIFIED_BY, HASH_HEX_SIZE - 1);
		if (text == NULL)
			return -1;
		(void)snprintf(hex, HASH_HEX_SIZE, "%s", text);
		return 0;
	}
}

static int
column_flag(struct sqlite3_stmt *statement, int column, int *out)
{
	const int64_t value = sqlite3_column_int64(statement, column);

	*out = value == 1;
	return value == 0 || value == 1 ? 0 : -1;
}

/* 0, or -1: it makes no sense, or memory ran out. */
static int
read_row(struct status *status, struct sqlite3_stmt *statement,
    struct status_session *session)
{
	const char *boot_id;

	if (column_flag(statement, IS_LIVE, &session->is_live) == -1 ||
	    column_flag(statement, IS_DOUBTED, &session->is_doubted) == -1)
		return -1;
	session->started.boottime = sqlite3_column_int64(statement, STARTED);
	boot_id = sqlite3_column_type(statement, BOOT) == SQLITE_INTEGER ?
	    status_boot_text(status, sqlite3_column_int64(statement, BOOT)) :
	    column_text(statement, BOOT, MOMENT_BOOT_ID_SIZE - 1);
	if (boot_id == NULL)
		return -1;
	(void)snprintf(session->started.boot_id,
	    sizeof(session->started.boot_id), "%s", boot_id);
	if (!session->is_live)
		return 0;
	return read_verified_by(statement, session->verified_by) == -1 ? -1 :
	    read_facts(statement, &session->facts);
}

static int
is_at(struct sqlite3_stmt *statement, const struct place *place)
{
	return sqlite3_column_type(statement, KEY) == SQLITE_BLOB &&
	    sqlite3_column_bytes(statement, KEY) == KEY_BYTES &&
	    memcmp(sqlite3_column_blob(statement, KEY), place->key,
	    KEY_BYTES) == 0 &&
	    sqlite3_column_int64(statement, KIND) == place->kind;
}

int
status_row_load(struct status *status, const char *key,
    struct status_session *session, enum status_row *found_out)
{
	static const char sql[] = "SELECT is_live, is_doubted, boot, started, "
	    FACTS ", key, kind FROM session WHERE id = ?1";
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
	if (rc == SQLITE_ROW && !is_at(statement, &place)) {
		*found_out = STATUS_ROW_OF_ANOTHER;
	} else if (rc == SQLITE_ROW) {
		*found_out = STATUS_ROW_FOUND;
		if (read_row(status, statement, session) == -1) {
			status_session_clear(session);
			*found_out = STATUS_ROW_NONSENSE;
		}
	}
	return status_file_reset(status, STATUS_SESSION_LOAD, rc);
}

int
status_row_load_before(struct status *status, const char *key,
    struct status_session *session, enum status_row *found_out)
{
	static const char sql[] = "SELECT is_live, substr(boot_id, 1, 1) = "
	    "'-', boot_id, started_boottime, " FACTS " FROM session_before "
	    "WHERE key = ?1";
	const struct sql_value value = sql_text(key);
	struct sqlite3_stmt *statement;
	int rc;

	status_session_init(session);
	*found_out = STATUS_ROW_NONE;
	rc = status_file_step(status, STATUS_SESSION_BEFORE, sql, &value, 1);
	statement = status->statements[STATUS_SESSION_BEFORE];
	if (rc == SQLITE_ROW && read_row(status, statement, session) == 0) {
		*found_out = STATUS_ROW_FOUND;
		session->is_before = 1;
	} else if (rc == SQLITE_ROW) {
		status_session_clear(session);
	}
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
	    "kind, is_live, is_doubted, boot, started, " FACTS ") VALUES (?1, "
	    "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
	struct sql_value values[15] = { { .type = SQL_NULL } };
	struct place place;
	struct kept kept;
	int rc = SQLITE_OK;

	if (find_place(key, &place) == -1)
		return SQLITE_MISMATCH;
	buffer_init(&kept.roles, STATUS_ROW_MAX_TEXT);
	buffer_init(&kept.amr, STATUS_ROW_MAX_TEXT);
	values[0] = sql_number(place.id);
	values[1] = sql_bytes(place.key, KEY_BYTES);
	values[2] = sql_number(place.kind);
	values[3] = sql_number(session->is_live);
	values[4] = sql_number(session->is_doubted);
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
