#ifndef TRUST_NOTE_H_
#define TRUST_NOTE_H_

#include <stddef.h>

#include "state/write/trust_writer.h"

/* What trust_writer.h says it refuses: 0, or -1 and error.  Shared by trust*.c
 * alone.  Threads: no state, any thread. */

/* No control characters (C1 too), UTF-8, at most `limit` bytes. */
int trust_note_check_text(const char *what, const char *text, size_t limit,
    struct error *error);

int trust_note_check(const struct trust_note *note, struct error *error);
int trust_note_check_revocation(const struct revocation *revocation,
    const struct trust_note *note, const struct moment *now,
    struct error *error);
int trust_note_check_account(const char *user_id, const char *account,
    const struct trust_note *note, struct error *error);

#endif /* !TRUST_NOTE_H_ */
