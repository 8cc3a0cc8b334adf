#include "ground/params.h"

#include <string.h>

enum params_answer
params_find(char *const *params, const char *name, const char **value_out)
{
	enum params_answer answer = PARAMS_ABSENT;
	const size_t len = strlen(name);

	*value_out = NULL;
	if (params == NULL)
		return PARAMS_ABSENT;
	for (; *params != NULL; params++) {
		if (strncmp(*params, name, len) != 0 || (*params)[len] != '=')
			continue;
		if (answer != PARAMS_ABSENT) {
			*value_out = NULL;
			return PARAMS_TWICE;
		}
		answer = PARAMS_ONCE;
		*value_out = *params + len + 1;
	}
	return answer;
}
