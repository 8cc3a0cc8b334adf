#ifndef STATUS_SCHEMA_H_
#define STATUS_SCHEMA_H_

#include "state/database.h"

/* What lies in status.db, and how it came to be so. */
extern const struct database_schema status_schema;

#endif /* !STATUS_SCHEMA_H_ */
