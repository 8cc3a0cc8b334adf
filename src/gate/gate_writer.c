#include "config.h"

#include "gate/gate_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate/gate_shared.h"
#include "gate/gate_private.h"
#include "state/database_holder.h"
#include "state/status_trim.h"
#include "state/status_write.h"

struct gate_writer {
	const struct settings *settings;
	struct status_pending *pending;
	struct status *status;
};

struct gate_writer *
gate_writer_new(const struct settings *settings, struct gate_shared *shared,
    void (*wake)(void *context, int is_urgent), void *context,
    struct error *error)
{
	struct gate_writer *writer = calloc(1, sizeof(*writer));

	if (writer == NULL) {
		error_set(error, "out of memory");
		return NULL;
	}
	writer->settings = settings;
	writer->status = gate_shared_open(shared, settings, error);
	if (writer->status == NULL) {
		gate_writer_free(writer);
		return NULL;
	}
	writer->pending = shared->pending;
	status_pending_serve(writer->pending, wake, context);
	return writer;
}

void
gate_writer_free(struct gate_writer *writer)
{
	if (writer == NULL)
		return;
	if (writer->pending != NULL)
		status_pending_serve(writer->pending, NULL, NULL);
	status_free(writer->status);
	free(writer);
}

enum gate_writer_step
gate_writer_step(struct gate_writer *writer, const struct moment *now,
    struct error *error)
{
	struct error why = { "" };
	char path[SETTINGS_MAX_VALUE + 32], holder[64];

	switch (status_write(writer->status, now, &why)) {
	case STATUS_WRITE_DONE:
		return GATE_WRITER_DONE;
	case STATUS_WRITE_MORE:
		return GATE_WRITER_MORE;
	case STATUS_WRITE_FAILED:
	default:
		break;
	}
	(void)snprintf(path, sizeof(path), "%s/daemon/status.db",
	    writer->settings->state);
	if (status_is_busy(writer->status) &&
	    database_holder(path, holder, sizeof(holder)) == 0)
		error_set(error, "%s takes no write: %s holds it", path,
		    holder);
	else
		error_set(error, "%s", error_text(&why));
	return GATE_WRITER_FAILED;
}

int
gate_writer_tidy(struct gate_writer *writer, const struct moment *now)
{
	return status_trim(writer->status,
	    writer->settings->max_sessions, now, NULL) == 1;
}

size_t
gate_writer_waiting(const struct gate_writer *writer)
{
	return status_pending_count(writer->pending);
}
