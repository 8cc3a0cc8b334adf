#include "config.h"

#include "admin/pam_service.h"

#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define LINE_SIZE 4096
#define DEPTH_MAX 16
#define BLANKS " \t\n"

struct reading {
	struct pam_service *service;
	const char *folder;
	const char *name;	/* of the file at hand */
	int depth;
	int level;
	struct error *error;
};

/* What `include' takes of another file. */
enum wanted { WANTED_AUTH, WANTED_ACCOUNT, WANTED_ALL };

static int read_file(struct reading *reading, const char *name,
    enum wanted wanted);

static int
refuse(const struct reading *reading, const char *why)
{
	error_set(reading->error, "%s/%s: %s", reading->folder, reading->name,
	    why);
	return -1;
}

/* The next word, or what stands in brackets (then *bracketed is 1); NULL at
 * the end or, with *at NULL, where a bracket is not closed. */
static char *
next_word(char **at, int *bracketed)
{
	char *from = *at + strspn(*at, BLANKS), *to, *word;

	*bracketed = *from == '[';
	if (*from == '\0')
		return NULL;
	if (!*bracketed) {
		to = from + strcspn(from, BLANKS);
		*at = *to == '\0' ? to : to + 1;
		*to = '\0';
		return from;
	}
	word = to = ++from;
	for (; *from != ']'; from++) {
		if (*from == '\\' && from[1] == ']')
			from++;
		if (*from == '\0') {
			*at = NULL;
			return NULL;
		}
		*to++ = *from;
	}
	*at = from + 1;
	*to = '\0';
	return word;
}

/* 0: a phase of ours, 1: another one, -1: none. */
static int
read_phase(const char *word, enum pam_service_phase *phase)
{
	if (*word == '-')
		word++;
	*phase = strcasecmp(word, "account") == 0 ? PAM_SERVICE_ACCOUNT :
	    PAM_SERVICE_AUTH;
	if (strcasecmp(word, "auth") == 0 || *phase == PAM_SERVICE_ACCOUNT)
		return 0;
	return strcasecmp(word, "session") == 0 ||
	    strcasecmp(word, "password") == 0 ? 1 : -1;
}

static int
read_words(const struct reading *reading, struct pam_line *line, char *at)
{
	int bracketed;
	char *word;

	while ((word = next_word(&at, &bracketed)) != NULL) {
		if (line->count == PAM_SERVICE_WORDS)
			return refuse(reading, "too many words");
		line->words[line->count++] = word;
	}
	return at != NULL ? 0 : refuse(reading, "a bracket is not closed");
}

static int
add(struct reading *reading, const struct pam_line *line, char *rest)
{
	struct pam_service *service = reading->service;
	struct pam_line *added;
	const char *slash = strrchr(line->module, '/');

	if (service->count == PAM_SERVICE_LINES)
		return refuse(reading, "too many lines");
	added = &service->lines[service->count];
	*added = *line;
	if (slash != NULL)
		added->module = slash + 1;
	if (read_words(reading, added, rest) == -1) {
		memset(added, 0, sizeof(*added));
		return -1;
	}
	service->count++;
	return 1;
}

static int
include(struct reading *reading, const char *name, enum wanted wanted)
{
	const char *outer = reading->name;
	int ret;

	if (reading->depth == DEPTH_MAX)
		return refuse(reading, "includes go in circles");
	reading->depth++;
	ret = read_file(reading, name, wanted);
	reading->depth--;
	reading->name = outer;
	return ret == -1 ? -1 : 0;
}

/* What is in there counts for itself, and the mark is a line of its own. */
static int
substack(struct reading *reading, const struct pam_line *line,
    const char *name)
{
	struct pam_line mark = { .phase = line->phase, .module = "",
	    .control = "", .level = reading->level, .is_mark = 1 };
	int ret;

	mark.text = strdup("");
	if (mark.text == NULL)
		return refuse(reading, "out of memory");
	if (add(reading, &mark, mark.text) == -1) {
		free(mark.text);
		return -1;
	}
	reading->level++;
	ret = include(reading, name, (enum wanted)line->phase);
	reading->level--;
	return ret;
}

/* 1: `text` went into the service; 0: it is not needed; -1 and error. */
static int
read_line(struct reading *reading, char *text, enum wanted wanted)
{
	struct pam_line line = { .text = text, .level = reading->level };
	char *at = text, *word, *control;
	int bracketed, kind;

	word = next_word(&at, &bracketed);
	if (word == NULL)
		return 0;
	if (strcmp(word, "@include") == 0) {
		word = next_word(&at, &bracketed);
		return word == NULL ? refuse(reading, "@include of nothing") :
		    include(reading, word, wanted);
	}
	kind = read_phase(word, &line.phase);
	if (kind == -1)
		return refuse(reading, "a line of no phase");
	if (kind == 1 || (wanted != WANTED_ALL &&
	    (int)line.phase != (int)wanted))
		return 0;
	control = next_word(&at, &line.has_actions);
	word = control == NULL ? NULL : next_word(&at, &bracketed);
	if (word == NULL)
		return refuse(reading, "a line without control or module");
	line.control = control;
	line.module = word;
	if (!line.has_actions && strcasecmp(control, "include") == 0)
		return include(reading, word, (enum wanted)line.phase);
	if (!line.has_actions && strcasecmp(control, "substack") == 0)
		return substack(reading, &line, word);
	return add(reading, &line, at);
}

/* One line of libpam's: continued ones together, without comments.  1, 0 at the
 * end, -1: too long. */
static int
gather(FILE *file, char *text, size_t size)
{
	size_t len = 0, part;
	int more = 1;

	text[0] = '\0';
	while (more && fgets(text + len, (int)(size - len), file) != NULL) {
		part = strcspn(text + len, "#\n");
		if (text[len + part] == '\0' && !feof(file))
			return -1;
		text[len + part] = '\0';
		len += part;
		more = len > 0 && text[len - 1] == '\\';
		if (more)
			text[len - 1] = ' ';
		if (!more)
			return 1;
	}
	return len > 0;
}

static int
read_lines(struct reading *reading, FILE *file, enum wanted wanted)
{
	char text[LINE_SIZE], *copy;
	int got, ret = 0;

	while ((got = gather(file, text, sizeof(text))) == 1) {
		copy = strdup(text);
		if (copy == NULL)
			return refuse(reading, "out of memory");
		ret = read_line(reading, copy, wanted);
		if (ret != 1)
			free(copy);
		if (ret == -1)
			return -1;
	}
	if (ferror(file))
		return refuse(reading, strerror(errno));
	return got == -1 ? refuse(reading, "a line is too long") : 0;
}

/* Nobody is waited for, at a pipe or a device. */
static FILE *
open_file(const struct reading *reading, const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
	    O_NOCTTY);
	FILE *file = NULL;
	struct stat st;

	if (fd == -1 || fstat(fd, &st) == -1)
		(void)refuse(reading, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		(void)refuse(reading, "it is no file");
	else if ((file = fdopen(fd, "r")) == NULL)
		(void)refuse(reading, "out of memory");
	if (file == NULL && fd != -1)
		(void)close(fd);
	return file;
}

static int
read_file(struct reading *reading, const char *name, enum wanted wanted)
{
	char path[PATH_MAX];
	FILE *file;
	int ret;

	reading->name = name;
	(void)snprintf(path, sizeof(path), "%s%s%s", name[0] == '/' ? "" :
	    reading->folder, name[0] == '/' ? "" : "/", name);
	file = open_file(reading, path);
	if (file == NULL)
		return -1;
	ret = read_lines(reading, file, wanted);
	(void)fclose(file);
	return ret;
}

int
pam_service_read(struct pam_service *service, const char *folder,
    const char *name, struct error *error)
{
	struct reading reading = { service, folder, name, 0, 0, error };

	return read_file(&reading, name, WANTED_ALL);
}

void
pam_service_clear(struct pam_service *service)
{
	while (service->count > 0)
		free(service->lines[--service->count].text);
}

/* Of a word: as pam.d(5) spells it out. */
static const char *
action_of_word(const char *control, const char *value)
{
	const int is_success = strcmp(value, "success") == 0 ||
	    strcmp(value, "new_authtok_reqd") == 0;

	if (strcasecmp(control, "sufficient") == 0)
		return is_success ? "done" : "ignore";
	if (strcasecmp(control, "optional") == 0)
		return is_success ? "ok" : "ignore";
	if (is_success)
		return "ok";
	if (strcmp(value, "ignore") == 0)
		return "ignore";
	return strcasecmp(control, "requisite") == 0 ? "die" : "bad";
}

const char *
pam_service_action(const struct pam_line *line, const char *value,
    char text[16])
{
	const char *at = line->control, *action = NULL, *fallback = "bad";
	const size_t len = strlen(value);
	size_t word;

	if (!line->has_actions)
		return action_of_word(line->control, value);
	for (at += strspn(at, BLANKS); *at != '\0';
	    at += word, at += strspn(at, BLANKS)) {
		word = strcspn(at, BLANKS);
		if (strncmp(at, value, len) == 0 && at[len] == '=')
			action = at + len + 1;
		else if (strncmp(at, "default=", 8) == 0)
			fallback = at + 8;
	}
	if (action == NULL)
		action = fallback;
	(void)snprintf(text, 16, "%.*s", (int)strcspn(action, BLANKS),
	    action);
	return text;
}

int
pam_service_resets(const struct pam_line *line)
{
	const char *at = line->control;
	size_t word;

	for (; line->has_actions && *at != '\0'; at += word) {
		at += strspn(at, BLANKS);
		word = strcspn(at, BLANKS);
		if (word > 6 && strncmp(at + word - 6, "=reset", 6) == 0)
			return 1;
	}
	return 0;
}
