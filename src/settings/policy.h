#ifndef POLICY_H_
#define POLICY_H_

#include "ground/word_list.h"

/*
 * One [policy NAME] of the settings: what a good credential must also be.
 * Member names are the settings' keys.
 * Threads: constant once read; any thread.
 */

#define POLICY_MAX_NAME 64	/* a-z 0-9 _ - */
#define POLICY_MAX 256		/* policies in one file */

enum policy_remote_user {
	POLICY_REMOTE_USER_SUB = 0,
	POLICY_REMOTE_USER_CLAIM,	/* claim:NAME */
	POLICY_REMOTE_USER_MAP		/* the account map of trust.db */
};

enum policy_identity_roles {
	POLICY_IDENTITY_ALL = 0,
	POLICY_IDENTITY_REQUIRED,	/* those that a require_* names */
	POLICY_IDENTITY_NONE
};

struct policy {
	char *name;
	struct word_list audience;	/* any of; default: the endpoint */
	int has_audience;		/* it is another than the default, so
					   that no credential passes without
					   one */
	struct word_list clients;	/* empty: any client of the project */
	int any_client;			/* that is what the file says: no
					   warning */
	struct word_list require_role;	/* at least one of them */
	struct word_list require_all_roles;
	struct word_list require_scope;	/* all of them */
	int verified_only;
	int anonymous_users;		/* 1 = allow */
	int max_authentication_age;	/* seconds; 0 = no rule */
	int unauthenticated;		/* 1 = pass: no credential is let in,
					   without any identity */
	enum policy_remote_user remote_user;
	char *remote_user_claim;	/* a URI outside Authgear's */
	enum policy_identity_roles identity_roles; /* told the application */
	struct word_list export;	/* claims told to the application */
	int accept_basic;		/* the token as Basic password */
	int cors_preflight;		/* 1 = pass */
	int client_identity;		/* 1 = ignore: identity headers that a
					   client sends are no reason to refuse,
					   and are not believed */
	char *login_client;		/* NULL: no browser login */
	char *login_return;		/* absolute URL; NULL: no login */
};

void policy_free(struct policy *policy);

/* 1 if a request without any credential is let through, without any identity:
 * unauthenticated = pass, or cors_preflight = pass and it is one. */
int policy_lets_pass(const struct policy *policy, int is_preflight);

/* 1 if it asks for what an opaque token or a cookie can never tell. */
int policy_needs_claims(const struct policy *policy);

#endif /* !POLICY_H_ */
