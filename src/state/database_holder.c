#include "state/database_holder.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* SQLite's locks: bytes of the -shm ("WAL-Index Locks": write, checkpoint,
 * recover, then readers; behind them one that all hold), and of the file
 * itself ("File Locking"). */
#define SHM_FIRST 120L
#define SHM_READERS 123L
#define SHM_LAST 127L
#define SHM_OPEN 128L
#define FILE_FIRST 1073741824L
#define FILE_LAST (FILE_FIRST + 511L)

static void
read_name(long pid, char *name, size_t size)
{
	char path[64];
	FILE *file;
	size_t i;

	(void)snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
	name[0] = '\0';
	file = fopen(path, "re");
	if (file == NULL)
		return;
	if (fgets(name, (int)size, file) == NULL)
		name[0] = '\0';
	(void)fclose(file);
	name[strcspn(name, "\n")] = '\0';
	for (i = 0; name[i] != '\0'; i++)
		if (name[i] < ' ' || name[i] > '~')
			name[i] = '?';
}

struct wanted {
	dev_t device;
	unsigned long inode;
	long first, last;	/* one of these bytes */
	int writes;		/* locked against all others */
	int is_whole;		/* by flock(2), the whole of it */
};

static int
has_open(const char *pid, const struct wanted *wanted)
{
	char path[64];
	struct dirent *entry;
	struct stat st;
	DIR *dir;
	int found = 0;

	(void)snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	dir = opendir(path);
	if (dir == NULL)
		return 0;
	while (!found && (entry = readdir(dir)) != NULL)
		found = fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 &&
		    st.st_dev == wanted->device &&
		    st.st_ino == wanted->inode;
	(void)closedir(dir);
	return found;
}

/* Another file system has this inode too.  Some tell their files another
 * device than their locks; then the process is asked. */
static int
is_file(const char *id, const char *pid, const struct wanted *wanted)
{
	char *minor_part, *inode;
	const unsigned long major_part = strtoul(id, &minor_part, 16);
	unsigned long minor_number;

	if (*minor_part != ':')
		return 0;
	minor_number = strtoul(minor_part + 1, &inode, 16);
	if (*inode != ':' || strtoul(inode + 1, NULL, 10) != wanted->inode)
		return 0;
	return makedev((unsigned int)major_part,
	    (unsigned int)minor_number) == wanted->device ||
	    has_open(pid, wanted);
}

/*
 * The process of a line of /proc/locks that has what is wanted, else 0:
 *	1: POSIX  ADVISORY  WRITE 123 08:01:4711 120 120
 * Cuts the line up.
 */
static long
holder_of_line(char *line, const struct wanted *wanted)
{
	enum { TYPE = 1, ACCESS = 3, PID = 4, FILE_ID = 5, FIRST = 6,
	    LAST = 7, WORDS = 8 };
	char *words[WORDS], *rest = NULL, *word;
	long first, last;
	int i;

	word = strtok_r(line, " \n", &rest);
	for (i = 0; i < WORDS; i++) {
		if (word == NULL)
			return 0;
		words[i] = word;
		word = strtok_r(NULL, " \n", &rest);
	}
	if (strcmp(words[TYPE], wanted->is_whole ? "FLOCK" : "POSIX") != 0 ||
	    (wanted->writes && strcmp(words[ACCESS], "WRITE") != 0) ||
	    !is_file(words[FILE_ID], words[PID], wanted))
		return 0;
	first = strtol(words[FIRST], NULL, 10);
	last = strcmp(words[LAST], "EOF") == 0 ? LONG_MAX :
	    strtol(words[LAST], NULL, 10);
	return first <= wanted->last && last >= wanted->first ?
	    strtol(words[PID], NULL, 10) : 0;
}

static FILE *
open_locks(const char *path, const char *suffix, struct wanted *wanted)
{
	char name[PATH_MAX];
	struct stat st;

	(void)snprintf(name, sizeof(name), "%.3900s%s", path, suffix);
	if (lstat(name, &st) == -1)
		return NULL;
	wanted->device = st.st_dev;
	wanted->inode = (unsigned long)st.st_ino;
	return fopen("/proc/locks", "re");
}

/* The next other process that has what is wanted; 0 after the last. */
static long
next_holder(FILE *locks, const struct wanted *wanted)
{
	char line[256];
	long pid;

	while (fgets(line, sizeof(line), locks) != NULL) {
		pid = holder_of_line(line, wanted);
		if (pid > 0 && pid != (long)getpid())
			return pid;
	}
	return 0;
}

static long
find(const char *path, const char *suffix, struct wanted wanted)
{
	FILE *locks = open_locks(path, suffix, &wanted);
	long pid;

	if (locks == NULL)
		return 0;
	pid = next_holder(locks, &wanted);
	(void)fclose(locks);
	return pid;
}

static int
tell(long pid, char *text, size_t size)
{
	char name[32];

	(void)snprintf(text, size, "another process");
	if (pid <= 0)
		return -1;
	read_name(pid, name, sizeof(name));
	(void)snprintf(text, size, "process %ld (%s)", pid,
	    name[0] != '\0' ? name : "of unknown name");
	return 0;
}

int
database_holder(const char *path, char *text, size_t size)
{
	static const struct {
		const char *suffix;
		struct wanted wanted;
	} places[] = {
		{ "-shm", { 0, 0, SHM_FIRST, SHM_READERS - 1, 1, 0 } },
		{ "", { 0, 0, FILE_FIRST, FILE_LAST, 1, 0 } },
		{ "-shm", { 0, 0, SHM_READERS, SHM_LAST, 0, 0 } }
	};
	long pid = 0;
	size_t i;

	for (i = 0; pid == 0 && i < sizeof(places) / sizeof(places[0]); i++)
		pid = find(path, places[i].suffix, places[i].wanted);
	return tell(pid, text, size);
}

int
database_holder_whole(const char *path, char *text, size_t size)
{
	const struct wanted whole = { 0, 0, 0, LONG_MAX, 0, 1 };

	return tell(find(path, "", whole), text, size);
}

static int
is_there(const struct database_user *users, size_t count, long pid)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (users[i].pid == pid)
			return 1;
	return 0;
}

size_t
database_holder_users(const char *path, struct database_user *users,
    size_t max)
{
	struct wanted wanted = { 0, 0, SHM_OPEN, SHM_OPEN, 0, 0 };
	FILE *locks = open_locks(path, "-shm", &wanted);
	size_t count = 0;
	long pid;

	if (locks == NULL)
		return 0;
	while (count < max && (pid = next_holder(locks, &wanted)) > 0) {
		if (is_there(users, count, pid))
			continue;
		users[count].pid = pid;
		read_name(pid, users[count].name, sizeof(users[count].name));
		count++;
	}
	(void)fclose(locks);
	return count;
}
