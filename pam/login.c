#include "config.h"

#include "pam/login.h"

#include <stdlib.h>
#include <string.h>

#define LOGIN_DATA "pam_authgear_login"

struct login {
	char *user;
	char *credential;
};

static void
wipe(struct login *login)
{
	if (login->credential != NULL)
		explicit_bzero(login->credential, strlen(login->credential));
	free(login->credential);
	login->credential = NULL;
}

static void
clean_up(pam_handle_t *pamh, void *data, int status)
{
	struct login *login = data;

	(void)pamh;
	(void)status;
	if (login == NULL)
		return;
	wipe(login);
	free(login->user);
	free(login);
}

int
login_keep(const struct host *host, const char *credential)
{
	struct login *login = calloc(1, sizeof(*login));

	if (login == NULL)
		return PAM_BUF_ERR;
	login->user = strdup(host->user);
	login->credential = strdup(credential);
	if (login->user != NULL && login->credential != NULL &&
	    pam_set_data(host->pamh, LOGIN_DATA, login, clean_up) ==
	    PAM_SUCCESS)
		return PAM_SUCCESS;
	clean_up(host->pamh, login, 0);
	return PAM_BUF_ERR;
}

static struct login *
find(pam_handle_t *pamh)
{
	union {
		const void *found;
		struct login *login;
	} data = { .found = NULL };

	if (pam_get_data(pamh, LOGIN_DATA, &data.found) != PAM_SUCCESS)
		return NULL;
	return data.login;
}

void
login_begin(const struct host *host)
{
	const struct login *login = find(host->pamh);

	if (login != NULL && strcmp(login->user, host->user) != 0)
		(void)pam_set_data(host->pamh, LOGIN_DATA, NULL, NULL);
}

int
login_find(pam_handle_t *pamh, const char **credential_out)
{
	const struct login *login = find(pamh);

	*credential_out = login == NULL ? NULL : login->credential;
	return login != NULL;
}

void
login_forget(pam_handle_t *pamh)
{
	struct login *login = find(pamh);

	if (login != NULL)
		wipe(login);
}
