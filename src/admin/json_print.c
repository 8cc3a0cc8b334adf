#include "admin/json_print.h"

#include <stdio.h>
#include <stdlib.h>

#include "ground/json.h"

void
json_print_text(const char *before, const char *text)
{
	char *quoted = text == NULL ? NULL : json_quote(text);

	(void)printf("%s%s", before, quoted == NULL ? "null" : quoted);
	free(quoted);
}

void
json_print_seconds(const char *before, int64_t seconds)
{
	if (seconds < 0)
		(void)printf("%snull", before);
	else
		(void)printf("%s%lld", before, (long long)seconds);
}
