#ifndef DIGEST_H_
#define DIGEST_H_

#include <stddef.h>

/*
 * Keys of what is kept: SHA-256 of parts, with a random secret of this one, by
 * the library that nginx has.  Built without nginx.
 * Threads: one at a time.
 */

#define DIGEST_SIZE 32

struct digest;

struct digest_part {
	const void *data;
	size_t len;
};

/* NULL: out of memory, or no secret was to be had. */
struct digest *digest_new(void);
void digest_free(struct digest *digest);

/* Where one part ends and the next begins counts.  0, or -1: out of memory. */
int digest_parts(struct digest *digest, const struct digest_part *parts,
    size_t count, unsigned char out[DIGEST_SIZE]);

#endif /* !DIGEST_H_ */
