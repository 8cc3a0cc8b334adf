#include "transport/http_library.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

/* The library says "out of memory" of an endless line too, and of a thread
 * that has no memory to begin with nothing. */
static atomic_ulong failures;

static void *
count(void *memory)
{
	if (memory == NULL)
		(void)atomic_fetch_add(&failures, 1);
	return memory;
}

static void *
count_malloc(size_t size)
{
	return count(malloc(size > 0 ? size : 1));
}

static void *
count_calloc(size_t members, size_t size)
{
	if (members == 0 || size == 0)
		members = size = 1;
	return count(calloc(members, size));
}

static char *
count_strdup(const char *text)
{
	return count(strdup(text));
}

/* What was sent holds credentials: they do not stay in freed memory. */
static void
wipe_free(void *memory)
{
	if (memory != NULL)
		explicit_bzero(memory, malloc_usable_size(memory));
	free(memory);
}

static void *
wipe_realloc(void *memory, size_t size)
{
	size_t old = memory != NULL ? malloc_usable_size(memory) : 0;
	void *grown = count_malloc(size);

	if (grown == NULL)
		return NULL;
	if (memory != NULL)
		memcpy(grown, memory, old < size ? old : size);
	wipe_free(memory);
	return grown;
}

int
http_library_init(void)
{
	/* The library would write TLS secrets to the file this names. */
	if (unsetenv("SSLKEYLOGFILE") != 0)
		return -1;
	return curl_global_init_mem(CURL_GLOBAL_DEFAULT, count_malloc,
	    wipe_free, wipe_realloc, count_strdup, count_calloc) ==
	    CURLE_OK ? 0 : -1;
}

unsigned long
http_library_failures(void)
{
	return atomic_load(&failures);
}

void
http_library_end(void)
{
	curl_global_cleanup();
}
