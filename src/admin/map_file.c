#include "admin/map_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "admin/change_words.h"
#include "admin/csv.h"
#include "state/write/trust_list.h"

/* Lines that are wrong: the first one's fault, and where the others are. */
struct faults {
	size_t count;
	struct error first;
	char others[80];
};

#define NAMED 6			/* of the others */

static void
note(struct faults *faults, long long line, const char *why)
{
	const size_t len = strlen(faults->others);

	if (faults->count == 0)
		error_set(&faults->first, "line %lld: %s", line, why);
	else if (faults->count <= NAMED)
		(void)snprintf(faults->others + len,
		    sizeof(faults->others) - len, "%s%lld",
		    faults->count == 1 ? "" : ", ", line);
	faults->count++;
}

static int
refuse(const struct map_file *file, const struct faults *faults,
    struct error *error)
{
	char more[40] = "";

	if (faults->count == 1) {
		error_set(error, "%.200s: %s", file->path,
		    error_text(&faults->first));
		return -1;
	}
	if (faults->count > NAMED + 1)
		(void)snprintf(more, sizeof(more), " and %zu more",
		    faults->count - NAMED - 1);
	error_set(error, "%.200s: %s (wrong as well: %s %s%s)", file->path,
	    error_text(&faults->first), faults->count == 2 ? "line" : "lines",
	    faults->others, more);
	return -1;
}

static int
no_memory(struct error *error)
{
	error_set(error, "out of memory");
	return -1;
}

/* What a spreadsheet writes where the comma is a decimal's. */
static const char *
check_count(const struct csv *csv)
{
	if (csv->count == 2)
		return NULL;
	if (csv->count == 1 && strpbrk(csv->fields[0], ";\t") != NULL)
		return "there are not two fields, user and account: "
		    "semicolons and tabs part none, so save the file with "
		    "commas";
	return "there are not two fields, user and account";
}

/* NULL, or what `map add' would say of it. */
static const char *
check(const struct csv *csv, struct error *why)
{
	const struct trust_pair pair = { csv->fields[0], csv->fields[1], 0 };
	const char *wrong = check_count(csv);
	int i;

	if (wrong != NULL)
		return wrong;
	if (csv->fields[0][0] == '\0' || csv->fields[1][0] == '\0')
		return csv->fields[0][0] == '\0' ? "the user is empty" :
		    "the account is empty";
	if (csv->line == 1 && (strcasecmp(csv->fields[0], "account") == 0 ||
	    strcasecmp(csv->fields[1], "user") == 0))
		return "the first column must be the user, the second the "
		    "account";
	for (i = 0; i < 2 && wrong == NULL; i++)
		wrong = change_words_check(REVOCATION_USER, csv->fields[i]);
	if (wrong == NULL && trust_writer_mappable(&pair, why) == -1)
		wrong = error_text(why);
	return wrong;
}

/* Room for one more. */
static int
grow(struct map_file *file, size_t *room, struct error *error)
{
	struct map_row *rows;

	if (file->count == MAP_FILE_MAX) {
		error_set(error, "%.200s has over %d rows", file->path,
		    MAP_FILE_MAX);
		return -1;
	}
	if (file->count < *room)
		return 0;
	*room = *room == 0 ? 64 : 2 * *room;
	rows = reallocarray(file->rows, *room, sizeof(*rows));
	if (rows == NULL)
		return no_memory(error);
	file->rows = rows;
	return 0;
}

static int
take(struct map_file *file, const struct csv *csv, size_t *room,
    struct error *error)
{
	struct map_row *row;

	if (grow(file, room, error) == -1)
		return -1;
	row = &file->rows[file->count++];
	memset(row, 0, sizeof(*row));
	row->line = csv->line;
	row->user = strdup(csv->fields[0]);
	row->account = strdup(csv->fields[1]);
	return row->user == NULL || row->account == NULL ?
	    no_memory(error) : 0;
}

static int
is_head(const struct csv *csv)
{
	return csv->line == 1 && csv->count == 2 &&
	    strcasecmp(csv->fields[0], "user") == 0 &&
	    strcasecmp(csv->fields[1], "account") == 0;
}

static int
by_user(const void *a, const void *b)
{
	const struct map_row *const *left = a, *const *right = b;

	return strcmp((*left)->user, (*right)->user);
}

static int
by_account(const void *a, const void *b)
{
	const struct map_row *const *left = a, *const *right = b;

	return strcmp((*left)->account, (*right)->account);
}

typedef int order(const void *a, const void *b);

/* The rows in an order, malloc'd; NULL and error. */
static struct map_row **
sort(const struct map_file *file, order *compare, struct error *error)
{
	struct map_row **sorted = calloc(file->count + 1, sizeof(*sorted));
	size_t i;

	if (sorted == NULL) {
		(void)no_memory(error);
		return NULL;
	}
	for (i = 0; i < file->count; i++)
		sorted[i] = &file->rows[i];
	qsort(sorted, file->count, sizeof(*sorted), compare);
	return sorted;
}

static int
find_twice(const struct map_file *file, const char *what, order *compare,
    struct error *error)
{
	struct map_row **sorted = sort(file, compare, error);
	int ret = sorted == NULL ? -1 : 0;
	size_t i;

	for (i = 1; ret == 0 && i < file->count; i++)
		if (compare(&sorted[i - 1], &sorted[i]) == 0) {
			error_set(error, "%.200s: lines %lld and %lld have "
			    "the same %s", file->path, sorted[i - 1]->line,
			    sorted[i]->line, what);
			ret = -1;
		}
	free(sorted);
	return ret;
}

/* All rows, of which none is kept behind a wrong one; 0, or -1 and error. */
static int
read_rows(struct map_file *file, struct csv *csv, struct error *error)
{
	struct faults faults = { .count = 0 };
	struct error cause = { "" }, why;
	const char *wrong;
	size_t room = 0;
	int found;

	while ((found = csv_next(csv, &cause)) == 1) {
		if (is_head(csv))
			continue;
		error_clear(&why);
		wrong = check(csv, &why);
		if (wrong != NULL)
			note(&faults, csv->line, wrong);
		else if (faults.count == 0 &&
		    take(file, csv, &room, error) == -1)
			return -1;
	}
	if (faults.count > 0)
		return refuse(file, &faults, error);
	if (found == -1)
		error_set(error, "%s", error_text(&cause));
	return found;
}

int
map_file_read(struct map_file *file, const char *path, struct error *error)
{
	struct csv csv = { .path = path };
	int found;

	memset(file, 0, sizeof(*file));
	file->path = path;
	csv.file = fopen(path, "re");
	if (csv.file == NULL) {
		error_set(error, "%.200s: %s%s", path, strerror(errno),
		    strcmp(path, "-") == 0 ? "; standard input is where it is "
		    "agreed to, so name a file" : "");
		return -1;
	}
	found = read_rows(file, &csv, error);
	(void)fclose(csv.file);
	file->has_no_end = csv.has_no_end;
	if (found == 0 && file->count == 0) {
		error_set(error, "%.200s names nobody", path);
		found = -1;
	}
	return found == 0 && find_twice(file, "user", by_user, error) == 0 &&
	    find_twice(file, "account", by_account, error) == 0 ? 0 : -1;
}

void
map_file_clear(struct map_file *file)
{
	size_t i;

	for (i = 0; i < file->count; i++) {
		free(file->rows[i].user);
		free(file->rows[i].account);
		free(file->rows[i].before);
	}
	free(file->rows);
	file->rows = NULL;
	file->count = 0;
}

/* Both orders of a file. */
struct sorted {
	struct map_row **users;
	struct map_row **accounts;
};

static struct map_row *
find(const struct map_file *file, struct map_row **sorted, order *compare,
    struct map_row *key)
{
	struct map_row *const *found = bsearch(&key, sorted, file->count,
	    sizeof(*sorted), compare);

	return found == NULL ? NULL : *found;
}

/* What one row of the map means for the file. */
static int
meet(struct map_file *file, const struct sorted *sorted,
    const struct trust_list_account *now, struct error *error)
{
	struct map_row key = { .user = strdup(now->user_id),
	    .account = strdup(now->account) };
	struct map_row *user, *account;
	int ret = -1;

	if (key.user == NULL || key.account == NULL) {
		(void)no_memory(error);
		goto done;
	}
	user = find(file, sorted->users, by_user, &key);
	account = find(file, sorted->accounts, by_account, &key);
	if (account != NULL && user == NULL) {
		error_set(error, "%.200s: line %lld: another user has the "
		    "account: look at 'authgear-cache list map'", file->path,
		    account->line);
		goto done;
	}
	if (user != NULL) {
		user->before = key.account;
		key.account = NULL;
		file->changes -= user == account;
	}
	ret = 0;
done:
	free(key.user);
	free(key.account);
	return ret;
}

int
map_file_compare(struct map_file *file, const struct settings *settings,
    struct error *error)
{
	struct sorted sorted = { sort(file, by_user, error),
	    sort(file, by_account, error) };
	struct trust_list_account now;
	struct trust_list *list = NULL;
	int found = -1;

	file->changes = file->count;
	if (sorted.users != NULL && sorted.accounts != NULL)
		list = trust_list_open_map(settings->state,
		    settings->endpoint, NULL, error);
	while (list != NULL && (found = trust_list_next_account(list, &now,
	    error)) == 1)
		if (meet(file, &sorted, &now, error) == -1) {
			found = -1;
			break;
		}
	trust_list_free(list);
	free(sorted.users);
	free(sorted.accounts);
	return found;
}
