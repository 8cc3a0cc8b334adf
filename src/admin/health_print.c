#include "admin/health_print.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "admin/table.h"
#include "face/json_print.h"
#include "ground/when.h"

#define NAME_WIDTH 10
#define SIZE_SIZE 32

static void say(const char *name, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
say(const char *name, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	(void)printf("%-*s ", NAME_WIDTH, name);
	table_wrap(NAME_WIDTH + 1, text);
}

/* "4.2 MB" */
static const char *
print_size(int64_t bytes, char text[SIZE_SIZE])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	double size = (double)bytes;
	size_t i;

	if (bytes < 0) {
		(void)snprintf(text, SIZE_SIZE, "not there");
		return text;
	}
	for (i = 0; size >= 1024 && i + 1 < sizeof(units) / sizeof(units[0]);
	    i++)
		size /= 1024;
	(void)snprintf(text, SIZE_SIZE, i == 0 ? "%.0f %s" : "%.1f %s", size,
	    units[i]);
	return text;
}

static int
percent(int64_t part, int64_t whole)
{
	return whole > 0 ? (int)(part * 100 / whole) : 0;
}

static void
print_disk(const struct health *health)
{
	char left[SIZE_SIZE], all[SIZE_SIZE];

	if (health->free < 0)
		return;
	say("disk", "%s of %s free (%d %%)%s",
	    print_size(health->free, left), print_size(health->total, all),
	    percent(health->free, health->total), health->free == 0 ||
	    health->free_files == 0 ? ": nothing can be written" : "");
}

static void
print_file(const char *name, const struct health_file *file,
    const char *holder)
{
	char size[SIZE_SIZE], log[SIZE_SIZE];

	say(name, "%s, its log %s%s%s", print_size(file->size, size),
	    print_size(file->log, log), holder[0] == '\0' ? "" :
	    "; others wait for ", holder);
}

static void
print_trust(const struct health *health)
{
	const struct trust_list_counts *trust = &health->trust;
	char changed[WHEN_SIZE];

	print_file("trust.db", &health->trust_file, health->trust_holder);
	if (health->trust_error.text[0] != '\0') {
		say("", "%s", health->trust_error.text);
		return;
	}
	when_print(trust->changed, changed);
	say("", "schema %lld; revocations %lld, accounts %lld; %lld changes, "
	    "the last %lld at %s", (long long)trust->schema,
	    (long long)trust->revocations, (long long)trust->accounts,
	    (long long)trust->changes, (long long)trust->number, changed);
}

static void
print_keys(const struct health *health)
{
	const struct health_daemon *daemon = &health->daemon;
	char fetched[WHEN_SIZE], due[WHEN_SIZE];

	if (!daemon->has_keys) {
		say("keys", "none were fetched yet");
		return;
	}
	when_print(daemon->keys_fetched, fetched);
	when_print(daemon->keys_due, due);
	say("keys", "%lld serve, %lld left out; fetched %s, %s %s",
	    (long long)daemon->keys_serving,
	    (long long)daemon->keys_left_out, fetched,
	    daemon->keys_due <= health->now.wall ? "due since" : "due", due);
}

static void
print_resolver(const struct health *health)
{
	const struct health_daemon *daemon = &health->daemon;

	if (health->settings->validate == SETTINGS_VALIDATE_JWT)
		say("resolver", "not asked: validate is jwt");
	else if (daemon->failures == 0 && daemon->back_off == 0)
		say("resolver", "no failure since the last answer");
	else
		say("resolver", "%lld failures in a row%s; asked again in "
		    "%lld.%lld s", (long long)daemon->failures,
		    daemon->is_fault ? ", by something that is not Authgear's "
		    "resolver" : "", (long long)daemon->back_off / 1000,
		    (long long)daemon->back_off / 100 % 10);
}

static void
print_status(const struct health *health)
{
	const struct health_daemon *daemon = &health->daemon;
	const int max = health->settings->max_sessions;
	char age[SIZE_SIZE];

	print_file("status.db", &health->status_file, health->status_holder);
	if (health->status_error.text[0] != '\0') {
		say("", "%s", health->status_error.text);
		return;
	}
	(void)snprintf(age, sizeof(age), "%lld s ago",
	    (long long)daemon->newest / 1000);
	say("", "schema %lld; sessions %lld of %d (%d %%), the last lookup %s",
	    (long long)daemon->schema, (long long)daemon->sessions, max,
	    percent(daemon->sessions, max), daemon->newest < 0 ?
	    "not since the last boot" : age);
	print_keys(health);
	print_resolver(health);
}

static void
print_users(const struct health *health)
{
	size_t i;

	if (health->user_count == 0 && geteuid() != 0)
		say("open by", "cannot be told: run this as root");
	else if (health->user_count == 0)
		say("open by", "no other process: no daemon runs");
	for (i = 0; i < health->user_count; i++)
		say(i == 0 ? "open by" : "", "process %ld (%s)",
		    health->users[i].pid, health->users[i].name[0] == '\0' ?
		    "of unknown name" : health->users[i].name);
	if (health->daemon.helpers > 0)
		say("", "authgear-check: %lld lookups under way",
		    (long long)health->daemon.helpers);
}

void
health_print(const struct health *health)
{
	char now[WHEN_SIZE];

	when_print(health->now.wall, now);
	say("state", "%s for %s, at %s", health->settings->state,
	    health->settings->endpoint, now);
	print_disk(health);
	print_trust(health);
	print_status(health);
	print_users(health);
}

/* --- JSON */

static void
print_number(const char *before, int64_t number, int is_known)
{
	json_print_seconds(stdout, before, is_known ? number : -1);
}

static void
print_trust_json(const struct health *health)
{
	const struct trust_list_counts *trust = &health->trust;
	const int is_known = health->trust_error.text[0] == '\0';

	print_number(",\"trust\":{\"size\":", health->trust_file.size, 1);
	print_number(",\"log\":", health->trust_file.log, 1);
	print_number(",\"schema\":", trust->schema, is_known);
	print_number(",\"revocations\":", trust->revocations, is_known);
	print_number(",\"accounts\":", trust->accounts, is_known);
	print_number(",\"changes\":", trust->changes, is_known);
	print_number(",\"last\":", trust->number, is_known);
	print_number(",\"changed\":", trust->changed, is_known);
	json_print_text(stdout, ",\"holder\":",
	    health->trust_holder[0] == '\0' ? NULL : health->trust_holder);
	json_print_text(stdout, ",\"error\":", is_known ? NULL :
	    health->trust_error.text);
	(void)putchar('}');
}

static void
print_status_json(const struct health *health)
{
	const struct health_daemon *daemon = &health->daemon;
	const int is_known = health->status_error.text[0] == '\0';
	const int has_keys = is_known && daemon->has_keys;

	print_number(",\"status\":{\"size\":", health->status_file.size, 1);
	print_number(",\"log\":", health->status_file.log, 1);
	print_number(",\"schema\":", daemon->schema, is_known);
	print_number(",\"sessions\":", daemon->sessions, is_known);
	print_number(",\"max_sessions\":", health->settings->max_sessions, 1);
	print_number(",\"newest_msecs\":", daemon->newest, is_known);
	print_number(",\"keys_serving\":", daemon->keys_serving, has_keys);
	print_number(",\"keys_left_out\":", daemon->keys_left_out, has_keys);
	print_number(",\"keys_fetched\":", daemon->keys_fetched, has_keys);
	print_number(",\"keys_due\":", daemon->keys_due, has_keys);
	print_number(",\"failures\":", daemon->failures, is_known);
	print_number(",\"back_off_msecs\":", daemon->back_off, is_known);
	print_number(",\"helpers\":", daemon->helpers, is_known);
	json_print_text(stdout, ",\"holder\":",
	    health->status_holder[0] == '\0' ? NULL : health->status_holder);
	json_print_text(stdout, ",\"error\":", is_known ? NULL :
	    health->status_error.text);
	(void)putchar('}');
}

void
health_print_json(const struct health *health)
{
	size_t i;

	print_number("{\"time\":", health->now.wall, 1);
	json_print_text(stdout, ",\"state\":", health->settings->state);
	json_print_text(stdout, ",\"endpoint\":", health->settings->endpoint);
	print_number(",\"disk_free\":", health->free, 1);
	print_number(",\"disk_total\":", health->total, 1);
	print_trust_json(health);
	print_status_json(health);
	/* another user's process does not tell what it has open */
	if (health->user_count == 0 && geteuid() != 0) {
		(void)fputs(",\"open_by\":null}\n", stdout);
		return;
	}
	(void)fputs(",\"open_by\":[", stdout);
	for (i = 0; i < health->user_count; i++) {
		(void)printf("%s{\"pid\":%ld", i > 0 ? "," : "",
		    health->users[i].pid);
		json_print_text(stdout, ",\"name\":", health->users[i].name);
		(void)putchar('}');
	}
	(void)fputs("]}\n", stdout);
}
