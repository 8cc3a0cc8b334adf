#include "live.h"

#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sim_live *
sim_live_new(void)
{
	struct sim_live *live;

	if ((live = calloc(1, sizeof(*live))) == NULL)
		return NULL;
	pthread_mutex_init(&live->lock, NULL);
	live->users = json_object();
	live->sessions = json_object();
	live->tokens = json_object();
	live->clients = json_object();
	live->busy = json_object();
	live->settings = json_object();
	return live;
}

void
sim_live_free(struct sim_live *live)
{
	if (live == NULL)
		return;
	json_decref(live->users);
	json_decref(live->sessions);
	json_decref(live->tokens);
	json_decref(live->clients);
	json_decref(live->busy);
	json_decref(live->settings);
	pthread_mutex_destroy(&live->lock);
	free(live);
}

const char *
sim_string(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

int64_t
sim_integer(const json_t *object, const char *name, int64_t otherwise)
{
	const json_t *value = json_object_get(object, name);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

int
sim_flag(const json_t *object, const char *name, int otherwise)
{
	const json_t *value = json_object_get(object, name);

	return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

void
sim_hash(const char *text, char out[65])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	size_t i;

	SHA256((const unsigned char *)text, strlen(text), digest);
	for (i = 0; i < sizeof(digest); i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

void
sim_random_text(char *out, size_t len)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	unsigned char byte;
	size_t i = 0;

	while (i < len) {
		if (RAND_bytes(&byte, 1) != 1)
			abort();
		if (byte < 248)	/* four times the letters */
			out[i++] = letters[byte % 62];
	}
	out[len] = '\0';
}

void
sim_take_members(json_t *object, const json_t *from,
    const char *const *names)
{
	json_t *value;

	for (; *names != NULL; names++) {
		if ((value = json_object_get(from, *names)) == NULL)
			continue;
		if (json_is_null(value))
			json_object_del(object, *names);
		else
			json_object_set_new(object, *names,
			    json_deep_copy(value));
	}
}
