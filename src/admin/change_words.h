#ifndef CHANGE_WORDS_H_
#define CHANGE_WORDS_H_

#include "admin/change.h"

/*
 * The operands of a change.  Each answers NULL, or what is wrong, without
 * their text: one may be a credential.
 */

/* KIND [VALUE]: the kind; `unknown` is what is said of another word. */
const char *change_words_kind(struct change *change, const char *unknown);

/* And the value, as far as this kind has one. */
const char *change_words_value(struct change *change);

/* A value of this kind that was typed; NULL: none was. */
const char *change_words_check(enum revocation_kind kind, const char *value);

/* Eight, four, four, four and twelve hex digits. */
int change_words_is_uuid(const char *text);

/* --file is for a credential only; `asked`: one is expected. */
const char *change_words_file(const struct change *change, int asked);

#endif /* !CHANGE_WORDS_H_ */
