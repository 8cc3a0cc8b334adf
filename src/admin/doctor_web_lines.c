#include "config.h"

#include "admin/doctor_web_lines.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "admin/doctor_named.h"

#define PROBE "authgear-cache doctor --probe URL: what comes of it"
#define PUBLIC "authgear-public"
#define HANDLER "authgear-handler"

/* What stands between <...> and </...>, but for containers of Require. */
struct section {
	char name[128];		/* "": none */
	char policy[128];	/* its AuthName, if it is one of ours */
	int depth;		/* of <RequireAll> and the like */
	int merges;		/* AuthMerging And */
	int is_typed;		/* AuthType Authgear */
	int requires;		/* Require authgear */
	int is_own;		/* the site's own access rules */
};

struct host {
	char name[128];
	char over[128];		/* what replaces the rules of each location */
	int guards;		/* a location is ours */
	int is_on;		/* Use AuthgearOn */
	int is_whole;		/* "/" is ours */
};

struct apache {
	struct doctor *doctor;
	struct host server;	/* outside of virtual hosts */
	struct host virtual;
	struct host *host;	/* of both, where the line stands */
	struct section section;
	int any_guards;
	int is_wrong;		/* this is no configuration */
};

char *
doctor_web_lines_next(char **text)
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

int
doctor_web_lines_begins(const char *line, const char *with)
{
	return strncasecmp(line, with, strlen(with)) == 0;
}

static int
begins(const char *line, const char *with)
{
	return doctor_web_lines_begins(line, with);
}

static void
end_host(const struct apache *apache, const struct host *host)
{
	const int is_on = host->is_on || apache->server.is_on;
	const int is_whole = host->is_whole || apache->server.is_whole;
	struct doctor *doctor = apache->doctor;

	if (host->guards && !is_on)
		doctor_say(doctor, DOCTOR_BAD, host->name, "Use AuthgearOn",
		    "it has Use Authgear, but no Use AuthgearOn");
	if ((host->guards || host->is_on) && !is_whole)
		doctor_say(doctor, DOCTOR_BAD, host->name,
		    "Use Authgear POLICY \"/\", or Use AuthgearPublic \"/\"",
		    "other addresses than those of Use Authgear ask nobody, "
		    "and names of a client are not cleared there");
	if (host->over[0] != '\0' && apache->any_guards)
		doctor_say(doctor, DOCTOR_UNKNOWN, host->name, PROBE,
		    "%s has access rules of its own: whether they stand in "
		    "place of the asking is not known", host->over);
}

/* Sections that Apache merges behind all others. */
static int
is_conditional(const struct section *section)
{
	return begins(section->name, "<If ") ||
	    begins(section->name, "<ElseIf ") ||
	    begins(section->name, "<Else");
}

static int
is_location(const struct section *section)
{
	return begins(section->name, "<Location");
}

static void
say_section(struct apache *apache, const struct section *section)
{
	struct doctor *doctor = apache->doctor;
	const char *name = apache->host->name, *policy = section->policy;

	if (!is_location(section) || !section->merges || !section->is_typed ||
	    !section->requires || section->is_own)
		doctor_say(doctor, DOCTOR_UNKNOWN, name, PROBE,
		    "%s has the name %s, but not all that Use Authgear says, "
		    "or more: whether anybody is asked is not known",
		    section->name, policy);
	else if (strcmp(policy, PUBLIC) == 0)
		doctor_say(doctor, DOCTOR_GOOD, name, NULL,
		    "%s: nobody is asked, as it says", section->name);
	else if (strcmp(policy, HANDLER) == 0)
		doctor_say(doctor, DOCTOR_GOOD, name, NULL,
		    "%s is a handler, closed by its own address",
		    section->name);
	else
		doctor_named_policy(doctor, name, policy +
		    sizeof("authgear ") - 1, section->name, NULL);
}

/* A later location stands in place of an earlier one, unless it merges. */
static void
end_section(struct apache *apache)
{
	struct section *section = &apache->section;
	struct host *host = apache->host;

	if (section->policy[0] != '\0') {
		host->guards = apache->any_guards = 1;
		if (strcmp(section->name, "<Location \"/\">") == 0)
			host->is_whole = 1;
		say_section(apache, section);
	} else if (section->is_own && !section->merges &&
	    (is_conditional(section) ||
	    (is_location(section) && (host->guards ||
	    apache->server.guards))))
		(void)snprintf(host->over, sizeof(host->over), "%s",
		    section->name);
	memset(section, 0, sizeof(*section));
}

static void
take_container(struct section *section, const char *line)
{
	if (*++line == '/') {
		if (section->depth > 0)
			section->depth--;
	} else if (section->depth++ == 0 && !begins(line, "RequireAll"))
		section->is_own = 1;
}

static void
take_tag(struct apache *apache, const char *line)
{
	struct host *host = &apache->virtual;

	if (begins(line, "<Require") || begins(line, "</Require")) {
		take_container(&apache->section, line);
		return;
	}
	end_section(apache);
	if (begins(line, "<VirtualHost")) {
		memset(host, 0, sizeof(*host));
		(void)snprintf(host->name, sizeof(host->name),
		    "apache %.100s", line);
		apache->host = host;
	} else if (begins(line, "</VirtualHost")) {
		if (apache->host == host)
			end_host(apache, host);
		apache->host = &apache->server;
	} else if (line[1] != '/')
		(void)snprintf(apache->section.name,
		    sizeof(apache->section.name), "%.120s", line);
}

/* POLICY, of `authgear POLICY`, and the two names without one. */
static void
take_name(struct section *section, const char *line)
{
	const char *name = line + strspn(line, " \t\"");
	const int len = (int)strcspn(name, "\"");

	if (begins(name, "authgear ") ||
	    (len == sizeof(PUBLIC) - 1 && begins(name, PUBLIC)) ||
	    (len == sizeof(HANDLER) - 1 && begins(name, HANDLER)))
		(void)snprintf(section->policy, sizeof(section->policy),
		    "%.*s", len < 120 ? len : 120, name);
	else
		section->is_own = 1;
}

static void
take_require(struct section *section, const char *line)
{
	if (section->depth > 0 && (strcasecmp(line, "authgear") == 0 ||
	    strcasecmp(line, "authgear-once") == 0 ||
	    strcasecmp(line, "AuthgearAgain") == 0 ||
	    strcasecmp(line, "authgear-refused") == 0))
		section->requires |= strcasecmp(line, "authgear") == 0;
	else
		section->is_own = 1;
}

static void
take_access(struct section *section, const char *line)
{
	if (begins(line, "AuthName "))
		take_name(section, line + sizeof("AuthName ") - 1);
	else if (begins(line, "Require "))
		take_require(section, line + sizeof("Require ") - 1);
	else if (strcasecmp(line, "AuthType Authgear") == 0)
		section->is_typed = 1;
	else if (begins(line, "AuthType "))
		section->is_own = 1;
	else if (strcasecmp(line, "AuthMerging And") == 0)
		section->merges = 1;
	else if (begins(line, "AuthMerging ") || begins(line, "Satisfy Any") ||
	    begins(line, "LuaInherit none")) {
		section->is_own = 1;
		section->merges = 0;
	}
}

static void
take_line(struct apache *apache, const char *line)
{
	const struct host *host = apache->host;

	if (*line == '<')
		take_tag(apache, line);
	else if (begins(line, "LuaHookAccessChecker ") &&
	    strstr(line, "authgear_question") != NULL)
		apache->host->is_on |= strcmp(apache->section.name,
		    "<Location \"/\">") == 0;
	else if (begins(line, "AuthnCacheProvideFor"))
		doctor_say(apache->doctor, DOCTOR_BAD, host->name, "leave it "
		    "out", "AuthnCacheProvideFor: a revocation is seen when "
		    "that cache ends");
	else if ((*line >= 'A' && *line <= 'Z') || (*line >= 'a' &&
	    *line <= 'z') || *line == '#' || *line == '\0')
		take_access(&apache->section, line);
	else
		apache->is_wrong = 1;
}

void
doctor_web_lines_apache(struct doctor *doctor, char *text)
{
	struct apache apache = { .doctor = doctor, .server.name = "apache" };
	const char *line;

	apache.host = &apache.server;
	apache.is_wrong = !begins(text, "# In file:");
	while (!apache.is_wrong &&
	    (line = doctor_web_lines_next(&text)) != NULL)
		take_line(&apache, line);
	end_section(&apache);
	if (apache.is_wrong || apache.host != &apache.server)
		doctor_say(doctor, DOCTOR_UNKNOWN, "apache", PROBE,
		    "what it prints of its configuration is not understood");
	else
		end_host(&apache, &apache.server);
}
