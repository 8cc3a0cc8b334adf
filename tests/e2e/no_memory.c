/*
 * For LD_PRELOAD: while the file named by NO_MEMORY_FILE exists, every Nth
 * allocation of the process fails, N being the number in that file.  With
 * NO_MEMORY_AT the Nth of its life fails, once; how many there were is written
 * to NO_MEMORY_COUNT when it ends.  Allocations of the libraries that
 * NO_MEMORY_SPARE names (parts of names, with commas) count for nothing: some
 * do not survive it.  Nor do those of a process that has begun to exit: what
 * measures line coverage writes it down then.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

typedef int start_main(int (*main)(int, char **, char **), int count,
    char **arguments, void (*init)(void), void (*fini)(void),
    void (*linker_fini)(void), void *stack_end);
EXPORT start_main __libc_start_main;

EXPORT void *malloc(size_t size);
EXPORT void *calloc(size_t count, size_t size);
EXPORT void *realloc(void *memory, size_t size);
EXPORT char *strdup(const char *text);
EXPORT char *strndup(const char *text, size_t max);

/* 0: none is to fail. */
static int
every(void)
{
	const char *path = getenv("NO_MEMORY_FILE");
	char digits[8] = "";
	int before = errno;
	int number = 0;
	int fd;

	if (path != NULL && (fd = open(path, O_RDONLY | O_CLOEXEC)) != -1) {
		if (read(fd, digits, sizeof(digits) - 1) > 0)
			number = atoi(digits);
		close(fd);
	}
	errno = before;
	return number;
}

static atomic_ulong allocations;
static atomic_int is_ending;
static int (*program)(int, char **, char **);

static void
stop(void)
{
	atomic_store(&is_ending, 1);
}

/* Before the destructors of the program only what is asked for here runs. */
static int
run(int count, char **arguments, char **environment)
{
	(void)atexit(stop);
	return program(count, arguments, environment);
}

int
__libc_start_main(int (*main)(int, char **, char **), int count,
    char **arguments, void (*init)(void), void (*fini)(void),
    void (*linker_fini)(void), void *stack_end)
{
	void *found = dlsym(RTLD_NEXT, "__libc_start_main");
	start_main *start;

	memcpy(&start, &found, sizeof(start));
	program = main;
	return start(run, count, arguments, init, fini, linker_fini,
	    stack_end);
}

__attribute__((destructor)) static void
tell(void)
{
	const char *path = getenv("NO_MEMORY_COUNT");
	unsigned long count = atomic_load(&allocations);
	char digits[32];
	size_t at = sizeof(digits);
	int fd;

	if (path == NULL)
		return;
	do {
		digits[--at] = (char)('0' + count % 10);
		count /= 10;
	} while (count > 0);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1)
		return;
	if (write(fd, digits + at, sizeof(digits) - at) == -1) {
		/* then there is no number in it */
	}
	close(fd);
}

static int
looks_spared(const void *caller)
{
	const char *spare = getenv("NO_MEMORY_SPARE");
	char name[64];
	size_t len;
	Dl_info info;

	if (spare == NULL || dladdr(caller, &info) == 0 ||
	    info.dli_fname == NULL)
		return 0;
	for (; *spare != '\0'; spare += len + (spare[len] == ',')) {
		len = strcspn(spare, ",");
		if (len == 0 || len >= sizeof(name))
			continue;
		memcpy(name, spare, len);
		name[len] = '\0';
		if (strstr(info.dli_fname, name) != NULL)
			return 1;
	}
	return 0;
}

/* Is it a library that is to be spared?  Remembered by the place it asks
 * from, since looking takes long. */
static int
is_spared(const void *caller)
{
	static _Atomic uintptr_t known[8192];
	const uintptr_t place = (uintptr_t)caller;
	_Atomic uintptr_t *entry = &known[place / 2 % 8192];
	uintptr_t found = atomic_load(entry);

	if (found >> 1 != place) {
		found = place << 1 | (uintptr_t)looks_spared(caller);
		atomic_store(entry, found);
	}
	return (int)(found & 1);
}

static int
fails(const void *caller)
{
	static atomic_uint count;
	const char *once = getenv("NO_MEMORY_AT");
	unsigned long number;
	int nth;

	if (is_spared(caller) || atomic_load(&is_ending))
		return 0;
	number = atomic_fetch_add(&allocations, 1) + 1;

	if (once != NULL && strtoul(once, NULL, 10) == number) {
		errno = ENOMEM;
		return 1;
	}
	nth = every();
	if (nth == 0 || atomic_fetch_add(&count, 1) % (unsigned int)nth !=
	    (unsigned int)nth - 1)
		return 0;
	errno = ENOMEM;
	return 1;
}

void *
malloc(size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL :
	    __libc_calloc(count, size);
}

void *
realloc(void *memory, size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL :
	    __libc_realloc(memory, size);
}

char *
strdup(const char *text)
{
	const size_t size = strlen(text) + 1;
	char *copy;

	if (fails(__builtin_return_address(0)))
		return NULL;
	copy = __libc_malloc(size);
	return copy == NULL ? NULL : memcpy(copy, text, size);
}

char *
strndup(const char *text, size_t max)
{
	const size_t len = strnlen(text, max);
	char *copy;

	if (fails(__builtin_return_address(0)))
		return NULL;
	copy = __libc_malloc(len + 1);
	if (copy == NULL)
		return NULL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}
