#include "state/trust_upkeep.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "state/database_check.h"
#include "state/trust_head.h"
#include "state/trust_place.h"
#include "state/trust_schema.h"

#define PAUSE 10		/* calls from one check to the next of a file
				   that others write to */

struct trust_upkeep {
	char *path;
	struct trust_shared *shared;
	struct database_view *view;	/* NULL: to be opened */
	struct database_identity checked; /* 0, 0: none yet */
	struct trust_lineage last;	/* change of it */
	int64_t schema;			/* of it; 0: not known */
	int is_changed;			/* so that it is to be read */
	int is_touched;			/* by other than a change of ours */
	int pause;
	int is_damaged;			/* so it was found */
	int is_failing;			/* and that was said */
};

struct trust_upkeep *
trust_upkeep_new(const char *directory, struct trust_shared *shared)
{
	struct trust_upkeep *upkeep = calloc(1, sizeof(*upkeep));

	if (upkeep == NULL)
		return NULL;
	upkeep->shared = shared;
	trust_shared_attend(shared, 1);
	upkeep->path = trust_place_path(directory);
	if (upkeep->path != NULL)
		return upkeep;
	trust_upkeep_free(upkeep);
	return NULL;
}

static void
leave(struct trust_upkeep *upkeep)
{
	database_view_close(upkeep->view);
	upkeep->view = NULL;
}

void
trust_upkeep_free(struct trust_upkeep *upkeep)
{
	if (upkeep == NULL)
		return;
	trust_shared_attend(upkeep->shared, 0);
	leave(upkeep);
	free(upkeep->path);
	free(upkeep);
}

static void
judge(struct trust_upkeep *upkeep, enum database_outcome outcome,
    const struct error *why)
{
	const struct database_identity file =
	    database_view_identity(upkeep->view);
	struct notices *notices = trust_shared_notices(upkeep->shared);
	struct error damage = { "" };

	if (outcome == DATABASE_OPENED) {
		if (upkeep->is_damaged)
			notices_add(notices, NOTICE_INFO, "%s is sound again",
			    upkeep->path);
		trust_shared_judge_whole(upkeep->shared, &file, NULL);
	} else {
		error_set(&damage, "%s: put a sound copy in its place, then "
		    "run 'authgear-cache accept'", error_text(why));
		notices_add(notices, NOTICE_ERROR, "%s", error_text(&damage));
		trust_shared_judge_whole(upkeep->shared, &file, &damage);
	}
	upkeep->is_damaged = outcome != DATABASE_OPENED;
	upkeep->checked = file;
	upkeep->is_touched = 0;
	upkeep->pause = PAUSE;
}

/* It could not be told: no verdict, and the next call tries again. */
static void
say_failed(struct trust_upkeep *upkeep, const struct error *why)
{
	if (!upkeep->is_failing)
		notices_add(trust_shared_notices(upkeep->shared),
		    NOTICE_WARNING, "%s could not be checked: %s",
		    upkeep->path, error_text(why));
	upkeep->is_failing = 1;
}

/* One of an earlier release is read as it is: nobody would notice. */
static void
look_at_schema(struct trust_upkeep *upkeep, int64_t schema)
{
	if (schema != upkeep->schema && schema > 0 && schema < TRUST_SCHEMA)
		notices_add(trust_shared_notices(upkeep->shared),
		    NOTICE_INFO, "%s is of an earlier release and is read as "
		    "it is: run 'authgear-cache init' as root once the daemons "
		    "of that release have ended", upkeep->path);
	upkeep->schema = schema;
}

/* Is it the last change that was read, and no further one of ours? */
static void
look_at_change(struct trust_upkeep *upkeep)
{
	struct trust_head head;
	int rc;

	/* whose it is, is looked at by each request */
	rc = trust_head_read(database_view_db(upkeep->view), upkeep->path, "",
	    &head, NULL);
	if (!database_view_holds(upkeep->view))
		return;
	upkeep->is_changed = 0;
	look_at_schema(upkeep, head.schema);
	if (rc != SQLITE_OK || !head.has_lineage ||
	    head.lineage.number <= upkeep->last.number || memcmp(
	    head.lineage.id, upkeep->last.id, TRUST_LINEAGE_SIZE) != 0)
		upkeep->is_touched = 1;
	upkeep->last = head.lineage;
}

/* 1 if the whole is to be read now. */
static int
is_due(struct trust_upkeep *upkeep)
{
	struct database_identity file;

	switch (database_view_take(upkeep->view)) {
	case DATABASE_VIEW_MOVED:
		leave(upkeep);
		return 0;
	case DATABASE_VIEW_CHANGED:
		if (upkeep->is_damaged)
			return 1;
		upkeep->is_changed = 1;
		break;
	case DATABASE_VIEW_SAME:
	default:
		break;
	}
	if (upkeep->is_changed)
		look_at_change(upkeep);
	file = database_view_identity(upkeep->view);
	return file.device != upkeep->checked.device ||
	    file.inode != upkeep->checked.inode ||
	    (upkeep->is_touched && upkeep->pause == 0);
}

void
trust_upkeep_check(struct trust_upkeep *upkeep, int (*stop)(void *context),
    void *context)
{
	enum database_outcome outcome;
	struct error why = { "" };

	upkeep->pause -= upkeep->pause > 0;
	/* why it cannot be opened is what each request says */
	if (upkeep->view == NULL && database_view_open(upkeep->path,
	    trust_schema(), &upkeep->view, NULL) != DATABASE_OPENED)
		return;
	if (!is_due(upkeep))
		return;
	outcome = database_check_whole(database_view_db(upkeep->view),
	    upkeep->path, stop, context, &why);
	if ((stop != NULL && stop(context)) ||
	    !database_view_holds(upkeep->view))
		return;
	if (outcome != DATABASE_OPENED && outcome != DATABASE_CORRUPT) {
		say_failed(upkeep, &why);
		return;
	}
	upkeep->is_failing = 0;
	judge(upkeep, outcome, &why);
}

void
trust_upkeep_look_at_group(struct trust_upkeep *upkeep)
{
	trust_shared_look_at_group(upkeep->shared);
}
