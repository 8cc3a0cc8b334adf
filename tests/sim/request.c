#include "live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *
sim_header(const struct sim_request *request, const char *name)
{
	const json_t *pair;
	const char *has;
	size_t i;

	json_array_foreach(request->headers, i, pair) {
		has = json_string_value(json_array_get(pair, 0));
		if (has != NULL && strcasecmp(has, name) == 0)
			return json_string_value(json_array_get(pair, 1));
	}
	return NULL;
}

/* The part of a list before its first comma; "" if the header is not. */
static void
first_of(const struct sim_request *request, const char *name, char *out,
    size_t size)
{
	const char *text = sim_header(request, name);
	size_t len;

	out[0] = '\0';
	if (text == NULL)
		return;
	text += strspn(text, " \t");
	len = strcspn(text, ",");
	while (len > 0 && strchr(" \t", text[len - 1]) != NULL)
		len--;
	snprintf(out, size, "%.*s", (int)len, text);
}

static void
read_origin(struct sim *sim, const struct sim_request *request,
    struct sim_credentials *credentials)
{
	const char *own, *proto = NULL;
	char host[300] = "";
	size_t len;
	int trust;

	pthread_mutex_lock(&sim->live->lock);
	trust = sim_flag(sim->live->settings, "trust_proxy", 1);
	pthread_mutex_unlock(&sim->live->lock);
	if (trust) {
		first_of(request, "X-Forwarded-Host", host, sizeof(host));
		if (host[0] == '\0')
			first_of(request, "X-Original-Host", host,
			    sizeof(host));
		proto = sim_header(request, "X-Forwarded-Proto");
		if (proto == NULL || proto[0] == '\0')
			proto = sim_header(request, "X-Original-Proto");
	}
	if (host[0] == '\0' && (own = sim_header(request, "Host")) != NULL)
		snprintf(host, sizeof(host), "%s", own);
	if (proto == NULL || proto[0] == '\0')
		proto = sim->tls ? "https" : "http";
	snprintf(credentials->origin, sizeof(credentials->origin),
	    "%.200s://%s", proto, host);
	len = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	snprintf(credentials->host, sizeof(credentials->host), "%.*s",
	    (int)len, host);
}

static char *
read_bearer(const struct sim_request *request)
{
	const char *text = sim_header(request, "Authorization");
	const char *space;
	size_t len;

	if (text == NULL)
		return NULL;
	text += strspn(text, " \t");
	len = strlen(text);
	while (len > 0 && strchr(" \t", text[len - 1]) != NULL)
		len--;
	space = memchr(text, ' ', len);
	if (space == NULL || space - text != 6 ||
	    strncasecmp(text, "bearer", 6) != 0)
		return NULL;
	return strndup(space + 1, len - 7);
}

static int
is_cookie_byte(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != ';' && c != '\\';
}

/* The value of one cookie, to be freed; NULL if it is none by Go's rules. */
static char *
cookie_value(const char *text, size_t len)
{
	size_t i;

	if (len > 1 && text[0] == '"' && text[len - 1] == '"') {
		text++;
		len -= 2;
	}
	for (i = 0; i < len; i++) {
		if (!is_cookie_byte((unsigned char)text[i]))
			return NULL;
	}
	return strndup(text, len);
}

static char *
cookie_in(const char *line, const char *name)
{
	size_t len, name_len = strlen(name);
	char *value;

	for (; *line != '\0'; line += len + (line[len] == ';')) {
		len = strspn(line, " \t");
		line += len;
		len = strcspn(line, ";");
		if (strncmp(line, name, name_len) != 0 ||
		    line[name_len] != '=')
			continue;
		name_len++;
		while (len > name_len && strchr(" \t", line[len - 1]) != NULL)
			len--;
		value = cookie_value(line + name_len, len - name_len);
		name_len--;
		if (value != NULL)
			return value;
		len = strcspn(line, ";");
	}
	return NULL;
}

/* The first cookie `prefix` `name` of all lines; to be freed. */
static char *
read_cookie(const struct sim_request *request, const char *prefix,
    const char *name)
{
	const json_t *pair;
	const char *header;
	char *value = NULL;
	char whole[120];
	size_t i;

	snprintf(whole, sizeof(whole), "%s%s", prefix, name);
	json_array_foreach(request->headers, i, pair) {
		header = json_string_value(json_array_get(pair, 0));
		if (header == NULL || strcasecmp(header, "Cookie") != 0)
			continue;
		value = cookie_in(json_string_value(json_array_get(pair, 1)),
		    whole);
		if (value != NULL)
			break;
	}
	return value;
}

void
sim_credentials_read(struct sim *sim, const struct sim_request *request,
    struct sim_credentials *credentials)
{
	const char *setting;
	char prefix[80] = "";

	memset(credentials, 0, sizeof(*credentials));
	read_origin(sim, request, credentials);
	pthread_mutex_lock(&sim->live->lock);
	setting = sim_string(sim->live->settings, "cookie_prefix");
	if (setting != NULL)
		snprintf(prefix, sizeof(prefix), "%s", setting);
	pthread_mutex_unlock(&sim->live->lock);
	credentials->bearer = read_bearer(request);
	credentials->app_session = read_cookie(request, prefix,
	    "app_session");
	credentials->app_access_token = read_cookie(request, prefix,
	    "app_access_token");
	credentials->session = read_cookie(request, prefix, "session");
	credentials->signed_up = read_cookie(request, prefix, "signed_up");
}

void
sim_credentials_clear(struct sim_credentials *credentials)
{
	free(credentials->bearer);
	free(credentials->app_session);
	free(credentials->app_access_token);
	free(credentials->session);
	free(credentials->signed_up);
	memset(credentials, 0, sizeof(*credentials));
}
