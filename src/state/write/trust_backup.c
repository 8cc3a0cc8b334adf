#include "state/write/trust_backup.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "state/database_check.h"
#include "state/database_connection.h"
#include "state/trust_head.h"
#include "state/trust_row.h"
#include "state/trust_schema.h"
#include "state/write/trust_list.h"
#include "state/write/trust_merge.h"
#include "state/write/trust_shape.h"

/* Bytes of the header that say how a file is written and read: 1 is without a
 * -wal, which a copy in memory has none of (File Format, 1.3). */
#define WRITE_VERSION 18
#define READ_VERSION 19
#define HEADER_SIZE 100

#define FILE_MAX INT64_C(4294967296)	/* bytes */

struct trust_backup {
	struct sqlite3 *db;
	struct sqlite3_stmt *has_statement, *has_account_statement;
	unsigned char *bytes;		/* SQLite's, under the database */
	size_t len;
	unsigned char header[HEADER_SIZE]; /* as it was */
	char *name;
	struct trust_head head;
};

static const char has_sql[] =
    "SELECT 1 FROM revocation WHERE " TRUST_MERGE_SAME;
static const char has_account_sql[] = "SELECT 1 FROM account"
    " WHERE user_id = ?1 AND account = ?2 AND reason = ?3 AND actor = ?4"
    " AND time = ?5";

/* The bytes are its from now on. */
static int
load(struct trust_backup *backup, unsigned char *bytes, size_t len)
{
	int rc;

	if (len < HEADER_SIZE) {
		sqlite3_free(bytes);
		return SQLITE_NOTADB;
	}
	backup->bytes = bytes;
	backup->len = len;
	memcpy(backup->header, bytes, HEADER_SIZE);
	bytes[WRITE_VERSION] = bytes[READ_VERSION] = 1;
	rc = sqlite3_open_v2(":memory:", &backup->db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_deserialize(backup->db, "main", bytes,
		    (sqlite3_int64)len, (sqlite3_int64)len,
		    SQLITE_DESERIALIZE_READONLY);
	return rc == SQLITE_OK ? database_connection_configure(backup->db,
	    DATABASE_READ, trust_schema()) : rc;
}

/* A copy is no file: what is said of one says to put a copy in its place. */
static int
failed(struct trust_backup *backup, int rc, struct error *error)
{
	error_set(error, "%s: %s", backup->name, (rc & 0xff) ==
	    SQLITE_NOTADB || (rc & 0xff) == SQLITE_CORRUPT ?
	    "it is damaged or no backup of ours" : sqlite3_errstr(rc));
	return -1;
}

static int
check(struct trust_backup *backup, const char *endpoint, struct error *error)
{
	struct error refusal = { "" };
	int rc;

	if (database_check_head(backup->db, backup->name, DATABASE_READ,
	    trust_schema(), &refusal) == DATABASE_OPENED &&
	    trust_shape_check(backup->db, backup->name, &refusal) == 0) {
		rc = trust_head_read(backup->db, backup->name, endpoint,
		    &backup->head, &refusal);
		if (rc != SQLITE_OK)
			return failed(backup, rc, error);
	}
	/* what is said of a file of ours says to remove its directory */
	if (backup->head.is_foreign) {
		error_set(error, "%s is a backup of another endpoint than %s",
		    backup->name, endpoint);
		return -1;
	}
	if (refusal.text[0] == '\0')
		(void)database_check_whole(backup->db, backup->name, NULL,
		    NULL, &refusal);
	if (refusal.text[0] == '\0')
		return 0;
	error_set(error, "%s", refusal.text);
	return -1;
}

struct trust_backup *
trust_backup_open(unsigned char *bytes, size_t len, const char *name,
    const char *endpoint, struct error *error)
{
	struct trust_backup *backup = calloc(1, sizeof(*backup));
	int rc;

	if (backup != NULL)
		backup->name = strdup(name);
	if (backup == NULL || backup->name == NULL) {
		error_set(error, "out of memory");
		sqlite3_free(bytes);
		goto failed;
	}
	rc = load(backup, bytes, len);
	if (rc != SQLITE_OK) {
		(void)failed(backup, rc, error);
		goto failed;
	}
	if (check(backup, endpoint, error) == 0)
		return backup;
failed:
	trust_backup_free(backup);
	return NULL;
}

static int
read_all(int fd, unsigned char *bytes, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = read(fd, bytes, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A log that is not empty has changes that are not in the file. */
static int
check_beside(const char *path, const char *place, const char *suffix,
    struct error *error)
{
	char name[PATH_MAX];
	struct stat st;

	if (snprintf(name, sizeof(name), "%s%s", place, suffix) >=
	    (int)sizeof(name))
		return 0;
	if (lstat(name, &st) == -1) {
		if (errno == ENOENT || errno == ENAMETOOLONG)
			return 0;
		error_set(error, "%.300s: %s", name, strerror(errno));
		return -1;
	}
	if (S_ISREG(st.st_mode) && st.st_size == 0)
		return 0;
	error_set(error, "%.200s: %.200s lies beside it, so it may lack "
	    "changes: take it anew with 'authgear-cache backup', or move that "
	    "file away if what is in there may be lost", path, name);
	return -1;
}

/* Beside what a link leads to, too. */
static int
check_whole(const char *path, struct error *error)
{
	static const char *const suffixes[] = { "-wal", "-journal" };
	char *const real = realpath(path, NULL);
	int ret = 0;
	size_t i;

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]) && ret == 0;
	    i++) {
		ret = check_beside(path, path, suffixes[i], error);
		if (ret == 0 && real != NULL)
			ret = check_beside(path, real, suffixes[i], error);
	}
	if (real == NULL && ret == 0) {
		error_set(error, "%.300s: %s", path, strerror(errno));
		ret = -1;
	}
	free(real);
	return ret;
}

/* Nobody wrote to it since. */
static int
is_unchanged(int fd, const struct stat *before)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_size == before->st_size &&
	    st.st_mtim.tv_sec == before->st_mtim.tv_sec &&
	    st.st_mtim.tv_nsec == before->st_mtim.tv_nsec;
}

/* All of it, to be freed by SQLite; NULL and error. */
static unsigned char *
read_file(const char *path, int fd, size_t *len_out, struct error *error)
{
	unsigned char *bytes;
	struct stat st;

	if (fd == -1 || fstat(fd, &st) == -1) {
		error_set(error, "%s: %s", path, strerror(errno));
		return NULL;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX) {
		error_set(error, "%s is no backup: not a file, or too large",
		    path);
		return NULL;
	}
	*len_out = (size_t)st.st_size;
	bytes = sqlite3_malloc64(*len_out + 1);
	if (bytes == NULL) {
		error_set(error, "out of memory");
		return NULL;
	}
	if (read_all(fd, bytes, *len_out) == -1)
		error_set(error, "%s: %s", path, strerror(errno));
	else if (!is_unchanged(fd, &st))
		error_set(error, "%.300s: it was written to while it was "
		    "read: take it with 'authgear-cache backup'", path);
	else if (check_whole(path, error) == 0)
		return bytes;
	sqlite3_free(bytes);
	return NULL;
}

struct trust_backup *
trust_backup_read(const char *path, const char *endpoint,
    struct error *error)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	unsigned char *bytes;
	size_t len;

	bytes = read_file(path, fd, &len, error);
	if (fd != -1)
		(void)close(fd);
	return bytes == NULL ? NULL : trust_backup_open(bytes, len, path,
	    endpoint, error);
}

void
trust_backup_free(struct trust_backup *backup)
{
	if (backup == NULL)
		return;
	(void)sqlite3_finalize(backup->has_statement);
	(void)sqlite3_finalize(backup->has_account_statement);
	(void)sqlite3_close(backup->db);
	sqlite3_free(backup->bytes);
	free(backup->name);
	free(backup);
}

int64_t
trust_backup_number(const struct trust_backup *backup)
{
	return backup->head.lineage.number;
}

size_t
trust_backup_size(const struct trust_backup *backup)
{
	return backup->len;
}

static int
write_all(int fd, const unsigned char *bytes, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, bytes, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

int
trust_backup_write(const struct trust_backup *backup, int fd)
{
	return write_all(fd, backup->header, HEADER_SIZE) == 0 &&
	    write_all(fd, backup->bytes + HEADER_SIZE,
	    backup->len - HEADER_SIZE) == 0 ? 0 : -1;
}

static int
find(struct trust_backup *backup, const char *sql,
    struct sqlite3_stmt **statement, const struct sql_value *values,
    size_t count)
{
	const int rc = sql_step(backup->db, sql, values, count, statement);

	sql_reset(*statement);
	return rc;
}

int
trust_backup_find(struct trust_backup *backup,
    const struct sql_value *values, int *found_out)
{
	const int rc = find(backup, has_sql, &backup->has_statement, values,
	    TRUST_MERGE_SAME_COUNT);

	*found_out = rc == SQLITE_ROW;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int
trust_backup_find_account(struct trust_backup *backup,
    const struct sql_value *values, int *found_out)
{
	const int rc = find(backup, has_account_sql,
	    &backup->has_account_statement, values,
	    TRUST_MERGE_ACCOUNT_COUNT);

	*found_out = rc == SQLITE_ROW;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static struct sql_value
time_of(int64_t seconds)
{
	return seconds == REVOCATION_NO_TIME ? sql_null() :
	    sql_number(seconds);
}

int
trust_backup_has(struct trust_backup *backup,
    const struct trust_list_row *row, struct error *error)
{
	const struct revocation *const revocation = &row->revocation;
	unsigned char bytes[TRUST_BYTES_SIZE];
	const struct sql_value values[TRUST_MERGE_SAME_COUNT] = {
		sql_text(revocation_kind_name(revocation->kind)),
		trust_row_kept(revocation->kind, revocation->value, bytes),
		sql_text(revocation_rule_name(revocation->rule)),
		time_of(revocation->from), time_of(revocation->until),
		sql_text(row->reason), sql_text(row->actor),
		sql_text(row->source), sql_number(row->time) };
	int found;
	const int rc = trust_backup_find(backup, values, &found);

	return rc == SQLITE_OK ? found : failed(backup, rc, error);
}

int
trust_backup_has_account(struct trust_backup *backup,
    const struct trust_list_account *row, struct error *error)
{
	const struct sql_value values[TRUST_MERGE_ACCOUNT_COUNT] = {
		sql_text(row->user_id), sql_text(row->account),
		sql_text(row->reason), sql_text(row->actor),
		sql_number(row->time) };
	int found;
	const int rc = trust_backup_find_account(backup, values, &found);

	return rc == SQLITE_OK ? found : failed(backup, rc, error);
}

struct sqlite3 *
trust_backup_db(struct trust_backup *backup)
{
	return backup->db;
}
