#include "exchange.h"

#include <stdlib.h>
#include <string.h>

static void
free_secret(char *text)
{
	if (text == NULL)
		return;
	explicit_bzero(text, strlen(text));
	free(text);
}

struct exchange *
exchange_new(const char *url, size_t max_body)
{
	struct exchange *exchange;

	if ((exchange = calloc(1, sizeof(*exchange))) == NULL)
		return NULL;
	if ((exchange->url = strdup(url)) == NULL) {
		free(exchange);
		return NULL;
	}
	exchange->max_body = max_body;
	buffer_init(&exchange->body, max_body);
	return exchange;
}

void
exchange_free(struct exchange *exchange)
{
	size_t i;

	if (exchange == NULL)
		return;
	for (i = 0; i < exchange->header_count; i++) {
		free(exchange->headers[i].name);
		free_secret(exchange->headers[i].value);
	}
	buffer_clear(&exchange->body);
	free(exchange->url);
	free(exchange);
}

int
exchange_add_header(struct exchange *exchange, const char *name,
    const char *value)
{
	struct exchange_header *header;

	if (exchange->header_count == EXCHANGE_MAX_HEADERS ||
	    name[0] == '\0' || strpbrk(name, "\r\n:") != NULL ||
	    strpbrk(value, "\r\n") != NULL)
		return -1;
	header = &exchange->headers[exchange->header_count];
	header->name = strdup(name);
	header->value = strdup(value);
	if (header->name == NULL || header->value == NULL) {
		free(header->name);
		free_secret(header->value);
		header->name = NULL;
		header->value = NULL;
		return -1;
	}
	exchange->header_count++;
	return 0;
}

void
exchange_reset(struct exchange *exchange)
{
	exchange->outcome = EXCHANGE_UNSENT;
	exchange->status = 0;
	buffer_reset(&exchange->body);
	error_clear(&exchange->error);
}
