#include "trust.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "database_view.h"
#include "status_lineage.h"
#include "trust_head.h"
#include "trust_lookup.h"
#include "trust_place.h"
#include "trust_schema.h"
#include "trust_shared.h"

#define PLACE_PERIOD_MS 1000

/* How often reading is begun anew because a writer came in between: each time
 * a writer must meet the microseconds of it; a long log counts for as many
 * as it takes longer (database_view_cost()). */
#define ATTEMPTS 1000

struct trust {
	char *directory;
	char *path;
	char *endpoint;
	struct trust_shared *shared;
	int owns_shared;
	int is_alone;			/* nobody else knows how far the file
					   was seen */
	struct status *status;		/* does; borrowed, or NULL */
	struct database_view *view;	/* NULL: to be opened */
	struct sqlite3_stmt *lookup_statement;
	struct sqlite3_stmt *account_statement;
	int is_known;			/* what follows, of the last take */
	int64_t schema;
	int is_empty;			/* nothing is revoked */
	int64_t place_due;		/* boottime of the next look */
	struct error place_refusal;
};

static void
forget(struct trust *trust)
{
	(void)sqlite3_finalize(trust->lookup_statement);
	(void)sqlite3_finalize(trust->account_statement);
	trust->lookup_statement = NULL;
	trust->account_statement = NULL;
	trust->is_known = 0;
}

static void
leave(struct trust *trust)
{
	forget(trust);
	database_view_close(trust->view);
	trust->view = NULL;
}

static int
check_place(struct trust *trust, struct error *error)
{
	gid_t group;

	if (trust_place_look(trust->directory, &group, error) == -1)
		return -1;
	return group == TRUST_PLACE_NO_GROUP ? 0 :
	    trust_shared_group(trust->shared, group, error);
}

/* The directory, at most once a second. */
static int
look_at_place(struct trust *trust, const struct moment *now,
    struct error *error)
{
	if (now->boottime >= trust->place_due ||
	    trust->place_due > now->boottime + PLACE_PERIOD_MS) {
		trust->place_due = now->boottime + PLACE_PERIOD_MS;
		error_clear(&trust->place_refusal);
		(void)check_place(trust, &trust->place_refusal);
	}
	if (trust->place_refusal.text[0] == '\0')
		return 0;
	error_set(error, "%s", error_text(&trust->place_refusal));
	return -1;
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

/* What another process has written down counts too; what cannot be read is no
 * reason to refuse: this process holds what it has seen itself.  0, 1 and -1
 * as trust_marks_judge(). */
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
	if (trust->status != NULL)
		(void)status_lineage_load(trust->status, marks, NULL);
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

	rc = trust_head_read(db, trust->path, trust->endpoint, head, error);
	if (rc != SQLITE_OK)
		return trust_head_failed(db, rc, trust->path, error);
	return error->text[0] != '\0' ? -1 : judge(trust, head, error);
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
		leave(trust);
		return 0;
	}
	found = read_anew(trust, &head, &refusal);
	if (found == 1 || !database_view_holds(trust->view))
		return 0;
	if (found == -1) {
		error_set(error, "%s", error_text(&refusal));
		return -1;
	}
	if (head.schema != trust->schema)
		forget(trust);
	trust->schema = head.schema;
	trust->is_empty = head.is_empty;
	if (mark(trust, &head, error) == -1)
		return -1;
	trust->is_known = 1;
	return 1;
}

static int
gave_up(const struct trust *trust, struct error *error)
{
	error_set(error, "%s is being written to without a pause: look for "
	    "who does with 'fuser -v %s'", trust->path, trust->path);
	return -1;
}

/* 0 if the file may be believed and what it says is known; *attempts are
 * shared by all steps of a question. */
static int
know(struct trust *trust, int *attempts, struct error *error)
{
	struct database_identity file;
	int is_known = 0;

	while (is_known == 0 && *attempts > 0) {
		is_known = learn(trust, error);
		*attempts -= trust->view == NULL ? 1 :
		    database_view_cost(trust->view);
	}
	if (is_known == -1) {
		leave(trust);
		return -1;
	}
	if (is_known == 0)
		return gave_up(trust, error);
	file = database_view_identity(trust->view);
	return trust_shared_whole(trust->shared, &file, error);
}

static struct trust *
make(const char *directory, const char *endpoint, struct trust_shared *shared)
{
	struct trust *trust = calloc(1, sizeof(*trust));

	if (trust == NULL)
		return NULL;
	trust->owns_shared = shared == NULL;
	trust->shared = shared != NULL ? shared : trust_shared_new();
	trust->directory = strdup(directory);
	trust->endpoint = strdup(endpoint);
	trust->path = malloc(strlen(directory) + sizeof("/trust.db"));
	if (trust->shared != NULL && trust->directory != NULL &&
	    trust->endpoint != NULL && trust->path != NULL) {
		(void)sprintf(trust->path, "%s/trust.db", directory);
		return trust;
	}
	trust_free(trust);
	return NULL;
}

struct trust *
trust_open_shared(const char *directory, const char *endpoint,
    struct trust_shared *shared, struct error *error)
{
	struct trust *trust = make(directory, endpoint, shared);
	int attempts = ATTEMPTS;

	if (trust == NULL) {
		error_set(error, "%s: out of memory", directory);
		return NULL;
	}
	trust->is_alone = shared == NULL;
	if (check_place(trust, error) == 0 &&
	    know(trust, &attempts, error) == 0)
		return trust;
	trust_free(trust);
	return NULL;
}

struct trust *
trust_open(const char *directory, const char *endpoint, struct error *error)
{
	return trust_open_shared(directory, endpoint, NULL, error);
}

void
trust_use_status(struct trust *trust, struct status *status)
{
	trust->status = status;
	trust->is_known = 0;
}

void
trust_free(struct trust *trust)
{
	if (trust == NULL)
		return;
	leave(trust);
	if (trust->owns_shared)
		trust_shared_free(trust->shared);
	free(trust->directory);
	free(trust->path);
	free(trust->endpoint);
	free(trust);
}

int
trust_check(struct trust *trust, const struct moment *now,
    struct error *error)
{
	int attempts = ATTEMPTS;

	if (look_at_place(trust, now, error) == -1)
		return -1;
	return know(trust, &attempts, error);
}

/* 1 if the answer of the reading that ended with rc counts, 0 if it must be
 * read again, -1 and error. */
static int
is_over(struct trust *trust, int rc, struct error *error)
{
	if (!database_view_holds(trust->view)) {
		trust->is_known = 0;
		return 0;
	}
	if (rc == SQLITE_OK)
		return 1;
	(void)trust_head_failed(database_view_db(trust->view), rc,
	    trust->path, error);
	leave(trust);
	return -1;
}

int
trust_revoked(struct trust *trust, const struct facts *facts,
    const char *hash, const struct moment *now, enum reason *reason_out,
    struct error *error)
{
	enum reason reason = REASON_STATE_UNREADABLE;
	int attempts = ATTEMPTS, over = 0, rc;

	*reason_out = REASON_STATE_UNREADABLE;
	if (look_at_place(trust, now, error) == -1)
		return -1;
	while (over == 0) {
		if (know(trust, &attempts, error) == -1)
			return -1;
		if (trust->is_empty) {
			*reason_out = REASON_GRANTED;
			return 0;
		}
		rc = trust_lookup(database_view_db(trust->view),
		    &trust->lookup_statement, trust->schema, facts, hash,
		    now->wall, &reason);
		over = is_over(trust, rc, error);
	}
	if (over == -1)
		return -1;
	*reason_out = reason;
	return reason != REASON_GRANTED;
}

int
trust_account(struct trust *trust, const char *user_id,
    const struct moment *now, char **account_out, struct error *error)
{
	int attempts = ATTEMPTS, over = 0, rc = SQLITE_OK;

	*account_out = NULL;
	if (look_at_place(trust, now, error) == -1)
		return -1;
	while (over == 0) {
		free(*account_out);
		*account_out = NULL;
		if (know(trust, &attempts, error) == -1)
			return -1;
		/* schema 1 had no accounts yet */
		if (trust->schema > 1)
			rc = trust_lookup_account(database_view_db(
			    trust->view), &trust->account_statement, user_id,
			    account_out);
		over = is_over(trust, rc, error);
	}
	return over == -1 ? -1 : *account_out != NULL;
}
