#ifndef FCGI_PROBE_COMMAND_H_
#define FCGI_PROBE_COMMAND_H_

#include <stddef.h>

/*
 * authgear-fcgi --probe URL...: asks each address as a stranger would, prints
 * a line for each asking as it comes and a sentence at the end (JSON on
 * request), and answers the exit status: 0 if all is closed, 1 if not, 2 for
 * an address that is none.  Follows no redirect, sends no real credential,
 * takes no proxy from the environment.  The settings are looked at if they can
 * be read: ca_file, and which policies let strangers pass.
 */
int probe_command(const char *config, const char *const *urls,
    size_t url_count, int json);

#endif /* !FCGI_PROBE_COMMAND_H_ */
