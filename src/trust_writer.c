#include "trust_writer.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "database.h"
#include "json.h"
#include "trust.h"
#include "trust_holder.h"
#include "trust_place.h"
#include "trust_row.h"

struct trust_writer {
	char *path;
	struct sqlite3 *db;
};

struct trust_writer *
trust_writer_open(const char *directory, const char *endpoint,
    struct error *error)
{
	struct trust_writer *writer = NULL;
	struct trust *trust;

	/* what the daemon would refuse is not written to */
	trust = trust_open(directory, endpoint, error);
	if (trust == NULL)
		return NULL;
	trust_free(trust);
	writer = calloc(1, sizeof(*writer));
	if (writer != NULL)
		writer->path = malloc(strlen(directory) +
		    sizeof("/trust.db"));
	if (writer == NULL || writer->path == NULL) {
		error_set(error, "out of memory");
		goto failed;
	}
	(void)sprintf(writer->path, "%s/trust.db", directory);
	if (database_open(writer->path, DATABASE_WRITE, trust_place_schema(),
	    &writer->db, error) != DATABASE_OPENED)
		goto failed;
	(void)sqlite3_busy_timeout(writer->db, TRUST_WRITER_BUSY_MS);
	return writer;
failed:
	trust_writer_free(writer);
	return NULL;
}

void
trust_writer_free(struct trust_writer *writer)
{
	if (writer == NULL)
		return;
	database_close(writer->db);
	free(writer->path);
	free(writer);
}

static enum trust_write
failed(const struct trust_writer *writer, int rc, struct error *error)
{
	char holder[96];

	if ((rc & 0xff) != SQLITE_BUSY) {
		(void)database_failed(writer->db, rc, writer->path, error);
		return TRUST_FAILED;
	}
	if (trust_holder(writer->path, holder, sizeof(holder)) == 0)
		error_set(error, "%s is held by %s", writer->path, holder);
	else
		error_set(error, "%s is held by another process: find it "
		    "with 'fuser -v %s-shm'", writer->path, writer->path);
	return TRUST_HELD;
}

static int
begin(struct trust_writer *writer)
{
	return sqlite3_exec(writer->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
}

/* COMMIT, or ROLLBACK if `rc` says so. */
static int
finish(struct trust_writer *writer, int rc)
{
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(writer->db, "COMMIT", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		(void)sqlite3_exec(writer->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

/* No control characters (C1 too), UTF-8, not too long. */
static int
check_text(const char *what, const char *text, size_t limit,
    struct error *error)
{
	const unsigned char *p = (const unsigned char *)text;
	char *quoted;

	if (strlen(text) > limit) {
		error_set(error, "the %s is longer than %zu bytes", what,
		    limit);
		return -1;
	}
	for (; *p != '\0'; p++) {
		if (*p >= ' ' && *p != 0x7f && (*p != 0xc2 || p[1] >= 0xa0))
			continue;
		error_set(error, "the %s has a control character in it",
		    what);
		return -1;
	}
	quoted = json_quote(text);
	if (quoted == NULL)
		error_set(error, "the %s is not UTF-8", what);
	free(quoted);
	return quoted == NULL ? -1 : 0;
}

static int
check_revocation(const struct revocation *revocation,
    const struct trust_note *note, const struct moment *now,
    struct error *error)
{
	if (check_text("value", revocation->value, TRUST_WRITER_MAX_VALUE,
	    error) == -1 || check_text("reason", note->reason,
	    TRUST_WRITER_MAX_REASON, error) == -1)
		return -1;
	if (revocation->rule == REVOCATION_SIGNED_OUT &&
	    revocation->from > now->wall) {
		error_set(error, "the time is in the future: nobody can be "
		    "signed out ahead, block the user or client instead");
		return -1;
	}
	if (revocation->rule == REVOCATION_BLOCKED &&
	    revocation->until != REVOCATION_NO_TIME &&
	    revocation->until <= now->wall) {
		error_set(error, "the block would be over already");
		return -1;
	}
	if (revocation_check(revocation) == -1) {
		error_set(error, "there is no such revocation: a value is "
		    "missing, or the block ends before it begins");
		return -1;
	}
	return 0;
}

static void
describe(struct buffer *buffer, const struct revocation *revocation,
    const char *reason)
{
	(void)buffer_append_format(buffer, "%s %s %s",
	    revocation_kind_name(revocation->kind), revocation->value,
	    revocation_rule_name(revocation->rule));
	if (revocation->from != REVOCATION_NO_TIME)
		(void)buffer_append_format(buffer, " from %lld",
		    (long long)revocation->from);
	if (revocation->until != REVOCATION_NO_TIME)
		(void)buffer_append_format(buffer, " until %lld",
		    (long long)revocation->until);
	if (reason[0] != '\0')
		(void)buffer_append_format(buffer, ": %s", reason);
}

enum trust_write
trust_writer_add(struct trust_writer *writer,
    const struct revocation *revocation, const struct trust_note *note,
    const struct moment *now, int64_t *id_out, int *added_out,
    struct error *error)
{
	enum trust_write ret = TRUST_FAILED;
	struct buffer detail;
	int64_t id = 0;
	int rc;

	*id_out = 0;
	*added_out = 0;
	buffer_init(&detail, 2 * TRUST_WRITER_MAX_VALUE);
	if (check_revocation(revocation, note, now, error) == -1)
		goto done;
	describe(&detail, revocation, note->reason);
	if (detail.failed) {
		error_set(error, "out of memory");
		goto done;
	}
	rc = begin(writer);
	if (rc == SQLITE_OK) {
		rc = trust_row_same(writer->db, revocation, &id);
		*added_out = rc == SQLITE_OK && id == 0;
		if (*added_out) {
			rc = trust_row_audit(writer->db, note, revocation->rule ==
			    REVOCATION_BLOCKED ? "block" : "revoke",
			    detail.data, now->wall);
			id = sqlite3_last_insert_rowid(writer->db);
		}
		if (rc == SQLITE_OK && *added_out)
			rc = trust_row_add(writer->db, revocation, note, now->wall,
			    id);
		rc = finish(writer, rc);
	}
	if (rc == SQLITE_OK) {
		*id_out = id;
		ret = TRUST_WRITTEN;
		goto done;
	}
	*added_out = 0;
	ret = failed(writer, rc, error);
done:
	buffer_clear(&detail);
	return ret;
}

enum trust_write
trust_writer_lift(struct trust_writer *writer,
    const struct trust_choice *choice, const struct trust_note *note,
    const struct moment *now, int *count_out, struct error *error)
{
	struct buffer detail;
	int64_t id = 1;
	int count = 0, rc;

	*count_out = 0;
	if (check_text("reason", note->reason, TRUST_WRITER_MAX_REASON,
	    error) == -1)
		return TRUST_FAILED;
	buffer_init(&detail, 2 * TRUST_WRITER_MAX_VALUE);
	rc = begin(writer);
	if (rc == SQLITE_OK) {
		while (rc == SQLITE_OK && id != 0) {
			rc = trust_row_choice(writer->db, choice, &id, &detail);
			if (rc != SQLITE_OK || id == 0)
				break;
			if (note->reason[0] != '\0')
				(void)buffer_append_format(&detail, ": %s",
				    note->reason);
			rc = detail.failed ? SQLITE_NOMEM : trust_row_lift(
			    writer->db, id, note, detail.data, now->wall);
			count++;
		}
		rc = finish(writer, rc);
	}
	buffer_clear(&detail);
	if (rc != SQLITE_OK)
		return failed(writer, rc, error);
	*count_out = count;
	return TRUST_WRITTEN;
}

static int
check_account(const char *user_id, const char *account,
    const struct trust_note *note, struct error *error)
{
	size_t len = strlen(account);

	if (check_text("user", user_id, TRUST_WRITER_MAX_VALUE, error) == -1 ||
	    check_text("account", account, TRUST_WRITER_MAX_ACCOUNT,
	    error) == -1 || check_text("reason", note->reason,
	    TRUST_WRITER_MAX_REASON, error) == -1)
		return -1;
	if (user_id[0] != '\0' && len > 0 && account[0] != ' ' &&
	    account[len - 1] != ' ')
		return 0;
	error_set(error, "user and account must not be empty, and the account "
	    "has no blanks at its ends");
	return -1;
}

enum trust_write
trust_writer_map(struct trust_writer *writer, const char *user_id,
    const char *account, const struct trust_note *note,
    const struct moment *now, struct error *error)
{
	int rc;

	if (check_account(user_id, account, note, error) == -1)
		return TRUST_FAILED;
	rc = begin(writer);
	if (rc == SQLITE_OK)
		rc = finish(writer, trust_row_map(writer->db, user_id, account,
		    note, now->wall));
	if (rc == SQLITE_OK)
		return TRUST_WRITTEN;
	if ((rc & 0xff) == SQLITE_CONSTRAINT) {
		error_set(error, "another user has the account %s: look at "
		    "'authgear-cache list map'", account);
		return TRUST_FAILED;
	}
	return failed(writer, rc, error);
}

enum trust_write
trust_writer_unmap(struct trust_writer *writer, const char *user_id,
    const struct trust_note *note, const struct moment *now, int *count_out,
    struct error *error)
{
	int rc;

	*count_out = 0;
	if (check_account(user_id, "-", note, error) == -1)
		return TRUST_FAILED;
	rc = begin(writer);
	if (rc == SQLITE_OK)
		rc = finish(writer, trust_row_unmap(writer->db, user_id, note,
		    now->wall, count_out));
	if (rc == SQLITE_OK)
		return TRUST_WRITTEN;
	*count_out = 0;
	return failed(writer, rc, error);
}
