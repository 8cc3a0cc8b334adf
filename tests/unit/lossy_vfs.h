#ifndef LOSSY_VFS_H_
#define LOSSY_VFS_H_

/*
 * The disk of a machine whose power is cut: SQLite's default VFS, which
 * remembers what was written and not synced.  At the cut nothing more is
 * written or synced; what the disk then has is, for each file, what it was at
 * its last sync, and of what was written since a random choice in sectors of
 * 512 bytes.
 */

/* From now on it is the default, for files below this directory; what is
 * there is on the disk.  The cut comes at the nth write, truncation or sync;
 * 0: never. */
void lossy_vfs_begin(const char *directory, unsigned int nth);

/* 1 once the cut has come; what it cut off. */
int lossy_vfs_is_cut(void);

/* Of a file what its last sync left, and nothing that came later. */
void lossy_vfs_copy_synced(const char *name, const char *to);

/* What the disk has, into another directory; `seed` chooses.  The default is
 * as before. */
void lossy_vfs_end(const char *to, unsigned int seed);

#endif /* !LOSSY_VFS_H_ */
