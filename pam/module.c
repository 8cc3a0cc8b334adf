/* pam_authgear.so: what libpam calls. */
#include "config.h"

#include <security/pam_ext.h>
#include <security/pam_modules.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "pam/code.h"
#include "pam/helper.h"
#include "pam/host.h"
#include "pam/login.h"
#include "pam/password.h"

#define EXPORT __attribute__((visibility("default")))
#define WHY_SIZE 1024
#define PART_SIZE 500

static int
read_options(struct host *host, struct pam_options *options, int argc,
    const char **argv)
{
	char why[256];

	if (pam_options_read(options, argc, argv, why, sizeof(why)) == 0)
		return PAM_SUCCESS;
	host_log(host, LOG_ERR, "pam.d: %s; see pam_authgear(8)", why);
	return PAM_SERVICE_ERR;
}

/* Whatever was answered, also nothing: not as an account of uid 0. */
static int
refuse_root(const struct host *host, const struct pam_options *options,
    int code, char *why, size_t size)
{
	char other[HOST_NAME_SIZE];
	int is_root;

	if (options->allow_root)
		return code;
	is_root = host_is_root(host->user, other);
	if (is_root == 1) {
		(void)snprintf(why, size, "the account has uid 0, and the line "
		    "does not say root=allow");
		return PAM_AUTH_ERR;
	}
	if (is_root == -1 && code == PAM_SUCCESS) {
		(void)snprintf(why, size, "whether the account has uid 0 "
		    "cannot be told now");
		return PAM_AUTHINFO_UNAVAIL;
	}
	return code;
}

/* One question, and who answered it. */
struct asked {
	const struct ask_question *question;
	struct answer *answer;
	int by_helper;
};

static void
log_answer(const struct host *host, const struct pam_options *options,
    const struct asked *asked, int code, const char *why)
{
	const struct answer *answer = asked->answer;
	const char *id = answer_find(answer, answer->status == 200 ?
	    "Variable-AUTHGEAR_REQUEST_ID" : "X-Authgear-Request-Id");
	const char *sub = answer_find(answer, "Variable-AUTHGEAR_USER_ID");
	const char *by = asked->by_helper ? " by=authgear-check" : "";

	if (code == PAM_SUCCESS)
		host_log(host, LOG_INFO, "granted: account=%s sub=%s phase=%s "
		    "policy=%s request=%s%s", host->user_text,
		    sub != NULL ? sub : "-", asked->question->phase,
		    options->policy, id != NULL ? id : "-", by);
	else
		host_log(host, code == PAM_AUTH_ERR || code == PAM_PERM_DENIED
		    ? LOG_NOTICE : LOG_WARNING, "%s: %s phase=%s policy=%s "
		    "request=%s%s", code_word(code), why,
		    asked->question->phase, options->policy,
		    id != NULL ? id : "-", by);
}

/* Nobody answered: the program that root has for this, and why too. */
static enum ask_result
ask_helper(const struct host *host, const struct pam_options *options,
    struct asked *asked, enum ask_result result, int64_t end,
    char why[WHY_SIZE])
{
	char first[PART_SIZE], second[PART_SIZE];

	if (!helper_may(options, result))
		return result;
	(void)snprintf(first, sizeof(first), "%.*s", PART_SIZE - 1, why);
	if (result == ASK_FOREIGN)
		host_log(host, LOG_WARNING, "%s; authgear-check is", first);
	result = helper_ask(options, asked->question, end, asked->answer,
	    second, sizeof(second));
	asked->by_helper = result == ASK_ANSWERED;
	if (!asked->by_helper)
		(void)snprintf(why, WHY_SIZE, "%s; %s", first, second);
	return result;
}

/* Ask, and the one line that says what came of it. */
static int
ask_and_log(const struct host *host, const struct pam_options *options,
    const struct ask_question *question, struct answer *answer)
{
	struct asked asked = { .question = question, .answer = answer };
	const int64_t end = ask_wire_now() + (int64_t)options->deadline * 1000;
	enum ask_result result;
	char why[WHY_SIZE] = "";
	int code;

	result = ask(options, question, end, answer, why, sizeof(why));
	result = ask_helper(host, options, &asked, result, end, why);
	code = code_judge(result, question, answer, why, sizeof(why));
	if (strcmp(question->phase, "auth") == 0)
		code = refuse_root(host, options, code, why, sizeof(why));
	if (code != PAM_IGNORE)
		log_answer(host, options, &asked, code, why);
	return code;
}

/* Roles that are left out are told to who asks for them. */
static int
is_exported(const struct pam_options *options, const char *name)
{
	return pam_options_has_env(options, name) ||
	    (strcmp(name, "AUTHGEAR_USER_ROLES_OMITTED") == 0 &&
	    pam_options_has_env(options, "AUTHGEAR_USER_ROLES"));
}

static void
export_fact(const struct host *host, const char *name, const char *value)
{
	char text[PAM_OPTIONS_ENV_VALUE_MAX + 128];

	if (strlen(value) > PAM_OPTIONS_ENV_VALUE_MAX) {
		host_log(host, LOG_NOTICE, "%s is left out of the environment:"
		    " %zu bytes, and %d is the most", name, strlen(value),
		    PAM_OPTIONS_ENV_VALUE_MAX);
		(void)snprintf(text, sizeof(text), "%s_OMITTED=1", name);
	} else {
		(void)snprintf(text, sizeof(text), "%s=%s", name, value);
	}
	(void)pam_putenv(host->pamh, text);
}

/* The claims that env= names, for whoever comes next; never the credential. */
static void
export_facts(const struct host *host, const struct pam_options *options,
    const struct answer *answer)
{
	static const char first[] = "Variable-";
	const char *name;
	size_t i;

	for (i = 0; i < answer->count; i++) {
		name = answer->fields[i].name;
		if (strncmp(name, first, sizeof(first) - 1) != 0)
			continue;
		name += sizeof(first) - 1;
		if (is_exported(options, name))
			export_fact(host, name, answer->fields[i].value);
	}
}

static void
log_cut(const struct host *host, const char *credential)
{
	const char *sentence = password_cut(host->user, strlen(credential));

	if (sentence != NULL)
		host_log(host, LOG_NOTICE, "credential is %zu bytes of a "
		    "longer token: %s", strlen(credential), sentence);
}

static int
authenticate(struct host *host, const struct pam_options *options)
{
	struct ask_question question = { .account = host->user,
	    .service = host->service, .address = host->address,
	    .is_called_here = host->is_called_here, .phase = "auth" };
	struct answer *answer;
	int code;

	if (strcmp(host->user, "root") == 0 && !options->allow_root) {
		host_log(host, LOG_DEBUG, "not asked: root, and the line does "
		    "not say root=allow");
		return PAM_AUTH_ERR;
	}
	code = password_get(host, options, &question.credential);
	if (code != PAM_SUCCESS)
		return code;
	answer = calloc(1, sizeof(*answer));
	if (answer == NULL)
		return PAM_BUF_ERR;
	code = ask_and_log(host, options, &question, answer);
	if (code == PAM_AUTH_ERR)
		log_cut(host, question.credential);
	if (code == PAM_SUCCESS)
		code = login_keep(host, question.credential);
	if (code == PAM_SUCCESS)
		export_facts(host, options, answer);
	free(answer);
	return code;
}

EXPORT int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc,
    const char **argv)
{
	struct pam_options options;
	struct host host;
	int code;

	(void)flags;
	code = host_read(&host, pamh);
	if (code != PAM_SUCCESS)
		return code == PAM_BUF_ERR ? code : PAM_AUTH_ERR;
	login_begin(&host);
	code = read_options(&host, &options, argc, argv);
	if (code != PAM_SUCCESS)
		return code;
	code = authenticate(&host, &options);
	if (code != PAM_SUCCESS && options.fail_delay > 0)
		(void)pam_fail_delay(pamh,
		    (unsigned int)options.fail_delay * 1000000U);
	return code;
}

/* Nothing is known against the account, and nothing for it either. */
static int
without_auth(const struct host *host, const struct pam_options *options)
{
	if (options->ignore_without_auth)
		return PAM_IGNORE;
	host_log(host, LOG_NOTICE, "refused: the login did not come through "
	    "this module; account_without_auth=ignore would let it be decided "
	    "by the other lines of this service");
	return PAM_PERM_DENIED;
}

/* `other`: another spelling of the account, under which a block may hold
 * too; or "". */
static int
account(const struct host *host, const struct pam_options *options,
    const char *credential, const char *other)
{
	struct ask_question question = { .account = host->user,
	    .service = host->service, .address = host->address,
	    .is_called_here = host->is_called_here,
	    .phase = "account", .credential = credential };
	struct answer *answer = calloc(1, sizeof(*answer));
	int code;

	if (answer == NULL)
		return PAM_BUF_ERR;
	code = ask_and_log(host, options, &question, answer);
	if (code == PAM_IGNORE && other[0] != '\0') {
		question.account = other;
		code = ask_and_log(host, options, &question, answer);
	}
	free(answer);
	return code == PAM_IGNORE ? without_auth(host, options) : code;
}

EXPORT int
pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	char other[HOST_NAME_SIZE] = "";
	struct pam_options options;
	const char *credential;
	struct host host;
	int code, had_auth;

	(void)flags;
	code = host_read(&host, pamh);
	if (code != PAM_SUCCESS)
		return code == PAM_BUF_ERR ? code : PAM_AUTH_ERR;
	had_auth = login_find(pamh, &credential);
	/* before the options: no mistake in the line locks root out */
	if (!had_auth && (strcmp(host.user, "root") == 0 ||
	    host_is_root(host.user, other) == 1))
		return PAM_IGNORE;
	code = read_options(&host, &options, argc, argv);
	if (code == PAM_SUCCESS)
		code = account(&host, &options, credential, other);
	login_forget(pamh);
	return code;
}

EXPORT int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}

EXPORT int
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc,
    const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}

EXPORT int
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc,
    const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}
