#ifndef CHANGE_H_
#define CHANGE_H_

/*
 * `authgear-cache revoke`, `block`, `lift` and `map`: changes of trust.db.
 * The arguments behind the command (argv[0] is its name); the exit status: 0,
 * 1, or 2 for usage.
 */
int change_revoke_main(int argc, char **argv);
int change_block_main(int argc, char **argv);
int change_lift_main(int argc, char **argv);
int change_map_main(int argc, char **argv);

#endif /* !CHANGE_H_ */
