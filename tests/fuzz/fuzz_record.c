#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "fcgi/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is accepted must be accepted again in its composed form. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char again[RECORD_PARAMS_MAX];
	static unsigned char composed[RECORD_COMPOSED_MAX];
	static unsigned char params[RECORD_PARAMS_MAX];
	struct record_request first, second;
	size_t len;

	if (record_check(data, size, &first, params) != RECORD_COMPLETE)
		return 0;
	len = record_compose(&first, params, composed);
	if (first.len > size || len > sizeof(composed) ||
	    record_check(composed, len, &second, again) != RECORD_COMPLETE ||
	    second.len != len || second.params_len != first.params_len ||
	    second.role != first.role || second.is_odd != first.is_odd)
		abort();
	return 0;
}
