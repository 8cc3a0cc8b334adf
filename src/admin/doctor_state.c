#include "admin/doctor_state.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/child.h"
#include "face/epoch.h"
#include "ground/epoch_place.h"
#include "state/status.h"
#include "state/status_list.h"
#include "state/trust.h"
#include "state/trust_place.h"
#include "state/trust_shared.h"
#include "state/write/trust_list.h"
#include "transport/clock.h"

#define INIT "'authgear-cache init --user NAME' with the daemon's user mends it"
#define PUT_BACK "put a backup in its place, as authgear-cache(8) says in " \
	"FILES, then run 'authgear-cache accept'"

/* 1 if the file is there and no other kind of thing, with what it is; else
 * said, `mends` being what mends an absent one, where that is bad. */
static int
find(struct doctor *doctor, const char *path, const char *mends,
    struct stat *st)
{
	if (lstat(path, st) == -1) {
		doctor_say(doctor, errno == ENOENT && mends != NULL ?
		    DOCTOR_BAD : DOCTOR_UNKNOWN, "state", mends, "%s: %s",
		    path, strerror(errno));
		return 0;
	}
	if (S_ISREG(st->st_mode) && st->st_nlink == 1)
		return 1;
	doctor_say(doctor, DOCTOR_BAD, "state", "put the file itself there",
	    "%s is a link, or no file", path);
	return 0;
}

static int
check_file(struct doctor *doctor, const char *path, const struct stat *st,
    uid_t owner, mode_t most)
{
	char remedy[PATH_MAX + 64];

	if (st->st_uid == owner && (st->st_mode & 07777 & ~most) == 0)
		return 0;
	/* what lies in daemon/ its user may make a link before that is run */
	if (st->st_uid != owner)
		(void)snprintf(remedy, sizeof(remedy), "run 'chown -h %lu "
		    "%s'", (unsigned long)owner, path);
	else if (owner != 0 && S_ISREG(st->st_mode))
		(void)snprintf(remedy, sizeof(remedy), "run 'setpriv --reuid "
		    "%lu --clear-groups chmod %04o %s'", (unsigned long)owner,
		    (unsigned int)most, path);
	else
		(void)snprintf(remedy, sizeof(remedy), "run 'chmod %04o %s'",
		    (unsigned int)most, path);
	doctor_say(doctor, DOCTOR_BAD, "state", remedy, "%s belongs to uid "
	    "%lu and has mode %04o", path, (unsigned long)st->st_uid,
	    (unsigned int)(st->st_mode & 07777));
	return -1;
}

static void
look_at_directory(struct doctor *doctor, const char *state)
{
	struct error error = { "" };
	gid_t group;

	if (trust_place_look(state, &group, &error) == -1) {
		doctor_say(doctor, DOCTOR_BAD, "state", NULL, "%s",
		    error_text(&error));
		return;
	}
	doctor_say(doctor, DOCTOR_GOOD, "state", NULL, "owner and mode of %s",
	    state);
	if (group == TRUST_PLACE_NO_GROUP)
		return;
	if (trust_place_group(group, doctor->user, &error) == -1)
		doctor_say(doctor, DOCTOR_BAD, "group", NULL, "%s",
		    error_text(&error));
	else
		doctor_say(doctor, DOCTOR_GOOD, "group", NULL, "the daemon's "
		    "user is the one member of group %lu",
		    (unsigned long)group);
}

static void
find_user(struct doctor *doctor, const char *state)
{
	char path[PATH_MAX];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%.3900s/daemon", state);
	if (lstat(path, &st) == -1 || !S_ISDIR(st.st_mode)) {
		doctor_say(doctor, DOCTOR_BAD, "state", INIT, "%s is no "
		    "directory", path);
		return;
	}
	doctor->user = st.st_uid;
	if (st.st_uid == 0)
		doctor_say(doctor, DOCTOR_BAD, "state", INIT, "%s belongs to "
		    "root, and what asks Authgear should not be root", path);
	else if (check_file(doctor, path, &st, st.st_uid, 0700) == 0)
		doctor_say(doctor, DOCTOR_GOOD, "state", NULL, "%s belongs to "
		    "uid %lu alone", path, (unsigned long)st.st_uid);
}

/* 1 if it can be read. */
static int
look_at_trust(struct doctor *doctor, const char *state)
{
	struct error error = { "" };
	struct trust_list_counts counts;
	struct stat st, place;
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%.3900s/trust.db", state);
	if (!find(doctor, path, PUT_BACK, &st) ||
	    lstat(state, &place) == -1 ||
	    check_file(doctor, path, &st, place.st_uid, 0640) == -1)
		return 0;
	if (st.st_gid != place.st_gid)
		doctor_say(doctor, DOCTOR_BAD, "state", INIT, "%s is of group "
		    "%lu, and its directory of %lu", path,
		    (unsigned long)st.st_gid, (unsigned long)place.st_gid);
	else if (trust_list_count(state, doctor->settings->endpoint, &counts,
	    &error) == -1)
		doctor_say(doctor, DOCTOR_BAD, "state", NULL, "%s",
		    error_text(&error));
	else {
		doctor_say(doctor, DOCTOR_GOOD, "state", NULL, "%s: %lld "
		    "revocations, up to change %lld", path,
		    (long long)counts.revocations, (long long)counts.number);
		return 1;
	}
	return 0;
}

/* --- as the daemon's user */

struct look {
	const struct doctor *doctor;
	int has_trust;
};

/* trust.db may be sound and no daemon believe it: one that went back. */
static int
believe(const struct settings *settings, struct error *error)
{
	struct trust_shared *shared = trust_shared_new();
	struct status *status = NULL;
	struct trust *trust = NULL;
	struct moment now;
	char path[PATH_MAX];
	int ret = -1;

	if (shared == NULL || clock_now(&now) == -1) {
		error_set(error, "out of memory, or no /proc");
		goto done;
	}
	(void)snprintf(path, sizeof(path), "%.3900s/daemon/status.db",
	    settings->state);
	trust = trust_open_shared(settings->state, settings->endpoint, shared,
	    error);
	if (trust == NULL || (status = status_open(path, settings->endpoint,
	    NULL, error)) == NULL)
		goto done;
	trust_use_status(trust, status);
	ret = trust_check(trust, &now, error);
done:
	trust_free(trust);
	status_free(status);
	trust_shared_free(shared);
	return ret;
}

static int
work(void *context, FILE *out, struct error *error)
{
	const struct look *look = context;
	const struct doctor *doctor = look->doctor;
	struct status_list *list;

	(void)out;
	if (access(doctor->config, R_OK) == -1) {
		error_set(error, "%s: the daemon's user cannot read it (%s): "
		    "run 'chmod a+r' on it, and see that its folders let the "
		    "user through", doctor->config, strerror(errno));
		return -1;
	}
	list = status_list_open(doctor->settings->state,
	    doctor->settings->endpoint, STATUS_LIST_OLDEST, error);
	status_list_free(list);
	if (list == NULL)
		return -1;
	return look->has_trust ? believe(doctor->settings, error) : 0;
}

static int
take(void *context, const struct json *line, struct error *error)
{
	(void)context;
	(void)line;
	return child_lines_are_odd(error);
}

static void
look_at_status(struct doctor *doctor, const char *state, int has_trust)
{
	struct look look = { doctor, has_trust };
	const struct child child = { .state = state, .what = "",
	    .context = &look, .work = work, .take = take };
	struct error error = { "" };
	char path[PATH_MAX];
	struct stat st;

	if (doctor->user == DOCTOR_USER_UNKNOWN)
		return;
	(void)snprintf(path, sizeof(path), "%.3900s/daemon/status.db", state);
	if (!find(doctor, path, NULL, &st) ||
	    check_file(doctor, path, &st, doctor->user, 0600) == -1)
		return;
	if (child_run(&child, &error) == -1)
		doctor_say(doctor, DOCTOR_BAD, "state", NULL, "%s",
		    error_text(&error));
	else
		doctor_say(doctor, DOCTOR_GOOD, "state", NULL, "the daemon's "
		    "user can read %s and the settings", path);
}

/* --- root's page, by which the nginx module keeps answers */

static void
look_at_epoch(struct doctor *doctor, const char *state)
{
	unsigned char value[EPOCH_SIZE];
	char folder[EPOCH_PLACE_SIZE];
	struct epoch epoch;
	struct stat st;

	epoch_place(state, folder);
	if (lstat(folder, &st) == -1 && errno == ENOENT)
		return;
	epoch_init(&epoch, folder, EPOCH_TRUST, EPOCH_OF_ROOT);
	if (epoch_look(&epoch) && epoch_read(&epoch, value))
		doctor_say(doctor, DOCTOR_GOOD, "epoch", NULL, "%s/"
		    EPOCH_TRUST, folder);
	else
		doctor_say(doctor, DOCTOR_BAD, "epoch", "run 'authgear-cache "
		    "init' as root, which makes it anew or says what is in "
		    "its way", "%s/" EPOCH_TRUST " is no good page, so that "
		    "web servers keep no answers", folder);
	epoch_clear(&epoch);
}

/* Then nothing can be revoked, and what Authgear says is in memory alone. */
static void
look_at_disk(struct doctor *doctor, const char *state)
{
	struct statvfs disk;

	if (statvfs(state, &disk) == -1 || (disk.f_bavail > 0 &&
	    (disk.f_files == 0 || disk.f_favail > 0)))
		return;
	doctor_say(doctor, DOCTOR_BAD, "state", "free some of it; "
	    "'authgear-cache status' tells how much there is",
	    "the file system of %s is full", state);
}

void
doctor_state(struct doctor *doctor)
{
	const char *state = doctor->settings->state;
	struct stat st;

	if (lstat(state, &st) == -1) {
		doctor_say(doctor, DOCTOR_BAD, "state", INIT, "%s: %s", state,
		    strerror(errno));
		return;
	}
	look_at_disk(doctor, state);
	find_user(doctor, state);
	look_at_directory(doctor, state);
	look_at_status(doctor, state, look_at_trust(doctor, state));
	look_at_epoch(doctor, state);
}
