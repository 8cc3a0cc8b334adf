#include "scratch.h"

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
scratch_need(int holds, const char *what)
{
	if (holds)
		return;
	perror(what);
	abort();
}

char *
scratch_make(void)
{
	const char *parent = getenv("TMPDIR");
	char *path = NULL;

	if (parent == NULL || parent[0] != '/')
		parent = "/tmp";
	scratch_need(asprintf(&path, "%s/authgear-unit.XXXXXX", parent) > 0,
	    "asprintf");
	scratch_need(mkdtemp(path) != NULL, path);
	return path;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	(void)remove(path);
	return 0;
}

void
scratch_remove(char *directory)
{
	if (directory == NULL)
		return;
	(void)chmod(directory, 0700);
	(void)nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(directory);
}

const char *
scratch_path(const char *directory, const char *name)
{
	static char paths[4][PATH_MAX];
	static int next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, PATH_MAX, "%s/%s", directory, name);
	return path;
}

void
scratch_write(const char *path, const void *data, size_t len)
{
	int fd;

	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	scratch_need(fd != -1, path);
	scratch_need(write(fd, data, len) == (ssize_t)len, path);
	(void)close(fd);
}

void
scratch_copy(const char *from, const char *to)
{
	char chunk[4096];
	ssize_t got;
	int in, out;

	in = open(from, O_RDONLY | O_CLOEXEC);
	scratch_need(in != -1, from);
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	scratch_need(out != -1, to);
	while ((got = read(in, chunk, sizeof(chunk))) > 0)
		scratch_need(write(out, chunk, (size_t)got) == got, to);
	scratch_need(got == 0, from);
	(void)close(in);
	(void)close(out);
}

void
scratch_recorded_trust(int schema, const char *endpoint,
    const char *directory)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	char from[PATH_MAX], to[PATH_MAX], sql[512];
	size_t i;

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		(void)snprintf(from, sizeof(from), "%s/state/%d/trust.db%s",
		    TESTS_RECORDED, schema, suffixes[i]);
		(void)snprintf(to, sizeof(to), "%.3900s/trust.db%s",
		    directory, suffixes[i]);
		(void)unlink(to);
		scratch_copy(from, to);
	}
	(void)snprintf(to, sizeof(to), "%.3900s/trust.db", directory);
	(void)snprintf(sql, sizeof(sql), "UPDATE meta SET value = '%s' "
	    "WHERE value <> '%s'", endpoint, endpoint);
	scratch_sql(to, sql);
}

void
scratch_poke(const char *path, long offset, const void *data, size_t len)
{
	int fd;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	scratch_need(fd != -1, path);
	scratch_need(pwrite(fd, data, len, offset) == (ssize_t)len, path);
	(void)close(fd);
}

long
scratch_size(const char *path)
{
	struct stat st;

	return lstat(path, &st) == -1 ? -1 : (long)st.st_size;
}

int
scratch_count(const char *directory, const char *prefix)
{
	struct dirent *entry;
	int count = 0;
	DIR *dir;

	dir = opendir(directory);
	scratch_need(dir != NULL, directory);
	while ((entry = readdir(dir)) != NULL)
		count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
	(void)closedir(dir);
	return count;
}

void
scratch_sql(const char *path, const char *sql)
{
	struct sqlite3 *db = NULL;

	scratch_need(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE, NULL) == SQLITE_OK, path);
	(void)sqlite3_busy_timeout(db, 10000);
	scratch_need(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, sql);
	scratch_need(sqlite3_close(db) == SQLITE_OK, path);
}

void
scratch_wide(const char *path)
{
	scratch_write(path, "", 0);
	scratch_need(chmod(path, 0600) == 0, path);
	scratch_sql(path, "PRAGMA encoding = 'UTF-16le'; "
	    "CREATE TABLE gone (a); DROP TABLE gone");
}

struct sqlite3 *
scratch_block(const char *path)
{
	struct sqlite3 *db = NULL;

	scratch_need(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) ==
	    SQLITE_OK, path);
	scratch_need(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) ==
	    SQLITE_OK, path);
	return db;
}

void
scratch_unblock(struct sqlite3 *db)
{
	scratch_need(sqlite3_exec(db, "ROLLBACK", NULL, NULL,
	    NULL) == SQLITE_OK &&
	    sqlite3_close(db) == SQLITE_OK, "rollback");
}

void
scratch_skips(const char *why)
{
	printf("# skip: %s\n", why);
	fflush(stdout);
}
