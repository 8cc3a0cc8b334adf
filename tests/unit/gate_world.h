#ifndef TESTS_UNIT_GATE_WORLD_H_
#define TESTS_UNIT_GATE_WORLD_H_

#include "gate_fixture.h"
#include "mint.h"

/* A gate with keys, a good JWT and several policies; a resolver that says
 * live until it is told otherwise. */

#define WALL GATE_FIXTURE_WALL
#define OPAQUE "IY73tucWDUyBWEFTvRiOHNth4qZVw0IQ"
#define SESSION "1b4e28ba-2fa1-41d2-883f-0016d3cca427." OPAQUE

struct world {
	struct gate_fixture *gate;
	struct gate_fixture_resolver *resolver;
	struct mint_key *key;
	char *jwks, *jwt;
};

struct world world_begin(const char *authgear);
void world_end(struct world *world);

/* The decision of a bearer token, which must have this reason. */
const struct decision *world_expect(struct world *world, const char *policy,
    const char *token, enum reason reason);
/* Likewise of a Cookie header. */
void world_cookie(struct world *world, const char *text, enum reason reason);

#endif /* !TESTS_UNIT_GATE_WORLD_H_ */
