/*
 * From the parameters of a request to the reply.  Three bytes that choose what
 * the gate says of the credential, "NAME=value" lines, an empty line, then
 * the claims of who it is.
 * Own files: fcgi/authorize.c fcgi/reply.c fcgi/reply_challenge.c
 *     fcgi/reply_draft.c fcgi/reply_identity.c fcgi/reply_page.c
 *     src/ground/params.c src/web/client_identity.c src/web/identity.c
 *     src/web/login.c src/web/login_attempts.c src/web/web_question.c
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "facts/claims.h"
#include "fcgi/authorize.h"
#include "fcgi/reply_page.h"
#include "ground/json.h"
#include "ground/json_parse.h"
#include "web/client_identity.h"
#include "web/identity.h"
#include "web/login.h"

#define PARAMS 32
#define NOW 1800000000
#define ENDPOINT "https://accounts.example.com"

/* One policy of every kind that a reply depends on. */
static const char file[] =
    "[authgear]\nendpoint = " ENDPOINT "\n"
    "[policy page]\nlogin_client = app\n"
    "login_return = https://www.example.com/back\n"
    "max_authentication_age = 60\n"
    "[policy pass]\nunauthenticated = pass\ncors_preflight = pass\n"
    "[policy basic]\naccept_basic = yes\n"
    "[policy behind]\nclient_identity = ignore\n"
    "require_scope = a b\nexport = team, email, "
    "https://example.com/claims/a_b\n";

enum {
	IS_RESPONDER = 1,
	IS_GRANTED = 2,
	HAS_ENDPOINT = 4,
	IS_ASK = 8,		/* of a PAM module */
	HAS_MOVED = 16		/* the address where browsers log in */
};

struct input {
	uint8_t flags;
	uint8_t reason;
	uint8_t retry_after;
	char *params[PARAMS + 1];
	const char *claims;
	char *text;		/* owned */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct settings *
load(void)
{
	static struct settings *settings;
	struct error error = { "" };
	char path[64];
	int fd;

	if (settings != NULL)
		return settings;
	fd = memfd_create("settings", MFD_CLOEXEC);
	if (fd == -1 || fchmod(fd, 0600) == -1 ||
	    write(fd, file, strlen(file)) != (ssize_t)strlen(file))
		abort();
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	settings = settings_load(path, &error);
	if (settings == NULL)
		abort();
	close(fd);
	return settings;
}

/* 0, or -1: too short. */
static int
read_input(struct input *input, const uint8_t *data, size_t size)
{
	size_t count = 0;
	char *line, *end;

	memset(input, 0, sizeof(*input));
	if (size < 3 || (input->text = strndup((const char *)data + 3,
	    size - 3)) == NULL)
		return -1;
	input->flags = data[0];
	input->reason = data[1];
	input->retry_after = data[2];
	for (line = input->text; *line != '\0' && *line != '\n' && count <
	    PARAMS; line = end) {
		end = line + strcspn(line, "\n");
		if (*end != '\0')
			*end++ = '\0';
		input->params[count++] = line;
	}
	input->claims = line + (*line == '\n');
	return 0;
}

/* What stands behind a name, if that is a line of the head; NULL. */
static const char *
find_line(const char *head, const char *name)
{
	static char value[REPLY_MAX + 1];
	char wanted[80];
	const char *at;

	(void)snprintf(wanted, sizeof(wanted), "\r\n%s: ", name);
	at = strstr(head, wanted);
	if (at == NULL)
		return NULL;
	at += strlen(wanted);
	(void)snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\r"),
	    at);
	return value;
}

/* Lines that a server reads as we do, and an end. */
static void
check_head(const struct reply *reply, char head[REPLY_MAX + 1])
{
	const char *end = strstr(reply->text, "\r\n\r\n"), *at;

	assert(reply->len > 0 && reply->len <= REPLY_MAX);
	assert(strlen(reply->text) == reply->len && end != NULL);
	assert(strncmp(reply->text, "Status: ", 8) == 0);
	(void)snprintf(head, REPLY_MAX + 1, "%.*s",
	    (int)(end - reply->text) + 2, reply->text);
	assert(strcasestr(head, "\nStatus:") == NULL);
	for (at = head; *at != '\0'; at++) {
		if (*at == '\r')
			assert(at[1] == '\n');
		else if (*at == '\n')
			assert(at > head && at[-1] == '\r');
		else
			assert(*at < 0 || (*at >= ' ' && *at != 0x7f));
	}
}

/* Roles that are left out are told, and none are told beside that. */
static void
check_omitted(const struct reply *reply, const char *head,
    enum reply_role role)
{
	const int is_web = role == REPLY_RESPONDER;
	const char *roles = find_line(head, is_web ? "X-Authgear-User-Roles" :
	    "Variable-AUTHGEAR_USER_ROLES");
	const char *omitted = find_line(head, is_web ?
	    "X-Authgear-User-Roles-Omitted" :
	    "Variable-AUTHGEAR_USER_ROLES_OMITTED");

	assert((omitted != NULL) == ((reply->omitted & IDENTITY_ROLES) != 0));
	assert(roles == NULL || omitted == NULL);
}

/* Only a grant names anybody, and whom it was given for. */
static void
check_reply(const struct reply *reply, const struct decision *decision,
    enum reply_role role)
{
	const char *user = role == REPLY_RESPONDER ? "X-Authgear-Remote-User" :
	    "Variable-REMOTE_USER";
	char head[REPLY_MAX + 1];
	const char *value;

	check_head(reply, head);
	value = find_line(head, user);
	if (reply->reason == REASON_GRANTED) {
		assert(decision != NULL &&
		    decision->verdict == VERDICT_GRANTED);
		assert(strncmp(head, "Status: 200 ", 12) == 0);
		assert(value != NULL &&
		    strcmp(value, decision->remote_user) == 0);
		check_omitted(reply, head, role);
		return;
	}
	assert(value == NULL &&
	    find_line(head, "Variable-AUTHGEAR_USER_ID") == NULL &&
	    find_line(head, "X-Authgear-User-Id") == NULL);
	if (reply->is_pass)
		assert(strncmp(head, "Status: 200 ", 12) == 0 &&
		    decision != NULL && decision->may_pass);
	else
		assert(strncmp(head, "Status: 200 ", 12) != 0);
}

/* As the gate decides: a grant by the claims, or a reason that refuses. */
static void
decide(const struct input *input, struct facts *facts,
    struct decision *decision)
{
	struct json *claims = json_parse(input->claims,
	    strlen(input->claims), NULL);
	enum reason reason;

	facts_init(facts);
	decision->reason = (enum reason)(input->reason % REASON_COUNT);
	decision->verdict = reason_verdict(decision->reason);
	decision->retry_after = input->retry_after;
	if (claims != NULL && claims_read(claims, facts, &reason, NULL) != 0)
		json_free(claims);
	if (input->flags & IS_GRANTED && facts->user_id != NULL) {
		decision->reason = REASON_GRANTED;
		decision->verdict = VERDICT_GRANTED;
		decision->remote_user = facts->user_id;
	}
	if (facts->user_id != NULL)
		decision->facts = facts;
}

/* Does it stand in one parameter alone, and in no claim however spelled? */
static int
is_said_once(const struct input *input, const char *text)
{
	size_t i, count = 0;

	for (i = 0; input->params[i] != NULL; i++)
		count += strstr(input->params[i], text) != NULL;
	return count == 1 && strchr(input->claims, '\\') == NULL &&
	    strstr(input->claims, text) == NULL;
}

static void
answer(const struct input *input, const struct authorize *authorize,
    const struct web_question *question, const struct authorize_with *with)
{
	struct credential credential;
	struct decision decision;
	struct facts facts;
	struct reply reply;

	facts_init(&facts);
	if (web_question_read(question, load(), &credential, &decision) == 0)
		decide(input, &facts, &decision);
	authorize_answer(authorize, &decision, with, &reply);
	check_reply(&reply, &decision, authorize->role);
	if (credential.text != NULL && credential.len >= 32 &&
	    is_said_once(input, credential.text))
		assert(strstr(reply.text, credential.text) == NULL);
	if (input->flags & IS_ASK) {
		reply_ask(&reply, &decision, input->params[0] != NULL ?
		    input->params[0] : "", authorize->id);
		if (decision.verdict != VERDICT_NOT_BLOCKED)
			check_reply(&reply, &decision, REPLY_AUTHORIZER);
	}
	credential_clear(&credential);
	facts_clear(&facts);
}

/* Where a login comes back to: a page, or on to a path of this site.  What is
 * too long for either is the canned 500. */
static void
check_pages(const struct input *input)
{
	const char *path = input->params[0] != NULL ? input->params[0] : "";
	const char *cookie = strpbrk(input->claims, "\r\n") == NULL ?
	    input->claims : NULL;
	char head[REPLY_MAX + 1];
	struct reply reply;

	reply_page(&reply, "403 Forbidden", "A: b", input->claims);
	check_head(&reply, head);
	if (!login_is_local_path(path))
		return;
	reply_page_redirect(&reply, "303 See Other", path, cookie);
	if (cookie == NULL)
		check_head(&reply, head);
}

/* Connection, in whatever case, lists a name that is one. */
static int
is_listing(const char *name, size_t len, const char *value)
{
	static const char connection[] = "connection";

	return len == sizeof(connection) - 1 &&
	    strncasecmp(name, connection, len) == 0 &&
	    client_identity_is_listed(value, strlen(value));
}

/* A header is a claim where its parameter is one. */
static void
check_claims(char *const *params)
{
	static const char before[] = "HTTP_";
	char *one[2] = { NULL, NULL };
	const char *name, *equals;

	for (; *params != NULL; params++) {
		equals = strchr(*params, '=');
		name = *params + sizeof(before) - 1;
		if (equals == NULL || equals[1] == '\0' || equals < name ||
		    strncmp(*params, before, sizeof(before) - 1) != 0)
			continue;
		one[0] = *params;
		assert((client_identity_find(one) != NULL) ==
		    (client_identity_is_header(name,
		    (size_t)(equals - name)) || is_listing(name,
		    (size_t)(equals - name), equals + 1)));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct moment now = { .wall = NOW, .boottime = 1 };
	static struct login_attempts *attempts;
	static struct authorize_ids ids;
	static struct log *log;
	struct authorize_with with = { .now = &now,
	    .page = "000102030405060708090a0b0c0d0e0f" };
	struct error error = { "" };
	struct web_question question;
	struct authorize authorize;
	enum reason reason;
	struct reply reply;
	struct input input;

	if (log == NULL && ((log = log_new(LOG_TO_STDERR, "fuzz", NULL)) ==
	    NULL || (attempts = login_attempts_new()) == NULL))
		abort();
	if (size == 0) {
		/* nothing is remembered across these */
		login_attempts_free(attempts);
		attempts = login_attempts_new();
	}
	if (read_input(&input, data, size) == -1)
		return 0;
	with.log = log;
	with.attempts = attempts;
	with.params = input.params;
	if (input.flags & HAS_ENDPOINT)
		with.endpoint = input.flags & HAS_MOVED ?
		    ENDPOINT "/authorize?a=b" : ENDPOINT "/authorize";
	if (authorize_begin(&authorize, input.flags & IS_RESPONDER ?
	    REPLY_RESPONDER : REPLY_AUTHORIZER, &ids) == -1)
		abort();
	if (authorize_question(&authorize, load(), input.params, &question,
	    &reason, &error) == 0) {
		answer(&input, &authorize, &question, &with);
	} else {
		authorize_refuse(&authorize, reason, error.text, log, &now,
		    &reply);
		check_reply(&reply, NULL, REPLY_AUTHORIZER);
		assert(strncmp(reply.text, "Status: 200", 11) != 0);
	}
	check_pages(&input);
	check_claims(input.params);
	free(input.text);
	return 0;
}
