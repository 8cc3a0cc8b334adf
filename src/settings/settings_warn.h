#ifndef SETTINGS_WARN_H_
#define SETTINGS_WARN_H_

#include "settings/settings.h"

/*
 * Add the warnings: what is allowed and yet seldom what was meant, and what
 * was copied from an example and not changed.
 * 0, or -1 (memory).
 * Threads: one at a time.
 */
int settings_warn(struct settings *settings);

#endif /* !SETTINGS_WARN_H_ */
