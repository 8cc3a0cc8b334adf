#ifndef SETTINGS_CHECK_H_
#define SETTINGS_CHECK_H_

#include "ground/error.h"
#include "settings/settings.h"
#include "settings/settings_scan.h"

/*
 * What no single key can tell: what must be there, and what must fit each
 * other.  Fills in what follows from other keys.
 * 0, or -1 and error, "PATH:LINE: KEY: what is wrong, what to do".
 * Threads: one at a time.
 */
int settings_check(struct settings *settings, const char *path,
    const struct settings_scan *scan, struct error *error);

#endif /* !SETTINGS_CHECK_H_ */
