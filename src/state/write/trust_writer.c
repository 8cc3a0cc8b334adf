#include "state/write/trust_writer.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "ground/buffer.h"
#include "ground/when.h"
#include "state/database_check.h"
#include "state/trust_head.h"
#include "state/write/trust_change.h"
#include "state/write/trust_file.h"
#include "state/write/trust_import.h"
#include "state/write/trust_map.h"
#include "state/write/trust_note.h"
#include "state/write/trust_prune.h"
#include "state/write/trust_restore.h"

struct trust_writer {
	struct trust_file *file;
	struct sqlite3 *db;		/* the file's */
};

static struct trust_writer *
open_writer(const char *directory, const char *endpoint,
    enum database_mode mode, struct error *error)
{
	struct trust_writer *writer = calloc(1, sizeof(*writer));

	if (writer == NULL) {
		error_set(error, "out of memory");
		return NULL;
	}
	writer->file = trust_file_open(directory, endpoint, mode, error);
	if (writer->file == NULL) {
		free(writer);
		return NULL;
	}
	writer->db = writer->file->db;
	return writer;
}

struct trust_writer *
trust_writer_open(const char *directory, const char *endpoint,
    struct error *error)
{
	return open_writer(directory, endpoint, DATABASE_WRITE, error);
}

struct trust_writer *
trust_writer_open_old(const char *directory, const char *endpoint,
    struct error *error)
{
	return open_writer(directory, endpoint, DATABASE_MIGRATE, error);
}

void
trust_writer_free(struct trust_writer *writer)
{
	if (writer == NULL)
		return;
	trust_file_free(writer->file);
	free(writer);
}

const char *
trust_writer_lacks(const struct trust_writer *writer)
{
	const char *const text = writer->file->lacks.text;

	return text[0] == '\0' ? NULL : text;
}

const char *
trust_writer_unkept(const struct trust_writer *writer)
{
	const char *const text = writer->file->unkept.text;

	return text[0] == '\0' ? NULL : text;
}

static enum trust_write
begin(struct trust_writer *writer, int *rc, struct error *error)
{
	return trust_file_begin(writer->file, rc, error);
}

static enum trust_write
finish(struct trust_writer *writer, int rc, struct error *error)
{
	return trust_file_finish(writer->file, rc, error);
}

static void
describe_time(struct buffer *buffer, const char *what, int64_t seconds)
{
	char text[WHEN_SIZE];

	if (seconds == REVOCATION_NO_TIME)
		return;
	when_print(seconds, text);
	(void)buffer_append_format(buffer, " %s %s", what, text);
}

static void
describe(struct buffer *buffer, const struct revocation *revocation,
    const struct trust_note *note)
{
	(void)buffer_append_format(buffer, "%s %s %s",
	    revocation_kind_name(revocation->kind), revocation->value,
	    revocation_rule_name(revocation->rule));
	describe_time(buffer, "from", revocation->from);
	describe_time(buffer, "until", revocation->until);
	if (note->token != NULL)
		(void)buffer_append_format(buffer, " credential %.16s",
		    note->token->hash);
	if (note->reason[0] != '\0')
		(void)buffer_append_format(buffer, ": %s", note->reason);
}

static int
add(struct trust_writer *writer, const struct revocation *revocation,
    const struct trust_note *note, int64_t wall,
    struct trust_added *added)
{
	const char *const action = revocation->rule == REVOCATION_BLOCKED ?
	    "block" : "revoke";
	struct buffer detail;
	int rc;

	rc = trust_change_same(writer->db, revocation, note, &added->id);
	if (rc != SQLITE_OK || added->id != 0)
		return rc;
	added->is_new = 1;
	buffer_init(&detail, 2 * TRUST_WRITER_MAX_VALUE);
	describe(&detail, revocation, note);
	rc = detail.failed ? SQLITE_NOMEM : trust_change_audit(writer->db, note,
	    action, detail.data, wall, &added->id);
	buffer_clear(&detail);
	return rc == SQLITE_OK ? trust_change_add(writer->db, revocation, note,
	    wall, added->id) : rc;
}

enum trust_write
trust_writer_add(struct trust_writer *writer,
    const struct revocation *revocation, const struct trust_note *note,
    const struct moment *now, struct trust_added *added,
    struct error *error)
{
	enum trust_write written;
	int rc;

	memset(added, 0, sizeof(*added));
	if (trust_note_check_revocation(revocation, note, now, error) == -1)
		return TRUST_FAILED;
	if ((written = begin(writer, &rc, error)) != TRUST_WRITTEN)
		return written;
	if (rc == SQLITE_OK)
		rc = add(writer, revocation, note, now->wall, added);
	written = finish(writer, rc, error);
	if (written != TRUST_WRITTEN)
		memset(added, 0, sizeof(*added));
	return written;
}

enum trust_write
trust_writer_lift(struct trust_writer *writer,
    const struct trust_choice *choice, const struct trust_note *note,
    const struct moment *now, int *count_out, struct error *error)
{
	enum trust_write written;
	int64_t id = 1;
	int count = 0, rc;

	*count_out = 0;
	if (trust_note_check(note, error) == -1)
		return TRUST_FAILED;
	if ((written = begin(writer, &rc, error)) != TRUST_WRITTEN)
		return written;
	while (rc == SQLITE_OK && id != 0) {
		rc = trust_change_lift(writer->db, choice, note, now->wall,
		    &id);
		count += rc == SQLITE_OK && id != 0;
	}
	written = finish(writer, rc, error);
	if (written == TRUST_WRITTEN)
		*count_out = count;
	return written;
}

enum trust_write
trust_writer_map(struct trust_writer *writer, const char *user_id,
    const char *account, const struct trust_note *note,
    const struct moment *now, struct error *error)
{
	enum trust_write written;
	int rc;

	if (trust_note_check_account(user_id, account, note, error) == -1)
		return TRUST_FAILED;
	if ((written = begin(writer, &rc, error)) != TRUST_WRITTEN)
		return written;
	if (rc == SQLITE_OK)
		rc = trust_change_map(writer->db, user_id, account, note,
		    now->wall);
	if ((rc & 0xff) != SQLITE_CONSTRAINT)
		return finish(writer, rc, error);
	error_set(error, "another user has the account %s: look at "
	    "'authgear-cache list map'", account);
	(void)finish(writer, rc, NULL);
	return TRUST_FAILED;
}

int
trust_writer_mappable(const struct trust_pair *pair, struct error *error)
{
	static const struct trust_note note = { .actor = "", .reason = "",
	    .source = "" };

	return trust_note_check_account(pair->user_id, pair->account, &note,
	    error);
}

enum trust_write
trust_writer_map_all(struct trust_writer *writer,
    struct trust_mapping *mapping, const struct trust_note *note,
    const struct moment *now, struct error *error)
{
	enum trust_write written;
	size_t i;
	int rc;

	mapping->set = 0;
	if (trust_note_check(note, error) == -1)
		return TRUST_FAILED;
	for (i = 0; i < mapping->count; i++)
		if (trust_writer_mappable(&mapping->pairs[i], error) == -1)
			return TRUST_FAILED;
	if ((written = begin(writer, &rc, error)) != TRUST_WRITTEN)
		return written;
	if (rc == SQLITE_OK)
		rc = trust_map_set(writer->db, mapping, note, now->wall,
		    error);
	written = finish(writer, rc, error);
	if (written != TRUST_WRITTEN)
		mapping->set = 0;
	return written;
}

enum trust_write
trust_writer_unmap(struct trust_writer *writer, const char *user_id,
    const struct trust_note *note, const struct moment *now, int *count_out,
    struct error *error)
{
	enum trust_write written;
	int rc;

	*count_out = 0;
	if (trust_note_check_account(user_id, "-", note, error) == -1)
		return TRUST_FAILED;
	if ((written = begin(writer, &rc, error)) != TRUST_WRITTEN)
		return written;
	if (rc == SQLITE_OK)
		rc = trust_change_unmap(writer->db, user_id, note, now->wall,
		    count_out);
	written = finish(writer, rc, error);
	if (written != TRUST_WRITTEN)
		*count_out = 0;
	return written;
}

enum trust_write
trust_writer_accept(struct trust_writer *writer,
    const struct trust_note *note, const struct moment *now,
    int64_t *number_out, struct error *error)
{
	struct error why = { "" };
	enum trust_write written;
	int rc;

	*number_out = 0;
	if (trust_note_check(note, error) == -1)
		return TRUST_FAILED;
	if (database_check_whole(writer->db, writer->file->path, NULL, NULL,
	    &why) != DATABASE_OPENED) {
		error_set(error, "%s; put a sound copy in its place, without "
		    "a -wal, and run this again", error_text(&why));
		return TRUST_FAILED;
	}
	if ((written = begin(writer, &rc, error)) != TRUST_WRITTEN)
		return written;
	if (rc == SQLITE_OK)
		rc = trust_change_accept(writer->db, note, now->wall,
		    number_out);
	return finish(writer, rc, error);
}

enum trust_write
trust_writer_keys_due(struct trust_writer *writer,
    const struct trust_note *note, const struct moment *now,
    int64_t *number_out, struct error *error)
{
	enum trust_write written;
	int rc;

	*number_out = 0;
	if (trust_note_check(note, error) == -1)
		return TRUST_FAILED;
	if ((written = begin(writer, &rc, error)) != TRUST_WRITTEN)
		return written;
	if (rc == SQLITE_OK)
		rc = trust_change_keys_due(writer->db, note, now->wall,
		    number_out);
	return finish(writer, rc, error);
}

enum trust_write
trust_writer_restore(struct trust_writer *writer,
    const struct trust_restore_wish *wish, const struct trust_note *note,
    const struct moment *now, struct trust_restored *restored,
    struct error *error)
{
	enum trust_write written;
	int rc;

	memset(restored, 0, sizeof(*restored));
	if (trust_note_check(note, error) == -1)
		return TRUST_FAILED;
	if ((written = begin(writer, &rc, error)) != TRUST_WRITTEN)
		return written;
	if (rc == SQLITE_OK)
		rc = trust_restore(writer->db, wish, note, now->wall,
		    restored);
	if (rc == SQLITE_MISMATCH)
		error_set(error, "a row of the backup makes no sense");
	written = finish(writer, rc, error);
	if (written != TRUST_WRITTEN)
		memset(restored, 0, sizeof(*restored));
	return written;
}

enum trust_write
trust_writer_import(struct trust_writer *writer,
    const struct trust_source *source, const struct trust_note *note,
    const struct moment *now, struct trust_restored *restored,
    struct error *error)
{
	enum trust_write written;
	int rc;

	memset(restored, 0, sizeof(*restored));
	if (trust_note_check(note, error) == -1)
		return TRUST_FAILED;
	if ((written = begin(writer, &rc, error)) != TRUST_WRITTEN)
		return written;
	if (rc == SQLITE_OK)
		rc = trust_import(writer->db, source, note, now->wall,
		    restored, error);
	written = finish(writer, rc, error);
	if (written != TRUST_WRITTEN)
		memset(restored, 0, sizeof(*restored));
	return written;
}

enum trust_write
trust_writer_prune(struct trust_writer *writer,
    const struct trust_prune_wish *wish, const struct trust_note *note,
    const struct moment *now, struct trust_pruned *pruned,
    struct error *error)
{
	enum trust_write written;
	int rc;

	memset(pruned, 0, sizeof(*pruned));
	if (trust_note_check(note, error) == -1)
		return TRUST_FAILED;
	if ((written = begin(writer, &rc, error)) != TRUST_WRITTEN)
		return written;
	if (rc == SQLITE_OK)
		rc = trust_prune(writer->db, wish, note, now->wall, pruned);
	written = finish(writer, rc, error);
	if (written != TRUST_WRITTEN)
		memset(pruned, 0, sizeof(*pruned));
	return written;
}

int
trust_writer_prunable(struct trust_writer *writer,
    const struct trust_prune_wish *wish, struct trust_pruned *pruned,
    struct error *error)
{
	int rc;

	memset(pruned, 0, sizeof(*pruned));
	rc = trust_prune_count(writer->db, wish, pruned);
	return rc == SQLITE_OK ? 0 : trust_head_failed(writer->db, rc,
	    writer->file->path, error);
}
