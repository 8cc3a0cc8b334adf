#include "lossy_vfs.h"

#include <limits.h>
#include <sqlite3.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scratch.h"

#define MAX_FILES 8
#define SECTOR 512

/* A write, or a truncation (data NULL). */
struct change {
	struct change *next;
	sqlite3_int64 offset;
	int len;
	unsigned char *data;
};

struct file {
	char name[64];		/* below the directory */
	unsigned char *synced;	/* NULL: never, and its name may be lost */
	size_t synced_len;
	struct change *changes;
	struct change **last;
};

static struct sqlite3_vfs *system_vfs;
static struct sqlite3_vfs lossy;
static char below[PATH_MAX];
static struct file files[MAX_FILES];
static int file_count;
static unsigned int countdown;	/* operations until the cut; 0: never */
static int is_cut;

/* As the library has it; behind it the one of the system. */
struct handle {
	struct sqlite3_file base;
	struct file *file;	/* NULL: not ours */
	struct sqlite3_file *real;
};

static struct sqlite3_file *
real_of(struct sqlite3_file *base)
{
	return ((struct handle *)base)->real;
}

/* 0, or the error of a machine without power. */
static int
count_down(void)
{
	if (!is_cut && countdown > 0 && --countdown == 0)
		is_cut = 1;
	return is_cut ? SQLITE_IOERR : SQLITE_OK;
}

static void
forget_changes(struct file *file)
{
	struct change *change;

	while ((change = file->changes) != NULL) {
		file->changes = change->next;
		free(change->data);
		free(change);
	}
	file->last = &file->changes;
}

static void
take_synced(struct file *file)
{
	const char *path = scratch_path(below, file->name);
	long size = scratch_size(path);
	FILE *in = fopen(path, "r");

	scratch_need(in != NULL && size >= 0, path);
	free(file->synced);
	file->synced = malloc((size_t)size + 1);
	scratch_need(file->synced != NULL, "malloc");
	file->synced_len = fread(file->synced, 1, (size_t)size, in);
	(void)fclose(in);
	forget_changes(file);
}

static void
add_change(struct file *file, const void *data, int len,
    sqlite3_int64 offset)
{
	struct change *change = calloc(1, sizeof(*change));

	if (change == NULL)
		abort();
	change->offset = offset;
	change->len = len;
	if (data != NULL) {
		change->data = malloc((size_t)len);
		if (change->data == NULL)
			abort();
		memcpy(change->data, data, (size_t)len);
	}
	*file->last = change;
	file->last = &change->next;
}

static struct file *
file_of(const char *path)
{
	const char *name = strrchr(path, '/');
	int i;

	name = name == NULL ? path : name + 1;
	for (i = 0; i < file_count; i++)
		if (strcmp(files[i].name, name) == 0)
			return &files[i];
	scratch_need(file_count < MAX_FILES, "too many files");
	(void)snprintf(files[i].name, sizeof(files[i].name), "%s", name);
	files[i].last = &files[i].changes;
	file_count++;
	return &files[i];
}

static int
lossy_close(struct sqlite3_file *base)
{
	struct sqlite3_file *real = real_of(base);
	int rc = real->pMethods != NULL ? real->pMethods->xClose(real) :
	    SQLITE_OK;

	free(real);
	return rc;
}

static int
lossy_read(struct sqlite3_file *base, void *data, int len,
    sqlite3_int64 offset)
{
	return real_of(base)->pMethods->xRead(real_of(base), data, len,
	    offset);
}

static int
lossy_write(struct sqlite3_file *base, const void *data, int len,
    sqlite3_int64 offset)
{
	struct handle *handle = (struct handle *)base;

	if (handle->file != NULL && count_down() != SQLITE_OK)
		return SQLITE_IOERR_WRITE;
	if (handle->file != NULL)
		add_change(handle->file, data, len, offset);
	return handle->real->pMethods->xWrite(handle->real, data, len,
	    offset);
}

static int
lossy_truncate(struct sqlite3_file *base, sqlite3_int64 size)
{
	struct handle *handle = (struct handle *)base;

	if (handle->file != NULL && count_down() != SQLITE_OK)
		return SQLITE_IOERR_TRUNCATE;
	if (handle->file != NULL)
		add_change(handle->file, NULL, 0, size);
	return handle->real->pMethods->xTruncate(handle->real, size);
}

static int
lossy_sync(struct sqlite3_file *base, int flags)
{
	struct handle *handle = (struct handle *)base;

	if (handle->file == NULL)
		return handle->real->pMethods->xSync(handle->real, flags);
	if (count_down() != SQLITE_OK)
		return SQLITE_IOERR_FSYNC;
	take_synced(handle->file);
	return SQLITE_OK;
}

static int
lossy_size(struct sqlite3_file *base, sqlite3_int64 *out)
{
	return real_of(base)->pMethods->xFileSize(real_of(base), out);
}

static int
lossy_lock(struct sqlite3_file *base, int lock)
{
	return real_of(base)->pMethods->xLock(real_of(base), lock);
}

static int
lossy_unlock(struct sqlite3_file *base, int lock)
{
	return real_of(base)->pMethods->xUnlock(real_of(base), lock);
}

static int
lossy_reserved(struct sqlite3_file *base, int *out)
{
	return real_of(base)->pMethods->xCheckReservedLock(real_of(base),
	    out);
}

static int
lossy_control(struct sqlite3_file *base, int operation, void *argument)
{
	return real_of(base)->pMethods->xFileControl(real_of(base), operation,
	    argument);
}

static int
lossy_sector(struct sqlite3_file *base)
{
	return real_of(base)->pMethods->xSectorSize(real_of(base));
}

static int
lossy_traits(struct sqlite3_file *base)
{
	return real_of(base)->pMethods->xDeviceCharacteristics(
	    real_of(base));
}

static int
lossy_shm_map(struct sqlite3_file *base, int region, int size, int extends,
    void volatile **out)
{
	return real_of(base)->pMethods->xShmMap(real_of(base), region, size,
	    extends, out);
}

static int
lossy_shm_lock(struct sqlite3_file *base, int offset, int count, int flags)
{
	return real_of(base)->pMethods->xShmLock(real_of(base), offset, count,
	    flags);
}

static void
lossy_shm_barrier(struct sqlite3_file *base)
{
	real_of(base)->pMethods->xShmBarrier(real_of(base));
}

static int
lossy_shm_unmap(struct sqlite3_file *base, int removes)
{
	return real_of(base)->pMethods->xShmUnmap(real_of(base), removes);
}

static const struct sqlite3_io_methods lossy_methods = {
	.iVersion = 2,
	.xClose = lossy_close,
	.xRead = lossy_read,
	.xWrite = lossy_write,
	.xTruncate = lossy_truncate,
	.xSync = lossy_sync,
	.xFileSize = lossy_size,
	.xLock = lossy_lock,
	.xUnlock = lossy_unlock,
	.xCheckReservedLock = lossy_reserved,
	.xFileControl = lossy_control,
	.xSectorSize = lossy_sector,
	.xDeviceCharacteristics = lossy_traits,
	.xShmMap = lossy_shm_map,
	.xShmLock = lossy_shm_lock,
	.xShmBarrier = lossy_shm_barrier,
	.xShmUnmap = lossy_shm_unmap
};

static int
lossy_open(struct sqlite3_vfs *vfs, const char *name,
    struct sqlite3_file *base, int flags, int *flags_out)
{
	struct handle *handle = (struct handle *)base;
	int rc;

	(void)vfs;
	memset(handle, 0, sizeof(*handle));
	handle->real = calloc(1, (size_t)system_vfs->szOsFile);
	if (handle->real == NULL)
		return SQLITE_NOMEM;
	rc = system_vfs->xOpen(system_vfs, name, handle->real, flags,
	    flags_out);
	if (rc != SQLITE_OK) {
		free(handle->real);
		return rc;
	}
	if (name != NULL && strncmp(name, below, strlen(below)) == 0)
		handle->file = file_of(name);
	base->pMethods = &lossy_methods;
	return SQLITE_OK;
}

void
lossy_vfs_begin(const char *directory, unsigned int nth)
{
	static const char *const names[] = { "trust.db", "trust.db-wal" };
	size_t i;

	system_vfs = sqlite3_vfs_find(NULL);
	lossy = *system_vfs;
	lossy.pNext = NULL;
	lossy.zName = "lossy";
	lossy.szOsFile = (int)sizeof(struct handle);
	lossy.xOpen = lossy_open;
	(void)snprintf(below, sizeof(below), "%s", directory);
	countdown = nth;
	is_cut = 0;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (scratch_size(scratch_path(below, names[i])) >= 0)
			take_synced(file_of(names[i]));
	scratch_need(sqlite3_vfs_register(&lossy, 1) == SQLITE_OK, "register");
}

int
lossy_vfs_is_cut(void)
{
	return is_cut;
}

void
lossy_vfs_copy_synced(const char *name, const char *to)
{
	const struct file *file = file_of(name);

	scratch_need(file->synced != NULL, name);
	scratch_write(to, file->synced, file->synced_len);
}

/* Of a write each sector for itself. */
static void
apply_write(FILE *out, const struct change *change)
{
	int at, len;

	for (at = 0; at < change->len; at += len) {
		len = SECTOR - (int)((change->offset + at) % SECTOR);
		if (len > change->len - at)
			len = change->len - at;
		if (rand() % 2 == 0)
			continue;
		scratch_need(fseek(out, (long)change->offset + at,
		    SEEK_SET) == 0 &&
		    fwrite(change->data + at, 1, (size_t)len, out) ==
		    (size_t)len, "write");
	}
}

static void
leave(struct file *file, const char *to)
{
	const char *path = scratch_path(to, file->name);
	const struct change *change;
	FILE *out;

	if (strstr(file->name, "-shm") != NULL ||
	    (file->synced == NULL && rand() % 2 == 0))
		return;
	scratch_write(path, "", 0);
	out = fopen(path, "r+");
	scratch_need(out != NULL, path);
	scratch_need(fwrite(file->synced, 1, file->synced_len, out) ==
	    file->synced_len, path);
	for (change = file->changes; change != NULL; change = change->next) {
		if (change->data != NULL)
			apply_write(out, change);
		else if (rand() % 2 == 0)
			scratch_need(fflush(out) == 0 && ftruncate(fileno(out),
			    change->offset) == 0, path);
	}
	scratch_need(fclose(out) == 0, path);
}

void
lossy_vfs_end(const char *to, unsigned int seed)
{
	int i;

	(void)sqlite3_vfs_unregister(&lossy);
	scratch_need(sqlite3_vfs_register(system_vfs, 1) == SQLITE_OK,
	    "register");
	srand(seed);
	for (i = 0; i < file_count; i++) {
		leave(&files[i], to);
		forget_changes(&files[i]);
		free(files[i].synced);
	}
	memset(files, 0, sizeof(files));
	file_count = 0;
}
