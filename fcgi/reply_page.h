#ifndef REPLY_PAGE_H_
#define REPLY_PAGE_H_

#include "fcgi/reply.h"

/*
 * The answers to a browser.
 * Threads: no state; each with its own reply.
 */

/*
 * The refusal of `decision` as a redirect to `url`, or as a page that says why
 * it does not help to log in again (`sentence`, text that needs no escaping).
 * AUTHORIZER: 302 with Location, or 401 with the page.
 * RESPONDER, whose web server takes nothing but a status: 401 with the header
 * X-Authgear-Login: URL, or X-Authgear-Login-Failed: SENTENCE.
 * What cannot be composed is reply_decision()'s.
 */
void reply_page_login(struct reply *reply, enum reply_role role,
    const struct decision *decision, const char *url,
    const char *request_id);
void reply_page_login_failed(struct reply *reply, enum reply_role role,
    const struct decision *decision, const char *sentence,
    const char *request_id);

/* Not of a decision: a page of one paragraph without anything of the request
 * in it, with one more header line or NULL. */
void reply_page(struct reply *reply, const char *status, const char *header,
    const char *paragraph);

/* To a path of this site; `cookie` is the value of Set-Cookie, or NULL. */
void reply_page_redirect(struct reply *reply, const char *status,
    const char *location, const char *cookie);

#endif /* !REPLY_PAGE_H_ */
