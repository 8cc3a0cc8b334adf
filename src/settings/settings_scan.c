#include "settings/settings_scan.h"

#include <stdlib.h>
#include <string.h>

#include "settings/settings.h"

struct cursor {
	const char *path;
	int line;
	const char *section;	/* borrowed from the scan; NULL at first */
	struct settings_scan *scan;
	struct error *error;
};

static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

void
settings_scan_clear(struct settings_scan *scan)
{
	size_t i;

	for (i = 0; i < scan->count; i++) {
		free(scan->entries[i].section);
		free(scan->entries[i].key);
	}
	free(scan->entries);
	scan->entries = NULL;
	scan->count = 0;
}

static int
refuse(struct cursor *at, const char *what)
{
	error_set(at->error, "%s:%d: %s", at->path, at->line, what);
	return -1;
}

static int
add_entry(struct cursor *at, const char *section, size_t section_len,
    const char *key, size_t key_len)
{
	struct settings_scan *scan = at->scan;
	struct settings_entry *entries, *entry;

	entries = reallocarray(scan->entries, scan->count + 1,
	    sizeof(*entries));
	if (entries == NULL)
		return refuse(at, "out of memory");
	scan->entries = entries;
	entry = &entries[scan->count];
	entry->section = strndup(section, section_len);
	entry->key = key == NULL ? NULL : strndup(key, key_len);
	entry->line = at->line;
	scan->count++;
	if (entry->section == NULL || (key != NULL && entry->key == NULL))
		return refuse(at, "out of memory");
	return 0;
}

/* The line where this section (key NULL) or key was seen before, or 0. */
static int
seen_at(const struct settings_scan *scan, const char *section,
    size_t section_len, const char *key, size_t key_len)
{
	const struct settings_entry *entry;
	size_t i;

	for (i = 0; i < scan->count; i++) {
		entry = &scan->entries[i];
		if (strlen(entry->section) != section_len ||
		    memcmp(entry->section, section, section_len) != 0 ||
		    (key == NULL) != (entry->key == NULL))
			continue;
		if (key == NULL || (strlen(entry->key) == key_len &&
		    memcmp(entry->key, key, key_len) == 0))
			return entry->line;
	}
	return 0;
}

static int
scan_section(struct cursor *at, const char *line, size_t len)
{
	const char *name = line + 1;
	size_t name_len, i;
	int before;

	while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	if (len < 3 || line[len - 1] != ']')
		return refuse(at, "a section must be [authgear] or "
		    "[policy NAME], alone on its line");
	name_len = len - 2;
	for (i = 0; i < name_len; i++) {
		if (strchr(name_bytes, name[i]) == NULL && name[i] != '-' &&
		    name[i] != ' ')
			return refuse(at, "section names are of a-z, 0-9, _ "
			    "and -");
	}
	before = seen_at(at->scan, name, name_len, NULL, 0);
	if (before != 0) {
		error_set(at->error, "%s:%d: [%.*s]: is in line %d already; "
		    "put its keys together", at->path, at->line,
		    (int)name_len, name, before);
		return -1;
	}
	if (add_entry(at, name, name_len, NULL, 0) == -1)
		return -1;
	at->section = at->scan->entries[at->scan->count - 1].section;
	return 0;
}

static int
refuse_key(struct cursor *at, const char *key, size_t key_len,
    const char *what)
{
	error_set(at->error, "%s:%d: %.*s: %s", at->path, at->line,
	    (int)(key_len < 64 ? key_len : 64), key, what);
	return -1;
}

static int
check_value(struct cursor *at, const char *key, size_t key_len,
    const char *value, size_t len)
{
	size_t i;

	if (len == 0)
		return refuse_key(at, key, key_len,
		    "has no value; give one or remove the line");
	for (i = 1; i < len; i++) {
		if ((value[i] == '#' || value[i] == ';') &&
		    (value[i - 1] == ' ' || value[i - 1] == '\t'))
			return refuse_key(at, key, key_len, "a comment behind "
			    "the value would become part of it; put it on a "
			    "line of its own");
	}
	return 0;
}

static int
scan_key(struct cursor *at, const char *line, size_t len)
{
	const char *equals = memchr(line, '=', len);
	const char *value;
	size_t key_len, value_len;
	int before;

	if (equals == NULL)
		return refuse(at, "neither a section, nor KEY = VALUE, nor a "
		    "comment; a value ends with its line");
	key_len = (size_t)(equals - line);
	while (key_len > 0 &&
	    (line[key_len - 1] == ' ' || line[key_len - 1] == '\t'))
		key_len--;
	if (at->section == NULL)
		return refuse_key(at, line, key_len, "stands before the first "
		    "section; put it below [authgear] or [policy NAME]");
	if (key_len == 0 || strspn(line, name_bytes) != key_len)
		return refuse_key(at, line, key_len, "names of settings are "
		    "of a-z, 0-9 and _");
	before = seen_at(at->scan, at->section, strlen(at->section), line,
	    key_len);
	if (before != 0) {
		error_set(at->error, "%s:%d: %.*s: is in line %d already; keep "
		    "one of them", at->path, at->line, (int)key_len, line,
		    before);
		return -1;
	}
	value = equals + 1;
	value_len = (size_t)(line + len - value);
	while (value_len > 0 && (value[0] == ' ' || value[0] == '\t')) {
		value++;
		value_len--;
	}
	while (value_len > 0 && (value[value_len - 1] == ' ' ||
	    value[value_len - 1] == '\t'))
		value_len--;
	if (check_value(at, line, key_len, value, value_len) == -1)
		return -1;
	return add_entry(at, at->section, strlen(at->section), line, key_len);
}

static int
scan_line(struct cursor *at, const char *line, size_t len)
{
	size_t i;

	if (len > SETTINGS_MAX_VALUE)
		return refuse(at, "the line is too long (4096 bytes at most)");
	for (i = 0; i < len; i++) {
		if (line[i] == '\0')
			return refuse(at, "holds a NUL byte");
		if (((unsigned char)line[i] < 0x20 && line[i] != '\t') ||
		    (unsigned char)line[i] == 0x7f)
			return refuse(at, "holds a control byte (line ends "
			    "must be plain newlines)");
		if ((unsigned char)line[i] > 0x7f)
			return refuse(at, "holds a byte that is not ASCII");
	}
	if (len == 0 || line[0] == '#' || line[0] == ';')
		return 0;
	if (line[0] == '[')
		return scan_section(at, line, len);
	return scan_key(at, line, len);
}

void
settings_scan_simplify(char *text, size_t *len)
{
	const char *from = text, *end = text + *len;
	char *to = text;
	int is_start = 1, is_comment = 0;

	for (; from < end; from++) {
		if (is_start && (*from == ' ' || *from == '\t'))
			continue;
		if (is_start)
			is_comment = *from == '#' || *from == ';';
		is_start = *from == '\n';
		*to = *from;
		if (is_comment && (unsigned char)*from > 0x7f)
			*to = '?';
		to++;
	}
	*len = (size_t)(to - text);
	if (to < end)
		*to = '\0';
}

int
settings_scan(struct settings_scan *scan, const char *path, const char *text,
    size_t len, struct error *error)
{
	struct cursor at = { path, 0, NULL, scan, error };
	const char *end = text + len;
	const char *newline;
	size_t line_len;

	scan->entries = NULL;
	scan->count = 0;
	while (text < end) {
		at.line++;
		newline = memchr(text, '\n', (size_t)(end - text));
		line_len = (size_t)((newline == NULL ? end : newline) - text);
		if (scan_line(&at, text, line_len) == -1) {
			settings_scan_clear(scan);
			return -1;
		}
		text += line_len + 1;
	}
	return 0;
}
