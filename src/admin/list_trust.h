#ifndef LIST_TRUST_H_
#define LIST_TRUST_H_

#include "admin/list_wish.h"

/* Rows of trust.db, the newest last.  0, or -1 and error. */

int list_trust_revocations(const struct list_wish *wish, struct error *error);
int list_trust_map(const struct list_wish *wish, struct error *error);
int list_trust_audit(const struct list_wish *wish, struct error *error);

#endif /* !LIST_TRUST_H_ */
