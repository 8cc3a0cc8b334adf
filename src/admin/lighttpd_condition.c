#include "admin/lighttpd_condition.h"

#include <ctype.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

#define VALUE_MAX 1024
#define NOWHERE "/_authgear/"	/* and many x: authgear.lua */
#define NOWHERE_TAIL 256

static enum lighttpd_holds
sure(int is_so)
{
	return is_so ? LIGHTTPD_HOLDS : LIGHTTPD_HOLDS_NOT;
}

/* What Perl's expressions and POSIX's mean alike. */
static int
is_plain(const char *pattern)
{
	const char *at;

	if (strstr(pattern, "(?") != NULL || strstr(pattern, "(*") != NULL ||
	    strstr(pattern, "[[") != NULL || strchr(pattern, '{') != NULL)
		return 0;
	for (at = pattern; *at != '\0'; at++) {
		if (*at == '\\' && (isalnum((unsigned char)*++at) ||
		    *at == '\0'))
			return 0;
		if (strchr("*+?", *at) != NULL && at > pattern &&
		    strchr("*+?", at[1]) != NULL && at[1] != '\0')
			return 0;
		if ((unsigned char)*at >= 0x80)
			return 0;
	}
	return 1;
}

static enum lighttpd_holds
matches(const char *pattern, const char *subject)
{
	regex_t compiled;
	int ret;

	if (!is_plain(pattern) ||
	    regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return LIGHTTPD_HOLDS_PERHAPS;
	ret = regexec(&compiled, subject, 0, NULL, 0);
	regfree(&compiled);
	return ret == REG_NOMATCH ? LIGHTTPD_HOLDS_NOT : ret == 0 ?
	    LIGHTTPD_HOLDS : LIGHTTPD_HOLDS_PERHAPS;
}

static int
ends_with(const char *subject, const char *value)
{
	const size_t len = strlen(subject), end = strlen(value);

	return len >= end && strcmp(subject + len - end, value) == 0;
}

static enum lighttpd_holds
judge(const char *how, const char *value, const char *subject)
{
	enum lighttpd_holds holds;

	if (strncmp(how, "==", 2) == 0)
		return sure(strcmp(subject, value) == 0);
	if (strncmp(how, "!=", 2) == 0)
		return sure(strcmp(subject, value) != 0);
	if (strncmp(how, "=^", 2) == 0)
		return sure(strncmp(subject, value, strlen(value)) == 0);
	if (strncmp(how, "=$", 2) == 0)
		return sure(ends_with(subject, value));
	holds = matches(value, subject);
	if (strncmp(how, "=~", 2) == 0 || holds == LIGHTTPD_HOLDS_PERHAPS)
		return holds;
	return strncmp(how, "!~", 2) == 0 ?
	    sure(holds == LIGHTTPD_HOLDS_NOT) : LIGHTTPD_HOLDS_PERHAPS;
}

/* OP "VALUE" {: the value is printed as it is, quotes in it too. */
static int
read_value(const char *how, char value[VALUE_MAX])
{
	const size_t len = strlen(how);

	if (len < sizeof("== \"\" {") - 1 || len >= VALUE_MAX ||
	    strncmp(how + 2, " \"", 2) != 0 || !ends_with(how, "\" {"))
		return -1;
	(void)snprintf(value, VALUE_MAX, "%.*s", (int)len - 7, how + 4);
	return 0;
}

enum lighttpd_holds
lighttpd_condition_holds(const char *line)
{
	static const char url[] = "$HTTP[\"url\"] ";
	static const char decision[] =
	    "$REQUEST_HEADER[\"X-Authgear-Decision\"] ";
	char value[VALUE_MAX], address[sizeof(NOWHERE) + NOWHERE_TAIL];
	size_t len = sizeof(NOWHERE) - 1;

	if (strncmp(line, decision, sizeof(decision) - 1) == 0) {
		line += sizeof(decision) - 1;
		return read_value(line, value) == -1 ?
		    LIGHTTPD_HOLDS_PERHAPS : judge(line, value, "");
	}
	if (strncmp(line, url, sizeof(url) - 1) != 0)
		return LIGHTTPD_HOLDS_PERHAPS;
	line += sizeof(url) - 1;
	memcpy(address, NOWHERE, len);
	memset(address + len, 'x', NOWHERE_TAIL);
	address[len + NOWHERE_TAIL] = '\0';
	return read_value(line, value) == -1 ? LIGHTTPD_HOLDS_PERHAPS :
	    judge(line, value, address);
}
