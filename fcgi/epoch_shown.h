#ifndef EPOCH_SHOWN_H_
#define EPOCH_SHOWN_H_

#include <stdint.h>

#include "face/epoch.h"

/*
 * What both pages say as the daemon sees them, its own (epoch_page.h) and
 * root's, for the threads that answer: an answer names the pages that it may be
 * kept by, for who asks may look at those of another daemon, or of another
 * state.  Zeros at first, and while one is, and then nothing may be kept.
 * Threads: one sets it, any reads it; read meanwhile it says what no page has
 * ever said.
 */
struct epoch_shown {
	_Atomic uint64_t halves[4];
};

#define EPOCH_SHOWN_SIZE (4 * EPOCH_SIZE + 1)	/* hex digits and NUL */

void epoch_shown_set(struct epoch_shown *shown,
    const unsigned char roots[EPOCH_SIZE],
    const unsigned char daemons[EPOCH_SIZE]);

/* 1 and the digits, root's and the daemon's; 0: one is zeros. */
int epoch_shown_text(const struct epoch_shown *shown,
    char text_out[EPOCH_SHOWN_SIZE]);

#endif /* !EPOCH_SHOWN_H_ */
