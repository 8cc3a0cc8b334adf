#include "settings/settings_warn.h"

#include <stdio.h>

#include "ground/buffer.h"
#include "ground/origin.h"

/* `where`: a key of [authgear], or "[policy NAME]". */
static int
warn(struct settings *settings, const char *where, const char *what)
{
	struct buffer text;
	int ret;

	buffer_init(&text, 1024);
	(void)buffer_append_format(&text, "%s: %s", where, what);
	ret = text.failed ? -1 :
	    word_list_add(&settings->warnings, text.data, text.len);
	buffer_clear(&text);
	return ret;
}

/* What is allowed and yet seldom what was meant; -1: memory. */
static int
warn_of_policy(struct settings *settings, const struct policy *policy)
{
	char name[sizeof("[policy ]") + POLICY_MAX_NAME];

	snprintf(name, sizeof(name), "[policy %s]", policy->name);
	if (policy->clients.count == 0 && !policy->any_client &&
	    warn(settings, name, policy->login_client != NULL ||
	    settings->validate == SETTINGS_VALIDATE_RESOLVER ?
	    "names no clients, so tokens of every client of the project pass, "
	    "third-party applications included; clients = any says that it "
	    "is meant" :
	    "names no clients, so tokens of every client of the project pass, "
	    "third-party applications included; set clients to narrow it "
	    "(opaque tokens and cookies, which name none, are refused then), "
	    "or clients = any if that is meant") == -1)
		return -1;
	if (settings->validate != SETTINGS_VALIDATE_JWT &&
	    policy_needs_claims(policy) && warn(settings, name,
	    "asks for what only a JWT tells (audience, clients, "
	    "require_scope, a claim), so opaque tokens and cookies are "
	    "refused as not-evaluable") == -1)
		return -1;
	if (policy->unauthenticated && warn(settings, name,
	    "lets requests without a credential through; the application "
	    "must look at AUTHGEAR_DECISION, which is \"pass\" then") == -1)
		return -1;
	if (policy->accept_basic && warn(settings, name,
	    "takes tokens as Basic passwords, which clients store and send "
	    "with every request; use it over https only") == -1)
		return -1;
	if (policy->identity_roles == POLICY_IDENTITY_REQUIRED &&
	    policy->require_role.count == 0 &&
	    policy->require_all_roles.count == 0 && warn(settings, name,
	    "identity_roles = required, but no role is required, so the "
	    "application is told none; identity_roles = none says that it is "
	    "meant") == -1)
		return -1;
	if (policy->login_return != NULL &&
	    origin_is_placeholder(policy->login_return) && warn(settings,
	    name, "login_return is still a name for examples, to which no "
	    "browser comes back; set this site's own") == -1)
		return -1;
	return 0;
}

/* What was copied from an example and not changed; -1: memory. */
static int
warn_of_placeholders(struct settings *settings)
{
	if (origin_is_placeholder(settings->endpoint) && warn(settings,
	    "endpoint", "is still a name for examples, where no Authgear "
	    "answers, so nobody is let in; set your project's origin") == -1)
		return -1;
	if (!origin_is_placeholder(settings->endpoint) &&
	    origin_is_placeholder(settings->resolver_url) && warn(settings,
	    "resolver_url", "is a name for examples, where no Authgear "
	    "answers; set your resolver's, or take the line out") == -1)
		return -1;
	return 0;
}

int
settings_warn(struct settings *settings)
{
	size_t i;

	if (warn_of_placeholders(settings) == -1)
		return -1;
	for (i = 0; i < settings->policy_count; i++) {
		if (warn_of_policy(settings, settings->policies[i]) == -1)
			return -1;
	}
	return 0;
}
