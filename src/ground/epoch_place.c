#include "ground/epoch_place.h"

#include <stdio.h>
#include <string.h>

void
epoch_place(const char *state, char folder[EPOCH_PLACE_SIZE])
{
	size_t len = strlen(state);

	while (len > 1 && state[len - 1] == '/')
		len--;
	(void)snprintf(folder, EPOCH_PLACE_SIZE, "%.*s.epoch",
	    len < EPOCH_PLACE_MAX ? (int)len : EPOCH_PLACE_MAX, state);
}
