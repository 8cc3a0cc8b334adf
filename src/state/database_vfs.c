#include "state/database_vfs.h"

#include <sqlite3.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* SQLite's "WAL-mode File Format". */
#define INDEX_IS_INIT 12	/* in the header of the index */
#define INDEX_LAST_FRAME 16	/* 4 bytes */

#define OPEN_MAX 3		/* times that the -wal is tried */
#define MAX_REGIONS 4096	/* of 32 kB: a -wal of 16 million pages */

struct database_vfs {
	struct sqlite3_vfs vfs;		/* as the library knows it */
	struct sqlite3_vfs *system;
	struct sqlite3_io_methods methods; /* of the database file */
	struct sqlite3_file *wal;	/* once it is open; NULL: absent */
	char name[32];
	void **regions;			/* the index */
	int region_count;
	int region_size;
};

static struct database_vfs *
of_file(struct sqlite3_file *file)
{
	return (struct database_vfs *)((char *)(size_t)file->pMethods -
	    offsetof(struct database_vfs, methods));
}

static int
grow(struct database_vfs *vfs, int count, int size)
{
	void **regions;

	if (count > MAX_REGIONS)
		return SQLITE_FULL;
	regions = realloc(vfs->regions, (size_t)count * sizeof(*regions));
	if (regions == NULL)
		return SQLITE_NOMEM;
	vfs->regions = regions;
	vfs->region_size = size;
	while (vfs->region_count < count) {
		regions[vfs->region_count] = calloc(1, (size_t)size);
		if (regions[vfs->region_count] == NULL)
			return SQLITE_NOMEM;
		vfs->region_count++;
	}
	return SQLITE_OK;
}

static int
shm_map(struct sqlite3_file *file, int region, int size, int extends,
    void volatile **out)
{
	struct database_vfs *vfs = of_file(file);
	int rc = SQLITE_OK;

	*out = NULL;
	if (region >= vfs->region_count && extends)
		rc = grow(vfs, region + 1, size);
	if (rc == SQLITE_OK && region < vfs->region_count)
		*out = vfs->regions[region];
	return rc;
}

/* Nobody else has this index. */
static int
shm_lock(struct sqlite3_file *file, int offset, int count, int flags)
{
	(void)file;
	(void)offset;
	(void)count;
	(void)flags;
	return SQLITE_OK;
}

static void
shm_barrier(struct sqlite3_file *file)
{
	(void)file;
}

static int
shm_unmap(struct sqlite3_file *file, int removes)
{
	(void)file;
	(void)removes;
	return SQLITE_OK;
}

static int
absent_close(struct sqlite3_file *file)
{
	(void)file;
	return SQLITE_OK;
}

static int
absent_read(struct sqlite3_file *file, void *data, int len,
    sqlite3_int64 offset)
{
	(void)file;
	(void)offset;
	memset(data, 0, (size_t)len);
	return SQLITE_IOERR_SHORT_READ;
}

static int
absent_write(struct sqlite3_file *file, const void *data, int len,
    sqlite3_int64 offset)
{
	(void)file;
	(void)data;
	(void)len;
	(void)offset;
	return SQLITE_READONLY;
}

static int
absent_truncate(struct sqlite3_file *file, sqlite3_int64 size)
{
	(void)file;
	(void)size;
	return SQLITE_READONLY;
}

static int
absent_number(struct sqlite3_file *file, int number)
{
	(void)file;
	(void)number;
	return SQLITE_OK;
}

static int
absent_size(struct sqlite3_file *file, sqlite3_int64 *out)
{
	(void)file;
	*out = 0;
	return SQLITE_OK;
}

static int
absent_reserved(struct sqlite3_file *file, int *out)
{
	(void)file;
	*out = 0;
	return SQLITE_OK;
}

static int
absent_control(struct sqlite3_file *file, int operation, void *argument)
{
	(void)file;
	(void)operation;
	(void)argument;
	return SQLITE_NOTFOUND;
}

static int
absent_trait(struct sqlite3_file *file)
{
	(void)file;
	return 0;
}

static const struct sqlite3_io_methods absent_methods = {
	.iVersion = 1,
	.xClose = absent_close,
	.xRead = absent_read,
	.xWrite = absent_write,
	.xTruncate = absent_truncate,
	.xSync = absent_number,
	.xFileSize = absent_size,
	.xLock = absent_number,
	.xUnlock = absent_number,
	.xCheckReservedLock = absent_reserved,
	.xFileControl = absent_control,
	.xSectorSize = absent_trait,
	.xDeviceCharacteristics = absent_trait
};

static int
open_wal(struct database_vfs *vfs, const char *name, struct sqlite3_file *file,
    int flags, int *flags_out)
{
	int exists = 1, i, rc = SQLITE_CANTOPEN;

	/* a writer may make it between the two looks */
	for (i = 0; i < OPEN_MAX && exists; i++) {
		rc = vfs->system->xOpen(vfs->system, name, file, flags,
		    flags_out);
		if (rc == SQLITE_OK)
			vfs->wal = file;
		if (rc == SQLITE_OK || vfs->system->xAccess(vfs->system, name,
		    SQLITE_ACCESS_EXISTS, &exists) != SQLITE_OK)
			return rc;
	}
	if (exists)
		return rc;
	file->pMethods = &absent_methods;
	if (flags_out != NULL)
		*flags_out = flags;
	return SQLITE_OK;
}

static int
view_open(struct sqlite3_vfs *registered, const char *name,
    struct sqlite3_file *file, int flags, int *flags_out)
{
	struct database_vfs *vfs = (struct database_vfs *)registered;
	int rc;

	/* a reader must not make one */
	if ((flags & SQLITE_OPEN_WAL) != 0)
		return open_wal(vfs, name, file, SQLITE_OPEN_WAL |
		    SQLITE_OPEN_READONLY, flags_out);
	rc = vfs->system->xOpen(vfs->system, name, file, flags, flags_out);
	if (rc != SQLITE_OK || (flags & SQLITE_OPEN_MAIN_DB) == 0)
		return rc;
	vfs->methods = *file->pMethods;
	vfs->methods.iVersion = 2;
	vfs->methods.xShmMap = shm_map;
	vfs->methods.xShmLock = shm_lock;
	vfs->methods.xShmBarrier = shm_barrier;
	vfs->methods.xShmUnmap = shm_unmap;
	file->pMethods = &vfs->methods;
	return SQLITE_OK;
}

int
database_vfs_open(const char *path, struct sqlite3 **db_out,
    struct database_vfs **vfs_out)
{
	struct database_vfs *vfs = calloc(1, sizeof(*vfs));
	int rc;

	*db_out = NULL;
	*vfs_out = vfs;
	if (vfs == NULL)
		return SQLITE_NOMEM;
	vfs->system = sqlite3_vfs_find(NULL);
	if (vfs->system == NULL)
		return SQLITE_ERROR;
	(void)snprintf(vfs->name, sizeof(vfs->name), "view-%p", (void *)vfs);
	vfs->vfs = *vfs->system;
	vfs->vfs.pNext = NULL;
	vfs->vfs.zName = vfs->name;
	vfs->vfs.xOpen = view_open;
	/* found by its name once; the connection keeps the pointer */
	rc = sqlite3_vfs_register(&vfs->vfs, 0);
	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_open_v2(path, db_out, SQLITE_OPEN_NOMUTEX |
	    SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_READONLY, vfs->name);
	(void)sqlite3_vfs_unregister(&vfs->vfs);
	return rc;
}

void
database_vfs_free(struct database_vfs *vfs)
{
	int i;

	if (vfs == NULL)
		return;
	for (i = 0; i < vfs->region_count; i++)
		free(vfs->regions[i]);
	free(vfs->regions);
	free(vfs);
}

void
database_vfs_forget(struct database_vfs *vfs)
{
	if (vfs->region_count > 0)
		memset(vfs->regions[0], 0, (size_t)vfs->region_size);
}

struct sqlite3_file *
database_vfs_wal(struct database_vfs *vfs)
{
	return vfs->wal;
}

void
database_vfs_read_wal(struct database_vfs *vfs, void *data, int len,
    int64_t offset)
{
	int rc = SQLITE_IOERR;

	if (vfs->wal != NULL)
		rc = vfs->wal->pMethods->xRead(vfs->wal, data, len, offset);
	if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ)
		memset(data, 0, (size_t)len);
}

int64_t
database_vfs_last_frame(const struct database_vfs *vfs)
{
	const unsigned char *index;
	uint32_t last_frame;

	if (vfs->region_count == 0 || vfs->wal == NULL)
		return -1;
	index = vfs->regions[0];
	if (index[INDEX_IS_INIT] == 0)
		return -1;
	memcpy(&last_frame, index + INDEX_LAST_FRAME, sizeof(last_frame));
	return (int64_t)last_frame;
}
