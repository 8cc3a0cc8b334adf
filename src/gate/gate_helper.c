#include "config.h"

#include "gate/gate_helper.h"

#include <stdlib.h>

#include "gate/gate_private.h"
#include "gate/gate_shared.h"
#include "state/status_write.h"

struct gate_helper {
	struct gate_shared *shared;
	struct gate *gate;
};

static void
helper_free(struct gate_helper *helper)
{
	if (helper == NULL)
		return;
	gate_free(helper->gate);
	gate_shared_free(helper->shared);
	free(helper);
}

/* What was seen of trust.db counts where it can be read. */
static int
look_at_status(struct gate_helper *helper, int needs_status,
    struct error *error)
{
	struct error why = { "" };

	if (status_changed(helper->gate->status, &why) != -1)
		return 0;
	if (needs_status) {
		error_set(error, "%s", error_text(&why));
		return -1;
	}
	notices_add(trust_shared_notices(helper->shared->trust),
	    NOTICE_WARNING, "%s", error_text(&why));
	return 0;
}

struct gate_helper *
gate_helper_new(const struct settings *settings, int needs_status,
    struct error *error)
{
	struct gate_helper *helper = calloc(1, sizeof(*helper));

	if (helper != NULL)
		helper->shared = gate_shared_new(settings);
	if (helper == NULL || helper->shared == NULL) {
		error_set(error, "out of memory");
		helper_free(helper);
		return NULL;
	}
	helper->shared->opens_late = 1;
	helper->gate = gate_new(settings, helper->shared, error);
	if (helper->gate == NULL ||
	    look_at_status(helper, needs_status, error) == -1) {
		helper_free(helper);
		return NULL;
	}
	/* the daemon says it once; each of these would say it anew */
	keys_tell(helper->gate->keys, NULL);
	lookups_use_rows(helper->shared->lookups, helper->gate->status);
	logins_use_rows(helper->shared->logins, helper->gate->status);
	return helper;
}

void
gate_helper_is_held_up(struct gate_helper *helper)
{
	helper->shared->is_held_up = 1;
}

struct gate *
gate_helper_gate(struct gate_helper *helper)
{
	return helper->gate;
}

void
gate_helper_write(struct gate_helper *helper, const struct moment *now)
{
	(void)status_write(helper->gate->status, now, NULL);
	status_write_shrink(helper->gate->status);
}

int
gate_helper_notice(struct gate_helper *helper, enum notice_level *level_out,
    struct error *text_out)
{
	return notices_take(trust_shared_notices(helper->shared->trust),
	    level_out, text_out);
}
