#include "transport/http_library.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

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
	void *grown = malloc(size > 0 ? size : 1);

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
	return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wipe_free,
	    wipe_realloc, strdup, calloc) == CURLE_OK ? 0 : -1;
}

void
http_library_end(void)
{
	curl_global_cleanup();
}
