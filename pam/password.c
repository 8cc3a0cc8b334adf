#include "config.h"

#include "pam/password.h"

#include <security/pam_ext.h>

#include <string.h>
#include <syslog.h>

/* No host or client cuts sooner, and a JWT's header alone is as long. */
#define CUT_MIN 64

/* What sshd hands over for a user whom it does not know or does not let in. */
static const char sshd_fake[] = "\b\n\r\177INCORRECT";

static int
refuse(const struct host *host, const char *why)
{
	host_log(host, LOG_DEBUG, "not asked: %s", why);
	return PAM_AUTH_ERR;
}

static int
get_text(const struct host *host, const struct pam_options *options,
    const char **password_out)
{
	const void *item = NULL;
	int code;

	if (!options->use_first_pass) {
		code = pam_get_authtok(host->pamh, PAM_AUTHTOK, password_out,
		    options->prompt);
		return code == PAM_SUCCESS && *password_out == NULL ?
		    PAM_AUTH_ERR : code;
	}
	code = pam_get_item(host->pamh, PAM_AUTHTOK, &item);
	*password_out = item;
	return code == PAM_SUCCESS && item == NULL ? PAM_AUTH_ERR : code;
}

static int
is_fake(const char *text)
{
	return strncmp(text, sshd_fake, sizeof(sshd_fake) - 1) == 0;
}

/* What begins as a token is no password of Unix's, and somebody wonders. */
static int
refuse_long(const struct host *host, const char *text)
{
	const enum shape shape = shape_of_typed(text, PASSWORD_MAX);

	if (shape != SHAPE_JWT && shape != SHAPE_CUT_JWT)
		return refuse(host, "longer than any credential");
	host_log(host, LOG_NOTICE, "refused: over-limit: the credential has "
	    "over %d bytes; let Authgear put less into its tokens, or use a "
	    "session cookie value", PASSWORD_MAX);
	return PAM_AUTH_ERR;
}

static int
refuse_cut(const struct host *host, size_t len)
{
	const char *sentence = password_cut(host->user, len);

	host_log(host, LOG_NOTICE, "refused: truncated: the credential is a "
	    "part of a token, %zu bytes%s%s", len, sentence != NULL ? "; " :
	    "", sentence != NULL ? sentence : "");
	return PAM_AUTH_ERR;
}

int
password_get(const struct host *host, const struct pam_options *options,
    const char **password_out)
{
	enum shape shape;
	size_t len;
	int code;

	code = get_text(host, options, password_out);
	if (code == PAM_BUF_ERR)
		return code;
	if (code != PAM_SUCCESS)
		return refuse(host, options->use_first_pass ?
		    "no line before this one has asked for a password "
		    "(use_first_pass)" : "the host has no password");
	len = strnlen(*password_out, PASSWORD_MAX + 1);
	if (len > PASSWORD_MAX)
		return refuse_long(host, *password_out);
	if (is_fake(*password_out))
		return refuse(host, "sshd's fake password: it does not know "
		    "the user, or its settings do not let the user in");
	shape = shape_of_typed(*password_out, len);
	if (shape == SHAPE_CUT_JWT && len >= CUT_MIN)
		return refuse_cut(host, len);
	if (shape == SHAPE_OTHER || shape == SHAPE_CUT_JWT)
		return refuse(host, "the password is no credential");
	if ((options->accept & (1U << shape)) == 0)
		return refuse(host, "accept= leaves this kind out");
	return PAM_SUCCESS;
}

const char *
password_cut(const char *user, size_t len)
{
	/* name, colon and password in a field of 256 bytes */
	const size_t of_both = 255;
	static const struct {
		size_t len;
		const char *sentence;
	} limits[] = {
		{ 127, "a field of 128 bytes cuts it; use an opaque token or a "
		    "session cookie value" },
		{ 128, "a field of 128 bytes cuts it; use an opaque token or a "
		    "session cookie value" },
		{ 255, "a field of 256 bytes cuts it; use an opaque token or a "
		    "session cookie value" },
		{ 256, "a field of 256 bytes cuts it; use an opaque token or a "
		    "session cookie value" },
		{ 511, "a field of 512 bytes cuts it; use an opaque token or a "
		    "session cookie value" },
		{ 1023, "the OpenSSH client cuts passwords at 1023; use an "
		    "opaque token or a session cookie value" },
		{ 1024, "a field of 1024 bytes cuts it; use an opaque token or "
		    "a session cookie value" },
		{ 4095, "terminals and PAM's own conversation cut at 4095; use "
		    "an opaque token or a session cookie value" },
	};
	size_t i;

	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (limits[i].len == len)
			return limits[i].sentence;
	if (len > limits[0].len && strlen(user) + 1 + len == of_both)
		return "CUPS cuts the name and the password at 255 together; "
		    "use an opaque token or a session cookie value";
	return NULL;
}
