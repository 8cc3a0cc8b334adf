/* A Cookie header and a query at login_return: first byte of the input a
 * choice, then the text.
 * Own files: fcgi/login_return.c src/web/login_marker.c */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/login_return.h"
#include "web/login.h"

#define NOW 1800000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_marker(const struct login_marker *marker)
{
	assert(strlen(marker->nonce) == LOGIN_NONCE_SIZE - 1);
	assert(strspn(marker->nonce, "0123456789abcdef") ==
	    LOGIN_NONCE_SIZE - 1);
	assert(marker->rounds >= 0 && marker->rounds <= LOGIN_ROUNDS_MAX);
}

static void
check_cookies(const char *text, int is_https)
{
	struct login_marker markers[LOGIN_MARKERS_MAX];
	size_t count, i;

	count = login_marker_read(text, is_https, NOW, markers,
	    LOGIN_MARKERS_MAX);
	assert(count <= LOGIN_MARKERS_MAX);
	for (i = 0; i < count; i++)
		check_marker(&markers[i]);
}

static void
check_state(char *text)
{
	struct login_marker marker;
	char tail[LOGIN_TAIL_SIZE];
	char *before = strdup(text);
	int is_https;

	if (before == NULL)
		abort();
	if (login_marker_cut(text, &marker, &is_https) == 0) {
		check_marker(&marker);
		login_marker_tail(&marker, is_https, tail);
		assert(strlen(text) + strlen(tail) == strlen(before));
		assert(strcmp(before + strlen(text), tail) == 0);
	} else {
		assert(strcmp(before, text) == 0);
	}
	free(before);
}

/* One path of this site, one line each. */
static void
check_return(const char *text)
{
	char method[] = "REQUEST_METHOD=GET", *query;
	char *params[3] = { method, NULL, NULL };
	const char *location;
	struct reply reply;

	query = malloc(strlen(text) + sizeof("QUERY_STRING="));
	if (query == NULL)
		abort();
	strcpy(query, "QUERY_STRING=");
	strcat(query, text);
	params[1] = query;
	login_return_reply(&reply, params, NOW);
	assert(strncmp(reply.text, "Status: 303", 11) == 0 ||
	    strncmp(reply.text, "Status: 403", 11) == 0);
	location = strstr(reply.text, "\r\nLocation: ");
	if (location != NULL) {
		location += strlen("\r\nLocation: ");
		assert(location[0] == '/' && location[1] != '/' &&
		    location[1] != '\\');
		assert(strcspn(location, "\r\n") < LOGIN_PATH_MAX);
	}
	free(query);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size == 0)
		return 0;
	text = malloc(size);
	if (text == NULL)
		abort();
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (data[0] % 4 < 2)
		check_cookies(text, data[0] % 4);
	else if (data[0] % 4 == 2)
		check_state(text);
	else
		check_return(text);
	free(text);
	return 0;
}
