#include "ground/exchange.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void
free_secret(char *text)
{
	if (text == NULL)
		return;
	explicit_bzero(text, strlen(text));
	free(text);
}

static void
clear_header(struct exchange_header *header)
{
	free(header->name);
	free_secret(header->value);
	header->name = NULL;
	header->value = NULL;
}

static void
drop_kept(struct exchange *exchange)
{
	while (exchange->kept_count > 0)
		clear_header(&exchange->kept[--exchange->kept_count]);
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
	memcpy(exchange->method, "GET", sizeof("GET"));
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
	for (i = 0; i < exchange->header_count; i++)
		clear_header(&exchange->headers[i]);
	drop_kept(exchange);
	buffer_clear(&exchange->body);
	free(exchange->url);
	free(exchange);
}

int
exchange_set_method(struct exchange *exchange, const char *method)
{
	size_t len = strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	if (len == 0 || len > EXCHANGE_MAX_METHOD || method[len] != '\0')
		return -1;
	memcpy(exchange->method, method, len + 1);
	return 0;
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
		clear_header(header);
		return -1;
	}
	exchange->header_count++;
	return 0;
}

int
exchange_keep_header(struct exchange *exchange, const char *name,
    size_t name_len, const char *value, size_t value_len)
{
	struct exchange_header *header;

	if (exchange->kept_count == EXCHANGE_MAX_KEPT)
		return -1;
	header = &exchange->kept[exchange->kept_count];
	header->name = strndup(name, name_len);
	header->value = strndup(value, value_len);
	if (header->name == NULL || header->value == NULL) {
		clear_header(header);
		return -1;
	}
	exchange->kept_count++;
	return 0;
}

size_t
exchange_find_kept(const struct exchange *exchange, const char *name,
    const char **value_out)
{
	size_t i, count = 0;

	*value_out = NULL;
	for (i = 0; i < exchange->kept_count; i++) {
		if (strcasecmp(exchange->kept[i].name, name) != 0)
			continue;
		if (count++ == 0)
			*value_out = exchange->kept[i].value;
	}
	return count;
}

void
exchange_reset(struct exchange *exchange)
{
	exchange->outcome = EXCHANGE_UNSENT;
	exchange->was_closed = 0;
	exchange->no_memory = 0;
	exchange->status = 0;
	drop_kept(exchange);
	buffer_reset(&exchange->body);
	error_clear(&exchange->error);
}
