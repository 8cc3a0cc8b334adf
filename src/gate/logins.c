/* What logins of the last minute were granted on. */
#include "config.h"

#include "gate/logins.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAYS 8			/* places of one key */
#define SETS (LOGINS_MAX / WAYS)

struct login {
	char key[STATUS_KEY_SIZE];	/* "": free */
	int64_t at;			/* boottime */
	struct status_session row;
};

struct logins {
	pthread_mutex_t lock;
	int64_t msecs;
	int64_t alone_until;	/* boottime */
	struct login places[SETS][WAYS];
};

struct logins *
logins_new(int64_t msecs)
{
	struct logins *logins = calloc(1, sizeof(*logins));

	if (logins == NULL)
		return NULL;
	logins->msecs = msecs;
	if (pthread_mutex_init(&logins->lock, NULL) == 0)
		return logins;
	free(logins);
	return NULL;
}

static void
empty(struct login *login)
{
	if (login->key[0] != '\0')
		status_session_clear(&login->row);
	memset(login, 0, sizeof(*login));
}

void
logins_free(struct logins *logins)
{
	size_t i, j;

	if (logins == NULL)
		return;
	for (i = 0; i < SETS; i++)
		for (j = 0; j < WAYS; j++)
			empty(&logins->places[i][j]);
	(void)pthread_mutex_destroy(&logins->lock);
	free(logins);
}

/* The digits of a hash spread well. */
static struct login *
set_of(struct logins *logins, const char *key)
{
	size_t number = 0, i;

	for (i = 0; i < 4 && key[i] != '\0'; i++)
		number = number * 16 + ((unsigned char)key[i] & 15) +
		    (key[i] > '9' ? 9 : 0);
	return logins->places[number % SETS];
}

static struct login *
find(struct logins *logins, const char *key)
{
	struct login *set = set_of(logins, key);
	size_t i;

	for (i = 0; i < WAYS; i++)
		if (strcmp(set[i].key, key) == 0)
			return &set[i];
	return NULL;
}

/* The moments of two threads may cross. */
static int
is_over(const struct logins *logins, const struct login *login,
    const struct moment *now)
{
	return now->boottime - login->at >= logins->msecs ||
	    login->at - now->boottime >= logins->msecs;
}

/* Its own place, a free one, or that of the oldest. */
static struct login *
place_for(struct logins *logins, const char *key)
{
	struct login *set = set_of(logins, key), *place = find(logins, key);
	size_t i;

	for (i = 0; i < WAYS && place == NULL; i++)
		if (set[i].key[0] == '\0')
			place = &set[i];
	if (place != NULL)
		return place;
	for (place = set, i = 1; i < WAYS; i++)
		if (set[i].at < place->at)
			place = &set[i];
	return place;
}

void
logins_keep(struct logins *logins, const char *key,
    const struct status_session *row, const struct moment *now)
{
	struct status_session copy;
	struct login *place;

	if (key[0] == '\0' || status_session_copy(&copy, row) == -1)
		return;
	(void)pthread_mutex_lock(&logins->lock);
	place = place_for(logins, key);
	empty(place);
	(void)snprintf(place->key, sizeof(place->key), "%s", key);
	place->at = now->boottime;
	place->row = copy;
	(void)pthread_mutex_unlock(&logins->lock);
}

int
logins_recall(struct logins *logins, const char *key,
    const struct moment *now, struct status_session *row)
{
	const struct login *login;
	int ret = 0;

	(void)pthread_mutex_lock(&logins->lock);
	login = key[0] == '\0' ? NULL : find(logins, key);
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
	login = key[0] == '\0' ? NULL : find(logins, key);
	if (login != NULL)
		empty(login);
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
	(void)pthread_mutex_unlock(&logins->lock);
}

void
logins_answered(struct logins *logins)
{
	(void)pthread_mutex_lock(&logins->lock);
	logins->alone_until = 0;
	(void)pthread_mutex_unlock(&logins->lock);
}

int64_t
logins_alone_until(struct logins *logins, const struct moment *now)
{
	int64_t until;

	(void)pthread_mutex_lock(&logins->lock);
	until = logins->alone_until;
	(void)pthread_mutex_unlock(&logins->lock);
	return until <= now->boottime + LOGINS_ALONE_MSECS ? until : 0;
}
