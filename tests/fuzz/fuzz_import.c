/* A file for `import', read twice as the command does.
 * Own files: src/admin/import_file.c */
#include <sys/mman.h>

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/import_file.h"

#define ENDPOINT "https://auth.example.com"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
open_text(const uint8_t *data, size_t size)
{
	int fd = memfd_create("import", MFD_CLOEXEC);

	if (fd == -1 || write(fd, data, size) != (ssize_t)size)
		abort();
	return fd;
}

/* Whatever comes out could be written. */
static void
check_item(const struct trust_item *item)
{
	const struct trust_list_row *const row = &item->row;

	assert(trust_import_check(item, NULL) == 0);
	if (item->is_account) {
		assert(item->account.user_id[0] != '\0' &&
		    item->account.account[0] != '\0');
		return;
	}
	assert(revocation_check(&row->revocation) == 0);
	assert(strlen(row->revocation.value) <= TRUST_WRITER_MAX_VALUE);
	assert(row->credential[0] == '\0' ||
	    row->revocation.kind == REVOCATION_TOKEN);
}

/* How many there are, or -1. */
static int
read_all(struct import_file *file)
{
	struct error error = { "" };
	struct trust_item item;
	int count = 0, found;

	while ((found = import_file_next(file, &item, &error)) == 1) {
		check_item(&item);
		count++;
	}
	assert((found == -1) == (error.text[0] != '\0'));
	/* its head and its end are none of them */
	assert(found == -1 || file->line == count + 2);
	return found == -1 ? -1 : count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct import_file file;
	struct error error = { "" };
	char path[64];
	int fd, count;

	fd = open_text(data, size);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (import_file_open(&file, path, ENDPOINT, &error) == 0) {
		count = read_all(&file);
		assert(import_file_rewind(&file, &error) == 0);
		assert(read_all(&file) == count);
	} else {
		assert(error.text[0] != '\0');
	}
	import_file_close(&file);
	close(fd);
	return 0;
}
