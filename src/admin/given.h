#ifndef GIVEN_H_
#define GIVEN_H_

/* Standard input of a command that does without it as well: nobody is waited
 * for at a terminal, nor for ever at a pipe that somebody keeps open (of cron,
 * or of ssh). */

#define GIVEN_MS 3000

enum given {
	GIVEN_NOTHING = 0,	/* it is closed, a terminal or a device */
	GIVEN_SOMETHING,	/* or its end */
	GIVEN_SILENCE		/* for GIVEN_MS */
};

enum given given_stdin(void);

#endif /* !GIVEN_H_ */
