#ifndef STATUS_SCHEMA_H_
#define STATUS_SCHEMA_H_

#include "state/database.h"

/* What lies in status.db, and how it came to be so.  Threads: no state, any
 * thread. */
extern const struct database_schema status_schema;

#endif /* !STATUS_SCHEMA_H_ */
