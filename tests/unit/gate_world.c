#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate_world.h"

#define POLICIES \
	"[policy default]\n" \
	"[policy staff]\nrequire_role = staff\n" \
	"[policy admin]\nrequire_role = admin\n" \
	"[policy exported]\nexport = email\n" \
	"[policy fresh]\nmax_authentication_age = 600\n" \
	"[policy clients]\nclients = somebody\n" \
	"[policy scope]\nrequire_scope = openid\n" \
	"[policy mapped]\nremote_user = map\naccept_basic = yes\n" \
	"unauthenticated = pass\n" \
	"[policy cors]\ncors_preflight = pass\n" \
	"[policy claim]\nremote_user = claim:https://example.com/name\n" \
	"[policy elsewhere]\naudience = https://elsewhere.example\n"

struct world
world_begin(const char *authgear)
{
	struct world world;

	world.key = mint_key_new(MINT_FIRST);
	world.jwks = mint_set_of(world.key, "one");
	world.gate = gate_fixture_new(MINT_ISSUER, authgear, POLICIES);
	gate_fixture_serve(world.gate, world.jwks);
	world.jwt = mint_good(world.key, "one", WALL);
	world.resolver = &world.gate->resolver;
	return world;
}

void
world_end(struct world *world)
{
	gate_fixture_free(world->gate);
	mint_key_free(world->key);
	free(world->jwks);
	free(world->jwt);
}

const struct decision *
world_expect(struct world *world, const char *policy, const char *token,
    enum reason reason)
{
	const struct decision *decision = gate_fixture_ask(world->gate, policy,
	    token);

	if (decision->reason != reason)
		print_error("%s: %s instead of %s (%s)\n", token,
		    reason_name(decision->reason), reason_name(reason),
		    error_text(&decision->detail));
	assert_int_equal(decision->reason, reason);
	assert_int_equal(decision->verdict, reason_verdict(reason));
	return decision;
}

void
world_cookie(struct world *world, const char *text, enum reason reason)
{
	const struct web_question question = { .policy_name = "default",
	    .cookie = text };

	assert_int_equal(gate_fixture_question(world->gate, &question)->reason,
	    reason);
}
