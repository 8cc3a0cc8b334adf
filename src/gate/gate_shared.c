#include "config.h"

#include "gate/gate_shared.h"

#include <stdlib.h>

#include "gate/gate_private.h"
#include "ground/hash.h"

struct status *
gate_shared_open(struct gate_shared *shared, const struct settings *settings,
    struct error *error)
{
	struct status *status = NULL;
	struct buffer path;

	buffer_init(&path, SETTINGS_MAX_VALUE + 32);
	(void)buffer_append_format(&path, "%s/daemon/status.db",
	    settings->state);
	if (path.failed)
		error_set(error, "out of memory");
	else if (!shared->opens_late)
		status = status_open(path.data, settings->endpoint,
		    shared->pending, error);
	else
		status = status_new(path.data, settings->endpoint,
		    shared->pending);
	if (status == NULL)
		error_set(error, "out of memory");
	buffer_clear(&path);
	return status;
}

struct gate_shared *
gate_shared_new(const struct settings *settings)
{
	struct gate_shared *shared = calloc(1, sizeof(*shared));
	char ready[HASH_HEX_SIZE];

	if (shared == NULL)
		return NULL;
	/* OpenSSL's first hash makes it ready: not within a decision, for want
	 * of memory ends the process there */
	if (hash_hex("", 0, ready) == -1) {
		gate_shared_free(shared);
		return NULL;
	}
	shared->shares = shares_new(settings->lookup_rate);
	if (shared->shares != NULL)
		shared->lookups = lookups_new(settings, shared->shares);
	shared->recent = recent_new();
	shared->logins = logins_new(GATE_LOGIN_MSECS);
	shared->trust = trust_shared_new();
	shared->pending = status_pending_new();
	if (shared->trust != NULL)
		shared->keys_told = keys_told_new(
		    trust_shared_notices(shared->trust));
	if (shared->lookups != NULL && shared->recent != NULL &&
	    shared->logins != NULL && shared->trust != NULL &&
	    shared->keys_told != NULL && shared->pending != NULL)
		return shared;
	gate_shared_free(shared);
	return NULL;
}

void
gate_shared_free(struct gate_shared *shared)
{
	if (shared == NULL)
		return;
	lookups_free(shared->lookups);
	shares_free(shared->shares);
	recent_free(shared->recent);
	logins_free(shared->logins);
	keys_told_free(shared->keys_told);
	trust_shared_free(shared->trust);
	status_pending_free(shared->pending);
	free(shared);
}

struct shares *
gate_shared_shares(struct gate_shared *shared)
{
	return shared->shares;
}
