#ifndef STATUS_ROW_H_
#define STATUS_ROW_H_

#include "ground/buffer.h"
#include "state/status.h"
#include "state/status_session.h"

/*
 * Rows of the file alone, whatever waits to be written.  Shared by status*.c
 * alone; answers are results of SQLite, SQLITE_OK when it went well.
 * Threads: as a struct status.
 */

enum status_row {
	STATUS_ROW_NONE = 0,
	STATUS_ROW_FOUND,
	STATUS_ROW_NONSENSE,	/* there, and not to be read: *session empty */
	STATUS_ROW_OF_ANOTHER	/* there, but of another key */
};

int status_row_load(struct status *status, const char *key,
    struct status_session *session, enum status_row *found_out);

/* Of schema 2, by the key of then: NONE or FOUND. */
int status_row_load_before(struct status *status, const char *key,
    struct status_session *session, enum status_row *found_out);

/* In place of what is there; `boot` is the number of its boot.  In a
 * transaction.  SQLITE_MISMATCH: it can never be kept. */
int status_row_store(struct status *status, const char *key,
    const struct status_session *session, int64_t boot);

/* The words as one text; -1 if they would be read as others, or are too
 * long. */
int status_row_join(struct buffer *text, const struct word_list *list,
    char separator);

#endif /* !STATUS_ROW_H_ */
