#ifndef STATUS_ROW_READ_H_
#define STATUS_ROW_READ_H_

#include "state/status.h"
#include "state/status_session.h"

struct sqlite3_stmt;

/* The columns of a session, as both tables have them.  Shared by status*.c
 * alone.  Threads: as a struct status. */

/* Behind is_live, doubted_at, the boot and when its lookup began. */
#define STATUS_ROW_READ_FACTS "user_id, roles, amr, anonymous, verified, " \
	"can_reauthenticate, authenticated_at, verified_by"
#define STATUS_ROW_READ_COLUMNS 12	/* all of them */

/* The row that the statement stands on: SQLITE_OK, SQLITE_MISMATCH if it makes
 * no sense, or what went wrong; then *session is to be cleared all the
 * same. */
int status_row_read(struct status *status, struct sqlite3_stmt *statement,
    struct status_session *session);

#endif /* !STATUS_ROW_READ_H_ */
