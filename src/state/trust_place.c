#include "state/trust_place.h"

#include <sys/stat.h>

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ground/word_list.h"

#define ENTRY_SIZE 65536	/* bytes for one passwd or group entry */

char *
trust_place_path(const char *directory)
{
	char *path = malloc(strlen(directory) + sizeof("/trust.db"));

	if (path != NULL)
		(void)sprintf(path, "%s/trust.db", directory);
	return path;
}

static int
add_once(struct word_list *members, const char *name)
{
	if (word_list_has(members, name))
		return 0;
	return word_list_add(members, name, strlen(name));
}

/* Users whose own group it is; getpwent(3) is not safe among threads. */
static int
add_from_passwd(struct word_list *members, gid_t gid, char *buffer)
{
	struct passwd entry, *found;
	FILE *file;
	int ret = 0;

	file = fopen("/etc/passwd", "re");
	if (file == NULL)
		return errno == ENOENT ? 0 : -1;
	while (ret == 0 && fgetpwent_r(file, &entry, buffer, ENTRY_SIZE,
	    &found) == 0)
		if (found->pw_gid == gid)
			ret = add_once(members, found->pw_name);
	(void)fclose(file);
	return ret;
}

static int
add_from_group(struct word_list *members, gid_t gid, char *buffer)
{
	struct group entry, *found = NULL;
	char **name;
	int rc;

	rc = getgrgid_r(gid, &entry, buffer, ENTRY_SIZE, &found);
	if (rc != 0 && rc != ENOENT)
		return -1;
	if (found == NULL)
		return 0;
	for (name = found->gr_mem; *name != NULL; name++)
		if (add_once(members, *name) == -1)
			return -1;
	return 0;
}

static int
judge(const struct word_list *members, gid_t gid, uid_t uid, char *buffer,
    struct error *error)
{
	struct passwd entry, *found = NULL;

	if (members->count != 1) {
		error_set(error, "group %lu has %zu members (%s%s%s...): it "
		    "must have one, the daemon's user, for whoever reads "
		    "trust.db can stop its writer; 'gpasswd -d USER GROUP' "
		    "takes one out", (unsigned long)gid,
		    members->count,
		    members->count > 0 ? members->words[0] : "none",
		    members->count > 1 ? ", " : "",
		    members->count > 1 ? members->words[1] : "");
		return -1;
	}
	if (uid == (uid_t)-1)
		return 0;
	if (getpwnam_r(members->words[0], &entry, buffer, ENTRY_SIZE,
	    &found) != 0 || found == NULL || found->pw_uid != uid) {
		error_set(error, "the one member of group %lu is %s, which is "
		    "not uid %lu who wants to read: run the daemon as %s",
		    (unsigned long)gid, members->words[0],
		    (unsigned long)uid, members->words[0]);
		return -1;
	}
	return 0;
}

int
trust_place_group(gid_t gid, uid_t uid, struct error *error)
{
	struct word_list members = { 0 };
	char *buffer;
	int ret = -1;

	buffer = malloc(ENTRY_SIZE);
	if (buffer == NULL ||
	    add_from_group(&members, gid, buffer) == -1 ||
	    add_from_passwd(&members, gid, buffer) == -1) {
		error_set(error, "the members of group %lu cannot be told",
		    (unsigned long)gid);
		goto done;
	}
	ret = judge(&members, gid, uid, buffer, error);
done:
	word_list_clear(&members);
	free(buffer);
	return ret;
}

int
trust_place_look(const char *directory, gid_t *group_out,
    struct error *error)
{
	uid_t caller = geteuid();
	struct stat st;

	*group_out = TRUST_PLACE_NO_GROUP;
	if (lstat(directory, &st) == -1) {
		if (errno == ENOENT)
			error_set(error, "%s does not exist: run "
			    "'authgear-cache init' with the same --config",
			    directory);
		else
			error_set(error, "%s: %s", directory,
			    strerror(errno));
		return -1;
	}
	if (!S_ISDIR(st.st_mode)) {
		error_set(error, "%s is a symbolic link or no directory: name "
		    "the directory itself", directory);
		return -1;
	}
	if (st.st_uid != caller && st.st_uid != 0) {
		error_set(error, "%s belongs to uid %lu, not to root or uid "
		    "%lu who uses it: run this as its owner, or set 'state' "
		    "to another directory", directory,
		    (unsigned long)st.st_uid, (unsigned long)caller);
		return -1;
	}
	if ((st.st_mode & 0077) == 0 && st.st_uid == caller)
		return 0;
	if (st.st_uid != 0 || (st.st_mode & 07777 & ~02750U) != 0) {
		error_set(error, "%s has mode %04o: run 'chmod %s %s'",
		    directory, st.st_mode & 07777,
		    st.st_uid == 0 ? "2750" : "0700", directory);
		return -1;
	}
	*group_out = st.st_gid;
	return 0;
}

int
trust_place_check(const char *directory, struct error *error)
{
	const uid_t caller = geteuid();
	gid_t group;

	if (trust_place_look(directory, &group, error) == -1)
		return -1;
	if (group == TRUST_PLACE_NO_GROUP)
		return 0;
	return trust_place_group(group, caller == 0 ? (uid_t)-1 : caller,
	    error);
}
