/* The public keys of an issuer, found by kid. */
#include <stdlib.h>
#include <string.h>

#include "ground/json.h"
#include "facts/jwks.h"

struct jwks {
	struct key **keys;	/* by kid, ascending */
	size_t count;
};

static int
compare_keys(const void *a, const void *b)
{
	const struct key *const *first = a;
	const struct key *const *second = b;

	return strcmp(key_id(*first), key_id(*second));
}

static int
compare_kid(const void *kid, const void *b)
{
	const struct key *const *key = b;

	return strcmp(kid, key_id(*key));
}

/* Take the usable keys of the array; 0, or -1 if one is refused. */
static int
add_keys(struct jwks *jwks, const struct json *array, struct error *error)
{
	size_t i, count = json_array_length(array);

	jwks->keys = calloc(count, sizeof(*jwks->keys));
	if (jwks->keys == NULL) {
		error_set(error, "out of memory for %zu keys", count);
		return -1;
	}
	for (i = 0; i < count; i++) {
		switch (key_from_jwk(json_array_at(array, i),
		    &jwks->keys[jwks->count])) {
		case KEY_MADE:
			jwks->count++;
			break;
		case KEY_SKIPPED:
			break;
		case KEY_REFUSED:
		default:
			error_set(error, "key set: key %zu of %zu is "
			    "malformed, private or too weak", i + 1, count);
			return -1;
		}
	}
	return 0;
}

/* 0, or -1 if there is no key or a kid twice. */
static int
sort_keys(struct jwks *jwks, struct error *error)
{
	size_t i;

	if (jwks->count == 0) {
		error_set(error, "key set: no key in it is for RS256");
		return -1;
	}
	qsort(jwks->keys, jwks->count, sizeof(*jwks->keys), compare_keys);
	for (i = 1; i < jwks->count; i++) {
		if (compare_keys(&jwks->keys[i - 1], &jwks->keys[i]) != 0)
			continue;
		error_set(error, "key set: two keys have the same kid");
		return -1;
	}
	return 0;
}

/* The array of keys; NULL and error. */
static const struct json *
find_array(const struct json *set, struct error *error)
{
	const struct json *array;

	if (set == NULL) {
		error_set(error, "key set: not strict JSON");
		return NULL;
	}
	if (json_find_array(set, "keys", &array) != JSON_FOUND) {
		error_set(error, "key set: no array \"keys\"");
		return NULL;
	}
	if (json_array_length(array) == 0) {
		error_set(error, "key set: it is empty");
		return NULL;
	}
	if (json_array_length(array) > JWKS_MAX_KEYS) {
		error_set(error, "key set: more than %d keys", JWKS_MAX_KEYS);
		return NULL;
	}
	return array;
}

struct jwks *
jwks_parse(const char *text, size_t len, struct error *error)
{
	const struct json *array;
	struct json *set = NULL;
	struct jwks *jwks = NULL;
	int ret = -1;

	if (len > JWKS_MAX_TEXT) {
		error_set(error, "key set: longer than %d bytes",
		    JWKS_MAX_TEXT);
		return NULL;
	}
	set = json_parse(text, len, NULL);
	if ((array = find_array(set, error)) == NULL)
		goto done;
	if ((jwks = calloc(1, sizeof(*jwks))) == NULL) {
		error_set(error, "out of memory for a key set");
		goto done;
	}
	if (add_keys(jwks, array, error) != 0 || sort_keys(jwks, error) != 0)
		goto done;
	ret = 0;
done:
	json_free(set);
	if (ret != 0) {
		jwks_free(jwks);
		jwks = NULL;
	}
	return jwks;
}

void
jwks_free(struct jwks *jwks)
{
	size_t i;

	if (jwks == NULL)
		return;
	for (i = 0; i < jwks->count; i++)
		key_free(jwks->keys[i]);
	free(jwks->keys);
	free(jwks);
}

const struct key *
jwks_find(const struct jwks *jwks, const char *kid)
{
	struct key *const *found = bsearch(kid, jwks->keys, jwks->count,
	    sizeof(*jwks->keys), compare_kid);

	return found != NULL ? *found : NULL;
}
