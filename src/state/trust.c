#include "state/trust.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "facts/revocation.h"
#include "state/trust_head.h"
#include "state/trust_know.h"
#include "state/trust_lookup.h"
#include "state/trust_place.h"

#define PLACE_PERIOD_MS 1000

static int
check_place(struct trust *trust, struct error *error)
{
	gid_t group;

	if (trust_place_look(trust->directory, &group, error) == -1)
		return -1;
	return group == TRUST_PLACE_NO_GROUP ? 0 :
	    trust_shared_group(trust->shared, group, error);
}

/* The directory: a good one at most once a second, a bad one each time, for it
 * may be good again. */
static int
look_at_place(struct trust *trust, const struct moment *now,
    struct error *error)
{
	if (now->boottime < trust->place_due &&
	    trust->place_due <= now->boottime + PLACE_PERIOD_MS)
		return 0;
	trust->place_due = now->boottime;
	if (check_place(trust, error) == -1)
		return -1;
	trust->place_due += PLACE_PERIOD_MS;
	return 0;
}

/* It may be read and believed, and no damage was found in it. */
static int
rely(struct trust *trust, const struct moment *now, int *attempts,
    struct error *error)
{
	struct database_identity file;
	struct error why = { "" };

	if (look_at_place(trust, now, &why) == 0 &&
	    trust_know(trust, attempts, &why) == 0) {
		file = database_view_identity(trust->view);
		if (trust_shared_whole(trust->shared, &file, &why) == 0) {
			trust_shared_refused(trust->shared, NULL,
			    now->boottime);
			return 0;
		}
	}
	trust_shared_refused(trust->shared, &why, now->boottime);
	error_set(error, "%s", error_text(&why));
	return -1;
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
	trust->path = trust_place_path(directory);
	if (trust->shared != NULL && trust->directory != NULL &&
	    trust->endpoint != NULL && trust->path != NULL)
		return trust;
	trust_free(trust);
	return NULL;
}

struct trust *
trust_open_shared(const char *directory, const char *endpoint,
    struct trust_shared *shared, struct error *error)
{
	struct trust *trust = make(directory, endpoint, shared);
	int attempts = TRUST_ATTEMPTS;

	if (trust == NULL) {
		error_set(error, "%s: out of memory", directory);
		return NULL;
	}
	trust->is_alone = shared == NULL;
	/* what the upkeep thread says of it counts for answers */
	if (check_place(trust, error) == 0 &&
	    trust_know(trust, &attempts, error) == 0)
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
	trust_know_leave(trust);
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
	int attempts = TRUST_ATTEMPTS;

	return rely(trust, now, &attempts, error);
}

int64_t
trust_keys_due(const struct trust *trust)
{
	return trust->keys_due;
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
	trust_know_leave(trust);
	return -1;
}

int
trust_revoked(struct trust *trust, const struct facts *facts,
    const char *hash, const struct moment *now, enum reason *reason_out,
    struct error *error)
{
	const struct trust_asked asked = { facts, hash };

	return trust_revoked_told(trust, &asked, now, NULL, reason_out, error);
}

int
trust_revoked_told(struct trust *trust, const struct trust_asked *asked,
    const struct moment *now, const struct trust_told *told,
    enum reason *reason_out, struct error *error)
{
	struct trust_question question = { .facts = asked->facts,
	    .hash = asked->hash, .wall = now->wall, .told = told };
	struct trust_finding finding = { REASON_STATE_UNREADABLE, 0 };
	int attempts = TRUST_ATTEMPTS, over = 0, rc;

	*reason_out = REASON_STATE_UNREADABLE;
	trust->edge = REVOCATION_NO_TIME;
	while (over == 0) {
		if (told != NULL)
			told->tell(told->context, NULL, 0);
		if (rely(trust, now, &attempts, error) == -1)
			return -1;
		if (trust->is_empty) {
			*reason_out = REASON_GRANTED;
			return 0;
		}
		question.schema = trust->schema;
		rc = trust_lookup(database_view_db(trust->view),
		    &trust->lookup_statement, &question, &finding);
		over = is_over(trust, rc, error);
	}
	if (over == -1)
		return -1;
	trust->edge = finding.edge;
	*reason_out = finding.reason;
	return finding.reason != REASON_GRANTED;
}

int64_t
trust_edge(const struct trust *trust)
{
	return trust->edge;
}

uint64_t
trust_readings(const struct trust *trust)
{
	return trust->readings;
}

static int
read_map(struct trust *trust, enum trust_map way, const char *key,
    const struct moment *now, char **text_out, struct error *error)
{
	int attempts = TRUST_ATTEMPTS, over = 0, rc = SQLITE_OK;

	*text_out = NULL;
	while (over == 0) {
		free(*text_out);
		*text_out = NULL;
		if (rely(trust, now, &attempts, error) == -1)
			return -1;
		/* schema 1 had no accounts yet */
		if (trust->schema > 1)
			rc = trust_lookup_map(database_view_db(trust->view),
			    &trust->map_statements[way], way, key, text_out);
		over = is_over(trust, rc, error);
	}
	return over == -1 ? -1 : *text_out != NULL;
}

int
trust_account(struct trust *trust, const char *user_id,
    const struct moment *now, char **account_out, struct error *error)
{
	return read_map(trust, TRUST_MAP_ACCOUNT, user_id, now, account_out,
	    error);
}

int
trust_user(struct trust *trust, const char *account,
    const struct moment *now, char **user_id_out, struct error *error)
{
	return read_map(trust, TRUST_MAP_USER, account, now, user_id_out,
	    error);
}
