#include "config.h"

#include "admin/doctor_named.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/web_nginx.h"
#include "face/epoch.h"
#include "ground/epoch_place.h"

#define UNIX "unix:"

/* The path of unix:PATH, else NULL. */
static const char *
path_of(const char *address)
{
	return strncmp(address, UNIX, sizeof(UNIX) - 1) == 0 ?
	    address + sizeof(UNIX) - 1 : NULL;
}

/* Whether one of the daemons with these settings may be meant. */
static int
may_be_ours(const struct doctor *doctor, const char *address)
{
	const char *path = address != NULL ? path_of(address) : NULL;

	return path == NULL || doctor->listens.count == 0 ||
	    word_list_has(&doctor->listens, path);
}

void
doctor_named_policy(struct doctor *doctor, const char *subject,
    const char *policy, const char *how, const char *address)
{
	int unknown;

	if (doctor->settings == NULL ||
	    settings_policy(doctor->settings, policy, &unknown) != NULL)
		doctor_say(doctor, DOCTOR_GOOD, subject, NULL,
		    "policy %s, %s", policy, how);
	else if (may_be_ours(doctor, address))
		doctor_say(doctor, DOCTOR_BAD, subject, "write it there, or "
		    "name another", "policy %s, %s, is not in %s: everybody "
		    "is refused (policy-unknown)", policy, how,
		    doctor->config);
	else
		doctor_say(doctor, DOCTOR_UNKNOWN, subject, "authgear-cache "
		    "doctor --config, with that daemon's", "policy %s, %s, is "
		    "not in %s, and no daemon with these settings listens at "
		    "%s", policy, how, doctor->config, address);
}

/* 0 if somebody listens there, else why nobody answers. */
static int
knock(const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd, number = 0;

	if (strlen(path) >= sizeof(name.sun_path))
		return ENAMETOOLONG;
	memcpy(name.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return errno;
	/* EAGAIN: its queue is full */
	if (connect(fd, (const struct sockaddr *)&name, sizeof(name)) == -1 &&
	    errno != EAGAIN)
		number = errno;
	(void)close(fd);
	return number;
}

struct who {
	uid_t uid;
	gid_t groups[64];
	int count;
};

/* By owner and mode; where there are other rules (an ACL) it is a yes. */
static int
may(const struct who *who, const char *path, mode_t bit)
{
	struct stat st;
	int i;

	if (stat(path, &st) == -1 ||
	    getxattr(path, "system.posix_acl_access", NULL, 0) > 0)
		return 1;
	if (st.st_uid == who->uid)
		return (st.st_mode >> 6 & bit) != 0;
	for (i = 0; i < who->count; i++)
		if (st.st_gid == who->groups[i])
			return (st.st_mode >> 3 & bit) != 0;
	return (st.st_mode & bit) != 0;
}

static int
may_connect(const char *user, const char *path)
{
	struct who who = { .count = sizeof(who.groups) /
	    sizeof(who.groups[0]) };
	const struct passwd *found = user != NULL ? getpwnam(user) : NULL;
	char folder[PATH_MAX];
	size_t i;

	if (found == NULL || found->pw_uid == 0 ||
	    getgrouplist(user, found->pw_gid, who.groups, &who.count) == -1)
		return 1;
	who.uid = found->pw_uid;
	for (i = 1; i < sizeof(folder) && path[i] != '\0'; i++) {
		(void)snprintf(folder, sizeof(folder), "%.*s", (int)i, path);
		if (path[i] == '/' && !may(&who, folder, S_IXOTH))
			return 0;
	}
	return may(&who, path, S_IWOTH);
}

void
doctor_named_socket(struct doctor *doctor, const char *subject,
    const char *address)
{
	const char *path = path_of(address);
	int number;

	if (path == NULL)
		return;
	number = path[0] == '/' ? knock(path) : ENOENT;
	if (number == 0 && !may_connect(doctor->web_user, path))
		doctor_say(doctor, DOCTOR_BAD, subject, "give the socket and "
		    "its directory a group of that user's (group=, 2750, "
		    "SocketGroup=)", "%s may not connect to %s: what is asked "
		    "there is answered 503", doctor->web_user, path);
	else if (number == 0)
		doctor_say(doctor, DOCTOR_GOOD, subject, NULL,
		    "somebody listens at %s", path);
	else if (number == ENOENT || number == ECONNREFUSED ||
	    number == ENOTDIR || number == ENOTSOCK)
		doctor_say(doctor, DOCTOR_BAD, subject, "start authgear-fcgi "
		    "with that socket, or name the one that it has",
		    "nobody listens at %s (%s): what is asked there is "
		    "answered 503", path, strerror(number));
	else
		doctor_say(doctor, DOCTOR_UNKNOWN, subject, NULL, "whether "
		    "anybody listens at %s: %s", path, strerror(number));
}

/* One of the two pages, and whose it must be. */
struct page {
	const char *name;
	enum epoch_owner of;
	const char *remedy;
};

static int
is_good(const char *folder, const struct page *page)
{
	unsigned char value[EPOCH_SIZE];
	struct epoch epoch;
	int ret;

	epoch_init(&epoch, folder, page->name, page->of);
	ret = epoch_look(&epoch) && epoch_read(&epoch, value);
	epoch_clear(&epoch);
	return ret;
}

/* Web servers run as users of their own, and root reads all. */
static int
may_read(const char *folder, const struct page *page)
{
	char path[PATH_MAX];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, page->name);
	return stat(folder, &st) == 0 && (st.st_mode & S_IXOTH) != 0 &&
	    stat(path, &st) == 0 && (st.st_mode & S_IROTH) != 0;
}

static void
look_at_page(struct doctor *doctor, const char *subject, const char *folder,
    const struct page *page, uid_t owner)
{
	struct stat st;

	if (lstat(folder, &st) == -1 || !S_ISDIR(st.st_mode))
		doctor_say(doctor, DOCTOR_BAD, subject, "run authgear-cache "
		    "init, start authgear-fcgi with --epoch, or name the "
		    "right directory", "%s is no directory", folder);
	else if (owner == DOCTOR_USER_UNKNOWN)
		doctor_say(doctor, DOCTOR_UNKNOWN, subject, NULL,
		    "whose %s must be is not known", folder);
	else if (st.st_uid != owner || (st.st_mode & 0022) != 0)
		doctor_say(doctor, DOCTOR_BAD, subject, "chown it, and chmod "
		    "0755", "%s must be of uid %u, and writable by nobody "
		    "else", folder, (unsigned)owner);
	else if (!is_good(folder, page))
		doctor_say(doctor, DOCTOR_BAD, subject, page->remedy,
		    "%s/%s is no good page, and nothing is kept", folder,
		    page->name);
	else if (!may_read(folder, page))
		doctor_say(doctor, DOCTOR_BAD, subject, "chmod 0755 the "
		    "directory, 0644 the page", "%s/%s cannot be read by web "
		    "servers, and nothing is kept", folder, page->name);
	else
		doctor_say(doctor, DOCTOR_GOOD, subject, NULL, "%s/%s",
		    folder, page->name);
}

/* Whether root changes another page than this one. */
static int
is_others(const struct doctor *doctor, const char *folder)
{
	char ours[EPOCH_PLACE_SIZE];
	struct stat one, other;

	if (doctor->settings == NULL)
		return 0;
	epoch_place(doctor->settings->state, ours);
	return stat(ours, &one) == 0 && stat(folder, &other) == 0 &&
	    (one.st_dev != other.st_dev || one.st_ino != other.st_ino);
}

static void
look_at_pages(struct doctor *doctor, const char *subject, const char *root,
    const char *daemon, const char *address)
{
	static const struct page pages[] = {
		{ EPOCH_TRUST, EPOCH_OF_ROOT, "run 'authgear-cache init' as "
		    "root, or name the directory beside the state (.epoch)" },
		{ EPOCH_DAEMON, EPOCH_OF_DIRECTORY, "start authgear-fcgi with "
		    "--epoch and this directory, or name the one that it has" }
	};

	if (!may_be_ours(doctor, address)) {
		doctor_say(doctor, DOCTOR_UNKNOWN, subject, "authgear-cache "
		    "doctor --config, with that daemon's", "no daemon with "
		    "these settings listens at %s", address);
		return;
	}
	if (is_others(doctor, root))
		doctor_say(doctor, DOCTOR_BAD, subject, "name the directory "
		    "beside the state (.epoch)", "%s is not beside %s, so "
		    "that nothing is kept", root,
		    doctor->settings->state);
	else
		look_at_page(doctor, subject, root, &pages[0], 0);
	look_at_page(doctor, subject, daemon, &pages[1], doctor->user);
}

void
doctor_named_pages(struct doctor *doctor, const char *subject,
    const char *words)
{
	const char *daemon = strchr(words, ' ');
	char root[PATH_MAX];

	if (words[0] == '\0')
		return;
	if (words[0] != '/' || daemon == NULL || daemon[1] != '/' ||
	    strchr(daemon + 1, ' ') != NULL) {
		doctor_say(doctor, DOCTOR_BAD, subject, "name root's and the "
		    "daemon's, with one blank between", "%s is not two "
		    "directories: nothing is kept", words);
		return;
	}
	(void)snprintf(root, sizeof(root), "%.*s", (int)(daemon - words),
	    words);
	look_at_pages(doctor, subject, root, daemon + 1, NULL);
}

/* How many policies send browsers to log in, and whether one of them has them
 * come back to this path. */
static size_t
logins(const struct settings *settings, const char *path, int *is_one_out)
{
	const char *url;
	size_t i, count = 0;

	*is_one_out = 0;
	for (i = 0; i < settings->policy_count; i++) {
		url = settings->policies[i]->login_return;
		if (url == NULL)
			continue;
		count++;
		url = strstr(url, "://");
		url = url != NULL ? strchr(url + 3, '/') : NULL;
		*is_one_out |= url != NULL && strcmp(url, path) == 0;
	}
	return count;
}

/* Where no policy sends anybody, nobody comes back. */
static void
look_at_login(struct doctor *doctor, const char *subject, const char *path,
    const char *address)
{
	int is_one = 1;

	if (doctor->settings != NULL &&
	    logins(doctor->settings, path, &is_one) == 0)
		return;
	if (!is_one && may_be_ours(doctor, address))
		doctor_say(doctor, DOCTOR_BAD, subject, "name the path of "
		    "login_return", "no policy of %s has its login_return at "
		    "%s: who comes back from a login is not sent on",
		    doctor->config, path);
	doctor_named_socket(doctor, subject, address);
}

void
doctor_named_directives(struct doctor *doctor, const struct web_nginx *block,
    const char *subject, const char *address)
{
	const struct web_nginx *node;
	char of[512];

	for (node = block->first; node != NULL; node = node->next) {
		if (node->count < 3)
			continue;
		(void)snprintf(of, sizeof(of), "%s authgear_path %.100s",
		    subject, node->words[1]);
		if (strcmp(node->words[0], "authgear_path") == 0)
			doctor_named_policy(doctor, of, node->words[2],
			    DOCTOR_BY_MODULE, address);
		(void)snprintf(of, sizeof(of), "%s %.100s", subject,
		    node->words[0]);
		if (strcmp(node->words[0], "authgear_login") == 0)
			look_at_login(doctor, of, node->words[1],
			    node->words[2]);
		else if (strcmp(node->words[0], "authgear_cache") == 0)
			look_at_pages(doctor, of, node->words[1],
			    node->words[2], address);
	}
}
