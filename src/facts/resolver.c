/* What Authgear's resolver is asked, and what its answer means. */
#include "facts/resolver.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "facts/retry_after.h"
#include "ground/json.h"

#define PREFIX "X-Authgear-"
#define MAX_REQUEST_VALUE (64 * 1024)	/* bytes of a header we send */

static const char session_valid[] = PREFIX "Session-Valid";
static const char session_amr[] = PREFIX "Session-Amr";
static const char authenticated_at[] = PREFIX "Session-Authenticated-At";
static const char user_id[] = PREFIX "User-Id";
static const char user_roles[] = PREFIX "User-Roles";
static const char user_anonymous[] = PREFIX "User-Anonymous";
static const char user_verified[] = PREFIX "User-Verified";
static const char can_reauthenticate[] = PREFIX "User-Can-Reauthenticate";

/* A header made of parts, one of which may be the credential. */
static int
add_joined(struct exchange *exchange, const char *name, const char *before,
    const char *middle, const char *after)
{
	struct buffer value;
	int ret = -1;

	buffer_init(&value, MAX_REQUEST_VALUE);
	if (buffer_append_string(&value, before) == 0 &&
	    buffer_append_string(&value, middle) == 0 &&
	    buffer_append_string(&value, after) == 0)
		ret = exchange_add_header(exchange, name, value.data);
	buffer_clear(&value);
	return ret;
}

static int
add_credential(struct exchange *exchange, const char *cookie_prefix,
    const struct credential *credential)
{
	switch (credential->kind) {
	case CREDENTIAL_JWT:
	case CREDENTIAL_OPAQUE_TOKEN:
		return add_joined(exchange, "Authorization", "Bearer ", "",
		    credential->text);
	case CREDENTIAL_APP_SESSION:
		return add_joined(exchange, "Cookie", cookie_prefix,
		    "app_session=", credential->text);
	case CREDENTIAL_SESSION_COOKIE:
		return add_joined(exchange, "Cookie", cookie_prefix,
		    "session=", credential->text);
	case CREDENTIAL_NONE:
	default:
		return -1;
	}
}

/* The project is found by its host and its origin compared with a JWT's
 * audience: both must be those of the endpoint, wherever `url` leads. */
static int
add_site(struct exchange *exchange, const char *endpoint)
{
	const char *colon = strstr(endpoint, "://");
	char scheme[sizeof("https")];
	size_t len;

	if (colon == NULL || (len = (size_t)(colon - endpoint)) >=
	    sizeof(scheme))
		return -1;
	memcpy(scheme, endpoint, len);
	scheme[len] = '\0';
	if (exchange_add_header(exchange, "Host", colon + 3) == -1 ||
	    exchange_add_header(exchange, "X-Forwarded-Host",
	    colon + 3) == -1)
		return -1;
	return exchange_add_header(exchange, "X-Forwarded-Proto", scheme);
}

struct exchange *
resolver_ask(const char *url, const char *endpoint, const char *cookie_prefix,
    const struct credential *credential)
{
	struct exchange *exchange;

	if (credential->kind == CREDENTIAL_NONE || credential->text == NULL)
		return NULL;
	if ((exchange = exchange_new(url, RESOLVER_MAX_BODY)) == NULL)
		return NULL;
	exchange->keep[0] = "x-authgear-";
	exchange->keep[1] = "retry-after";
	exchange->body_of = 200;
	if (add_site(exchange, endpoint) == 0 &&
	    exchange_add_header(exchange, "Accept", "*/*") == 0 &&
	    add_credential(exchange, cookie_prefix, credential) == 0)
		return exchange;
	exchange_free(exchange);
	return NULL;
}

/* One character of visible ASCII or more. */
static int
is_visible(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (text[i] < '!' || text[i] > '~')
			return 0;
	return len >= 1;
}

/* Of two headers of one name, who could say which holds? */
static int
check_once(const struct exchange *exchange, struct error *error)
{
	const char *name, *ignored;
	size_t i;

	for (i = 0; i < exchange->kept_count; i++) {
		name = exchange->kept[i].name;
		if (strncasecmp(name, PREFIX, strlen(PREFIX)) != 0 ||
		    exchange_find_kept(exchange, name, &ignored) == 1)
			continue;
		error_set(error, "the resolver answers with two %.64s", name);
		return -1;
	}
	return 0;
}

/* The value, NULL if it is not told. */
static const char *
find(const struct exchange *exchange, const char *name)
{
	const char *value;

	(void)exchange_find_kept(exchange, name, &value);
	return value;
}

static int
refuse(const char *name, struct error *error)
{
	error_set(error, "the resolver answers with a malformed %s", name);
	return -1;
}

/* Authgear's, but more than is taken here. */
static int
refuse_more(const char *name, int max, const char *what, struct error *error)
{
	error_set(error, "the resolver answers with a %s of over %d %s", name,
	    max, what);
	return -1;
}

static int
no_memory(struct error *error)
{
	error_set(error, "the resolver's answer: out of memory");
	return -1;
}

static int
read_fact(const struct exchange *exchange, const char *name,
    enum fact *fact_out, struct error *error)
{
	const char *value = find(exchange, name);

	*fact_out = FACT_ABSENT;
	if (value == NULL)
		return 0;
	if (strcmp(value, "true") == 0)
		*fact_out = FACT_YES;
	else if (strcmp(value, "false") == 0)
		*fact_out = FACT_NO;
	else
		return refuse(name, error);
	return 0;
}

static int
read_user_id(const struct exchange *exchange, char **user_id_out,
    struct error *error)
{
	const char *value = find(exchange, user_id);

	if (value == NULL) {
		error_set(error, "the resolver answers with a session but no "
		    "%s", user_id);
		return -1;
	}
	if (!is_visible(value, strlen(value)))
		return refuse(user_id, error);
	if (strlen(value) > RESOLVER_MAX_USER_ID)
		return refuse_more(user_id, RESOLVER_MAX_USER_ID, "characters",
		    error);
	if ((*user_id_out = strdup(value)) == NULL)
		return no_memory(error);
	return 0;
}

/* Unix seconds as Authgear writes them: no sign, no zero in front. */
static int
read_time(const struct exchange *exchange, int64_t *time_out,
    struct error *error)
{
	const char *value = find(exchange, authenticated_at);
	int64_t seconds = 0;
	size_t len, i;

	if (value == NULL)
		return 0;
	len = strlen(value);
	if (len == 0 || len > 16 || strspn(value, "0123456789") != len ||
	    (value[0] == '0' && len > 1))
		return refuse(authenticated_at, error);
	for (i = 0; i < len; i++)
		seconds = seconds * 10 + (value[i] - '0');
	if (seconds > JSON_MAX_SECONDS)
		return refuse(authenticated_at, error);
	*time_out = seconds;
	return 0;
}

/* Words with exactly one separator between two of them. */
static int
read_words(const char *name, const char *value, const char *separator,
    struct word_list *list, struct error *error)
{
	size_t len;

	for (;;) {
		len = strcspn(value, separator);
		if (!is_visible(value, len))
			return refuse(name, error);
		if (len > RESOLVER_MAX_WORD)
			return refuse_more(name, RESOLVER_MAX_WORD,
			    "characters in a word", error);
		if (list->count == RESOLVER_MAX_WORDS)
			return refuse_more(name, RESOLVER_MAX_WORDS, "words",
			    error);
		if (word_list_add(list, value, len) == -1)
			return no_memory(error);
		if (value[len] == '\0')
			return 0;
		value += len + 1;
	}
}

static int
read_roles(const struct exchange *exchange, struct facts *facts,
    struct error *error)
{
	const char *value = find(exchange, user_roles);

	facts->has_roles = 1;	/* the header is left out when there are none */
	if (value == NULL)
		return 0;
	return read_words(user_roles, value, ",", &facts->roles, error);
}

static int
read_amr(const struct exchange *exchange, struct facts *facts,
    struct error *error)
{
	const char *value = find(exchange, session_amr);

	if (value == NULL)
		return 0;
	facts->has_amr = 1;
	if (value[0] == '\0')
		return 0;
	return read_words(session_amr, value, " ", &facts->amr, error);
}

static enum resolver_answer
read_live(const struct exchange *exchange, struct facts *facts,
    struct error *error)
{
	if (read_user_id(exchange, &facts->user_id, error) == 0 &&
	    read_fact(exchange, user_anonymous, &facts->is_anonymous,
	    error) == 0 &&
	    read_fact(exchange, user_verified, &facts->is_verified,
	    error) == 0 &&
	    read_fact(exchange, can_reauthenticate,
	    &facts->can_reauthenticate, error) == 0 &&
	    read_time(exchange, &facts->authenticated_at, error) == 0 &&
	    read_roles(exchange, facts, error) == 0 &&
	    read_amr(exchange, facts, error) == 0)
		return RESOLVER_LIVE;
	facts_clear(facts);
	return RESOLVER_FAULT;
}

/* Facts of nobody: whoever sends them does not follow the contract. */
static int
check_no_facts(const struct exchange *exchange, struct error *error)
{
	static const char *const names[] = {
		session_amr, authenticated_at, user_id, user_roles,
		user_anonymous, user_verified, can_reauthenticate
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (find(exchange, names[i]) == NULL)
			continue;
		error_set(error, "the resolver answers with %s but no live "
		    "session", names[i]);
		return -1;
	}
	return 0;
}

static enum resolver_answer
read_headers(const struct exchange *exchange, struct facts *facts,
    struct error *error)
{
	const char *value;

	if (check_once(exchange, error) == -1)
		return RESOLVER_FAULT;
	value = find(exchange, session_valid);
	if (value != NULL && strcmp(value, "true") == 0)
		return read_live(exchange, facts, error);
	if (value != NULL && strcmp(value, "false") != 0) {
		(void)refuse(session_valid, error);
		return RESOLVER_FAULT;
	}
	if (check_no_facts(exchange, error) == -1)
		return RESOLVER_FAULT;
	return value != NULL ? RESOLVER_NOT_LIVE : RESOLVER_ABSENT;
}

enum resolver_answer
resolver_read(const struct exchange *exchange, struct facts *facts,
    struct error *error)
{
	if (exchange->outcome != EXCHANGE_ANSWERED)
		error_set(error, "%s", error_text(&exchange->error));
	if (exchange->outcome == EXCHANGE_UNREACHABLE)
		return RESOLVER_UNREACHABLE;
	if (exchange->outcome == EXCHANGE_LOCAL_FAULT)
		return RESOLVER_LOCAL_FAULT;
	if (exchange->outcome != EXCHANGE_ANSWERED)
		return RESOLVER_FAULT;
	if (exchange->status >= 500 && exchange->status <= 599) {
		error_set(error, "the resolver answers with status %d",
		    exchange->status);
		return RESOLVER_SERVER_ERROR;
	}
	if (exchange->status != 200) {
		error_set(error, "the resolver answers with status %d%s",
		    exchange->status, exchange->status == 429 ? ": it, or "
		    "something in front of it, limits how often it is asked" :
		    "; is resolver_url its address?");
		return RESOLVER_FAULT;
	}
	if (exchange->body.len == 0)
		return read_headers(exchange, facts, error);
	error_set(error, "the resolver answers with a body; is resolver_url "
	    "its address?");
	return RESOLVER_FAULT;
}

int
resolver_is_authgear(const struct exchange *exchange)
{
	const char *value;

	return exchange->outcome == EXCHANGE_ANSWERED &&
	    exchange->status == 200 && exchange->body.len == 0 &&
	    exchange_find_kept(exchange, session_valid, &value) == 1 &&
	    (strcmp(value, "true") == 0 || strcmp(value, "false") == 0);
}

int64_t
resolver_wait_ms(const struct exchange *exchange, int64_t wall)
{
	const char *value;
	int64_t seconds;

	if (exchange->outcome != EXCHANGE_ANSWERED ||
	    (exchange->status != 429 && exchange->status != 503) ||
	    exchange_find_kept(exchange, "Retry-After", &value) != 1)
		return 0;
	seconds = retry_after_read(value, wall);
	if (seconds <= 0)
		return 0;
	return seconds < RESOLVER_MAX_WAIT_MS / 1000 ? seconds * 1000 :
	    RESOLVER_MAX_WAIT_MS;
}
