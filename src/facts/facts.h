#ifndef FACTS_H_
#define FACTS_H_

#include <stdint.h>

#include "facts/credential.h"
#include "ground/word_list.h"

struct json;

/* A fact that is absent never satisfies a rule. */
enum fact {
	FACT_ABSENT = 0,
	FACT_NO,
	FACT_YES
};

#define FACTS_NO_TIME INT64_C(-1)

/*
 * What is known of who a verified credential speaks for.
 * Strings are owned; facts_init() first, facts_clear() last.
 * Threads: one at a time.
 */
struct facts {
	enum credential_kind kind;
	char *issuer;		/* `iss`; NULL: not told */
	char *user_id;		/* `sub`; for M2M "client_id_" and the client */
	char *client_id;	/* NULL: not told */
	char *token_id;		/* `jti`; NULL: not told */
	char *key_id;		/* kid that signed it; NULL: no JWT */
	struct word_list audience;
	struct word_list scopes;
	struct word_list roles;
	struct word_list amr;	/* how the user authenticated */
	int has_roles;		/* roles were told (maybe none) */
	int has_scopes;
	int has_amr;
	enum fact is_anonymous;
	enum fact is_verified;
	enum fact can_reauthenticate;
	int is_client;		/* M2M: the client itself, no user */
	int64_t issued_at;	/* Unix seconds, FACTS_NO_TIME if not told */
	int64_t expires_at;
	int64_t not_before;
	int64_t authenticated_at; /* `auth_time` */
	struct json *claims;	/* owned; NULL unless a JWT */
	char *account;		/* of user_id by the account map; NULL: it was
				   not asked, or has none */
};

void facts_init(struct facts *facts);
void facts_clear(struct facts *facts);

/* A copy of all but `claims` and `account`, which are NULL in it.  `to` is
 * written over.  0, or -1 (memory) and *to empty. */
int facts_copy(struct facts *to, const struct facts *from);

#endif /* !FACTS_H_ */
