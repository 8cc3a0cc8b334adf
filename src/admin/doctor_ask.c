#include "config.h"

#include "admin/doctor_ask.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pam/ask_peer.h"
#include "pam/ask_wire.h"

#define WHY_SIZE 512

/* 1 if it was asked already, or that cannot be kept. */
static int
was_asked(struct doctor *doctor, const char *path)
{
	if (word_list_has(&doctor->asked, path))
		return 1;
	if (word_list_add(&doctor->asked, path, strlen(path)) == 0)
		return 0;
	doctor_say(doctor, DOCTOR_UNKNOWN, "ask socket", NULL, "%s: out of "
	    "memory", path);
	return 1;
}

/* "" once it answers, else why it does not. */
static void
ask(const struct pam_options *options, int fd, char why[WHY_SIZE])
{
	const struct ask_question question = { .account = "authgear-doctor",
	    .phase = "account", .service = "doctor" };
	struct ask_wire wire = { .who = options->socket,
	    .deadline = options->deadline, .fd = fd, .why = why,
	    .size = WHY_SIZE,
	    .end = ask_wire_now() + (int64_t)options->deadline * 1000 };
	struct answer *answer = calloc(1, sizeof(*answer));

	if (answer == NULL)
		(void)snprintf(why, WHY_SIZE, "out of memory");
	else if (ask_wire_send(&wire, options, &question) == ASK_ANSWERED &&
	    ask_wire_receive(&wire, answer) == ASK_ANSWERED)
		why[0] = '\0';
	free(answer);
}

void
doctor_ask(struct doctor *doctor, const struct pam_options *options)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char why[WHY_SIZE] = "";
	int fd;

	if (was_asked(doctor, options->socket))
		return;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s",
	    options->socket);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1 || connect(fd, (const struct sockaddr *)&address,
	    sizeof(address)) == -1)
		doctor_say(doctor, DOCTOR_BAD, "ask socket", "run 'systemctl "
		    "enable --now authgear-fcgi-ask.socket', then 'systemctl "
		    "restart authgear-fcgi'", "nobody listens at %s: %s",
		    options->socket, strerror(errno));
	else if (ask_peer_check(fd, options->socket, options->daemon_user,
	    why, sizeof(why)) == -1)
		doctor_say(doctor, DOCTOR_BAD, "ask socket", "stop who listens "
		    "there, or mend daemon_user= and the folder", "%s", why);
	else {
		ask(options, fd, why);
		doctor_say(doctor, why[0] == '\0' ? DOCTOR_GOOD : DOCTOR_BAD,
		    "ask socket", why[0] == '\0' ? NULL : "run 'systemctl "
		    "restart authgear-fcgi', and read its log", "%s%s",
		    why[0] == '\0' ? "the daemon answers at " : why,
		    why[0] == '\0' ? options->socket : "");
	}
	if (fd != -1)
		(void)close(fd);
}
