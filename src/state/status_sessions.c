/* What waits to be written over what lies in the file. */
#include "config.h"

#include "state/status_sessions.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "ground/buffer.h"
#include "state/status_change.h"
#include "state/status_file.h"
#include "state/status_pending.h"
#include "state/status_row.h"
#include "state/status_write.h"

int64_t
status_sessions_void_at(const struct status *status, const char *key)
{
	return status_pending_void_at(status->pending, key);
}

/* The row of the file; 1, 0, or -1 and error. */
static int
load_file(struct status *status, const char *key,
    struct status_session *session, struct error *error)
{
	enum status_row found;
	int rc;

	if (status_file_enter(status, error) == -1)
		return -1;
	rc = status_row_load(status, key, session, &found);
	if (rc != SQLITE_OK)
		return status_file_failed(status, rc, error);
	return found == STATUS_ROW_FOUND;
}

/* The row after the change; 1, 0, or -1 and error. */
static int
apply(const struct status_change *change, int found,
    struct status_session *session, struct error *error)
{
	switch (status_change_apply(change, found, session)) {
	case 1:
		return 1;
	case -1:
		error_set(error, "out of memory");
		return -1;
	default:
		return found;
	}
}

/* What waits is all that is known, if it is no older than an end that was
 * written; 1 or -1. */
static int
do_without_file(const struct status *status,
    const struct status_change *change, struct status_session *session)
{
	if (change->row.started.boottime <= status_pending_told_at(
	    status->pending, change->key) ||
	    apply(change, 0, session, NULL) != 1)
		return -1;
	session->is_alone = 1;
	return 1;
}

int
status_sessions_load(struct status *status, const char *key,
    struct status_session *session, struct error *error)
{
	struct status_change change;
	int waits, found;

	status_session_init(session);
	/* in this order: what is written in between is then seen twice */
	waits = status_pending_find(status->pending, key, &change);
	if (waits == -1) {
		error_set(error, "out of memory");
		return -1;
	}
	found = load_file(status, key, session, error);
	if (!waits)
		return found;
	if (found == -1)
		found = do_without_file(status, &change, session);
	else
		found = apply(&change, found, session, error);
	status_change_clear(&change);
	return found;
}

/* SHA-256(endpoint, NUL, kind name, NUL, text). */
static int
key_before(const char *endpoint, const struct credential *credential,
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

int
status_sessions_load_before(struct status *status,
    const struct credential *credential, struct status_session *session,
    struct error *error)
{
	char key[HASH_HEX_SIZE];
	enum status_row found;
	int rc;

	status_session_init(session);
	if (status_file_enter(status, error) == -1)
		return -1;
	if (!status->has_before)
		return 0;
	if (key_before(status->endpoint, credential, key) == -1) {
		error_set(error, "out of memory");
		return -1;
	}
	rc = status_row_load_before(status, key, session, &found);
	if (rc != SQLITE_OK)
		return status_file_failed(status, rc, error);
	return found == STATUS_ROW_FOUND;
}

static void
begin_change(struct status_change *change, enum status_change_what what,
    const char *key, const struct moment *now)
{
	memset(change, 0, sizeof(*change));
	change->what = what;
	status_session_init(&change->row);
	(void)snprintf(change->key, sizeof(change->key), "%s", key);
	change->asked = now->boottime;
	change->row.started = *now;
}

static void
put(struct status *status, const struct status_change *change,
    const struct moment *now)
{
	status_pending_put(status->pending, change);
	status_write_now(status, now);
}

static int
can_be_kept(const struct facts *facts)
{
	struct buffer text;
	int ret;

	buffer_init(&text, STATUS_SESSION_MAX_TEXT);
	ret = status_row_join(&text, &facts->roles, ',') == 0;
	buffer_reset(&text);
	ret = ret && status_row_join(&text, &facts->amr, ' ') == 0;
	buffer_clear(&text);
	return ret;
}

void
status_sessions_store(struct status *status, const char *key,
    const struct status_session *session, const struct moment *now)
{
	struct status_change change;

	begin_change(&change, STATUS_CHANGE_PUT, key, now);
	change.row = *session;	/* borrowed */
	change.row.is_before = change.row.is_alone = 0;
	change.row.doubted_at = 0;
	if (!can_be_kept(&session->facts)) {
		/* nor may the row of before serve */
		begin_change(&change, STATUS_CHANGE_PUT, key,
		    &session->started);
		change.row.doubted_at = session->started.boottime;
		change.asked = now->boottime;
	}
	put(status, &change, now);
}

static void
end(struct status *status, const char *key,
    const struct status_session *known, int64_t doubted_at,
    const struct moment *at)
{
	struct status_change change;

	begin_change(&change, STATUS_CHANGE_END, key, at);
	change.row.doubted_at = doubted_at;
	/* it cannot be changed where it lies: a row of today hides it */
	if (known != NULL && known->is_before)
		change.what = STATUS_CHANGE_PUT;
	put(status, &change, at);
}

void
status_sessions_end(struct status *status, const char *key,
    const struct status_session *known, const struct moment *at)
{
	end(status, key, known, 0, at);
}

void
status_sessions_rule_out(struct status *status, const char *key,
    const struct moment *at)
{
	struct status_change change;

	begin_change(&change, STATUS_CHANGE_PUT, key, at);
	put(status, &change, at);
}

void
status_sessions_drop(struct status *status, const char *key,
    const struct status_session *known, const struct moment *at)
{
	end(status, key, known, at->boottime, at);
}

void
status_sessions_doubt(struct status *status, const char *key,
    const struct status_session *known, const struct moment *at)
{
	struct status_change change;

	begin_change(&change, STATUS_CHANGE_DOUBT, key, at);
	if (known != NULL && known->is_before) {
		change.what = STATUS_CHANGE_PUT;
		if (moment_age(&known->started, at) != -1)
			change.row = *known;	/* borrowed */
		change.row.is_before = change.row.is_alone = 0;
		change.row.doubted_at = at->boottime;
	}
	put(status, &change, at);
}
