#include "trust_holder.h"

#include <sys/stat.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


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

/*
 * The process of a line of /proc/locks if it has byte 120 of this file, the
 * one that a writer locks (SQLite's "WAL-Index Locks"), else 0.  Cuts it up.
 */
static long
holder_of_line(char *line, unsigned long inode)
{
	/* 1: POSIX  ADVISORY  WRITE 123 08:01:4711 120 120 */
	enum { TYPE = 1, ACCESS = 3, PID = 4, FILE_ID = 5, FIRST = 6,
	    WORDS = 7 };
	char *words[WORDS], *rest = NULL, *word, *colon;
	int i;

	word = strtok_r(line, " \n", &rest);
	for (i = 0; i < WORDS; i++) {
		if (word == NULL)
			return 0;
		words[i] = word;
		word = strtok_r(NULL, " \n", &rest);
	}
	colon = strrchr(words[FILE_ID], ':');
	if (colon == NULL || strtoul(colon + 1, NULL, 10) != inode ||
	    strcmp(words[TYPE], "POSIX") != 0 ||
	    strcmp(words[ACCESS], "WRITE") != 0 ||
	    strcmp(words[FIRST], "120") != 0)
		return 0;
	return strtol(words[PID], NULL, 10);
}

int
trust_holder(const char *path, char *text, size_t size)
{
	char name[PATH_MAX], line[256];
	struct stat st;
	FILE *locks;
	long pid = 0;

	(void)snprintf(text, size, "another process");
	(void)snprintf(name, sizeof(name), "%.3900s-shm", path);
	if (lstat(name, &st) == -1)
		return -1;
	locks = fopen("/proc/locks", "re");
	if (locks == NULL)
		return -1;
	while (pid <= 0 && fgets(line, sizeof(line), locks) != NULL)
		pid = holder_of_line(line, (unsigned long)st.st_ino);
	(void)fclose(locks);
	if (pid <= 0)
		return -1;
	read_name(pid, name, 32);
	(void)snprintf(text, size, "process %ld (%s)", pid,
	    name[0] != '\0' ? name : "of unknown name");
	return 0;
}
