#ifndef EPOCH_H_
#define EPOCH_H_

#include <sys/types.h>

/*
 * A page of sixteen random bytes, for who keeps answers: they are others once
 * what was answered before may not be kept any longer.  There are two, each
 * alone in a directory: root's, which every change of trust.db changes, and
 * the daemon's.
 *
 * Rules, for an answer to be kept and served again:
 * - read both before the question is sent, and keep the answer with them;
 * - read both for each request, and serve only what was kept with the same;
 * - where epoch_read() is not 1, keep nothing and serve nothing that is kept.
 *
 * A good page is a regular file of one name, of exactly that size, not all
 * zeros, with the owner that is asked for, writable by nobody else; its
 * directory likewise of that owner, no symbolic link.
 * Root's page must be root's.  The daemon's may be anybody's whose its
 * directory is.
 * Needs no library.  Threads: one at a time for a page.
 */

#define EPOCH_SIZE 16
#define EPOCH_TRUST "trust"	/* the name of root's in its directory */
#define EPOCH_DAEMON "daemon"	/* the name of the daemon's */

enum epoch_owner {
	EPOCH_OF_ROOT = 0,
	EPOCH_OF_DIRECTORY	/* whoever owns the directory */
};

struct epoch {
	const char *directory;	/* borrowed, as the name */
	const char *name;
	enum epoch_owner owner;
	int fd;			/* -1: no good page was found */
	uid_t uid;		/* of the owner that it was found with */
	dev_t device;		/* of the file and its directory, likewise */
	ino_t inode;
	dev_t directory_device;
	ino_t directory_inode;
};

/* Opens nothing yet. */
void epoch_init(struct epoch *epoch, const char *directory, const char *name,
    enum epoch_owner owner);
void epoch_clear(struct epoch *epoch);

/*
 * Once a second, and before the first reading: opens the page, and leaves one
 * that does not lie in its place any more.  1 if there is one now, else 0.
 */
int epoch_look(struct epoch *epoch);

/*
 * For each request, without a lock: 1 and what the page says, if it is a good
 * one and still has its name; else 0, and zeros.
 */
int epoch_read(const struct epoch *epoch,
    unsigned char value_out[EPOCH_SIZE]);

#endif /* !EPOCH_H_ */
