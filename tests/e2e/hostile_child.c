/*
 * For LD_PRELOAD: once a process has become another user it says what
 * HOSTILE_CHILD names, on stdout, in place of all that it would have done.
 */
#include <sys/types.h>

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define MANY 200000
#define HUGE 300000

EXPORT int setresuid(uid_t real, uid_t effective, uid_t saved);

static void
say(const char *what)
{
	int i;

	if (strcmp(what, "stops") == 0)
		(void)raise(SIGSTOP);
	for (i = 0; strcmp(what, "huge") == 0 && i < HUGE; i++)
		(void)putchar('x');
	/* the reader ends it, else it would say that all is well */
	for (i = 0; strcmp(what, "endless") == 0 && i < MANY; i++)
		(void)puts("{\"progress\":7}");
	if (strcmp(what, "nothing") == 0)
		_exit(0);
	if (strchr("{[", what[0]) != NULL || strcmp(what, "noise") == 0)
		(void)puts(what);
	(void)puts("{\"end\":true}");
	if (strcmp(what, "behind") == 0)
		(void)puts("{\"end\":true}");
	(void)fflush(stdout);
	_exit(0);
}

int
setresuid(uid_t real, uid_t effective, uid_t saved)
{
	/* ISO C knows no way from an object to a function */
	int (*next)(uid_t, uid_t, uid_t);
	void *symbol = dlsym(RTLD_NEXT, "setresuid");
	const char *what = getenv("HOSTILE_CHILD");
	int ret;

	memcpy(&next, &symbol, sizeof(symbol));
	ret = next(real, effective, saved);
	if (ret == 0 && what != NULL && what[0] != '\0')
		say(what);
	return ret;
}
