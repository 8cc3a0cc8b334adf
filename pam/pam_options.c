#include "config.h"

#include "pam/pam_options.h"

#include <stdio.h>
#include <string.h>

#define ACCEPT_ALL ((1U << SHAPE_JWT) | (1U << SHAPE_RANDOM) | \
    (1U << SHAPE_SESSION))
#define NAME_MAX_LEN 64
#define CONFIG_MAX 1024

static int
is_name(const char *value)
{
	size_t len = strlen(value);

	return len > 0 && len <= NAME_MAX_LEN &&
	    strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

static int
set_policy(struct pam_options *options, const char *value)
{
	options->policy = value;
	return is_name(value) ? 0 : -1;
}

static int
set_socket(struct pam_options *options, const char *value)
{
	options->socket = value;
	/* sun_path with its NUL */
	return value[0] == '/' && strlen(value) < 108 ? 0 : -1;
}

static int
set_daemon_user(struct pam_options *options, const char *value)
{
	options->daemon_user = value;
	return value[0] != '\0' && strpbrk(value, ": \t") == NULL ? 0 : -1;
}

static int
set_prompt(struct pam_options *options, const char *value)
{
	options->prompt = value;
	return value[0] != '\0' ? 0 : -1;
}

/* The word at *list, and behind it the next, NULL at the end; its length. */
static size_t
next_word(const char **list, const char **word)
{
	size_t len = strcspn(*list, ",");

	*word = *list;
	*list = (*list)[len] == ',' ? *list + len + 1 : NULL;
	return len;
}

static int
set_accept(struct pam_options *options, const char *value)
{
	static const struct {
		const char *name;
		enum shape shape;
	} kinds[] = {
		{ "jwt", SHAPE_JWT },
		{ "opaque", SHAPE_RANDOM },
		{ "session", SHAPE_SESSION }
	};
	const char *word;
	size_t i, len;

	options->accept = 0;
	do {
		len = next_word(&value, &word);
		for (i = 0; i < 3; i++)
			if (strlen(kinds[i].name) == len &&
			    strncmp(kinds[i].name, word, len) == 0)
				break;
		if (i == 3)
			return -1;
		options->accept |= 1U << kinds[i].shape;
	} while (value != NULL);
	return 0;
}

static int
set_use_first_pass(struct pam_options *options, const char *value)
{
	(void)value;
	options->use_first_pass = 1;
	return 0;
}

/* A number of one or two digits. */
static int
read_seconds(const char *value, int min, int max, int *out)
{
	size_t len = strlen(value);
	int number;

	if (len < 1 || len > 2 || strspn(value, "0123456789") != len)
		return -1;
	number = value[0] - '0';
	if (len == 2)
		number = number * 10 + value[1] - '0';
	*out = number;
	return number >= min && number <= max ? 0 : -1;
}

static int
set_deadline(struct pam_options *options, const char *value)
{
	return read_seconds(value, 1, PAM_OPTIONS_DEADLINE_MAX,
	    &options->deadline);
}

static int
set_fail_delay(struct pam_options *options, const char *value)
{
	return read_seconds(value, 0, PAM_OPTIONS_FAIL_DELAY_MAX,
	    &options->fail_delay);
}

static int
set_choice(int *out, const char *value, const char *zero, const char *one)
{
	*out = strcmp(value, one) == 0;
	return *out || strcmp(value, zero) == 0 ? 0 : -1;
}

static int
set_account_without_auth(struct pam_options *options, const char *value)
{
	return set_choice(&options->ignore_without_auth, value, "deny",
	    "ignore");
}

static int
set_root(struct pam_options *options, const char *value)
{
	return set_choice(&options->allow_root, value, "deny", "allow");
}

static int
set_without_daemon(struct pam_options *options, const char *value)
{
	return set_choice(&options->fail_without_daemon, value, "check",
	    "fail");
}

static int
set_config(struct pam_options *options, const char *value)
{
	options->config = value;
	return value[0] == '/' && strlen(value) < CONFIG_MAX ? 0 : -1;
}

static int
set_env(struct pam_options *options, const char *value)
{
	static const char first[] = "AUTHGEAR_";
	const char *word;
	size_t count = 0, len;

	options->env = value;
	do {
		len = next_word(&value, &word);
		if (len <= sizeof(first) - 1 || len > NAME_MAX_LEN ||
		    strncmp(word, first, sizeof(first) - 1) != 0 ||
		    strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") !=
		    len || ++count > PAM_OPTIONS_ENV_MAX)
			return -1;
	} while (value != NULL);
	return 0;
}

/* The manual page is tested against it. */
struct pam_option {
	const char *name;
	const char *value;	/* as a person writes it; NULL: takes none */
	const char *default_text;
	int (*set)(struct pam_options *options, const char *value);
};

static const struct pam_option rows[] = {
	{ "policy", "NAME", "must be given", set_policy },
	{ "socket", "PATH", PAM_OPTIONS_SOCKET,
	    set_socket },
	{ "daemon_user", "USER", "authgear", set_daemon_user },
	{ "accept", "KIND,...", "jwt,session,opaque", set_accept },
	{ "use_first_pass", NULL, "no", set_use_first_pass },
	{ "prompt", "TEXT", "the host's", set_prompt },
	{ "deadline", "SECONDS", "3", set_deadline },
	{ "fail_delay", "SECONDS", "none", set_fail_delay },
	{ "account_without_auth", "deny|ignore", "deny",
	    set_account_without_auth },
	{ "root", "deny|allow", "deny", set_root },
	{ "env", "NAME,...", "none", set_env },
	{ "without_daemon", "check|fail", "check", set_without_daemon },
	{ "config", "PATH", "authgear-check's own", set_config },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* The row of a word, and the value in it; ROWS if none fits. */
static size_t
find_row(const char *word, const char **value)
{
	size_t i, len = strcspn(word, "=");

	*value = word[len] == '=' ? word + len + 1 : NULL;
	for (i = 0; i < ROWS; i++)
		if (strlen(rows[i].name) == len &&
		    strncmp(rows[i].name, word, len) == 0)
			return i;
	return ROWS;
}

static int
take(struct pam_options *options, unsigned int *seen, const char *word,
    char *why, size_t size)
{
	const char *value;
	size_t i = find_row(word, &value);

	if (i == ROWS)
		(void)snprintf(why, size, "unknown option \"%.40s\"", word);
	else if ((*seen & (1U << i)) != 0)
		(void)snprintf(why, size, "option %s is given twice",
		    rows[i].name);
	else if ((value == NULL) != (rows[i].value == NULL) ||
	    rows[i].set(options, value) == -1)
		(void)snprintf(why, size, "option \"%.60s\" makes no sense; "
		    "it is %s%s%s", word, rows[i].name,
		    rows[i].value != NULL ? "=" : " alone",
		    rows[i].value != NULL ? rows[i].value : "");
	else {
		*seen |= 1U << i;
		return 0;
	}
	return -1;
}

int
pam_options_read(struct pam_options *options, int argc,
    const char *const argv[], char *why, size_t size)
{
	unsigned int seen = 0;
	int i;

	memset(options, 0, sizeof(*options));
	options->socket = PAM_OPTIONS_SOCKET;
	options->daemon_user = "authgear";
	options->accept = ACCEPT_ALL;
	options->deadline = 3;
	for (i = 0; i < argc; i++)
		if (take(options, &seen, argv[i], why, size) == -1)
			return -1;
	if (options->policy != NULL)
		return 0;
	(void)snprintf(why, size, "no policy; say policy=NAME, a [policy NAME] "
	    "of authgear.conf");
	return -1;
}

int
pam_options_has_env(const struct pam_options *options, const char *name)
{
	const char *list = options->env, *word;
	size_t len;

	while (list != NULL) {
		len = next_word(&list, &word);
		if (strlen(name) == len && strncmp(name, word, len) == 0)
			return 1;
	}
	return 0;
}
