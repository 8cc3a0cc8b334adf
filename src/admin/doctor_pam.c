#include "config.h"

#include "admin/doctor_pam.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/doctor_ask.h"
#include "admin/pam_order.h"
#include "admin/pam_service.h"
#include "pam/pam_options.h"

#define FOLDER "/etc/pam.d"
#define MODULE "pam_authgear.so"
#define SUBJECT_SIZE (sizeof("pam ") + NAME_MAX)

struct looking {
	struct doctor *doctor;
	const struct pam_service *service;
	const char *subject;
	struct pam_options options;	/* of the line at hand */
};

static void
bad(const struct looking *looking, const char *remedy, const char *text)
{
	doctor_say(looking->doctor, DOCTOR_BAD, looking->subject, remedy,
	    "%s", text);
}

static int
is_ours(const struct pam_line *line)
{
	return strcmp(line->module, MODULE) == 0;
}

static void
look_at_policy(const struct looking *looking)
{
	const struct settings *settings = looking->doctor->settings;
	const char *policy = looking->options.policy;
	size_t i;

	for (i = 0; i < settings->policy_count; i++)
		if (strcmp(settings->policies[i]->name, policy) == 0)
			return;
	doctor_say(looking->doctor, DOCTOR_BAD, looking->subject, "write it, "
	    "or name one of 'authgear-cache --print-policies'", "policy=%s "
	    "is no policy of %s", policy, looking->doctor->config);
}

static void
look_at_user(const struct looking *looking)
{
	const char *name = looking->options.daemon_user;
	const struct passwd *entry = getpwnam(name);

	if (entry != NULL && entry->pw_uid == looking->doctor->user)
		return;
	doctor_say(looking->doctor, DOCTOR_BAD, looking->subject, "say "
	    "daemon_user= with the owner of the state's daemon/", "%s is not "
	    "the daemon's user", name);
}

static void
look_at_options(struct looking *looking, const struct pam_line *line)
{
	char why[256] = "";

	if (pam_options_read(&looking->options, line->count, line->words, why,
	    sizeof(why)) == -1) {
		bad(looking, "see pam_authgear(8)", why);
		return;
	}
	look_at_policy(looking);
	look_at_user(looking);
	doctor_ask(looking->doctor, &looking->options);
}

/* In auth what takes the password first; in account whatever goes past ours,
 * but that su asks root nothing. */
static int
is_in_the_way(const struct pam_service *service, size_t index, size_t ours)
{
	const struct pam_line *line = &service->lines[index];

	if (line->phase == PAM_SERVICE_AUTH)
		return strcmp(line->module, "pam_unix.so") == 0;
	return pam_order_passes(service, index, ours) && !is_ours(line) &&
	    strcmp(line->module, "pam_rootok.so") != 0;
}

/* Who stands above it and lets it be passed over, or takes the password. */
static void
look_at_order(const struct looking *looking, size_t index)
{
	const struct pam_line *lines = looking->service->lines;
	const enum pam_service_phase phase = lines[index].phase;
	const char *other;
	size_t i;

	for (i = index; i-- > 0; ) {
		if (lines[i].phase != phase ||
		    !is_in_the_way(looking->service, i, index))
			continue;
		other = lines[i].module;
		doctor_say(looking->doctor, DOCTOR_BAD, looking->subject,
		    phase == PAM_SERVICE_AUTH ? "put its auth line above that, "
		    "and above @include common-auth" : "put its account line "
		    "above that, and above @include common-account",
		    MODULE " stands behind %s, which %s", other,
		    phase == PAM_SERVICE_AUTH ? "takes the password first" :
		    "ends the phase before a denial");
		return;
	}
}

static void
look_at_account(const struct looking *looking, size_t index)
{
	const struct pam_service *service = looking->service;
	const size_t other = pam_order_forgets(service, index);

	if (!pam_order_keeps(&service->lines[index]))
		bad(looking, "write 'account required " MODULE " ...'", "its "
		    "account line loses a denial: who is blocked is let in");
	else if (other != PAM_ORDER_NONE)
		doctor_say(looking->doctor, DOCTOR_BAD, looking->subject,
		    "put its account line behind that, or write no =reset "
		    "there", "behind its account line %s may say reset, which "
		    "forgets a denial: who is blocked is let in",
		    service->lines[other].module);
	if (pam_order_ends(service, index))
		bad(looking, "write 'account required " MODULE " ...'", "its "
		    "account line ends the phase or its substack, so that the "
		    "lines behind it count for nothing");
}

static void
look_at_auth(const struct looking *looking, const struct pam_line *line)
{
	char text[16];
	const char *action = pam_service_action(line, "success", text);

	if (strcmp(action, "ok") != 0 && strcmp(action, "done") != 0 &&
	    strtol(action, NULL, 10) <= 0)
		bad(looking, "write 'auth [success=done "
		    "authinfo_unavail=die default=ignore] " MODULE " ...'",
		    "its auth line lets nobody in");
}

static void
look_at_service(struct looking *looking, const char *name)
{
	const size_t before = looking->doctor->counts[DOCTOR_BAD];
	const struct pam_line *line;
	int has[2] = { 0, 0 };
	size_t i;

	for (i = 0; i < looking->service->count; i++) {
		line = &looking->service->lines[i];
		if (!is_ours(line))
			continue;
		has[line->phase] = 1;
		look_at_options(looking, line);
		if (line->phase == PAM_SERVICE_ACCOUNT)
			look_at_account(looking, i);
		else
			look_at_auth(looking, line);
		look_at_order(looking, i);
	}
	if (!has[PAM_SERVICE_AUTH] && !has[PAM_SERVICE_ACCOUNT])
		return;
	if (word_list_add(&looking->doctor->services, name,
	    strlen(name)) == -1)
		doctor_say(looking->doctor, DOCTOR_UNKNOWN, "caches", NULL,
		    "out of memory");
	if (!has[PAM_SERVICE_ACCOUNT])
		bad(looking, "add 'account required " MODULE " policy=NAME "
		    "account_without_auth=ignore' above pam_unix.so", "no "
		    "account line of the module: a block does not hold");
	if (before == looking->doctor->counts[DOCTOR_BAD])
		doctor_say(looking->doctor, DOCTOR_GOOD, looking->subject,
		    NULL, "options, order and controls of " MODULE);
}

static void
look_at_file(struct doctor *doctor, const char *name)
{
	struct pam_service *service = calloc(1, sizeof(*service));
	char subject[SUBJECT_SIZE];
	struct looking looking = { .doctor = doctor, .service = service,
	    .subject = subject };
	struct error error = { "" };

	(void)snprintf(subject, sizeof(subject), "pam %s", name);
	if (service == NULL)
		doctor_say(doctor, DOCTOR_UNKNOWN, subject, NULL,
		    "out of memory");
	else if (pam_service_read(service, FOLDER, name, &error) == -1)
		doctor_say(doctor, DOCTOR_UNKNOWN, subject, NULL, "%s",
		    error_text(&error));
	else
		look_at_service(&looking, name);
	if (service != NULL)
		pam_service_clear(service);
	free(service);
}

/* What is there to be included, and what packages leave behind. */
static int
is_service(const char *name)
{
	return name[0] != '.' && strncmp(name, "common-", 7) != 0 &&
	    strstr(name, ".dpkg-") == NULL && strchr(name, '~') == NULL;
}

void
doctor_pam(struct doctor *doctor)
{
	struct dirent **entries = NULL;
	int count, i;

	count = scandir(FOLDER, &entries, NULL, alphasort);
	if (count == -1) {
		if (errno != ENOENT)
			doctor_say(doctor, DOCTOR_UNKNOWN, "pam", NULL, FOLDER
			    ": %s", strerror(errno));
		return;
	}
	for (i = 0; i < count; i++) {
		if (is_service(entries[i]->d_name))
			look_at_file(doctor, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}
