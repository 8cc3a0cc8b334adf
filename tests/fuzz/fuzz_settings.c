#include <sys/mman.h>
#include <sys/stat.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "settings/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any bytes as a settings file: loaded or refused, with words why. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings *settings = NULL;
	struct error error = { "" };
	char path[64];
	int fd;

	if ((fd = memfd_create("settings", MFD_CLOEXEC)) == -1)
		abort();
	if (fchmod(fd, 0600) == -1 ||
	    write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	settings = settings_load(path, &error);
	if ((settings == NULL) == (error.text[0] == '\0'))
		abort();
	settings_free(settings);
	close(fd);
	return 0;
}
