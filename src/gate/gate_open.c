#include "config.h"

#include "gate/gate_open.h"

#include <stdlib.h>

#include "gate/gate_private.h"

struct status *
gate_open_status(const struct settings *settings,
    struct status_pending *pending, struct error *error)
{
	struct status *status = NULL;
	struct buffer path;

	buffer_init(&path, SETTINGS_MAX_VALUE + 32);
	(void)buffer_append_format(&path, "%s/daemon/status.db",
	    settings->state);
	if (path.failed)
		error_set(error, "out of memory");
	else
		status = status_open(path.data, settings->endpoint, pending,
		    error);
	buffer_clear(&path);
	return status;
}

struct gate_shared *
gate_shared_new(const struct settings *settings)
{
	struct gate_shared *shared = calloc(1, sizeof(*shared));

	if (shared == NULL)
		return NULL;
	shared->lookups = lookups_new(settings);
	shared->recent = recent_new();
	shared->logins = logins_new(GATE_LOGIN_MSECS);
	shared->trust = trust_shared_new();
	shared->pending = status_pending_new();
	if (shared->lookups != NULL && shared->recent != NULL &&
	    shared->logins != NULL &&
	    shared->trust != NULL && shared->pending != NULL)
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
	recent_free(shared->recent);
	logins_free(shared->logins);
	trust_shared_free(shared->trust);
	status_pending_free(shared->pending);
	free(shared);
}

struct gate *
gate_new(const struct settings *settings, struct gate_shared *shared,
    struct error *error)
{
	struct gate *gate = calloc(1, sizeof(*gate));

	if (gate == NULL)
		goto no_memory;
	gate->settings = settings;
	gate->owns_shared = shared == NULL;
	gate->shared = shared != NULL ? shared : gate_shared_new(settings);
	if (gate->shared == NULL)
		goto no_memory;
	gate->trust = trust_open_shared(settings->state, settings->endpoint,
	    gate->shared->trust, error);
	if (gate->trust == NULL)
		goto failed;
	gate->status = gate_open_status(settings, gate->shared->pending,
	    error);
	if (gate->status == NULL)
		goto failed;
	trust_use_status(gate->trust, gate->status);
	gate->keys = keys_new(settings, gate->status);
	if (gate->keys == NULL)
		goto no_memory;
	return gate;
no_memory:
	error_set(error, "out of memory");
failed:
	gate_free(gate);
	return NULL;
}

void
gate_free(struct gate *gate)
{
	if (gate == NULL)
		return;
	keys_free(gate->keys);
	trust_free(gate->trust);
	status_free(gate->status);
	if (gate->owns_shared)
		gate_shared_free(gate->shared);
	free(gate);
}
