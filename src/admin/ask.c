#include "admin/ask.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
ask_yes(const char *question, struct error *error)
{
	char answer[16];

	/* what it is about stands above it, also in a file of both */
	(void)fflush(stdout);
	if (!isatty(STDIN_FILENO)) {
		error_set(error, "nothing was done: there is no terminal to "
		    "ask on, so say --yes");
		return -1;
	}
	(void)fputs(question, stderr);
	if (fgets(answer, sizeof(answer), stdin) == NULL)
		answer[0] = '\0';
	answer[strcspn(answer, "\n")] = '\0';
	if (strcmp(answer, "y") == 0 || strcmp(answer, "yes") == 0)
		return 1;
	error_set(error, "nothing was done");
	return 0;
}
