#include "config.h"

#include "state/status.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "state/database.h"
#include "state/database_connection.h"
#include "state/status_file.h"
#include "state/status_keys.h"
#include "state/status_pending.h"
#include "state/status_waiting.h"
#include "state/status_write.h"

struct status *
status_new(const char *path, const char *endpoint,
    struct status_pending *pending)
{
	struct status *status = calloc(1, sizeof(*status));

	if (status == NULL)
		return NULL;
	status->path = strdup(path);
	status->endpoint = strdup(endpoint);
	status->owns_pending = pending == NULL;
	status->pending = pending != NULL ? pending : status_pending_new();
	if (status->path != NULL && status->endpoint != NULL &&
	    status->pending != NULL)
		return status;
	status_free(status);
	return NULL;
}

struct status *
status_open(const char *path, const char *endpoint,
    struct status_pending *pending, struct error *error)
{
	struct status *status = status_new(path, endpoint, pending);

	if (status == NULL)
		error_set(error, "%s: out of memory", path);
	else if (status_file_enter(status, error) == 1)
		return status;
	status_free(status);
	return NULL;
}

void
status_free(struct status *status)
{
	if (status == NULL)
		return;
	status_file_leave(status);
	if (status->owns_pending)
		status_pending_free(status->pending);
	free(status->path);
	free(status->endpoint);
	free(status);
}

int
status_is_busy(const struct status *status)
{
	return status->is_busy;
}

int
status_is_starved(const struct status *status)
{
	return status->is_starved;
}

int
status_changed(struct status *status, struct error *error)
{
	const uint64_t keys = status->pending->keys_number;
	long version;
	int rc, ret;

	if (status_file_enter(status, error) == -1)
		return -1;
	rc = database_connection_version(status->db,
	    &status->statements[STATUS_VERSION], &version);
	if (rc != SQLITE_OK)
		return status_file_failed(status, rc, error);
	ret = status->is_anew || version != status->version ||
	    keys != status->keys_number;
	status->is_anew = 0;
	status->version = version;
	status->keys_number = keys;
	return ret;
}

uint64_t
status_number_of_keys(const struct status *status)
{
	return status->pending->keys_number;
}

int
status_load_keys(struct status *status, struct status_keys *keys,
    struct error *error)
{
	struct status_keys waiting;
	uint64_t number;
	int waits, found;

	memset(keys, 0, sizeof(*keys));
	/* before the file, so that what is written in between is not missed */
	waits = status_keys_waiting(status->pending, &waiting, &number);
	if (waits == -1) {
		status->is_starved = 1;
		error_set(error, "out of memory");
		return -1;
	}
	found = status_file_enter(status, error) == -1 ? -1 :
	    status_keys_read(status, keys, error);
	if (!waits)
		return found;
	if (found == 0 ||
	    (found == 1 && status_keys_replaces(&waiting, keys))) {
		status_keys_clear(keys);
		*keys = waiting;
		return 1;
	}
	status_keys_clear(&waiting);
	return found;
}

int
status_store_keys(struct status *status, const struct status_keys *keys,
    const struct moment *now, struct error *error)
{
	struct status_pending *pending = status->pending;
	struct status_keys made;

	if (status_keys_copy(&made, keys) == -1) {
		error_set(error, "out of memory");
		return -1;
	}
	(void)pthread_mutex_lock(&pending->lock);
	if (!pending->has_keys || status_keys_replaces(&made, &pending->keys)) {
		status_keys_clear(&pending->keys);
		pending->keys = made;
		memset(&made, 0, sizeof(made));
		pending->has_keys = 1;
		pending->keys_number = ++pending->number;
		pending->few = 1;
		status_pending_call(pending, 1);
	}
	(void)pthread_mutex_unlock(&pending->lock);
	status_keys_clear(&made);
	status_write_now(status, now);
	return 0;
}
