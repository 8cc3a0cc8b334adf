/*
 * A PAM host for the tests: one transaction, phase by phase.
 *
 *   pam_host [-c ok|fail|null|empty] [-r RHOST] [-u RUSER] [-n COUNT]
 *            [-t THREADS] [-C DIR] [-m] [-s default|ignore|nowait|handler] [-x]
 *            CONFDIR SERVICE USER PHASE... < PASSWORD
 *
 * PHASE is auth, account, setcred, open, close, user=NAME (who logs in from
 * then on), or wait (until a line comes on descriptor 3).  Prints "PHASE CODE"
 * for each, then "prompts N", the environment of the transaction as
 * "env NAME=VALUE" and, if it was changed, "user NAME".  With -n or -t only
 * how often each code came: "PHASE CODE xN".
 * -C: goes into that root once the transaction is begun.  -m: with -n or -t,
 * first a tenth as many, then all, and what the process held after each:
 * "held=RSS_KB,DESCRIPTORS,THREADS".  -x: descriptors 0 to 2 are closed.  -s:
 * what it does with SIGCHLD; "child=KEPT,BLOCKED,LEFT" tells whether that and
 * the signal mask are as they were, and how many children are left.  The last
 * line is "mask=OCTAL".
 */
#include <security/pam_appl.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <fcntl.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PASSWORD_SIZE (2 * 1024 * 1024)
#define CODES 64

struct host {
	const char *conv, *rhost, *ruser, *directory, *service, *user, *root;
	char *const *phases;
	int count;
	const char *password;
	int codes[8][CODES];
};

struct talk {
	const struct host *host;
	int prompts;
};

static int
converse(int count, const struct pam_message **messages,
    struct pam_response **responses, void *data)
{
	struct talk *talk = data;
	struct pam_response *all;
	int i;

	if (strcmp(talk->host->conv, "fail") == 0)
		return PAM_CONV_ERR;
	all = calloc((size_t)count, sizeof(*all));
	if (all == NULL)
		return PAM_BUF_ERR;
	for (i = 0; i < count; i++) {
		if (messages[i]->msg_style != PAM_PROMPT_ECHO_OFF) {
			printf("message %d\n", messages[i]->msg_style);
			continue;
		}
		talk->prompts++;
		if (strcmp(talk->host->conv, "null") == 0)
			continue;
		all[i].resp = strdup(strcmp(talk->host->conv, "empty") == 0 ?
		    "" : talk->host->password);
	}
	*responses = all;
	return PAM_SUCCESS;
}

static int
run_phase(pam_handle_t *pamh, const char *phase)
{
	char byte;

	if (strcmp(phase, "auth") == 0)
		return pam_authenticate(pamh, 0);
	if (strcmp(phase, "account") == 0)
		return pam_acct_mgmt(pamh, 0);
	if (strcmp(phase, "setcred") == 0)
		return pam_setcred(pamh, PAM_ESTABLISH_CRED);
	if (strcmp(phase, "open") == 0)
		return pam_open_session(pamh, 0);
	if (strcmp(phase, "close") == 0)
		return pam_close_session(pamh, 0);
	if (strncmp(phase, "user=", 5) == 0)
		return pam_set_item(pamh, PAM_USER, phase + 5);
	printf("waiting\n");
	fflush(stdout);
	return read(3, &byte, 1) == 1 ? 0 : -1;
}

static void
print_rest(pam_handle_t *pamh, const struct host *host,
    const struct talk *talk)
{
	const void *user = NULL;
	char **env, **each;

	printf("prompts %d\n", talk->prompts);
	env = pam_getenvlist(pamh);
	for (each = env; each != NULL && *each != NULL; each++) {
		printf("env %s\n", *each);
		free(*each);
	}
	free(env);
	if (pam_get_item(pamh, PAM_USER, &user) != PAM_SUCCESS ||
	    strcmp(user, host->user) != 0)
		printf("user %s\n", (const char *)user);
}

static int
run_once(struct host *host, int quiet)
{
	struct talk talk = { .host = host };
	const struct pam_conv conv = { converse, &talk };
	pam_handle_t *pamh = NULL;
	int code, i;

	code = pam_start_confdir(host->service, host->user, &conv,
	    host->directory, &pamh);
	if (code != PAM_SUCCESS)
		return -1;
	if (host->rhost != NULL)
		(void)pam_set_item(pamh, PAM_RHOST, host->rhost);
	if (host->ruser != NULL)
		(void)pam_set_item(pamh, PAM_RUSER, host->ruser);
	if (host->root != NULL && (chroot(host->root) == -1 ||
	    chdir("/") == -1))
		return -1;
	for (i = 0; host->phases[i] != NULL; i++) {
		code = run_phase(pamh, host->phases[i]);
		if (!quiet) {
			printf("%s %d\n", host->phases[i], code);
			fflush(stdout);
		} else if (i < 8 && code >= 0 && code < CODES)
			host->codes[i][code]++;
	}
	if (!quiet)
		print_rest(pamh, host, &talk);
	return pam_end(pamh, code) == PAM_SUCCESS ? 0 : -1;
}

static void *
run_many(void *argument)
{
	struct host *host = argument;
	int i;

	for (i = 0; i < host->count; i++)
		if (run_once(host, 1) == -1)
			break;
	return NULL;
}

static int
run_threads(const struct host *host, int threads)
{
	struct host *all = calloc((size_t)threads, sizeof(*all));
	pthread_t *ids = calloc((size_t)threads, sizeof(*ids));
	int code, i, j, sum;

	if (all == NULL || ids == NULL)
		return 1;
	for (i = 0; i < threads; i++) {
		all[i] = *host;
		if (pthread_create(&ids[i], NULL, run_many, &all[i]) != 0)
			return 1;
	}
	for (i = 0; i < threads; i++)
		(void)pthread_join(ids[i], NULL);
	for (j = 0; j < 8 && host->phases[j] != NULL; j++)
		for (code = 0; code < CODES; code++) {
			for (sum = i = 0; i < threads; i++)
				sum += all[i].codes[j][code];
			if (sum > 0)
				printf("%s %d x%d\n", host->phases[j], code,
				    sum);
		}
	free(ids);
	free(all);
	return 0;
}

/* Entries of a folder below /proc/self; -1 if it cannot be read. */
static int
count_in(const char *path)
{
	DIR *directory = opendir(path);
	int count = 0;

	if (directory == NULL)
		return -1;
	while (readdir(directory) != NULL)
		count++;
	(void)closedir(directory);
	return count - 2;
}

static void
print_held(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	long rss = -1;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, "VmRSS:", 6) == 0)
			rss = atol(line + 6);
	if (file != NULL)
		(void)fclose(file);
	printf("held=%ld,%d,%d\n", rss, count_in("/proc/self/fd"),
	    count_in("/proc/self/task"));
}

static int
run_measured(const struct host *host, int threads)
{
	struct host some = *host;

	some.count = (host->count + 9) / 10;
	if (run_threads(&some, threads) != 0)
		return 1;
	print_held();
	if (run_threads(host, threads) != 0)
		return 1;
	print_held();
	return 0;
}

/* What is printed goes to a duplicate of 1. */
static int
close_first(void)
{
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);

	if (fd == -1 || (stdout = fdopen(fd, "w")) == NULL)
		return -1;
	for (fd = 0; fd <= STDERR_FILENO; fd++)
		(void)close(fd);
	return 0;
}

/* As some hosts have one: it waits for whatever child ended. */
static void
reap_any(int number)
{
	const int before = errno;

	(void)number;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		continue;
	errno = before;
}

static int
set_child(const char *mode, struct sigaction *action)
{
	memset(action, 0, sizeof(*action));
	action->sa_handler = SIG_DFL;
	if (strcmp(mode, "ignore") == 0)
		action->sa_handler = SIG_IGN;
	else if (strcmp(mode, "nowait") == 0)
		action->sa_flags = SA_NOCLDWAIT;
	else if (strcmp(mode, "handler") == 0)
		action->sa_handler = reap_any;
	return sigaction(SIGCHLD, action, NULL);
}

static void
print_child(const struct sigaction *before)
{
	struct sigaction after;
	sigset_t mask;
	int left = 0, number, blocked = 0;

	if (sigaction(SIGCHLD, NULL, &after) == -1 ||
	    pthread_sigmask(SIG_SETMASK, NULL, &mask) != 0)
		return;
	for (number = 1; number < NSIG; number++)
		blocked += sigismember(&mask, number) == 1;
	while (waitpid(-1, NULL, WNOHANG) != -1 || errno == EINTR)
		left++;
	printf("child=%d,%d,%d\n", after.sa_handler == before->sa_handler &&
	    (after.sa_flags & SA_NOCLDWAIT) ==
	    (before->sa_flags & SA_NOCLDWAIT), blocked, left);
}

static void
print_mask(void)
{
	mode_t mask = umask(0);

	(void)umask(mask);
	printf("mask=%03o\n", (unsigned int)mask);
}

static char *
read_password(void)
{
	char *text = calloc(1, PASSWORD_SIZE);
	size_t len = 0;
	ssize_t n;

	if (text == NULL)
		return NULL;
	while (len < PASSWORD_SIZE - 1 && (n = read(STDIN_FILENO, text + len,
	    PASSWORD_SIZE - 1 - len)) > 0)
		len += (size_t)n;
	return text;
}

static int
run(struct host *host, int threads, int is_measured)
{
	if (is_measured)
		return run_measured(host, threads > 0 ? threads : 1);
	if (threads > 0 || host->count > 1)
		return run_threads(host, threads > 0 ? threads : 1);
	return run_once(host, 0) == -1 ? 1 : 0;
}

int
main(int argc, char *argv[])
{
	struct host host = { .conv = "ok", .count = 1 };
	int option, status, threads = 0, is_measured = 0, is_closed = 0;
	struct sigaction action;
	const char *child = NULL;

	while ((option = getopt(argc, argv, "+C:c:mn:r:s:t:u:x")) != -1) {
		if (option == 'C')
			host.root = optarg;
		else if (option == 'c')
			host.conv = optarg;
		else if (option == 'm')
			is_measured = 1;
		else if (option == 'n')
			host.count = atoi(optarg);
		else if (option == 'r')
			host.rhost = optarg;
		else if (option == 's')
			child = optarg;
		else if (option == 't')
			threads = atoi(optarg);
		else if (option == 'u')
			host.ruser = optarg;
		else if (option == 'x')
			is_closed = 1;
		else
			return 2;
	}
	if (argc - optind < 4)
		return 2;
	host.directory = argv[optind];
	host.service = argv[optind + 1];
	host.user = argv[optind + 2];
	host.phases = argv + optind + 3;
	host.password = read_password();
	if (host.password == NULL || (is_closed && close_first() == -1) ||
	    (child != NULL && set_child(child, &action) == -1))
		return 1;
	status = run(&host, threads, is_measured);
	if (child != NULL)
		print_child(&action);
	print_mask();
	return status;
}
