#ifndef AUTHGEAR_TIME_H_
#define AUTHGEAR_TIME_H_

#include <stdint.h>

#include "ground/error.h"
#include "settings/settings.h"

/* What time Authgear has, by the Date of its answer to who is the daemon's
 * user: Unix seconds.  0, or -1 and error. */
int authgear_time(const struct settings *settings, int64_t *seconds_out,
    struct error *error);

#endif /* !AUTHGEAR_TIME_H_ */
