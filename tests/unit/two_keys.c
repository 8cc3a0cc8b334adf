#include "two_keys.h"

#include <stdlib.h>

#include "mint.h"

#define POLICIES \
	"[policy default]\n" \
	"[policy strict]\n" \
	"require_role = nobody\n"

struct two_keys
two_keys_begin(const char *authgear)
{
	struct two_keys world;
	char *a, *b;

	world.first = mint_key_new(MINT_FIRST);
	world.second = mint_key_new(MINT_SECOND);
	a = mint_jwk(world.first, "one", "\"alg\":\"RS256\"");
	b = mint_jwk(world.second, "two", "\"alg\":\"RS256\"");
	world.old_set = mint_set(a, NULL);
	world.new_set = mint_set(b, a, NULL);
	free(a);
	free(b);
	world.gate = gate_fixture_new(MINT_ISSUER, authgear, POLICIES);
	gate_fixture_serve(world.gate, world.old_set);
	return world;
}

void
two_keys_end(struct two_keys *world)
{
	gate_fixture_free(world->gate);
	mint_key_free(world->first);
	mint_key_free(world->second);
	free(world->old_set);
	free(world->new_set);
}

enum reason
two_keys_ask(struct two_keys *world, const struct mint_key *key,
    const char *kid, int64_t issued_at)
{
	char *token = mint_good(key, kid, issued_at);
	enum reason reason = gate_fixture_ask(world->gate, "default",
	    token)->reason;

	free(token);
	return reason;
}

enum reason
two_keys_ask_one(struct two_keys *world)
{
	return two_keys_ask(world, world->first, "one", world->gate->now.wall);
}

enum reason
two_keys_ask_two(struct two_keys *world)
{
	return two_keys_ask(world, world->second, "two", world->gate->now.wall);
}

const struct decision *
two_keys_decision(const struct two_keys *world)
{
	return gate_task_decision(world->gate->task);
}
