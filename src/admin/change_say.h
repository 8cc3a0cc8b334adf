#ifndef CHANGE_SAY_H_
#define CHANGE_SAY_H_

#include "admin/actor.h"
#include "admin/change_options.h"
#include "admin/handed.h"
#include "ground/error.h"
#include "state/write/trust_writer.h"

/* Shared by change*.c alone: a change under way, and what is said of it. */

struct change {
	struct change_options options;
	struct settings *settings;
	struct trust_writer *writer;
	struct handed handed;
	const char *value;
	char actor[ACTOR_SIZE];
	struct trust_note note;
	struct trust_token token;	/* of the credential */
	struct moment now;		/* of the last attempt */
	struct error error;
};

/* On stdout, in words or as JSON. */
void change_say_added(const struct change *change,
    const struct revocation *row, int64_t id, int added);
void change_say_lifted(const struct change *change, int count);
void change_say_mapped(const struct change *change, int is_add);

/* On stderr: a user that was typed, and by what it says cannot be of
 * Authgear's own; that a copy lacks the change. */
void change_warn_of_user(const struct change *change);
void change_warn_of_copy(const struct change *change);

#endif /* !CHANGE_SAY_H_ */
