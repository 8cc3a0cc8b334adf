#include "admin/doctor_cache.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/process.h"
#include "admin/program.h"

#define OUTPUT_MAX 65536	/* bytes */
#define PATIENCE_MS 10000
#define SASLAUTHD "/usr/sbin/saslauthd"
#define SASLAUTHD_FILE "/etc/default/saslauthd"
#define DOVECONF "/usr/bin/doveconf"
#define SUDO "/usr/bin/sudo"
#define CVTSUDOERS "/usr/bin/cvtsudoers"

/* --- saslauthd */

/* Among the letters of one word of its line. */
static int
caches(const char *word, size_t len)
{
	size_t i;

	if (len < 2 || word[0] != '-' || word[1] == '-')
		return 0;
	for (i = 1; i < len; i++) {
		if (word[i] == 'c')
			return 1;
		/* what follows is its value */
		if (strchr("aOmnst", word[i]) != NULL)
			return 0;
	}
	return 0;
}

static void
take_saslauthd(void *context, const struct process *process)
{
	struct doctor *doctor = context;
	const char *word;
	size_t at = 0;

	while ((word = process_argument(process, &at)) != NULL)
		if (caches(word, strlen(word)))
			break;
	if (word != NULL)
		doctor_say(doctor, DOCTOR_BAD, "saslauthd", "take -c out of "
		    "OPTIONS in " SASLAUTHD_FILE ", then 'systemctl restart "
		    "saslauthd'", "process %ld keeps logins (-c): who was "
		    "revoked is let in for hours", process->pid);
	else
		doctor_say(doctor, DOCTOR_GOOD, "saslauthd", NULL, "process "
		    "%ld keeps no logins", process->pid);
}

/* The text behind OPTIONS= of a shell file; the last one counts. */
static int
file_caches(FILE *file)
{
	char line[4096], *at;
	int found = 0;
	size_t len;

	while (fgets(line, sizeof(line), file) != NULL) {
		at = line + strspn(line, " \t");
		if (strncmp(at, "OPTIONS=", 8) != 0)
			continue;
		found = 0;
		for (at += 8; *at != '\0'; at += len) {
			at += strspn(at, " \t\"'\n");
			len = strcspn(at, " \t\"'\n");
			found |= caches(at, len);
		}
	}
	return found;
}

static void
look_at_saslauthd(struct doctor *doctor)
{
	FILE *file;

	if (!program_is_there(SASLAUTHD))
		return;
	if (process_each("saslauthd", take_saslauthd, doctor) == -1)
		doctor_say(doctor, DOCTOR_UNKNOWN, "saslauthd", "mount /proc",
		    "/proc cannot be read");
	file = fopen(SASLAUTHD_FILE, "re");
	if (file == NULL) {
		if (errno != ENOENT)
			doctor_say(doctor, DOCTOR_UNKNOWN, "saslauthd", NULL,
			    SASLAUTHD_FILE ": %s", strerror(errno));
		return;
	}
	if (file_caches(file))
		doctor_say(doctor, DOCTOR_BAD, "saslauthd", "take -c out of "
		    "OPTIONS there, then 'systemctl restart saslauthd'",
		    SASLAUTHD_FILE " has it keep logins (-c)");
	else
		doctor_say(doctor, DOCTOR_GOOD, "saslauthd", NULL,
		    SASLAUTHD_FILE " has it keep no logins");
	(void)fclose(file);
}

/* --- what programs say */

/* 0 and what it says, or -1: said. */
static int
ask(struct doctor *doctor, const char *subject,
    const char *const arguments[], struct program *program)
{
	struct error error = { "" };

	if (program_run(arguments, OUTPUT_MAX, PATIENCE_MS, program,
	    &error) == -1)
		doctor_say(doctor, DOCTOR_UNKNOWN, subject, NULL, "%s",
		    error_text(&error));
	else if (program->status != 0)
		doctor_say(doctor, DOCTOR_UNKNOWN, subject, NULL, "%s ends "
		    "with status %d: %.200s", arguments[0], program->status,
		    program->last);
	else
		return 0;
	program_clear(program);
	return -1;
}

static void
look_at_dovecot(struct doctor *doctor)
{
	const char *const size[] = { DOVECONF, "-h", "auth_cache_size",
	    NULL };
	const char *const passdb[] = { DOVECONF, "passdb", NULL };
	struct program program;
	int is_off, has_key;

	if (!program_is_there(DOVECONF) ||
	    ask(doctor, "dovecot", size, &program) == -1)
		return;
	is_off = strcmp(program.out.data, "0\n") == 0;
	program_clear(&program);
	if (ask(doctor, "dovecot", passdb, &program) == -1)
		return;
	/* of PAM nothing is kept without a key */
	has_key = strstr(program.out.data, "cache_key") != NULL;
	program_clear(&program);
	if (is_off || !has_key)
		doctor_say(doctor, DOCTOR_GOOD, "dovecot", NULL, "%s",
		    is_off ? "auth_cache_size is 0: it keeps no logins" :
		    "no cache_key: it keeps no logins of PAM");
	else
		doctor_say(doctor, DOCTOR_BAD, "dovecot", "set "
		    "auth_cache_size = 0 in its settings, then 'doveadm "
		    "reload'", "it keeps logins (auth_cache_size): who was "
		    "revoked is let in meanwhile");
}

/* Of some users, hosts or commands alone: 1, 0, or -1: said. */
static int
has_own_timeout(struct doctor *doctor)
{
	const char *const arguments[] = { CVTSUDOERS, "-f", "sudoers", "-d",
	    "user,runas,host,command", "-s", "aliases,privileges",
	    "/etc/sudoers", NULL };
	const char key[] = "timestamp_timeout=";
	struct program program;
	const char *at;
	int found = 0;

	if (ask(doctor, "sudo", arguments, &program) == -1)
		return -1;
	for (at = program.out.data; (at = strstr(at, key)) != NULL; ) {
		at += sizeof(key) - 1;
		if (at[0] != '0' || (at[1] >= '0' && at[1] <= '9') ||
		    at[1] == '.')
			found = 1;
	}
	program_clear(&program);
	return found;
}

static void
look_at_sudo(struct doctor *doctor)
{
	const char *const arguments[] = { SUDO, "-V", NULL };
	const char key[] = "\nAuthentication timestamp timeout: ";
	const char remedy[] = "write 'Defaults timestamp_timeout=0' "
	    "('visudo')";
	struct program program;
	const char *at;
	double minutes = -1;
	char *end;
	int own;

	if (!program_is_there(SUDO) ||
	    ask(doctor, "sudo", arguments, &program) == -1)
		return;
	at = strstr(program.out.data, key);
	if (at != NULL)
		minutes = strtod(at + sizeof(key) - 1, &end);
	program_clear(&program);
	if (at == NULL)
		doctor_say(doctor, DOCTOR_UNKNOWN, "sudo", "run this as root",
		    "sudo -V does not tell its timestamp_timeout");
	else if (minutes < 0 || minutes > 0)
		doctor_say(doctor, DOCTOR_BAD, "sudo", remedy, "it asks nobody "
		    "for %.1f minutes (timestamp_timeout): who was revoked "
		    "goes on", minutes);
	else if ((own = has_own_timeout(doctor)) == 1)
		doctor_say(doctor, DOCTOR_BAD, "sudo", remedy, "some users "
		    "have a timestamp_timeout of their own in sudoers");
	else if (own == 0)
		doctor_say(doctor, DOCTOR_GOOD, "sudo", NULL, "it asks each "
		    "time (timestamp_timeout)");
}

void
doctor_cache(struct doctor *doctor)
{
	if (doctor->services.count == 0)
		return;
	look_at_saslauthd(doctor);
	look_at_dovecot(doctor);
	if (word_list_has(&doctor->services, "sudo") ||
	    word_list_has(&doctor->services, "sudo-i"))
		look_at_sudo(doctor);
}
