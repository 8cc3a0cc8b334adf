#ifndef SETTINGS_PRINT_H_
#define SETTINGS_PRINT_H_

#include <stdio.h>

#include "settings/settings.h"

/* Settings for people and programs.  Threads: one at a time for an `out`. */

/* Every key with its effective value, and the warnings, as the file would
 * say it or as JSON.  0, or -1 if writing failed. */
int settings_print(const struct settings *settings, FILE *out, int json);

/* Who passes each policy, in words.  0, or -1 if writing failed. */
int settings_print_policies(const struct settings *settings, FILE *out);

#endif /* !SETTINGS_PRINT_H_ */
