#ifndef MAP_FILE_H_
#define MAP_FILE_H_

#include <stddef.h>

#include "ground/error.h"
#include "settings/settings.h"
#include "state/write/trust_writer.h"

/*
 * An account map as CSV, user and account, and what it would change.
 * Threads: one at a time.
 */

#define MAP_FILE_MAX 1000000	/* rows */

struct map_row {
	char *user;		/* malloc'd */
	char *account;
	char *before;		/* that the user has now; NULL: none */
	long long line;
};

struct map_file {
	const char *path;	/* borrowed */
	struct map_row *rows;	/* as the file has them */
	size_t count;
	size_t changes;		/* of which the user has another account */
	int has_no_end;		/* the last one's line: it may be cut, or an
				   editor's that ends none */
};

/* 0, or -1 and error, which names the line: no row, one that `map add' would
 * refuse, a user or an account that is there twice.  Cleared after either. */
int map_file_read(struct map_file *file, const char *path,
    struct error *error);
void map_file_clear(struct map_file *file);

/* What each of its users has now; -1 and error if somebody else, whom the file
 * does not name, has one of the accounts. */
int map_file_compare(struct map_file *file, const struct settings *settings,
    struct error *error);

#endif /* !MAP_FILE_H_ */
