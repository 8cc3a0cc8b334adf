#ifndef SETTINGS_SCAN_H_
#define SETTINGS_SCAN_H_

#include <stddef.h>

#include "ground/error.h"

/*
 * The strict look at the text of a settings file before libini_config reads
 * it: what that library would let pass is refused here, and every key's line
 * is noted for later errors.
 * Threads: no state; any thread.
 */

struct settings_entry {
	char *section;		/* "authgear" or "policy NAME" */
	char *key;		/* NULL: the header line of the section */
	int line;		/* from 1 */
};

struct settings_scan {
	struct settings_entry *entries;
	size_t count;
};

/* Takes away what means nothing, and libini_config minds: the blanks and tabs
 * that lines begin with, which it would take for a value that goes on, and
 * bytes of comments beyond ASCII, in whatever encoding.  Lines keep their
 * numbers; what was shortened ends in a NUL. */
void settings_scan_simplify(char *text, size_t *len);

/*
 * For such a text.
 * Refused: NUL and other control bytes (tab is allowed), bytes beyond ASCII,
 * a line of more than SETTINGS_MAX_VALUE bytes, anything before the first
 * section, sections or keys twice, names but of a-z 0-9 _ -, a line that is
 * neither section, key nor comment, an empty value, a comment behind a value.
 * 0, or -1 and error, "PATH:LINE: what is wrong, what to do".
 */
int settings_scan(struct settings_scan *scan, const char *path,
    const char *text, size_t len, struct error *error);
void settings_scan_clear(struct settings_scan *scan);

#endif /* !SETTINGS_SCAN_H_ */
