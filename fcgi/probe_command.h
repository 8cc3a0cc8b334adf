#ifndef PROBE_COMMAND_H_
#define PROBE_COMMAND_H_

#include "fcgi/options.h"

/*
 * authgear-fcgi --probe URL...: ask each address as a stranger would, and
 * print what came as it comes.  Follows no redirect, reads no body, sends
 * nobody's credential, takes no proxy.  The settings are looked at if they can
 * be read: which policies let strangers pass, ca_file (trusted beside the
 * system's) and cookie_prefix.
 * The exit status: 0 if all is closed, 1 if not, 2 if an address is none (then
 * nothing is asked).
 * Threads: the only one of its process.
 */
int probe_command(const struct options *options);

#endif /* !PROBE_COMMAND_H_ */
