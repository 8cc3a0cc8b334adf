#ifndef TRUST_HOLDER_H_
#define TRUST_HOLDER_H_

#include <stddef.h>

/*
 * Which process has the write lock of the database at this path, by
 * /proc/locks: "process 123 (sqlite3)".  0, or -1 if that cannot be told (a
 * process of another pid namespace, or none any more).  `text` always ends in
 * NUL.  The file is not opened: closing it would drop our own locks.
 */
int trust_holder(const char *path, char *text, size_t size);

#endif /* !TRUST_HOLDER_H_ */
