#include "admin/handed.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "admin/given.h"
#include "facts/jwt.h"
#include "ground/buffer.h"
#include "ground/json.h"

static int64_t
time_now(void)
{
	struct timespec now;

	return clock_gettime(CLOCK_BOOTTIME, &now) == -1 ? 0 :
	    (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until there is something to read, or its end, or a signal was caught;
 * `until` -1: that is waited for by reading. */
static int
wait_for(int fd, int64_t until)
{
	struct pollfd in = { .fd = fd, .events = POLLIN };
	int64_t left;
	int found;

	if (until == -1)
		return 0;
	left = until - time_now();
	found = poll(&in, 1, left < 0 ? 0 : (int)left);
	if (found == 0)
		errno = ETIMEDOUT;
	return found > 0 ? 0 : -1;
}

static int
read_all(int fd, int64_t until, struct buffer *buffer)
{
	char chunk[4096];
	ssize_t got;

	do {
		got = wait_for(fd, until);
		if (got == 0)
			got = read(fd, chunk, sizeof(chunk));
		if (got > 0)
			(void)buffer_append(buffer, chunk, (size_t)got);
	} while ((got > 0 && !buffer->failed) || (got == -1 &&
	    errno == EINTR));
	explicit_bzero(chunk, sizeof(chunk));
	return got == -1 ? -1 : 0;
}

static int
check(const struct buffer *buffer, const char *name, struct error *error)
{
	if (buffer->no_memory) {
		error_set(error, "out of memory");
		return -1;
	}
	if (buffer->failed || memchr(buffer->data, '\0', buffer->len) !=
	    NULL) {
		error_set(error, "%s is no credential: it is too long or has "
		    "a NUL in it", name);
		return -1;
	}
	return 0;
}

int
handed_read_text(const char *file, struct buffer *buffer,
    struct error *error)
{
	const char *name = "stdin";
	int fd = STDIN_FILENO, got;

	if (file != NULL && strcmp(file, "-") != 0) {
		name = file;
		fd = open(file, O_RDONLY | O_CLOEXEC);
		if (fd == -1) {
			error_set(error, "%s: %s", file, strerror(errno));
			return -1;
		}
	}
	if (isatty(fd))
		(void)fprintf(stderr, "authgear-cache: reading a credential "
		    "from %s; end it with Ctrl-D\n", name);
	got = read_all(fd, -1, buffer);
	if (got == -1)
		error_set(error, "%s: %s", name, strerror(errno));
	if (fd != STDIN_FILENO)
		(void)close(fd);
	return got == -1 ? -1 : check(buffer, name, error);
}

int
handed_read_soon(struct buffer *buffer, struct error *error)
{
	if (read_all(STDIN_FILENO, time_now() + GIVEN_MS, buffer) == 0)
		return check(buffer, "stdin", error);
	if (errno == ETIMEDOUT)
		error_set(error, "stdin did not end within %d s: --file - "
		    "waits for it", GIVEN_MS / 1000);
	else
		error_set(error, "stdin: %s", strerror(errno));
	return -1;
}

#define BLANKS " \t\r\n"

char *
handed_trim(struct buffer *buffer)
{
	char *text = buffer->data, *end = buffer->data + buffer->len;

	while (end > text && strchr(BLANKS, end[-1]) != NULL)
		*--end = '\0';
	return text + strspn(text, BLANKS);
}

/* And without the word Bearer. */
static const char *
bare(struct buffer *buffer)
{
	const char *text = handed_trim(buffer);

	if (strncasecmp(text, "Bearer ", 7) == 0)
		text += 7 + strspn(text + 7, BLANKS);
	return text;
}

static int
copy(const char *text, char **copy_out, struct error *error)
{
	*copy_out = strdup(text);
	if (*copy_out != NULL)
		return 0;
	error_set(error, "out of memory");
	return -1;
}

static int
read_claims(struct handed *handed, const struct credential *credential,
    const struct settings *settings, struct error *error)
{
	const char *issuer, *user, *id;
	struct error why = { "" };
	enum reason reason;
	struct jwt jwt;
	int ret = -1;

	if (jwt_parse(&jwt, credential->text, credential->len, &reason,
	    &why) == -1) {
		error_set(error, "%s: %s%s%s", reason_name(reason),
		    reason_sentence(reason), why.text[0] != '\0' ? " " : "",
		    why.text);
		goto done;
	}
	if (json_find_string(jwt.claims, "iss", &issuer) != JSON_FOUND ||
	    strcmp(issuer, settings->endpoint) != 0) {
		error_set(error, "the token is of another issuer than %s, and "
		    "never let in", settings->endpoint);
		goto done;
	}
	if (json_find_string(jwt.claims, "jti", &id) != JSON_FOUND ||
	    id[0] == '\0' ||
	    json_find_string(jwt.claims, "sub", &user) != JSON_FOUND ||
	    user[0] == '\0') {
		error_set(error, "the token has no jti or no sub, and is "
		    "never let in");
		goto done;
	}
	if (json_find_seconds(jwt.claims, "exp", &handed->expires) !=
	    JSON_FOUND)
		handed->expires = -1;
	if (copy(id, &handed->token_id, error) == 0 &&
	    copy(user, &handed->user_id, error) == 0)
		ret = 0;
done:
	jwt_clear(&jwt);
	return ret;
}

int
handed_read(struct handed *handed, const char *file,
    const struct settings *settings, struct error *error)
{
	struct credential credential;
	struct error why = { "" };
	enum reason reason;
	struct buffer buffer;
	const char *text;
	int ret = -1;

	memset(handed, 0, sizeof(*handed));
	memset(&credential, 0, sizeof(credential));
	buffer_init(&buffer, HANDED_LIMIT);
	if (handed_read_text(file, &buffer, error) == -1)
		goto done;
	if (buffer.len == 0) {
		error_set(error, "%s is empty: a credential is expected there",
		    file != NULL && strcmp(file, "-") != 0 ? file : "stdin");
		goto done;
	}
	text = bare(&buffer);
	if (credential_from_password(&credential, text, strlen(text),
	    (size_t)settings->max_credential, &reason, &why) == -1) {
		if (reason == REASON_OUT_OF_MEMORY)
			error_set(error, "out of memory");
		else
			error_set(error, "this is no credential of Authgear "
			    "(%s%s%s): hand over one token or cookie value and "
			    "nothing else", reason_name(reason),
			    why.text[0] != '\0' ? ": " : "", why.text);
		goto done;
	}
	handed->kind = credential.kind;
	handed->expires = -1;
	memcpy(handed->hash, credential.hash, sizeof(handed->hash));
	ret = credential.kind == CREDENTIAL_JWT ?
	    read_claims(handed, &credential, settings, error) :
	    copy(credential.hash, &handed->token_id, error);
done:
	credential_clear(&credential);
	buffer_clear(&buffer);
	if (ret == -1)
		handed_clear(handed);
	return ret;
}

void
handed_clear(struct handed *handed)
{
	free(handed->token_id);
	free(handed->user_id);
	memset(handed, 0, sizeof(*handed));
}

int
handed_is_token(const char *argument)
{
	const char *dot = strchr(argument, '.');

	return strncmp(argument, "eyJ", 3) == 0 && dot != NULL &&
	    strchr(dot + 1, '.') != NULL;
}
