#include "config.h"

#include "fcgi/epoch_shown.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

void
epoch_shown_set(struct epoch_shown *shown,
    const unsigned char value[EPOCH_SIZE])
{
	uint64_t halves[2];

	memcpy(halves, value, sizeof(halves));
	atomic_store(&shown->halves[0], halves[0]);
	atomic_store(&shown->halves[1], halves[1]);
}

int
epoch_shown_text(const struct epoch_shown *shown,
    char text_out[EPOCH_SHOWN_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	const uint64_t halves[2] = { atomic_load(&shown->halves[0]),
	    atomic_load(&shown->halves[1]) };
	unsigned char value[EPOCH_SIZE];
	size_t i;

	memcpy(value, halves, sizeof(value));
	for (i = 0; i < EPOCH_SIZE; i++) {
		text_out[2 * i] = digits[value[i] >> 4];
		text_out[2 * i + 1] = digits[value[i] & 0xf];
	}
	text_out[2 * EPOCH_SIZE] = '\0';
	return halves[0] != 0 || halves[1] != 0;
}
