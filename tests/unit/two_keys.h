#ifndef TESTS_UNIT_TWO_KEYS_H_
#define TESTS_UNIT_TWO_KEYS_H_

#include "gate_fixture.h"

/*
 * A gate that only validates tokens, before an Authgear that serves one key
 * and can change to a set with a second one.  Policies: `default`, and
 * `strict`, which nobody passes.
 */

struct mint_key;

struct two_keys {
	struct gate_fixture *gate;
	struct mint_key *first, *second;
	char *old_set, *new_set;	/* the second key added */
};

/* `authgear`: further lines of that section. */
struct two_keys two_keys_begin(const char *authgear);
void two_keys_end(struct two_keys *world);

/* What a user token of this key, issued then, is refused for; of the first and
 * of the second one, issued now. */
enum reason two_keys_ask(struct two_keys *world, const struct mint_key *key,
    const char *kid, int64_t issued_at);
enum reason two_keys_ask_one(struct two_keys *world);
enum reason two_keys_ask_two(struct two_keys *world);

/* The last one. */
const struct decision *two_keys_decision(const struct two_keys *world);

#endif /* !TESTS_UNIT_TWO_KEYS_H_ */
