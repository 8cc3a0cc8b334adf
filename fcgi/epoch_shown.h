#ifndef EPOCH_SHOWN_H_
#define EPOCH_SHOWN_H_

#include <stdint.h>

#include "face/epoch.h"

/*
 * What the daemon's page says (epoch_page.h), for the threads that answer: an
 * answer names the page that it may be kept by, for who asks may look at
 * another daemon's.  Zeros at first, and then nothing may be kept.
 * Threads: one sets it, any reads it; read meanwhile it says what no page has
 * ever said.
 */
struct epoch_shown {
	_Atomic uint64_t halves[2];
};

#define EPOCH_SHOWN_SIZE (2 * EPOCH_SIZE + 1)	/* hex digits and NUL */

void epoch_shown_set(struct epoch_shown *shown,
    const unsigned char value[EPOCH_SIZE]);

/* 1 and the digits; 0: zeros. */
int epoch_shown_text(const struct epoch_shown *shown,
    char text_out[EPOCH_SHOWN_SIZE]);

#endif /* !EPOCH_SHOWN_H_ */
