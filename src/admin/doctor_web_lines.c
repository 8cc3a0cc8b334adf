#include "config.h"

#include "admin/doctor_web_lines.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct host {
	char name[128];
	char location[128];
	int guards;		/* a location is ours */
	int is_on;		/* Use AuthgearOn */
	int is_whole;		/* "/" is ours */
};

/* The next line without its indentation; NULL: no more. */
static char *
next(char **text)
{
	char *line = *text;

	if (line == NULL || *line == '\0')
		return NULL;
	line += strspn(line, " \t");
	*text = strchr(line, '\n');
	if (*text != NULL)
		*(*text)++ = '\0';
	return line;
}

static int
begins(const char *line, const char *with)
{
	return strncasecmp(line, with, strlen(with)) == 0;
}

static void
end_host(struct doctor *doctor, const struct host *host)
{
	if (host->guards && !host->is_on)
		doctor_say(doctor, DOCTOR_BAD, host->name, "Use AuthgearOn",
		    "it has Use Authgear, but no Use AuthgearOn");
	if ((host->guards || host->is_on) && !host->is_whole)
		doctor_say(doctor, DOCTOR_BAD, host->name,
		    "Use Authgear POLICY \"/\", or Use AuthgearPublic \"/\"",
		    "other addresses than those of Use Authgear ask nobody, "
		    "and names of a client are not cleared there");
}

static void
take_name(struct doctor *doctor, struct host *host, const char *line)
{
	const char *policy = line + sizeof("AuthName \"authgear") - 1;

	host->guards = 1;
	if (strcmp(host->location, "<Location \"/\">") == 0)
		host->is_whole = 1;
	if (*policy == ' ')
		doctor_say(doctor, DOCTOR_GOOD, host->name, NULL,
		    "%s: policy %.*s", host->location,
		    (int)strcspn(policy + 1, "\""), policy + 1);
	else
		doctor_say(doctor, DOCTOR_GOOD, host->name, NULL,
		    "%s: nobody is asked, as it says", host->location);
}

void
doctor_web_lines_apache(struct doctor *doctor, char *text)
{
	struct host host = { .name = "apache" };
	const char *line;

	while ((line = next(&text)) != NULL) {
		if (begins(line, "<VirtualHost")) {
			end_host(doctor, &host);
			memset(&host, 0, sizeof(host));
			(void)snprintf(host.name, sizeof(host.name),
			    "apache %.100s", line);
		} else if (begins(line, "<Location"))
			(void)snprintf(host.location, sizeof(host.location),
			    "%.120s", line);
		else if (begins(line, "AuthName \"authgear"))
			take_name(doctor, &host, line);
		else if (begins(line, "LuaHookAccessChecker ") &&
		    strstr(line, "authgear_question") != NULL)
			host.is_on = 1;
		else if (begins(line, "AuthnCacheProvideFor"))
			doctor_say(doctor, DOCTOR_BAD, host.name, "leave it "
			    "out", "AuthnCacheProvideFor: a revocation is "
			    "seen when that cache ends");
	}
	end_host(doctor, &host);
}

void
doctor_web_lines_lighttpd(struct doctor *doctor, char *text)
{
	static const char policy[] = "\"AUTHGEAR_POLICY\" => \"";
	char where[160] = "lighttpd";
	const char *line;

	while ((line = next(&text)) != NULL) {
		if (*line == '$' || begins(line, "else $"))
			(void)snprintf(where, sizeof(where), "lighttpd %.140s",
			    line);
		else if (begins(line, "} # end of"))
			(void)snprintf(where, sizeof(where), "lighttpd");
		else if (begins(line, policy))
			doctor_say(doctor, DOCTOR_GOOD, where, NULL,
			    "policy %.*s", (int)strcspn(line + sizeof(policy) -
			    1, "\""), line + sizeof(policy) - 1);
		else if (begins(line, "auth.cache"))
			doctor_say(doctor, DOCTOR_BAD, where, "leave it out",
			    "auth.cache: a revocation is seen when that cache "
			    "ends");
	}
}
