#ifndef ACTOR_H_
#define ACTOR_H_

#define ACTOR_SIZE 128		/* bytes, with NUL */

/*
 * Who is asking, for the audit row: SUDO_USER if root came by sudo, else the
 * name of the real uid, else "uid N".  What the environment says is what the
 * caller says: never use it to decide anything.
 */
void actor_name(char name[ACTOR_SIZE]);

#endif /* !ACTOR_H_ */
