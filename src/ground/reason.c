#include "ground/reason.h"

#include <stddef.h>
#include <string.h>

struct row {
	const char *name;
	enum verdict verdict;
	int http_status;
	const char *challenge_error;	/* RFC 6750 3.1, RFC 9470 3 */
	const char *sentence;
	enum reason_pam pam;	/* if other than its verdict's */
};

static const char token[] = "invalid_token";

static const struct row rows[REASON_COUNT] = {
	[REASON_NO_CREDENTIAL] = { "no-credential", VERDICT_DENIED, 401, NULL,
	    "The request carries no Authgear credential; the client must send "
	    "an access token as Authorization: Bearer." },
	[REASON_MALFORMED] = { "malformed", VERDICT_DENIED, 401, token,
	    "The credential is not a well-formed Authgear access token; look "
	    "at how the client builds its Authorization header, or at what was "
	    "typed." },
	[REASON_TRUNCATED] = { "truncated", VERDICT_DENIED, 401, token,
	    "The token ends too early; look for a buffer or a field between "
	    "client and server that cuts it." },
	[REASON_OVER_LIMIT] = { "over-limit", VERDICT_DENIED, 401, token,
	    "The credential, or something that it tells, is larger than what "
	    "is taken here, which says nothing against it; the detail names "
	    "the limit. Let Authgear put less into it, or for the credential "
	    "itself raise max_credential." },
	[REASON_WRONG_TYPE] = { "wrong-type", VERDICT_DENIED, 401, token,
	    "This is no access token: an ID token, a refresh token or a "
	    "session cookie in its place; send an access token." },
	[REASON_MACHINE_TOKEN] = { "machine-token", VERDICT_DENIED, 401, token,
	    "The token is of a machine (client credentials), which has no "
	    "session for Authgear's resolver to know; set validate = hybrid, "
	    "and name its client and audience in the policy's clients and "
	    "audience." },
	[REASON_BAD_ALGORITHM] = { "bad-algorithm", VERDICT_DENIED, 401, token,
	    "The token is not signed with RS256, the one algorithm that "
	    "Authgear signs with; somebody may be forging tokens." },
	[REASON_BAD_SIGNATURE] = { "bad-signature", VERDICT_DENIED, 401, token,
	    "The signature does not fit the token; it was changed on its way "
	    "or forged." },
	[REASON_UNKNOWN_KEY] = { "unknown-key", VERDICT_DENIED, 401, token,
	    "The token was signed by a key that Authgear no longer publishes; "
	    "the client must get a new token." },
	[REASON_WRONG_ISSUER] = { "wrong-issuer", VERDICT_DENIED, 401, token,
	    "The token comes from another issuer; compare its iss with the "
	    "setting endpoint." },
	[REASON_WRONG_AUDIENCE] = { "wrong-audience", VERDICT_DENIED, 401,
	    token,
	    "The token is meant for another service; compare its aud with the "
	    "policy's audience." },
	[REASON_MISSING_CLAIM] = { "missing-claim", VERDICT_DENIED, 401, token,
	    "The token lacks a claim that every Authgear access token has; it "
	    "was not made for this use." },
	[REASON_EXPIRED] = { "expired", VERDICT_DENIED, 401, token,
	    "The token's time is over; the client must refresh it. If it "
	    "should still hold, compare this machine's clock with "
	    "Authgear's." },
	[REASON_NOT_YET_VALID] = { "not-yet-valid", VERDICT_DENIED, 401, token,
	    "The token begins in the future; compare this machine's clock with "
	    "Authgear's." },
	[REASON_NEEDS_RESOLVER] = { "needs-resolver", VERDICT_DENIED, 401,
	    token,
	    "Opaque tokens and cookies can be checked by Authgear's resolver "
	    "only, which validate = jwt does not ask; set validate = hybrid, "
	    "or let the client use JWT access tokens." },
	[REASON_NOT_LIVE] = { "not-live", VERDICT_DENIED, 401, token,
	    "Authgear knows no live session of this credential: logged out, "
	    "expired, revoked, or the user is disabled; the client must get a "
	    "new one." },
	[REASON_USER_MISMATCH] = { "user-mismatch", VERDICT_DENIED, 401, token,
	    "Authgear's resolver names another user than the token does; "
	    "compare resolver_url with endpoint: both must be one project." },
	[REASON_REVOKED] = { "revoked", VERDICT_DENIED, 401, token,
	    "An administrator revoked this credential; the client must get a "
	    "new one. authgear-cache list revocations says who and why." },
	[REASON_SIGNED_OUT] = { "signed-out", VERDICT_DENIED, 401, token,
	    "An administrator signed the user out after this login; the user "
	    "must log in again, which a refreshed token is not." },
	[REASON_CLIENT_REVOKED] = { "client-revoked", VERDICT_DENIED, 401,
	    token,
	    "An administrator revoked or blocked the token's client; "
	    "authgear-cache list revocations says since when and why." },
	[REASON_KEY_REVOKED] = { "key-revoked", VERDICT_DENIED, 401, token,
	    "The token is signed by a key that an administrator revoked; let "
	    "Authgear sign with another key, then get a new token." },
	[REASON_AUTHENTICATION_TOO_OLD] = { "authentication-too-old",
	    VERDICT_DENIED, 401, "insufficient_user_authentication",
	    "The login is older than the policy's max_authentication_age; the "
	    "user must log in again." },
	[REASON_FORGED_IDENTITY] = { "forged-identity", VERDICT_DENIED, 400,
	    NULL,
	    "The client sends an identity header of its own (X-Authgear-*, "
	    "Remote-User and the like), which only the web server may; if "
	    "another gate in front sets it, say client_identity = ignore." },
	[REASON_HEADERS_TOO_LARGE] = { "headers-too-large", VERDICT_DENIED,
	    400, NULL,
	    "The headers of the request come to over 64 kB; look at what the "
	    "client sends, its cookies above all." },
	[REASON_SCOPE_MISSING] = { "scope-missing", VERDICT_FORBIDDEN, 403,
	    "insufficient_scope",
	    "The token lacks a scope of the policy's require_scope; the client "
	    "must ask for it at login." },
	[REASON_ROLE_MISSING] = { "role-missing", VERDICT_FORBIDDEN, 403, NULL,
	    "The user lacks a role that the policy requires; grant it in "
	    "Authgear, then get a new token." },
	[REASON_CLIENT_NOT_ALLOWED] = { "client-not-allowed",
	    VERDICT_FORBIDDEN, 403, NULL,
	    "The token's client is not in the policy's clients; add it there "
	    "if it should pass. Machine clients always have to be named." },
	[REASON_ANONYMOUS_USER] = { "anonymous-user", VERDICT_FORBIDDEN, 403,
	    NULL,
	    "The user is anonymous; set anonymous_users = allow in the policy "
	    "if such users should pass." },
	[REASON_UNVERIFIED_USER] = { "unverified-user", VERDICT_FORBIDDEN, 403,
	    NULL,
	    "The user is not verified, which the policy's verified_only asks "
	    "for; the user must verify an address or number in Authgear." },
	[REASON_USER_BLOCKED] = { "user-blocked", VERDICT_FORBIDDEN, 403, NULL,
	    "An administrator blocked the user; authgear-cache list "
	    "revocations says why and until when, authgear-cache lift ends "
	    "it." },
	[REASON_WRONG_ACCOUNT] = { "wrong-account", VERDICT_FORBIDDEN, 403,
	    NULL,
	    "The credential holds but is of another user than the account "
	    "named beside it, or its user has no account; look at "
	    "authgear-cache list map and the policy's remote_user." },
	[REASON_NOT_EVALUABLE] = { "not-evaluable", VERDICT_FORBIDDEN, 403,
	    NULL,
	    "A rule of the policy asks for a fact that this credential does "
	    "not tell; use a credential that tells it, or drop the rule." },
	[REASON_POLICY_MISSING] = { "policy-missing", VERDICT_FORBIDDEN, 403,
	    NULL,
	    "The web server named no policy and there is more than one, or "
	    "none called default; set AUTHGEAR_POLICY where the path is "
	    "matched.",
	    REASON_PAM_SERVICE_ERR },
	[REASON_POLICY_UNKNOWN] = { "policy-unknown", VERDICT_FORBIDDEN, 403,
	    NULL,
	    "The web server (AUTHGEAR_POLICY) or the line of pam.d (policy=) "
	    "names a policy that is not in the settings, or names it twice; "
	    "compare it with the [policy] sections, which the daemon reads "
	    "when it starts.",
	    REASON_PAM_SERVICE_ERR },
	[REASON_KEYS_UNREACHABLE] = { "keys-unreachable", VERDICT_UNDECIDED,
	    503, NULL,
	    "None of Authgear's keys may serve: they could not be fetched, or "
	    "none of them is usable; the log says which. Look at the network, "
	    "endpoint and ca_file, or at the key set." },
	[REASON_KEY_UNSETTLED] = { "key-unsettled", VERDICT_UNDECIDED, 503,
	    NULL,
	    "The token's key is not known yet and may not be asked for before "
	    "keys_cooldown has passed; the client should try again." },
	[REASON_KEY_UNUSABLE] = { "key-unusable", VERDICT_UNDECIDED, 503,
	    NULL,
	    "Authgear publishes the token's key in a way that nobody can rely "
	    "on; the log says why. Let Authgear publish another key." },
	[REASON_RESOLVER_UNREACHABLE] = { "resolver-unreachable",
	    VERDICT_UNDECIDED, 503, NULL,
	    "Authgear's resolver does not answer, or with a server error, and "
	    "no earlier answer may serve; look at Authgear, the network, "
	    "resolver_url and ca_file." },
	[REASON_RESOLVER_FAULT] = { "resolver-fault", VERDICT_UNDECIDED, 503,
	    NULL,
	    "What answers at resolver_url is not Authgear's resolver, or it is "
	    "broken, or it tells more of a user than is taken here; the detail "
	    "in the log says what it answered. Look at resolver_url and at "
	    "what stands in front of Authgear, or let it tell less." },
	[REASON_LOCAL_FAULT] = { "local-fault", VERDICT_UNDECIDED, 503, NULL,
	    "Authgear could not be asked for want of something on this "
	    "machine, as a thread, a descriptor or a file of this program; the "
	    "detail in the log says what. Look at the limits of the process "
	    "and at how it was installed." },
	[REASON_SESSION_UNSETTLED] = { "session-unsettled", VERDICT_UNDECIDED,
	    503, NULL,
	    "Authgear said once that it knows no such session, which counts "
	    "from the second time; the client should try again." },
	[REASON_BUSY] = { "busy", VERDICT_UNDECIDED, 503, NULL,
	    "Too many requests wait for Authgear already, or too many "
	    "credentials never seen before were asked about in vain, in all or "
	    "of this client's address or network; the detail in the log names "
	    "the setting that helps." },
	[REASON_NOT_ASKED] = { "not-asked", VERDICT_UNDECIDED, 503, NULL,
	    "What is known here of this credential is missing or too old, and "
	    "in phase account Authgear is not asked; log in anew, and look for "
	    "what takes over a minute between auth and account." },
	[REASON_USER_UNTRACEABLE] = { "user-untraceable", VERDICT_UNDECIDED,
	    503, NULL,
	    "The policy's remote_user is a claim, which leads from a user to "
	    "an account and never back, so without a credential nobody can "
	    "tell whose account it is; where logins come without one, use "
	    "remote_user = map." },
	[REASON_STATE_UNREADABLE] = { "state-unreadable", VERDICT_UNDECIDED,
	    503, NULL,
	    "The state cannot be read, or is not to be believed; the log says "
	    "which file, and what to do about it." },
	[REASON_STATE_BUSY] = { "state-busy", VERDICT_UNDECIDED, 503, NULL,
	    "Another process holds the state longer than a decision may take; "
	    "the log names it: end it, or wait until it is done." },
	[REASON_SETTINGS_INVALID] = { "settings-invalid", VERDICT_UNDECIDED,
	    500, NULL,
	    "The settings cannot be used; run authgear-fcgi --check-config.",
	    REASON_PAM_SERVICE_ERR },
	[REASON_REPLY_UNSENDABLE] = { "reply-unsendable", VERDICT_UNDECIDED,
	    500, NULL,
	    "A value of the token cannot be put into a header, or the request "
	    "was not one that a web server makes; the log says which.",
	    REASON_PAM_SERVICE_ERR },
	[REASON_OUT_OF_MEMORY] = { "out-of-memory", VERDICT_UNDECIDED, 500,
	    NULL, "Memory ran out; look at the machine's memory and limits.",
	    REASON_PAM_BUF_ERR },
	[REASON_NOT_BLOCKED] = { "not-blocked", VERDICT_NOT_BLOCKED, 200, NULL,
	    "No credential was brought, and the user of the account is not "
	    "blocked; whether that is enough, account_without_auth says.",
	    REASON_PAM_IGNORE },
	[REASON_GRANTED] = { "granted", VERDICT_GRANTED, 200, NULL,
	    "The credential holds and the policy lets it pass." },
};

static const struct row *
row_of(enum reason reason)
{
	if ((unsigned int)reason >= REASON_COUNT)
		return &rows[REASON_SETTINGS_INVALID];
	return &rows[reason];
}

const char *
verdict_name(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_GRANTED:
		return "granted";
	case VERDICT_FORBIDDEN:
		return "forbidden";
	case VERDICT_UNDECIDED:
		return "undecided";
	case VERDICT_NOT_BLOCKED:
		return "not-blocked";
	case VERDICT_DENIED:
	default:
		return "denied";
	}
}

const char *
reason_name(enum reason reason)
{
	return row_of(reason)->name;
}

enum verdict
reason_verdict(enum reason reason)
{
	return row_of(reason)->verdict;
}

const char *
reason_sentence(enum reason reason)
{
	return row_of(reason)->sentence;
}

int
reason_http_status(enum reason reason)
{
	return row_of(reason)->http_status;
}

enum reason_pam
reason_pam(enum reason reason)
{
	const struct row *row = row_of(reason);

	if (row->pam != REASON_PAM_OF_VERDICT)
		return row->pam;
	switch (row->verdict) {
	case VERDICT_GRANTED:
		return REASON_PAM_SUCCESS;
	case VERDICT_FORBIDDEN:
		return REASON_PAM_PERM_DENIED;
	case VERDICT_UNDECIDED:
	case VERDICT_NOT_BLOCKED:
		return REASON_PAM_AUTHINFO_UNAVAIL;
	case VERDICT_DENIED:
	default:
		return REASON_PAM_AUTH_ERR;
	}
}

enum reason
reason_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < REASON_COUNT; i++)
		if (strcmp(rows[i].name, name) == 0)
			break;
	return (enum reason)i;
}

const char *
reason_challenge_error(enum reason reason)
{
	return row_of(reason)->challenge_error;
}
