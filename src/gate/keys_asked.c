#include "config.h"

#include "gate/keys_asked.h"

int64_t
keys_asked_due(const struct keys_asked *asked, const struct moment *now)
{
	int64_t due;

	if (asked->asked_at <= 0 ||
	    asked->asked_at > now->wall + MOMENT_AHEAD_MS / 1000 ||
	    asked->started->wall > asked->asked_at)
		return asked->due;
	due = now->boottime - (now->wall - asked->asked_at) * 1000;
	return due < asked->due ? due : asked->due;
}
