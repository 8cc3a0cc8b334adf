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

static void
find_unix(struct doctor *doctor, unsigned long inode, const char *line)
{
	char text[LINE_SIZE];

	if (number_at(line, 6, 10) != inode ||
	    (number_at(line, 3, 16) & ACCEPTS) == 0)
		return;
	(void)snprintf(text, sizeof(text), "%s", word_at(line, 7));
	text[strcspn(text, "\n")] = '\0';
	look_at_path(doctor, text);
}

static void
find_tcp(struct doctor *doctor, unsigned long inode, const char *line)
{
	const char *address = word_at(line, 1);
	unsigned long port;

	address += strcspn(address, ": ");
	if (number_at(line, 9, 10) != inode ||
	    number_at(line, 3, 16) != TCP_LISTEN || *address != ':')
		return;
	port = strtoul(address + 1, NULL, 16);
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

static void
find(struct doctor *doctor, long pid, const char *table,
    unsigned long inode, void (*look)(struct doctor *doctor,
    unsigned long inode, const char *line))
{
	char line[LINE_SIZE], path[64];
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%ld/net/%s", pid, table);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		look(doctor, inode, line);
	if (file != NULL)
		(void)fclose(file);
}

static void
look_at_descriptor(struct doctor *doctor, long pid, const char *name)
{
	char what[NAME_MAX + 4], link[64];
	unsigned long inode;

	(void)snprintf(what, sizeof(what), "fd/%s", name);
	if (process_link(pid, what, link, sizeof(link)) == -1 ||
	    strncmp(link, "socket:[", 8) != 0)
		return;
	/* it may be open twice; one that is not kept is said twice */
	if (word_list_has(&doctor->asked, link))
		return;
	(void)word_list_add(&doctor->asked, link, strlen(link));
	inode = strtoul(link + 8, NULL, 10);
	find(doctor, pid, "unix", inode, find_unix);
	find(doctor, pid, "tcp", inode, find_tcp);
	find(doctor, pid, "tcp6", inode, find_tcp);
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
