#include "nginx/directives.h"

#include <ctype.h>

#include "nginx/conf.h"
#include "nginx/guarded.h"
#include "nginx/keeping.h"
#include "nginx/plain_path.h"

#define OFF "off"

static char *
wrong(ngx_conf_t *cf, const ngx_command_t *command, const ngx_str_t *value,
    const char *what)
{
	ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\": \"%V\" %s",
	    &command->name, value, what);
	return NGX_CONF_ERROR;
}

static char *
twice(void)
{
	static char text[] = "is duplicate";

	return text;
}

static int
is_off(const ngx_str_t *word)
{
	return word->len == sizeof(OFF) - 1 &&
	    ngx_memcmp(word->data, OFF, sizeof(OFF) - 1) == 0;
}

/* As authgear.conf names policies. */
static int
is_policy(const ngx_str_t *word)
{
	size_t i;
	u_char c;

	for (i = 0; i < word->len; i++) {
		c = word->data[i];
		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') &&
		    c != '_' && c != '-')
			return 0;
	}
	return word->len > 0 && word->len <= CONF_POLICY_MAX && !is_off(word);
}

static char *
take_policy(ngx_conf_t *cf, const ngx_command_t *command,
    const ngx_str_t *word, ngx_str_t *out)
{
	if (!is_policy(word))
		return wrong(cf, command, word, "is no name of a policy: a-z, "
		    "0-9, \"_\" and \"-\", at most 64, no variable");
	*out = *word;
	return NGX_CONF_OK;
}

static struct conf_server *
server_of(ngx_conf_t *cf, const ngx_command_t *command)
{
	const ngx_module_t *module = command->post;

	return ngx_http_conf_get_module_srv_conf(cf, (*module));
}

static struct conf_main *
main_of(ngx_conf_t *cf, const ngx_command_t *command)
{
	const ngx_module_t *module = command->post;

	return ngx_http_conf_get_module_main_conf(cf, (*module));
}

/* Where a policy is named there is somebody to ask. */
static char *
use(ngx_conf_t *cf, const ngx_command_t *command)
{
	ngx_str_t address = ngx_string(CONF_SOCKET);

	struct conf_server *server = server_of(cf, command);

	server->is_used = 1;
	server->usual = conf_kept(cf, main_of(cf, command), &address);
	return server->usual != NULL ? NGX_CONF_OK : NGX_CONF_ERROR;
}

char *
directives_policy(ngx_conf_t *cf, ngx_command_t *command, void *conf)
{
	const ngx_str_t *words = cf->args->elts;
	struct conf_location *location = conf;

	if (location->policy.data != NULL)
		return twice();
	if (use(cf, command) != NGX_CONF_OK)
		return NGX_CONF_ERROR;
	if (is_off(&words[1])) {
		location->policy.data = words[1].data;
		location->policy.len = 0;
		return NGX_CONF_OK;
	}
	return take_policy(cf, command, &words[1], &location->policy);
}

/* deadline=TIME */
static char *
take_deadline(ngx_conf_t *cf, const ngx_command_t *command,
    const ngx_str_t *word, ngx_msec_t *out)
{
	static const char key[] = "deadline=";
	ngx_str_t time;
	ngx_int_t msecs;

	if (ngx_strncmp(word->data, key, sizeof(key) - 1) != 0)
		return wrong(cf, command, word, "is not deadline=TIME");
	time.data = word->data + sizeof(key) - 1;
	time.len = word->len - (sizeof(key) - 1);
	msecs = ngx_parse_time(&time, 0);
	if (msecs == NGX_ERROR || msecs < 100 || msecs > 60000)
		return wrong(cf, command, word,
		    "is no time of 100ms to 60s");
	*out = (ngx_msec_t)msecs;
	return NGX_CONF_OK;
}

char *
directives_socket(ngx_conf_t *cf, ngx_command_t *command, void *conf)
{
	ngx_str_t *words = cf->args->elts;
	struct conf_server *server = conf;

	if (server->socket != NULL)
		return twice();
	if (cf->args->nelts == 3 && take_deadline(cf, command, &words[2],
	    &server->deadline) != NGX_CONF_OK)
		return NGX_CONF_ERROR;
	server->socket = conf_kept(cf, main_of(cf, command), &words[1]);
	return server->socket != NULL ? NGX_CONF_OK : NGX_CONF_ERROR;
}

/* What paths of requests are held against: nginx has cut the query from these
 * and taken the escapes out. */
static char *
check_path(ngx_conf_t *cf, const ngx_command_t *command, const ngx_str_t *path)
{
	size_t i;

	if (path->data[0] != '/')
		return wrong(cf, command, path,
		    "is no path: it begins with \"/\"");
	for (i = 0; i < path->len; i++)
		if (path->data[i] == '?' || path->data[i] == '#' ||
		    (path->data[i] == '%' && i + 2 < path->len &&
		    isxdigit(path->data[i + 1]) &&
		    isxdigit(path->data[i + 2])))
			return wrong(cf, command, path, "is no path: it has "
			    "no \"?\", no \"#\" and no escapes (\"%41\" is "
			    "\"A\")");
	return NGX_CONF_OK;
}

char *
directives_path(ngx_conf_t *cf, ngx_command_t *command, void *conf)
{
	const ngx_str_t *words = cf->args->elts;
	struct conf_server *server = conf;
	struct guarded_prefix *path;
	ngx_uint_t i;

	if (use(cf, command) != NGX_CONF_OK)
		return NGX_CONF_ERROR;
	if (check_path(cf, command, &words[1]) != NGX_CONF_OK)
		return NGX_CONF_ERROR;
	if (server->paths == NULL)
		server->paths = ngx_array_create(cf->pool, 4, sizeof(*path));
	if (server->paths == NULL)
		return NGX_CONF_ERROR;
	path = server->paths->elts;
	for (i = 0; i < server->paths->nelts; i++)
		if (plain_path_is_same(path[i].prefix.data,
		    path[i].prefix.len, words[1].data, words[1].len))
			return wrong(cf, command, &words[1],
			    "has a policy already");
	path = ngx_array_push(server->paths);
	if (path == NULL)
		return NGX_CONF_ERROR;
	if (guarded_plain(cf->pool, &words[1], &path->prefix) != NGX_OK)
		return NGX_CONF_ERROR;
	return take_policy(cf, command, &words[2], &path->policy);
}

char *
directives_login(ngx_conf_t *cf, ngx_command_t *command, void *conf)
{
	ngx_str_t *words = cf->args->elts;
	struct conf_server *server = conf;

	if (server->login_path.data != NULL)
		return twice();
	if (check_path(cf, command, &words[1]) != NGX_CONF_OK)
		return NGX_CONF_ERROR;
	server->is_used = 1;
	server->login_path = words[1];
	server->login = conf_kept(cf, main_of(cf, command), &words[2]);
	return server->login != NULL ? NGX_CONF_OK : NGX_CONF_ERROR;
}

/* max=SIZE */
static char *
take_max(ngx_conf_t *cf, const ngx_command_t *command, const ngx_str_t *word,
    size_t *out)
{
	static const char key[] = "max=";
	ngx_str_t text;
	ssize_t size;

	if (ngx_strncmp(word->data, key, sizeof(key) - 1) != 0)
		return wrong(cf, command, word, "is not max=SIZE");
	text.data = word->data + sizeof(key) - 1;
	text.len = word->len - (sizeof(key) - 1);
	size = ngx_parse_size(&text);
	if (size < KEEPING_LEAST || size > KEEPING_MOST)
		return wrong(cf, command, word, "is no size of 64k to 1024m");
	*out = (size_t)size;
	return NGX_CONF_OK;
}

char *
directives_cache(ngx_conf_t *cf, ngx_command_t *command, void *conf)
{
	const ngx_str_t *words = cf->args->elts;
	struct conf_server *server = conf;
	struct keeping_conf keeping = { .max = KEEPING_USUAL };
	ngx_uint_t i;

	if (server->is_keeping_said)
		return twice();
	server->is_keeping_said = 1;
	if (cf->args->nelts == 2)
		return is_off(&words[1]) ? NGX_CONF_OK : wrong(cf, command,
		    &words[1], "is not off, nor two directories");
	for (i = 1; i <= 2; i++)
		if (words[i].data[0] != '/')
			return wrong(cf, command, &words[i],
			    "is no directory: it begins with \"/\"");
	if (cf->args->nelts == 4 && take_max(cf, command, &words[3],
	    &keeping.max) != NGX_CONF_OK)
		return NGX_CONF_ERROR;
	keeping.root = words[1];
	keeping.daemon = words[2];
	server->keeping = conf_keeping(cf, main_of(cf, command), &keeping);
	return server->keeping != NULL ? NGX_CONF_OK : NGX_CONF_ERROR;
}
