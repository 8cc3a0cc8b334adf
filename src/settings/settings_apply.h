#ifndef SETTINGS_APPLY_H_
#define SETTINGS_APPLY_H_

#include "ground/buffer.h"
#include "ground/error.h"
#include "settings/settings.h"
#include "settings/settings_scan.h"

/*
 * What libini_config reads in the text, key by key of its scan, set over the
 * defaults of the settings; policies are added as their sections come.
 * 0, or -1 and error, "PATH:LINE: KEY: what is wrong, what to do".
 * Threads: one at a time.
 */
int settings_apply(struct settings *settings, const char *path,
    const struct buffer *text, const struct settings_scan *scan,
    struct error *error);

#endif /* !SETTINGS_APPLY_H_ */
