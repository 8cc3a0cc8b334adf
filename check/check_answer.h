#ifndef CHECK_CHECK_ANSWER_H_
#define CHECK_CHECK_ANSWER_H_

#include <stdint.h>

#include "fcgi/ask_answer.h"
#include "settings/settings.h"

/*
 * One question to the gate, from beginning to end.
 * Threads: one.
 */

struct check_answer {
	const struct settings *settings;	/* borrowed, as all here */
	struct log *log;
	int fd;			/* where it is answered */
	int64_t msecs;		/* from the start of its answer on */
	int is_held_up;		/* maybe, by who called the host */
};

/* A new request id; 0, or -1 if the kernel has no random bytes. */
int check_answer_id(char id[REPLY_ID_SIZE]);

/* No decision: the reason, as an answer. */
void check_answer_refuse(const struct check_answer *answer,
    const struct ask_call *call, enum reason reason, const char *detail);

/* The question of these parameters: answered, then written down what came of
 * it. */
void check_answer_all(const struct check_answer *answer, char *const *params);

#endif /* !CHECK_CHECK_ANSWER_H_ */
