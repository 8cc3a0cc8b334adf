#ifndef CHANGE_H_
#define CHANGE_H_

#include <stdint.h>

#include "admin/actor.h"
#include "admin/command.h"
#include "admin/handed.h"
#include "facts/revocation.h"
#include "state/write/trust_writer.h"

/* What the commands that change trust.db share: revoke, block, lift, map. */

#define CHANGE_HELP \
    "  -f, --file FILE    read the credential from FILE, not from stdin;\n" \
    "                     it is never an argument\n" \
    "  -r, --reason TEXT  why, for the list and the audit\n" \
    "  -c, --config FILE  settings (" COMMAND_SETTINGS ")\n" \
    "  -j, --json         say what was done as JSON\n" \
    "  -h, --help         this text\n"

struct trust_list_change;

struct change {
	const struct command_line *line;

	/* what the operands say */
	enum revocation_kind kind;
	const char *typed;		/* NULL: a credential says it */
	const char *account;		/* map add; else NULL */
	int64_t id;			/* lift: 0 if by kind and value */

	/* what change_run() adds */
	struct settings *settings;
	struct trust_writer *writer;
	struct handed handed;
	const char *value;		/* what was typed or handed over */
	char actor[ACTOR_SIZE];
	struct trust_note note;
	struct trust_token token;	/* of the credential */
	struct moment now;		/* of the last attempt */
	void (*tell)(const struct trust_list_change *row); /* if not NULL: of
					   each row of the audit that it
					   made */
	struct error *error;
};

/* The operands: NULL, or what is wrong with them. */
typedef const char *change_read(struct change *change);

/* Write it once and say so; what it says is only said if it is WRITTEN. */
typedef enum trust_write change_attempt(struct change *change);

/* The whole of such a command; waits while another process is writing. */
enum command_status change_run(const struct command_line *line,
    change_read *read, change_attempt *attempt, struct error *error);

/* On stderr: what the last change of a writer lacks, though it is in force. */
void change_notes(const struct trust_writer *writer);

/* A time as people write it; `missing` if text is NULL.  0, or -1 and error. */
int change_time(struct change *change, const char *text, int64_t missing,
    int64_t *seconds_out);

/* Behind what is said: how far the credential was believed; "" without one. */
const char *change_remark(const struct change *change);

/* On stderr: a user that was typed and, by what it says, cannot be one of
 * Authgear's own. */
void change_warn_of_user(const struct change *change);

#endif /* !CHANGE_H_ */
