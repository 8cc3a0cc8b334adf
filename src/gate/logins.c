/* What logins of the last minute were granted on. */
#include "config.h"

#include "gate/logins.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ground/fixed_table.h"
#include "state/status_helper.h"

#define PLACES 8		/* of one set */
#define ALL ""			/* the row of all logins */

struct login {
	int64_t at;		/* boottime */
	struct status_session row;
};

struct logins {
	pthread_mutex_t lock;
	int64_t msecs;
	int64_t alone_until;	/* boottime */
	struct status *rows;	/* NULL: what is here is all */
	struct fixed_table *table;
};

struct logins *
logins_new(int64_t msecs)
{
	struct logins *logins = calloc(1, sizeof(*logins));

	if (logins == NULL)
		return NULL;
	if (pthread_mutex_init(&logins->lock, NULL) != 0) {
		free(logins);
		return NULL;
	}
	logins->msecs = msecs;
	logins->table = fixed_table_new(LOGINS_MAX / PLACES, PLACES,
	    STATUS_KEY_SIZE - 1, sizeof(struct login));
	if (logins->table != NULL)
		return logins;
	logins_free(logins);
	return NULL;
}

void
logins_free(struct logins *logins)
{
	struct login *login = NULL;

	if (logins == NULL)
		return;
	while ((login = fixed_table_next(logins->table, login)) != NULL)
		status_session_clear(&login->row);
	fixed_table_free(logins->table);
	(void)pthread_mutex_destroy(&logins->lock);
	free(logins);
}

void
logins_use_rows(struct logins *logins, struct status *status)
{
	logins->rows = status;
}

int
logins_was_granted(struct logins *logins, const char *key,
    const struct moment *now)
{
	int64_t left;

	if (logins->rows == NULL)
		return 0;
	left = status_helper_kept(logins->rows, key, now) - now->boottime;
	return left > 0 && left <= logins->msecs;
}

/* The moments of two threads may cross. */
static int
is_over(const struct logins *logins, const struct login *login,
    const struct moment *now)
{
	return now->boottime - login->at >= logins->msecs ||
	    login->at - now->boottime >= logins->msecs;
}

static int
is_older(const void *value, const void *other, const void *context)
{
	const struct login *login = value, *oldest = other;

	(void)context;
	return oldest == NULL || login->at < oldest->at;
}

void
logins_keep(struct logins *logins, const char *key,
    const struct status_session *row, int outlives, const struct moment *now)
{
	struct status_session copy;
	struct login *login;

	if (status_session_copy(&copy, row) == -1)
		return;
	(void)pthread_mutex_lock(&logins->lock);
	if (logins->rows != NULL && !outlives)
		(void)status_helper_keep(logins->rows, key,
		    now->boottime + logins->msecs, now);
	login = fixed_table_place(logins->table, key, strlen(key), is_older,
	    NULL);
	if (login != NULL) {
		status_session_clear(&login->row);
		login->at = now->boottime;
		login->row = copy;
	} else
		status_session_clear(&copy);
	(void)pthread_mutex_unlock(&logins->lock);
}

int
logins_recall(struct logins *logins, const char *key,
    const struct moment *now, struct status_session *row)
{
	const struct login *login;
	int ret = 0;

	(void)pthread_mutex_lock(&logins->lock);
	login = fixed_table_find(logins->table, key, strlen(key));
	if (login != NULL && !is_over(logins, login, now))
		ret = status_session_copy(row, &login->row) == 0;
	(void)pthread_mutex_unlock(&logins->lock);
	return ret;
}

void
logins_forget(struct logins *logins, const char *key)
{
	struct login *login;

	(void)pthread_mutex_lock(&logins->lock);
	login = fixed_table_find(logins->table, key, strlen(key));
	if (login != NULL) {
		status_session_clear(&login->row);
		fixed_table_drop(logins->table, login);
	}
	(void)pthread_mutex_unlock(&logins->lock);
}

void
logins_waited(struct logins *logins, int64_t since, const struct moment *now)
{
	int64_t msecs = now->boottime - since;

	if (msecs > LOGINS_ALONE_MSECS)
		msecs = LOGINS_ALONE_MSECS;
	(void)pthread_mutex_lock(&logins->lock);
	logins->alone_until = now->boottime + msecs;
	if (logins->rows != NULL)
		(void)status_helper_keep(logins->rows, ALL,
		    logins->alone_until, now);
	(void)pthread_mutex_unlock(&logins->lock);
}

void
logins_answered(struct logins *logins, const struct moment *now)
{
	(void)pthread_mutex_lock(&logins->lock);
	logins->alone_until = 0;
	if (logins->rows != NULL && status_helper_kept(logins->rows, ALL,
	    now) != 0)
		(void)status_helper_keep(logins->rows, ALL, 0, now);
	(void)pthread_mutex_unlock(&logins->lock);
}

int64_t
logins_alone_until(struct logins *logins, const struct moment *now)
{
	int64_t until;

	(void)pthread_mutex_lock(&logins->lock);
	if (logins->rows != NULL)
		logins->alone_until = status_helper_kept(logins->rows, ALL,
		    now);
	until = logins->alone_until;
	(void)pthread_mutex_unlock(&logins->lock);
	return until <= now->boottime + LOGINS_ALONE_MSECS ? until : 0;
}
