#include "admin/given.h"

#include <sys/stat.h>

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum given
given_stdin(void)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	struct stat st;
	int found;

	if (fstat(STDIN_FILENO, &st) == -1 || (!S_ISREG(st.st_mode) &&
	    !S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode)))
		return GIVEN_NOTHING;
	do
		found = poll(&in, 1, GIVEN_MS);
	while (found == -1 && errno == EINTR);
	return found == 0 ? GIVEN_SILENCE : GIVEN_SOMETHING;
}
