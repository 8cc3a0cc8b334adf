#include "config.h"

#include "resolver.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"

#define MAX_USER_ID 255		/* bytes; a UUID at Authgear */
#define MAX_WORD 100		/* bytes of a role or method */
#define MAX_WORDS 256

static int
add(struct exchange *exchange, const char *name, const char *begin,
    const char *a, const char *b, const char *c)
{
	struct buffer value;
	int ret = -1;

	buffer_init(&value, 128 * 1024);
	(void)buffer_append_format(&value, "%s%s%s%s", begin, a, b, c);
	if (!value.failed)
		ret = exchange_add_header(exchange, name, value.data);
	buffer_clear(&value);
	return ret;
}

static int
add_credential(struct exchange *exchange, const char *prefix,
    const struct credential *credential)
{
	switch (credential->kind) {
	case CREDENTIAL_JWT:
	case CREDENTIAL_OPAQUE_TOKEN:
		return add(exchange, "Authorization", "Bearer ",
		    credential->text, "", "");
	case CREDENTIAL_APP_SESSION:
		return add(exchange, "Cookie", prefix, "app_session", "=",
		    credential->text);
	case CREDENTIAL_SESSION_COOKIE:
		return add(exchange, "Cookie", prefix, "session", "=",
		    credential->text);
	case CREDENTIAL_NONE:
	default:
		return -1;
	}
}

struct exchange *
resolver_ask(const char *url, const char *endpoint,
    const char *cookie_prefix, const struct credential *credential)
{
	const char *host = strstr(endpoint, "://");
	struct exchange *exchange = exchange_new(url, RESOLVER_MAX_BODY);
	char scheme[8] = "";

	if (exchange == NULL || host == NULL ||
	    (size_t)(host - endpoint) >= sizeof(scheme))
		goto failed;
	memcpy(scheme, endpoint, (size_t)(host - endpoint));
	host += 3;
	exchange->keep = "x-authgear-";
	if (add(exchange, "Host", "", host, "", "") == 0 &&
	    add(exchange, "X-Forwarded-Host", "", host, "", "") == 0 &&
	    add(exchange, "X-Forwarded-Proto", "", scheme, "", "") == 0 &&
	    add(exchange, "Accept", "", "*/*", "", "") == 0 &&
	    add_credential(exchange, cookie_prefix, credential) == 0)
		return exchange;
failed:
	exchange_free(exchange);
	return NULL;
}

/* One of ours that occurs at most once: 1, 0 if absent, -1 twice. */
static int
find(const struct exchange *exchange, const char *name,
    const char **value_out, struct error *error)
{
	size_t count = exchange_find_kept(exchange, name, value_out);

	if (count > 1)
		error_set(error, "the resolver sends %s twice", name);
	return count > 1 ? -1 : (int)count;
}

static int
no_header_twice(const struct exchange *exchange, struct error *error)
{
	const char *value;
	size_t i;

	for (i = 0; i < exchange->kept_count; i++)
		if (find(exchange, exchange->kept[i].name, &value, error) ==
		    -1)
			return -1;
	return 0;
}

static int
is_visible(const char *text, size_t max)
{
	size_t i, len = strlen(text);

	for (i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] >= 0x7f)
			return 0;
	return len > 0 && len <= max;
}

static int
read_fact(const struct exchange *exchange, const char *name, enum fact *out,
    struct error *error)
{
	const char *value;

	if (exchange_find_kept(exchange, name, &value) == 0)
		return 0;
	if (strcmp(value, "true") == 0)
		*out = FACT_YES;
	else if (strcmp(value, "false") == 0)
		*out = FACT_NO;
	else {
		error_set(error, "the resolver's %s is neither true nor false",
		    name);
		return -1;
	}
	return 0;
}

/* Words between single separators; an empty value has none. */
static int
read_words(const struct exchange *exchange, const char *name, char separator,
    struct word_list *list, struct error *error)
{
	char word[MAX_WORD + 1];
	const char *value, *end;
	size_t len;

	if (exchange_find_kept(exchange, name, &value) == 0 ||
	    value[0] == '\0')
		return 0;
	for (;; value = end + 1) {
		end = strchr(value, separator);
		len = end != NULL ? (size_t)(end - value) : strlen(value);
		if (len > MAX_WORD || list->count == MAX_WORDS)
			break;
		memcpy(word, value, len);
		word[len] = '\0';
		if (!is_visible(word, MAX_WORD) ||
		    word_list_add(list, word, len) == -1)
			break;
		if (end == NULL)
			return 0;
	}
	error_set(error, "the resolver's %s is malformed or too long", name);
	return -1;
}

static int
read_time(const struct exchange *exchange, int64_t *out, struct error *error)
{
	static const char name[] = "X-Authgear-Session-Authenticated-At";
	const char *value;

	if (exchange_find_kept(exchange, name, &value) == 0)
		return 0;
	if (strlen(value) < 1 || strlen(value) > 15 ||
	    strspn(value, "0123456789") != strlen(value)) {
		error_set(error, "the resolver's %s is no time", name);
		return -1;
	}
	*out = strtoll(value, NULL, 10);
	return 0;
}

static int
read_live(const struct exchange *exchange, struct facts *facts,
    struct error *error)
{
	const char *user_id;

	if (find(exchange, "X-Authgear-User-Id", &user_id, error) != 1 ||
	    !is_visible(user_id, MAX_USER_ID)) {
		error_set(error, "the resolver names no user, or none that can "
		    "be");
		return -1;
	}
	if (read_fact(exchange, "X-Authgear-User-Anonymous",
	    &facts->is_anonymous, error) == -1 ||
	    read_fact(exchange, "X-Authgear-User-Verified",
	    &facts->is_verified, error) == -1 ||
	    read_fact(exchange, "X-Authgear-User-Can-Reauthenticate",
	    &facts->can_reauthenticate, error) == -1 ||
	    read_words(exchange, "X-Authgear-User-Roles", ',', &facts->roles,
	    error) == -1 ||
	    read_words(exchange, "X-Authgear-Session-Amr", ' ', &facts->amr,
	    error) == -1 ||
	    read_time(exchange, &facts->authenticated_at, error) == -1)
		return -1;
	facts->has_roles = 1;
	facts->has_amr = 1;
	facts->user_id = strdup(user_id);
	if (facts->user_id != NULL)
		return 0;
	error_set(error, "out of memory");
	return -1;
}

static enum resolver_answer
read_200(const struct exchange *exchange, struct facts *facts,
    struct error *error)
{
	static const char name[] = "X-Authgear-Session-Valid";
	const char *value;

	if (exchange->body.len > 0) {
		error_set(error, "an answer with a body, which the resolver "
		    "never sends: is resolver_url right?");
		return RESOLVER_FAULT;
	}
	if (no_header_twice(exchange, error) == -1)
		return RESOLVER_FAULT;
	if (find(exchange, name, &value, error) == 0) {
		if (exchange->kept_count == 0)
			return RESOLVER_ABSENT;
		error_set(error, "facts without %s", name);
		return RESOLVER_FAULT;
	}
	if (strcmp(value, "true") == 0) {
		if (read_live(exchange, facts, error) == 0)
			return RESOLVER_LIVE;
		facts_clear(facts);
		return RESOLVER_FAULT;
	}
	if (strcmp(value, "false") == 0 && exchange->kept_count == 1)
		return RESOLVER_NOT_LIVE;
	error_set(error, "the resolver's %s is neither true nor false, or has "
	    "facts beside it", name);
	return RESOLVER_FAULT;
}

enum resolver_answer
resolver_read(const struct exchange *exchange, struct facts *facts,
    struct error *error)
{
	switch (exchange->outcome) {
	case EXCHANGE_ANSWERED:
		break;
	case EXCHANGE_FAULTY:
		error_set(error, "%s", error_text(&exchange->error));
		return RESOLVER_FAULT;
	case EXCHANGE_UNREACHABLE:
	case EXCHANGE_UNSENT:
	default:
		error_set(error, "%s", exchange->error.text[0] != '\0' ?
		    exchange->error.text : "no answer in time");
		return RESOLVER_UNREACHABLE;
	}
	if (exchange->status == 200)
		return read_200(exchange, facts, error);
	error_set(error, "%s: HTTP status %d", exchange->url,
	    exchange->status);
	return exchange->status >= 500 && exchange->status <= 599 ?
	    RESOLVER_SERVER_ERROR : RESOLVER_FAULT;
}
