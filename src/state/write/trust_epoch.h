#ifndef TRUST_EPOCH_H_
#define TRUST_EPOCH_H_

#include "ground/error.h"

/*
 * The page by which others keep what the daemon answered (epoch.h of the
 * faces): STATE.epoch/trust, sixteen bytes, root's, read by everybody.
 *
 * Around every transaction that writes trust.db: zeros before it, so that
 * nobody keeps anything while it is under way; other random bytes once it was
 * committed, before the caller is told.  Random, so that two that write never
 * come to what was there before.  Whoever ends in between leaves zeros, which
 * the next one mends.
 *
 * One at a time: by a lock within the state directory, for whoever may read
 * the page could hold a lock on itself.
 * Without a page there is nothing to change for another than root: nobody keeps
 * anything by what is not root's.
 * Shared by trust*.c alone.  Threads: one at a time.
 */
struct trust_epoch {
	int page;		/* -1: none */
	int lock;		/* -1: not begun */
	const char *directory;	/* of the state; borrowed */
};

void trust_epoch_init(struct trust_epoch *epoch, const char *directory);

/*
 * The lock, the page, which root gets made or mended, and zeros.  0; 1: another
 * process has the lock for longer than `wait` milliseconds, and error; -1 and
 * error, which says that nothing was changed.  Does nothing if begun.
 */
int trust_epoch_begin(struct trust_epoch *epoch, int wait,
    struct error *error);

/*
 * The transaction is over, however it ended; nothing if not begun.  `lacks`
 * says why the page stays zeros and what comes of it, else it stays as it is.
 */
void trust_epoch_end(struct trust_epoch *epoch, struct error *lacks);

#endif /* !TRUST_EPOCH_H_ */
