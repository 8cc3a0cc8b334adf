/* What a PAM module makes of whatever its socket answers, and that the
 * daemon's own reader finds in its question what was asked.  A first byte that
 * says what is asked, a NUL-ended name, then the answer.
 * Own files: pam/ask.c pam/ask_wire.c src/face/answer.c */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <assert.h>
#include <pthread.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "face/record.h"
#include "pam/ask.h"

#define ACCOUNT_MAX 4096	/* of more nothing is asked */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Who answers, one question after the other. */
struct listener {
	char directory[32];
	char path[64];
	int fd;
	const uint8_t *answer;	/* until the thread has ended */
	size_t len;
	const char *account;
	int is_early;		/* it hangs up before it was asked */
	int is_asked;		/* there is a question to answer */
};

static struct listener *
find_listener(void)
{
	static struct listener listener;

	return &listener;
}

static void
stop(void)
{
	struct listener *listener = find_listener();

	(void)unlink(listener->path);
	(void)rmdir(listener->directory);
}

static struct listener *
start(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct listener *listener = find_listener();

	if (listener->path[0] != '\0')
		return listener;
	strcpy(listener->directory, "fuzz_pam.XXXXXX");
	if (mkdtemp(listener->directory) == NULL)
		abort();
	(void)snprintf(listener->path, sizeof(listener->path), "%s/s",
	    listener->directory);
	strcpy(address.sun_path, listener->path);
	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener->fd == -1 || bind(listener->fd,
	    (const struct sockaddr *)&address, sizeof(address)) == -1 ||
	    listen(listener->fd, 8) == -1)
		abort();
	if (atexit(stop) != 0)
		abort();
	return listener;
}

/* The account stands in the question, behind its name. */
static void
check_question(const unsigned char *bytes, size_t len, const char *account)
{
	static const char name[] = "AUTHGEAR_ACCOUNT";
	static unsigned char params[RECORD_PARAMS_MAX];
	struct record_request request;
	const unsigned char *found;

	assert(record_check(bytes, len, &request, params) ==
	    RECORD_COMPLETE);
	assert(request.len == len && request.role == RECORD_AUTHORIZER);
	found = memmem(params, request.params_len, name, strlen(name));
	assert(found != NULL);
	assert(memcmp(found + strlen(name), account, strlen(account)) == 0);
}

static void
answer_one(struct listener *listener, int fd)
{
	static unsigned char bytes[RECORD_COMPOSED_MAX];
	static unsigned char params[RECORD_PARAMS_MAX];
	struct record_request request;
	size_t len = 0;
	ssize_t n;

	do {
		n = read(fd, bytes + len, sizeof(bytes) - len);
		if (n <= 0) {
			assert(!listener->is_asked);
			return;
		}
		len += (size_t)n;
	} while (record_check(bytes, len, &request, params) == RECORD_SHORT);
	check_question(bytes, len, listener->account);
	(void)send(fd, listener->answer, listener->len, MSG_NOSIGNAL);
}

static void *
serve(void *context)
{
	struct listener *listener = context;
	int fd = accept(listener->fd, NULL, NULL);

	if (fd == -1)
		abort();
	if (!listener->is_early)
		answer_one(listener, fd);
	(void)close(fd);
	return NULL;
}

/* The user that this runs as is the daemon. */
static const char *
own_name(void)
{
	static char name[64];
	const struct passwd *entry;

	if (name[0] == '\0') {
		entry = getpwuid(getuid());
		if (entry == NULL)
			abort();
		(void)snprintf(name, sizeof(name), "%s", entry->pw_name);
	}
	return name;
}

static void
check(enum ask_result result, const struct answer *answer, const char *why)
{
	size_t i;

	if (result != ASK_ANSWERED) {
		assert(result != ASK_NO_MEMORY && why[0] != '\0');
		assert(strpbrk(why, "\r\n") == NULL);
		return;
	}
	assert(answer->status >= 100 && answer->status <= 999);
	assert(answer->count <= ANSWER_FIELDS_MAX);
	for (i = 0; i < answer->count; i++)
		assert(answer_find(answer, answer->fields[i].name) ==
		    answer->fields[i].value);
	assert(answer_find(answer, "") == NULL);
}

static int64_t
end_of(const struct pam_options *options)
{
	return ask_wire_now() + (int64_t)options->deadline * 1000;
}

/* As it is asked, while the thread answers. */
static enum ask_result
ask_listener(struct listener *listener, const struct pam_options *options,
    const struct ask_question *question, struct answer *answer, char why[512])
{
	enum ask_result result;
	pthread_t thread;

	if (pthread_create(&thread, NULL, serve, listener) != 0)
		abort();
	result = ask(options, question, end_of(options), answer, why, 512);
	if (pthread_join(thread, NULL) != 0)
		abort();
	return result;
}

/* Where nobody or anybody may listen, nothing is asked; and no answer comes
 * within no time. */
static void
check_refused(struct listener *listener, struct pam_options options,
    const struct ask_question *question)
{
	static struct answer answer;
	enum ask_result result;
	char why[512];

	options.socket = "/proc/self/none";
	assert(ask(&options, question, end_of(&options), &answer, why,
	    sizeof(why)) == ASK_NO_LISTENER);
	options.socket = listener->path;
	if (chmod(listener->directory, 0777) == -1)
		abort();
	listener->is_asked = 0;
	assert(ask_listener(listener, &options, question, &answer, why) ==
	    ASK_FOREIGN);
	if (chmod(listener->directory, 0700) == -1)
		abort();
	options.deadline = 0;
	listener->is_asked = 1;
	/* root may ask another: who has not read it yet did not take it */
	result = ask_listener(listener, &options, question, &answer, why);
	assert(result == ASK_LATE || (result == ASK_NO_LISTENER &&
	    geteuid() == 0));
	options.fail_without_daemon = 1;
	assert(ask_listener(listener, &options, question, &answer, why) ==
	    ASK_LATE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct listener *listener = start();
	static struct answer answer;
	struct pam_options options = { .policy = "mail", .deadline = 60,
	    .socket = listener->path, .daemon_user = own_name() };
	struct ask_question question = { .phase = "account" };
	const uint8_t *nul;
	char why[512];

	if (size < 2 || (nul = memchr(data + 1, '\0', size - 1)) == NULL ||
	    nul - data > ACCOUNT_MAX)
		return 0;
	question.account = (const char *)data + 1;
	if (data[0] & 1) {
		question.phase = "auth";
		question.credential = "K7dQ2mZx9LwB4vTn8RcY1sHj6FpG3aEu";
		question.service = "sshd";
	}
	question.address = data[0] & 2 ? "192.0.2.1" : NULL;
	listener->is_early = (data[0] & 4) != 0;
	listener->is_asked = 1;
	listener->account = question.account;
	listener->answer = nul + 1;
	listener->len = size - (size_t)(nul + 1 - data);
	check(ask_listener(listener, &options, &question, &answer, why),
	    &answer, why);
	if (data[0] == 8)
		check_refused(listener, options, &question);
	return 0;
}
