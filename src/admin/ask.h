#ifndef ASK_H_
#define ASK_H_

#include "ground/error.h"

/* On a terminal: `question` ends in " [y/N] ".  1: yes; 0: no, which error
 * says; -1: there is nobody to ask, likewise. */
int ask_yes(const char *question, struct error *error);

#endif /* !ASK_H_ */
