#include "config.h"

#include "admin/doctor_web_nginx.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "admin/doctor_named.h"

#define ASKING "/_authgear/"
#define OURS "/usr/share/authgear-gate/nginx/authgear-"
#define SOCKET "unix:/run/authgear/nginx.sock"	/* where none is said */
#define FAMILIES (sizeof(families) / sizeof(families[0]))

/* By what requests are handed on, and the lists of names that go with it. */
static const struct {
	const char *pass, *list, *name, *cache, *key;
} families[] = {
	{ "proxy_pass", "proxy_set_header", "X-Authgear-User-Id",
	    "proxy_cache", "proxy_cache_key" },
	{ "fastcgi_pass", "fastcgi_param", "HTTP_X_AUTHGEAR_USER_ID",
	    "fastcgi_cache", "fastcgi_cache_key" },
	{ "uwsgi_pass", "uwsgi_param", "HTTP_X_AUTHGEAR_USER_ID",
	    "uwsgi_cache", "uwsgi_cache_key" },
	{ "scgi_pass", "scgi_param", "HTTP_X_AUTHGEAR_USER_ID",
	    "scgi_cache", "scgi_cache_key" },
	{ "grpc_pass", "grpc_set_header", "X-Authgear-User-Id", "", "" },
};

/* What holds in a block, its own and inherited. */
struct around {
	const char *asks;	/* auth_request; NULL: none */
	const char *policy;	/* of the module; NULL: none */
	int is_said;		/* authgear, be it off */
	int is_any;		/* satisfy any */
	const char *cache[FAMILIES];	/* NULL: none */
	const char *key[FAMILIES];
	int clears[FAMILIES];
	int passes[FAMILIES];
	int returns;
	int any_clears;
};

struct look {
	struct doctor *doctor;
	const struct web_nginx *server;
	const struct web_nginx *asking;	/* the location of our include */
	const char *socket;	/* where the server asks; NULL: none yet */
	const char *of_http;	/* where one asks that says nothing */
	int is_loaded;		/* the module */
	char name[256];
};

static int
is(const struct web_nginx *node, const char *name)
{
	return node->count > 0 && strcmp(node->words[0], name) == 0;
}

static const char *
word(const struct web_nginx *node, size_t i)
{
	return i < node->count ? node->words[i] : "";
}

static const char *
unless_off(const struct web_nginx *node)
{
	return strcmp(word(node, 1), "off") == 0 ? NULL : word(node, 1);
}

static void
take_family(struct around *own, const struct web_nginx *node, int *listed)
{
	size_t i;

	for (i = 0; i < FAMILIES; i++) {
		if (is(node, families[i].pass))
			own->passes[i] = 1;
		else if (is(node, families[i].cache))
			own->cache[i] = unless_off(node);
		else if (is(node, families[i].key))
			own->key[i] = word(node, 1);
		else if (is(node, families[i].list)) {
			if (!listed[i])
				own->clears[i] = 0;
			listed[i] = 1;
			if (strcasecmp(word(node, 1), families[i].name) == 0)
				own->clears[i] = 1;
		}
	}
}

static void
enter(struct around *own, const struct around *above,
    const struct web_nginx *block)
{
	const struct web_nginx *node;
	int listed[FAMILIES] = { 0 };
	size_t i;

	*own = *above;
	memset(own->passes, 0, sizeof(own->passes));
	own->returns = own->any_clears = 0;
	for (node = block->first; node != NULL; node = node->next) {
		if (is(node, "auth_request"))
			own->asks = unless_off(node);
		else if (is(node, "authgear")) {
			own->policy = unless_off(node);
			own->is_said = 1;
		} else if (is(node, "satisfy"))
			own->is_any = strcmp(word(node, 1), "any") == 0;
		else if (is(node, "return"))
			own->returns = 1;
		else
			take_family(own, node, listed);
	}
	for (i = 0; i < FAMILIES; i++)
		own->any_clears |= own->clears[i];
}

/* A location `= uri` of the site that is rewritten to ours, internal. */
static const char *
asked_by(const struct look *look, const char *uri)
{
	const struct web_nginx *node, *in;
	int is_internal = 0;

	if (strncmp(uri, ASKING, sizeof(ASKING) - 1) == 0)
		return uri + sizeof(ASKING) - 1;
	for (node = look->server->first; node != NULL; node = node->next) {
		if (!is(node, "location") || strcmp(word(node, 1), "=") != 0 ||
		    strcmp(word(node, 2), uri) != 0)
			continue;
		for (in = node->first; in != NULL; in = in->next) {
			is_internal |= is(in, "internal");
			if (is(in, "rewrite"))
				break;
		}
		if (in != NULL && is_internal && strncmp(word(in, 2), ASKING,
		    sizeof(ASKING) - 1) == 0)
			return word(in, 2) + sizeof(ASKING) - 1;
	}
	return NULL;
}

static int
is_cleared(const struct around *own)
{
	size_t i;
	int passes = 0;

	for (i = 0; i < FAMILIES; i++) {
		if (own->passes[i] && !own->clears[i])
			return 0;
		passes |= own->passes[i];
	}
	return passes || own->any_clears;
}

static int
has_user(const char *key, int is_module)
{
	return key != NULL && (strstr(key, "$ag_user_id") != NULL ||
	    strstr(key, "$ag_remote_user") != NULL ||
	    strstr(key, "$authgear_user_id") != NULL ||
	    strstr(key, "$authgear_remote_user") != NULL ||
	    (is_module && strstr(key, "$remote_user") != NULL));
}

static void
look_at_caches(const struct look *look, const struct around *own,
    const char *subject)
{
	size_t i;

	for (i = 0; i < FAMILIES; i++)
		if (own->passes[i] && own->cache[i] != NULL &&
		    !has_user(own->key[i], own->policy != NULL))
			doctor_say(look->doctor, DOCTOR_BAD, subject,
			    own->policy != NULL ?
			    "put $remote_user into its key, or say off" :
			    "put $ag_user_id into its key, or say off",
			    "%s keeps pages without the user in its key: one "
			    "is shown another's", families[i].cache);
}

static void
look_at_asking(const struct look *look, const struct around *own,
    const char *subject)
{
	const char *policy = asked_by(look, own->asks);

	if (policy == NULL && look->is_loaded && look->asking == NULL)
		doctor_say(look->doctor, DOCTOR_UNKNOWN, subject, "if it is "
		    "meant for authgear-fcgi: authgear POLICY;", "auth_request "
		    "%s is not ours: whom it lets in is not known", own->asks);
	else if (policy == NULL)
		doctor_say(look->doctor, DOCTOR_BAD, subject,
		    "auth_request " ASKING "POLICY;", "auth_request %s does "
		    "not begin with " ASKING, own->asks);
	else if (look->asking == NULL)
		doctor_say(look->doctor, DOCTOR_BAD, subject, "include " OURS
		    "server.conf; as the first line of the server",
		    "auth_request %s, but nothing there answers it",
		    own->asks);
	else
		doctor_named_policy(look->doctor, subject, policy,
		    "by auth_request", look->socket);
}

static void
look_at_block(const struct look *look, const struct around *own,
    const char *subject)
{
	if (own->returns)
		return;
	if (own->policy != NULL && own->asks != NULL &&
	    strncmp(own->asks, ASKING, sizeof(ASKING) - 1) == 0)
		doctor_say(look->doctor, DOCTOR_BAD, subject, "leave out one "
		    "of them", "authgear %s and auth_request %s: it is asked "
		    "twice", own->policy, own->asks);
	else if (own->is_any && (own->policy != NULL || (own->asks != NULL &&
	    asked_by(look, own->asks) != NULL && look->asking != NULL)))
		doctor_say(look->doctor, DOCTOR_UNKNOWN, subject,
		    "satisfy all; or authgear-cache doctor --probe URL",
		    "satisfy any: whom another rule lets in is not asked");
	else if (own->policy != NULL)
		doctor_named_policy(look->doctor, subject, own->policy,
		    DOCTOR_BY_MODULE, look->socket);
	else if (own->asks != NULL)
		look_at_asking(look, own, subject);
	else if (look->asking != NULL && !is_cleared(own))
		doctor_say(look->doctor, DOCTOR_BAD, subject, "auth_request "
		    ASKING "POLICY; or include " OURS "public.conf;",
		    "it asks nobody, and does not clear the names by which "
		    "a client may call itself somebody");
	else if (look->is_loaded && look->asking == NULL && !own->is_said)
		doctor_say(look->doctor, DOCTOR_UNKNOWN, subject,
		    "authgear POLICY; or, if that is meant, authgear off;",
		    "nobody is asked, and nothing says so: whether somebody "
		    "should is not known");
	else
		doctor_say(look->doctor, DOCTOR_GOOD, subject, NULL,
		    "nobody is asked, as it says");
	if (own->policy != NULL || own->asks != NULL)
		look_at_caches(look, own, subject);
}

static void
look_into(const struct look *look, const struct web_nginx *block,
    const struct around *above)
{
	const struct web_nginx *node, *in;
	struct around own;
	char subject[512];

	for (node = block->first; node != NULL; node = node->next) {
		if (!is(node, "location") || (look->asking != NULL &&
		    node->file == look->asking->file &&
		    node->file != look->server->file))
			continue;
		enter(&own, above, node);
		(void)snprintf(subject, sizeof(subject), "%s %.100s%s%.100s",
		    look->name, word(node, 1), node->count > 2 ? " " : "",
		    word(node, 2));
		for (in = node->first; in != NULL; in = in->next)
			if (is(in, "internal"))
				break;
		/* what is rewritten to us is our own asking */
		if (in == NULL || strcmp(word(node, 1), "=") != 0 ||
		    asked_by(look, word(node, 2)) == NULL)
			look_at_block(look, &own, subject);
		look_into(look, node, &own);
	}
}

static const struct web_nginx *
find(const struct web_nginx *block, const char *name, const char *value)
{
	const struct web_nginx *node;

	for (node = block->first; node != NULL; node = node->next)
		if (is(node, name) && (value == NULL ||
		    strcmp(word(node, node->count - 1), value) == 0))
			return node;
	return NULL;
}

/* The module's, in any depth. */
static int
has_ours(const struct web_nginx *block)
{
	const struct web_nginx *node;

	for (node = block->first; node != NULL; node = node->next)
		if (is(node, "authgear") || is(node, "authgear_path") ||
		    (is(node, "auth_request") && unless_off(node) != NULL) ||
		    has_ours(node))
			return 1;
	return 0;
}

/* Where a server asks: said once for servers of one socket. */
static void
look_at_socket(struct look *look)
{
	const struct web_nginx *node = look->asking != NULL ?
	    find(look->asking, "fastcgi_pass", NULL) :
	    find(look->server, "authgear_socket", NULL);
	const char *before = look->socket;

	look->socket = node != NULL ? word(node, 1) : look->of_http;
	if (before == NULL || strcmp(look->socket, before) != 0)
		doctor_named_socket(look->doctor, look->name, look->socket);
}

static void
look_at_server(struct look *look, const struct around *http, int is_ours)
{
	const struct web_nginx *server = look->server, *first = server->first;
	struct around own;

	/* what an include names stands behind it */
	while (first->next != NULL && is(first, "include"))
		first = first->next;
	enter(&own, http, server);
	look->asking = find(server, "location", ASKING);
	if (look->asking != NULL && first->file != look->asking->file)
		doctor_say(look->doctor, DOCTOR_BAD, look->name, "make the "
		    "include the first line of the server",
		    "authgear-server.conf does not stand first: %s does",
		    word(first, 0));
	if (own.asks == NULL && own.policy == NULL && look->asking == NULL &&
	    !has_ours(server)) {
		if (look->is_loaded && !own.returns)
			doctor_say(look->doctor, DOCTOR_BAD, look->name,
			    "authgear POLICY; or authgear off;",
			    "the module is loaded, but no authgear is here: "
			    "it asks nobody");
		else if (is_ours && !own.returns)
			doctor_say(look->doctor, DOCTOR_UNKNOWN, look->name,
			    NULL, "it asks nobody: whether it should is not "
			    "known");
		return;
	}
	look_at_socket(look);
	doctor_named_directives(look->doctor, server, look->name, look->socket);
	if (own.asks != NULL || own.policy != NULL ||
	    !web_nginx_takes_all(server))
		look_at_block(look, &own, look->name);
	look_into(look, server, &own);
}

void
doctor_web_nginx(struct doctor *doctor, const struct web_nginx *root)
{
	const struct web_nginx *http = find(root, "http", NULL), *node, *name;
	struct around none = { 0 }, own;
	struct look look = { .doctor = doctor };
	int is_ours;

	if (http == NULL)
		return;
	for (node = root->first; node != NULL; node = node->next)
		if (is(node, "load_module") && strstr(word(node, 1),
		    "ngx_http_authgear_module") != NULL)
			look.is_loaded = 1;
	/* a group of its own is not looked at */
	node = find(root, "user", NULL);
	doctor->web_user = node != NULL && node->count == 2 ?
	    word(node, 1) : NULL;
	is_ours = has_ours(http);
	enter(&own, &none, http);
	node = find(http, "authgear_socket", NULL);
	look.of_http = node != NULL ? word(node, 1) : SOCKET;
	doctor_named_directives(doctor, http, "nginx", look.of_http);
	for (node = http->first; node != NULL; node = node->next) {
		if (!is(node, "server") || node->first == NULL)
			continue;
		look.server = node;
		name = find(node, "server_name", NULL);
		if (name == NULL)
			name = find(node, "listen", NULL);
		(void)snprintf(look.name, sizeof(look.name), "nginx %.200s",
		    name != NULL ? word(name, 1) : "server");
		look_at_server(&look, &own, is_ours);
	}
	doctor->web_user = NULL;
}
