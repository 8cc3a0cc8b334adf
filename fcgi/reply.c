#include "config.h"

#include "fcgi/reply.h"

#include <stdio.h>

#include "fcgi/reply_challenge.h"
#include "fcgi/reply_draft.h"
#include "fcgi/reply_identity.h"
#include "web/identity.h"

void
reply_decision(struct reply *reply, enum reply_role role,
    const struct decision *decision, const char *request_id)
{
	struct reply_draft draft;

	reply_draft_begin(&draft, reply, role, decision->reason, request_id);
	if (decision->verdict == VERDICT_GRANTED)
		reply_identity_granted(&draft, decision, decision->keep);
	else if (decision->may_pass)
		reply_identity_pass(&draft, decision);
	else
		reply_challenge_refusal(&draft, decision->reason,
		    decision->policy, decision->retry_after, "");
	if (!reply_draft_is_whole(&draft))
		reply_refusal(reply, REASON_REPLY_UNSENDABLE, 0, request_id);
}

void
reply_refusal(struct reply *reply, enum reason reason, int retry_after,
    const char *request_id)
{
	struct reply_draft draft;

	reply_draft_begin(&draft, reply, REPLY_AUTHORIZER, reason, request_id);
	reply_challenge_refusal(&draft, reason, NULL, retry_after, "");
	if (!reply_draft_is_whole(&draft))
		reply_draft_canned(reply);
}

void
reply_say_omitted(const struct reply *reply, struct error *detail)
{
	char words[IDENTITY_WORDS_SIZE];

	if (reply->omitted == 0)
		return;
	identity_words(reply->omitted, words);
	error_set(detail, "the answer has no room for these, which are left "
	    "out: %s; identity_roles and export of the policy say what is to "
	    "be told", words);
}

void
reply_ask(struct reply *reply, const struct decision *decision,
    const char *meaning, const char *request_id)
{
	struct reply_draft draft;
	char line[REPLY_MAX];

	reply_draft_begin(&draft, reply, REPLY_AUTHORIZER, decision->reason,
	    request_id);
	(void)snprintf(line, sizeof(line), "X-Authgear-Meaning: %s\r\n",
	    meaning);
	if (decision->verdict == VERDICT_GRANTED)
		reply_identity_granted(&draft, decision, 0);
	else if (decision->verdict == VERDICT_NOT_BLOCKED)
		reply_identity_not_blocked(&draft, decision);
	else if (!reply_draft_is_sendable(meaning))
		draft.is_failed = 1;
	else
		reply_challenge_refusal(&draft, decision->reason, NULL,
		    decision->retry_after, line);
	if (!reply_draft_is_whole(&draft))
		reply_refusal(reply, REASON_REPLY_UNSENDABLE, 0, request_id);
}
