#include "config.h"

#include "pam/host.h"

#include <arpa/inet.h>
#include <security/pam_ext.h>

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "facts/shape.h"

#define PASSWD_MAX (1024 * 1024)	/* bytes of one entry, strings too */

/* People type passwords where a name belongs. */
static void
copy_name(char *to, size_t size, const char *name)
{
	size_t i;

	if (shape_is_in_name(name)) {
		(void)snprintf(to, size, "(a name that looks like a "
		    "credential)");
		return;
	}
	for (i = 0; name[i] != '\0' && i + 1 < size; i++) {
		to[i] = '?';
		if (name[i] > ' ' && name[i] < 0x7f)
			to[i] = name[i];
	}
	to[i] = '\0';
}

static int
is_address(const char *text)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, address) == 1 ||
	    inet_pton(AF_INET6, text, address) == 1;
}

static const char *
item(pam_handle_t *pamh, int type)
{
	const void *value = NULL;

	if (pam_get_item(pamh, type, &value) != PAM_SUCCESS)
		return NULL;
	return value;
}

/* Such a host is the caller's to stop, root's though it is. */
static int
is_called_here(pam_handle_t *pamh)
{
	const char *caller = item(pamh, PAM_RUSER);
	const char *from = item(pamh, PAM_RHOST);

	return caller != NULL && caller[0] != '\0' &&
	    strcmp(caller, "root") != 0 && (from == NULL || from[0] == '\0');
}

int
host_read(struct host *host, pam_handle_t *pamh)
{
	const char *address;
	int code;

	memset(host, 0, sizeof(*host));
	host->pamh = pamh;
	code = pam_get_user(pamh, &host->user, NULL);
	if (code == PAM_SUCCESS && (host->user == NULL ||
	    host->user[0] == '\0'))
		code = PAM_AUTH_ERR;
	if (code != PAM_SUCCESS) {
		host->user = "";
		return code;
	}
	copy_name(host->user_text, sizeof(host->user_text), host->user);
	if (strnlen(host->user, HOST_NAME_SIZE) == HOST_NAME_SIZE) {
		host_log(host, LOG_NOTICE, "refused: the name is longer than "
		    "any account's");
		return PAM_AUTH_ERR;
	}
	host->service = item(pamh, PAM_SERVICE);
	address = item(pamh, PAM_RHOST);
	if (address != NULL && is_address(address))
		host->address = address;
	host->is_called_here = is_called_here(pamh);
	return PAM_SUCCESS;
}

void
host_log(const struct host *host, int priority, const char *format, ...)
{
	char line[1024];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	pam_syslog(host->pamh, priority, "%s user=%s host=%s", line,
	    host->user_text[0] != '\0' ? host->user_text : "-",
	    host->address != NULL ? host->address : "-");
}

int
host_is_root(const char *user, char other[HOST_NAME_SIZE])
{
	struct passwd entry, *found = NULL;
	char *room = NULL, *more;
	size_t size;
	int rc = ERANGE, ret = -1;

	other[0] = '\0';
	for (size = 4096; rc == ERANGE && size <= PASSWD_MAX; size *= 2) {
		more = realloc(room, size);
		if (more == NULL)
			break;
		room = more;
		rc = getpwnam_r(user, &entry, room, size, &found);
	}
	if (rc == 0 && found != NULL) {
		ret = found->pw_uid == 0;
		if (strcmp(found->pw_name, user) != 0)
			(void)snprintf(other, HOST_NAME_SIZE, "%s",
			    found->pw_name);
	} else if (rc == 0 || rc == ENOENT || rc == ESRCH)
		ret = 0;
	free(room);
	return ret;
}
