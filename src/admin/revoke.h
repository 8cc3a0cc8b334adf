#ifndef REVOKE_H_
#define REVOKE_H_

#include "admin/change.h"

/* For block as well: add a row of this rule, whose kind and value are those of
 * the change, and say so. */
enum trust_write revoke_add(struct change *change, enum revocation_rule rule,
    int64_t from, int64_t until);

#endif /* !REVOKE_H_ */
