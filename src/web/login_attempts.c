#include "web/login_attempts.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

/* A ring.  It is read from end to end, only for requests within a minute
 * after a login. */
struct login_attempts {
	pthread_mutex_t lock;
	size_t count;
	size_t next;
	uint64_t nonces[LOGIN_ATTEMPTS_MAX];
};

struct login_attempts *
login_attempts_new(void)
{
	struct login_attempts *attempts = calloc(1, sizeof(*attempts));

	if (attempts != NULL &&
	    pthread_mutex_init(&attempts->lock, NULL) == 0)
		return attempts;
	free(attempts);
	return NULL;
}

void
login_attempts_free(struct login_attempts *attempts)
{
	if (attempts == NULL)
		return;
	(void)pthread_mutex_destroy(&attempts->lock);
	free(attempts);
}

static int
has(const struct login_attempts *attempts, uint64_t nonce)
{
	size_t i;

	for (i = 0; i < attempts->count; i++)
		if (attempts->nonces[i] == nonce)
			return 1;
	return 0;
}

void
login_attempts_end(struct login_attempts *attempts, const char *nonce)
{
	const uint64_t number = strtoull(nonce, NULL, 16);

	(void)pthread_mutex_lock(&attempts->lock);
	if (!has(attempts, number)) {
		attempts->nonces[attempts->next] = number;
		attempts->next = (attempts->next + 1) % LOGIN_ATTEMPTS_MAX;
		if (attempts->count < LOGIN_ATTEMPTS_MAX)
			attempts->count++;
	}
	(void)pthread_mutex_unlock(&attempts->lock);
}

int
login_attempts_is_over(struct login_attempts *attempts, const char *nonce)
{
	const uint64_t number = strtoull(nonce, NULL, 16);
	int ret;

	(void)pthread_mutex_lock(&attempts->lock);
	ret = has(attempts, number);
	(void)pthread_mutex_unlock(&attempts->lock);
	return ret;
}
