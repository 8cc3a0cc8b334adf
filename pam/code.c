#include "config.h"

#include "pam/code.h"

#include <security/pam_modules.h>

#include <stdio.h>
#include <string.h>

#include "ground/reason.h"

static int
is_text(const char *text, const char *wanted)
{
	return text != NULL && strcmp(text, wanted) == 0;
}

static int
granted(const struct ask_question *question, const struct answer *answer,
    char *why, size_t size)
{
	const char *decision = answer_find(answer,
	    "Variable-AUTHGEAR_DECISION");
	const char *user = answer_find(answer, "Variable-REMOTE_USER");

	why[0] = '\0';
	if (question->credential == NULL &&
	    is_text(decision, ASK_NOT_BLOCKED) && user == NULL)
		return PAM_IGNORE;
	if (question->credential != NULL && is_text(decision, "granted") &&
	    is_text(user, question->account))
		return PAM_SUCCESS;
	(void)snprintf(why, size, "the answer grants something else than was "
	    "asked; it is not believed");
	return PAM_AUTHINFO_UNAVAIL;
}

static int
judge_answer(enum reason reason, const struct ask_question *question)
{
	switch (reason_pam(reason)) {
	case REASON_PAM_AUTH_ERR:
		return PAM_AUTH_ERR;
	case REASON_PAM_PERM_DENIED:
		return strcmp(question->phase, "account") == 0 ?
		    PAM_PERM_DENIED : PAM_AUTH_ERR;
	case REASON_PAM_SERVICE_ERR:
		return PAM_SERVICE_ERR;
	case REASON_PAM_BUF_ERR:
		return PAM_BUF_ERR;
	case REASON_PAM_AUTHINFO_UNAVAIL:
	case REASON_PAM_SUCCESS:
	case REASON_PAM_IGNORE:
	case REASON_PAM_OF_VERDICT:
	default:
		return PAM_AUTHINFO_UNAVAIL;
	}
}

static int
refused(const struct ask_question *question, const struct answer *answer,
    char *why, size_t size)
{
	const char *name = answer_find(answer, "X-Authgear-Reason");
	const char *meaning = answer_find(answer, "X-Authgear-Meaning");
	enum reason reason = name == NULL ? REASON_COUNT : reason_find(name);

	if (reason == REASON_COUNT ||
	    reason_http_status(reason) != answer->status) {
		(void)snprintf(why, size, "status %d of a reason that this "
		    "module does not know; are authgear-fcgi and "
		    "pam_authgear.so of one version?", answer->status);
		return PAM_AUTHINFO_UNAVAIL;
	}
	/* a web server's listener reads headers, of which it got none; no
	 * other says so, also where there was no credential to give */
	if (reason == REASON_NO_CREDENTIAL) {
		(void)snprintf(why, size, "%s: who answers did not see the "
		    "question; does socket= name a listener of authgear-fcgi "
		    "with serve=ask?", name);
		return PAM_SERVICE_ERR;
	}
	(void)snprintf(why, size, "%s: %s", name,
	    meaning != NULL ? meaning : reason_sentence(reason));
	return judge_answer(reason, question);
}

int
code_judge(enum ask_result result, const struct ask_question *question,
    const struct answer *answer, char *why, size_t size)
{
	switch (result) {
	case ASK_ANSWERED:
		break;
	case ASK_NO_MEMORY:
		return PAM_BUF_ERR;
	case ASK_NO_LISTENER:
	case ASK_FOREIGN:
	case ASK_CLOSED:
	case ASK_BROKEN:
	case ASK_LATE:
	default:
		return PAM_AUTHINFO_UNAVAIL;
	}
	if (answer->status == 200)
		return granted(question, answer, why, size);
	return refused(question, answer, why, size);
}

const char *
code_word(int code)
{
	switch (code) {
	case PAM_SUCCESS:
		return "granted";
	case PAM_AUTH_ERR:
	case PAM_PERM_DENIED:
		return "refused";
	default:
		return "undecided";
	}
}
