#include "nginx/grant.h"

#include <string.h>

static int
says(const struct answer *answer, const char *name, const char *wanted,
    size_t len)
{
	const char *value = answer_find(answer, name);

	return value != NULL && strlen(value) == len &&
	    memcmp(value, wanted, len) == 0;
}

static int
decided(const struct answer *answer, const char *word)
{
	return says(answer, "X-Authgear-Decision", word, strlen(word));
}

static int
is_named(const struct answer *answer)
{
	const char *name = answer_find(answer, "X-Authgear-Remote-User");

	return name != NULL && name[0] != '\0';
}

enum grant
grant_read(const struct answer *answer, const char *policy,
    size_t policy_len)
{
	if (answer->status >= 400 && answer->status <= 599)
		return decided(answer, "denied") ||
		    decided(answer, "forbidden") ||
		    decided(answer, "undecided") ? GRANT_REFUSED :
		    GRANT_UNCLEAR;
	if (answer->status != 200 || !says(answer, "X-Authgear-Policy",
	    policy, policy_len))
		return GRANT_UNCLEAR;
	if (decided(answer, "granted") && is_named(answer))
		return GRANT_GIVEN;
	if (decided(answer, "pass") && !is_named(answer))
		return GRANT_PASS;
	return GRANT_UNCLEAR;
}
