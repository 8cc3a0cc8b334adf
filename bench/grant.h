#ifndef BENCH_GRANT_H_
#define BENCH_GRANT_H_

/*
 * What the no-op programs answer: a grant of the size and members of a real
 * one, so that a ratio to them speaks of the decision alone.
 */
#define BENCH_GRANT "Status: 200 OK\r\n" \
	"Variable-REMOTE_USER: fcf876b6-b5fa-4219-8dfc-c5a588c8c615\r\n" \
	"Variable-AUTHGEAR_DECISION: granted\r\n" \
	"Variable-AUTHGEAR_POLICY: default\r\n" \
	"Variable-AUTHGEAR_USER_ID: fcf876b6-b5fa-4219-8dfc-c5a588c8c615\r\n" \
	"Variable-AUTHGEAR_CLIENT_ID: jwtclient\r\n" \
	"Variable-AUTHGEAR_SCOPE: openid offline_access " \
	"https://authgear.com/scopes/full-access\r\n" \
	"Variable-AUTHGEAR_USER_ANONYMOUS: false\r\n" \
	"Variable-AUTHGEAR_USER_VERIFIED: true\r\n" \
	"Variable-AUTHGEAR_USER_CAN_REAUTHENTICATE: true\r\n" \
	"Variable-AUTHGEAR_SESSION_AUTHENTICATED_AT: 1795436084\r\n" \
	"Variable-AUTHGEAR_EXPIRES_AT: 1795436384\r\n" \
	"Variable-AUTHGEAR_REQUEST_ID: 0123456789abcdef\r\n\r\n"

#endif /* !BENCH_GRANT_H_ */
