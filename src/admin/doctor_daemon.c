#include "config.h"

#include "admin/doctor_daemon.h"

#include <sys/stat.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "admin/command.h"
#include "admin/doctor_socket.h"
#include "admin/health.h"
#include "admin/process.h"
#include "admin/program.h"
#include "face/epoch.h"
#include "transport/clock.h"

#define NAME "authgear-fcgi"
#define RESTART "run 'systemctl restart authgear-fcgi'"
#define SLACK_MS 100		/* a start is told in ticks */
#define VERSION_MS 10000

/* The value of an option of its line; `missing` without one. */
static const char *
option_of(const struct process *process, const char *name, char letter,
    const char *missing)
{
	const size_t len = strlen(name);
	const char *word;
	size_t at = 0;

	while ((word = process_argument(process, &at)) != NULL) {
		if (word[0] != '-')
			continue;
		if (strncmp(word, name, len) == 0 && word[len] == '=')
			return word + len + 1;
		if (strcmp(word, name) == 0 || (letter != '\0' &&
		    word[1] == letter && word[2] == '\0'))
			return process_argument(process, &at);
	}
	return missing;
}

static int
is_same_file(const char *one, const char *other)
{
	struct stat a, b;

	if (stat(one, &a) == 0 && stat(other, &b) == 0)
		return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
	return strcmp(one, other) == 0;
}

static int64_t
msecs_of(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000 + time->tv_nsec / 1000000;
}

/* Whether the file was written, or put there, after the process began. */
static int
is_newer(const char *path, const struct process *process)
{
	struct timespec wall, booted;
	int64_t began;
	struct stat st;

	if (stat(path, &st) == -1 ||
	    clock_gettime(CLOCK_REALTIME, &wall) == -1 ||
	    clock_gettime(CLOCK_BOOTTIME, &booted) == -1)
		return 0;
	began = msecs_of(&wall) - (msecs_of(&booted) - process->started);
	/* what a program that keeps the time of a file cannot hide */
	return msecs_of(&st.st_ctim) > began + SLACK_MS;
}

/* What another process runs is not run for that: it may be anybody's. */
static void
look_at_version(struct doctor *doctor, const struct process *process)
{
	char path[PATH_MAX];
	const char *const arguments[] = { path, "--version", NULL };
	static const char ours[] = NAME " " PACKAGE_VERSION "\n";
	struct error error = { "" };
	struct program program;

	if (program_beside(NAME, path) == -1 ||
	    strcmp(path, process->program) != 0) {
		doctor_say(doctor, DOCTOR_UNKNOWN, "daemon", NULL, "the "
		    "version of %s, which does not lie beside this program",
		    process->program);
		return;
	}
	if (program_run(arguments, 256, VERSION_MS, &program, &error) == -1)
		doctor_say(doctor, DOCTOR_UNKNOWN, "daemon", NULL, "%s",
		    error_text(&error));
	else if (strcmp(program.out.data, ours) != 0)
		doctor_say(doctor, DOCTOR_BAD, "daemon", "install both of one "
		    "release, then " RESTART, "%s is %.60s, and this is "
		    PACKAGE_VERSION, path, program.out.data);
	else
		doctor_say(doctor, DOCTOR_GOOD, "daemon", NULL, "process %ld "
		    "is of version " PACKAGE_VERSION, process->pid);
	program_clear(&program);
}

/* As STATE's page is for root's changes, for the daemon's. */
static void
look_at_page(struct doctor *doctor, const struct process *process)
{
	const char *folder = option_of(process, "--epoch", '\0', NULL);
	unsigned char value[EPOCH_SIZE];
	struct epoch epoch;

	if (folder == NULL)
		return;
	epoch_init(&epoch, folder, EPOCH_DAEMON, EPOCH_OF_DIRECTORY);
	if (epoch_look(&epoch) && epoch_read(&epoch, value))
		doctor_say(doctor, DOCTOR_GOOD, "epoch", NULL, "%s/"
		    EPOCH_DAEMON, folder);
	else
		doctor_say(doctor, DOCTOR_BAD, "epoch", RESTART ", whose unit "
		    "makes the folder (RuntimeDirectory=)", "%s/" EPOCH_DAEMON
		    " is no good page, so that web servers keep no answers",
		    folder);
	epoch_clear(&epoch);
}

static void
look_at(struct doctor *doctor, const struct process *process)
{
	const size_t bad = doctor->counts[DOCTOR_BAD];

	if (process->was_replaced)
		doctor_say(doctor, DOCTOR_BAD, "daemon", RESTART, "process "
		    "%ld runs another %s than the one that is installed",
		    process->pid, process->program);
	if (is_newer(doctor->config, process))
		doctor_say(doctor, DOCTOR_BAD, "daemon", RESTART, "%s was "
		    "changed since process %ld read it", doctor->config,
		    process->pid);
	if (bad == doctor->counts[DOCTOR_BAD])
		doctor_say(doctor, DOCTOR_GOOD, "daemon", NULL, "process %ld "
		    "is uid %lu, and newer than its program and settings",
		    process->pid, (unsigned long)process->uid);
	if (!process->was_replaced)
		look_at_version(doctor, process);
	look_at_page(doctor, process);
	doctor_socket(doctor, process->pid);
}

struct finding {
	struct doctor *doctor;
	size_t count;		/* daemons with these settings */
};

static void
take(void *context, const struct process *process)
{
	struct finding *finding = context;
	struct doctor *doctor = finding->doctor;
	const char *config = option_of(process, "--config", 'c',
	    COMMAND_SETTINGS);

	/* neither another installation's, nor one that only probes */
	if (config == NULL || !is_same_file(config, doctor->config) ||
	    option_of(process, "--probe", '\0', NULL) != NULL)
		return;
	/* anybody may call himself so */
	if (process->uid != doctor->user) {
		doctor_say(doctor, DOCTOR_BAD, "daemon", "end it, or have "
		    "User= of its unit name the owner of the state's daemon/",
		    "process %ld names these settings and is uid %lu, and "
		    "their state is of uid %lu", process->pid,
		    (unsigned long)process->uid,
		    (unsigned long)doctor->user);
		return;
	}
	finding->count++;
	look_at(doctor, process);
}

/* How long ago somebody asked all the same tells who grants meanwhile. */
static void
say_none(struct doctor *doctor)
{
	char last[96] = "";
	struct health health;
	struct moment now;

	if (clock_now(&now) == 0) {
		health_look(&health, doctor->settings, &now);
		if (health.status_error.text[0] == '\0' &&
		    health.daemon.newest >= 0)
			(void)snprintf(last, sizeof(last), "; the last lookup "
			    "was %lld minutes ago",
			    (long long)health.daemon.newest / 60000);
	}
	doctor_say(doctor, DOCTOR_BAD, "daemon", "run 'systemctl start "
	    "authgear-fcgi', and read its log", "no " NAME " with %s runs, "
	    "and what root's PAM hosts grant is authgear-check's%s",
	    doctor->config, last);
}

void
doctor_daemon(struct doctor *doctor)
{
	struct finding finding = { doctor, 0 };

	if (geteuid() != 0) {
		doctor_say(doctor, DOCTOR_UNKNOWN, "daemon", "run this as "
		    "root", "only root sees which processes run");
	} else if (process_each(NAME, take, &finding) == -1) {
		doctor_say(doctor, DOCTOR_UNKNOWN, "daemon", "mount /proc",
		    "/proc cannot be read");
	} else if (finding.count == 0) {
		say_none(doctor);
	}
}
