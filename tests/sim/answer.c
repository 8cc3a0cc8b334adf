#include "live.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char type_json[] = "application/json";
static const char type_text[] = "text/plain; charset=utf-8";

void
sim_answer_add(struct sim_answer *answer, const char *name,
    const char *value)
{
	json_array_append_new(answer->headers, json_pack("[s, s]", name,
	    value));
}

void
sim_answer_body(struct sim_answer *answer, unsigned int status,
    const char *type, const char *body)
{
	answer->status = status;
	sim_answer_add(answer, "Content-Type", type);
	free(answer->body);
	answer->body = strdup(body);
}

void
sim_answer_clear(struct sim_answer *answer)
{
	json_decref(answer->headers);
	free(answer->body);
	memset(answer, 0, sizeof(*answer));
}

void
sim_answer_headers(struct sim_answer *answer)
{
	static const char *const fixed[][2] = {
		{ "Access-Control-Allow-Origin", "*" },
		{ "Access-Control-Max-Age", "900" },
		{ "Permissions-Policy", "camera=(), geolocation=(), usb=()" },
		{ "Vary", "User-Agent" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "X-Frame-Options", "DENY" },
		{ "X-Robots-Tag", "noindex, nofollow" },
	};
	char nonce[33], value[200];
	size_t i;

	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		sim_answer_add(answer, fixed[i][0], fixed[i][1]);
	sim_random_hex(nonce, 32);
	snprintf(value, sizeof(value), "script-src 'self' https: 'nonce-%s' "
	    "'strict-dynamic'; object-src 'none'; base-uri 'none'; "
	    "frame-ancestors 'none'", nonce);
	sim_answer_add(answer, "Content-Security-Policy", value);
	snprintf(value, sizeof(value), "csp_nonce=%s; Path=/; HttpOnly",
	    nonce);
	sim_answer_add(answer, "Set-Cookie", value);
}

static void
answer_document(struct sim *sim, const char *path, struct sim_answer *answer)
{
	json_t *document = sim_document(sim, path);
	char *compact = json_dumps(document, JSON_COMPACT);
	char *text = NULL;

	if (compact == NULL || asprintf(&text, "%s\n", compact) == -1)
		abort();
	sim_answer_body(answer, 200, type_json, text);
	free(text);
	free(compact);
	json_decref(document);
}

/* %XX; 0 if it is none. */
static char
escaped(const char *text)
{
	char pair[3] = { text[0], text[1], '\0' };

	if (!isxdigit((unsigned char)pair[0]) ||
	    !isxdigit((unsigned char)pair[1]))
		return '\0';
	return (char)(unsigned char)strtoul(pair, NULL, 16);
}

char *
sim_form_field(const char *body, size_t len, const char *name)
{
	const char *end = body + len;
	size_t name_len = strlen(name), n = 0;
	char *value;

	while (body < end && ((size_t)(end - body) <= name_len ||
	    strncmp(body, name, name_len) != 0 || body[name_len] != '=')) {
		body = memchr(body, '&', (size_t)(end - body));
		body = body != NULL ? body + 1 : end;
	}
	if (body >= end || (value = calloc(1, (size_t)(end - body))) == NULL)
		return NULL;
	for (body += name_len + 1; body < end && *body != '&'; body++) {
		if (*body == '+') {
			value[n++] = ' ';
			continue;
		}
		if (*body == '%' && end - body > 2 && escaped(body + 1)) {
			value[n++] = escaped(body + 1);
			body += 2;
		} else
			value[n++] = *body;
	}
	return value;
}

static void
answer_revoke(struct sim *sim, const struct sim_request *request,
    struct sim_answer *answer)
{
	char *token = NULL;

	if (request->len > 0)
		token = sim_form_field(request->body, request->len, "token");
	if (token != NULL)
		sim_revoke(sim, token);
	free(token);
	answer->status = 200;
}

static void
answer_main(struct sim *sim, const struct sim_request *request,
    struct sim_answer *answer)
{
	int revokes = strcmp(request->path, "/oauth2/revoke") == 0;

	answer->headers = json_array();
	answer->body = strdup("");
	if (strcmp(request->path, "/oauth2/authorize") == 0) {
		sim_authorize(sim, request, answer);
		sim_answer_add(answer, "Cache-Control", "no-store");
		return;
	}
	if (!revokes && !sim_has_document(request->path))
		sim_answer_body(answer, 404, type_text,
		    "404 page not found\n");
	else if (strcmp(request->method, revokes ? "POST" : "GET") != 0)
		sim_answer_body(answer, 405, type_text,
		    "Method Not Allowed\n");
	else if (revokes)
		answer_revoke(sim, request, answer);
	else
		answer_document(sim, request->path, answer);
	sim_answer_headers(answer);
}

void
sim_true_answer(struct sim *sim, const struct sim_request *request,
    const struct sim_fault *fault, struct sim_answer *answer_out)
{
	memset(answer_out, 0, sizeof(*answer_out));
	if (sim_resolver_serves(request->path))
		sim_resolver_answer(sim, request, fault, answer_out);
	else
		answer_main(sim, request, answer_out);
}
