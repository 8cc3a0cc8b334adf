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
		    "%s names the policy %.*s", host->location,
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

/* What lighttpd -p tells, read so far. */
struct lighty {
	char where[160];	/* the condition, or "lighttpd" */
	char key[64];		/* whose value the line is of */
	int names;		/* a policy is named */
	int is_asked;		/* of every address the script is called */
	int is_guarded;		/* and the one that looks after it */
};

static void
take_place(struct lighty *lighty, const char *line)
{
	if (*line == '$' || begins(line, "else $"))
		(void)snprintf(lighty->where, sizeof(lighty->where),
		    "lighttpd %.140s", line);
	else if (begins(line, "} # end of"))
		(void)snprintf(lighty->where, sizeof(lighty->where),
		    "lighttpd");
	if (*line >= 'a' && *line <= 'z' && strstr(line, " = ") != NULL)
		(void)snprintf(lighty->key, sizeof(lighty->key), "%.*s",
		    (int)strcspn(line, " "), line);
}

static void
take_scripts(struct lighty *lighty, const char *line)
{
	if (strcmp(lighty->where, "lighttpd") != 0)
		return;
	if (strcmp(lighty->key, "magnet.attract-raw-url-to") == 0 &&
	    strstr(line, "/authgear.lua\"") != NULL)
		lighty->is_asked = 1;
	if (strcmp(lighty->key, "magnet.attract-physical-path-to") == 0 &&
	    strstr(line, "/authgear-guard.lua\"") != NULL)
		lighty->is_guarded = 1;
}

void
doctor_web_lines_lighttpd(struct doctor *doctor, char *text)
{
	static const char policy[] = "\"AUTHGEAR_POLICY\" => \"";
	struct lighty lighty = { .where = "lighttpd" };
	const char *line;

	while ((line = next(&text)) != NULL) {
		take_place(&lighty, line);
		take_scripts(&lighty, line);
		if (begins(line, policy)) {
			lighty.names = 1;
			doctor_say(doctor, DOCTOR_GOOD, lighty.where, NULL,
			    "names the policy %.*s", (int)strcspn(line +
			    sizeof(policy) - 1, "\""),
			    line + sizeof(policy) - 1);
		} else if (begins(line, "auth.cache"))
			doctor_say(doctor, DOCTOR_BAD, lighty.where, "leave "
			    "it out", "auth.cache: a revocation is seen when "
			    "that cache ends");
	}
	if (lighty.names && !(lighty.is_asked && lighty.is_guarded))
		doctor_say(doctor, DOCTOR_BAD, "lighttpd", "lighty-enable-mod "
		    "authgear, and let nothing behind it set magnet.* anew",
		    "a policy is named, and %s is not called: nobody is asked",
		    lighty.is_asked ? "authgear-guard.lua" : "authgear.lua");
}
