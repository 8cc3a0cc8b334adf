#include "config.h"

#include <jansson.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failing_memory.h"
#include "failing_places.h"

/* of the linker's --wrap */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t max);
int __real_vasprintf(char **text, const char *format, va_list arguments);
int __wrap_vasprintf(char **text, const char *format, va_list arguments);
int __wrap_asprintf(char **text, const char *format, ...);

#define LARGE (128 * 1024)

static struct {
	size_t count, nth;
	enum failing_memory how;
	int is_on;
	int is_learning;
} failing;

/* `is_own`: of our own code, not of a library's. */
static int
fails(int is_own)
{
	if (!failing.is_on)
		return 0;
	failing.count++;
	if (failing.is_learning) {
		failing.is_on = 0;
		failing_places_note(is_own);
		failing.is_on = 1;
	}
	if (failing.nth == 0)
		return 0;
	return failing.how == FAILING_MEMORY_ONCE ?
	    failing.count == failing.nth : failing.count >= failing.nth;
}

void *
__wrap_malloc(size_t size)
{
	return fails(1) ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return fails(1) ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *memory, size_t size)
{
	return fails(1) ? NULL : __real_realloc(memory, size);
}

/* The counts of ours do not overflow. */
void *
__wrap_reallocarray(void *memory, size_t count, size_t size)
{
	return fails(1) ? NULL : __real_realloc(memory, count * size);
}

char *
__wrap_strdup(const char *text)
{
	const size_t size = strlen(text) + 1;
	char *copy = fails(1) ? NULL : __real_malloc(size);

	return copy == NULL ? NULL : memcpy(copy, text, size);
}

char *
__wrap_strndup(const char *text, size_t max)
{
	const size_t len = strnlen(text, max);
	char *copy = fails(1) ? NULL : __real_malloc(len + 1);

	if (copy == NULL)
		return NULL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

int
__wrap_vasprintf(char **text, const char *format, va_list arguments)
{
	return fails(1) ? -1 : __real_vasprintf(text, format, arguments);
}

int
__wrap_asprintf(char **text, const char *format, ...)
{
	va_list arguments;
	int ret;

	va_start(arguments, format);
	ret = __wrap_vasprintf(text, format, arguments);
	va_end(arguments);
	return ret;
}

static void *
crypto_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails(0) ? NULL : __real_malloc(size);
}

static void *
crypto_realloc(void *memory, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails(0) ? NULL : __real_realloc(memory, size);
}

static void
crypto_free(void *memory, const char *file, int line)
{
	(void)file;
	(void)line;
	free(memory);
}

static void *
sqlite_malloc(int size)
{
	return fails(0) ? NULL : __real_malloc((size_t)size);
}

static void *
sqlite_realloc(void *memory, int size)
{
	return fails(0) ? NULL : __real_realloc(memory, (size_t)size);
}

static int
sqlite_size(void *memory)
{
	return (int)malloc_usable_size(memory);
}

static int
sqlite_round_up(int size)
{
	return (size + 7) & ~7;
}

static int
sqlite_begin(void *context)
{
	(void)context;
	return SQLITE_OK;
}

static void
sqlite_end(void *context)
{
	(void)context;
}

static void *
json_malloc(size_t size)
{
	return fails(0) ? NULL : __real_malloc(size);
}

static void
must(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "failing_memory: %s takes no allocator\n", what);
	abort();
}

void
failing_memory_install(void)
{
	static const sqlite3_mem_methods methods = { sqlite_malloc, free,
	    sqlite_realloc, sqlite_size, sqlite_round_up, sqlite_begin,
	    sqlite_end, NULL };

	must(CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc,
	    crypto_free) == 1, "OpenSSL");
	/* and none of a stock of its own, which would not fail */
	must(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK &&
	    sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) == SQLITE_OK,
	    "SQLite");
	json_set_alloc_funcs(json_malloc, free);
	/* Large tables are fresh pages each time, which are zeros untouched;
	 * the allocator of a sanitizer knows no such thing. */
	(void)mallopt(M_MMAP_THRESHOLD, LARGE);
}

void
failing_memory_begin(size_t nth, enum failing_memory how)
{
	failing.count = 0;
	failing.nth = nth;
	failing.how = how;
	failing.is_on = 1;
}

void
failing_memory_learn(enum failing_memory how)
{
	failing_places_begin((unsigned int)how);
	failing_memory_begin(0, how);
	failing.is_learning = 1;
}

void
failing_memory_pause(void)
{
	failing.is_on = 0;
}

void
failing_memory_go_on(void)
{
	failing.is_on = 1;
}

size_t
failing_memory_end(void)
{
	failing.is_on = 0;
	failing.is_learning = 0;
	failing.nth = 0;
	return failing.count;
}
