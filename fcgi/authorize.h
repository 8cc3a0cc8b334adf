#ifndef AUTHORIZE_H_
#define AUTHORIZE_H_

#include <stddef.h>

#include "fcgi/log.h"
#include "fcgi/reply.h"
#include "gate/gate.h"
#include "web/login_attempts.h"
#include "web/web_question.h"

/*
 * From the parameters of a request to a question, and from a decision to the
 * reply and its line in the log.  Knows neither threads nor sockets.
 * Threads: each with its own struct authorize, ids and reply.
 */

/* One request from beginning to end. */
struct authorize {
	char id[REPLY_ID_SIZE];
	enum reply_role role;
	char address[64];	/* of the client, for the log; "" unknown */
	char method[16];
	int is_apache;		/* which knows no request without a user */
};

/* Random bytes for request ids, of one thread; {0} at first. */
#define AUTHORIZE_IDS 16
struct authorize_ids {
	unsigned char random[AUTHORIZE_IDS][(REPLY_ID_SIZE - 1) / 2];
	size_t left;		/* ids not used yet */
};

/* A new request id.  0, or -1 if the kernel has no random bytes. */
int authorize_begin(struct authorize *authorize, enum reply_role role,
    struct authorize_ids *ids);

/*
 * Look the parameters up ("NAME=value", closed by NULL) and fill in the
 * question, which borrows their values and the address of `authorize`.  0,
 * or -1 and the reason, and `error` says which parameter: FORGED_IDENTITY,
 * before anything else, for client_identity_find(), unless the policy that is
 * named says client_identity = ignore; REPLY_UNSENDABLE if one that is read
 * occurs twice.  AUTHGEAR_POLICY twice is web_question_read()'s to refuse.
 */
int authorize_question(struct authorize *authorize,
    const struct settings *settings, char *const *params,
    struct web_question *question, enum reason *reason_out,
    struct error *error);

/* What an answer takes beside its decision; all is borrowed. */
struct authorize_with {
	char *const *params;	/* those of the question */
	const char *endpoint;	/* where browsers log in: the metadata's
				   authorization_endpoint; NULL: not known */
	struct login_attempts *attempts;
	const char *page;	/* what a grant may be kept by (epoch_shown.h);
				   NULL: nothing, so that none may be */
	const struct moment *now;
	struct log *log;
	int log_grants;		/* log what lets in too */
};

/* An authorizer's question with this variable, whatever it says, is told for
 * how long a grant may be kept: AUTHGEAR_KEEP (reply.h). */
#define AUTHORIZE_NOTE "AUTHGEAR_NOTE"

/* Compose the reply and write the line. */
void authorize_answer(const struct authorize *authorize,
    const struct decision *decision, const struct authorize_with *with,
    struct reply *reply);

/* The same for a refusal without a decision; `detail` may be "".  Before
 * authorize_question() the line lacks address and method. */
void authorize_refuse(const struct authorize *authorize, enum reason reason,
    const char *detail, struct log *log, const struct moment *now,
    struct reply *reply);

#endif /* !AUTHORIZE_H_ */
