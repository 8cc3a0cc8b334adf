#include "state/trust_know.h"

#include <errno.h>
#include <sqlite3.h>
#include <unistd.h>

#include "state/database_log.h"
#include "state/status_lineage.h"
#include "state/trust_head.h"
#include "state/trust_schema.h"

static void
forget(struct trust *trust)
{
	int i;

	(void)sqlite3_finalize(trust->lookup_statement);
	trust->lookup_statement = NULL;
	for (i = 0; i < TRUST_MAPS; i++) {
		(void)sqlite3_finalize(trust->map_statements[i]);
		trust->map_statements[i] = NULL;
	}
	trust->is_known = 0;
}

void
trust_know_leave(struct trust *trust)
{
	forget(trust);
	database_view_close(trust->view);
	trust->view = NULL;
}

static int
enter(struct trust *trust, struct error *error)
{
	struct error refusal = { "" };

	if (trust->view != NULL)
		return 0;
	switch (database_view_open(trust->path, trust_schema(), &trust->view,
	    &refusal)) {
	case DATABASE_OPENED:
		return 0;
	case DATABASE_CORRUPT:
		return trust_head_failed(NULL, SQLITE_CORRUPT, trust->path,
		    error);
	case DATABASE_ABSENT:
	case DATABASE_UNSAFE:
	case DATABASE_NEWER:
	case DATABASE_NO_MEMORY:
	case DATABASE_FAILED:
	default:
		error_set(error, "%s%s", error_text(&refusal),
		    access(trust->path, R_OK) == -1 && errno == EACCES ?
		    "; 'authgear-cache init --user NAME' as root gives it its "
		    "owner and mode" : "");
		return -1;
	}
}

static int
counts_marks(const struct trust *trust)
{
	return trust->is_alone || trust->status != NULL;
}

/* How far the file is seen to be, before anything is answered by it. */
static int
mark(struct trust *trust, const struct trust_head *head, struct error *error)
{
	struct trust_marks *marks = trust_shared_marks(trust->shared);

	if (!head->has_lineage || !counts_marks(trust))
		return 0;
	switch (trust_marks_see(marks, &head->lineage, trust->path)) {
	case 0:
		return 0;
	case 1:
		if (trust->status != NULL)
			(void)status_lineage_store(trust->status, marks, 0);
		return 0;
	default:
		error_set(error, "%s: out of memory", trust->path);
		return -1;
	}
}

/* What another process has written down counts too.  A status.db that cannot
 * be read is no reason to refuse: this process holds what it has seen itself;
 * but one that can be is not done without for want of memory. */
static int
load(struct trust *trust, struct error *error)
{
	struct error why = { "" };

	if (trust->status == NULL || status_lineage_load(trust->status,
	    trust_shared_marks(trust->shared), &why) == 0 ||
	    !status_is_starved(trust->status))
		return 0;
	error_set(error, "%s", error_text(&why));
	return -1;
}

/* 0, 1 and -1 as trust_marks_judge(). */
static int
judge(struct trust *trust, const struct trust_head *head,
    struct error *error)
{
	struct trust_marks *marks = trust_shared_marks(trust->shared);
	struct sqlite3 *db = database_view_db(trust->view);
	struct trust_lineage last, then;
	int found = 0;

	if (!counts_marks(trust))
		return 0;
	if (load(trust, error) == -1)
		return -1;
	if (head->has_lineage && trust_marks_last(marks, &last))
		found = trust_head_change(db, last.number, &then);
	if (found < 0)
		return trust_head_failed(db, -found, trust->path, error);
	return trust_marks_judge(marks, head->has_lineage ? &head->lineage :
	    NULL, found ? &then : NULL, trust->path, error);
}

static int
read_anew(struct trust *trust, struct trust_head *head, struct error *error)
{
	struct sqlite3 *db = database_view_db(trust->view);
	int rc;

	if (counts_marks(trust) && !database_view_fits(trust->view)) {
		database_log_refuse(trust->path, error);
		return -1;
	}
	rc = trust_head_read(db, trust->path, trust->endpoint, head, error);
	if (rc != SQLITE_OK)
		return trust_head_failed(db, rc, trust->path, error);
	return error->text[0] != '\0' ? -1 : judge(trust, head, error);
}

/*
 * Is the refusal one of the file as it still is?  What others of this process
 * have seen since may be newer than what was read.
 */
static int
is_of_now(struct trust *trust)
{
	switch (database_view_take(trust->view)) {
	case DATABASE_VIEW_SAME:
		return 1;
	case DATABASE_VIEW_MOVED:
		trust_know_leave(trust);
		break;
	case DATABASE_VIEW_CHANGED:
	default:
		break;
	}
	return 0;
}

/* 1 if what the file says is known, 0 if it changed meanwhile, -1 and
 * error. */
static int
learn(struct trust *trust, struct error *error)
{
	struct error refusal = { "" };
	struct trust_head head;
	int found;

	if (enter(trust, error) == -1)
		return -1;
	switch (database_view_take(trust->view)) {
	case DATABASE_VIEW_SAME:
		if (trust->is_known)
			return 1;
		break;
	case DATABASE_VIEW_CHANGED:
		trust->is_known = 0;
		break;
	case DATABASE_VIEW_MOVED:
	default:
		trust_know_leave(trust);
		return 0;
	}
	found = read_anew(trust, &head, &refusal);
	if (found == 1 || !database_view_holds(trust->view))
		return 0;
	if (found == -1 && !is_of_now(trust))
		return 0;
	if (found == -1) {
		error_set(error, "%s", error_text(&refusal));
		return -1;
	}
	if (head.schema != trust->schema)
		forget(trust);
	trust->schema = head.schema;
	trust->is_empty = head.is_empty;
	trust->keys_due = head.keys_due;
	if (mark(trust, &head, error) == -1)
		return -1;
	trust->is_known = 1;
	trust->readings++;
	return 1;
}

static int
gave_up(const struct trust *trust, struct error *error)
{
	error_set(error, "%s is being written to without a pause: look for "
	    "who does with 'fuser -v %s'", trust->path, trust->path);
	return -1;
}

int
trust_know(struct trust *trust, int *attempts, struct error *error)
{
	int is_known = 0;

	while (is_known == 0 && *attempts > 0) {
		is_known = learn(trust, error);
		*attempts -= trust->view == NULL ? 1 :
		    database_view_cost(trust->view);
	}
	if (is_known == -1) {
		trust_know_leave(trust);
		return -1;
	}
	return is_known == 0 ? gave_up(trust, error) : 0;
}
