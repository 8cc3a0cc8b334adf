#ifndef RIGHTS_H_
#define RIGHTS_H_

#include "admin/command.h"

struct settings;

/*
 * Whether who runs this may look into the state at all.  What the state says
 * of itself is meant for daemons: to others it would name the wrong remedy.
 * No state: any thread.
 */

/* The settings that the line names; NULL and error, also if the state's
 * directory is closed to this user. */
struct settings *rights_settings(const struct command_line *line,
    struct error *error);

#endif /* !RIGHTS_H_ */
