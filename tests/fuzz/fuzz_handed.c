/* A credential on stdin: a first byte that says how it is handed over, then
 * its text.
 * Own files: src/admin/handed.c */
#include <sys/mman.h>

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/handed.h"
#include "ground/buffer.h"

#define ENDPOINT "http://localhost:3000"	/* of the recorded tokens */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
open_text(const uint8_t *data, size_t size)
{
	int fd = memfd_create("handed", MFD_CLOEXEC);

	if (fd == -1 || write(fd, data, size) != (ssize_t)size ||
	    lseek(fd, 0, SEEK_SET) == -1)
		abort();
	return fd;
}

static void
check_good(const struct handed *handed)
{
	assert(handed->token_id != NULL && handed->token_id[0] != '\0');
	assert(strlen(handed->hash) == HASH_HEX_SIZE - 1);
	assert(handed->expires >= -1);
	if (handed->kind == CREDENTIAL_JWT) {
		assert(handed->user_id != NULL && handed->user_id[0] != '\0');
		return;
	}
	assert(handed->kind == CREDENTIAL_OPAQUE_TOKEN ||
	    handed->kind == CREDENTIAL_SESSION_COOKIE);
	assert(handed->user_id == NULL);
	assert(strcmp(handed->token_id, handed->hash) == 0);
}

/* What has the letters of a credential, and is longer than any word of ours,
 * is never told. */
static void
check_secret(const char *told, const uint8_t *data, size_t size)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_.";
	char *text = strndup((const char *)data, size);

	if (text == NULL)
		abort();
	if (strlen(text) >= 32 && text[strspn(text, letters)] == '\0')
		assert(strstr(told, text) == NULL);
	(void)handed_is_token(text);
	free(text);
}

/* The same text where nobody named it. */
static void
check_soon(int fd, size_t size)
{
	struct error error = { "" };
	struct buffer buffer;
	int ret;

	if (lseek(fd, 0, SEEK_SET) == -1)
		abort();
	buffer_init(&buffer, HANDED_LIMIT);
	ret = handed_read_soon(&buffer, &error);
	assert((ret == 0) == (error.text[0] == '\0'));
	assert(ret == -1 || buffer.len == size);
	buffer_clear(&buffer);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char endpoint[] = ENDPOINT;
	const struct settings settings = { .endpoint = endpoint,
	    .max_credential = 4096 };
	struct error error = { "" };
	struct handed handed;
	const char *file;
	char path[64];
	int fd, ret;

	if (size == 0)
		return 0;
	fd = open_text(data + 1, size - 1);
	(void)snprintf(path, sizeof(path), data[0] == 0 ? "/proc/self/none" :
	    "/proc/self/fd/%d", fd);
	if (dup2(fd, STDIN_FILENO) == -1)
		abort();
	file = data[0] % 3 == 0 ? path : data[0] % 3 == 1 ? "-" : NULL;
	ret = handed_read(&handed, file, &settings, &error);
	assert((ret == 0) == (error.text[0] == '\0'));
	if (ret == 0)
		check_good(&handed);
	else
		assert(handed.token_id == NULL && handed.user_id == NULL &&
		    handed.hash[0] == '\0');
	check_secret(error.text, data + 1, size - 1);
	handed_clear(&handed);
	check_soon(fd, size - 1);
	close(fd);
	return 0;
}
