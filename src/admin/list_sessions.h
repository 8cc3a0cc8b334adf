#ifndef LIST_SESSIONS_H_
#define LIST_SESSIONS_H_

#include "admin/list_wish.h"

/* Sessions of daemon/status.db, the newest lookup last.  0, or -1 and
 * error. */
int list_sessions(const struct list_wish *wish, struct error *error);

#endif /* !LIST_SESSIONS_H_ */
