#ifndef MAP_IMPORT_H_
#define MAP_IMPORT_H_

#include "admin/command.h"

/* `map import FILE'.  Threads: one at a time. */
enum command_status map_import(const struct command_line *line,
    struct error *error);

#endif /* !MAP_IMPORT_H_ */
