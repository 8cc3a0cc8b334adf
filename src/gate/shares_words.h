#ifndef SHARES_WORDS_H_
#define SHARES_WORDS_H_

#include "gate/shares.h"
#include "ground/error.h"

/* Why one may not take more, in a sentence that names the setting that helps.
 * No state: any thread. */

void shares_words_lookup(const struct shares_refusal *refusal,
    struct error *error);

void shares_words_seat(const struct shares_refusal *refusal, int is_program,
    struct error *error);

/* No place became free in time; is_alone: all that wait for one are of one
 * client address. */
void shares_words_place(int is_alone, struct error *error);

#endif /* !SHARES_WORDS_H_ */
