#include "config.h"

#include "gate/gate_upkeep.h"

#include <stdlib.h>

#include "gate/gate_shared.h"
#include "gate/gate_private.h"
#include "state/status_check.h"
#include "state/status_lineage.h"
#include "state/trust_upkeep.h"

struct gate_upkeep {
	struct gate_shared *shared;
	struct status *status;		/* for the marks */
	struct status *checked;		/* of the thread that checks */
	int is_failing;			/* to check, and that was said */
	struct trust_upkeep *trust;
};

struct gate_upkeep *
gate_upkeep_new(const struct settings *settings, struct gate_shared *shared,
    void (*wake)(void *context), void *context, struct error *error)
{
	struct gate_upkeep *upkeep = calloc(1, sizeof(*upkeep));

	if (upkeep == NULL)
		goto no_memory;
	upkeep->shared = shared;
	upkeep->status = gate_shared_open(shared, settings, error);
	upkeep->checked = gate_shared_open(shared, settings, error);
	if (upkeep->status == NULL || upkeep->checked == NULL)
		goto failed;
	upkeep->trust = trust_upkeep_new(settings->state, shared->trust);
	if (upkeep->trust == NULL)
		goto no_memory;
	trust_marks_serve(trust_shared_marks(shared->trust), wake, context);
	notices_serve(trust_shared_notices(shared->trust), wake, context);
	return upkeep;
no_memory:
	error_set(error, "out of memory");
failed:
	gate_upkeep_free(upkeep);
	return NULL;
}

void
gate_upkeep_free(struct gate_upkeep *upkeep)
{
	if (upkeep == NULL)
		return;
	trust_marks_serve(trust_shared_marks(upkeep->shared->trust), NULL,
	    NULL);
	notices_serve(trust_shared_notices(upkeep->shared->trust), NULL,
	    NULL);
	trust_upkeep_free(upkeep->trust);
	status_free(upkeep->status);
	status_free(upkeep->checked);
	free(upkeep);
}

void
gate_upkeep_write(struct gate_upkeep *upkeep)
{
	struct trust_marks *marks = trust_shared_marks(upkeep->shared->trust);
	const int is_lost = status_lineage_is_lost(upkeep->status, marks);

	(void)status_lineage_store(upkeep->status, marks, is_lost == 1);
}

int
gate_upkeep_notice(struct gate_upkeep *upkeep, enum notice_level *level_out,
    struct error *text_out)
{
	return notices_take(trust_shared_notices(upkeep->shared->trust),
	    level_out, text_out);
}

static void
check_status(struct gate_upkeep *upkeep, int (*stop)(void *context),
    void *context)
{
	struct notices *notices = trust_shared_notices(upkeep->shared->trust);
	struct error why = { "" };
	int is_failing = 0;

	switch (status_check(upkeep->checked, stop, context, &why)) {
	case STATUS_CHECK_RENEWED:
		notices_add(notices, NOTICE_WARNING, "%s", error_text(&why));
		break;
	case STATUS_CHECK_FAILED:
		is_failing = 1;
		if (!upkeep->is_failing && !stop(context))
			notices_add(notices, NOTICE_WARNING, "status.db could "
			    "not be checked: %s", error_text(&why));
		break;
	case STATUS_CHECK_NOTHING:
	case STATUS_CHECK_SOUND:
	default:
		break;
	}
	upkeep->is_failing = is_failing;
}

void
gate_upkeep_check(struct gate_upkeep *upkeep, int (*stop)(void *context),
    void *context)
{
	trust_upkeep_check(upkeep->trust, stop, context);
	check_status(upkeep, stop, context);
}

void
gate_upkeep_look_up(struct gate_upkeep *upkeep)
{
	trust_upkeep_look_at_group(upkeep->trust);
}
