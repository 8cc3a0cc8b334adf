#include "ground/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What data points to while nothing is allocated; never written to. */
static char empty[1];

void
buffer_init(struct buffer *buffer, size_t limit)
{
	buffer->data = empty;
	buffer->len = 0;
	buffer->capacity = 0;
	buffer->limit = limit;
	buffer->failed = buffer->no_memory = 0;
}

void
buffer_clear(struct buffer *buffer)
{
	if (buffer == NULL)
		return;
	if (buffer->capacity > 0) {
		explicit_bzero(buffer->data, buffer->capacity);
		free(buffer->data);
	}
	buffer_init(buffer, buffer->limit);
}

void
buffer_reset(struct buffer *buffer)
{
	if (buffer->capacity > 0)
		explicit_bzero(buffer->data, buffer->capacity);
	buffer->len = 0;
	buffer->failed = buffer->no_memory = 0;
}

/* Not realloc(): the old bytes may be a credential and have to be wiped. */
static int
grow(struct buffer *buffer, size_t len)
{
	size_t capacity = buffer->capacity > 0 ? buffer->capacity : 256;
	char *data;

	while (capacity <= len) {
		if (capacity > SIZE_MAX / 2)
			return -1;
		capacity *= 2;
	}
	if ((data = malloc(capacity)) == NULL)
		return -1;
	memcpy(data, buffer->data, buffer->len);
	if (buffer->capacity > 0) {
		explicit_bzero(buffer->data, buffer->capacity);
		free(buffer->data);
	}
	buffer->data = data;
	buffer->capacity = capacity;
	return 0;
}

int
buffer_append(struct buffer *buffer, const void *data, size_t len)
{
	if (buffer->failed)
		return -1;
	if (len > buffer->limit - buffer->len)
		goto failed;
	if (buffer->len + len >= buffer->capacity &&
	    grow(buffer, buffer->len + len) == -1) {
		buffer->no_memory = 1;
		goto failed;
	}
	if (len > 0)
		memcpy(buffer->data + buffer->len, data, len);
	buffer->len += len;
	buffer->data[buffer->len] = '\0';
	return 0;
failed:
	buffer->failed = 1;
	return -1;
}

int
buffer_append_string(struct buffer *buffer, const char *string)
{
	return buffer_append(buffer, string, strlen(string));
}

int
buffer_append_format(struct buffer *buffer, const char *format, ...)
{
	char small[256];
	char *text = NULL;
	va_list arguments;
	int len, ret;

	va_start(arguments, format);
	len = vsnprintf(small, sizeof(small), format, arguments);
	va_end(arguments);
	if (len < 0) {
		buffer->failed = 1;
		return -1;
	}
	if ((size_t)len < sizeof(small))
		return buffer_append(buffer, small, (size_t)len);

	va_start(arguments, format);
	len = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (len < 0) {
		buffer->failed = buffer->no_memory = 1;
		return -1;
	}
	ret = buffer_append(buffer, text, (size_t)len);
	explicit_bzero(text, (size_t)len);
	free(text);
	return ret;
}
