#include "config.h"

#include "fcgi/state_place.h"

#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int
begins_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static int
is_read_only(const char *path)
{
	return access(path, W_OK) == -1 && errno == EROFS;
}

static void
explain_read_only(const char *daemon, struct error *error)
{
	error_clear(error);
	error_set(error, "%.160s cannot be written: %s; if systemd starts the "
	    "daemon, its unit must allow the place: run 'systemctl edit "
	    "authgear-fcgi' and add the lines '[Service]' and "
	    "'ReadWritePaths=%.160s'", daemon, strerror(EROFS), daemon);
}

void
state_place_explain(const char *state, struct error *error)
{
	char daemon[PATH_MAX], status[PATH_MAX];
	struct stat st;

	(void)snprintf(daemon, sizeof(daemon), "%.3900s/daemon", state);
	(void)snprintf(status, sizeof(status), "%.3900s/daemon/status.db",
	    state);
	if (!begins_with(error_text(error), state))
		return;
	if (begins_with(error_text(error), daemon) &&
	    (is_read_only(daemon) || is_read_only(status))) {
		explain_read_only(daemon, error);
		return;
	}
	if (lstat(state, &st) == 0)
		return;
	if (errno == EACCES) {
		error_clear(error);
		error_set(error, "%.160s cannot be reached: %s; each folder "
		    "above it must let the daemon's user through, and "
		    "systemd's unit hides /home, /root and /run/user from it "
		    "(ProtectHome=): set 'state' to a place below /var/lib",
		    state, strerror(EACCES));
	} else if (errno == ENOENT && (begins_with(state, "/tmp/") ||
	    begins_with(state, "/var/tmp/"))) {
		error_clear(error);
		error_set(error, "%.160s does not exist: run 'authgear-cache "
		    "init' with the same --config; if that made it already, "
		    "systemd's unit has a /tmp of its own (PrivateTmp=): set "
		    "'state' to a place below /var/lib", state);
	}
}
