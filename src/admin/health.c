#include "admin/health.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "admin/child.h"
#include "facts/jwks.h"
#include "state/status_list.h"

static int64_t
size_of(const char *path, const char *suffix)
{
	char name[PATH_MAX];
	struct stat st;

	(void)snprintf(name, sizeof(name), "%.3900s%s", path, suffix);
	return lstat(name, &st) == 0 ? (int64_t)st.st_size : -1;
}

/* Sizes and locks: nothing is opened for them. */
static void
look_at(const char *path, struct health_file *file, char *holder,
    size_t size)
{
	file->size = size_of(path, "");
	file->log = size_of(path, "-wal");
	if (database_holder(path, holder, size) == -1)
		holder[0] = '\0';
}

static void
look_at_disk(struct health *health)
{
	struct statvfs disk;

	health->free = health->total = health->free_files = -1;
	if (statvfs(health->settings->state, &disk) == -1)
		return;
	health->free = (int64_t)(disk.f_bavail * disk.f_frsize);
	health->total = (int64_t)(disk.f_blocks * disk.f_frsize);
	if (disk.f_files > 0)
		health->free_files = (int64_t)disk.f_favail;
}

/* --- in the child */

static void
write_keys(FILE *out, const struct health *health,
    const struct status_keys *keys)
{
	struct jwks *jwks = jwks_parse(keys->jwks, keys->jwks_len, NULL);
	int64_t due = health->now.wall;

	if (moment_age(&keys->started, &health->now) >= 0)
		due = keys->started.wall + health->settings->keys_ttl;
	(void)fprintf(out, "{\"serving\":%zu,\"left_out\":%zu,"
	    "\"fetched\":%lld,\"due\":%lld}\n",
	    jwks == NULL ? 0 : jwks_count(jwks),
	    jwks == NULL ? 0 : jwks_flaw_count(jwks),
	    (long long)keys->started.wall, (long long)due);
	jwks_free(jwks);
}

static void
write_counts(FILE *out, const struct health *health,
    const struct status_list_counts *counts)
{
	const struct status_backoff *backoff = &counts->backoff;
	int64_t wait = backoff->until - health->now.boottime;

	(void)fprintf(out, "{\"schema\":%lld,\"sessions\":%lld,"
	    "\"helpers\":%lld,\"failures\":%d,\"back_off\":%lld,"
	    "\"fault\":%s", (long long)counts->schema,
	    (long long)counts->sessions, (long long)counts->helpers,
	    backoff->failures, (long long)(wait > 0 ? wait : 0),
	    backoff->is_fault ? "true" : "false");
	if (counts->newest >= 0)
		(void)fprintf(out, ",\"newest\":%lld",
		    (long long)counts->newest);
	(void)fputs("}\n", out);
}

static int
work(void *context, FILE *out, struct error *error)
{
	const struct health *health = context;
	struct status_list_counts counts;
	struct status_keys keys;
	struct status_list *list;
	int found = -1;

	memset(&keys, 0, sizeof(keys));
	list = status_list_open(health->settings->state,
	    health->settings->endpoint, STATUS_LIST_OLDEST, error);
	if (list != NULL && status_list_count(list, &health->now, &counts,
	    error) == 0)
		found = status_list_keys(list, &keys, error);
	if (found >= 0)
		write_counts(out, health, &counts);
	if (found == 1)
		write_keys(out, health, &keys);
	status_keys_clear(&keys);
	status_list_free(list);
	return found == -1 ? -1 : 0;
}

/* --- here */

static int
read_number(const struct json *line, const char *name, int64_t *out)
{
	return json_find_seconds(line, name, out) == JSON_FOUND ? 0 : -1;
}

static int
read_line(struct health_daemon *daemon, const struct json *line)
{
	if (json_has(line, "serving")) {
		daemon->has_keys = 1;
		return read_number(line, "serving", &daemon->keys_serving) |
		    read_number(line, "left_out", &daemon->keys_left_out) |
		    read_number(line, "fetched", &daemon->keys_fetched) |
		    read_number(line, "due", &daemon->keys_due);
	}
	daemon->is_told = 1;
	if (read_number(line, "newest", &daemon->newest) == -1)
		daemon->newest = -1;
	return read_number(line, "schema", &daemon->schema) |
	    read_number(line, "sessions", &daemon->sessions) |
	    read_number(line, "helpers", &daemon->helpers) |
	    read_number(line, "failures", &daemon->failures) |
	    read_number(line, "back_off", &daemon->back_off) |
	    (json_find_boolean(line, "fault", &daemon->is_fault) ==
	    JSON_FOUND ? 0 : -1);
}

static int
take(void *context, const struct json *line, struct error *error)
{
	struct health *health = context;

	return read_line(&health->daemon, line) == 0 ? 0 :
	    child_lines_are_odd(error);
}

static void
look_at_daemon(struct health *health)
{
	struct health_daemon *daemon = &health->daemon;
	const int64_t asked_at = health->trust.keys_due;
	const struct child child = {
		.state = health->settings->state,
		.what = "",
		.context = health,
		.work = work,
		.take = take
	};

	daemon->newest = -1;
	if (child_run(&child, &health->status_error) == -1)
		error_set(&health->status_error, "it cannot be read");
	else if (!daemon->is_told)
		(void)child_lines_are_odd(&health->status_error);
	if (daemon->keys_fetched <= asked_at && daemon->keys_due > asked_at)
		daemon->keys_due = asked_at;
}

void
health_look(struct health *health, const struct settings *settings,
    const struct moment *now)
{
	char trust[PATH_MAX], status[PATH_MAX];

	memset(health, 0, sizeof(*health));
	health->settings = settings;
	health->now = *now;
	(void)snprintf(trust, sizeof(trust), "%.3900s/trust.db",
	    settings->state);
	(void)snprintf(status, sizeof(status), "%.3900s/daemon/status.db",
	    settings->state);
	look_at_disk(health);
	look_at(trust, &health->trust_file, health->trust_holder,
	    sizeof(health->trust_holder));
	look_at(status, &health->status_file, health->status_holder,
	    sizeof(health->status_holder));
	health->user_count = database_holder_users(status, health->users,
	    HEALTH_USERS);
	if (trust_list_count(settings->state, settings->endpoint,
	    &health->trust, &health->trust_error) == -1)
		error_set(&health->trust_error, "it cannot be read");
	look_at_daemon(health);
}

int
health_is_whole(const struct health *health)
{
	return health->trust_error.text[0] == '\0' &&
	    health->status_error.text[0] == '\0';
}
