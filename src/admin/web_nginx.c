#include "config.h"

#include "admin/web_nginx.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define MARK "# configuration file "
#define FILES_MAX 1024
#define NODES_MAX 200000
#define WORDS_MAX 256
#define WORD_MAX 16384
#define DEPTH_MAX 48

struct file {
	char *name;
	char *text;
	char *end;
	int is_used;
};

struct reader {
	struct file files[FILES_MAX];
	size_t count;
	size_t nodes;
	struct error *error;
};

enum token { TOKEN_WORD, TOKEN_END, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_EOF,
    TOKEN_WRONG };

void
web_nginx_free(struct web_nginx *node)
{
	struct web_nginx *next;
	size_t i;

	for (; node != NULL; node = next) {
		next = node->next;
		web_nginx_free(node->first);
		for (i = 0; i < node->count; i++)
			free(node->words[i]);
		free(node->words);
		free(node);
	}
}

static struct web_nginx *
add(struct reader *reader, struct web_nginx *parent, const char *file)
{
	struct web_nginx *node = NULL;

	if (reader->nodes++ < NODES_MAX)
		node = calloc(1, sizeof(*node));
	if (node == NULL) {
		error_set(reader->error, "it is too long, or no memory");
		return NULL;
	}
	node->file = file;
	if (parent->last != NULL)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	return node;
}

/* "\n" and the like, as nginx takes them; others keep the backslash. */
static char
escaped(char c)
{
	switch (c) {
	case '"': case '\'': case '\\':
		return c;
	case 't':
		return '\t';
	case 'r':
		return '\r';
	case 'n':
		return '\n';
	default:
		return '\0';
	}
}

static enum token
take_word(char **at, const char *end, char *word)
{
	char *p = *at, quote = '\0', c;
	size_t len = 0;

	if (*p == '"' || *p == '\'')
		quote = *p++;
	for (; p < end; p++) {
		if (len + 2 >= WORD_MAX || *p == '\0')
			return TOKEN_WRONG;
		if (*p == '\\' && p + 1 < end) {
			c = escaped(*++p);
			if (c == '\0') {
				word[len++] = '\\';
				c = *p;
			}
			word[len++] = c;
			continue;
		}
		if (quote != '\0' ? *p == quote : isspace((unsigned char)*p) ||
		    *p == ';' || (*p == '{' && (len == 0 || p[-1] != '$')))
			break;
		word[len++] = *p;
	}
	if (p == end)
		return TOKEN_WRONG;
	if (quote != '\0' && (++p == end || (!isspace((unsigned char)*p) &&
	    strchr(";{)", *p) == NULL)))
		return TOKEN_WRONG;
	word[len] = '\0';
	*at = p;
	return TOKEN_WORD;
}

static enum token
next(char **at, const char *end, char *word)
{
	char *p = *at;

	for (; p < end; p++) {
		if (*p == '#')
			while (p + 1 < end && *p != '\n')
				p++;
		else if (!isspace((unsigned char)*p))
			break;
	}
	*at = p;
	if (p == end)
		return TOKEN_EOF;
	*at = p + 1;
	if (*p == ';')
		return TOKEN_END;
	if (*p == '{')
		return TOKEN_OPEN;
	if (*p == '}')
		return TOKEN_CLOSE;
	*at = p;
	return take_word(at, end, word);
}

static int
add_word(struct web_nginx *node, const char *word)
{
	char **words = NULL;

	if (node->count < WORDS_MAX)
		words = realloc(node->words,
		    (node->count + 1) * sizeof(*words));
	if (words == NULL)
		return -1;
	node->words = words;
	words[node->count] = strdup(word);
	return words[node->count] == NULL ? -1 : (node->count++, 0);
}

static int read_file(struct reader *reader, struct file *file,
    struct web_nginx *parent, int depth);

/* What it names was printed by nginx, or it is not known what it is. */
static int
include(struct reader *reader, const struct web_nginx *node,
    struct web_nginx *parent, int depth)
{
	char pattern[WORD_MAX * 2];
	const char *word = node->words[1], *slash;
	size_t i, found = 0, len = 0;

	slash = strrchr(reader->files[0].name, '/');
	if (word[0] != '/' && slash != NULL) {
		len = (size_t)(slash + 1 - reader->files[0].name);
		if (len >= WORD_MAX)
			return -1;
		memcpy(pattern, reader->files[0].name, len);
	}
	memcpy(pattern + len, word, strlen(word) + 1);
	for (i = 0; i < reader->count; i++) {
		if (fnmatch(pattern, reader->files[i].name,
		    FNM_PATHNAME | FNM_PERIOD) != 0)
			continue;
		found++;
		if (read_file(reader, &reader->files[i], parent,
		    depth + 1) == -1)
			return -1;
	}
	if (found == 0 && strpbrk(pattern, "*?[") == NULL) {
		error_set(reader->error, "%s is not among what it printed",
		    pattern);
		return -1;
	}
	return 0;
}

static int
read_block(struct reader *reader, struct file *file, char **at,
    struct web_nginx *parent, int depth)
{
	char word[WORD_MAX];
	struct web_nginx *node = NULL;
	enum token token;

	if (depth > DEPTH_MAX)
		return -1;
	for (;;) {
		token = next(at, file->end, word);
		if (token == TOKEN_WORD) {
			if (node == NULL)
				node = add(reader, parent, file->name);
			if (node == NULL || add_word(node, word) == -1)
				return -1;
			continue;
		}
		if (node == NULL)
			return token == TOKEN_CLOSE ? 1 :
			    token == TOKEN_EOF ? 0 : -1;
		if (token == TOKEN_OPEN) {
			/* What is in it is another language. */
			if (strstr(node->words[0], "_by_lua_block") != NULL)
				return -1;
			node->is_block = 1;
			if (read_block(reader, file, at, node,
			    depth + 1) != 1)
				return -1;
		} else if (token != TOKEN_END)
			return -1;
		else if (strcmp(node->words[0], "include") == 0 &&
		    (node->count != 2 ||
		    include(reader, node, parent, depth) == -1))
			return -1;
		node = NULL;
	}
}

static int
read_file(struct reader *reader, struct file *file, struct web_nginx *parent,
    int depth)
{
	char *at = file->text;

	file->is_used = 1;
	if (read_block(reader, file, &at, parent, depth) == 0)
		return 0;
	error_set(reader->error, "%s is not understood", file->name);
	return -1;
}

/* "# configuration file NAME:" stands before each. */
static int
split(struct reader *reader, char *text, char *end)
{
	char *line, *stop;

	for (line = text; line < end; line = stop + 1) {
		stop = memchr(line, '\n', (size_t)(end - line));
		if (stop == NULL)
			return -1;
		if (strncmp(line, MARK, sizeof(MARK) - 1) != 0) {
			if (reader->count == 0)
				return -1;
			continue;
		}
		if (reader->count == FILES_MAX || stop[-1] != ':')
			return -1;
		if (reader->count > 0)
			reader->files[reader->count - 1].end = line;
		stop[-1] = '\0';
		reader->files[reader->count].name = line + sizeof(MARK) - 1;
		reader->files[reader->count].text = stop + 1;
		reader->files[reader->count++].end = end;
	}
	return reader->count > 0 ? 0 : -1;
}

struct web_nginx *
web_nginx_read(char *text, size_t len, struct error *error)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	struct web_nginx *root = calloc(1, sizeof(*root));
	size_t i;

	if (reader == NULL || root == NULL)
		goto failed;
	reader->error = error;
	if (strlen(text) != len || split(reader, text, text + len) == -1 ||
	    read_file(reader, &reader->files[0], root, 0) == -1)
		goto failed;
	for (i = 0; i < reader->count; i++)
		if (!reader->files[i].is_used) {
			error_set(error, "%s is included by nothing",
			    reader->files[i].name);
			goto failed;
		}
	free(reader);
	return root;

failed:
	error_set(error, "what it prints is not understood");
	web_nginx_free(root);
	free(reader);
	return NULL;
}

int
web_nginx_serves(const struct web_nginx *root)
{
	const struct web_nginx *node, *in;

	for (node = root->first; node != NULL; node = node->next) {
		if (!node->is_block || strcmp(node->words[0], "http") != 0)
			continue;
		for (in = node->first; in != NULL; in = in->next)
			if (in->is_block &&
			    strcmp(in->words[0], "server") == 0)
				return 1;
	}
	return 0;
}

int
web_nginx_takes_all(const struct web_nginx *server)
{
	const struct web_nginx *node;

	for (node = server->first; node != NULL; node = node->next)
		if ((node->count == 2 || (node->count == 3 &&
		    strcmp(node->words[1], "^~") == 0)) &&
		    strcmp(node->words[0], "location") == 0 &&
		    strcmp(node->words[node->count - 1], "/") == 0)
			return 1;
	return 0;
}
