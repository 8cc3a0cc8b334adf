/* /oauth2/authorize: a browser's login that ends in a cookie, and no code. */
#include "live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char type_html[] = "text/html; charset=utf-8";
static const char type_plain[] = "text/plain; charset=utf-8";

static const char *
query(const struct sim_request *request, const char *name)
{
	const char *value = json_string_value(json_object_get(request->query,
	    name));

	return value != NULL ? value : "";
}

/* Compared whole with the client's list. */
static int
is_registered(const struct sim *sim, const char *client_id, const char *uri)
{
	const json_t *uris = json_object_get(json_object_get(
	    sim->live->clients, client_id), "redirect_uris");
	const json_t *each;
	size_t i;

	json_array_foreach(uris, i, each)
		if (json_is_string(each) &&
		    strcmp(json_string_value(each), uri) == 0)
			return 1;
	return 0;
}

static void
escape(FILE *out, const char *text, int url)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

	for (; *text != '\0'; text++) {
		if (strchr(plain, *text) != NULL)
			fputc(*text, out);
		else
			fprintf(out, url ? "%%%02X" : "&#%u;",
			    (unsigned int)(unsigned char)*text);
	}
}

static void
go_back(const struct sim_request *request, struct sim_answer *answer)
{
	const char *uri = query(request, "redirect_uri");
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fputs(uri, out);
	if (query(request, "state")[0] != '\0') {
		fputs(strchr(uri, '?') == NULL ? "?state=" : "&state=", out);
		escape(out, query(request, "state"), 1);
	}
	fclose(out);
	sim_answer_body(answer, 303, type_html, "");
	sim_answer_add(answer, "Location", text);
	free(text);
}

/* This very request, once more, with `page` for its x_page. */
static void
put_address(FILE *out, const struct sim_request *request, const char *page)
{
	const char *name;
	json_t *value;

	fputs("/oauth2/authorize?", out);
	json_object_foreach(request->query, name, value) {
		if (strcmp(name, "x_page") == 0)
			continue;
		escape(out, name, 1);
		fputc('=', out);
		escape(out, json_string_value(value), 1);
		fputs("&amp;", out);
	}
	fprintf(out, "x_page=%s", page);
}

static void
show_login(const struct sim_request *request, const char *message,
    struct sim_answer *answer)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fprintf(out, "<!DOCTYPE html>\n<title>Log in (simulated)</title>\n"
	    "<h1>Log in</h1>\n<p>%s</p>\n<form method=\"post\" action=\"",
	    message);
	put_address(out, request, "login");
	fputs("\">\n<p><label>User <input name=\"username\"></label>\n"
	    "<p><label>Password <input name=\"password\" type=\"password\">"
	    "</label>\n<p><button id=\"go\">Log in</button>\n</form>\n", out);
	fclose(out);
	sim_answer_body(answer, 200, type_html, text);
	free(text);
}

/* Where a user who has an account already is wrong. */
static void
show_signup(const struct sim_request *request, struct sim_answer *answer)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fputs("<!DOCTYPE html>\n<title>Sign up (simulated)</title>\n"
	    "<h1>Create an account</h1>\n<form method=\"post\" action=\"",
	    out);
	put_address(out, request, "signup");
	fputs("\">\n<p><label>New user <input name=\"new_user\"></label>\n"
	    "<p><button id=\"continue\">Continue</button>\n</form>\n"
	    "<p><a id=\"login\" href=\"", out);
	put_address(out, request, "login");
	fputs("\">I have an account</a>\n", out);
	fclose(out);
	sim_answer_body(answer, 200, type_html, text);
	free(text);
}

/* Whoever has not logged in with this browser is taken for a new user. */
static int
is_signup(const struct sim_request *request,
    const struct sim_credentials *credentials)
{
	const char *page = query(request, "x_page");

	if (strcmp(page, "login") == 0)
		return 0;
	if (strcmp(page, "signup") == 0)
		return 1;
	return credentials->signed_up == NULL ||
	    strcmp(credentials->signed_up, "true") != 0;
}

/* Under the lock: the text of a new session's cookie; to be freed. */
static char *
new_session(struct sim *sim, const char *user_id)
{
	char id[37], secret[33], token[80];
	const char *why = NULL;
	json_t *body, *session;

	sim_uuid(id);
	sim_random_text(secret, 32);
	snprintf(token, sizeof(token), "%s.%s", id, secret);
	body = json_pack("{s:s, s:s, s:s, s:s}", "id", id, "kind", "idp",
	    "user_id", user_id, "cookie", token);
	session = sim_session_change(sim->live, body, sim_now(sim), &why);
	json_decref(body);
	return session != NULL ? strdup(token) : NULL;
}

/* The session, and that this browser is no new one. */
static void
set_cookies(struct sim *sim, const char *token, struct sim_answer *answer)
{
	const char *prefix = sim_string(sim->live->settings, "cookie_prefix");
	const char *domain = sim_string(sim->live->settings, "cookie_domain");
	const char *secure = strncmp(sim->origin, "https://", 8) == 0 ?
	    "Secure; " : "";
	char text[600];

	snprintf(text, sizeof(text), "%.80ssession=%s; Path=/; %s%.200s%s"
	    "Max-Age=31449600; HttpOnly; %sSameSite=Lax",
	    prefix != NULL ? prefix : "", token,
	    domain != NULL ? "Domain=" : "", domain != NULL ? domain : "",
	    domain != NULL ? "; " : "", secure);
	sim_answer_add(answer, "Set-Cookie", text);
	snprintf(text, sizeof(text), "%.80ssigned_up=true; Path=/; "
	    "Max-Age=31449600; HttpOnly; %sSameSite=Lax",
	    prefix != NULL ? prefix : "", secure);
	sim_answer_add(answer, "Set-Cookie", text);
}

/* The password was right: a new session, and the old one is dead. */
static int
log_in(struct sim *sim, const char *old_cookie, const char *name,
    const char *password, struct sim_answer *answer)
{
	const json_t *user;
	const char *right;
	json_t *old;
	char *token = NULL;
	int64_t now = sim_now(sim);

	pthread_mutex_lock(&sim->live->lock);
	user = sim_user_get(sim->live, name);
	right = sim_string(user, "password");
	if (right != NULL && strcmp(right, password) == 0 &&
	    sim_user_good(user, now))
		token = new_session(sim, name);
	if (token != NULL && old_cookie != NULL) {
		old = sim_cookie_session(sim->live, old_cookie, now);
		if (old != NULL)
			sim_session_end(sim->live, sim_string(old, "id"));
	}
	if (token != NULL)
		set_cookies(sim, token, answer);
	pthread_mutex_unlock(&sim->live->lock);
	free(token);
	return token != NULL;
}

static int
has_session(struct sim *sim, const char *cookie)
{
	const json_t *session = NULL;
	int64_t now = sim_now(sim);
	int live;

	if (cookie == NULL)
		return 0;
	pthread_mutex_lock(&sim->live->lock);
	session = sim_cookie_session(sim->live, cookie, now);
	live = session != NULL && sim_user_good(sim_user_get(sim->live,
	    sim_string(session, "user_id")), now);
	pthread_mutex_unlock(&sim->live->lock);
	return live;
}

static void
answer_login(struct sim *sim, const struct sim_request *request,
    const char *cookie, struct sim_answer *answer)
{
	char *name, *password;

	name = sim_form_field(request->body, request->len, "username");
	password = sim_form_field(request->body, request->len, "password");
	if (name != NULL && password != NULL &&
	    log_in(sim, cookie, name, password, answer))
		go_back(request, answer);
	else
		show_login(request, "Wrong user or password.", answer);
	free(name);
	free(password);
}

void
sim_authorize(struct sim *sim, const struct sim_request *request,
    struct sim_answer *answer)
{
	struct sim_credentials credentials;
	int is_known;

	sim_credentials_read(sim, request, &credentials);
	pthread_mutex_lock(&sim->live->lock);
	is_known = is_registered(sim, query(request, "client_id"),
	    query(request, "redirect_uri"));
	pthread_mutex_unlock(&sim->live->lock);
	if (!is_known)
		sim_answer_body(answer, 400, type_plain,
		    "redirect URI is not allowed\n");
	else if (strcmp(query(request, "response_type"), "none") != 0)
		sim_answer_body(answer, 400, type_plain,
		    "unsupported_response_type\n");
	else if (strcmp(request->method, "POST") == 0 &&
	    !is_signup(request, &credentials))
		answer_login(sim, request, credentials.session, answer);
	else if (strcmp(query(request, "prompt"), "login") != 0 &&
	    has_session(sim, credentials.session))
		go_back(request, answer);
	else if (is_signup(request, &credentials))
		show_signup(request, answer);
	else
		show_login(request, "This is a simulation.", answer);
	sim_credentials_clear(&credentials);
}

json_t *
sim_client_change(struct sim_live *live, const json_t *body,
    const char **why)
{
	const char *id = sim_string(body, "id");

	if (id == NULL || !json_is_array(json_object_get(body,
	    "redirect_uris"))) {
		*why = "a client has an id and redirect_uris";
		return NULL;
	}
	json_object_set_new(live->clients, id, json_deep_copy(body));
	return json_deep_copy(body);
}
