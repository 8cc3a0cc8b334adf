#ifndef COMMANDS_H_
#define COMMANDS_H_

#include "admin/command.h"

/* The rows of main.c's table, each in the file of its name. */

extern const struct command accept_command;
extern const struct command backup_command;
extern const struct command block_command;
extern const struct command doctor_command;
extern const struct command explain_command;
extern const struct command export_command;
extern const struct command import_command;
extern const struct command init_command;
extern const struct command keys_command;
extern const struct command lift_command;
extern const struct command list_command;
extern const struct command map_command;
extern const struct command prune_command;
extern const struct command restore_command;
extern const struct command revoke_command;
extern const struct command status_command;
extern const struct command verify_command;

#endif /* !COMMANDS_H_ */
