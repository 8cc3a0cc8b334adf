#ifndef CHANGE_LOG_H_
#define CHANGE_LOG_H_

#include <stdint.h>

#include "settings/settings.h"
#include "state/write/trust_list.h"

/*
 * Changes in the system's log, with their numbers and who made them.  What was
 * written counts whether the log takes it or not.
 */

/* The number of the last change; -1 if it cannot be told. */
int64_t change_log_last(const struct settings *settings);

/* Those of after that number, each also to `tell` if there is one.  0, or -1:
 * they could not be read, or it is none. */
int change_log_tell(const struct settings *settings, int64_t after,
    void (*tell)(const struct trust_list_change *change));

#endif /* !CHANGE_LOG_H_ */
