#ifndef PROGRESS_H_
#define PROGRESS_H_

#include <stdint.h>

/* How far something is that takes more than a second: on a terminal (stderr),
 * and nowhere else. */
struct progress {
	const char *what;	/* "sessions looked at" */
	int64_t next;		/* boottime at which it is told again */
	int is_shown;
};

void progress_begin(struct progress *progress, const char *what);
void progress_tell(struct progress *progress, int64_t count);

/* The line is as if there had been nothing. */
void progress_end(struct progress *progress);

#endif /* !PROGRESS_H_ */
