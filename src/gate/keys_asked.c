#include "config.h"

#include "gate/keys_asked.h"

/* When the fetch began, by the clock as it stands now: it may have been set
 * back since. */
static int64_t
began_at(const struct moment *started, const struct moment *now)
{
	const int64_t age = moment_age(started, now);
	const int64_t began = now->wall - age / 1000;

	return age >= 0 && began < started->wall ? began : started->wall;
}

int64_t
keys_asked_due(const struct keys_asked *asked, const struct moment *now)
{
	int64_t due;

	if (asked->asked_at <= 0 ||
	    asked->asked_at > now->wall + MOMENT_AHEAD_MS / 1000 ||
	    began_at(asked->started, now) > asked->asked_at)
		return asked->due;
	due = now->boottime - (now->wall - asked->asked_at) * 1000;
	return due < asked->due ? due : asked->due;
}
