#include "admin/import_file.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "ground/json_parse.h"

#define FORMAT 1		/* of the file */
#define ROW_MEMBERS 11
#define ACCOUNT_MEMBERS 5
#define NUMBER_DIGITS 16		/* of 2^53 */

static int
refuse(const struct import_file *file, const char *why, struct error *error)
{
	error_set(error, "%.200s: line %lld: %s", file->path,
	    (long long)file->line, why);
	return -1;
}

static int
cut(const struct import_file *file, struct error *error)
{
	error_set(error, "%.200s is cut short: its last line, with the number "
	    "of lines, is missing behind line %lld", file->path,
	    (long long)file->line);
	return -1;
}

/* The next line without its end: 1 and its length, 0 at the end, -1 and
 * error. */
static int
read_line(struct import_file *file, size_t *len_out, struct error *error)
{
	size_t len = 0;
	int c;

	while ((c = getc_unlocked(file->file)) != EOF && c != '\n') {
		if (len == IMPORT_FILE_LINE) {
			file->line++;
			return refuse(file, "it is longer than any line of "
			    "an export", error);
		}
		file->text[len++] = (char)c;
	}
	file->text[len] = '\0';
	*len_out = len;
	if (c == EOF && ferror(file->file)) {
		error_set(error, "%.200s: %s", file->path, strerror(errno));
		return -1;
	}
	if (c == EOF)
		return len == 0 ? 0 : cut(file, error);
	file->line++;
	return 1;
}

/* 1 and it is in file->json, 0 at the end, -1 and error. */
static int
read_object(struct import_file *file, struct error *error)
{
	enum json_refusal refusal;
	size_t len;
	const int found = read_line(file, &len, error);

	json_free(file->json);
	file->json = NULL;
	if (found != 1)
		return found;
	file->json = json_parse(file->text, len, &refusal);
	return file->json != NULL ? 1 : refuse(file,
	    json_parse_refusal_text(refusal), error);
}

/* {"export":1,"endpoint":"https://..."} */
static int
read_head(struct import_file *file, struct error *error)
{
	const char *endpoint;
	int64_t format;
	const int found = read_object(file, error);

	if (found != 1)
		return found == 0 ? cut(file, error) : -1;
	if (json_members(file->json) != 2 || json_find_seconds(file->json,
	    "export", &format) != JSON_FOUND || json_find_string(file->json,
	    "endpoint", &endpoint) != JSON_FOUND)
		return refuse(file, "this is no export of authgear-cache",
		    error);
	if (format != FORMAT)
		return refuse(file, "a later release exported this", error);
	if (strcmp(endpoint, file->endpoint) == 0)
		return 0;
	error_set(error, "%.200s is of another endpoint (%.100s)", file->path,
	    endpoint);
	return -1;
}

/* A string there must be. */
static int
has_text(const struct json *json, const char *name, const char **text_out)
{
	return json_find_string(json, name, text_out) == JSON_FOUND;
}

/* Seconds, or null for none. */
static int
has_time(const struct json *json, const char *name, int64_t *seconds_out)
{
	if (json_find_seconds(json, name, seconds_out) == JSON_FOUND)
		return 1;
	*seconds_out = REVOCATION_NO_TIME;
	return json_has_null(json, name);
}

/* 1 if a number has more digits than seconds have: it would be read as null,
 * which is for ever. */
static int
has_long_number(const char *text)
{
	int digits = 0, is_string = 0;

	for (; *text != '\0' && digits <= NUMBER_DIGITS; text++) {
		if (is_string && *text == '\\')
			text++;
		else if (*text == '"')
			is_string = !is_string;
		else
			digits = !is_string && *text >= '0' && *text <= '9' ?
			    digits + 1 : 0;
	}
	return digits > NUMBER_DIGITS;
}

/* A string, or null for none: the digits of a credential. */
static int
has_credential(const struct json *json, char *digits_out)
{
	const char *text;

	digits_out[0] = '\0';
	if (!has_text(json, "credential", &text))
		return json_has_null(json, "credential");
	if (strlen(text) != TRUST_LIST_DIGITS)
		return 0;
	memcpy(digits_out, text, TRUST_LIST_DIGITS + 1);
	return 1;
}

static int
take_row(const struct json *json, struct trust_list_row *row)
{
	struct revocation *const revocation = &row->revocation;
	const char *kind, *rule;

	return json_members(json) == ROW_MEMBERS &&
	    has_text(json, "kind", &kind) &&
	    revocation_kind_of(kind, &revocation->kind) == 0 &&
	    has_text(json, "value", &revocation->value) &&
	    has_text(json, "rule", &rule) &&
	    revocation_rule_of(rule, &revocation->rule) == 0 &&
	    has_time(json, "from", &revocation->from) &&
	    has_time(json, "until", &revocation->until) &&
	    has_text(json, "reason", &row->reason) &&
	    has_text(json, "actor", &row->actor) &&
	    has_text(json, "source", &row->source) &&
	    json_find_seconds(json, "time", &row->time) == JSON_FOUND &&
	    has_credential(json, row->credential) &&
	    has_time(json, "expires", &row->expires);
}

static int
take_account(const struct json *json, struct trust_list_account *account)
{
	return json_members(json) == ACCOUNT_MEMBERS &&
	    json_find_seconds(json, "time", &account->time) == JSON_FOUND &&
	    has_text(json, "account", &account->account) &&
	    has_text(json, "user", &account->user_id) &&
	    has_text(json, "reason", &account->reason) &&
	    has_text(json, "actor", &account->actor);
}

/* {"lines":N}, and nothing behind it: 0, or -1 and error. */
static int
take_last(struct import_file *file, struct error *error)
{
	const int64_t before = file->line - 1;
	int64_t lines;
	size_t len;
	int found;

	if (json_members(file->json) != 1 || json_find_seconds(file->json,
	    "lines", &lines) != JSON_FOUND || lines != before)
		return refuse(file, "it does not say the number of lines "
		    "before it: some are missing, or too many", error);
	found = read_line(file, &len, error);
	if (found == 1)
		return refuse(file, "it stands behind the last one", error);
	file->is_ended = found == 0;
	return found;
}

int
import_file_next(struct import_file *file, struct trust_item *item,
    struct error *error)
{
	struct error why = { "" };
	int found, is_known;

	memset(item, 0, sizeof(*item));
	if (file->is_ended)
		return 0;
	found = read_object(file, error);
	if (found != 1)
		return found == 0 ? cut(file, error) : -1;
	if (json_has(file->json, "lines"))
		return take_last(file, error);
	item->is_account = json_has(file->json, "account");
	is_known = item->is_account ? take_account(file->json,
	    &item->account) : take_row(file->json, &item->row);
	if (!is_known || has_long_number(file->text))
		return refuse(file, "it is no line of an export: a member is "
		    "missing, unknown or of another type", error);
	if (trust_import_check(item, &why) == 0)
		return 1;
	return refuse(file, error_text(&why), error);
}

int
import_file_rewind(struct import_file *file, struct error *error)
{
	file->line = 0;
	file->is_ended = 0;
	if (fseek(file->file, 0, SEEK_SET) == 0)
		return read_head(file, error);
	error_set(error, "%.200s: %s", file->path, strerror(errno));
	return -1;
}

int
import_file_open(struct import_file *file, const char *path,
    const char *endpoint, struct error *error)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	memset(file, 0, sizeof(*file));
	file->path = path;
	file->endpoint = endpoint;
	if (fd == -1 || fstat(fd, &st) == -1) {
		error_set(error, "%.200s: %s%s", path, strerror(errno),
		    strcmp(path, "-") == 0 ? "; it is read twice, so standard "
		    "input must be written to a file first" : "");
	} else if (!S_ISREG(st.st_mode)) {
		error_set(error, "%.200s is no file: it is read twice, "
		    "so write it to one first", path);
	} else if ((file->file = fdopen(fd, "r")) != NULL) {
		return import_file_rewind(file, error);
	} else {
		error_set(error, "out of memory");
	}
	if (fd != -1)
		(void)close(fd);
	return -1;
}

void
import_file_close(struct import_file *file)
{
	if (file->file != NULL)
		(void)fclose(file->file);
	json_free(file->json);
	file->file = NULL;
	file->json = NULL;
}
