/* The claims of a verified access token as facts. */
#include <stdlib.h>
#include <string.h>

#include "facts/claims.h"
#include "ground/json.h"

#define MAX_LENGTH 2048		/* bytes of a claim or of a word of one */
#define MAX_AUDIENCE 16
#define MAX_WORDS 256		/* roles, scopes */
#define CLIENT_PREFIX "client_id_"	/* of the subject of an M2M token */
#define USER "https://authgear.com/claims/user/"

static int
has_control(const char *text)
{
	const char *p;

	for (p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return 1;
	return 0;
}

/* Control bytes never: claims go into headers, environments and logs. */
static int
is_sound(const char *text)
{
	return strlen(text) <= MAX_LENGTH && !has_control(text);
}

/* A string that must be there; borrowed. */
static int
find_text(const struct json *claims, const char *name, const char **text_out,
    enum reason *reason)
{
	*reason = REASON_MALFORMED;
	switch (json_find_string(claims, name, text_out)) {
	case JSON_FOUND:
		break;
	case JSON_ABSENT:
		*reason = REASON_MISSING_CLAIM;
		return -1;
	case JSON_WRONG_TYPE:
	default:
		return -1;
	}
	if (**text_out == '\0') {
		*reason = REASON_MISSING_CLAIM;
		return -1;
	}
	return is_sound(*text_out) ? 0 : -1;
}

static int
read_text(const struct json *claims, const char *name, char **text_out,
    enum reason *reason)
{
	const char *text;

	if (find_text(claims, name, &text, reason) != 0)
		return -1;
	if ((*text_out = strdup(text)) != NULL)
		return 0;
	*reason = REASON_OUT_OF_MEMORY;
	return -1;
}

static int
read_time(const struct json *claims, const char *name, int is_required,
    int64_t *time_out, enum reason *reason)
{
	int64_t seconds;

	*time_out = FACTS_NO_TIME;
	*reason = REASON_MALFORMED;
	switch (json_find_seconds(claims, name, &seconds)) {
	case JSON_FOUND:
		*time_out = seconds;
		return 0;
	case JSON_ABSENT:
		*reason = REASON_MISSING_CLAIM;
		return is_required ? -1 : 0;
	case JSON_WRONG_TYPE:
	default:
		return -1;
	}
}

static int
read_fact(const struct json *claims, const char *name, enum fact *fact_out,
    enum reason *reason)
{
	int is_true;

	*fact_out = FACT_ABSENT;
	*reason = REASON_MALFORMED;
	switch (json_find_boolean(claims, name, &is_true)) {
	case JSON_FOUND:
		*fact_out = is_true ? FACT_YES : FACT_NO;
		return 0;
	case JSON_ABSENT:
		return 0;
	case JSON_WRONG_TYPE:
	default:
		return -1;
	}
}

/* Add a word that holds none of `separators`. */
static int
add_word(struct word_list *list, const char *word, const char *separators,
    enum reason *reason)
{
	*reason = REASON_MALFORMED;
	if (word == NULL || *word == '\0' || !is_sound(word) ||
	    strpbrk(word, separators) != NULL)
		return -1;
	*reason = REASON_OUT_OF_MEMORY;
	return word_list_add(list, word, strlen(word));
}

static int
add_words(struct word_list *list, const struct json *array, size_t max,
    const char *separators, enum reason *reason)
{
	size_t i, count = json_array_length(array);

	*reason = REASON_MALFORMED;
	if (count > max)
		return -1;
	for (i = 0; i < count; i++)
		if (add_word(list, json_string_of(json_array_at(array, i)),
		    separators, reason) != 0)
			return -1;
	return 0;
}

/* RFC 7519 section 4.1.3: one string is an array of one. */
static int
read_audience(const struct json *claims, struct word_list *audience,
    enum reason *reason)
{
	const struct json *array;
	const char *text;

	*reason = REASON_MISSING_CLAIM;
	switch (json_find_array(claims, "aud", &array)) {
	case JSON_ABSENT:
		return -1;
	case JSON_FOUND:
		if (json_array_length(array) == 0)
			return -1;
		return add_words(audience, array, MAX_AUDIENCE, "", reason);
	case JSON_WRONG_TYPE:
	default:
		if (find_text(claims, "aud", &text, reason) != 0)
			return -1;
		return add_word(audience, text, "", reason);
	}
}

/*
 * An array of strings that applications get joined by one of `separators`:
 * one must not be able to look like two.
 */
static int
read_list(const struct json *claims, const char *name,
    const char *separators, struct word_list *list, int *has_out,
    enum reason *reason)
{
	const struct json *array;

	*reason = REASON_MALFORMED;
	switch (json_find_array(claims, name, &array)) {
	case JSON_ABSENT:
		return 0;
	case JSON_FOUND:
		*has_out = 1;
		return add_words(list, array, MAX_WORDS, separators, reason);
	case JSON_WRONG_TYPE:
	default:
		return -1;
	}
}

/* RFC 8693 section 4.2: words joined by spaces. */
static int
read_scopes(const struct json *claims, struct facts *facts,
    enum reason *reason)
{
	const char *text;
	size_t i;

	*reason = REASON_MALFORMED;
	switch (json_find_string(claims, "scope", &text)) {
	case JSON_ABSENT:
		return 0;
	case JSON_FOUND:
		break;
	case JSON_WRONG_TYPE:
	default:
		return -1;
	}
	facts->has_scopes = 1;
	if (has_control(text))
		return -1;
	if (word_list_split(&facts->scopes, text, " ") != 0) {
		*reason = REASON_OUT_OF_MEMORY;
		return -1;
	}
	if (facts->scopes.count > MAX_WORDS)
		return -1;
	for (i = 0; i < facts->scopes.count; i++)
		if (strlen(facts->scopes.words[i]) > MAX_LENGTH)
			return -1;
	return 0;
}

static int
read_all(const struct json *claims, struct facts *facts, enum reason *reason)
{
	if (read_text(claims, "iss", &facts->issuer, reason) != 0 ||
	    read_audience(claims, &facts->audience, reason) != 0 ||
	    read_text(claims, "sub", &facts->user_id, reason) != 0 ||
	    read_text(claims, "client_id", &facts->client_id, reason) != 0 ||
	    read_text(claims, "jti", &facts->token_id, reason) != 0 ||
	    read_time(claims, "iat", 1, &facts->issued_at, reason) != 0 ||
	    read_time(claims, "exp", 1, &facts->expires_at, reason) != 0 ||
	    read_time(claims, "nbf", 0, &facts->not_before, reason) != 0 ||
	    read_time(claims, "auth_time", 0, &facts->authenticated_at,
	    reason) != 0 ||
	    read_fact(claims, USER "is_anonymous", &facts->is_anonymous,
	    reason) != 0 ||
	    read_fact(claims, USER "is_verified", &facts->is_verified,
	    reason) != 0 ||
	    read_fact(claims, USER "can_reauthenticate",
	    &facts->can_reauthenticate, reason) != 0 ||
	    read_list(claims, USER "roles", ", ", &facts->roles,
	    &facts->has_roles, reason) != 0 ||
	    read_list(claims, "amr", " ", &facts->amr, &facts->has_amr,
	    reason) != 0 ||
	    read_scopes(claims, facts, reason) != 0)
		return -1;
	return 0;
}

int
claims_read(struct json *claims, struct facts *facts,
    enum reason *reason_out)
{
	facts_init(facts);
	*reason_out = REASON_MALFORMED;
	if (read_all(claims, facts, reason_out) != 0) {
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
