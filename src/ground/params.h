#ifndef PARAMS_H_
#define PARAMS_H_

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

#endif /* !PARAMS_H_ */
