#include "config.h"

#include "fcgi/epoch_shown.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#define HALVES 4

void
epoch_shown_set(struct epoch_shown *shown,
    const unsigned char roots[EPOCH_SIZE],
    const unsigned char daemons[EPOCH_SIZE])
{
	uint64_t halves[HALVES];
	size_t i;

	memcpy(&halves[0], roots, EPOCH_SIZE);
	memcpy(&halves[2], daemons, EPOCH_SIZE);
	for (i = 0; i < HALVES; i++)
		atomic_store(&shown->halves[i], halves[i]);
}

int
epoch_shown_text(const struct epoch_shown *shown,
    char text_out[EPOCH_SHOWN_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char value[2 * EPOCH_SIZE];
	uint64_t halves[HALVES];
	size_t i;

	for (i = 0; i < HALVES; i++)
		halves[i] = atomic_load(&shown->halves[i]);
	memcpy(value, halves, sizeof(value));
	for (i = 0; i < sizeof(value); i++) {
		text_out[2 * i] = digits[value[i] >> 4];
		text_out[2 * i + 1] = digits[value[i] & 0xf];
	}
	text_out[2 * sizeof(value)] = '\0';
	return (halves[0] != 0 || halves[1] != 0) &&
	    (halves[2] != 0 || halves[3] != 0);
}
