#include "admin/doctor_socket.h"

#include <sys/stat.h>

#include <dirent.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/process.h"

#define ACCEPTS 0x10000		/* __SO_ACCEPTCON of /proc/net/unix */
#define TCP_LISTEN 0x0a
#define PORTS_OF_ROOT 1024
#define LINE_SIZE 1024
#define BLANKS " \t\n"

/* Word N of a line of /proc/PID/net, "" if it has fewer. */
static const char *
word_at(const char *line, int n)
{
	line += strspn(line, BLANKS);
	for (; n > 0; n--) {
		line += strcspn(line, BLANKS);
		line += strspn(line, BLANKS);
	}
	return line;
}

static unsigned long
number_at(const char *line, int n, int base)
{
	return strtoul(word_at(line, n), NULL, base);
}

static void
look_at_folder(struct doctor *doctor, const char *path)
{
	char folder[PATH_MAX], remedy[2 * PATH_MAX + 64];
	char *slash;
	struct stat st;

	(void)snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	slash[slash == folder ? 1 : 0] = '\0';
	if (stat(folder, &st) == 0 && (st.st_uid == 0 ||
	    st.st_uid == doctor->user) &&
	    (st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return;
	(void)snprintf(remedy, sizeof(remedy), "run 'chown root:root %s' and "
	    "'chmod 0755 %s'", folder, folder);
	doctor_say(doctor, DOCTOR_BAD, "socket", remedy, "others can write %s, "
	    "and answer in the daemon's place at %s", folder, path);
}

static void
look_at_path(struct doctor *doctor, const char *path)
{
	char remedy[PATH_MAX + 64];
	const struct group *group;
	struct stat st;

	if (path[0] != '/' || lstat(path, &st) == -1 || !S_ISSOCK(st.st_mode)) {
		doctor_say(doctor, DOCTOR_BAD, "socket", "run 'systemctl "
		    "restart authgear-fcgi' with its sockets", "a daemon "
		    "listens at %s, and no socket lies there", path);
		return;
	}
	look_at_folder(doctor, path);
	group = getgrgid(st.st_gid);
	if ((st.st_mode & S_IWOTH) != 0) {
		(void)snprintf(remedy, sizeof(remedy), "run 'chmod 0660 %s', "
		    "and set SocketMode= or mode= so", path);
		doctor_say(doctor, DOCTOR_BAD, "socket", remedy, "everybody "
		    "may connect to %s", path);
	} else if ((st.st_mode & S_IWGRP) == 0) {
		doctor_say(doctor, DOCTOR_GOOD, "socket", NULL, "only uid %lu "
		    "may connect to %s", (unsigned long)st.st_uid, path);
	} else {
		doctor_say(doctor, DOCTOR_GOOD, "socket", NULL, "uid %lu and "
		    "group %s may connect to %s", (unsigned long)st.st_uid,
		    group != NULL ? group->gr_name : "(no name)", path);
	}
}

static int
is_unix(const char *line, unsigned long inode)
{
	return number_at(line, 6, 10) == inode &&
	    (number_at(line, 3, 16) & ACCEPTS) != 0;
}

static int
is_socket(const char *path)
{
	struct stat st;

	return path[0] == '/' && lstat(path, &st) == 0 &&
	    S_ISSOCK(st.st_mode);
}

/* The kernel tells the name that a socket was made by; a daemon that makes one
 * itself renames it from NAME.PID. */
static void
end_name(char *path)
{
	char *dot = strrchr(path, '.');

	if (is_socket(path) || dot == NULL || dot[1] == '\0' ||
	    dot[1 + strspn(dot + 1, "0123456789")] != '\0')
		return;
	*dot = '\0';
	if (!is_socket(path))
		*dot = '.';
}

static void
look_at_unix(struct doctor *doctor, const char *line)
{
	char text[LINE_SIZE];

	(void)snprintf(text, sizeof(text), "%s", word_at(line, 7));
	text[strcspn(text, "\n")] = '\0';
	end_name(text);
	(void)word_list_add(&doctor->listens, text, strlen(text));
	look_at_path(doctor, text);
}

static int
is_tcp(const char *line, unsigned long inode)
{
	return number_at(line, 9, 10) == inode &&
	    number_at(line, 3, 16) == TCP_LISTEN;
}

static void
look_at_tcp(struct doctor *doctor, const char *line)
{
	const char *address = word_at(line, 1);
	unsigned long port;

	address += strcspn(address, ": ");
	port = *address == ':' ? strtoul(address + 1, NULL, 16) : 0;
	if (port < PORTS_OF_ROOT)
		doctor_say(doctor, DOCTOR_GOOD, "socket", NULL, "everybody "
		    "here may connect to port %lu, and only root can take it",
		    port);
	else
		doctor_say(doctor, DOCTOR_BAD, "socket", "take a port below "
		    "1024, which systemd holds (authgear-fcgi-apache.socket)",
		    "while the daemon is away any user can answer at port %lu",
		    port);
}

/* A table of the kernel's, and what is done with a line of it. */
struct net_table {
	const char *name;
	int (*is_it)(const char *line, unsigned long inode);
	void (*look)(struct doctor *doctor, const char *line);
};

/* How many lines of a table are of the socket; the first one. */
static int
find(long pid, const struct net_table *table, unsigned long inode,
    char found[LINE_SIZE])
{
	char line[LINE_SIZE], path[64];
	int count = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%ld/net/%s", pid,
	    table->name);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (table->is_it(line, inode) && count++ == 0)
			memcpy(found, line, LINE_SIZE);
	if (file != NULL)
		(void)fclose(file);
	return count;
}

/* One line is the kernel's.  Of two one is anybody's: a path is told as it is,
 * with all line ends that another user put in it. */
static void
look_at_socket(struct doctor *doctor, long pid, unsigned long inode)
{
	static const struct net_table tables[] = {
		{ "unix", is_unix, look_at_unix },
		{ "tcp", is_tcp, look_at_tcp },
		{ "tcp6", is_tcp, look_at_tcp }
	};
	const struct net_table *of = NULL;
	char line[LINE_SIZE];
	int all = 0, count;
	size_t i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		count = find(pid, &tables[i], inode, line);
		if (count > 0)
			of = &tables[i];
		all += count;
	}
	if (of != NULL && all == 1)
		of->look(doctor, line);
	else if (all > 1)
		doctor_say(doctor, DOCTOR_UNKNOWN, "socket", "look for a "
		    "socket with a line end in its path ('ss -xl')", "/proc/%ld"
		    "/net tells more than once where socket %lu listens: some "
		    "user made such a line", pid, inode);
}

static void
look_at_descriptor(struct doctor *doctor, long pid, const char *name)
{
	char what[NAME_MAX + 4], link[64];

	(void)snprintf(what, sizeof(what), "fd/%s", name);
	if (process_link(pid, what, link, sizeof(link)) == -1 ||
	    strncmp(link, "socket:[", 8) != 0)
		return;
	/* it may be open twice; one that is not kept is said twice */
	if (word_list_has(&doctor->asked, link))
		return;
	(void)word_list_add(&doctor->asked, link, strlen(link));
	look_at_socket(doctor, pid, strtoul(link + 8, NULL, 10));
}

static size_t
said(const struct doctor *doctor)
{
	return doctor->counts[DOCTOR_GOOD] + doctor->counts[DOCTOR_BAD] +
	    doctor->counts[DOCTOR_UNKNOWN];
}

void
doctor_socket(struct doctor *doctor, long pid)
{
	const size_t before = said(doctor);
	const struct dirent *entry;
	char path[64];
	DIR *folder;

	(void)snprintf(path, sizeof(path), "/proc/%ld/fd", pid);
	folder = opendir(path);
	if (folder == NULL) {
		doctor_say(doctor, DOCTOR_UNKNOWN, "socket", NULL, "what "
		    "process %ld has open cannot be told", pid);
		return;
	}
	while ((entry = readdir(folder)) != NULL)
		if (entry->d_name[0] != '.')
			look_at_descriptor(doctor, pid, entry->d_name);
	(void)closedir(folder);
	word_list_clear(&doctor->asked);
	if (said(doctor) == before)
		doctor_say(doctor, DOCTOR_UNKNOWN, "socket", NULL, "where "
		    "process %ld listens cannot be told", pid);
}
