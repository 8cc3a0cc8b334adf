#ifndef PARAMS_H_
#define PARAMS_H_

#include <stddef.h>

/*
 * FastCGI parameters as libfcgi gives them: "NAME=value" strings, closed by
 * NULL.  A server may send one name several times, and libfcgi's own lookup
 * would answer the first.
 * No state: any thread.
 */

enum params_answer {
	PARAMS_ABSENT = 0,
	PARAMS_ONCE,		/* with its value, which may be "" */
	PARAMS_TWICE		/* or more often: no value is given */
};

/* *value_out is borrowed from params; NULL unless PARAMS_ONCE. */
enum params_answer params_find(char *const *params, const char *name,
    const char **value_out);

/* One of several that are looked for. */
struct params_wanted {
	const char *name;
	enum params_answer answer;	/* as of params_find() */
	const char *value;
};

/* The same for all of `wanted`, at most PARAMS_WANTED_MAX, in one pass. */
#define PARAMS_WANTED_MAX 16
void params_find_all(char *const *params, struct params_wanted *wanted,
    size_t count);

#endif /* !PARAMS_H_ */
