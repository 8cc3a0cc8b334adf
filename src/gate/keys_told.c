#include "gate/keys_told.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ground/buffer.h"
#include "ground/hash.h"

#define NAMED_MAX 8		/* the rest is counted */
#define TEXT_MAX (JWKS_MAX_KEYS * 512)

struct keys_told {
	pthread_mutex_t lock;
	struct notices *notices;
	char last[HASH_HEX_SIZE]; /* of what was told; "": nothing yet */
};

struct keys_told *
keys_told_new(struct notices *notices)
{
	struct keys_told *told = calloc(1, sizeof(*told));

	if (told == NULL || pthread_mutex_init(&told->lock, NULL) != 0) {
		free(told);
		return NULL;
	}
	told->notices = notices;
	return told;
}

void
keys_told_free(struct keys_told *told)
{
	if (told == NULL)
		return;
	(void)pthread_mutex_destroy(&told->lock);
	free(told);
}

/* Of all that would be said; -1: memory. */
static int
sum_up(const struct jwks *jwks, char hash[HASH_HEX_SIZE])
{
	const struct key_flaw *flaw;
	struct buffer text;
	size_t i;
	int ret = -1;

	buffer_init(&text, TEXT_MAX);
	(void)buffer_append_string(&text, jwks_count(jwks) > 0 ? "some\n" :
	    "none\n");
	for (i = 0; (flaw = jwks_flaw_at(jwks, i)) != NULL; i++)
		(void)buffer_append_format(&text, "%s\n%s\n", flaw->id,
		    flaw->cause);
	if (!text.failed)
		ret = hash_hex(text.data, text.len, hash);
	buffer_clear(&text);
	return ret;
}

static void
say(struct keys_told *told, const struct jwks *jwks, int is_first)
{
	const size_t count = jwks_flaw_count(jwks);
	const struct key_flaw *flaw;
	size_t i;

	for (i = 0; i < NAMED_MAX &&
	    (flaw = jwks_flaw_at(jwks, i)) != NULL; i++)
		notices_add(told->notices, NOTICE_WARNING, "Authgear's key %s "
		    "is left out: %s", flaw->id[0] != '\0' ? flaw->id :
		    "(without a kid)", flaw->cause);
	if (count > NAMED_MAX)
		notices_add(told->notices, NOTICE_WARNING, "%zu more keys of "
		    "Authgear's are left out", count - NAMED_MAX);
	if (jwks_count(jwks) == 0)
		notices_add(told->notices, NOTICE_ERROR, "Authgear's key set "
		    "names no usable key: until it does, no token can be "
		    "verified");
	else if (count == 0 && !is_first)
		notices_add(told->notices, NOTICE_INFO,
		    "all keys of Authgear's can be used again");
}

void
keys_told_say(struct keys_told *told, const struct jwks *jwks)
{
	char hash[HASH_HEX_SIZE];
	int is_first, is_new;

	if (told == NULL || jwks == NULL || sum_up(jwks, hash) == -1)
		return;
	(void)pthread_mutex_lock(&told->lock);
	is_first = told->last[0] == '\0';
	is_new = strcmp(told->last, hash) != 0;
	memcpy(told->last, hash, sizeof(told->last));
	(void)pthread_mutex_unlock(&told->lock);
	if (is_new)
		say(told, jwks, is_first);
}
