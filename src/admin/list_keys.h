#ifndef LIST_KEYS_H_
#define LIST_KEYS_H_

#include "admin/list_wish.h"

/* The keys of daemon/status.db, in the order of the set.  0, or -1 and
 * error. */
int list_keys(const struct list_wish *wish, struct error *error);

#endif /* !LIST_KEYS_H_ */
