#include "ground/params.h"

#include <string.h>

static void
note(struct params_wanted *wanted, const char *value)
{
	wanted->answer = wanted->answer == PARAMS_ABSENT ? PARAMS_ONCE :
	    PARAMS_TWICE;
	wanted->value = wanted->answer == PARAMS_ONCE ? value : NULL;
}

void
params_find_all(char *const *params, struct params_wanted *wanted,
    size_t count)
{
	size_t lens[PARAMS_WANTED_MAX], len, i;
	const char *equals;

	if (count > PARAMS_WANTED_MAX)
		count = PARAMS_WANTED_MAX;
	for (i = 0; i < count; i++) {
		wanted[i].answer = PARAMS_ABSENT;
		wanted[i].value = NULL;
		lens[i] = strlen(wanted[i].name);
	}
	for (; params != NULL && *params != NULL; params++) {
		equals = strchr(*params, '=');
		len = equals != NULL ? (size_t)(equals - *params) : 0;
		for (i = 0; i < count; i++)
			if (equals != NULL && lens[i] == len &&
			    memcmp(*params, wanted[i].name, len) == 0)
				note(&wanted[i], equals + 1);
	}
}

enum params_answer
params_find(char *const *params, const char *name, const char **value_out)
{
	struct params_wanted wanted = { .name = name };

	params_find_all(params, &wanted, 1);
	*value_out = wanted.value;
	return wanted.answer;
}
