#include "config.h"

#include "admin/journal.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "/usr/bin/journalctl"

/* As journalctl takes it; root while no daemon has a place yet. */
static int
find_user(const char *state, char match[32], struct error *error)
{
	char path[PATH_MAX];
	struct stat st = { .st_uid = 0 };

	(void)snprintf(path, sizeof(path), "%.3900s/daemon", state);
	if (lstat(path, &st) == -1 && errno != ENOENT) {
		error_set(error, "%.300s: %s: which lines of the journal are "
		    "the daemon's is not known; run this as root, or name the "
		    "log with --file", path, strerror(errno));
		return -1;
	}
	(void)snprintf(match, 32, "_UID=%lu", (unsigned long)st.st_uid);
	return 0;
}

static int
spawn(pid_t *pid_out, char *user, int out)
{
	char name[] = "journalctl", pager[] = "--no-pager";
	char quiet[] = "--quiet", reverse[] = "--reverse";
	char output[] = "--output=short-iso";
	char daemon[] = "--identifier=authgear-fcgi";
	char helper[] = "--identifier=authgear-check";
	char root[] = "_UID=0";
	char locale[] = "LC_ALL=C", zone[] = "TZ=UTC";
	char *const arguments[] = { name, pager, quiet, reverse, output,
	    daemon, helper, root, user, NULL };
	char *const environment[] = { locale, zone, NULL };
	posix_spawn_file_actions_t actions;
	int rc;

	if ((rc = posix_spawn_file_actions_init(&actions)) != 0)
		return rc;
	rc = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO,
	    "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, out,
		    STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn(pid_out, PROGRAM, &actions, NULL, arguments,
		    environment);
	(void)posix_spawn_file_actions_destroy(&actions);
	return rc;
}

int
journal_open(struct journal *journal, const char *state,
    struct error *error)
{
	char user[32];
	int ends[2], rc;

	memset(journal, 0, sizeof(*journal));
	if (find_user(state, user, error) == -1)
		return -1;
	if (pipe2(ends, O_CLOEXEC) == -1) {
		error_set(error, "pipe: %s", strerror(errno));
		return -1;
	}
	rc = spawn(&journal->pid, user, ends[1]);
	(void)close(ends[1]);
	if (rc == 0)
		journal->lines = fdopen(ends[0], "r");
	if (journal->lines != NULL)
		return 0;
	(void)close(ends[0]);
	journal_close(journal);
	error_set(error, "%s: %s; name the log with --file", PROGRAM,
	    strerror(rc != 0 ? rc : ENOMEM));
	return -1;
}

void
journal_close(struct journal *journal)
{
	if (journal->lines != NULL)
		(void)fclose(journal->lines);
	if (journal->pid > 0) {
		(void)kill(journal->pid, SIGTERM);
		while (waitpid(journal->pid, NULL, 0) == -1 && errno == EINTR)
			;
	}
	memset(journal, 0, sizeof(*journal));
}
