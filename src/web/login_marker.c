#include "web/login_marker.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NONCE_LEN (LOGIN_NONCE_SIZE - 1)
#define TIME_DIGITS 12

/* The nonce that a text begins with; what follows it, or NULL. */
static const char *
read_nonce(const char *text, struct login_marker *marker)
{
	if (strspn(text, "0123456789abcdef") != NONCE_LEN)
		return NULL;
	memcpy(marker->nonce, text, NONCE_LEN);
	marker->nonce[NONCE_LEN] = '\0';
	return text + NONCE_LEN;
}

/* "." and the rounds; what follows them, or NULL. */
static const char *
read_rounds(const char *text, struct login_marker *marker)
{
	if (text[0] != '.' || text[1] < '0' ||
	    text[1] > '0' + LOGIN_ROUNDS_MAX)
		return NULL;
	marker->rounds = text[1] - '0';
	return text + 2;
}

/* "." and a time; what follows it, or NULL. */
static const char *
read_time(const char *text, int64_t *then)
{
	const size_t digits = text[0] == '.' ?
	    strspn(text + 1, "0123456789") : 0;
	size_t i;

	if (digits == 0 || digits > TIME_DIGITS)
		return NULL;
	*then = 0;
	for (i = 1; i <= digits; i++)
		*then = *then * 10 + (text[i] - '0');
	return text + 1 + digits;
}

/* --- in `state` */

void
login_marker_tail(const struct login_marker *marker, int is_https,
    char tail[LOGIN_TAIL_SIZE])
{
	(void)snprintf(tail, LOGIN_TAIL_SIZE, "#%c%.16s.%c",
	    is_https ? 's' : 'p', marker->nonce, '0' + marker->rounds);
}

int
login_marker_cut(char *state, struct login_marker *marker, int *is_https)
{
	char *tail = strchr(state, '#');
	const char *at;

	if (tail == NULL || (tail[1] != 's' && tail[1] != 'p') ||
	    (at = read_nonce(tail + 2, marker)) == NULL ||
	    (at = read_rounds(at, marker)) == NULL || *at != '\0')
		return -1;
	*is_https = tail[1] == 's';
	tail[0] = '\0';
	return 0;
}

/* --- in a cookie */

static const char *
cookie_name(int is_https)
{
	return is_https ? "__Host-" LOGIN_MARKER : LOGIN_MARKER;
}

void
login_marker_cookie(const struct login_marker *marker, int is_https,
    int64_t now, char cookie[LOGIN_COOKIE_SIZE])
{
	(void)snprintf(cookie, LOGIN_COOKIE_SIZE, "%s=%s.%" PRId64 ".%d; "
	    "Max-Age=%d; Path=/; %sHttpOnly; SameSite=Lax",
	    cookie_name(is_https), marker->nonce, now, marker->rounds,
	    LOGIN_MARKER_SECONDS, is_https ? "Secure; " : "");
}

/* The whole value of one cookie; 1 if it is a marker that counts. */
static int
read_value(const char *text, int64_t now, struct login_marker *marker)
{
	const char *at;
	int64_t then;

	if ((at = read_nonce(text, marker)) == NULL ||
	    (at = read_time(at, &then)) == NULL ||
	    (at = read_rounds(at, marker)) == NULL)
		return 0;
	at += strspn(at, " \t");
	return (*at == '\0' || *at == ';' || *at == ',') &&
	    then >= now - LOGIN_MARKER_SECONDS &&
	    then <= now + LOGIN_MARKER_AHEAD;
}

size_t
login_marker_read(const char *cookies, int is_https, int64_t now,
    struct login_marker *markers, size_t max)
{
	const char *name = cookie_name(is_https), *at = cookies;
	const size_t len = strlen(name);
	size_t count = 0;

	while (count < max) {
		at += strspn(at, " \t");
		if (strncmp(at, name, len) == 0 && at[len] == '=' &&
		    read_value(at + len + 1, now, &markers[count]))
			count++;
		at += strcspn(at, ";,");
		if (*at++ == '\0')
			break;
	}
	return count;
}
