#include "ground/moment.h"

#include <string.h>

int
moment_is_credible(int64_t boottime, const struct moment *now)
{
	return boottime >= 0 && boottime <= now->boottime + MOMENT_AHEAD_MS;
}

int64_t
moment_age(const struct moment *stamp, const struct moment *now)
{
	if (strcmp(stamp->boot_id, now->boot_id) != 0 ||
	    !moment_is_credible(stamp->boottime, now))
		return -1;
	return stamp->boottime > now->boottime ? 0 :
	    now->boottime - stamp->boottime;
}

int
moment_is_later(const struct moment *stamp, const struct moment *other)
{
	return strcmp(stamp->boot_id, other->boot_id) == 0 &&
	    stamp->boottime > other->boottime;
}
