/* Any answer: a byte of outcome, one of status, then lines whose first byte
 * picks the name of a header.
 * Own files: src/facts/resolver.c src/facts/retry_after.c */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "facts/resolver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fill(struct exchange *exchange, const char *text, size_t size)
{
	static const char *const names[] = {
		"X-Authgear-Session-Valid", "X-Authgear-User-Id",
		"X-Authgear-User-Roles", "X-Authgear-Session-Amr",
		"X-Authgear-User-Anonymous", "X-Authgear-User-Verified",
		"X-Authgear-User-Can-Reauthenticate",
		"X-Authgear-Session-Authenticated-At", "X-Authgear-",
		"Retry-After"
	};
	const char *end, *header;

	while (size > 0) {
		header = names[(unsigned char)text[0] %
		    (sizeof(names) / sizeof(names[0]))];
		text++;
		size--;
		end = memchr(text, '\n', size);
		if (end == NULL)
			end = text + size;
		if (exchange_keep_header(exchange, header, strlen(header),
		    text, (size_t)(end - text)) == -1)
			return;
		size -= (size_t)(end - text);
		text = end;
		if (size > 0) {
			text++;
			size--;
		}
	}
}

static void
check_live(const struct exchange *exchange, const struct facts *facts)
{
	const char *value;
	size_t i;

	assert(exchange->outcome == EXCHANGE_ANSWERED);
	assert(exchange->status == 200 && exchange->body.len == 0);
	assert(exchange_find_kept(exchange, "x-authgear-session-valid",
	    &value) == 1 && strcmp(value, "true") == 0);
	assert(exchange_find_kept(exchange, "x-authgear-user-id",
	    &value) == 1 && strcmp(value, facts->user_id) == 0);
	assert(facts->user_id[0] != '\0' && strlen(facts->user_id) <= 255);
	assert(facts->has_roles && facts->roles.count <= 256);
	for (i = 0; i < facts->roles.count; i++)
		assert(facts->roles.words[i][0] > ' ' &&
		    strpbrk(facts->roles.words[i], ", \t\r\n") == NULL);
	assert(facts->amr.count == 0 || facts->has_amr);
	assert(facts->authenticated_at >= FACTS_NO_TIME);
}

/* What is asked is one credential, in lines that nothing in it can end. */
static void
check_ask(unsigned int kind, const char *text, size_t size)
{
	struct credential credential;
	struct exchange *exchange;
	enum reason reason;
	size_t i;

	if (credential_take(&credential, (enum credential_kind)(kind % 5),
	    text, size, &reason) == -1)
		abort();
	exchange = resolver_ask("http://127.0.0.1/resolve",
	    kind & 8 ? "https://a.example" : "http://localhost:3000", "p_",
	    &credential);
	assert(exchange != NULL || kind % 5 == CREDENTIAL_NONE ||
	    credential.text[strcspn(credential.text, "\r\n")] != '\0');
	for (i = 0; exchange != NULL && i < exchange->header_count; i++)
		assert(strpbrk(exchange->headers[i].value, "\r\n") == NULL);
	exchange_free(exchange);
	credential_clear(&credential);
}

/* Waits are bounded, and no outage is one that Authgear answers. */
static void
check_fault(const struct exchange *exchange)
{
	const int64_t wait = resolver_wait_ms(exchange, 1800000000);

	assert(wait >= 0 && wait <= RESOLVER_MAX_WAIT_MS);
	assert(wait == 0 || exchange->status == 429 ||
	    exchange->status == 503);
	if (resolver_is_authgear(exchange))
		assert(exchange->status == 200 && exchange->body.len == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = { 200, 200, 429, 204, 302, 404, 500,
	    503 };
	struct exchange *exchange = exchange_new("http://a/", 16);
	struct error error = { "" };
	struct facts facts;

	if (exchange == NULL || size < 2)
		goto done;
	exchange->outcome = data[0] < 250 ? EXCHANGE_ANSWERED :
	    (enum exchange_outcome)(data[0] % 4);
	exchange->status = statuses[data[1] % 8];
	if (data[1] == 255)
		(void)buffer_append_string(&exchange->body, "x");
	fill(exchange, (const char *)data + 2, size - 2);
	check_ask(data[0], (const char *)data + 2, strnlen((const char *)data +
	    2, size - 2));
	check_fault(exchange);
	facts_init(&facts);
	switch (resolver_read(exchange, &facts, &error)) {
	case RESOLVER_LIVE:
		check_live(exchange, &facts);
		assert(error.text[0] == '\0');
		break;
	case RESOLVER_NOT_LIVE:
	case RESOLVER_ABSENT:
		assert(exchange->status == 200 && error.text[0] == '\0');
		assert(facts.user_id == NULL);
		break;
	case RESOLVER_LOCAL_FAULT:
	case RESOLVER_FAULT:
	case RESOLVER_SERVER_ERROR:
	case RESOLVER_UNREACHABLE:
		assert(facts.user_id == NULL && facts.roles.count == 0);
		assert(error.text[0] != '\0');
		break;
	}
	facts_clear(&facts);
done:
	exchange_free(exchange);
	return 0;
}
