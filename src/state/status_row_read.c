/* The columns of a row of sessions. */
#include "config.h"

#include "state/status_row_read.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "state/sql_column.h"
#include "state/status_boot.h"
#include "state/status_bytes.h"

#define MAX_WORDS 256
#define MAX_USER_ID 2048

enum { IS_LIVE = 0, DOUBTED_AT, BOOT, STARTED, USER_ID, ROLES, AMR, ANONYMOUS,
    VERIFIED, CAN_REAUTHENTICATE, AUTHENTICATED_AT, VERIFIED_BY };

/*
 * What reads a row answers SQLITE_OK, SQLITE_MISMATCH if it makes no sense,
 * or what went wrong.
 */

/* A text of at most max bytes. */
static int
column_text(struct sqlite3_stmt *statement, int column, size_t max,
    const char **text_out)
{
	const int rc = sql_column_text(statement, column, text_out);

	return rc == SQLITE_OK && (*text_out == NULL ||
	    strlen(*text_out) > max) ? SQLITE_MISMATCH : rc;
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
	int rc;

	*has_out = 0;
	if (sqlite3_column_type(statement, column) == SQLITE_NULL)
		return SQLITE_OK;
	rc = column_text(statement, column, STATUS_SESSION_MAX_TEXT, &text);
	if (rc != SQLITE_OK)
		return rc;
	if (word_list_split(list, text, separator) == -1)
		return SQLITE_NOMEM;
	*has_out = 1;
	return list->count <= MAX_WORDS ? SQLITE_OK : SQLITE_MISMATCH;
}

/* In uuid[] if it is kept as bytes. */
static int
column_user_id(struct sqlite3_stmt *statement, char uuid[STATUS_UUID_LEN + 1],
    const char **user_id_out)
{
	unsigned char bytes[STATUS_UUID_BYTES];
	int rc;

	if (sqlite3_column_type(statement, USER_ID) != SQLITE_BLOB) {
		rc = column_text(statement, USER_ID, MAX_USER_ID, user_id_out);
		return rc == SQLITE_OK && **user_id_out == '\0' ?
		    SQLITE_MISMATCH : rc;
	}
	rc = sql_column_copy(statement, USER_ID, bytes, sizeof(bytes));
	if (rc == SQLITE_OK)
		status_bytes_to_uuid(bytes, uuid);
	*user_id_out = uuid;
	return rc;
}

static int
read_times_and_flags(struct sqlite3_stmt *statement, struct facts *facts)
{
	if (column_fact(statement, ANONYMOUS, &facts->is_anonymous) == -1 ||
	    column_fact(statement, VERIFIED, &facts->is_verified) == -1 ||
	    column_fact(statement, CAN_REAUTHENTICATE,
	    &facts->can_reauthenticate) == -1)
		return SQLITE_MISMATCH;
	if (sqlite3_column_type(statement, AUTHENTICATED_AT) != SQLITE_NULL)
		facts->authenticated_at = sqlite3_column_int64(statement,
		    AUTHENTICATED_AT);
	return facts->authenticated_at < FACTS_NO_TIME ? SQLITE_MISMATCH :
	    SQLITE_OK;
}

static int
read_facts(struct sqlite3_stmt *statement, struct facts *facts)
{
	char uuid[STATUS_UUID_LEN + 1];
	const char *user_id = NULL;
	int rc;

	rc = column_words(statement, ROLES, ",", &facts->roles,
	    &facts->has_roles);
	if (rc == SQLITE_OK)
		rc = column_words(statement, AMR, " ", &facts->amr,
		    &facts->has_amr);
	if (rc == SQLITE_OK)
		rc = read_times_and_flags(statement, facts);
	if (rc == SQLITE_OK)
		rc = column_user_id(statement, uuid, &user_id);
	if (rc == SQLITE_OK && (facts->user_id = strdup(user_id)) == NULL)
		rc = SQLITE_NOMEM;
	return rc;
}

/* A thumbprint: bytes here, text in schema 2. */
static int
read_verified_by(struct sqlite3_stmt *statement, char hex[HASH_HEX_SIZE])
{
	unsigned char bytes[STATUS_HASH_BYTES];
	const char *text;
	int rc;

	switch (sqlite3_column_type(statement, VERIFIED_BY)) {
	case SQLITE_NULL:
		return SQLITE_OK;
	case SQLITE_BLOB:
		rc = sql_column_copy(statement, VERIFIED_BY, bytes,
		    sizeof(bytes));
		if (rc == SQLITE_OK)
			status_bytes_to_hex(bytes, sizeof(bytes), hex);
		return rc;
	default:
		rc = column_text(statement, VERIFIED_BY, HASH_HEX_SIZE - 1,
		    &text);
		if (rc == SQLITE_OK)
			(void)snprintf(hex, HASH_HEX_SIZE, "%s", text);
		return rc;
	}
}

/* Before schema 4 a doubt was 1, and its time in place of the lookup's: of such
 * a row it is not known how old the answer is. */
static int
read_stamps(struct sqlite3_stmt *statement, struct status_session *session)
{
	session->started.boottime = sqlite3_column_int64(statement, STARTED);
	session->doubted_at = sqlite3_column_int64(statement, DOUBTED_AT);
	if (session->doubted_at == 1) {
		session->doubted_at = session->started.boottime;
		session->started.boottime = -1;
	}
	return session->doubted_at == 0 ||
	    session->doubted_at >= session->started.boottime ? SQLITE_OK :
	    SQLITE_MISMATCH;
}

/* By its number, in schema 2 as text. */
static int
read_boot(struct status *status, struct sqlite3_stmt *statement,
    char boot_id[MOMENT_BOOT_ID_SIZE])
{
	const char *text;
	int rc;

	rc = sqlite3_column_type(statement, BOOT) == SQLITE_INTEGER ?
	    status_boot_text(status, sqlite3_column_int64(statement, BOOT),
	    &text) : column_text(statement, BOOT, MOMENT_BOOT_ID_SIZE - 1,
	    &text);
	if (rc == SQLITE_OK && text == NULL)
		rc = SQLITE_MISMATCH;
	if (rc == SQLITE_OK)
		(void)snprintf(boot_id, MOMENT_BOOT_ID_SIZE, "%s", text);
	return rc;
}

int
status_row_read(struct status *status, struct sqlite3_stmt *statement,
    struct status_session *session)
{
	const int64_t is_live = sqlite3_column_int64(statement, IS_LIVE);
	int rc;

	if (is_live != 0 && is_live != 1)
		return SQLITE_MISMATCH;
	session->is_live = is_live == 1;
	rc = read_stamps(statement, session);
	if (rc == SQLITE_OK)
		rc = read_boot(status, statement, session->started.boot_id);
	if (rc == SQLITE_OK && session->is_live)
		rc = read_verified_by(statement, session->verified_by);
	if (rc == SQLITE_OK && session->is_live)
		rc = read_facts(statement, &session->facts);
	return rc;
}
