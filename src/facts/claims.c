/* The claims of a verified access token as facts. */
#include <stdlib.h>
#include <string.h>

#include "facts/claims.h"
#include "ground/json.h"

#define CLIENT_PREFIX "client_id_"	/* of the subject of an M2M token */
#define USER "https://authgear.com/claims/user/"

/* Why the claims are refused: both are the caller's. */
struct fault {
	enum reason *reason;
	struct error *error;
};

/* -1, for its return. */
static int
blame(const struct fault *fault, enum reason reason)
{
	*fault->reason = reason;
	return -1;
}

static int
blame_type(const struct fault *fault, const char *name, const char *wanted)
{
	error_set(fault->error, "its claim %s is not %s", name, wanted);
	return blame(fault, REASON_MALFORMED);
}

static int
blame_absence(const struct fault *fault, const char *name)
{
	error_set(fault->error, "it has no %s, or an empty one", name);
	return blame(fault, REASON_MISSING_CLAIM);
}

static int
check_count(const char *name, size_t count, size_t max,
    const struct fault *fault)
{
	if (count <= max)
		return 0;
	error_set(fault->error, "its claim %s has %zu words, and %zu is the "
	    "most", name, count, max);
	return blame(fault, REASON_OVER_LIMIT);
}

/* Control bytes never: claims go into headers, environments and logs. */
static int
check_bytes(const char *name, const char *text, const struct fault *fault)
{
	const char *p;

	for (p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return blame_type(fault, name,
			    "without control bytes");
	return 0;
}

static int
check_text(const char *name, const char *text, const struct fault *fault)
{
	if (strlen(text) > CLAIMS_MAX_LENGTH) {
		error_set(fault->error, "its claim %s has %zu bytes, or a word "
		    "of it has, and %d is the most", name, strlen(text),
		    CLAIMS_MAX_LENGTH);
		return blame(fault, REASON_OVER_LIMIT);
	}
	return check_bytes(name, text, fault);
}

/* A string that must be there; borrowed. */
static int
find_text(const struct json *claims, const char *name, const char **text_out,
    const struct fault *fault)
{
	switch (json_find_string(claims, name, text_out)) {
	case JSON_FOUND:
		break;
	case JSON_ABSENT:
		return blame_absence(fault, name);
	case JSON_WRONG_TYPE:
	default:
		return blame_type(fault, name, "a text");
	}
	if (**text_out == '\0')
		return blame_absence(fault, name);
	return check_text(name, *text_out, fault);
}

static int
read_text(const struct json *claims, const char *name, char **text_out,
    const struct fault *fault)
{
	const char *text;

	if (find_text(claims, name, &text, fault) != 0)
		return -1;
	if ((*text_out = strdup(text)) != NULL)
		return 0;
	return blame(fault, REASON_OUT_OF_MEMORY);
}

static int
read_time(const struct json *claims, const char *name, int is_required,
    int64_t *time_out, const struct fault *fault)
{
	int64_t seconds;

	*time_out = FACTS_NO_TIME;
	switch (json_find_seconds(claims, name, &seconds)) {
	case JSON_FOUND:
		*time_out = seconds;
		return 0;
	case JSON_ABSENT:
		return is_required ? blame_absence(fault, name) : 0;
	case JSON_WRONG_TYPE:
	default:
		return blame_type(fault, name,
		    "a whole number of seconds from 0 to 2^53");
	}
}

static int
read_fact(const struct json *claims, const char *name, enum fact *fact_out,
    const struct fault *fault)
{
	int is_true;

	*fact_out = FACT_ABSENT;
	switch (json_find_boolean(claims, name, &is_true)) {
	case JSON_FOUND:
		*fact_out = is_true ? FACT_YES : FACT_NO;
		return 0;
	case JSON_ABSENT:
		return 0;
	case JSON_WRONG_TYPE:
	default:
		return blame_type(fault, name, "true or false");
	}
}

/* Where words of a claim go, and what none of them may have in it: an
 * application that gets them joined must not see two in one. */
struct words {
	const char *name;
	const char *separators;
	size_t max;
	struct word_list *list;
};

static int
add_word(const struct words *words, const char *word,
    const struct fault *fault)
{
	if (word == NULL || *word == '\0')
		return blame_type(fault, words->name, "of texts with "
		    "something in them");
	if (check_text(words->name, word, fault) != 0)
		return -1;
	if (strpbrk(word, words->separators) != NULL)
		return blame_type(fault, words->name, "of words without what "
		    "joins them (a blank, of roles a comma too)");
	if (word_list_add(words->list, word, strlen(word)) == 0)
		return 0;
	return blame(fault, REASON_OUT_OF_MEMORY);
}

static int
add_words(const struct words *words, const struct json *array,
    const struct fault *fault)
{
	size_t i, count = json_array_length(array);

	if (check_count(words->name, count, words->max, fault) != 0)
		return -1;
	for (i = 0; i < count; i++)
		if (add_word(words, json_string_of(json_array_at(array, i)),
		    fault) != 0)
			return -1;
	return 0;
}

/* RFC 7519 section 4.1.3: one string is an array of one. */
static int
read_audience(const struct json *claims, struct word_list *audience,
    const struct fault *fault)
{
	const struct words words = { "aud", "", CLAIMS_MAX_AUDIENCE, audience };
	const struct json *array;
	const char *text;

	switch (json_find_array(claims, "aud", &array)) {
	case JSON_ABSENT:
		return blame_absence(fault, "aud");
	case JSON_FOUND:
		if (json_array_length(array) == 0)
			return blame_absence(fault, "aud");
		return add_words(&words, array, fault);
	case JSON_WRONG_TYPE:
	default:
		if (find_text(claims, "aud", &text, fault) != 0)
			return -1;
		return add_word(&words, text, fault);
	}
}

static int
read_list(const struct json *claims, const struct words *words, int *has_out,
    const struct fault *fault)
{
	const struct json *array;

	switch (json_find_array(claims, words->name, &array)) {
	case JSON_ABSENT:
		return 0;
	case JSON_FOUND:
		*has_out = 1;
		return add_words(words, array, fault);
	case JSON_WRONG_TYPE:
	default:
		return blame_type(fault, words->name, "a list");
	}
}

/* RFC 8693 section 4.2: words joined by spaces. */
static int
read_scopes(const struct json *claims, struct facts *facts,
    const struct fault *fault)
{
	static const char name[] = "scope";
	const struct word_list *scopes = &facts->scopes;
	const char *text;
	size_t i;

	switch (json_find_string(claims, name, &text)) {
	case JSON_ABSENT:
		return 0;
	case JSON_FOUND:
		break;
	case JSON_WRONG_TYPE:
	default:
		return blame_type(fault, name, "a text");
	}
	facts->has_scopes = 1;
	if (check_bytes(name, text, fault) != 0)
		return -1;
	if (word_list_split(&facts->scopes, text, " ") != 0)
		return blame(fault, REASON_OUT_OF_MEMORY);
	if (check_count(name, scopes->count, CLAIMS_MAX_WORDS, fault) != 0)
		return -1;
	for (i = 0; i < scopes->count; i++)
		if (check_text(name, scopes->words[i], fault) != 0)
			return -1;
	return 0;
}

static int
read_all(const struct json *claims, struct facts *facts,
    const struct fault *fault)
{
	const struct words roles = { USER "roles", ", ", CLAIMS_MAX_WORDS,
	    &facts->roles };
	const struct words amr = { "amr", " ", CLAIMS_MAX_WORDS, &facts->amr };

	if (read_text(claims, "iss", &facts->issuer, fault) != 0 ||
	    read_audience(claims, &facts->audience, fault) != 0 ||
	    read_text(claims, "sub", &facts->user_id, fault) != 0 ||
	    read_text(claims, "client_id", &facts->client_id, fault) != 0 ||
	    read_text(claims, "jti", &facts->token_id, fault) != 0 ||
	    read_time(claims, "iat", 1, &facts->issued_at, fault) != 0 ||
	    read_time(claims, "exp", 1, &facts->expires_at, fault) != 0 ||
	    read_time(claims, "nbf", 0, &facts->not_before, fault) != 0 ||
	    read_time(claims, "auth_time", 0, &facts->authenticated_at,
	    fault) != 0 ||
	    read_fact(claims, USER "is_anonymous", &facts->is_anonymous,
	    fault) != 0 ||
	    read_fact(claims, USER "is_verified", &facts->is_verified,
	    fault) != 0 ||
	    read_fact(claims, USER "can_reauthenticate",
	    &facts->can_reauthenticate, fault) != 0 ||
	    read_list(claims, &roles, &facts->has_roles, fault) != 0 ||
	    read_list(claims, &amr, &facts->has_amr, fault) != 0 ||
	    read_scopes(claims, facts, fault) != 0)
		return -1;
	return 0;
}

int
claims_read(struct json *claims, struct facts *facts,
    enum reason *reason_out, struct error *error)
{
	const struct fault fault = { reason_out, error };

	facts_init(facts);
	*reason_out = REASON_MALFORMED;
	if (read_all(claims, facts, &fault) != 0) {
		facts_clear(facts);
		return -1;
	}
	facts->kind = CREDENTIAL_JWT;
	facts->is_client = strncmp(facts->user_id, CLIENT_PREFIX,
	    strlen(CLIENT_PREFIX)) == 0;
	facts->claims = claims;
	return 0;
}

int
claims_check(const struct facts *facts, const char *issuer,
    const struct moment *now, int leeway, enum reason *reason_out)
{
	*reason_out = REASON_WRONG_ISSUER;
	if (facts->issuer == NULL || strcmp(facts->issuer, issuer) != 0)
		return -1;
	*reason_out = REASON_EXPIRED;
	if (facts->expires_at <= now->wall - leeway)
		return -1;
	*reason_out = REASON_NOT_YET_VALID;
	if (facts->issued_at > now->wall + leeway ||
	    facts->not_before > now->wall + leeway)
		return -1;
	return 0;
}
