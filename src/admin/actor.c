#include "admin/actor.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Printable ASCII without blanks, short: it goes into a file and a log. */
static int
is_plain(const char *name)
{
	size_t len;

	for (len = 0; name[len] != '\0'; len++)
		if (name[len] <= ' ' || name[len] > '~' ||
		    len > ACTOR_SIZE / 2)
			return 0;
	return len > 0;
}

void
actor_name(char name[ACTOR_SIZE])
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *entry;

	if (geteuid() == 0 && sudo != NULL && is_plain(sudo)) {
		(void)snprintf(name, ACTOR_SIZE, "%s (by sudo)", sudo);
		return;
	}
	entry = getpwuid(getuid());
	if (entry != NULL && is_plain(entry->pw_name))
		(void)snprintf(name, ACTOR_SIZE, "%s", entry->pw_name);
	else
		(void)snprintf(name, ACTOR_SIZE, "uid %lu",
		    (unsigned long)getuid());
}
