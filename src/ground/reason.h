#ifndef REASON_H_
#define REASON_H_

/*
 * Why a decision is what it is: a closed list, used alike in logs, JSON,
 * response headers and documentation.
 * Names are stable; the order is that of the table in reason.c.
 * No state: any thread.
 */

/* Zero is denied, so that storage nobody filled in can never grant. */
enum verdict {
	VERDICT_DENIED = 0,	/* this credential does not hold */
	VERDICT_FORBIDDEN,	/* it holds, a rule of the policy refuses it */
	VERDICT_UNDECIDED,	/* could not tell: never a yes, never a no */
	VERDICT_GRANTED,
	VERDICT_NOT_BLOCKED	/* of an account without a credential: nothing
				   is known against it.  No grant */
};

enum reason {
	REASON_NO_CREDENTIAL = 0,
	REASON_MALFORMED,
	REASON_TRUNCATED,
	REASON_OVER_LIMIT,	/* ours; not Authgear's, and no forgery */
	REASON_WRONG_TYPE,
	REASON_MACHINE_TOKEN,
	REASON_BAD_ALGORITHM,
	REASON_BAD_SIGNATURE,
	REASON_UNKNOWN_KEY,
	REASON_WRONG_ISSUER,
	REASON_WRONG_AUDIENCE,
	REASON_MISSING_CLAIM,
	REASON_EXPIRED,
	REASON_NOT_YET_VALID,
	REASON_NEEDS_RESOLVER,
	REASON_NOT_LIVE,
	REASON_USER_MISMATCH,
	REASON_REVOKED,
	REASON_SIGNED_OUT,
	REASON_CLIENT_REVOKED,
	REASON_KEY_REVOKED,
	REASON_AUTHENTICATION_TOO_OLD,
	REASON_FORGED_IDENTITY,
	REASON_HEADERS_TOO_LARGE,
	REASON_SCOPE_MISSING,
	REASON_ROLE_MISSING,
	REASON_CLIENT_NOT_ALLOWED,
	REASON_ANONYMOUS_USER,
	REASON_UNVERIFIED_USER,
	REASON_USER_BLOCKED,
	REASON_WRONG_ACCOUNT,
	REASON_NOT_EVALUABLE,
	REASON_POLICY_MISSING,
	REASON_POLICY_UNKNOWN,
	REASON_KEYS_UNREACHABLE,
	REASON_KEY_UNSETTLED,
	REASON_KEY_UNUSABLE,
	REASON_RESOLVER_UNREACHABLE,
	REASON_RESOLVER_FAULT,
	REASON_LOCAL_FAULT,	/* ours: says nothing of Authgear */
	REASON_SESSION_UNSETTLED,
	REASON_BUSY,
	REASON_NOT_ASKED,
	REASON_USER_UNTRACEABLE,
	REASON_STATE_UNREADABLE,
	REASON_STATE_BUSY,
	REASON_SETTINGS_INVALID,
	REASON_REPLY_UNSENDABLE,
	REASON_OUT_OF_MEMORY,
	REASON_NOT_BLOCKED,	/* the one reason of VERDICT_NOT_BLOCKED */
	REASON_GRANTED,		/* the one reason of VERDICT_GRANTED */
	REASON_COUNT
};

/* What a reason is to a PAM host, by the names of Linux-PAM. */
enum reason_pam {
	REASON_PAM_OF_VERDICT = 0,	/* never answered */
	REASON_PAM_AUTH_ERR,
	REASON_PAM_PERM_DENIED,	/* in phase auth it is AUTH_ERR */
	REASON_PAM_AUTHINFO_UNAVAIL,
	REASON_PAM_SERVICE_ERR,
	REASON_PAM_BUF_ERR,
	REASON_PAM_SUCCESS,
	REASON_PAM_IGNORE	/* or PERM_DENIED, as the module is told */
};

/* "granted", "denied", "forbidden", "undecided" or "not-blocked". */
const char *verdict_name(enum verdict verdict);

/* The stable name, e.g. "bad-signature"; never NULL. */
const char *reason_name(enum reason reason);

/* By its name; REASON_COUNT if there is none such. */
enum reason reason_find(const char *name);

enum reason_pam reason_pam(enum reason reason);

/* The one verdict that belongs to a reason. */
enum verdict reason_verdict(enum reason reason);

/* One plain sentence for the operator: what it means and what to do. */
const char *reason_sentence(enum reason reason);

/* HTTP status code of the answer: 200, 400, 401, 403, 500 or 503. */
int reason_http_status(enum reason reason);

/*
 * The error code of the Bearer challenge (RFC 6750 section 3.1, RFC 9470
 * section 3): "invalid_token", "insufficient_scope",
 * "insufficient_user_authentication"; NULL where the challenge is bare or
 * there is none.
 */
const char *reason_challenge_error(enum reason reason);

#endif /* !REASON_H_ */
