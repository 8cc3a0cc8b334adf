#ifndef TESTS_UNIT_RECORDED_H_
#define TESTS_UNIT_RECORDED_H_

#include <stddef.h>
#include <stdint.h>

/*
 * What a real Authgear said (tests/recorded/README.md).  What cannot be read
 * ends the program.
 */

#define RECORDED_ENDPOINT "http://localhost:3000"
#define RECORDED_TOKENS 14
#define RECORDED_RESOLVER 54	/* cases of the resolver */

struct json;

struct recorded_token {
	const char *name;
	const char *kind;
	const char *token;
	const char *user_id;		/* NULL: none */
	int64_t recorded_at;		/* Unix seconds: the clock of a test */
	const struct json *claims;	/* as decoded then; NULL unless a JWT */
};

/* The key sets in the order in which they were served. */
enum recorded_set {
	RECORDED_FIRST = 0,	/* jwks.json */
	RECORDED_ROTATED,	/* a new key beside the old one */
	RECORDED_RETIRED,	/* the new key alone */
	RECORDED_SETS
};

struct recorded {
	struct recorded_token tokens[RECORDED_TOKENS];
	char *sets[RECORDED_SETS];	/* texts */
	char *discovery;		/* text */
	struct json *json;		/* what the tokens borrow from */
};

struct recorded *recorded_load(void);
void recorded_free(struct recorded *recorded);

/*
 * A file of exchanges ("exchanges.json", "outage.json"), to be freed with
 * json_free(); *array_out is borrowed from it.
 */
struct json *recorded_exchanges(const char *name,
    const struct json **array_out);

/* A member that is an object, borrowed; NULL: there is none. */
const struct json *recorded_object(const struct json *json, const char *name);

/* By name; ends the program if there is none. */
const struct recorded_token *recorded_find(const struct recorded *recorded,
    const char *name);

#endif /* !TESTS_UNIT_RECORDED_H_ */
