/* The public keys of an issuer, found by kid. */
#include "facts/jwks.h"

#include <stdlib.h>
#include <string.h>

#include "facts/key_jwk.h"
#include "ground/json.h"
#include "ground/json_parse.h"

struct jwks {
	struct key **keys;	/* by kid, ascending; those that serve */
	size_t count;
	struct key_flaw *flaws;	/* by kid, ascending; of the others */
	size_t flaw_count;
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

static int
compare_flaws(const void *a, const void *b)
{
	const struct key_flaw *first = a, *second = b;
	const int order = strcmp(first->id, second->id);

	return order != 0 ? order : second->is_rsa - first->is_rsa;
}

static int
compare_flaw(const void *kid, const void *b)
{
	const struct key_flaw *flaw = b;

	return strcmp(kid, flaw->id);
}

/* It is left out after all. */
static void
drop(struct jwks *jwks, struct key **key, const char *cause)
{
	struct key_flaw *flaw = &jwks->flaws[jwks->flaw_count++];

	memset(flaw, 0, sizeof(*flaw));
	flaw->cause = cause;
	flaw->is_rsa = 1;
	memcpy(flaw->id, key_id(*key), strlen(key_id(*key)) + 1);
	key_free(*key);
	*key = NULL;
}

/* Close the gaps. */
static void
tidy(struct jwks *jwks)
{
	size_t i, count = 0;

	for (i = 0; i < jwks->count; i++)
		if (jwks->keys[i] != NULL)
			jwks->keys[count++] = jwks->keys[i];
	jwks->count = count;
}

/* One by one; 0, or -1: memory. */
static int
add_keys(struct jwks *jwks, const struct json *array)
{
	size_t i, count = json_array_length(array);

	jwks->keys = calloc(count, sizeof(*jwks->keys));
	jwks->flaws = calloc(count, sizeof(*jwks->flaws));
	if (jwks->keys == NULL || jwks->flaws == NULL)
		return -1;
	for (i = 0; i < count; i++) {
		switch (key_jwk_read(json_array_at(array, i),
		    &jwks->keys[jwks->count],
		    &jwks->flaws[jwks->flaw_count])) {
		case KEY_MADE:
			jwks->count++;
			break;
		case KEY_LEFT_OUT:
			jwks->flaw_count++;
			break;
		case KEY_NO_MEMORY:
		default:
			return -1;
		}
	}
	return 0;
}

/* Is this the private half of that key?  By its n, whatever else it says; by
 * its kid where it has none that can be read. */
static int
gives_away(const struct key_flaw *flaw, const struct key *key)
{
	if (!flaw->is_private)
		return 0;
	if (flaw->modulus[0] != '\0')
		return strcmp(flaw->modulus, key_modulus(key)) == 0;
	return flaw->is_rsa && strcmp(flaw->id, key_id(key)) == 0;
}

/* A key that stands there a second time, with its private half. */
static void
drop_published(struct jwks *jwks)
{
	const size_t flaws = jwks->flaw_count;
	size_t i, k;

	for (i = 0; i < flaws; i++)
		for (k = 0; k < jwks->count; k++)
			if (jwks->keys[k] != NULL &&
			    gives_away(&jwks->flaws[i], jwks->keys[k]))
				drop(jwks, &jwks->keys[k], KEY_CAUSE_PRIVATE);
	tidy(jwks);
}

/* The same key twice is one; of different ones nobody can say which it is. */
static void
drop_ambiguous(struct jwks *jwks)
{
	struct key **keys = jwks->keys;
	size_t first, next, i;
	int differ;

	qsort(keys, jwks->count, sizeof(*keys), compare_keys);
	for (first = 0; first < jwks->count; first = next) {
		differ = 0;
		for (next = first + 1; next < jwks->count && compare_keys(
		    &keys[first], &keys[next]) == 0; next++)
			if (strcmp(key_thumbprint(keys[first]),
			    key_thumbprint(keys[next])) != 0)
				differ = 1;
		for (i = first + 1; i < next; i++) {
			key_free(keys[i]);
			keys[i] = NULL;
		}
		if (differ)
			drop(jwks, &keys[first],
			    "two different keys have this kid");
	}
	tidy(jwks);
}

/* Is any of it a key, whatever it is worth? */
static int
holds_a_key(const struct json *array)
{
	size_t i;

	for (i = 0; i < json_array_length(array); i++)
		if (json_is_an_object(json_array_at(array, i)))
			return 1;
	return 0;
}

/* The array of keys; NULL and error. */
static const struct json *
find_array(const struct json *set, struct error *error)
{
	const struct json *array;

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
	if (!holds_a_key(array)) {
		error_set(error, "key set: nothing in it is a key");
		return NULL;
	}
	return array;
}

static struct jwks *
make(const struct json *array)
{
	struct jwks *jwks = calloc(1, sizeof(*jwks));

	if (jwks == NULL || add_keys(jwks, array) == -1) {
		jwks_free(jwks);
		return NULL;
	}
	drop_published(jwks);
	drop_ambiguous(jwks);
	qsort(jwks->flaws, jwks->flaw_count, sizeof(*jwks->flaws),
	    compare_flaws);
	return jwks;
}

struct jwks *
jwks_parse(const char *text, size_t len, struct error *error)
{
	enum json_refusal refusal;
	const struct json *array;
	struct jwks *jwks = NULL;
	struct json *set;

	if (len > JWKS_MAX_TEXT) {
		error_set(error, "key set: longer than %d bytes",
		    JWKS_MAX_TEXT);
		return NULL;
	}
	if ((set = json_parse(text, len, &refusal)) == NULL) {
		error_set(error, "key set: %s",
		    json_parse_refusal_text(refusal));
		return NULL;
	}
	if ((array = find_array(set, error)) != NULL &&
	    (jwks = make(array)) == NULL)
		error_set(error, "key set: out of memory");
	json_free(set);
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
	free(jwks->flaws);
	free(jwks);
}

size_t
jwks_count(const struct jwks *jwks)
{
	return jwks->count;
}

const struct key *
jwks_find(const struct jwks *jwks, const char *kid)
{
	struct key *const *found = bsearch(kid, jwks->keys, jwks->count,
	    sizeof(*jwks->keys), compare_kid);

	return found != NULL ? *found : NULL;
}

const struct key *
jwks_at(const struct jwks *jwks, size_t index)
{
	return index < jwks->count ? jwks->keys[index] : NULL;
}

size_t
jwks_flaw_count(const struct jwks *jwks)
{
	return jwks->flaw_count;
}

const struct key_flaw *
jwks_flaw_at(const struct jwks *jwks, size_t index)
{
	return index < jwks->flaw_count ? &jwks->flaws[index] : NULL;
}

const struct key_flaw *
jwks_find_flaw(const struct jwks *jwks, const char *kid)
{
	const struct key_flaw *flaw = bsearch(kid, jwks->flaws,
	    jwks->flaw_count, sizeof(*jwks->flaws), compare_flaw);

	while (flaw != NULL && flaw > jwks->flaws &&
	    strcmp(flaw[-1].id, kid) == 0)
		flaw--;
	return flaw;
}
