#include "state/database_view.h"

#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state/database_check.h"
#include "state/database_connection.h"
#include "state/database_error.h"
#include "state/database_log.h"
#include "state/database_sign.h"
#include "state/database_vfs.h"
#include "state/sql.h"

#define HEAD_SIZE 104		/* of a database file: its header, counters in
				   it, and of page 1 the beginning */
#define WAL_HEAD_SIZE 32	/* with the salts of this log */
#define FRAME_HEAD_SIZE 24
#define MEGABYTE (1024 * 1024)
#define LONG_LOG (4 * MEGABYTE)
#define OPEN_AGAIN 3		/* times, after a failure */
#define REPLACED_MAX 100	/* times that opening begins anew */
#define COMMIT_AT 4		/* in a frame's: not 0 if it ends a commit */
#define PAGE_SIZE_AT 8		/* 4 bytes of the log's head */
#define SALTS 8			/* bytes: in the log's head at 16, in a
				   frame's at 8 */

struct sign {
	struct database_sign file;
	struct database_sign wal;
	unsigned char head[HEAD_SIZE];
	unsigned char wal_head[WAL_HEAD_SIZE];
	unsigned char tail[FRAME_HEAD_SIZE]; /* where the next frame goes */
};

struct database_view {
	char *path;
	char *wal_path;
	struct sqlite3 *db;
	struct database_vfs *vfs;
	struct sqlite3_stmt *prime;
	struct sqlite3_file *file;
	int64_t end_at;		/* of the last commit, in the -wal */
	int frame_len;		/* 0: neither is known */
	int64_t tail_at;	/* the same, or 0: what stands there is not to
				   be relied on */
	int is_ahead;		/* the index has a log that began after the
				   sign was taken: that tells nothing of it */
	struct sign sign;	/* of the last take */
	struct database_log log; /* the same */
};

static void
sign_head(struct database_view *view, struct sign *sign)
{
	database_sign_path(view->path, &sign->file);
	(void)view->file->pMethods->xRead(view->file, sign->head, HEAD_SIZE,
	    0);
}

static void
sign_log(struct database_view *view, struct sign *sign)
{
	if (sign->wal.size == 0)
		return;
	/* its end first: if it was truncated meanwhile there is nothing behind
	   the last commit, as before, but then its head tells */
	if (view->tail_at > 0)
		database_vfs_read_wal(view->vfs, sign->tail, FRAME_HEAD_SIZE,
		    view->tail_at);
	database_vfs_read_wal(view->vfs, sign->wal_head, WAL_HEAD_SIZE, 0);
}

static int
is_same_log(const struct sign *a, const struct sign *b)
{
	return memcmp(a->wal_head, b->wal_head, sizeof(a->wal_head)) == 0 &&
	    memcmp(a->tail, b->tail, sizeof(a->tail)) == 0;
}

/*
 * What is behind the last commit.  Where a frame of this very log stands
 * there, its writer was killed or is at work: what comes in its place may
 * begin with the same bytes, so that nothing can be told by them.
 */
static void
sign_tail(struct database_view *view)
{
	struct sign *sign = &view->sign;

	view->tail_at = view->end_at;
	memset(sign->tail, 0, sizeof(sign->tail));
	if (view->tail_at == 0)
		return;
	database_vfs_read_wal(view->vfs, sign->tail, FRAME_HEAD_SIZE,
	    view->tail_at);
	if (memcmp(sign->tail + 8, sign->wal_head + 16, SALTS) != 0)
		return;
	view->tail_at = 0;
	memset(sign->tail, 0, sizeof(sign->tail));
}

/* Where the next commit begins; the index of an empty log tells no size of
 * pages, its head does. */
static void
find_end(struct database_view *view)
{
	const int64_t last_frame = database_vfs_last_frame(view->vfs);
	const unsigned char *size = view->sign.wal_head + PAGE_SIZE_AT;
	const uint32_t page_size = (uint32_t)size[0] << 24 |
	    (uint32_t)size[1] << 16 | (uint32_t)size[2] << 8 | size[3];

	if (last_frame < 0 || page_size == 0 || page_size > 65536)
		return;
	view->frame_len = FRAME_HEAD_SIZE + (int)page_size;
	view->end_at = WAL_HEAD_SIZE + last_frame * view->frame_len;
}

/* The index anew, if it is forgotten, as of the last commit. */
static void
recover(struct database_view *view)
{
	view->end_at = 0;
	(void)sqlite3_step(view->prime);
	(void)sqlite3_reset(view->prime);
	view->is_ahead = 0;
	if (view->sign.wal.size > 0)
		find_end(view);
	sign_tail(view);
	database_log_read(database_vfs_wal(view->vfs),
	    view->sign.wal.size > 0 ? database_vfs_last_frame(view->vfs) : 0,
	    &view->log);
}

/*
 * A log that grew since: is there a commit in what came?  A writer may be in
 * the middle of a change so large that to recover all of it would take longer
 * than a request can wait.
 */
static int
has_new_commit(struct database_view *view, const struct sign *sign)
{
	static const unsigned char none[4];
	unsigned char frame[FRAME_HEAD_SIZE];
	int64_t at;

	for (at = view->end_at; at + FRAME_HEAD_SIZE <= sign->wal.size;
	    at += view->frame_len) {
		database_vfs_read_wal(view->vfs, frame, FRAME_HEAD_SIZE, at);
		if (memcmp(frame + 8, sign->wal_head + 16, SALTS) != 0)
			return 0;
		if (memcmp(frame + COMMIT_AT, none, sizeof(none)) != 0)
			return 1;
	}
	return 0;
}

/* What differs is of no account: a checkpoint of what is in the log (to read
 * that anew takes long), or a log that has no more commits. */
static int
is_as_it_was(struct database_view *view, const struct sign *sign)
{
	const struct sign *was = &view->sign;

	if (view->end_at == 0 || memcmp(sign->wal_head, was->wal_head,
	    sizeof(sign->wal_head)) != 0)
		return 0;
	if (view->tail_at > LONG_LOG && is_same_log(sign, was) &&
	    memcmp(&sign->wal, &was->wal, sizeof(sign->wal)) == 0)
		return database_log_fits(&view->log, sign->head);
	return memcmp(&sign->file, &was->file, sizeof(sign->file)) == 0 &&
	    memcmp(sign->head, was->head, sizeof(sign->head)) == 0 &&
	    sign->wal.size > was->wal.size && !has_new_commit(view, sign);
}

enum database_view_state
database_view_take(struct database_view *view)
{
	struct sign sign;

	memset(&sign, 0, sizeof(sign));
	database_sign_path(view->wal_path, &sign.wal);
	sign_head(view, &sign);
	sign_log(view, &sign);
	if (!view->is_ahead &&
	    memcmp(&sign, &view->sign, sizeof(sign)) == 0)
		return DATABASE_VIEW_SAME;
	if (!database_sign_is_one(&sign.file, &view->sign.file) ||
	    !database_sign_is_one(&sign.wal, &view->sign.wal))
		return DATABASE_VIEW_MOVED;
	if (is_as_it_was(view, &sign)) {
		view->sign = sign;
		sign_tail(view);
		return DATABASE_VIEW_SAME;
	}
	view->sign = sign;
	database_vfs_forget(view->vfs);
	recover(view);
	return DATABASE_VIEW_CHANGED;
}

/*
 * Where the log ends with the commit that is read, a checkpoint overwrites
 * nothing that is read from the file.  Else page 1, which a checkpoint writes
 * first, tells that one has come this far.
 */
int
database_view_holds(struct database_view *view)
{
	struct sign sign = view->sign;

	/* also where the log was in the middle of a change when it was to be
	   recovered, so that it was done by the reading itself */
	if (view->sign.wal.size == 0 &&
	    database_vfs_last_frame(view->vfs) > 0)
		view->is_ahead = 1;
	if (view->is_ahead)
		return 0;
	memset(sign.wal_head, 0, sizeof(sign.wal_head));
	memset(sign.tail, 0, sizeof(sign.tail));
	sign_log(view, &sign);
	if (!is_same_log(&sign, &view->sign))
		return 0;
	if (view->tail_at > 0)
		return 1;
	memset(&sign.file, 0, sizeof(sign.file));
	sign_head(view, &sign);
	return memcmp(&sign, &view->sign, sizeof(sign)) == 0;
}

int
database_view_fits(const struct database_view *view)
{
	return database_log_fits(&view->log, view->sign.head);
}

int
database_view_cost(const struct database_view *view)
{
	return 1 + (int)(view->sign.wal.size / MEGABYTE);
}

struct sqlite3 *
database_view_db(struct database_view *view)
{
	return view->db;
}

struct database_identity
database_view_identity(const struct database_view *view)
{
	const struct database_identity identity = { view->sign.file.device,
	    view->sign.file.inode };

	return identity;
}

/* Through the first reading, which opens the -wal by name.  ABSENT, without
 * error: the file was replaced meanwhile. */
static enum database_outcome
begin(struct database_view *view, const struct database_schema *schema,
    struct error *error)
{
	struct database_sign wal;
	int64_t application = 0;
	int rc;

	memset(&wal, 0, sizeof(wal));
	database_sign_path(view->wal_path, &wal);
	rc = database_vfs_open(view->path, &view->db, &view->vfs);
	if (rc == SQLITE_OK)
		rc = database_connection_configure(view->db, DATABASE_READ,
		    schema);
	if (rc == SQLITE_OK)
		rc = sql_ask(view->db, "PRAGMA application_id", NULL, 0,
		    &application);
	if (rc == SQLITE_OK && application != schema->application_id)
		rc = SQLITE_NOTADB;
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v3(view->db, "PRAGMA schema_version", -1,
		    SQLITE_PREPARE_PERSISTENT, &view->prime, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_file_control(view->db, "main",
		    SQLITE_FCNTL_FILE_POINTER, &view->file);
	if (rc != SQLITE_OK)
		return database_error_tell(view->db, rc, view->path, error);
	database_connection_settle(view->db);
	database_sign_path(view->path, &view->sign.file);
	view->sign.wal = wal;
	if (database_connection_in_place(view->db))
		return DATABASE_OPENED;
	return DATABASE_ABSENT;
}

static enum database_outcome
open_once(const char *path, const struct database_schema *schema,
    struct database_view **view_out, struct error *error)
{
	struct database_view *view;
	enum database_outcome outcome;

	outcome = database_look(path, DATABASE_READ, schema, error);
	if (outcome != DATABASE_OPENED)
		return outcome;
	view = calloc(1, sizeof(*view));
	if (view == NULL || (view->path = strdup(path)) == NULL ||
	    asprintf(&view->wal_path, "%s-wal", path) == -1) {
		if (view != NULL)
			view->wal_path = NULL;
		database_view_close(view);
		error_set(error, "%s: out of memory", path);
		return DATABASE_NO_MEMORY;
	}
	outcome = begin(view, schema, error);
	if (outcome == DATABASE_OPENED)
		*view_out = view;
	else
		database_view_close(view);
	return outcome;
}

enum database_outcome
database_view_open(const char *path, const struct database_schema *schema,
    struct database_view **view_out, struct error *error)
{
	enum database_outcome outcome = DATABASE_ABSENT;
	struct error refusal = { "" };
	int i;

	*view_out = NULL;
	for (i = 0; i < REPLACED_MAX && outcome == DATABASE_ABSENT &&
	    refusal.text[0] == '\0'; i++)
		outcome = open_once(path, schema, view_out, &refusal);
	/* a log that is made at this very moment is there now */
	for (i = 0; i < OPEN_AGAIN && outcome == DATABASE_FAILED; i++) {
		error_clear(&refusal);
		outcome = open_once(path, schema, view_out, &refusal);
	}
	if (outcome == DATABASE_ABSENT)
		error_set(&refusal, "%s is replaced without a pause", path);
	if (outcome != DATABASE_OPENED)
		error_set(error, "%s", error_text(&refusal));
	return outcome;
}

void
database_view_close(struct database_view *view)
{
	if (view == NULL)
		return;
	(void)sqlite3_finalize(view->prime);
	database_close(view->db);
	database_vfs_free(view->vfs);
	free(view->path);
	free(view->wal_path);
	free(view);
}
