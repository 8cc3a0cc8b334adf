#include "facts/revocation.h"

#include <stddef.h>
#include <string.h>

static const char *const kind_names[REVOCATION_KINDS] = {
	[REVOCATION_TOKEN] = "token",
	[REVOCATION_USER] = "user",
	[REVOCATION_CLIENT] = "client",
	[REVOCATION_KEY] = "key",
	[REVOCATION_ALL] = "all"
};

static const char *const rule_names[REVOCATION_RULES] = {
	[REVOCATION_REVOKED] = "revoked",
	[REVOCATION_SIGNED_OUT] = "signed-out",
	[REVOCATION_BLOCKED] = "blocked"
};

const char *
revocation_kind_name(enum revocation_kind kind)
{
	return (unsigned int)kind < REVOCATION_KINDS ? kind_names[kind] :
	    "unknown";
}

const char *
revocation_rule_name(enum revocation_rule rule)
{
	return (unsigned int)rule < REVOCATION_RULES ? rule_names[rule] :
	    "unknown";
}

int
revocation_kind_of(const char *name, enum revocation_kind *kind_out)
{
	unsigned int i;

	*kind_out = REVOCATION_TOKEN;
	for (i = 0; i < REVOCATION_KINDS; i++) {
		if (strcmp(name, kind_names[i]) != 0)
			continue;
		*kind_out = (enum revocation_kind)i;
		return 0;
	}
	return -1;
}

int
revocation_rule_of(const char *name, enum revocation_rule *rule_out)
{
	unsigned int i;

	*rule_out = REVOCATION_REVOKED;
	for (i = 0; i < REVOCATION_RULES; i++) {
		if (strcmp(name, rule_names[i]) != 0)
			continue;
		*rule_out = (enum revocation_rule)i;
		return 0;
	}
	return -1;
}

static int
rule_fits(enum revocation_kind kind, enum revocation_rule rule)
{
	switch (kind) {
	case REVOCATION_TOKEN:
	case REVOCATION_KEY:
		return rule == REVOCATION_REVOKED;
	case REVOCATION_USER:
	case REVOCATION_CLIENT:
		return rule == REVOCATION_SIGNED_OUT ||
		    rule == REVOCATION_BLOCKED;
	case REVOCATION_ALL:
		return rule == REVOCATION_SIGNED_OUT;
	case REVOCATION_KINDS:
	default:
		return 0;
	}
}

int
revocation_check(const struct revocation *revocation)
{
	int64_t from = revocation->from, until = revocation->until;

	if (!rule_fits(revocation->kind, revocation->rule))
		return -1;
	if ((revocation->kind == REVOCATION_ALL) !=
	    (revocation->value[0] == '\0'))
		return -1;
	if (from < REVOCATION_NO_TIME || until < REVOCATION_NO_TIME)
		return -1;
	switch (revocation->rule) {
	case REVOCATION_SIGNED_OUT:
		return from >= 0 && until == REVOCATION_NO_TIME ? 0 : -1;
	case REVOCATION_BLOCKED:
		return until == REVOCATION_NO_TIME || until > from ? 0 : -1;
	case REVOCATION_REVOKED:
	case REVOCATION_RULES:
	default:
		return from == REVOCATION_NO_TIME &&
		    until == REVOCATION_NO_TIME ? 0 : -1;
	}
}

static int
same(const char *fact, const char *value)
{
	return fact != NULL && fact[0] != '\0' && strcmp(fact, value) == 0;
}

static int
concerns(const struct revocation *revocation, const struct facts *facts,
    const char *hash)
{
	switch (revocation->kind) {
	case REVOCATION_TOKEN:
		return same(facts->token_id, revocation->value) ||
		    same(hash, revocation->value);
	case REVOCATION_USER:
		return same(facts->user_id, revocation->value);
	case REVOCATION_CLIENT:
		return same(facts->client_id, revocation->value);
	case REVOCATION_KEY:
		return same(facts->key_id, revocation->value);
	case REVOCATION_ALL:
	case REVOCATION_KINDS:
	default:
		return 1;
	}
}

/* Did this moment come late enough to be let in again?  No: hit. */
static int
until_then(int64_t moment, int64_t then)
{
	return then < 0 || moment - REVOCATION_MARGIN <= then;
}

static int
is_signed_out(const struct revocation *revocation, const struct facts *facts)
{
	int64_t then = revocation->from;
	int64_t login = facts->authenticated_at, issued = facts->issued_at;

	if (revocation->kind == REVOCATION_CLIENT)
		return issued < 0 || until_then(issued, then);
	if (login < 0 && issued < 0)
		return 1;
	if (revocation->kind == REVOCATION_ALL && issued >= 0 &&
	    until_then(issued, then))
		return 1;
	return until_then(login >= 0 ? login : issued, then);
}

int
revocation_hits(const struct revocation *revocation,
    const struct facts *facts, const char *hash, int64_t wall)
{
	if (!concerns(revocation, facts, hash))
		return 0;
	if (revocation_check(revocation) == -1)
		return 1;
	switch (revocation->rule) {
	case REVOCATION_SIGNED_OUT:
		return is_signed_out(revocation, facts);
	case REVOCATION_BLOCKED:
		return (revocation->from < 0 || wall >= revocation->from) &&
		    (revocation->until < 0 || wall < revocation->until);
	case REVOCATION_REVOKED:
	case REVOCATION_RULES:
	default:
		return 1;
	}
}

enum reason
revocation_reason(const struct revocation *revocation)
{
	switch (revocation->kind) {
	case REVOCATION_KEY:
		return REASON_KEY_REVOKED;
	case REVOCATION_CLIENT:
		return REASON_CLIENT_REVOKED;
	case REVOCATION_USER:
		return revocation->rule == REVOCATION_BLOCKED ?
		    REASON_USER_BLOCKED : REASON_SIGNED_OUT;
	case REVOCATION_ALL:
		return REASON_SIGNED_OUT;
	case REVOCATION_TOKEN:
	case REVOCATION_KINDS:
	default:
		return REASON_REVOKED;
	}
}

static int
strength(enum reason reason)
{
	static const enum reason order[] = { REASON_GRANTED,
	    REASON_SIGNED_OUT, REASON_USER_BLOCKED, REASON_CLIENT_REVOKED,
	    REASON_REVOKED, REASON_KEY_REVOKED };
	int i;

	for (i = 0; i < (int)(sizeof(order) / sizeof(order[0])); i++)
		if (order[i] == reason)
			return i;
	return i;
}

enum reason
revocation_stronger(enum reason a, enum reason b)
{
	return strength(a) >= strength(b) ? a : b;
}
