#ifndef REPLY_DRAFT_H_
#define REPLY_DRAFT_H_

#include "fcgi/reply.h"

/*
 * A reply under construction, for the files that compose replies.  Whatever
 * cannot be put into it leaves it failed, and it stays so.
 * Threads: each has its own.
 */
struct reply_draft {
	struct reply *reply;	/* borrowed, as all here */
	enum reply_role role;
	const char *request_id;	/* NULL: it is of no decision */
	int is_failed;
};

/* Empty, of a reply that is written over. */
void reply_draft_begin(struct reply_draft *draft, struct reply *reply,
    enum reply_role role, enum reason reason, const char *request_id);

void reply_draft_add(struct reply_draft *draft, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The text as it is: for what every grant is made of, without printf(3). */
void reply_draft_put(struct reply_draft *draft, const char *text);

/* 1 if so many bytes more have room. */
int reply_draft_has_room(const struct reply_draft *draft, size_t len);

/*
 * 1 if every server hands the value on as it is: no control bytes, nothing
 * empty, no blanks at the ends, which a server would take off (and so turn
 * one name into another).
 */
int reply_draft_is_sendable(const char *value);

/* 1 if the reply may be sent: the last guard before the wire. */
int reply_draft_is_whole(const struct reply_draft *draft);

/* In place of a reply that may not: a 500 that needs nothing. */
void reply_draft_canned(struct reply *reply);

#endif /* !REPLY_DRAFT_H_ */
