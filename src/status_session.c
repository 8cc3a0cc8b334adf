/* What Authgear's resolver last said, one row a credential. */
#include "config.h"

#include "status_session.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "database.h"
#include "status_file.h"

#define MAX_TEXT 32768		/* bytes of roles or amr */
#define MAX_WORDS 256
#define MAX_USER_ID 2048
#define TRIM_STEP 256
#define LATEST 14		/* parameter: moment_latest() of the lookup */

void
status_session_init(struct status_session *session)
{
	memset(session, 0, sizeof(*session));
	facts_init(&session->facts);
}

void
status_session_clear(struct status_session *session)
{
	if (session == NULL)
		return;
	facts_clear(&session->facts);
	status_session_init(session);
}

int
status_session_key(const char *endpoint, const struct credential *credential,
    char key[HASH_HEX_SIZE])
{
	const char *kind = credential_kind_name(credential->kind);
	struct buffer text;
	int ret = -1;

	key[0] = '\0';
	buffer_init(&text, strlen(endpoint) + strlen(kind) + credential->len +
	    2);
	(void)buffer_append(&text, endpoint, strlen(endpoint) + 1);
	(void)buffer_append(&text, kind, strlen(kind) + 1);
	(void)buffer_append(&text, credential->text, credential->len);
	if (!text.failed)
		ret = hash_hex(text.data, text.len, key);
	buffer_clear(&text);
	return ret;
}

static int
prepare(struct status *status, struct sqlite3_stmt **statement,
    const char *sql)
{
	if (*statement != NULL)
		return SQLITE_OK;
	return sqlite3_prepare_v3(status->db, sql, -1,
	    SQLITE_PREPARE_PERSISTENT, statement, NULL);
}

static void
done_with(struct sqlite3_stmt *statement)
{
	if (statement == NULL)
		return;
	(void)sqlite3_reset(statement);
	(void)sqlite3_clear_bindings(statement);
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
	text = column_text(statement, column, MAX_TEXT);
	if (text == NULL || word_list_split(list, text, separator) == -1 ||
	    list->count > MAX_WORDS)
		return -1;
	*has_out = 1;
	return 0;
}

static int
read_facts(struct sqlite3_stmt *statement, struct facts *facts)
{
	const char *user_id = column_text(statement, 4, MAX_USER_ID);

	if (user_id == NULL || user_id[0] == '\0' ||
	    column_words(statement, 5, ",", &facts->roles,
	    &facts->has_roles) == -1 ||
	    column_words(statement, 6, " ", &facts->amr, &facts->has_amr) ==
	    -1 ||
	    column_fact(statement, 7, &facts->is_anonymous) == -1 ||
	    column_fact(statement, 8, &facts->is_verified) == -1 ||
	    column_fact(statement, 9, &facts->can_reauthenticate) == -1)
		return -1;
	if (sqlite3_column_type(statement, 10) != SQLITE_NULL)
		facts->authenticated_at = sqlite3_column_int64(statement, 10);
	if (facts->authenticated_at < FACTS_NO_TIME)
		return -1;
	facts->user_id = strdup(user_id);
	return facts->user_id != NULL ? 0 : -1;
}

static int
read_row(struct sqlite3_stmt *statement, struct status_session *session)
{
	const char *boot_id = column_text(statement, 3,
	    MOMENT_BOOT_ID_SIZE - 1);
	int64_t is_live = sqlite3_column_int64(statement, 0);
	const char *key;

	if (boot_id == NULL || is_live < 0 || is_live > 1)
		return -1;
	session->is_live = (int)is_live;
	session->started.wall = sqlite3_column_int64(statement, 1);
	session->started.boottime = sqlite3_column_int64(statement, 2);
	(void)snprintf(session->started.boot_id,
	    sizeof(session->started.boot_id), "%s", boot_id);
	if (sqlite3_column_type(statement, 11) != SQLITE_NULL) {
		key = column_text(statement, 11, HASH_HEX_SIZE - 1);
		if (key == NULL)
			return -1;
		(void)snprintf(session->verified_by,
		    sizeof(session->verified_by), "%s", key);
	}
	return session->is_live ? read_facts(statement, &session->facts) : 0;
}

static int
run(struct status *status, struct sqlite3_stmt *statement, int rc,
    struct error *error)
{
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	done_with(statement);
	if (rc == SQLITE_DONE)
		return 0;
	return status_file_failed(status, rc, error);
}

int
status_session_forget(struct status *status, const char *key,
    struct error *error)
{
	static const char sql[] = "DELETE FROM session WHERE key = ?1";
	struct sqlite3_stmt *statement = NULL;
	int rc, ret;

	if (status_file_enter(status, error) == -1)
		return -1;
	rc = sqlite3_prepare_v2(status->db, sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
	ret = run(status, statement, rc, error);
	(void)sqlite3_finalize(statement);
	return ret;
}

int
status_session_load(struct status *status, const char *key,
    struct status_session *session, struct error *error)
{
	static const char sql[] = "SELECT is_live, started_wall, "
	    "started_boottime, boot_id, user_id, roles, amr, anonymous, "
	    "verified, can_reauthenticate, authenticated_at, verified_by "
	    "FROM session WHERE key = ?1";
	int rc, ret = -1, is_sound = 1;

	status_session_init(session);
	if (status_file_enter(status, error) == -1)
		return -1;
	rc = prepare(status, &status->session_load, sql);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(status->session_load, 1, key, -1,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(status->session_load);
	if (rc == SQLITE_ROW)
		is_sound = read_row(status->session_load, session) == 0;
	done_with(status->session_load);
	if (rc == SQLITE_ROW)
		ret = 1;
	else if (rc == SQLITE_DONE)
		ret = 0;
	else
		(void)status_file_failed(status, rc, error);
	if (!is_sound) {
		status_session_clear(session);
		(void)status_session_forget(status, key, NULL);
		ret = 0;
	}
	return ret;
}

static int
join(struct buffer *text, const struct word_list *list, char separator)
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

static int
bind_fact(struct sqlite3_stmt *statement, int index, enum fact fact)
{
	if (fact == FACT_ABSENT)
		return sqlite3_bind_null(statement, index);
	return sqlite3_bind_int(statement, index, fact == FACT_YES);
}

static int
bind_facts(struct sqlite3_stmt *statement, const struct facts *facts,
    const struct buffer *roles, const struct buffer *amr)
{
	int rc;

	rc = sqlite3_bind_text(statement, 6, facts->user_id, -1,
	    SQLITE_STATIC);
	if (rc == SQLITE_OK && facts->has_roles)
		rc = sqlite3_bind_text(statement, 7, roles->data, -1,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK && facts->has_amr)
		rc = sqlite3_bind_text(statement, 8, amr->data, -1,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = bind_fact(statement, 9, facts->is_anonymous);
	if (rc == SQLITE_OK)
		rc = bind_fact(statement, 10, facts->is_verified);
	if (rc == SQLITE_OK)
		rc = bind_fact(statement, 11, facts->can_reauthenticate);
	if (rc == SQLITE_OK && facts->authenticated_at != FACTS_NO_TIME)
		rc = sqlite3_bind_int64(statement, 12,
		    facts->authenticated_at);
	return rc;
}

static int
bind_lookup(struct sqlite3_stmt *statement, const char *key, int is_live,
    const struct moment *started)
{
	int rc;

	rc = sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int(statement, 2, is_live);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 3, started->wall);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 4, started->boottime);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(statement, 5, started->boot_id, -1,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, LATEST,
		    moment_latest(started));
	return rc;
}

int
status_session_store(struct status *status, const char *key,
    const struct status_session *session, struct error *error)
{
	static const char sql[] = "INSERT INTO session (key, is_live, "
	    "started_wall, started_boottime, boot_id, user_id, roles, amr, "
	    "anonymous, verified, can_reauthenticate, authenticated_at, "
	    "verified_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
	    "?11, ?12, ?13) "
	    "ON CONFLICT (key) DO UPDATE SET is_live = excluded.is_live, "
	    "started_wall = excluded.started_wall, "
	    "started_boottime = excluded.started_boottime, "
	    "boot_id = excluded.boot_id, user_id = excluded.user_id, "
	    "roles = excluded.roles, amr = excluded.amr, "
	    "anonymous = excluded.anonymous, verified = excluded.verified, "
	    "can_reauthenticate = excluded.can_reauthenticate, "
	    "authenticated_at = excluded.authenticated_at, "
	    "verified_by = excluded.verified_by "
	    "WHERE (session.boot_id <> excluded.boot_id AND "
	    "session.boot_id <> '-' || substr(excluded.boot_id, 2)) "
	    "OR session.started_boottime <= excluded.started_boottime "
	    "OR session.started_boottime > ?14";
	struct buffer roles, amr;
	int rc, ret = -1;

	buffer_init(&roles, MAX_TEXT);
	buffer_init(&amr, MAX_TEXT);
	if (status_file_enter(status, error) == -1)
		goto done;
	if (join(&roles, &session->facts.roles, ',') == -1 ||
	    join(&amr, &session->facts.amr, ' ') == -1) {
		error_set(error, "roles that cannot be kept");
		goto done;
	}
	rc = prepare(status, &status->session_store, sql);
	if (rc == SQLITE_OK)
		rc = bind_lookup(status->session_store, key, session->is_live,
		    &session->started);
	if (rc == SQLITE_OK && session->is_live)
		rc = bind_facts(status->session_store, &session->facts, &roles,
		    &amr);
	if (rc == SQLITE_OK && session->verified_by[0] != '\0')
		rc = sqlite3_bind_text(status->session_store, 13,
		    session->verified_by, -1, SQLITE_STATIC);
	ret = run(status, status->session_store, rc, error);
done:
	buffer_clear(&roles);
	buffer_clear(&amr);
	return ret;
}

/* One of the two statements, which take the same. */
static int
change(struct status *status, const char *sql, const char *key,
    const struct moment *now, struct error *error)
{
	struct sqlite3_stmt *statement = NULL;
	int rc, ret;

	if (status_file_enter(status, error) == -1)
		return -1;
	rc = sqlite3_prepare_v2(status->db, sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = bind_lookup(statement, key, 0, now);
	ret = run(status, statement, rc, error);
	(void)sqlite3_finalize(statement);
	return ret;
}

int
status_session_end(struct status *status, const char *key,
    const struct moment *now, struct error *error)
{
	static const char sql[] = "UPDATE session SET is_live = ?2, "
	    "started_wall = ?3, started_boottime = ?4, boot_id = ?5, "
	    "user_id = NULL, roles = NULL, amr = NULL, anonymous = NULL, "
	    "verified = NULL, can_reauthenticate = NULL, "
	    "authenticated_at = NULL, verified_by = NULL WHERE key = ?1 "
	    "AND (boot_id <> ?5 OR started_boottime <= ?4 "
	    "OR started_boottime > ?14)";

	return change(status, sql, key, now, error);
}

int
status_session_doubt(struct status *status, const char *key,
    const struct moment *now, struct error *error)
{
	static const char sql[] = "UPDATE session SET "
	    "boot_id = '-' || substr(boot_id, 2), started_boottime = ?4 "
	    "WHERE key = ?1 AND is_live = 1 "
	    "AND boot_id = ?5 AND (started_boottime <= ?4 "
	    "OR started_boottime > ?14)";

	return change(status, sql, key, now, error);
}

static int
number(struct status *status, const char *sql, int64_t *out,
    struct error *error)
{
	struct sqlite3_stmt *statement = NULL;
	int rc, ret = -1;

	rc = sqlite3_prepare_v2(status->db, sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW) {
		*out = sqlite3_column_int64(statement, 0);
		ret = 0;
	} else {
		(void)status_file_failed(status, rc, error);
	}
	(void)sqlite3_finalize(statement);
	return ret;
}

int
status_session_trim(struct status *status, int64_t max, struct error *error)
{
	static const char sql[] = "DELETE FROM session WHERE rowid IN "
	    "(SELECT rowid FROM session ORDER BY started_wall LIMIT ?1)";
	struct sqlite3_stmt *statement = NULL;
	int64_t count = 0, step;
	int rc, ret;

	if (status_file_enter(status, error) == -1 || number(status,
	    "SELECT count(*) FROM session", &count, error) == -1)
		return -1;
	if (count <= max)
		return 0;
	step = count - max < TRIM_STEP ? count - max : TRIM_STEP;
	rc = sqlite3_prepare_v2(status->db, sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 1, step);
	ret = run(status, statement, rc, error);
	(void)sqlite3_finalize(statement);
	return ret == -1 ? -1 : count - step > max;
}
