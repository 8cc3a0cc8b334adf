#include "admin/signals.h"

void
signals_hold(sigset_t *saved)
{
	sigset_t held;

	(void)sigemptyset(&held);
	(void)sigaddset(&held, SIGINT);
	(void)sigaddset(&held, SIGTERM);
	(void)sigaddset(&held, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &held, saved);
}

void
signals_release(const sigset_t *saved)
{
	(void)sigprocmask(SIG_SETMASK, saved, NULL);
}
