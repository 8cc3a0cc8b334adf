/*
 * For hosts under test: the system log as lines of the file in
 * PAM_TEST_LOG ("<priority> text"), and the Nth allocation of a PAM module
 * fails (PAM_TEST_FAIL=N).  PAM_TEST_SPELT=NAME: an account that the system
 * knows in capitals too.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>
#include <unistd.h>

static void
write_line(int priority, const char *format, va_list arguments)
{
	const char *path = getenv("PAM_TEST_LOG");
	char line[4096];
	int fd, len;

	if (path == NULL)
		return;
	len = snprintf(line, sizeof(line), "<%d> ", priority);
	len += vsnprintf(line + len, sizeof(line) - (size_t)len - 1, format,
	    arguments);
	if (len >= (int)sizeof(line) - 1)
		len = (int)sizeof(line) - 2;
	line[len++] = '\n';
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0666);
	if (fd == -1)
		return;
	if (write(fd, line, (size_t)len) == -1)
		(void)close(fd);
	else
		(void)close(fd);
}

void
syslog(int priority, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line(priority, format, arguments);
	va_end(arguments);
}

void
__syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list arguments;

	(void)flag;
	va_start(arguments, format);
	write_line(priority, format, arguments);
	va_end(arguments);
}

/* 1: the caller is the module, and it is its turn to fail. */
static int
is_to_fail(const void *caller)
{
	static int turn;
	const char *wanted = getenv("PAM_TEST_FAIL");
	Dl_info info;

	if (wanted == NULL || dladdr(caller, &info) == 0 ||
	    info.dli_fname == NULL ||
	    strstr(info.dli_fname, "pam_authgear") == NULL)
		return 0;
	return ++turn == atoi(wanted);
}

void *
malloc(size_t size)
{
	static void *(*real)(size_t);

	if (real == NULL)
		real = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
	return is_to_fail(__builtin_return_address(0)) ? NULL : real(size);
}

void *
calloc(size_t count, size_t size)
{
	extern void *__libc_calloc(size_t, size_t);

	return is_to_fail(__builtin_return_address(0)) ? NULL :
	    __libc_calloc(count, size);
}

void *
realloc(void *old, size_t size)
{
	static void *(*real)(void *, size_t);

	if (real == NULL)
		real = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
	return is_to_fail(__builtin_return_address(0)) ? NULL :
	    real(old, size);
}

char *
strdup(const char *text)
{
	size_t len = strlen(text) + 1;
	char *copy;

	if (is_to_fail(__builtin_return_address(0)))
		return NULL;
	copy = malloc(len);
	return copy == NULL ? NULL : memcpy(copy, text, len);
}

int
getpwnam_r(const char *name, struct passwd *entry, char *room, size_t size,
    struct passwd **found)
{
	typedef int function(const char *, struct passwd *, char *, size_t,
	    struct passwd **);
	static function *real;
	const char *wanted = getenv("PAM_TEST_SPELT");

	if (real == NULL)
		real = (function *)dlsym(RTLD_NEXT, "getpwnam_r");
	if (wanted == NULL || strcasecmp(name, wanted) != 0)
		return real(name, entry, room, size, found);
	*found = NULL;
	if (strlen(wanted) >= size)
		return ERANGE;
	memset(entry, 0, sizeof(*entry));
	entry->pw_name = strcpy(room, wanted);
	entry->pw_uid = entry->pw_gid = 12345;
	*found = entry;
	return 0;
}
